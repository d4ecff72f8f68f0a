//! From a report that came back to what becomes of a message that a receiver had accepted.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use super::State;
use crate::outcome::Cause;

/// A full mailbox is not emptied in minutes: a repeat sooner than this only bounces again.
const ROOM_WAIT_MIN: SignedDuration = SignedDuration::from_hours(4);

/// What becomes of a message after a report that somebody gave up on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aftermath {
    /// Nothing: it was over before, or still waits and is tried anyway.
    Stays,
    /// It did not arrive.
    Failed,
    /// It did not arrive, and is repeated at this time.
    FailedAndRepeated(Timestamp),
    /// The receiver did not believe its sender: it goes out again under the next one.
    AnotherSender,
}

/// Whether a report with `cause` blames the sender, and another one would do.
#[must_use]
pub fn blames_sender(cause: Cause) -> bool {
    cause.is_within("auth") || cause.is_within("sender.refused")
}

/// Decides what becomes of a message in `state` that somebody gave up on for `cause`. `another_sender`: whether one is
/// left that receivers have not refused it under.
#[must_use]
pub fn aftermath(cause: Cause, state: State, now: Timestamp, deadline: Timestamp, another_sender: bool) -> Aftermath {
    if state != State::Accepted {
        return Aftermath::Stays;
    }
    if blames_sender(cause) && another_sender && now < deadline {
        return Aftermath::AnotherSender;
    }
    // Half of the time that is left, and then half of that: the later it gets, the closer together, and never past the
    // deadline.
    let wait = deadline.duration_since(now) / 2;
    if cause.is_within("mailbox.full") && wait >= ROOM_WAIT_MIN {
        return now.checked_add(wait).map_or(Aftermath::Failed, Aftermath::FailedAndRepeated);
    }
    Aftermath::Failed
}
