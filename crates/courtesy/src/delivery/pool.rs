//! Connections kept and shared: one delivery in, one answer out, as many at once as the site bears.
//!
//! In: an envelope, its route, the relay to speak from, the security it needs. Out: an [`Attempted`] with what was said
//! and the whole transcript; or [`Busy`], when the site's line is full and nothing was tried. A lane is one (relay,
//! site, security); it keeps its idle connections, its pace, and the memory of a site out of reach. Not here: when a
//! message is due, and what an answer means.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standards::domain::Domain;
use tokio::time::{Instant, sleep};

use super::conversation::{Connection, Envelope, Manner, Turn};
use super::dial::{Dialer, RelayAddr};
use super::hitch::{Why, words};
pub use super::lane::Asker;
use super::lane::{Entry, Kept, Lane, Slot};
use super::pace::Limits;
use super::route::{Route, Site};
use super::standing::{Right, Standing};
use super::transcript::Transcript;
use super::wire::Waits;
use crate::net::tls::{ClientTls, Security, TlsFacts};
use crate::outcome::{Said, Stage, Trouble};

/// How a pool behaves.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// For every site no provider rule is about.
    pub limits: Limits,
    /// For sites whose hosts all lie within a domain; the first that fits counts.
    pub providers: Vec<(Domain, Limits)>,
    /// How long each wait may last.
    pub waits: Waits,
    /// Whether we may send.
    pub standing: Standing,
}

/// What came of one attempt.
#[derive(Clone, Debug)]
pub struct Attempted {
    /// What was said last, or how it broke.
    pub said: Said,
    /// The whole conversation.
    pub transcript: Transcript,
    /// The connection the message was offered on; none when there was none.
    pub via: Option<Via>,
    /// Whether a server was asked in this attempt. False when the answer is remembered from an attempt some seconds
    /// ago.
    pub asked: bool,
}

/// The connection a message went over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The MX host.
    pub host: Domain,
    /// Its address.
    pub remote: SocketAddr,
    /// Ours.
    pub local: SocketAddr,
    /// What TLS came to; none in clear.
    pub tls: Option<TlsFacts>,
}

/// The line for this site is full, or moved too slowly: nothing was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Ask again after this.
    pub wait: Duration,
}

/// How loaded one relay is at one site, over all degrees of security.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Connections allowed now.
    pub limit: u32,
    /// Messages being sent now.
    pub active: u32,
    /// Connections waiting for a message.
    pub idle: u32,
    /// Messages waiting for a connection.
    pub waiting: u32,
    /// Places left in the line before [`Busy`].
    pub room: u32,
    /// How long the site is not asked at all, as it could not be reached.
    pub paused: Option<Duration>,
}

/// All connections of one process.
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    dialer: Dialer,
    lanes: Mutex<Lanes>,
    /// Sites that are left alone, for lanes to come.
    held: Mutex<HashMap<(Domain, Site), (Instant, Said)>>,
    sweeping: AtomicBool,
    /// Set for good by [`Pool::close`].
    closing: AtomicBool,
}

/// By relay and site, then by manner: a connection in clear must not serve a message that demands TLS, nor one that was
/// signed in for one library the message of another.
type Lanes = HashMap<(Domain, Site), Vec<(Manner, Arc<Lane>)>>;

/// Lanes remembered. Those at rest are forgotten first; more sites than this at once are more than one machine serves.
const LANES_MAX: usize = 10_000;
/// How soon a message comes again that we broke off, where nobody else has taken it over.
const WITHDRAWN: Duration = Duration::from_secs(5);
/// How soon a message may come again that could not be written.
const UNWRITTEN: Duration = Duration::from_secs(60);
/// How often idle connections are looked through.
const SWEEP: Duration = Duration::from_secs(1);

