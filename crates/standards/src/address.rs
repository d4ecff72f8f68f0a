//! Mail addresses as SMTP carries them (RFC 5321 §4.1.2, RFC 6531).
//!
//! In: what people and systems type. Out: an [`Address`] that can stand in an envelope and in a header without
//! splitting either. Not here: display names, address lists, and whether the mailbox exists.

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

impl Address {
    /// Reads `local@domain`, with a quoted local part or UTF-8 where RFC 6531 allows them.
    ///
    /// # Errors
    /// [`NotAnAddress`], saying which part is wrong.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnAddress::NoAt)?;
        if local.is_empty() || local.len() > LOCAL_OCTETS_MAX || !local_is_sound(local) {
            return Err(NotAnAddress::Local);
        }
        let domain = Domain::parse(domain).map_err(|_| NotAnAddress::Domain)?;
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

/// Dot-atom or quoted string (RFC 5321 §4.1.2), each also in UTF-8 (RFC 6531 §3.3); never a control character.
fn local_is_sound(local: &str) -> bool {
    if local.chars().any(char::is_control) {
        return false;
    }
    if let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let mut escaped = false;
        for c in inner.chars() {
            match (escaped, c) {
                (false, '\\') => escaped = true,
                (false, '"') => return false,
                _ => escaped = false,
            }
        }
        return !escaped;
    }
    let atom =
        |c: char| !c.is_ascii() && !c.is_whitespace() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
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
