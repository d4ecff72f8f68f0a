//! Mail addresses as SMTP carries them (RFC 5321 §4.1.2, RFC 6531).
//!
//! In: what people and systems type. Out: an [`Address`] that can stand in an envelope and in a header without
//! splitting either. Not here: display names, address lists, and whether the mailbox exists. Address literals
//! (`x@[192.0.2.1]`, RFC 5321 §4.1.3) are not taken: they name a host and no domain, so nothing can be proved of them.

use std::fmt;

use crate::domain::Domain;

/// One mailbox: local part and domain. The local part keeps its case (RFC 5321 §2.4); the domain is ASCII.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: String,
    domain: Domain,
}

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    /// No `@`.
    #[error("there is no @ in it")]
    NoAt,
    /// The part before the `@` is empty, too long or has characters that may not stand there.
    #[error("the part before the @ is not valid")]
    Local,
    /// The part after the `@` is no domain name.
    #[error("the part after the @ is not a domain name")]
    Domain,
}

/// RFC 5321 §4.5.3.1.1: 64 octets.
const LOCAL_OCTETS_MAX: usize = 64;
/// RFC 5321 §4.5.3.1.3: a path has at most 256 octets, and `<` and `>` are two of them.
const ADDRESS_OCTETS_MAX: usize = 254;

impl Address {
    /// Reads `local@domain`, with a quoted local part or UTF-8 where RFC 6531 allows them. Nothing is trimmed: a
    /// space around an address is the caller's to take away. One dot after the domain is dropped.
    ///
    /// # Errors
    /// [`NotAnAddress`], saying which part is wrong.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnAddress::NoAt)?;
        if local.is_empty() || local.len() > LOCAL_OCTETS_MAX || !local_is_sound(local) {
            return Err(NotAnAddress::Local);
        }
        let domain = Domain::parse(domain).map_err(|_| NotAnAddress::Domain)?;
        // RFC 3696 §2: no top-level domain is all digits; `x@192.0.2.1` is an IP address mistaken for a name.
        let top_is_numeric = domain.labels().next_back().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()));
        if top_is_numeric || local.len() + 1 + domain.as_str().len() > ADDRESS_OCTETS_MAX {
            return Err(NotAnAddress::Domain);
        }
        Ok(Self { local: local.to_owned(), domain })
    }

    /// The part before the `@`, as given.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whether the envelope needs SMTPUTF8 (RFC 6531): the local part is not ASCII.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// For people who may know that there is an address, and not which: `a•••k@gmail.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let mut letters = self.local.chars();
        let first = letters.next().unwrap_or('•');
        match letters.next_back() {
            Some(last) if self.local.chars().count() > 3 => format!("{first}•••{last}@{}", self.domain),
            _ => format!("{first}•••@{}", self.domain),
        }
    }
}

/// Dot-atom or quoted string (RFC 5321 §4.1.2), each also in UTF-8 (RFC 6531 §3.3); never what ends a line or hides.
fn local_is_sound(local: &str) -> bool {
    if local.chars().any(|c| c.is_control() || is_invisible(c)) {
        return false;
    }
    match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => quoted_is_sound(inner),
        None => local.split('.').all(|part| !part.is_empty() && part.chars().all(is_atom_letter)),
    }
}

/// What stands between the quotes: every quote and backslash has a backslash before it, and a backslash stands
/// before ASCII only (RFC 6531 §3.3 widens qtextSMTP and leaves quoted-pairSMTP as it was).
fn quoted_is_sound(inner: &str) -> bool {
    let mut escaped = false;
    for c in inner.chars() {
        escaped = match (escaped, c) {
            (true, c) if !c.is_ascii() => return false,
            (true, _) => false,
            (false, '\\') => true,
            (false, '"') => return false,
            (false, _) => false,
        };
    }
    !escaped
}

fn is_atom_letter(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

/// Line and paragraph separators, direction marks and letters of no width: some programs break a line at the first,
/// and the others make an address look like another one (RFC 8264 §9.13, §9.14).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// `text` in small letters, to tell whether two addresses or names are one. A letter has its small one only where that has this one as
/// its capital: Unicode gives the Kelvin sign the small letter k, and whoever may call themselves by it is not whoever is called by a k.
/// `Ü` and `ü` are one (RFC 6531 §3.3 has addresses of such letters), and so are `K` and `k`.
#[must_use]
pub fn in_small_letters(text: &str) -> String {
    text.chars().map(small).collect()
}

fn small(letter: char) -> char {
    let mut lower = letter.to_lowercase();
    let (Some(small), None) = (lower.next(), lower.next()) else { return letter };
    if small.to_uppercase().eq([letter]) { small } else { letter }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// Logs show the domain only: an address is personal (invariant 5).
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address(•@{})", self.domain)
    }
}

impl std::str::FromStr for Address {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;
    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests;
