//! How hard a site may be pressed: how many connections at once, and whether it is worth calling at all.
//!
//! In: what happened, and when. Out: a number of connections, and the remembered trouble of a site that does not
//! answer. Pure: no sockets, no clock. Additive increase, multiplicative decrease: +1 connection after as many
//! acceptances as there are connections, half on every sign of strain; that is Postfix's 1/N feedback and Google's
//! own advice ("add connections one at a time"). Not here: rates by the hour, and rules from the words of a reply.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;

use crate::outcome::Said;

/// What one relay may do at one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the start.
    pub start: u32,
    /// Connections at most.
    pub ceiling: u32,
    /// Messages on one connection; Yahoo closes after 20, Postfix sends 100.
    pub messages: u32,
    /// How long a connection waits for its next message. Hosts drop idle ones after 10 s to 5 min.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { start: 2, ceiling: 20, messages: 100, idle: Duration::from_secs(10) }
    }
}

/// The first pause after a site could not be reached: long enough to spare a thousand waiting messages the same 30
/// seconds, short enough that a restarted server is found soon.
const PAUSE_FIRST: Duration = Duration::from_secs(15);
/// The longest: the queue's own retries are minutes apart, so more would only hide recovery.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// How long a site's refusal of one connection more is taken as its limit: asking again after every message would be
/// the very thing it refuses.
const CROWDED_REMEMBERED: Duration = Duration::from_secs(60);

/// The state of one site as seen from one relay.
#[derive(Debug)]
pub(super) struct Pace {
    limits: Limits,
    limit: u32,
    /// Acceptances since the limit last changed.
    credit: u32,
    /// Failures to reach the site in a row.
    failures: u32,
    /// No growth before this.
    crowded_until: Option<Instant>,
    pause: Option<Pause>,
}

#[derive(Debug)]
struct Pause {
    until: Instant,
    said: Said,
    /// Asked for by someone who understood the site's words; only time ends it.
    held: bool,
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Self {
        let limit = limits.start.clamp(1, limits.ceiling.max(1));
        Self { limits, limit, credit: 0, failures: 0, crowded_until: None, pause: None }
    }

    /// Connections allowed now.
    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// A message was accepted; `busy` says that all allowed connections were in use. An idle site proves nothing
    /// about how much it could bear.
    pub(super) fn accepted(&mut self, busy: bool, now: Instant) {
        if !busy || self.limit >= self.limits.ceiling || self.crowded_until.is_some_and(|until| now < until) {
            return;
        }
        self.credit += 1;
        if self.credit >= self.limit {
            self.credit = 0;
            self.limit += 1;
        }
    }

    /// The site shows that it is too much: 421, a time-out, a connection cut.
    pub(super) fn strained(&mut self) {
        self.limit = (self.limit / 2).max(1);
        self.credit = 0;
    }

    /// One connection more was refused while `open` others work: they are what the site allows.
    pub(super) fn crowded(&mut self, open: u32, now: Instant) {
        self.limit = open.clamp(1, self.limit);
        self.credit = 0;
        self.crowded_until = Some(now + CROWDED_REMEMBERED);
    }

    /// The site answered: it is alive.
    pub(super) fn reached(&mut self) {
        self.failures = 0;
        self.pause.take_if(|pause| !pause.held);
    }

    /// The site could not be reached at `now`; what came of it is what everyone hears until the pause ends.
    pub(super) fn unreachable(&mut self, now: Instant, said: Said) {
        let length = PAUSE_FIRST.saturating_mul(1 << self.failures.min(8)).min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        self.limit = 1;
        self.credit = 0;
        if !self.pause.as_ref().is_some_and(|pause| pause.held && pause.until > now) {
            self.pause = Some(Pause { until: now + length, said, held: false });
        }
    }

    /// Asks no more of the site until `until`, and then begins with one connection.
    pub(super) fn hold(&mut self, until: Instant, said: Said) {
        self.limit = 1;
        self.credit = 0;
        if self.pause.as_ref().is_none_or(|pause| pause.until < until) {
            self.pause = Some(Pause { until, said, held: true });
        }
    }

    /// What is remembered of a site that is not to be asked at `now`, and how long yet.
    pub(super) fn paused(&self, now: Instant) -> Option<(&Said, Duration)> {
        let pause = self.pause.as_ref()?;
        let left = pause.until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some((&pause.said, left))
    }
}
