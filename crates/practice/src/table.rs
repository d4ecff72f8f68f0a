//! What became of the mail, counted by library and provider, with the reasons.
//!
//! In: what the providers kept. Out: numbers. Not here: how they are shown.

use std::collections::BTreeMap;

use crate::provider::{Decision, Kept, Reason};

/// How many messages met which fate.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// In the inbox.
    pub accepted: usize,
    /// Filed as spam.
    pub junked: usize,
    /// Refused for good.
    pub refused: usize,
    /// Asked to come again.
    pub deferred: usize,
    /// How often for which reason.
    pub reasons: BTreeMap<Reason, usize>,
}

/// Who wrote (the From domain, empty where there is none to read), and whose patron got it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The From domain.
    pub from_domain: String,
    /// The provider, by its patrons' domain.
    pub provider: String,
}

impl Counts {
    /// Counts one message.
    pub fn add(&mut self, kept: &Kept) {
        match kept.decision {
            Decision::Accepted => self.accepted += 1,
            Decision::Junked => self.junked += 1,
            Decision::Refused { .. } => self.refused += 1,
            Decision::Deferred { .. } => self.deferred += 1,
        }
        *self.reasons.entry(kept.reason).or_default() += 1;
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.accepted + self.junked + self.refused + self.deferred
    }
}

/// Counts by From domain and provider.
#[must_use]
pub fn by_library_and_provider(kept: &[Kept]) -> BTreeMap<Cell, Counts> {
    let mut table: BTreeMap<Cell, Counts> = BTreeMap::new();
    for message in kept {
        let from_domain = message.from_domain.as_ref().map(ToString::to_string).unwrap_or_default();
        let provider = message.provider.to_string();
        table.entry(Cell { from_domain, provider }).or_default().add(message);
    }
    table
}

/// Counts of them all.
#[must_use]
pub fn totals(kept: &[Kept]) -> Counts {
    let mut counts = Counts::default();
    kept.iter().for_each(|message| counts.add(message));
    counts
}