impl Pool {
    /// An empty pool.
    #[must_use]
    pub fn new(settings: Settings, tls: ClientTls) -> Self {
        let dialer = Dialer::new(tls, settings.waits.clone());
        let inner = Inner {
            settings,
            dialer,
            lanes: Mutex::default(),
            held: Mutex::default(),
            sweeping: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Tries to hand over one message, within [`Waits::whole`] and the lease it was claimed under. It is written (composed, signed) when its turn has come:
    /// most of a message's cost is its signature, and what waits in line should not hold its mail in memory. Where it cannot be
    /// written (none), nobody is called. `asker`'s library has its turn among those that wait.
    ///
    /// # Errors
    /// [`Busy`]: nothing was tried.
    pub async fn deliver<E: Into<Option<Envelope>>>(
        &self,
        write: impl FnOnce() -> E,
        route: &Route,
        relay: &RelayAddr,
        security: &Security,
        asker: Asker<'_>,
    ) -> Result<Attempted, Busy> {
        let manner = Manner { security: security.clone(), ..Manner::default() };
        self.submit(write, route, relay, &manner, asker).await
    }

    /// As [`Pool::deliver`], where the conversation begins in another manner than with a stranger's MX.
    ///
    /// # Errors
    /// [`Busy`]: nothing was tried.
    pub async fn submit<E: Into<Option<Envelope>>>(
        &self,
        write: impl FnOnce() -> E,
        route: &Route,
        relay: &RelayAddr,
        manner: &Manner,
        asker: Asker<'_>,
    ) -> Result<Attempted, Busy> {
        let attempted = self.tried(write, route, relay, manner, asker).await?;
        match attempted.said {
            Said::Broken { trouble: Trouble::Withdrawn, .. } => Err(Busy { wait: WITHDRAWN }),
            _ => Ok(attempted),
        }
    }

    async fn tried<E: Into<Option<Envelope>>>(
        &self,
        write: impl FnOnce() -> E,
        route: &Route,
        relay: &RelayAddr,
        manner: &Manner,
        asker: Asker<'_>,
    ) -> Result<Attempted, Busy> {
        let began = Instant::now();
        let waits = &self.inner.dialer.waits;
        // Nobody is waited for past the lease: another may have the message then.
        let until = asker.right.ends().map_or(began + waits.whole, |ends| ends.min(began + waits.whole));
        let lane = self.lane(route, relay, manner);
        let mut log = Transcript::new(began);
        let mut relined = false;
        let written: LazyCell<Option<Envelope>, _> = LazyCell::new(|| write().into());
        loop {
            let slot = match lane.enter(asker, (began + waits.line).min(until)).await {
                Entry::Slot(slot) => slot,
                Entry::Busy(wait) => return Err(Busy { wait }),
                Entry::Paused(said, left) => return Ok(from_memory(said, left, log)),
            };
            let Some(envelope) = LazyCell::force(&written) else { return Err(Busy { wait: UNWRITTEN }) };
            if let Some((said, via)) = self.on_kept(&slot, (envelope, asker.right), until, &mut log).await {
                return Ok(Attempted { said, transcript: log, via: Some(via), asked: true });
            }
            let open = lane.dialling();
            let dialled = self.inner.dialer.dial(route, relay, manner, until, &mut log).await;
            let said = match dialled {
                Ok(connection) => {
                    let kept = lane.opened(connection, open);
                    let via = via(&kept.connection);
                    let said = self
                        .on(kept, &slot, (envelope, asker.right), until, &mut log)
                        .await
                        .unwrap_or_else(|| closed(&via));
                    return Ok(Attempted { said, transcript: log, via: Some(via), asked: true });
                }
                Err(said) => said,
            };
            drop(open);
            if lane.crowded(&said) && !relined {
                // This site allows no more connections, and says so by refusing one. That is no reason to fail a
                // message: it stands in line again, once.
                relined = true;
                log.note("others are being served: waiting for one of their connections");
                continue;
            }
            lane.unreachable(Instant::now(), &said);
            return Ok(Attempted { said, transcript: log, via: None, asked: true });
        }
    }

    /// Whether this process may send at this moment.
    #[must_use]
    pub fn may_send(&self) -> bool {
        self.inner.settings.standing.holds()
    }

    /// The right to send what is claimed from now on, for as long as its `lease`.
    #[must_use]
    pub fn right(&self, lease: Option<Duration>) -> Right {
        self.inner.settings.standing.right(lease)
    }

    /// What is remembered of a site that is not to be asked for mail, and for how long yet.
    #[must_use]
    pub fn paused(&self, route: &Route, relay: &RelayAddr) -> Option<(Said, Duration)> {
        let manner = Manner::default();
        let lanes = self.inner.lanes();
        let kinds = lanes.get(&(relay.name.clone(), route.site.clone()))?;
        let (_, lane) = kinds.iter().find(|(kind, _)| *kind == manner)?;
        lane.paused()
    }

    /// How loaded a relay is at a site.
    #[must_use]
    pub fn load(&self, relay: &RelayAddr, site: &Site) -> Load {
        let now = Instant::now();
        let mut load = Load::default();
        for lane in self.lanes_of(relay, site) {
            let one = lane.load(now);
            load.limit += one.limit;
            load.active += one.active;
            load.idle += one.idle;
            load.waiting += one.waiting;
            load.room += one.room;
            load.paused = load.paused.max(one.paused);
        }
        if load.limit == 0 {
            load.limit = self.inner.settings.limits.start;
            load.room = super::lane::LINE_MAX;
        }
        load
    }

    /// Leaves a site alone for a while and begins again with one connection: what Google asks for on 4.7.28. Until
    /// then every message hears `said`.
    pub fn hold(&self, relay: &RelayAddr, site: &Site, pause: Duration, said: &Said) {
        let now = Instant::now();
        {
            let mut held = self.inner.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.retain(|_, (until, _)| *until > now);
            held.insert((relay.name.clone(), site.clone()), (now + pause, said.clone()));
        }
        for lane in self.lanes_of(relay, site) {
            lane.hold(now + pause, said);
        }
    }

    /// Takes leave of all idle connections, each within [`Waits::quit`]; connections in use are closed as they become
    /// free.
    pub async fn close(&self) {
        self.inner.closing.store(true, Ordering::Release);
        let lanes = self.inner.all_lanes();
        let mut leaving = tokio::task::JoinSet::new();
        for kept in lanes.iter().flat_map(|lane| lane.take_idle(None)) {
            let waits = self.inner.dialer.waits.clone();
            leaving.spawn(async move { kept.connection.quit(&waits).await });
        }
        leaving.join_all().await;
    }

    /// Offers the message to a kept connection, if there is one. None when there is none, or it had gone stale.
    async fn on_kept(
        &self,
        slot: &Slot,
        message: (&Envelope, &Right),
        until: Instant,
        log: &mut Transcript,
    ) -> Option<(Said, Via)> {
        let kept = slot.lane.take_kept()?;
        let via = via(&kept.connection);
        let tls = if via.tls.is_some() { ", under TLS" } else { "" };
        log.note(format_args!("open connection to {} [{}] from {}{tls}", via.host, via.remote, via.local.ip()));
        let said = self.on(kept, slot, message, until, log).await;
        if said.is_none() {
            log.note("it had been given up in the meantime: a fresh one");
        }
        Some((said?, via))
    }

    /// Sends on an open connection, tells the lane how it went, and keeps or leaves the connection. None when it was
    /// stale and nothing was tried.
    async fn on(
        &self,
        mut kept: Kept,
        slot: &Slot,
        (envelope, right): (&Envelope, &Right),
        until: Instant,
        log: &mut Transcript,
    ) -> Option<Said> {
        let connection = &mut kept.connection;
        let said = match connection.send(envelope, right, &self.inner.dialer.waits, until, log).await {
            Turn::Stale => return None,
            Turn::Over(Ok(reply)) => {
                slot.lane.accepted();
                Said::Replied { stage: Stage::Content, reply, host: connection.host.to_string() }
            }
            Turn::Over(Err(hitch)) => {
                let strain = match &hitch.why {
                    Why::Replied(reply) => reply.code == 421,
                    Why::Broke(trouble) => matches!(trouble, Trouble::TimedOut | Trouble::Closed),
                };
                if strain {
                    slot.lane.strained();
                }
                hitch.into_said(&connection.host)
            }
        };
        self.put_back(kept, slot);
        Some(said)
    }

    /// A connection fit for more waits for it; another takes leave on its own time.
    fn put_back(&self, kept: Kept, slot: &Slot) {
        if kept.connection.spent {
            return;
        }
        let closing = self.inner.closing.load(Ordering::Acquire);
        let surplus = if closing { Some(kept) } else { slot.lane.keep(kept) };
        match surplus {
            Some(kept) => self.inner.leave(kept.connection),
            None => Inner::sweep_idle(&self.inner),
        }
    }

    fn lane(&self, route: &Route, relay: &RelayAddr, manner: &Manner) -> Arc<Lane> {
        let mut lanes = self.inner.lanes();
        if lanes.len() >= LANES_MAX {
            let now = Instant::now();
            lanes.retain(|_, kinds| !kinds.iter().all(|(_, lane)| lane.is_at_rest(now)));
        }
        let kinds = lanes.entry((relay.name.clone(), route.site.clone())).or_default();
        if let Some((_, lane)) = kinds.iter().find(|(kind, _)| kind == manner) {
            return lane.clone();
        }
        let settings = &self.inner.settings;
        let of_provider = settings.providers.iter().find(|(domain, _)| route.is_wholly_within(domain));
        let lane = Arc::new(Lane::new(of_provider.map_or(settings.limits, |(_, limits)| *limits)));
        let key = (relay.name.clone(), route.site.clone());
        if let Some((until, said)) = self.inner.held.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            lane.hold(*until, said);
        }
        kinds.push((manner.clone(), lane.clone()));
        lane
    }

    fn lanes_of(&self, relay: &RelayAddr, site: &Site) -> Vec<Arc<Lane>> {
        let lanes = self.inner.lanes();
        let kinds = lanes.get(&(relay.name.clone(), site.clone()));
        kinds.into_iter().flatten().map(|(_, lane)| lane.clone()).collect()
    }
}

impl Inner {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_lanes(&self) -> Vec<Arc<Lane>> {
        self.lanes().values().flatten().map(|(_, lane)| lane.clone()).collect()
    }

