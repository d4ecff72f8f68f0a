//! A patron as a library knows them from event to event: contact points, language, and what they chose.

use serde::{Deserialize, Serialize};
use standards::address::Address;

use super::{Patron, Quiet};
use crate::channel::{Channel, Number, Points};
use crate::notice::Language;

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
    /// Whether they wish to be told once a day, in one message, what can wait; none: as the library does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<bool>,
    /// The language they chose themselves, before what events tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// When their telephone is to stay silent, beside the library's hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// The mail address that the present one corrects: events that still tell it tell nothing new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_was: Option<Address>,
    /// The telephone number that the present one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_was: Option<Number>,
    /// Their postal address, one line each, without the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postal: Vec<String>,
}

impl Record {
    /// With what an event told of the patron: what it tells is newer, and what it leaves out stays.
    #[must_use]
    pub fn with(&self, told: &Patron) -> Self {
        let known = &self.patron;
        let (email, mail_was) = newest(told.email.as_ref(), known.email.as_ref(), self.mail_was.as_ref());
        let (phone, phone_was) = newest(told.phone.as_ref(), known.phone.as_ref(), self.phone_was.as_ref());
        let patron = Patron {
            id: told.id.clone().or_else(|| known.id.clone()),
            email,
            phone,
            // What was agreed to is kept with its when and how, not here.
            texts: None,
            first_name: told.first_name.clone().or_else(|| known.first_name.clone()),
            surname: told.surname.clone().or_else(|| known.surname.clone()),
            full_name: told.full_name.clone().or_else(|| known.full_name.clone()),
            language: told.language.or(known.language),
            postal: Vec::new(),
        };
        let postal = if told.postal.is_empty() { self.postal.clone() } else { told.postal.clone() };
        Self { patron, postal, mail_was, phone_was, ..self.clone() }
    }

    /// What an older event told, said again now: what is known has come since and comes first, and what is told only fills gaps. That
    /// they agreed to text messages is not said again: it was noted then, with its number.
    #[must_use]
    pub fn recall(&self, told: &Patron) -> Patron {
        let newer = Patron { postal: self.postal.clone(), ..self.patron.clone() };
        let Self { patron, postal, .. } = Self::default().with(told).with(&newer);
        Patron { texts: None, postal, language: self.language.or(patron.language), ..patron }
    }

    /// Uses `address` from now on, whatever older one events still tell.
    pub fn correct_mail(&mut self, address: Address) {
        if self.patron.email.as_ref() != Some(&address) {
            self.mail_was = self.patron.email.replace(address);
        }
    }

    /// Uses `number` from now on, whatever older one events still tell.
    pub fn correct_phone(&mut self, number: Number) {
        if self.patron.phone.as_ref() != Some(&number) {
            self.phone_was = self.patron.phone.replace(number);
        }
    }

    /// What an event told, completed by what is known: an event without an address goes to the one on record.
    #[must_use]
    pub fn complete(&self, told: &Patron) -> Patron {
        let Self { patron, postal, .. } = self.with(told);
        Patron { texts: told.texts, postal, language: self.language.or(patron.language), ..patron }
    }
}

/// The contact point to use, and the one that it corrects: what is told is newer than what is known, unless it is what was
/// corrected.
fn newest<T: Clone + PartialEq>(told: Option<&T>, known: Option<&T>, corrected: Option<&T>) -> (Option<T>, Option<T>) {
    match told {
        Some(told) if Some(told) != corrected => {
            // Once the library's system tells a third one, the correction is over.
            let stays = corrected.filter(|_| Some(told) == known);
            (Some(told.clone()), stays.cloned())
        }
        _ => (known.or(told).cloned(), corrected.cloned()),
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
    /// Whether they wish to be told together what can wait; none: as the library does it.
    pub digest: Option<bool>,
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
