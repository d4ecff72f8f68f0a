//! A patron as a library knows them from event to event: contact points, language, and what they chose.

use serde::{Deserialize, Serialize};
use standards::address::Address;

use super::Patron;
use crate::channel::{Channel, Points};

/// What is kept of a patron, by library and patron number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Name, contact points and language, the newest that was told of each.
    #[serde(default)]
    pub patron: Patron,
    /// The order in which they wish to be reached; empty: as the library does it. A way that is not in it is not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<Channel>,
    /// Titles and authors never leave in a message to them.
    #[serde(default)]
    pub hide_titles: bool,
    /// Their postal address, one line each, without the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postal: Vec<String>,
}

impl Record {
    /// With what an event told of the patron: what it tells is newer, and what it leaves out stays.
    #[must_use]
    pub fn with(&self, told: &Patron) -> Self {
        let known = &self.patron;
        let patron = Patron {
            id: told.id.clone().or_else(|| known.id.clone()),
            email: told.email.clone().or_else(|| known.email.clone()),
            phone: told.phone.clone().or_else(|| known.phone.clone()),
            // What was agreed to is kept with its when and how, not here.
            texts: None,
            first_name: told.first_name.clone().or_else(|| known.first_name.clone()),
            surname: told.surname.clone().or_else(|| known.surname.clone()),
            full_name: told.full_name.clone().or_else(|| known.full_name.clone()),
            language: told.language.or(known.language),
            postal: Vec::new(),
        };
        let postal = if told.postal.is_empty() { self.postal.clone() } else { told.postal.clone() };
        Self { patron, postal, ..self.clone() }
    }

    /// What an event told, completed by what is known: an event without an address goes to the one on record.
    #[must_use]
    pub fn complete(&self, told: &Patron) -> Patron {
        let Self { patron, postal, .. } = self.with(told);
        Patron { texts: told.texts, postal, ..patron }
    }
}

/// What is known of a patron when their messages are made, beside what the event tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The order that they chose.
    pub order: Vec<Channel>,
    /// Whether their telephone may be texted.
    pub may_text: bool,
    /// Whether a browser or telephone of theirs takes notifications.
    pub has_push: bool,
}

impl Known {
    /// Where `patron` can be reached.
    #[must_use]
    pub fn points(&self, patron: &Patron) -> Points {
        Points {
            mail: patron.email.clone(),
            text: patron.phone.clone().filter(|_| self.may_text),
            push: self.has_push,
            letter: !patron.postal.is_empty(),
        }
    }
}

/// The domain that was probably meant, where the one of `address` is a slip of one that many people have.
#[must_use]
pub fn probably_meant(address: &Address) -> Option<String> {
    /// Mailbox providers whose names are mistyped most; a slip of one letter, or two letters swapped.
    const USUAL: [&str; 12] = [
        "gmail.com",
        "hotmail.com",
        "outlook.com",
        "yahoo.com",
        "yahoo.ca",
        "icloud.com",
        "live.ca",
        "telus.net",
        "shaw.ca",
        "videotron.ca",
        "hotmail.fr",
        "bell.net",
    ];
    let domain = address.domain().as_str().to_ascii_lowercase();
    if USUAL.contains(&domain.as_str()) {
        return None;
    }
    let near = USUAL.into_iter().find(|usual| strsim::damerau_levenshtein(usual, &domain) == 1)?;
    let text = address.to_string();
    let (local, _) = text.rsplit_once('@')?;
    Some(format!("{local}@{near}"))
}
