//! From what an attempt came to, to what the message does next.

use jiff::Timestamp;

use super::{Schedule, State, next_due};
use crate::outcome::{Cause, Outcome};

/// What becomes of a message after an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// Over: its state, and why where it was not accepted.
    Final {
        /// A state for which [`State::is_final`] holds.
        state: State,
        /// Why.
        cause: Option<Cause>,
    },
    /// Tried again at this time.
    Later {
        /// When.
        due_at: Timestamp,
        /// Why it did not go now.
        cause: Cause,
    },
    /// Tried again at once under the next sender: the receiver did not believe this one.
    AnotherSender {
        /// The authentication cause.
        cause: Cause,
    },
}

/// Decides what follows from `outcome` after attempt number `attempts` (the first is 1).
///
/// `another_sender`: whether a sender is left that this message has not been refused under. `chance` in 0..1 spreads
/// retries. A refusal for authentication, or by a library's own relay, is never final while another sender is left
/// (invariant 1).
#[must_use]
pub fn settle(
    outcome: &Outcome,
    attempts: u32,
    now: Timestamp,
    deadline: Timestamp,
    schedule: &Schedule,
    another_sender: bool,
    chance: f64,
) -> Settlement {
    let later = |cause: Cause| match next_due(schedule, attempts, now, deadline, chance) {
        Some(due_at) => Settlement::Later { due_at, cause },
        None => Settlement::Final { state: State::Failed, cause: Some(cause) },
    };
    match outcome {
        Outcome::Accepted { .. } => Settlement::Final { state: State::Accepted, cause: None },
        Outcome::Deferred { cause, .. } | Outcome::Refused { cause, .. }
            if another_sender && (cause.is_within("auth") || cause.is_within("relay")) =>
        {
            Settlement::AnotherSender { cause: *cause }
        }
        Outcome::Deferred { cause, .. } => later(*cause),
        // Said for good, and yet it passes as soon as the patron makes room.
        Outcome::Refused { cause, .. } if cause.is_within("mailbox.full") => later(*cause),
        Outcome::Refused { cause, .. } => Settlement::Final { state: State::Failed, cause: Some(*cause) },
    }
}
