//! Looks at every sender's records regularly, keeps the proofs, and makes the plan from them.
//!
//! In: libraries, keys, DNS, and what providers really answered. Out: a [`Plan`] at once whenever one is asked for, and
//! a [`Change`] whenever a library's sender changes by itself. Accepting an event never waits for DNS; an attempt in a
//! library's own name waits for it only where the facts at hand have run out.

mod asked;
mod foreseen;
mod observed;
mod published;
mod switched;
#[cfg(test)]
mod tests;

pub use asked::ASKED_LOOK_MAX;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use standards::dkim::KeyRecord;
use standards::domain::Domain;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

pub use switched::{UNPROVEN_CAUSE, refusal, still_stands};

use crate::clock;
use crate::config::Config;
use crate::id::CanaryId;
use crate::keyring::Keyring;
use crate::library::{Library, LibraryCode};
use crate::net::dns::{Resolver, SPF_CHECK_TIMEOUT};
use crate::net::facts;
use crate::notice::Language;
use crate::outcome::{Cause, Outcome, Provider};
use crate::sender::{
    self, Family, Kit, OurKey, Ours, Plan, Proof, Reason, RelayFound, RelayProof, SenderKind, Situation, Subject,
};
use crate::store::{Book, Store};

/// How long one look at a domain's records may take, with all its questions: what RFC 7208 §4.6.4 gives to an SPF check
/// alone, since all are asked side by side. What has no answer by then is unknown.
const LOOK_MAX: Duration = SPF_CHECK_TIMEOUT;

/// Libraries looked at side by side.
const SIDE_BY_SIDE: usize = 8;

/// The soonest that a domain is looked at again in the background, whatever its TTL.
const AGAIN_AT_SOONEST: Duration = Duration::from_secs(60);

/// Plans remembered; one for each library, language and family is the usual number.
const PLANS_MAX: usize = 50_000;

/// How long a remembered plan is used without looking at ages again.
const PLAN_REMEMBERED: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// The incident of a relay that does not let us send.
const RELAY_CAUSE: &str = "relay.auth";

/// Facts are not used in the last moment before they run out: a receiver asks for the same records a moment after us, and
/// what was taken away since would be gone for it.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Nor in the last quarter, where that is shorter.
const LAST_PART: i32 = 4;

/// Whether facts may be used for a message that a receiver checks a moment later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Good {
    Yes,
    /// They run out in so long.
    NotLong(Duration),
    No,
}

