//! How often strangers may ask for a code: counted for whom they ask, from where, and at which library.
//!
//! In: a library, whom somebody says they are, and their network. Out: now, or how long to wait; the same whether we know such a patron or
//! not. From each network there are tries of its own, so that who asks for others keeps nobody out. Kept in memory, by each process for
//! itself: a write for everybody who asks is what strangers would like to cause. A restart forgives; the codes that one patron is sent, and the
//! tries that each code has, are counted in the store. Not here: guesses at a code (`throttle`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::me::code::{CODES_WITHIN, STRANGERS_CODES_MAX};
use crate::http::peer::Network;
use crate::library::LibraryCode;

/// How often something may be asked, within how long.
struct Limit {
    most: u16,
    within: SignedDuration,
}

/// One patron, from one network: enough for slow mail and a slip of the finger.
const OF_WHOM_HERE: Limit = Limit { most: 5, within: CODES_WITHIN };

/// One patron, from everywhere: what a mailbox is sent at most.
const OF_WHOM: Limit = Limit { most: STRANGERS_CODES_MAX as u16, within: CODES_WITHIN };

/// One network: a school class in the library's reading room.
const OF_NETWORK: Limit = Limit { most: 30, within: SignedDuration::from_mins(10) };

/// One library: many times what a busy evening brings, and little for whoever tries a list of addresses.
const OF_LIBRARY: Limit = Limit { most: 300, within: SignedDuration::from_mins(10) };

/// Names counted at one time. Libraries bound their number before this does.
const NAMES_MAX: usize = 50_000;

/// How long everybody waits where that is too many after all.
const FULL: SignedDuration = SignedDuration::from_mins(10);

/// Codes that are looked up at one time: the pages of others come first.
const AT_ONCE: usize = 8;

/// Codes that wait for that: more than a class asks for within a moment. Whoever comes then is asked to come again.
const IN_LINE: usize = 200;

/// Counts who asks.
pub(super) struct Knocks {
    asked: Mutex<HashMap<String, VecDeque<Timestamp>>>,
    line: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// A place in the line of those who are looked up.
pub(super) struct Place {
    _in_line: OwnedSemaphorePermit,
    places: Arc<Semaphore>,
}

impl Place {
    /// Its turn: it lasts as long as what this gives is kept.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }
}

impl Default for Knocks {
    fn default() -> Self {
        let (line, places) = (Arc::new(Semaphore::new(IN_LINE)), Arc::new(Semaphore::new(AT_ONCE)));
        Self { asked: Mutex::default(), line, places }
    }
}

impl Knocks {
    /// A place in the line; none while all are taken.
    pub(super) fn place(&self) -> Option<Place> {
        let in_line = Arc::clone(&self.line).try_acquire_owned().ok()?;
        Some(Place { _in_line: in_line, places: Arc::clone(&self.places) })
    }

    /// Counts that somebody of `network` asks for `whom` at `library`.
    ///
    /// # Errors
    /// How long they have to wait. Then nothing was counted.
    pub(super) fn ask(
        &self,
        library: &LibraryCode,
        whom: &str,
        network: Network,
        now: Timestamp,
    ) -> Result<(), SignedDuration> {
        let counted = [
            (format!("here {library} {network:?} {whom}"), &OF_WHOM_HERE),
            (format!("whom {library} {whom}"), &OF_WHOM),
            (format!("network {network:?}"), &OF_NETWORK),
            (format!("library {library}"), &OF_LIBRARY),
        ];
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= NAMES_MAX {
            asked.retain(|_, times| times.back().is_some_and(|last| now.duration_since(*last) < CODES_WITHIN));
        }
        if asked.len() >= NAMES_MAX {
            return Err(FULL);
        }
        let waits = counted.iter().filter_map(|(name, limit)| limit.wait(asked.get(name)?, now));
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for (name, limit) in counted {
            let times = asked.entry(name).or_default();
            if times.len() >= usize::from(limit.most) {
                times.pop_front();
            }
            times.push_back(now);
        }
        Ok(())
    }
}

impl Limit {
    /// How long to wait after `times`; none: now.
    fn wait(&self, times: &VecDeque<Timestamp>, now: Timestamp) -> Option<SignedDuration> {
        let first = times.len().checked_sub(self.most.into()).and_then(|at| times.get(at))?;
        let waited = now.duration_since(*first);
        (waited < self.within).then(|| self.within - waited)
    }
}

#[cfg(test)]
mod tests;
