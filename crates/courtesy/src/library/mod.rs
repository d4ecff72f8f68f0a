//! A participant: its record, its settings, its people to write to.
//!
//! In: what staff typed or imported. Out: a [`Library`] that the other rooms can rely on.
//! Not here: which sender it may use (`sender`), its words (`notice`).

mod claim;
mod fields;
mod import;
mod reach;
mod relay;
mod sample;
mod sign_on;
#[cfg(test)]
mod tests;
mod timing;

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use standards::address::Address;

use crate::notice::Language;
pub use claim::{By, Claims};
pub use import::{COLUMNS, RowError, read_csv};
pub use reach::{Envelope, POSTAL_LETTERS_MAX, POSTAL_LINES_MAX, Reach};
pub use relay::{Grant, OwnRelay, RelayAuth, RelayTls, TokenSource};
pub use sign_on::SignOn;
pub use timing::Timing;

/// The short code a library is known by in its ILL system: `MRPL`. Upper case letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LibraryCode(String);

/// A text that cannot be a library's code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a library code: 1 to 24 letters, digits, - or _")]
pub struct NotACode(pub String);

/// Long enough for every ISIL (ISO 15511 allows 16) and short enough for a local part.
const CODE_LETTERS_MAX: usize = 24;

impl LibraryCode {
    /// Reads a code in any case and keeps it in upper case.
    ///
    /// # Errors
    /// [`NotACode`] with what was given.
    pub fn parse(text: &str) -> Result<Self, NotACode> {
        let sound = (1..=CODE_LETTERS_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !sound {
            return Err(NotACode(text.chars().take(60).collect()));
        }
        Ok(Self(text.to_ascii_uppercase()))
    }

    /// The code, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LibraryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LibraryCode {
    type Error = NotACode;
    fn try_from(text: String) -> Result<Self, NotACode> {
        Self::parse(&text)
    }
}

impl From<LibraryCode> for String {
    fn from(code: LibraryCode) -> Self {
        code.0
    }
}

/// One text in our languages. English stands in where French is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InLanguages {
    /// English.
    pub en: String,
    /// French, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fr: Option<String>,
}

impl InLanguages {
    /// The text in `language`, or in English.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Fr => self.fr.as_deref().unwrap_or(&self.en),
        }
    }
}

/// Days on which the library is closed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Closure {
    /// First day.
    pub from: Date,
    /// Last day, which is closed too.
    pub to: Date,
    /// Why, as patrons may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<InLanguages>,
}

/// A library's Participant Record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// Its code.
    pub code: LibraryCode,
    /// Its codes in other systems: an ILL system's symbol, an ISIL. Messages that name one are its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<LibraryCode>,
    /// Its name as patrons know it.
    pub name: InLanguages,
    /// IANA time zone: `America/Vancouver`. Days, hours and quiet times are in it.
    pub time_zone: String,
    /// Languages it writes in; the first is its default.
    pub languages: Vec<Language>,
    /// The region whose relays send its messages.
    pub region: String,
    /// EMail Notice From Address: the address it wishes to send as. None: the shared address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// The shared address even where the library's own would arrive with the return path in its own domain:
    /// bounces would then go to the library's mailbox and not to us.
    #[serde(default)]
    pub prefer_shared_over_own_bounces: bool,
    /// The library's own mail relay. What proves us there is not in the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<OwnRelay>,
    /// From name. None: its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<InLanguages>,
    /// Where replies go. None: the From address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Address>,
    /// CC EMail Address: who gets a copy of every patron notice, each as a message of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Address>,
    /// Whether those addresses get each copy, or one list a day.
    #[serde(default)]
    pub copies: Copies,
    /// Who gets notices about requests we borrow for our patrons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub borrowing_staff: Vec<Address>,
    /// Who gets notices about requests we lend to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lending_staff: Vec<Address>,
    /// The desk's telephone, as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// When the desk is open, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<InLanguages>,
    /// The library's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Days on which it is closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<Closure>,
    /// Notices switched on or off against the catalogue's default, by the notice's code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub switches: BTreeMap<String, bool>,
    /// Nothing leaves in clear: a receiver without TLS gets no mail.
    #[serde(default)]
    pub demands_tls: bool,
    /// Its messages may leave by relays of other regions while its own region has none in use.
    #[serde(default)]
    pub other_regions: bool,
    /// How many notices of one kind may go out within an hour before a person is asked; 0: any number. None: as the operator set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brake_at: Option<u32>,
    /// Titles and authors never leave in a message.
    #[serde(default)]
    pub hide_titles: bool,
    /// How patrons are reached beside mail.
    #[serde(default, skip_serializing_if = "Reach::is_usual")]
    pub reach: Reach,
    /// When patrons are reminded.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
    /// Where its patrons sign in to see their own page. What proves us there is not in the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_on: Option<SignOn>,
}

