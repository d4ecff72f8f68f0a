//! Who may come in, and how often: connections in all and from one source, and messages from one source.
//!
//! In: addresses, and the time. Out: yes or no. Nothing here touches a socket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time. Each may hold one mail of the largest size in memory.
    pub connections: usize,
    /// Connections at one time from one source: a provider that returns mail uses a handful.
    pub connections_per_source: u32,
    /// New connections and mails a source may begin in a minute; as many at once after a minute's rest. A consortium's
    /// whole morning of bounces comes from a few dozen sources.
    pub begun_per_minute: u32,
    /// RFC 5321 §4.5.3.2.7: a server waits five minutes for the next command; and for each line of a mail.
    pub line_within: Duration,
    /// RFC 5321 §4.5.3.2.6 gives the end of a mail ten minutes. All of it must be here by then, which asks for 17 kB a
    /// second of the largest one.
    pub mail_within: Duration,
    /// A whole conversation. Who is not done by then holds a place that others need.
    pub conversation_within: Duration,
    /// How long we listen before we greet: who speaks first is no mail server.
    pub greet_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 200,
            connections_per_source: 20,
            begun_per_minute: 600,
            line_within: Duration::from_secs(300),
            mail_within: Duration::from_secs(600),
            conversation_within: Duration::from_secs(30 * 60),
            greet_after: Duration::from_millis(100),
        }
    }
}

impl Limits {
    /// At the submission doors: a system hands in a night's work at once, over one connection or many, and does not always try
    /// again.
    #[must_use]
    pub fn submission() -> Self {
        Self { connections_per_source: 50, begun_per_minute: 20_000, greet_after: Duration::ZERO, ..Self::default() }
    }
}

/// Sources remembered, at some 100 octets each; more at once is an attack, and then only known ones come in.
const SOURCES_MAX: usize = 50_000;

/// An hour of rest in the middle of counting would be the same as a minute: credit is full after one.
const MINUTE: Duration = Duration::from_secs(60);

/// Counts who is here.
pub(super) struct Gate {
    limits: Limits,
    sources: Mutex<Sources>,
}

#[derive(Default)]
struct Sources {
    open: usize,
    by_source: HashMap<IpAddr, Source>,
}

struct Source {
    open: u32,
    /// Beginnings left at `at`.
    credit: f64,
    at: Instant,
}

/// A connection that is let in; it counts until it is dropped.
pub(super) struct Pass {
    gate: Arc<Gate>,
    source: IpAddr,
}

impl Gate {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, sources: Mutex::default() })
    }

    /// Lets a connection from `ip` in, unless there are too many.
    pub(super) fn enter(self: &Arc<Self>, ip: IpAddr, now: Instant) -> Option<Pass> {
        let source = source_of(ip);
        let mut sources = self.sources();
        if sources.open >= self.limits.connections {
            return None;
        }
        if sources.by_source.len() >= SOURCES_MAX {
            sources.by_source.retain(|_, known| known.open > 0 || now.duration_since(known.at) < MINUTE);
            if sources.by_source.len() >= SOURCES_MAX && !sources.by_source.contains_key(&source) {
                return None;
            }
        }
        let known = self.known(&mut sources, source, now);
        if known.open >= self.limits.connections_per_source || !known.spend() {
            return None;
        }
        known.open += 1;
        sources.open += 1;
        Some(Pass { gate: Arc::clone(self), source })
    }

    fn known<'a>(&self, sources: &'a mut Sources, source: IpAddr, now: Instant) -> &'a mut Source {
        let most = f64::from(self.limits.begun_per_minute);
        let known = sources.by_source.entry(source).or_insert(Source { open: 0, credit: most, at: now });
        let rested = now.saturating_duration_since(known.at).as_secs_f64() / MINUTE.as_secs_f64();
        known.credit = (known.credit + rested * most).min(most);
        known.at = now;
        known
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    fn spend(&mut self) -> bool {
        let may = self.credit >= 1.0;
        if may {
            self.credit -= 1.0;
        }
        may
    }
}

impl Pass {
    /// What holds for everybody.
    pub(super) fn limits(&self) -> &Limits {
        &self.gate.limits
    }

    /// Whether this source may begin another mail now.
    pub(super) fn may_begin(&self, now: Instant) -> bool {
        let mut sources = self.gate.sources();
        self.gate.known(&mut sources, self.source, now).spend()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut sources = self.gate.sources();
        sources.open -= 1;
        if let Some(known) = sources.by_source.get_mut(&self.source) {
            known.open -= 1;
        }
    }
}

/// One source is one IPv4 address or one IPv6 network of 64 bits, which is what one customer gets.
fn source_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}
