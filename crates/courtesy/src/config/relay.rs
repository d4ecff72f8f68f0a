//! The relays, as the settings name them: those that send at a moment, of a region, on this machine.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use standards::domain::Domain;

use super::value::duration;
use super::{Config, Live};

/// A mail relay gateway.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Its host name, which it says in HELO.
    pub host: Domain,
    /// Its region.
    pub region: String,
    /// Source addresses to bind to. Empty: as the system chooses.
    #[serde(default)]
    pub sources: Vec<IpAddr>,
    /// The day (UTC) from which it sends. Until then it is announced, and in the zone, and not used.
    #[serde(default)]
    pub planned: Option<jiff::civil::Date>,
    /// The day (UTC) from which it sends no more. Until then that is announced.
    #[serde(default)]
    pub until: Option<jiff::civil::Date>,
}

impl Relay {
    /// The day from which it will send, where that is still to come.
    #[must_use]
    pub fn is_still_planned(&self, now: Timestamp) -> Option<jiff::civil::Date> {
        self.planned.filter(|day| today(now) < *day)
    }

    /// The day from which it sends no more, where that is still to come.
    #[must_use]
    pub fn is_still_ending(&self, now: Timestamp) -> Option<jiff::civil::Date> {
        self.until.filter(|day| today(now) < *day)
    }

    /// Whether its last day is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|day| day <= today(now))
    }
}

/// The day by which relays come and go.
fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// How relays are used.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relays {
    /// Host names of the relays whose addresses this machine has. Empty: all. See [`Config::take_up_relays`].
    pub here: Live<Vec<Domain>>,
    /// How long a relay that was planned gets less than the others of its region.
    #[serde(deserialize_with = "duration")]
    pub warm_up: Duration,
    /// DNS block lists that are asked about our addresses.
    pub block_lists: Vec<Domain>,
}

impl Relays {
    /// The whole days of warming up.
    #[must_use]
    pub fn warm_up_days(&self) -> u32 {
        u32::try_from(self.warm_up.as_secs() / 86_400).unwrap_or(u32::MAX)
    }
}

impl Config {
    /// The relays that send at `now`: all but those whose first day is still to come, or whose last day is over.
    #[must_use]
    pub fn relays_at(&self, now: Timestamp) -> Vec<Relay> {
        let sends = |relay: &&Relay| relay.is_still_planned(now).is_none() && !relay.is_over(now);
        self.relay.now().iter().filter(sends).cloned().collect()
    }

    /// Whether this machine has the addresses of `relay`.
    #[must_use]
    pub fn is_here(&self, relay: &Relay) -> bool {
        let here = self.relays.here.now();
        here.is_empty() || here.contains(&relay.host)
    }

    /// The relays of `region` that send at `now`. Where all relays are of one region, it serves every other one too; where there are
    /// several, a region without relays has none, for its libraries' mail stays in it. The place-holder relay without source addresses
    /// where none has ever sent.
    #[must_use]
    pub fn relays_of(&self, region: &str, now: Timestamp) -> Vec<Relay> {
        if self.has_never_sent(now) {
            return vec![self.place_holder(region)];
        }
        let all = self.relays_at(now);
        let of_region: Vec<Relay> = all.iter().filter(|relay| relay.region == region).cloned().collect();
        let is_one_region = all.first().is_some_and(|first| all.iter().all(|relay| relay.region == first.region));
        if of_region.is_empty() && is_one_region { all } else { of_region }
    }

    /// Whether there is no relay that sends or has sent.
    #[must_use]
    pub fn has_never_sent(&self, now: Timestamp) -> bool {
        self.relay.now().iter().all(|relay| relay.is_still_planned(now).is_some())
    }

    /// What sends where there are no relays: from whatever address the system chooses.
    #[must_use]
    pub fn place_holder(&self, region: &str) -> Relay {
        let (host, region) = (self.public_host.clone(), region.to_owned());
        Relay { host, region, sources: Vec::new(), planned: None, until: None }
    }

    /// Takes up the relays of `new`, and which of them are on this machine. True where something changed.
    pub fn take_up_relays(&self, new: &Self) -> bool {
        let here = self.relays.here.take_up(new.relays.here.now());
        self.relay.take_up(new.relay.now()) || here
    }
}
