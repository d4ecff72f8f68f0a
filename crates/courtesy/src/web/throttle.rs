//! How often somebody may try a password: slowed down, and never locked out.
//!
//! In: a name, and whether this device has signed in by that name before. Out: now, or how long to wait. A try is counted when it is let
//! in, before anybody looks whether it fits: of many at one moment no more are looked at than one after the other. A device that was let
//! in has tries of its own, so that strangers who guess use up only those of strangers; a link, a passkey and the operator's command open
//! in any case. Kept in memory: a restart forgives.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::http::auth::hash;

/// Tries before there is a wait: enough for a forgotten Caps Lock.
const FREE: u32 = 5;

/// The wait after the first try too many; it doubles.
const WAIT: SignedDuration = SignedDuration::from_secs(2);

/// The longest wait: guessing at 2,880 tries a day finds no password of twelve letters.
const WAIT_MAX: SignedDuration = SignedDuration::from_secs(30);

/// After so long without a try everything is forgiven.
const FORGIVEN: SignedDuration = SignedDuration::from_hours(1);

/// Names remembered. Beyond it the ones that are forgiven go, and then those who tried least: names that nobody has are cheap to make
/// up, and none of them pushes out one that is guessed at.
const NAMES_MAX: usize = 10_000;

/// How many of those go at a time, so that few have to look through all of them.
const GO_AT_ONCE: usize = NAMES_MAX / 10;

#[derive(Clone, Copy)]
struct Tries {
    count: u32,
    last: Timestamp,
}

impl Tries {
    fn is_forgiven(self, now: Timestamp) -> bool {
        now.duration_since(self.last) >= FORGIVEN
    }

    /// How long to wait from `now` on; zero: not at all.
    fn wait(self, now: Timestamp) -> SignedDuration {
        if self.is_forgiven(now) || self.count < FREE {
            return SignedDuration::ZERO;
        }
        let doublings = (self.count - FREE).min(8);
        let wait = WAIT.saturating_mul(1 << doublings).min(WAIT_MAX);
        (wait - now.duration_since(self.last)).max(SignedDuration::ZERO)
    }
}

/// A name, of whatever length it was typed, and whether the device is known.
type Who = ([u8; 32], bool);

/// Remembers tries.
#[derive(Default)]
pub(super) struct Throttle {
    tries: Mutex<HashMap<Who, Tries>>,
}

impl Throttle {
    /// Lets `name` try at `now`, and counts it as one that fails until [`Self::succeeded`] says otherwise.
    ///
    /// # Errors
    /// How long it has to wait. Then nothing was counted.
    pub(super) fn try_now(&self, name: &str, known_device: bool, now: Timestamp) -> Result<(), SignedDuration> {
        let who = (hash(name), known_device);
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&who).copied().filter(|tries| !tries.is_forgiven(now));
        let wait = before.map_or(SignedDuration::ZERO, |tries| tries.wait(now));
        if wait > SignedDuration::ZERO {
            return Err(wait);
        }
        if before.is_none() && all.len() >= NAMES_MAX {
            make_room(&mut all, now);
        }
        let count = before.map_or(0, |tries| tries.count).saturating_add(1);
        all.insert(who, Tries { count, last: now });
        Ok(())
    }

    /// The try was a good one, and those before it are forgiven.
    pub(super) fn succeeded(&self, name: &str, known_device: bool) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&(hash(name), known_device));
    }
}

/// Forgets whoever is forgiven at `now`; where nobody is, those who tried least, and of these the ones of longest ago.
fn make_room(all: &mut HashMap<Who, Tries>, now: Timestamp) {
    all.retain(|_, tries| !tries.is_forgiven(now));
    if all.len() < NAMES_MAX {
        return;
    }
    let mut guilt: Vec<_> = all.iter().map(|(who, tries)| (tries.count, tries.last, *who)).collect();
    guilt.select_nth_unstable(GO_AT_ONCE);
    for (.., who) in &guilt[..GO_AT_ONCE] {
        all.remove(who);
    }
}
