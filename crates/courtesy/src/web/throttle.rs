//! How often somebody may try a password: slowed down, and never locked out.
//!
//! In: a name, and whether this device has signed in by that name before. Out: now, or how long to wait. A device that
//! was let in has tries of its own, so that strangers who guess use up only those of strangers; a link, a passkey and the
//! operator's command open in any case. Kept in memory: a restart forgives.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Tries before there is a wait: enough for a forgotten Caps Lock.
const FREE: u32 = 5;

/// The wait after the first try too many; it doubles.
const WAIT: SignedDuration = SignedDuration::from_secs(2);

/// The longest wait: guessing at 2,880 tries a day finds no password of twelve letters.
const WAIT_MAX: SignedDuration = SignedDuration::from_secs(30);

/// After so long without a try everything is forgiven.
const FORGIVEN: SignedDuration = SignedDuration::from_hours(1);

/// Names remembered; beyond it the ones that are forgiven go.
const NAMES_MAX: usize = 10_000;

#[derive(Clone, Copy)]
struct Tries {
    count: u32,
    last: Timestamp,
}

/// Remembers tries.
#[derive(Default)]
pub(super) struct Throttle {
    tries: Mutex<HashMap<(String, bool), Tries>>,
}

impl Throttle {
    /// How long `name` has to wait from `now` on; zero: it may try.
    pub(super) fn wait(&self, name: &str, known_device: bool, now: Timestamp) -> SignedDuration {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tries) = tries.get(&(name.to_owned(), known_device)) else { return SignedDuration::ZERO };
        let waited = now.duration_since(tries.last);
        if waited >= FORGIVEN || tries.count < FREE {
            return SignedDuration::ZERO;
        }
        let doublings = (tries.count - FREE).min(8);
        let wait = WAIT.saturating_mul(1 << doublings).min(WAIT_MAX);
        (wait - waited).max(SignedDuration::ZERO)
    }

    /// A try that failed.
    pub(super) fn failed(&self, name: &str, known_device: bool, now: Timestamp) {
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= NAMES_MAX {
            all.retain(|_, tries| now.duration_since(tries.last) < FORGIVEN);
        }
        if all.len() >= NAMES_MAX {
            // Whoever makes up names tries each of them once or twice: that sets nobody free who has to wait.
            all.retain(|_, tries| tries.count >= FREE);
        }
        if all.len() >= NAMES_MAX {
            all.clear();
        }
        let tries = all.entry((name.to_owned(), known_device)).or_insert(Tries { count: 0, last: now });
        if now.duration_since(tries.last) >= FORGIVEN {
            tries.count = 0;
        }
        *tries = Tries { count: tries.count.saturating_add(1), last: now };
    }

    /// A try that succeeded.
    pub(super) fn succeeded(&self, name: &str, known_device: bool) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&(name.to_owned(), known_device));
    }
}
