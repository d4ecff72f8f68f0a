//! What a library's systems are told by webhooks: which events there are, what they say, how they are signed, when they
//! are tried again.
//!
//! In: entries of timelines, secrets, the number of a try. Out: [`Kind`]s with their data, signatures and times, as
//! Standard Webhooks 1.0 has them. All pure. An event carries ids, states and causes: never an address, never what an
//! item is called. Not here: who has subscribed (`store`), and the posting (`outbox`).

mod kind;
mod retry;
mod sign;
#[cfg(test)]
mod tests;

pub use kind::{About, Kind, of_entry};
pub use retry::{DISABLED_AFTER, TRIES_BEFORE_DISABLING, next_try};
pub use sign::{NotASecret, SECRET_OCTETS, Secret, signature};

use jiff::Timestamp;
use serde_json::{Value, json};

/// Why a webhook is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// It has failed for [`DISABLED_AFTER`], without one success.
    Failing,
    /// The other side said that it is gone for good: 410 (RFC 9110 §15.5.11).
    Gone,
    /// A person switched it off.
    ByHand,
}

impl Off {
    /// The code in tables and API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Gone => "gone",
            Self::ByHand => "by_hand",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Failing, Self::Gone, Self::ByHand].into_iter().find(|off| off.code() == code)
    }
}

/// What is posted: the same octets at every try.
#[must_use]
pub fn body(kind: Kind, at: Timestamp, data: &Value) -> String {
    json!({ "type": kind.code(), "timestamp": at, "data": data }).to_string()
}
