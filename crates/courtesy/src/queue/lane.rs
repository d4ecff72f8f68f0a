//! Which lane of a library's queue goes first in a round.
//!
//! The most urgent one as a rule, so that a pickup does not wait behind ten thousand overdue loans. One round of eight belongs to each of
//! the others: whatever comes in, nothing waits for ever. Which notice is in which lane is the catalogue's; each library has its
//! share of a round whatever its lanes hold.

use crate::notice::catalogue::Urgency;

/// Rounds after which each lane has led.
const ROUNDS: u64 = 8;

/// The lane that goes first in round number `round`.
#[must_use]
pub fn leads(round: u64) -> Urgency {
    match round % ROUNDS {
        3 => Urgency::Soon,
        7 => Urgency::Routine,
        _ => Urgency::Now,
    }
}
