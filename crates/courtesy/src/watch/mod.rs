//! Looks at every sender's records regularly, keeps the proofs, and makes the plan from them.
//!
//! In: libraries, keys, DNS, and what providers really answered. Out: a [`Plan`] at once whenever one is asked for, and
//! a [`Change`] whenever a library's sender changes by itself. Accepting an event never waits for DNS; an attempt in a
//! library's own name waits for it only where the facts at hand have run out.

mod asked;
mod foreseen;
mod look;
mod observed;
mod own_relay;
mod published;
mod rounds;
mod switched;
#[cfg(test)]
mod tests;

pub use asked::ASKED_LOOK_MAX;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use standards::domain::Domain;
use tokio::sync::{Notify, mpsc};

pub use switched::{UNPROVEN_CAUSE, refusal, still_stands};

use crate::clock;
use crate::config::Config;
use crate::keyring::Keyring;
use crate::library::{Library, LibraryCode};
use crate::net::dns::Resolver;
use crate::notice::Language;
use crate::outcome::Provider;
use crate::sender::{self, Family, Ours, Plan, Proof, Reason, RelayProof, SenderKind, Situation};
use crate::store::{Book, Store};

/// Plans remembered; one for each library, language and family is the usual number.
const PLANS_MAX: usize = 50_000;

/// How long a remembered plan is used without looking at ages again.
const PLAN_REMEMBERED: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// A library's sender has changed by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub library: LibraryCode,
    /// The domain of its own address.
    pub domain: Domain,
    /// The sender now.
    pub now: SenderKind,
    /// Why.
    pub why: Reason,
}

type PlanKey = (LibraryCode, Language, Option<Family>, Vec<SenderKind>);
type ProofKey = (Domain, String);

/// A plan, and how long it needs no second thought.
struct Remembered {
    /// The state of all that plans are made from.
    generation: u64,
    until: Timestamp,
    plan: Arc<Plan>,
}

/// Proofs and plans.
pub struct Senders {
    config: Arc<Config>,
    store: Store,
    book: Arc<Book>,
    keyring: Arc<Keyring>,
    dns: Resolver,
    proofs: RwLock<HashMap<ProofKey, Arc<Proof>>>,
    plans: Mutex<HashMap<PlanKey, Remembered>>,
    generation: AtomicU64,
    observed: observed::Ledger,
    looking: Mutex<HashMap<ProofKey, Arc<tokio::sync::Mutex<()>>>>,
    nudged: Notify,
    relays: RwLock<HashMap<LibraryCode, RelayProof>>,
    relays_changed: Notify,
    changes: mpsc::UnboundedSender<Change>,
    told: switched::Told,
    published: published::Published,
}

impl Senders {
    /// Senders that know nothing yet but what the store remembers of providers' answers; with the line of changes.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn open(
        config: Arc<Config>,
        store: Store,
        book: Arc<Book>,
        keyring: Arc<Keyring>,
        dns: Resolver,
    ) -> crate::store::Result<(Arc<Self>, mpsc::UnboundedReceiver<Change>)> {
        let (changes, changed) = mpsc::unbounded_channel();
        let observed = observed::Ledger::open(&store, &config.shared.domain).await?;
        let relays = store.relay_proofs().await?;
        let told = switched::Told::open(&store).await?;
        let senders = Self {
            config,
            store,
            book,
            keyring,
            dns,
            proofs: RwLock::default(),
            plans: Mutex::default(),
            generation: AtomicU64::new(0),
            observed,
            looking: Mutex::default(),
            nudged: Notify::new(),
            relays: RwLock::new(relays.into_iter().collect()),
            relays_changed: Notify::new(),
            changes,
            told,
            published: published::Published::default(),
        };
        Ok((Arc::new(senders), changed))
    }

    /// Something changed (a library, a key): look now, and forget the plans.
    pub fn nudge(&self) {
        self.forget_plans();
        self.nudged.notify_one();
        self.relays_changed.notify_one();
    }

    /// Something that plans are made from has changed.
    fn forget_plans(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// What is ours to send from for libraries of `region`.
    #[must_use]
    pub fn ours(&self, region: &str) -> Ours {
        let relays = self.config.relays_of(region, clock::now());
        let helo = relays.first().map_or_else(|| self.config.public_host.clone(), |relay| relay.host.clone());
        Ours::new(&self.config, helo, relays.iter().flat_map(|relay| relay.sources.iter().copied()).collect())
    }

    /// The proof at hand for a domain as sent from by `region`.
    #[must_use]
    pub fn proof(&self, domain: &Domain, region: &str) -> Option<Arc<Proof>> {
        let key = (domain.clone(), region.to_owned());
        self.proofs.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    /// The plan for `library` as things stand, for no receiver in particular. Asks nobody.
    #[must_use]
    pub fn plan(&self, library: &Library, refused: &[SenderKind], now: Timestamp) -> Arc<Plan> {
        self.plan_for(library, library.language_for(None), None, refused, now)
    }

    /// The plan for a message to a receiver of `provider`, that was refused under `refused`. Asks nobody.
    #[must_use]
    pub fn plan_for(
        &self,
        library: &Library,
        language: Language,
        provider: Option<Provider>,
        refused: &[SenderKind],
        now: Timestamp,
    ) -> Arc<Plan> {
        let family = provider.map(|provider| Family::from_name(provider.name_or("")));
        let generation = self.generation.load(Ordering::Relaxed);
        let key = (library.code.clone(), language, family, refused.to_vec());
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = plans.get(&key)
            && known.generation == generation
            && now < known.until
        {
            return Arc::clone(&known.plan);
        }
        let plan = Arc::new(self.made(library, language, family, refused));
        if plans.len() >= PLANS_MAX {
            plans.clear();
        }
        let until = now.checked_add(PLAN_REMEMBERED).unwrap_or(now);
        plans.insert(key, Remembered { generation, until, plan: Arc::clone(&plan) });
        plan
    }

    fn made(&self, library: &Library, language: Language, family: Option<Family>, refused: &[SenderKind]) -> Plan {
        let ours = self.ours(&library.region);
        let domains = library.from.iter().map(|from| from.domain()).chain([&ours.shared]);
        let proofs: Vec<Proof> =
            domains.filter_map(|domain| self.proof(domain, &library.region)).map(|proof| (*proof).clone()).collect();
        let observed = self.observed.of(&library.code);
        let relay = self.relay_proof(&library.code);
        let situation = Situation {
            library,
            language,
            proofs: &proofs,
            ours: &ours,
            family,
            observed: &observed,
            relay: relay.as_ref(),
            exclude: refused,
        };
        // The clock is read after the facts: a look may have ended while the caller was on its way here, and facts of the
        // future prove nothing.
        sender::plan(&situation, clock::now())
    }
}
