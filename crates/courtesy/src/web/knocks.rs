//! How often strangers may ask for a code: counted for whom they ask, from where, and at which library.
//!
//! In: a library, whom somebody says they are, and their network. Out: now, or how long to wait; the same whether we know such a patron or
//! not. From each network there are tries of its own, at each library too, so that who asks for others keeps nobody out. Kept in memory, by each process for
//! itself: a write for everybody who asks is what strangers would like to cause. A restart forgives; the codes that one patron is sent, and the
//! tries that each code has, are counted in the store. Not here: guesses at a code (`throttle`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::me::code::{CODES_WITHIN, STRANGERS_CODES_MAX};
use crate::http::auth::hash;
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

/// One network at a library where strangers have used up the asks of all: a household, and a slip of the finger.
const OF_NETWORK_THERE: Limit = Limit { most: 3, within: SignedDuration::from_mins(10) };

/// Names counted at one time: some twenty megabytes. Beyond it those that count no longer go, and then those that asked least: nobody waits
/// because others asked for many, and whoever asks for many is not forgotten.
const NAMES_MAX: usize = 100_000;

/// How many of those go at a time, so that few have to look through all of them.
const GO_AT_ONCE: usize = NAMES_MAX / 10;

/// Codes that are looked up at one time: the pages of others come first.
const AT_ONCE: usize = 8;

/// Codes that wait for that: more than a class asks for within a moment. Whoever comes then is asked to come again.
const IN_LINE: usize = 200;

/// How long a place in that line is taken, once its turn is waited for: as long for whoever is known as for anybody else. Whoever looks when a
/// place is free would learn by it how long somebody was looked for.
const TAKEN_FOR: Duration = Duration::from_secs(2);

/// How long a turn is waited for. A code that comes later is worth little, and its patron has asked again.
const TURN_WITHIN: Duration = Duration::from_secs(60);

/// Of whom, from where and at which library, however long it is to read.
type Name = [u8; 32];

/// When it was asked last, as often as counts.
struct Asked {
    times: VecDeque<Timestamp>,
    within: SignedDuration,
}

/// Counts who asks.
pub(super) struct Knocks {
    asked: Mutex<HashMap<Name, Asked>>,
    line: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// A place in the line of those who are looked up.
pub(super) struct Place {
    in_line: OwnedSemaphorePermit,
    places: Arc<Semaphore>,
}

impl Place {
    /// Its turn, which lasts as long as what this gives is kept; none where it does not come. The place in the line is free after
    /// [`TAKEN_FOR`], whatever comes of the turn.
    pub(super) async fn turn(self) -> Option<OwnedSemaphorePermit> {
        let Self { in_line, places } = self;
        tokio::spawn(async move {
            tokio::time::sleep(TAKEN_FOR).await;
            drop(in_line);
        });
        tokio::time::timeout(TURN_WITHIN, places.acquire_owned()).await.ok()?.ok()
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
        Some(Place { in_line, places: Arc::clone(&self.places) })
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
            (format!("there {library} {network:?}"), &OF_NETWORK_THERE),
            (format!("library {library}"), &OF_LIBRARY),
        ]
        .map(|(name, limit)| (hash(&name), limit));
        let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = counted.each_ref().map(|(name, limit)| limit.wait(&all.get(name)?.times, now));
        let [here, of_whom, of_network, there, of_library] = waits;
        // Where the library has had enough, a network that has hardly asked there is let in all the same.
        let of_library = there.and(of_library);
        if let Some(wait) = [here, of_whom, of_network, of_library].into_iter().flatten().max() {
            return Err(wait);
        }
        if all.len() >= NAMES_MAX {
            make_room(&mut all, now);
        }
        for (name, limit) in counted {
            let asked = all.entry(name).or_insert(Asked { times: VecDeque::new(), within: limit.within });
            if asked.times.len() >= usize::from(limit.most) {
                asked.times.pop_front();
            }
            asked.times.push_back(now);
        }
        Ok(())
    }
}

/// Forgets what counts no longer at `now`; where all of it does, what was asked least often, and of that what was asked longest ago.
fn make_room(all: &mut HashMap<Name, Asked>, now: Timestamp) {
    all.retain(|_, asked| asked.times.back().is_some_and(|last| now.duration_since(*last) < asked.within));
    if all.len() < NAMES_MAX {
        return;
    }
    let mut least: Vec<_> =
        all.iter().map(|(name, asked)| (asked.times.len(), asked.times.back().copied(), *name)).collect();
    least.select_nth_unstable(GO_AT_ONCE);
    for (.., name) in &least[..GO_AT_ONCE] {
        all.remove(name);
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
