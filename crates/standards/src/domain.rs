//! Domain names as the DNS and SMTP know them: ASCII, lower case, no trailing dot (RFC 1035 §2.3.1, RFC 5890).
//!
//! In: what people type, in any script. Out: a [`Domain`] that is always a valid ASCII name.
//! Not here: whether it exists (that is DNS), or which part of it is registered (`dmarc`).

use std::fmt;

/// A fully qualified domain name in its ASCII form, lower case, without a trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

/// Why a text is not a domain name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a domain name")]
pub struct NotADomain(pub String);

/// RFC 1035 §2.3.4: a name is at most 253 octets as text.
const NAME_OCTETS_MAX: usize = 253;
/// RFC 1035 §2.3.4.
const LABEL_OCTETS_MAX: usize = 63;
/// A name of 253 octets whose letters were each typed with four octets of UTF-8, and its last dot.
const TEXT_OCTETS_MAX: usize = 4 * NAME_OCTETS_MAX + 1;

impl Domain {
    /// Reads a domain name in any script (UTS 46) and gives its ASCII form.
    ///
    /// Accepts one trailing dot; needs at least one label, each of 1 to 63 octets of letters, digits, `-` or `_`
    /// (underscores stand in the names of records, RFC 8552).
    ///
    /// # Errors
    /// [`NotADomain`] with the text as given.
    pub fn parse(text: &str) -> Result<Self, NotADomain> {
        let refuse = || NotADomain(text.chars().take(100).collect());
        // Longer than any name in any script can be: refused before UTS 46 has work with it.
        if text.len() > TEXT_OCTETS_MAX {
            return Err(refuse());
        }
        let mut ascii = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            // UTS 46 also turns the full stops of other scripts into dots.
            idna::domain_to_ascii(text).map_err(|_| refuse())?
        };
        if ascii.ends_with('.') {
            ascii.pop();
        }
        let label_is_sound = |label: &str| {
            (1..=LABEL_OCTETS_MAX).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if ascii.is_empty() || ascii.len() > NAME_OCTETS_MAX || !ascii.split('.').all(label_is_sound) {
            return Err(refuse());
        }
        Ok(Self(ascii))
    }

    /// A name as the DNS may carry it: printable ASCII of any kind in its labels (RFC 2181 §11), lower case here.
    ///
    /// For names that the DNS gave, or that are only ever asked there: `jack+ill._spf.library.example` of an SPF
    /// macro, a PTR or an MX that is not a host name. What people type goes through [`Domain::parse`].
    ///
    /// # Errors
    /// [`NotADomain`] with the text as given: an empty or too long label, a name too long, other octets.
    pub fn from_dns(text: &str) -> Result<Self, NotADomain> {
        let bare = text.strip_suffix('.').unwrap_or(text);
        let label_is_sound = |label: &str| (1..=LABEL_OCTETS_MAX).contains(&label.len());
        let octets_are_sound = bare.bytes().all(|b| (b' '..=b'~').contains(&b));
        if bare.len() > NAME_OCTETS_MAX || !octets_are_sound || !bare.split('.').all(label_is_sound) {
            return Err(NotADomain(text.chars().take(100).collect()));
        }
        Ok(Self(bare.to_ascii_lowercase()))
    }

    /// The ASCII form, for DNS and the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form people read: `xn--` labels in their own script.
    #[must_use]
    pub fn unicode(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }

    /// Labels from the left: `ill`, `library`, `example`.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// The name one label up, or none for a single label.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, rest)| Self(rest.to_owned()))
    }

    /// Whether this is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_suffix(other.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// This name with `labels` put before it: `Domain::parse("library.example")?.below("_dmarc")`.
    ///
    /// # Errors
    /// [`NotADomain`] when the whole is no name (too long, odd characters).
    pub fn below(&self, labels: &str) -> Result<Self, NotADomain> {
        Self::parse(&format!("{labels}.{}", self.0))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Domain {
    type Err = NotADomain;
    fn from_str(text: &str) -> Result<Self, NotADomain> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Domain {
    type Error = NotADomain;
    fn try_from(text: String) -> Result<Self, NotADomain> {
        Self::parse(&text)
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}

#[cfg(test)]
mod tests;
