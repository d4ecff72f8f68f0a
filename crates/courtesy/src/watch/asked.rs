//! Looks that a person waits for: at any domain, and at what is around a library's.
//!
//! In: a domain. Out: what the DNS says of it now, past every cache, within a limit. Nothing of it is kept: plans are made
//! from the looks of `watch` itself.

use std::net::IpAddr;
use std::time::Duration;

use standards::dkim::KeyRecord;
use standards::dns::Dns as _;
use standards::domain::Domain;
use tokio::time::Instant;

use super::Senders;
use super::look::LOOK_MAX;
use crate::clock;
use crate::library::{Library, LibraryCode};
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

    /// The records that `library` has published for its From domain `domain`, or should, past every cache. None when there
    /// is no resolver to ask.
    pub async fn kit(&self, library: &Library, domain: &Domain) -> Option<Kit> {
        self.keys_for(domain, library).await;
        let fresh = self.dns.fresh().ok()?.until(Instant::now() + LOOK_MAX);
        let ours = self.ours(&library.region);
        let subject = self.subject(domain, &ours);
        // Libraries that share a domain share its keys, which are published under the name of the first of them.
        let key = ours.library_selectors.iter().find_map(|selector| self.keyring.get(domain.as_str(), selector));
        let owner = key.and_then(|key| LibraryCode::parse(key.library.as_deref()?).ok());
        let code = owner.unwrap_or_else(|| library.code.clone());
        Some(facts::kit(&fresh, &ours, &subject, &code, clock::now()).await)
    }

    /// Who keeps the zone of `kit`, and who takes its domain's mail.
    pub async fn surroundings(&self, kit: &Kit) -> Surroundings {
        let dns = self.dns.until(Instant::now() + ASKED_LOOK_MAX);
        facts::surroundings(&dns, &kit.zone, &kit.domain).await
    }

    /// Whether DNS shows this key now, past every cache.
    pub async fn key_is_published(&self, domain: &Domain, selector: &str, public: &str) -> bool {
        let Ok(name) = domain.below(&format!("{selector}._domainkey")) else { return false };
        let Ok(fresh) = self.dns.fresh() else { return false };
        let Ok(found) = fresh.txt(&name).await else { return false };
        found.records.iter().any(|text| KeyRecord::parse(text).is_ok_and(|key| key.is("rsa", public)))
    }
}
