//! When an event is posted again, and when a webhook is given up.

use jiff::{SignedDuration, Timestamp};

/// Pauses before the second try, the third, and so on: three days in all, as Standard Webhooks asks for. What is mended
/// within minutes is heard within minutes, and a weekend of trouble loses nothing.
const PAUSES: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];

/// A webhook that has failed for this long, without one success, is switched off, and staff are told.
pub const DISABLED_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// Only a failure of at least this try switches a webhook off: one glitch after a quiet month is no failing webhook.
pub const TRIES_BEFORE_DISABLING: u32 = 3;

/// When an event is posted again whose try number `tries` (the first is 1) failed at `now`; none: it is given up.
/// `chance` from 0 to 255 spreads the tries over a tenth of the pause, so that what failed together does not return together.
#[must_use]
pub fn next_try(tries: u32, now: Timestamp, chance: u8) -> Option<Timestamp> {
    let pause = *PAUSES.get(usize::try_from(tries.max(1) - 1).unwrap_or(usize::MAX))?;
    let spread = SignedDuration::from_millis(pause.as_secs().saturating_mul(100) * i64::from(chance) / 255);
    Some(now.checked_add(pause.saturating_add(spread)).unwrap_or(Timestamp::MAX))
}
