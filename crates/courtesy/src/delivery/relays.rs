//! Which relays are in use: those that nobody has taken out of use, and that reach anybody.
//!
//! In: what a person said (the store), and whether attempts reached somebody. Out: of the relays that may send a message, those that are worth
//! trying. A relay whose calls all fail while another one of the region gets through is left out for a minute at a time; where all fail, none is
//! left out, for then it is not the relay. Not here: which one a message gets (`choice`), and looking at a relay's records (`relay_health`).

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use standards::domain::Domain;
use tokio::time::Instant;

use super::route::Site;
use crate::config::Relay;
use crate::store::{RelayDrain, Store};

/// So many receivers in a row that could not be reached, and it is the relay.
const UNREACHED_MAX: usize = 5;

/// How long a relay that reaches nobody is left out before it is tried again.
const LEFT_OUT: Duration = Duration::from_secs(60);

/// The relays of this process.
pub struct Relays {
    store: Store,
    drained: RwLock<Vec<RelayDrain>>,
    reach: Mutex<HashMap<Domain, Reach>>,
}

/// Whom a relay reached lately.
#[derive(Debug, Default)]
struct Reach {
    reached: Option<Instant>,
    /// Receivers that it did not reach since.
    unreached: HashSet<Site>,
    left_out_until: Option<Instant>,
}

impl Relays {
    /// With what the store says of them.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn open(store: Store) -> crate::store::Result<Self> {
        let drained = RwLock::new(store.relay_drains().await?);
        Ok(Self { store, drained, reach: Mutex::default() })
    }

    /// Brings in what another process changed.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn refresh(&self) -> crate::store::Result<()> {
        let drained = self.store.relay_drains().await?;
        *self.drained.write().unwrap_or_else(PoisonError::into_inner) = drained;
        Ok(())
    }

    /// Those of `relays` that are in use at `now`.
    #[must_use]
    pub fn in_use(&self, relays: Vec<Relay>, now: Instant) -> Vec<Relay> {
        let drained = self.drained.read().unwrap_or_else(PoisonError::into_inner);
        let relays: Vec<Relay> =
            relays.into_iter().filter(|relay| !drained.iter().any(|one| one.host == relay.host.as_str())).collect();
        let mut reach = self.reach();
        let mut reaches = |relay: &Relay| {
            let Some(reach) = reach.get_mut(&relay.host) else { return true };
            match reach.left_out_until {
                Some(until) if now < until => false,
                Some(_) => {
                    // Its time is over: the next message tries, and those after it wait for what comes of that.
                    reach.left_out_until = Some(now + LEFT_OUT);
                    true
                }
                None => true,
            }
        };
        let (well, unwell): (Vec<Relay>, Vec<Relay>) = relays.into_iter().partition(&mut reaches);
        if well.is_empty() { unwell } else { well }
    }

    /// A relay reached somebody.
    pub fn reached(&self, relay: &Domain, now: Instant) {
        let mut all = self.reach();
        let reach = all.entry(relay.clone()).or_default();
        if reach.left_out_until.take().is_some() {
            tracing::info!(%relay, "a relay reaches receivers again");
        }
        reach.reached = Some(now);
        reach.unreached.clear();
    }

    /// A relay did not reach a receiver.
    pub fn unreached(&self, relay: &Domain, site: &Site, now: Instant) {
        let mut all = self.reach();
        let reach = all.entry(relay.clone()).or_default();
        if reach.unreached.len() < UNREACHED_MAX {
            reach.unreached.insert(site.clone());
        }
        if reach.unreached.len() >= UNREACHED_MAX && reach.left_out_until.is_none_or(|until| until <= now) {
            tracing::warn!(%relay, "a relay reaches nobody: others of its region send for it");
            reach.left_out_until = Some(now + LEFT_OUT);
        }
    }

    /// How long ago a relay reached somebody; none where this process has not seen it do so.
    #[must_use]
    pub fn last_reached(&self, relay: &Domain, now: Instant) -> Option<Duration> {
        self.reach().get(relay)?.reached.map(|at| now.duration_since(at))
    }

    /// Whether a relay reaches nobody at the moment.
    #[must_use]
    pub fn reaches_nobody(&self, relay: &Domain) -> bool {
        self.reach().get(relay).is_some_and(|reach| reach.left_out_until.is_some())
    }

    fn reach(&self) -> MutexGuard<'_, HashMap<Domain, Reach>> {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
