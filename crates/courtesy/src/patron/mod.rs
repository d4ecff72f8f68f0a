//! Who a notice is for.
//!
//! In: what an event says of the patron, what they chose themselves. Out: a [`Patron`], and the fields that words may name;
//! the [`link`] to their own page and the [`Pass`] that it gives; whoever has no link [`Knock`]s.
//! Not here: which of their contact points is used (`channel`).

mod asked;
pub mod import;
mod knock;
pub mod link;
mod pass;
mod quiet;
mod record;
mod sought;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use standards::address::Address;

use crate::channel::Number;
use crate::library::{POSTAL_LETTERS_MAX, POSTAL_LINES_MAX};
use crate::notice::Language;
use crate::outcome::stop::ListedAddress;

pub use asked::{Asked, CODE_LASTS, Purpose, TRIES_MAX};
pub use knock::{Knock, Whom};
pub use pass::{PASS_LASTS, PROVEN_LASTS, Pass, gone_mark};
pub use quiet::Quiet;
pub use record::{Known, Record, probably_meant};
pub use sought::{folded, found_by, words};

/// What begins the key of a patron who has no number.
pub const BY_ADDRESS: &str = "mail:";

/// Letters of a name, or of each part of one: longer ones are no names.
pub const NAME_LETTERS_MAX: usize = 200;

/// What is wrong with `name`, where it is the name of nobody.
#[must_use]
pub fn name_problem(name: &str) -> Option<String> {
    let name = name.trim();
    let is_wrong = name.chars().count() > NAME_LETTERS_MAX || name.chars().any(char::is_control);
    is_wrong.then(|| format!("at most {NAME_LETTERS_MAX} letters in one line"))
}

/// A postal address, without its empty lines.
///
/// # Errors
/// What is wrong with it, where no envelope's window shows all of it.
pub fn postal_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, String> {
    let lines: Vec<String> =
        lines.into_iter().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let too_long = |line: &String| line.chars().count() > POSTAL_LETTERS_MAX || line.chars().any(char::is_control);
    if lines.len() > POSTAL_LINES_MAX || lines.iter().any(too_long) {
        return Err(format!(
            "at most {POSTAL_LINES_MAX} lines of {POSTAL_LETTERS_MAX} letters show in an envelope’s window"
        ));
    }
    Ok(lines)
}

/// A patron, as far as one event tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Patron {
    /// The library's number for the patron.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where mail goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Address>,
    /// Where text messages go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Number>,
    /// Whether the patron agreed to text messages, where the library says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<bool>,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surname: Option<String>,
    /// Both, as the library writes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// The language they asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Where letters go, one line each, without the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postal: Vec<String>,
}

impl Patron {
    /// The fields words may name: `first_name`, `surname`, `full_name`, `patron_id`. Absent and blank ones are left out.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<String, String> {
        let parts = [self.first_name.as_deref(), self.surname.as_deref()];
        let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let full_name = self.full_name.clone().unwrap_or(joined);
        [
            ("first_name", self.first_name.clone()),
            ("surname", self.surname.clone()),
            ("full_name", Some(full_name)),
            ("patron_id", self.id.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| {
            value.filter(|value| !value.trim().is_empty()).map(|value| (name.to_owned(), value))
        })
        .collect()
    }

    /// The library's number for them, where there is one.
    #[must_use]
    pub fn number(&self) -> Option<&str> {
        self.id.as_deref().map(str::trim).filter(|number| !number.is_empty())
    }

    /// By what a library's patron is known from event to event: their number, else their address. Two patrons with one address are
    /// told apart by their numbers.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        let by_address = || Some(format!("{BY_ADDRESS}{}", ListedAddress::of(self.email.as_ref()?).as_str()));
        self.number().map(str::to_owned).or_else(by_address)
    }

    /// Whether one of their contact points is this address of a channel.
    #[must_use]
    pub fn is_at(&self, address: &str) -> bool {
        let is = |point: Option<String>| point.is_some_and(|point| point == address);
        is(self.email.as_ref().map(ToString::to_string)) || is(self.phone.as_ref().map(ToString::to_string))
    }

    /// What this patron is found by: name, number, address, telephone.
    pub fn known_by(&self) -> impl Iterator<Item = String> {
        let name = self.fields().remove("full_name");
        let (email, phone) =
            (self.email.as_ref().map(ToString::to_string), self.phone.as_ref().map(ToString::to_string));
        [name, self.id.clone(), email, phone].into_iter().flatten()
    }

    /// What tells this patron from another of the same request: their number, else their address.
    #[must_use]
    pub fn natural_key(&self) -> String {
        self.id.clone().or_else(|| self.email.as_ref().map(ToString::to_string)).unwrap_or_default()
    }
}
