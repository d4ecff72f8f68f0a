//! Telephone numbers: from what people type to E.164, by the numbering plans of all countries.

use std::borrow::Cow;
use std::fmt;

use phonenumber::{Mode, Type};

/// A telephone number that may take text messages, as `+16045550123` (ITU-T E.164).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Number(String);

/// The country whose numbers are meant where none is given: `CA`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(phonenumber::country::Id);

impl Country {
    /// What is typed, with the country it is read by: none where it names one itself. A number that does must not be read by
    /// another's rules, which take a leading 1 for the prefix of long-distance calls.
    fn of(self, typed: &str) -> (Option<phonenumber::country::Id>, Cow<'_, str>) {
        use phonenumber::country::Id::{CA, US};
        let abroad = if matches!(self.0, CA | US) { "011" } else { "00" };
        match typed.strip_prefix(abroad) {
            Some(rest) => (None, Cow::Owned(format!("+{rest}"))),
            None if typed.starts_with('+') => (None, Cow::Borrowed(typed)),
            None => (Some(self.0), Cow::Borrowed(typed)),
        }
    }
}

impl std::str::FromStr for Country {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.trim().to_ascii_uppercase();
        upper.parse().map(Self).map_err(|_| format!("“{text}” is not a country; write two letters, such as CA"))
    }
}

impl From<phonenumber::country::Id> for Country {
    fn from(id: phonenumber::country::Id) -> Self {
        Self(id)
    }
}

/// Why a text is no number that we could send to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANumber {
    /// There is no number in it.
    #[error("this is not a telephone number; write it like 604 555 0123 or +33 1 99 00 12 34")]
    Unreadable,
    /// The country has no such numbers.
    #[error("there is no such telephone number; is a digit missing or doubled?")]
    Impossible,
    /// It is one that takes no text messages.
    #[error("this number takes no text messages: it belongs to a service, not to a person")]
    Service,
}

/// Longest text that is looked at: a number, its country and an extension, with all that people put between.
const TYPED_OCTETS_MAX: usize = 60;

/// E.164 §6.2.1: at most fifteen digits; the shortest in use with their country have seven.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

impl Number {
    /// Reads what a person typed: `(604) 555-0123`, `604.555.0123`, `+33 1 99 00 12 34`, `011 33 1 …`. A number without its country
    /// is one of `country`.
    ///
    /// # Errors
    /// [`NotANumber`], in words for whoever typed it.
    pub fn parse(typed: &str, country: Country) -> Result<Self, NotANumber> {
        let typed = typed.trim().trim_start_matches("tel:");
        if typed.is_empty() || typed.len() > TYPED_OCTETS_MAX {
            return Err(NotANumber::Unreadable);
        }
        let (country, typed) = country.of(typed);
        let number = phonenumber::parse(country, typed).map_err(|_| NotANumber::Unreadable)?;
        if !phonenumber::is_valid(&number) {
            return Err(NotANumber::Impossible);
        }
        let kind = number.number_type(&phonenumber::metadata::DATABASE);
        // A fixed line may take texts: many libraries' patrons have such, and whether one does is the provider's to say.
        if matches!(kind, Type::TollFree | Type::PremiumRate | Type::SharedCost | Type::Emergency | Type::Voicemail) {
            return Err(NotANumber::Service);
        }
        Ok(Self(number.format().mode(Mode::E164).to_string()))
    }

    /// Reads a number that has its country: what a provider tells us, and what we kept.
    #[must_use]
    pub fn from_e164(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let sound =
            DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        sound.then(|| Self(text.to_owned()))
    }

    /// As kept: `+16045550123`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its digits alone, as SMPP wants an international number.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// Enough to know it by: `+1•••••••23`.
    #[must_use]
    pub fn masked(&self) -> String {
        let hidden = self.0.len() - 4;
        format!("{}{}{}", &self.0[..2], "•".repeat(hidden), &self.0[self.0.len() - 2..])
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Number {
    type Error = NotANumber;
    fn try_from(text: String) -> Result<Self, NotANumber> {
        Self::from_e164(&text).ok_or(NotANumber::Unreadable)
    }
}

impl From<Number> for String {
    fn from(number: Number) -> Self {
        number.0
    }
}
