//! Tells, once each, which records of libraries' domains have come and which have gone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use standards::domain::Domain;

use super::Senders;
use crate::library::LibraryCode;
use crate::sender::Record;

/// What the store was last told of each library, so that a look that finds nothing new writes nothing.
#[derive(Default)]
pub(super) struct Published(Mutex<HashMap<LibraryCode, HashMap<Domain, bool>>>);

impl Published {
    fn has_news(&self, library: &LibraryCode, records: &[Record]) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(library);
        records.iter().any(|record| known.and_then(|known| known.get(&record.name)) != Some(&record.found))
    }

    fn learn(&self, library: LibraryCode, records: &[Record]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(library).or_default().extend(records.iter().map(|record| (record.name.clone(), record.found)));
    }
}

impl Senders {
    /// Keeps which records the last look at `domain` from `region` found, for every library that writes from there.
    pub(super) async fn tell_records(&self, domain: &Domain, region: &str, now: Timestamp) {
        let Some(proof) = self.proof(domain, region) else { return };
        let records = proof.facts.records();
        for library in self.book.libraries() {
            let writes = library.from.as_ref().is_some_and(|from| from.domain() == domain);
            if !writes || library.region != region || !self.published.has_news(&library.code, &records) {
                continue;
            }
            match self.store.keep_records(library.code.clone(), domain.clone(), records.clone(), now).await {
                Ok(()) => self.published.learn(library.code.clone(), &records),
                Err(error) => tracing::error!(%domain, %error, "which records stand could not be kept"),
            }
        }
    }
}
