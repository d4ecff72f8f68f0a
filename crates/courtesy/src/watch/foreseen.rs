//! What announced changes of our relays will do to a library that permits addresses one by one.
//!
//! In: the relays to come and those whose last day is over, and the library's SPF record now. Out: that its record does not allow an address from
//! which its mail will leave, or still allows one that is no longer ours. Most libraries permit the include or sign, and have nothing to do.

use std::net::IpAddr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use standards::domain::Domain;
use tokio::time::Instant;

use super::Senders;
use super::asked::ASKED_LOOK_MAX;
use crate::config::Relay;
use crate::library::Library;
use crate::net::facts;
use crate::sender::{Listed, Ours, Proof};

/// What is to be told a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// From this day on its own name is not proven for every relay; one of the addresses that come that day.
    pub lost_on: Option<(Date, IpAddr)>,
    /// Its SPF record allows this address, from which we send no more.
    pub still_allowed: Option<IpAddr>,
}

impl Senders {
    /// Looks what the announced changes will do to `library`. None where the DNS gave no answer.
    pub async fn foresee(&self, library: &Library, now: Timestamp) -> Option<Foreseen> {
        let Some(from) = &library.from else { return Some(Foreseen::default()) };
        let relays = self.config.relay.now();
        let coming = relays.iter().filter_map(|relay| Some((relay.is_still_planned(now)?, relay)));
        let gone = relays.iter().filter(|relay| relay.is_over(now)).find_map(|relay| relay.sources.first());
        let mut foreseen = Foreseen::default();
        if let Some(gone) = gone {
            let proof = self.as_from(from.domain(), vec![*gone], now).await?;
            foreseen.still_allowed = (proof.facts.listed(from.domain()) == Listed::All).then_some(*gone);
        }
        let Some((day, first)) = coming.min_by_key(|(day, _)| *day) else { return Some(foreseen) };
        let today = self.as_from(from.domain(), addresses(&self.config.relays_of(&library.region, now)), now).await?;
        if today.best().is_none() {
            // It does not leave in its own name as it is, and that is told elsewhere.
            return Some(foreseen);
        }
        let then = day.to_zoned(TimeZone::UTC).ok()?.timestamp() + SignedDuration::from_secs(1);
        let relays_then = addresses(&self.config.relays_of(&library.region, then));
        let proof = self.as_from(from.domain(), relays_then.clone(), now).await?;
        if matches!(proof.facts.listed(from.domain()), Listed::Unknown(_)) {
            return None;
        }
        let address = first.sources.iter().find(|ip| relays_then.contains(ip));
        if let (None, Some(address)) = (proof.best(), address) {
            foreseen.lost_on = Some((day, *address));
        }
        Some(foreseen)
    }

    /// What receivers would find, past every cache, for mail as `domain` from these addresses. None when there is no resolver to ask.
    async fn as_from(&self, domain: &Domain, sources: Vec<IpAddr>, now: Timestamp) -> Option<Proof> {
        let dns = self.dns.fresh().ok()?.until(Instant::now() + ASKED_LOOK_MAX);
        let ours = Ours::new(&self.config, self.config.public_host.clone(), sources);
        Some(facts::prove(&dns, &ours, domain, now).await)
    }
}

fn addresses(relays: &[Relay]) -> Vec<IpAddr> {
    relays.iter().flat_map(|relay| relay.sources.iter().copied()).collect()
}
