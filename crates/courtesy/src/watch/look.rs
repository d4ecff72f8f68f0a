//! One look at a domain's records, and how long what it found may be used.
//!
//! In: a domain, and whose mail leaves in its name. Out: a proof that is kept, and who it concerns is told. Not here: when a domain's time has
//! come (`rounds`), and looks of which nothing is kept (`asked`).

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use standards::domain::Domain;
use tokio::time::Instant;

use super::{ProofKey, Senders};
use crate::clock;
use crate::keyring::Key;
use crate::library::Library;
use crate::net::dns::{Resolver, SPF_CHECK_TIMEOUT};
use crate::net::facts;
use crate::sender::{Facts, OurKey, Ours, Proof, Subject};

/// How long one look at a domain's records may take, with all its questions: what RFC 7208 §4.6.4 gives to an SPF check
/// alone, since all are asked side by side. What has no answer by then is unknown.
pub(super) const LOOK_MAX: Duration = SPF_CHECK_TIMEOUT;

/// Facts are not used in the last moment before they run out: a receiver asks for the same records a moment after us, and
/// what was taken away since would be gone for it.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Nor in the last quarter, where that is shorter.
const LAST_PART: i32 = 4;

/// Whether facts may be used for a message that a receiver checks a moment later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Good {
    Yes,
    /// They run out in so long.
    NotLong(Duration),
    No,
}

/// How good facts are that were asked for at `checked_at` and run out at `expires_at`.
pub(super) fn good(checked_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> Good {
    let left = Duration::try_from(expires_at.duration_since(now)).unwrap_or(Duration::ZERO);
    let last = Duration::try_from(expires_at.duration_since(checked_at) / LAST_PART).unwrap_or(Duration::ZERO);
    match left {
        Duration::ZERO => Good::No,
        left if left < last.min(LAST_MOMENT) => Good::NotLong(left),
        _ => Good::Yes,
    }
}

impl Senders {
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

    /// Looks at the shared domain as `region` sends from it, past every cache.
    pub async fn look_at_shared(self: &Arc<Self>, region: &str) -> Option<Arc<Proof>> {
        let shared = self.config.shared.domain.clone();
        let fresh = self.dns.fresh().ok()?.until(Instant::now() + LOOK_MAX);
        let ours = self.ours(region);
        let subject = self.subject(&shared, &ours);
        let facts = facts::gather(&fresh, &ours, &subject, clock::now()).await;
        Some(self.keep((shared, region.to_owned()), facts))
    }

    /// One look at a domain; several who ask at once share it.
    pub(super) async fn look(&self, domain: &Domain, library: &Library, dns: &Resolver) {
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
        let ours_at = |key: Arc<Key>| OurKey {
            selector: key.selector.clone(),
            algorithm: key.algorithm.clone(),
            public: key.public.clone(),
        };
        let keys = keys.map(ours_at).collect();
        if shared { Subject::shared(keys, ours) } else { Subject::library(domain.clone(), keys, ours) }
    }

    /// Keeps new facts, and tells where they change a library's sender.
    fn learn(&self, key: ProofKey, facts: Facts) {
        let (domain, region) = key.clone();
        self.keep(key, facts);
        self.tell_changes(&domain, &region, clock::now());
    }

    fn keep(&self, key: ProofKey, facts: Facts) -> Arc<Proof> {
        let proof = Arc::new(Proof::of(facts, self.config.proof.age_limit));
        self.proofs.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&proof));
        self.forget_plans();
        proof
    }
}