    /// QUIT, beside the way of the messages.
    fn leave(&self, connection: Connection) {
        let waits = self.dialer.waits.clone();
        tokio::spawn(async move { connection.quit(&waits).await });
    }

    /// Looks through the idle connections until there are none left; starts by itself with the first.
    fn sweep_idle(this: &Arc<Self>) {
        if this.sweeping.swap(true, Ordering::AcqRel) {
            return;
        }
        let weak = Arc::downgrade(this);
        tokio::spawn(async move {
            loop {
                sleep(SWEEP).await;
                let Some(inner) = weak.upgrade() else { return };
                let lanes = inner.all_lanes();
                for kept in lanes.iter().flat_map(|lane| lane.take_idle(Some(Instant::now()))) {
                    inner.leave(kept.connection);
                }
                // Told free first, then looked again: a connection kept in between starts a sweep of its own.
                inner.sweeping.store(false, Ordering::Release);
                let left = lanes.iter().any(|lane| lane.load(Instant::now()).idle > 0);
                if !left || inner.sweeping.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
        });
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the line for this site is full")
    }
}

fn via(connection: &Connection) -> Via {
    Via {
        host: connection.host.clone(),
        remote: connection.remote,
        local: connection.local,
        tls: connection.tls.clone(),
    }
}

/// What is said of a connection that closed before it heard of the message.
fn closed(via: &Via) -> Said {
    Said::Broken { stage: Stage::MailFrom, trouble: Trouble::Closed, host: Some(via.host.to_string()) }
}

/// The answer of a site that is not asked.
fn from_memory(said: Said, left: Duration, mut log: Transcript) -> Attempted {
    let what = match &said {
        Said::Broken { trouble, .. } => words(*trouble).to_owned(),
        Said::Replied { reply, .. } => reply.to_string(),
        Said::NoRoute(_) => "no route".to_owned(),
    };
    log.note(format_args!("not asked for another {} s, as a moment ago: {what}", left.as_secs() + 1));
    Attempted { said, transcript: log, via: None, asked: false }
}
