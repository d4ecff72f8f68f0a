//! Claims what is due, plans, renders, signs, sends, settles.
//!
//! In: due messages from the queue. Out: mail at the receivers, and each message's next state with everything that was
//! said. The sender is chosen, the words are written out and the mail is signed at the attempt, from the words'
//! version and the fields recorded with the message. Our own faults (disk, database, bug) never fail a message: it is
//! due again when its lease ends.

mod attempt;
pub mod canary;
pub mod choice;
pub mod compose;
mod content;
pub mod conversation;
pub mod dial;
mod hitch;
pub mod hold;
mod judged;
mod lane;
mod mailed;
pub mod own_relay;
pub mod pace;
pub mod policy;
pub mod pool;
mod pushed;
mod put_off;
pub mod relay_health;
pub mod relays;
mod reply;
pub mod return_path;
mod round;
pub mod route;
pub mod seats;
mod settling;
pub mod sign_in;
pub mod standing;
mod stopped;
mod texted;
mod tls_report;
mod together;
pub mod token;
pub mod transcript;
pub mod truth;
mod turn;
pub mod wire;
mod written;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::clock;
use crate::config::Config;
use crate::keyring::Keyring;
use crate::library::LibraryCode;
use crate::metrics::Metrics;
use crate::outcome::Provider;
use crate::push::Pushes;
use crate::queue::{Schedule, leads};
use crate::secret::Secret;
use crate::store::{Book, Claimed, Store};
use crate::texting::Texts;
use crate::watch::Senders;
use own_relay::OwnRelays;
use policy::Policies;
use pool::Pool;
use relays::Relays;
use round::Round;
use route::Routes;
use seats::Whose;
use standing::Right;
pub use tls_report::TlsCounts;

/// Messages claimed in one transaction at most.
const CLAIM_MAX: usize = 400;

/// How long a claim waits to become a large one: many small transactions cost more than a few large ones. Not longer,
/// for slow receivers hold their places for minutes.
const GATHER: Duration = Duration::from_millis(100);

/// Libraries served in one round at most: each gets its share of the round.
const LIBRARIES_A_ROUND: u32 = 200;

/// The longest we sleep without looking: work may come from another process.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How often paused queues are looked through for messages at their deadline: it reads all that waits there.
const PAUSED_LOOK: SignedDuration = SignedDuration::from_secs(60);

/// How long to wait after the store was broken.
const AFTER_TROUBLE: Duration = Duration::from_secs(2);

/// What the engine works with.
pub struct Parts {
    /// The settings.
    pub config: Arc<Config>,
    /// Messages.
    pub store: Store,
    /// Libraries and words.
    pub book: Arc<Book>,
    /// Proofs and plans.
    pub senders: Arc<Senders>,
    /// DKIM keys.
    pub keyring: Arc<Keyring>,
    /// The installation's secret.
    pub secret: Arc<Secret>,
    /// Where mail for a domain goes.
    pub routes: Arc<Routes>,
    /// How much TLS receivers want.
    pub policies: Arc<Policies>,
    /// Connections.
    pub pool: Arc<Pool>,
    /// Libraries' own relays.
    pub own_relays: Arc<OwnRelays>,
    /// Text messages.
    pub texts: Arc<Texts>,
    /// Notifications.
    pub pushes: Arc<Pushes>,
    /// Which of our relays are in use.
    pub relays: Arc<Relays>,
    /// Woken when something is due now.
    pub wake: Arc<Notify>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How TLS went, for reports to receivers' domains.
    pub tls_counts: Arc<TlsCounts>,
}

/// The engine.
pub struct Delivery {
    parts: Parts,
    schedule: Schedule,
    lease: SignedDuration,
    under_way: Arc<Semaphore>,
    looked_at_paused: Mutex<Timestamp>,
    /// The library served last: the next round begins after it.
    last_served: Mutex<String>,
    /// Rounds claimed so far: each lane leads some of them.
    rounds: AtomicU64,
    put_off: put_off::PutOff,
}

