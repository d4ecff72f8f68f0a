//! The ways in which a patron is reached, and which comes after which: mail, text message, push, letter.
//!
//! In: what is known of a patron's contact points, what the library and the patron chose. Out: a [`Rung`] to begin with and those
//! that follow. Pure. Not here: sending (`delivery`, `texting`), and what a message says (`notice`).

mod answer;
pub mod ladder;
mod number;
#[cfg(test)]
mod tests;
mod word;

use std::fmt;

use standards::address::Address;

pub use ladder::{Ladder, Points, Rung};
pub use number::{Country, NotANumber, Number};
pub use word::{Word, is_answered_by_twilio, is_french, word};

/// A way to reach a patron. Staff are reached by mail alone.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    #[default]
    Mail,
    /// A text message to a telephone.
    Text,
    /// A notification on the patron's telephone or computer.
    Push,
    /// A letter on paper.
    Letter,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 4] = [Self::Mail, Self::Text, Self::Push, Self::Letter];

    /// The code in tables, records and API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Text => "text",
            Self::Push => "push",
            Self::Letter => "letter",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }

    /// An address of this channel as people may be shown it: enough to know it by, and not enough to use it. None where there is
    /// nothing to show.
    #[must_use]
    pub fn masked(self, address: &str) -> Option<String> {
        match self {
            Self::Mail => Address::parse(address).ok().map(|address| address.masked()),
            Self::Text => Number::from_e164(address).map(|number| number.masked()),
            Self::Push | Self::Letter => None,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
