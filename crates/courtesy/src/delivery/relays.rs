//! Which relays are in use: those that nobody has taken out of use, and that reach anybody.
//!
//! In: what a person said (the store), whether attempts reached somebody, and what other processes say of theirs. Out: of the relays that may
//! send a message, those that are worth trying; and whose a library's messages are. A relay whose calls all fail while another one of the region gets through is left out for a minute at a time; where all fail, none is
//! left out, for then it is not the relay. Not here: which one a message gets (`choice`), and looking at a relay's records (`relay_health`).

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use jiff::Timestamp;
use standards::domain::Domain;
use tokio::time::Instant;

use super::route::Site;
use super::seats::{Seat, Whose, whose};
use crate::config::{Config, Relay, Role};
use crate::library::Library;
use crate::store::{RelayDrain, Store};

/// So many receivers in a row that could not be reached, and it is the relay.
const UNREACHED_MAX: usize = 5;

/// How long a relay that reaches nobody is left out before it is tried again.
const LEFT_OUT: Duration = Duration::from_secs(60);

/// The relays of this process.
pub struct Relays {
    config: Arc<Config>,
    store: Store,
    drained: RwLock<Vec<RelayDrain>>,
    reach: Mutex<HashMap<Domain, Reach>>,
    /// What other processes that live can send through, by their names.
    others: RwLock<Vec<(String, Vec<Seat>)>>,
    /// What was told to others last.
    told: Mutex<Vec<Seat>>,
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
    pub async fn open(config: Arc<Config>, store: Store) -> crate::store::Result<Self> {
        let drained = RwLock::new(store.relay_drains().await?);
        let (reach, others, told) = (Mutex::default(), RwLock::default(), Mutex::default());
        Ok(Self { config, store, drained, reach, others, told })
    }

    /// Tells other processes what this one can send through, and learns what they can. What waited for want of a relay is due now where one has come:
    /// whoever put it off may have seen it last.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn share(&self, now: Timestamp) -> crate::store::Result<()> {
        let mut known = self.told().clone();
        known.extend(self.seats_of_others());
        if self.store.is_shared() {
            let others = self.store.seats_of_others().await?.into_iter();
            // A process of another version may tell what this one cannot read: it has no seats then.
            let read = |(name, seats): (String, String)| (name, serde_json::from_str(&seats).unwrap_or_default());
            *self.others.write().unwrap_or_else(PoisonError::into_inner) = others.map(read).collect();
        }
        let mut all = self.seats(now, Instant::now());
        if *self.told() != all {
            if self.store.is_shared() {
                self.store.put_seats(json(&all)).await?;
            }
            all.clone_into(&mut self.told());
        }
        all.extend(self.seats_of_others());
        // Whether it reaches receivers decides who sends, and not whether anybody may (`seats::whose`).
        let is_known = |seat: &Seat| known.iter().any(|one| (&one.host, &one.region) == (&seat.host, &seat.region));
        if !all.iter().all(is_known) {
            self.store.call_those_without_relay(now).await?;
        }
        Ok(())
    }

    /// Tells other processes that this one sends nothing more.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn leave(&self) -> crate::store::Result<()> {
        if self.store.is_shared() { self.store.put_seats(json(&[])).await } else { Ok(()) }
    }

    /// Whose the messages of `library` are.
    #[must_use]
    pub fn whose(&self, library: &Library, now: Timestamp) -> Whose {
        let home = self.config.relays_of(&library.region, now);
        let others = self.seats_of_others();
        whose(library, &home, &self.seats(now, Instant::now()), &others)
    }

    /// The processes that can send through the relay, besides this one.
    #[must_use]
    pub fn machines(&self, relay: &Domain) -> Vec<String> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        let has = |seats: &[Seat]| seats.iter().any(|seat| seat.host == relay.as_str());
        others.iter().filter(|(_, seats)| has(seats)).map(|(name, _)| name.clone()).collect()
    }

    /// What other processes can send through, without what is drained.
    fn seats_of_others(&self) -> Vec<Seat> {
        let (others, drained) = (self.others.read(), self.drained());
        let others = others.unwrap_or_else(PoisonError::into_inner);
        let seats = others.iter().flat_map(|(_, seats)| seats);
        seats.filter(|seat| !drained.iter().any(|drain| drain.host == seat.host)).cloned().collect()
    }

    /// What this process can send through.
    fn seats(&self, now: Timestamp, moment: Instant) -> Vec<Seat> {
        if !self.config.plays(Role::Deliver) {
            return Vec::new();
        }
        let (drained, reach) = (self.drained(), self.reach());
        let is_drained = |relay: &Relay| drained.iter().any(|one| one.host == relay.host.as_str());
        let is_left_out = |relay: &Relay| {
            reach.get(&relay.host).is_some_and(|reach| reach.left_out_until.is_some_and(|until| moment < until))
        };
        let here = self.here(now).into_iter().filter(|relay| !is_drained(relay));
        let seat = |relay: Relay| Seat {
            is_well: !is_left_out(&relay),
            host: relay.host.to_string(),
            region: self.config.region.clone(),
        };
        here.map(seat).collect()
    }

    /// The relays that send from this machine; the place-holder where there are none at all.
    fn here(&self, now: Timestamp) -> Vec<Relay> {
        let any = if self.config.has_never_sent(now) {
            vec![self.config.place_holder(&self.config.region)]
        } else {
            self.config.relays_at(now)
        };
        any.into_iter().filter(|relay| self.config.is_here(relay)).collect()
    }

    /// The relays by which `library`'s messages may leave from here, those that are worth trying: its region's, or those of any where it allows
    /// that and its own region's reach nobody.
    #[must_use]
    pub fn of(&self, library: &Library, now: Timestamp) -> Vec<Relay> {
        let moment = Instant::now();
        let serves = self.config.region.is_empty() || self.config.region == library.region;
        let mut home = if serves { self.config.relays_of(&library.region, now) } else { Vec::new() };
        home.retain(|relay| self.config.is_here(relay));
        let (well, unwell) = self.sorted(home, moment);
        if !well.is_empty() || !library.other_regions {
            return if well.is_empty() { unwell } else { well };
        }
        let (away, unwell_away) = self.sorted(self.here(now), moment);
        [away, unwell, unwell_away].into_iter().find(|some| !some.is_empty()).unwrap_or_default()
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
        let (well, unwell) = self.sorted(relays, now);
        if well.is_empty() { unwell } else { well }
    }

    /// Those of `relays` that nobody has taken out of use: those that reach receivers, and those that do not.
    fn sorted(&self, relays: Vec<Relay>, now: Instant) -> (Vec<Relay>, Vec<Relay>) {
        let drained = self.drained();
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
        relays.into_iter().partition(&mut reaches)
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

    fn drained(&self) -> RwLockReadGuard<'_, Vec<RelayDrain>> {
        self.drained.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self) -> MutexGuard<'_, HashMap<Domain, Reach>> {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn json(seats: &[Seat]) -> String {
    serde_json::to_string(seats).expect("texts become JSON")
}
