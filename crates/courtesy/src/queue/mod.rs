//! When a message is due, when it is tried again, and when that ends.
//!
//! One row a message; `due_at` is schedule, lease and back-off in one column. Claiming writes the future first:
//! attempt n + 1 and a due time past the lease, then we try. A crash needs no rescuer: the message is due again.
//! All here is pure; the claims themselves are in `store`, the trying in `delivery`.

mod aftermath;
mod lane;
mod retry;
mod settle;
#[cfg(test)]
mod tests;

use std::fmt;

pub use aftermath::{Aftermath, aftermath, blames_sender};
pub use lane::leads;
pub use retry::{Schedule, next_due};
pub use settle::{Settlement, settle};

/// A receiver, as one relay sees it, that a message waits for: it could not be reached, or can take no more for now.
/// A number that stands for the two names, so that a million messages carry eight octets each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaitsFor(pub i64);

/// The states of a message: one vocabulary for code, tables, API and pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting to be sent.
    Queued,
    /// Being sent.
    Sending,
    /// Trying again: somebody asked us to wait, or nobody answered.
    Delayed,
    /// A receiver took responsibility for it. Nobody can see whether it lies in Inbox or Spam.
    Accepted,
    /// Could not be delivered.
    Failed,
    /// Waits for a person's decision.
    Held,
    /// Not sent: the address is on the do-not-send list.
    Suppressed,
    /// Taken back before it left.
    Cancelled,
    /// Told together with others, in one message of the day: what became of that one became of it.
    Gathered,
}

impl State {
    /// Every state, in the order of a message's life.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Sending,
        Self::Delayed,
        Self::Accepted,
        Self::Failed,
        Self::Held,
        Self::Suppressed,
        Self::Cancelled,
        Self::Gathered,
    ];

    /// The code in tables and API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Delayed => "delayed",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Suppressed => "suppressed",
            Self::Cancelled => "cancelled",
            Self::Gathered => "gathered",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether nothing more happens by itself. Every message gets here by its deadline.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Accepted | Self::Failed | Self::Suppressed | Self::Cancelled | Self::Gathered)
    }

    /// Whether it may still be taken back: it is not under way and not over.
    #[must_use]
    pub fn may_be_cancelled(self) -> bool {
        matches!(self, Self::Queued | Self::Delayed | Self::Held)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
