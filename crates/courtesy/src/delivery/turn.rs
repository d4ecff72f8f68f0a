//! When a message that finds a site's line full comes again.
//!
//! In: when messages left the line. Out: a wait for each that finds no room, so that as many come again as the site will
//! have served by then. Without it, all that waits for one slow site would come again together, every few seconds, and
//! a long queue would keep us busy with nothing. What is more urgent has turns of its own. Pure: no sockets, no clock.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;

use crate::notice::catalogue::Urgency;

/// What one message is taken to need before anything is known: one wrong guess is corrected by the first few dozen.
const EACH_FIRST: Duration = Duration::from_millis(10);
/// A message that took longer says more about itself than about the site.
const EACH_MAX: Duration = Duration::from_secs(5);
/// The shortest wait: below it, writing the message back would cost more than it waits.
const WAIT_MIN: Duration = Duration::from_millis(100);
/// The longest wait. Whoever waits is called before, when the line has room (`put_off`).
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// The turns of one lane.
#[derive(Debug)]
pub(super) struct Turns {
    /// Time between two messages served, smoothed.
    each: Duration,
    last: Option<Instant>,
    /// The first turn of each urgency that nobody has been given.
    free: [Option<Instant>; 3],
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { each: EACH_FIRST, last: None, free: [None; 3] }
    }

    /// A message was served at `now`. Only while others wait does the time since the last one tell anything.
    pub(super) fn served(&mut self, others_wait: bool, now: Instant) {
        if let Some(last) = self.last.filter(|_| others_wait) {
            self.each = (self.each * 15 + now.duration_since(last).min(EACH_MAX)) / 16;
        }
        self.last = others_wait.then_some(now);
    }

    /// How long a message waits that found `ahead` others in line: behind those of its own urgency that came before it.
    pub(super) fn give(&mut self, urgency: Urgency, ahead: u32, now: Instant) -> Duration {
        let free = &mut self.free[urgency.place()];
        let after_line = now + self.each.saturating_mul(ahead);
        let turn = free.map_or(after_line, |free| free.max(after_line)).min(now + WAIT_MAX);
        // Some too many: a site must not wait for us because one came late.
        *free = Some(turn + self.each * 3 / 4);
        turn.duration_since(now).max(WAIT_MIN)
    }
}