impl Delivery {
    /// An engine over `parts`; [`Delivery::run`] sets it going.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let lease = SignedDuration::try_from(parts.config.retry.lease).unwrap_or(SignedDuration::from_mins(15));
        Arc::new(Self {
            schedule: Schedule::new(parts.config.retry.schedule.clone()),
            under_way: Arc::new(Semaphore::new(parts.config.limits.in_flight)),
            last_served: Mutex::default(),
            rounds: AtomicU64::new(0),
            put_off: put_off::PutOff::default(),
            lease,
            looked_at_paused: Mutex::new(Timestamp::UNIX_EPOCH),
            parts,
        })
    }

    /// Works until `stop`, or until a part of it is gone; then finishes what is under way, settles it and takes leave of the receivers.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let (settler, settling) = {
            let Parts { store, wake, metrics, .. } = &self.parts;
            settling::start(store.clone(), Arc::clone(wake), Arc::clone(metrics))
        };
        let calling = tokio::spawn(put_off::call(Arc::clone(&self)));
        let engine = Arc::clone(&self);
        let telling = tokio::spawn(async move { tls_report::run(&engine.parts).await });
        let engine = Arc::clone(&self);
        let looking = tokio::spawn(async move { relay_health::run(&engine.parts).await });
        tokio::pin!(stop);
        let is_whole = || ![&settling, &calling, &telling, &looking].iter().any(|part| part.is_finished());
        while is_whole() && self.round(&settler, &mut stop).await {}
        calling.abort();
        telling.abort();
        looking.abort();
        if settling.is_finished() {
            // Nothing that is under way could be settled any more.
            return;
        }
        // All permits back means that nothing is under way. The lease bounds the wait: past it, others take over.
        let all = u32::try_from(self.parts.config.limits.in_flight).unwrap_or(u32::MAX);
        let lease = self.parts.config.retry.lease;
        let _ = tokio::time::timeout(lease, self.under_way.acquire_many(all)).await;
        drop(settler);
        let _ = tokio::time::timeout(lease, settling).await;
        tls_report::keep(&self.parts).await;
        self.parts.pool.close().await;
    }

    /// Looks at our relays now, as it does by itself every hour.
    pub async fn look_at_relays(&self, now: Timestamp) {
        relay_health::look(&self.parts, now).await;
    }

    /// Tells receivers' domains now how TLS went on the days before the one of `now`, as it does by itself. Gives how many reports left.
    pub async fn tell_tls(&self, now: Timestamp) -> usize {
        tls_report::keep(&self.parts).await;
        tls_report::tell(&self.parts, now).await
    }

    /// Claims a round and sets its messages going, or sleeps until there is something to do. False when `stop` has come.
    async fn round(
        self: &Arc<Self>,
        settler: &settling::Settler,
        stop: &mut (impl Future<Output = ()> + Unpin),
    ) -> bool {
        // Places must be free before anything is claimed: a lease must not run while a message waits for us. This is the
        // one place where they are taken, so those that are free stay free.
        let many = u32::try_from(CLAIM_MAX.min(self.parts.config.limits.in_flight)).unwrap_or(1);
        drop(tokio::time::timeout(GATHER, self.under_way.acquire_many(many)).await);
        let Some(first) = self.place(stop).await else { return false };
        drop(first);
        // Before the claim: what is claimed is ours by this, and is not ended without it.
        let right = self.parts.pool.right(Some(self.parts.config.retry.lease));
        if !right.holds() {
            return tokio::select! {
                biased;
                () = stop => false,
                () = tokio::time::sleep(LOOK_AGAIN) => true,
            };
        }
        let now = clock::now();
        // Not to be broken off by a stop: what is claimed is tried or handed back, or it would wait for its lease.
        let pause = match self.claim(now).await {
            Ok(claimed) if !claimed.is_empty() => return self.begin(claimed, &right, settler, stop).await,
            Ok(_) => self.until_due(now).await,
            Err(error) => {
                tracing::error!(%error, "the queue could not be read");
                AFTER_TROUBLE
            }
        };
        tokio::select! {
            biased;
            () = stop => false,
            () = self.parts.wake.notified() => true,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// A place among those under way; none when `stop` comes first.
    async fn place(&self, stop: &mut (impl Future<Output = ()> + Unpin)) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = stop => None,
            place = Arc::clone(&self.under_way).acquire_owned() => place.ok(),
        }
    }

    /// Sets claimed messages going as places come free; after a `stop` the rest is handed back. False then.
    async fn begin(
        self: &Arc<Self>,
        claimed: Vec<Claimed>,
        right: &Right,
        settler: &settling::Settler,
        stop: &mut (impl Future<Output = ()> + Unpin),
    ) -> bool {
        let mut waiting = claimed.into_iter();
        while let Some(message) = waiting.next() {
            let Some(place) = self.place(stop).await else {
                for message in std::iter::once(message).chain(waiting) {
                    settler.put(attempt::handed_back(&message)).await;
                }
                return false;
            };
            let (engine, settler, right) = (Arc::clone(self), settler.clone(), right.clone());
            let counted = self.parts.metrics.begin();
            tokio::spawn(async move {
                let settled = attempt::attempt(&engine, message, &right).await;
                settler.put(settled).await;
                drop(counted);
                drop(place);
            });
        }
        true
    }

    /// What is due, a fair share of each library that has anything due.
    async fn claim(&self, now: Timestamp) -> crate::store::Result<Vec<Claimed>> {
        let store = &self.parts.store;
        let room = self.under_way.available_permits().clamp(1, CLAIM_MAX);
        let until = now.checked_add(self.lease).unwrap_or(Timestamp::MAX);
        if self.is_time_for_paused(now) {
            let expired = store.claim_expired(u32::try_from(room).unwrap_or(1), now, until).await?;
            if !expired.is_empty() {
                return Ok(expired);
            }
        }
        let last = self.last_served.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let due = store.libraries_due(now, &last, LIBRARIES_A_ROUND).await?;
        let Some(Round { libraries, each, last }) = Round::of(due, room, |library| self.is_others(library, now)) else {
            return Ok(Vec::new());
        };
        *self.last_served.lock().unwrap_or_else(PoisonError::into_inner) = last;
        if libraries.is_empty() {
            return Ok(Vec::new());
        }
        let round = self.rounds.fetch_add(1, Ordering::Relaxed);
        store.claim_led(libraries, each, leads(round), now, until).await
    }

    /// Whether the library's messages are left to another process. What nobody can send is claimed by anybody, to say why it waits.
    fn is_others(&self, library: &str, now: Timestamp) -> bool {
        let record = LibraryCode::parse(library).ok().and_then(|code| self.parts.book.library(&code));
        record.is_some_and(|library| self.parts.relays.whose(&library, now) == Whose::Others)
    }

    /// Whether paused queues are to be looked through now.
    fn is_time_for_paused(&self, now: Timestamp) -> bool {
        let mut looked = self.looked_at_paused.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = now.duration_since(*looked) >= PAUSED_LOOK;
        if is_time {
            *looked = now;
        }
        is_time
    }

    /// Who answers at the hosts of `route`: those the settings name, or those we know.
    fn provider(&self, route: &route::Route) -> Provider {
        let named = self.parts.config.smtp.provider_hosts.iter().find(|named| route.is_wholly_within(&named.suffix));
        named
            .and_then(|named| Provider::from_id(&named.provider))
            .unwrap_or_else(|| Provider::from_mx(route.hosts.iter().map(|host| host.name.as_str())))
    }

    /// How long nothing is due, as far as this process knows.
    async fn until_due(&self, now: Timestamp) -> Duration {
        match self.parts.store.next_due().await {
            Ok(Some(due)) => {
                // What is due and was not claimed is left to another process, or one has it in hand at this moment.
                let soonest = if self.parts.store.is_shared() { GATHER } else { Duration::ZERO };
                Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO).clamp(soonest, LOOK_AGAIN)
            }
            _ => LOOK_AGAIN,
        }
    }
}
