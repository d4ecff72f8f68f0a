//! Looks that a person waits for: at any domain, and at what is around a library's.
//!
//! In: a domain. Out: what the DNS says of it now, past every cache, within a limit. Nothing of it is kept: plans are made
//! from the looks of `watch` itself.

use std::net::IpAddr;
use std::time::Duration;

use standards::domain::Domain;
use tokio::time::Instant;

use super::Senders;
use crate::clock;
use crate::net::facts::{self, Surroundings};
use crate::sender::{Kit, Ours, Proof};

/// How long such a look may take: somebody waits. What has no answer by then is unknown, and said so.
pub const ASKED_LOOK_MAX: Duration = Duration::from_secs(10);

impl Senders {
    /// What receivers would find for mail as `domain` from any of our relays. None when there is no resolver to ask.
    pub async fn check(&self, domain: &Domain) -> Option<Proof> {
        let dns = self.dns.fresh().ok()?.until(Instant::now() + ASKED_LOOK_MAX);
        Some(facts::prove(&dns, &self.all_of_ours(), domain, clock::now()).await)
    }

    /// What is ours, from every relay that sends.
    #[must_use]
    pub fn all_of_ours(&self) -> Ours {
        let now = clock::now();
        let relays = self.config.relays_at(now);
        let sources: Vec<IpAddr> = relays.iter().flat_map(|relay| relay.sources.clone()).collect();
        let helo = relays.first().map_or(&self.config.public_host, |relay| &relay.host);
        Ours::new(&self.config, helo.clone(), sources)
    }

    /// Who keeps the zone of `kit`, and who takes its domain's mail.
    pub async fn surroundings(&self, kit: &Kit) -> Surroundings {
        let dns = self.dns.until(Instant::now() + ASKED_LOOK_MAX);
        facts::surroundings(&dns, &kit.zone, &kit.domain).await
    }
}