/// How copies of patron notices come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Copies {
    /// Each as it leaves.
    #[default]
    Each,
    /// Once a day, as a list of the day before.
    Daily,
}

impl Library {
    /// The From name in `language`.
    #[must_use]
    pub fn from_name(&self, language: Language) -> &str {
        self.display_name.as_ref().unwrap_or(&self.name).get(language)
    }

    /// The language for a patron who asked for `wished`: that one where the library writes it, else its default.
    #[must_use]
    pub fn language_for(&self, wished: Option<Language>) -> Language {
        let default = self.languages.first().copied().unwrap_or(Language::En);
        wished.filter(|language| self.languages.contains(language)).unwrap_or(default)
    }
}

/// One thing about a Participant Record that cannot stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordProblem {
    /// The field.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub detail: String,
}

/// Longest name, telephone number or line of hours, in letters.
const TEXT_LETTERS_MAX: usize = 200;

/// Most addresses in one list: a copy is a message, and a list of a hundred is a mailing list.
const ADDRESSES_MAX: usize = 20;

impl Library {
    /// What is wrong with this record; empty when it can be saved. Types have checked single values; this looks at
    /// what they cannot see.
    #[must_use]
    pub fn problems(&self) -> Vec<RecordProblem> {
        let mut problems = Vec::new();
        let mut wrong = |field, detail: String| problems.push(RecordProblem { field, detail });
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            wrong("time_zone", format!("“{}” is not a time zone; write it like America/Vancouver", self.time_zone));
        }
        if self.languages.is_empty() {
            wrong("languages", "give at least one language: en or fr".to_owned());
        }
        let texts = [
            ("name_en", Some(self.name.en.as_str())),
            ("name_fr", self.name.fr.as_deref()),
            ("phone", self.phone.as_deref()),
            ("region", Some(self.region.as_str())),
            ("hours_en", self.hours.as_ref().map(|hours| hours.en.as_str())),
            ("display_name_en", self.display_name.as_ref().map(|name| name.en.as_str())),
        ];
        for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text?))) {
            if text.chars().count() > TEXT_LETTERS_MAX {
                wrong(field, format!("it is longer than {TEXT_LETTERS_MAX} letters"));
            }
            if text.chars().any(char::is_control) {
                wrong(field, "it has line breaks or other control characters".to_owned());
            }
        }
        for (field, list) in
            [("cc", &self.cc), ("borrowing_staff", &self.borrowing_staff), ("lending_staff", &self.lending_staff)]
        {
            if list.len() > ADDRESSES_MAX {
                wrong(field, format!("at most {ADDRESSES_MAX} addresses can stand here"));
            }
        }
        if self.url.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            wrong("url", "write it with https:// before it".to_owned());
        }
        if self.closures.iter().any(|closure| closure.to < closure.from) {
            wrong("closures", "a closure ends before it begins".to_owned());
        }
        for code in self.switches.keys() {
            if let Err(error) = crate::notice::catalogue::Notice::from_code(code) {
                wrong("switches", error.to_string());
            }
        }
        problems.extend(self.reach.problems());
        problems.extend(self.timing.problems());
        problems.extend(self.sign_on.iter().flat_map(SignOn::problems));
        problems.extend(self.relay.as_ref().and_then(|relay| relay.problem(self.from.is_some())));
        problems
    }
}