/// How good facts are that were asked for at `checked_at` and run out at `expires_at`.
fn good(checked_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> Good {
    let left = Duration::try_from(expires_at.duration_since(now)).unwrap_or(Duration::ZERO);
    let last = Duration::try_from(expires_at.duration_since(checked_at) / LAST_PART).unwrap_or(Duration::ZERO);
    match left {
        Duration::ZERO => Good::No,
        left if left < last.min(LAST_MOMENT) => Good::NotLong(left),
        _ => Good::Yes,
    }
}

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
        self.generation.fetch_add(1, Ordering::Relaxed);
        self.nudged.notify_one();
        self.relays_changed.notify_one();
    }

    /// Brings in what another process found out about libraries' own relays, and forgets the plans.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn refresh(&self) -> crate::store::Result<()> {
        let relays = self.store.relay_proofs().await?.into_iter().collect();
        *self.relays.write().unwrap_or_else(PoisonError::into_inner) = relays;
        self.generation.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// What is known of the library's own relay.
    #[must_use]
    pub fn relay_proof(&self, library: &LibraryCode) -> Option<RelayProof> {
        self.relays.read().unwrap_or_else(PoisonError::into_inner).get(library).cloned()
    }

    /// Whose test message this is, while it is waited for.
    #[must_use]
    pub fn library_of(&self, canary: CanaryId) -> Option<(LibraryCode, RelayProof)> {
        let relays = self.relays.read().unwrap_or_else(PoisonError::into_inner);
        let found = relays.iter().find(|(_, proof)| proof.canary == Some(canary));
        found.map(|(library, proof)| (library.clone(), proof.clone()))
    }

    /// Returns when a library or its relay's secret has changed since it was asked last.
    pub async fn relays_changed(&self) {
        self.relays_changed.notified().await;
    }

    /// The relay has a new secret: what was known of it is forgotten, and a test message goes out.
    pub fn forget_relay(&self, library: &LibraryCode) {
        self.relays.write().unwrap_or_else(PoisonError::into_inner).remove(library);
        self.nudge();
    }

    /// Keeps what a test message found, unless another is waited for by now: the relay or its secret has changed since.
    pub async fn learn_of(&self, canary: CanaryId, library: &Library, proof: RelayProof) {
        if self.relay_proof(&library.code).is_some_and(|known| known.canary == Some(canary)) {
            self.learn_relay(library, proof).await;
        }
    }

    /// Keeps what was found of the library's own relay, and tells where it changes the sender.
    pub async fn learn_relay(&self, library: &Library, proof: RelayProof) {
        let now = clock::now();
        let before = self.plan(library, &[], now).sender;
        let came_through = matches!(proof.found, RelayFound::CameThrough { .. });
        // Known first and written down after: what is forgotten meanwhile is found out again.
        self.relays.write().unwrap_or_else(PoisonError::into_inner).insert(library.code.clone(), proof.clone());
        self.generation.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.store.put_relay_proof(library.code.clone(), &proof, now).await {
            tracing::error!(%error, "what is known of a relay could not be kept");
        }
        let plan = self.plan(library, &[], now);
        if plan.sender != before {
            let why = plan.reason.clone();
            tracing::info!(library = %library.code, sender = plan.sender.code(), "the sender changed");
            let domain = plan.from.domain().clone();
            let _ = self.changes.send(Change { library: library.code.clone(), domain, now: plan.sender, why });
        }
        if came_through {
            let closed = self.store.close_incident(library.code.to_string(), RELAY_CAUSE.to_owned(), now).await;
            if let Err(error) = closed {
                tracing::error!(%error, "an incident could not be closed");
            }
        }
    }

    /// The library's own relay would not take a notice, for a reason that concerns the relay or who we say we are: an
    /// incident, no more notices that way, and a test message later.
    pub async fn relay_refused(&self, library: &Library, cause: Cause, reply: &str, now: Timestamp) {
        let (Some(relay), Some(from)) = (&library.relay, &library.from) else { return };
        let proof = RelayProof {
            relay: relay.name(),
            from: from.clone(),
            canary: None,
            proven_at: None,
            found: match cause.code() {
                "relay.token" => RelayFound::NoToken { why: reply.to_owned() },
                _ => RelayFound::Refused { reply: reply.to_owned() },
            },
            at: now,
        };
        self.learn_relay(library, proof).await;
        let detail = format!("{} refused {} ({})", relay.host, from.domain(), cause.code());
        if let Err(error) = self.store.incident(library.code.to_string(), RELAY_CAUSE.to_owned(), detail, now).await {
            tracing::error!(%error, "an incident could not be kept");
        }
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

    /// Looks at the library's own domain where the facts at hand have run out, or are about to. Waits for DNS, within a
    /// limit.
    pub async fn make_sure(&self, library: &Library, now: Timestamp) {
        let Some(from) = &library.from else { return };
        let current = self.proof(from.domain(), &library.region);
        let good_for = current.map_or(Good::No, |proof| good(proof.facts.checked_at(), proof.facts.expires_at(), now));
        match good_for {
            Good::Yes => return,
            // No cache between us and the library answers anything new before.
            Good::NotLong(left) => tokio::time::sleep(left).await,
            Good::No => {}
        }
        self.look(from.domain(), library, &self.dns).await;
    }

    /// Looks at the library's own domain without believing any cache: a receiver has said otherwise.
    pub async fn look_again(&self, library: &Library) {
        let Some(from) = &library.from else { return };
        match self.dns.fresh() {
            Ok(fresh) => self.look(from.domain(), library, &fresh).await,
            Err(error) => tracing::error!(%error, "no fresh resolver"),
        }
    }

    /// What a provider answered to a message under `plan`: counted, and an incident where it was a refusal for
    /// authentication.
    pub async fn observed(
        &self,
        library: &Library,
        plan: &Plan,
        provider: Provider,
        outcome: &Outcome,
        now: Timestamp,
    ) {
        let authentication = outcome.cause().filter(|cause| cause.is_within("auth"));
        let accepted = matches!(outcome, Outcome::Accepted { .. });
        if !accepted && authentication.is_none() {
            return;
        }
        let name = provider.name_or("other");
        if self.observed.count(&library.code, plan.from.domain(), name, plan.sender, accepted) {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
        match authentication {
            None => self.accepted(library, name, now).await,
            Some(cause) => {
                self.refused(library, plan.from.domain(), plan.rung.code(), name, cause.code(), now).await;
                // So many refusals may have outvoted the records.
                self.tell_changes(plan.from.domain(), &library.region, now);
            }
        }
    }

    /// A message from `from` that a provider had accepted came back for authentication: counted as a refusal, and an
    /// incident.
    pub async fn refused_later(
        &self,
        library: &Library,
        from: &Domain,
        sender: SenderKind,
        provider: &str,
        cause: Cause,
        now: Timestamp,
    ) {
        if self.observed.count(&library.code, from, provider, sender, false) {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
        self.refused(library, from, sender.code(), provider, cause.code(), now).await;
        self.tell_changes(from, &library.region, now);
    }

    /// One look at a domain; several who ask at once share it.
    async fn look(&self, domain: &Domain, library: &Library, dns: &Resolver) {
        let key = (domain.clone(), library.region.clone());
        let turn = {
            let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(looking.entry(key.clone()).or_default())
        };
        let asked_at = clock::now();
        let _turn = turn.lock().await;
        if self.proof(&key.0, &key.1).is_some_and(|proof| proof.facts.checked_at() >= asked_at) {
            return;
        }
        let ours = self.ours(&library.region);
        let subject = self.subject(domain, &ours);
        let dns = dns.until(Instant::now() + LOOK_MAX);
        let facts = facts::gather(&dns, &ours, &subject, clock::now()).await;
        self.learn(key, facts);
        self.tell_records(domain, &library.region, clock::now()).await;
    }

    /// What to look for at `domain`: our keys and names there.
    #[must_use]
    pub fn subject(&self, domain: &Domain, ours: &Ours) -> Subject {
        let shared = *domain == ours.shared;
        let selectors = if shared { &ours.selectors } else { &ours.library_selectors };
        let keys = selectors.iter().filter_map(|selector| self.keyring.get(domain.as_str(), selector));
        let ours_at = |key: Arc<crate::keyring::Key>| OurKey {
            selector: key.selector.clone(),
            algorithm: key.algorithm.clone(),
            public: key.public.clone(),
        };
        let keys = keys.map(ours_at).collect();
        if shared { Subject::shared(keys, ours) } else { Subject::library(domain.clone(), keys, ours) }
    }

    /// The records that `library` has published for its From domain `domain`, or should, past every cache. None when there
    /// is no resolver to ask.
    pub async fn kit(&self, library: &Library, domain: &Domain) -> Option<Kit> {
        self.keys_for(domain, library).await;
        let fresh = self.dns.fresh().ok()?.until(Instant::now() + LOOK_MAX);
        let ours = self.ours(&library.region);
        let subject = self.subject(domain, &ours);
        // Libraries that share a domain share its keys, which are published under the name of the first of them.
        let key = ours.library_selectors.iter().find_map(|selector| self.keyring.get(domain.as_str(), selector));
        let owner = key.and_then(|key| LibraryCode::parse(key.library.as_deref()?).ok());
        let code = owner.unwrap_or_else(|| library.code.clone());
        Some(facts::kit(&fresh, &ours, &subject, &code, clock::now()).await)
    }

    /// Keeps new facts, and tells where they change a library's sender.
    fn learn(&self, key: ProofKey, facts: sender::Facts) {
        let (domain, region) = key.clone();
        let proof = Arc::new(Proof::of(facts, self.config.proof.age_limit));
        self.proofs.write().unwrap_or_else(PoisonError::into_inner).insert(key, proof);
        self.generation.fetch_add(1, Ordering::Relaxed);
        self.tell_changes(&domain, &region, clock::now());
    }

    /// What was answered to this library's messages in the last seven days.
    #[must_use]
    pub fn observations(&self, library: &Library) -> Vec<sender::Observed> {
        self.observed.of(&library.code)
    }

    /// Whether DNS shows this key now, past every cache.
    pub async fn key_is_published(&self, domain: &Domain, selector: &str, public: &str) -> bool {
        let Ok(name) = domain.below(&format!("{selector}._domainkey")) else { return false };
        let Ok(fresh) = self.dns.fresh() else { return false };
        let Ok(found) = standards::dns::Dns::txt(&fresh, &name).await else { return false };
        found.records.iter().any(|text| KeyRecord::parse(text).is_ok_and(|key| key.is("rsa", public)))
    }

    /// Looks at the shared domain as `region` sends from it, past every cache.
    pub async fn look_at_shared(self: &Arc<Self>, region: &str) -> Option<Arc<Proof>> {
        let shared = self.config.shared.domain.clone();
        let fresh = self.dns.fresh().ok()?.until(Instant::now() + LOOK_MAX);
        let ours = self.ours(region);
        let subject = self.subject(&shared, &ours);
        let facts = facts::gather(&fresh, &ours, &subject, clock::now()).await;
        let proof = Arc::new(Proof::of(facts, self.config.proof.age_limit));
        self.proofs
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((shared, region.to_owned()), Arc::clone(&proof));
        self.generation.fetch_add(1, Ordering::Relaxed);
        Some(proof)
    }

    /// Looks at everything whose time has come, again and again, until `stop`.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = self.round() => {}
            }
            let pause = self.config.proof.look_every.min(AGAIN_AT_SOONEST);
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = self.nudged.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.observed.write_down(&self.store).await;
    }

    /// One round over all libraries.
    async fn round(self: &Arc<Self>) {
        self.observed.write_down(&self.store).await;
        let mut waiting = self.due(clock::now());
        let mut going = tokio::task::JoinSet::new();
        loop {
            while going.len() < SIDE_BY_SIDE {
                let Some((domain, library)) = waiting.pop() else { break };
                let senders = Arc::clone(self);
                going.spawn(async move {
                    senders.keys_for(&domain, &library).await;
                    senders.look(&domain, &library, &senders.dns).await;
                });
            }
            if going.join_next().await.is_none() {
                return;
            }
        }
    }

    /// Domains whose facts have run out, or were asked for `look_every` ago.
    fn due(&self, now: Timestamp) -> Vec<(Domain, Arc<Library>)> {
        let every = jiff::SignedDuration::try_from(self.config.proof.look_every).unwrap_or(jiff::SignedDuration::MAX);
        let mut due: Vec<(Domain, Arc<Library>)> = Vec::new();
        for library in self.book.libraries() {
            let own = library.from.as_ref().map(|from| from.domain().clone());
            for domain in own.into_iter().chain([self.config.shared.domain.clone()]) {
                let known = self.proof(&domain, &library.region);
                let is_due = known.is_none_or(|proof| {
                    proof.facts.expires_at() <= now || now.duration_since(proof.facts.checked_at()) >= every
                });
                let listed = due.iter().any(|(d, l)| *d == domain && l.region == library.region);
                if is_due && !listed {
                    due.push((domain, Arc::clone(&library)));
                }
            }
        }
        due
    }

    /// Makes the keys that a library's domain can delegate to, so that its IT kit has them.
    async fn keys_for(&self, domain: &Domain, library: &Library) {
        let shared = *domain == self.config.shared.domain;
        if !shared && sender::is_public_mailbox(domain) {
            return;
        }
        let selectors = if shared { &self.config.shared.selectors } else { &self.config.shared.library_selectors };
        for (index, selector) in selectors.iter().enumerate() {
            let of = (!shared).then(|| library.code.as_str());
            if let Err(error) = self.keyring.make(domain, selector, of, index == 0).await {
                tracing::error!(%domain, selector, %error, "a DKIM key could not be made");
            }
        }
    }
}
