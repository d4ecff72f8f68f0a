//! When an answer ends our use of an address, and for how long.
//!
//! In: what was answered, about whom. Out: a [`Weight`]: one answer is enough, or it takes two, or it says nothing about
//! the address at all. Pure. Not here: the list itself (`store`), and what becomes of a message to an address on it
//! (`delivery`).

pub mod file;

use jiff::{SignedDuration, Timestamp};
use standards::address::{Address, in_small_letters};

use super::Cause;
use crate::id::MessageId;
use crate::library::LibraryCode;

/// After so long one message may try a stopped address again: mailboxes are reopened, and names given out anew.
pub const PROBE_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Two refusals count together when they are no further apart: some providers close a box that was idle for a while and
/// open it again within days.
pub const TWICE_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An address as the list knows it: in small letters. RFC 5321 §2.4 leaves the local part to its host; no mailbox provider
/// gives two people names that differ in that. Letters that merely look like others stay what they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListedAddress(String);

impl ListedAddress {
    /// How the list knows `address`.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        Self(in_small_letters(&address.to_string()))
    }

    /// As kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How much one answer says against an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It ends our use of the address.
    Stops,
    /// It does, when another message hears the like within [`TWICE_WITHIN`].
    Counts,
    /// It is not about the address.
    Nothing,
}

/// How much a refusal for good, or a complaint, says against the address. `certain`: it speaks of this very address, and
/// not of one that its mail is forwarded to, or through somebody else's relay.
#[must_use]
pub fn weight(cause: Cause, certain: bool) -> Weight {
    match cause.stops_after() {
        Some(1) if certain => Weight::Stops,
        Some(_) => Weight::Counts,
        None => Weight::Nothing,
    }
}

/// When one message may try again; none where only a person may end it: a complaint is the patron's own word.
#[must_use]
pub fn probe_at(cause: Cause, now: Timestamp) -> Option<Timestamp> {
    let of_address = cause.is_within("addr") || cause.is_within("domain");
    if of_address { now.checked_add(PROBE_AFTER).ok() } else { None }
}

/// An answer against an address.
#[derive(Clone, Debug, PartialEq)]
pub struct Strike {
    /// Whose address book.
    pub library: LibraryCode,
    /// Which address.
    pub address: ListedAddress,
    /// What was said.
    pub cause: Cause,
    /// How much that says.
    pub weight: Weight,
    /// The message it was said of.
    pub message: MessageId,
    /// The words, masked.
    pub reply: String,
    /// How we heard: `refusal`, `bounce`, `complaint`.
    pub by: &'static str,
    /// When.
    pub at: Timestamp,
}
