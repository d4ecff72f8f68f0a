//! What providers really answered, counted in memory and written down now and then.
//!
//! In: the answers to messages that left. Out: counts of seven days, which outvote records; incidents for refusals that concern the sender.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use standards::domain::Domain;

use super::Senders;
use crate::clock;
use crate::library::{Library, LibraryCode};
use crate::outcome::{Cause, Outcome, Provider};
use crate::sender::{Family, Observed, Plan, SenderKind};
use crate::store;

type Seen = HashMap<(LibraryCode, String, String), (i64, i64)>;

/// The counts of the last seven days.
pub(super) struct Ledger {
    shared: Domain,
    counts: RwLock<HashMap<LibraryCode, Vec<Observed>>>,
    unwritten: Mutex<Seen>,
}

impl Ledger {
    pub(super) async fn open(store: &store::Store, shared: &Domain) -> store::Result<Self> {
        let ledger = Self { shared: shared.clone(), counts: RwLock::default(), unwritten: Mutex::default() };
        ledger.read(store).await?;
        Ok(ledger)
    }

    async fn read(&self, store: &store::Store) -> store::Result<()> {
        let mut counts: HashMap<LibraryCode, Vec<Observed>> = HashMap::new();
        for row in store.observed(clock::now()).await? {
            let own = row.domain != self.shared.as_str();
            let sender = if own { SenderKind::Own } else { SenderKind::Shared };
            let accepted = u32::try_from(row.accepted).unwrap_or(u32::MAX);
            let refused = u32::try_from(row.refused).unwrap_or(u32::MAX);
            let family = Family::from_name(&row.provider);
            add(counts.entry(row.library).or_default(), family, sender, accepted, refused);
        }
        *self.counts.write().unwrap_or_else(PoisonError::into_inner) = counts;
        Ok(())
    }

    /// The counts of one library.
    pub(super) fn of(&self, library: &LibraryCode) -> Vec<Observed> {
        self.counts.read().unwrap_or_else(PoisonError::into_inner).get(library).cloned().unwrap_or_default()
    }

    /// Counts one answer. True where it may change a plan: a refusal.
    pub(super) fn count(
        &self,
        library: &LibraryCode,
        domain: &Domain,
        provider: &str,
        sender: SenderKind,
        accepted: bool,
    ) -> bool {
        {
            let mut counts = self.counts.write().unwrap_or_else(PoisonError::into_inner);
            let (yes, no) = if accepted { (1, 0) } else { (0, 1) };
            add(counts.entry(library.clone()).or_default(), Family::from_name(provider), sender, yes, no);
        }
        let key = (library.clone(), domain.to_string(), provider.to_owned());
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        let (yes, no) = unwritten.entry(key).or_default();
        *(if accepted { yes } else { no }) += 1;
        !accepted
    }

    /// Writes the counts to the store. What cannot be written is kept for the next time.
    pub(super) async fn write_down(&self, store: &store::Store) {
        let seen = std::mem::take(&mut *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner));
        if seen.is_empty() {
            return;
        }
        let rows = seen.iter().map(|((library, domain, provider), (accepted, refused))| store::Observed {
            library: library.clone(),
            domain: domain.clone(),
            provider: provider.clone(),
            accepted: *accepted,
            refused: *refused,
        });
        if let Err(error) = store.count_observed(rows.collect(), clock::now()).await {
            tracing::error!(%error, "what providers answered could not be written down");
            let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, (accepted, refused)) in seen {
                let (yes, no) = unwritten.entry(key).or_default();
                *yes += accepted;
                *no += refused;
            }
            return;
        }
        // Days that have passed drop out of the seven.
        if let Err(error) = self.read(store).await {
            tracing::error!(%error, "what providers answered could not be read");
        }
    }
}

impl Senders {
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
            self.forget_plans();
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
            self.forget_plans();
        }
        self.refused(library, from, sender.code(), provider, cause.code(), now).await;
        self.tell_changes(from, &library.region, now);
    }

    /// What was answered to this library's messages in the last seven days.
    #[must_use]
    pub fn observations(&self, library: &Library) -> Vec<Observed> {
        self.observed.of(&library.code)
    }
}

fn add(counts: &mut Vec<Observed>, family: Family, sender: SenderKind, accepted: u32, refused: u32) {
    match counts.iter_mut().find(|one| one.family == family && one.sender == sender) {
        Some(one) => {
            one.accepted = one.accepted.saturating_add(accepted);
            one.refused = one.refused.saturating_add(refused);
        }
        None => counts.push(Observed { family, sender, accepted, refused }),
    }
}
