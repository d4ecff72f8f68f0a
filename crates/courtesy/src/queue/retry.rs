//! The waiting times between attempts.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Waiting times in order; the last one repeats until the deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

/// The share of each waiting time left to chance, so that a crowd does not come back as a crowd: a fifth.
const JITTER: f64 = 0.2;

/// What an empty schedule would mean; the configuration refuses one.
const WHEN_EMPTY: Duration = Duration::from_secs(15 * 60);

impl Schedule {
    /// A schedule of these waiting times.
    #[must_use]
    pub fn new(waits: Vec<Duration>) -> Self {
        Self(waits)
    }

    /// The wait after attempt number `attempts` (the first is 1), stretched by up to a fifth; `chance` is in 0..1.
    #[must_use]
    pub fn wait(&self, attempts: u32, chance: f64) -> Duration {
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.0.get(index).or(self.0.last()).copied().unwrap_or(WHEN_EMPTY);
        wait.mul_f64(1.0 + JITTER * chance.clamp(0.0, 1.0))
    }
}

/// When a message is due again after attempt number `attempts`; none when its deadline has come.
///
/// A wait that would end past the deadline ends at the deadline: there it gets its final state.
#[must_use]
pub fn next_due(
    schedule: &Schedule,
    attempts: u32,
    now: Timestamp,
    deadline: Timestamp,
    chance: f64,
) -> Option<Timestamp> {
    if now >= deadline {
        return None;
    }
    let wait = SignedDuration::try_from(schedule.wait(attempts, chance)).unwrap_or(SignedDuration::MAX);
    Some(now.checked_add(wait).unwrap_or(deadline).min(deadline))
}
