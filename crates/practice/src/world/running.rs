//! The practice internet while it runs: where things are, and what may be changed.

use std::net::SocketAddr;
use std::sync::Arc;

use standards::address::Address;
use standards::domain::Domain;
use tokio::task::JoinSet;

use super::records;
use crate::dns;
use crate::provider::{Mailboxes, Provider};

/// Running until dropped.
pub struct Running {
    pub(super) zones: dns::Zones,
    pub(super) smtp_port: u16,
    pub(super) mailboxes: Mailboxes,
    pub(super) providers: Vec<Arc<Provider>>,
    pub(super) name_server: dns::Server,
    /// Dropping the set ends the providers.
    pub(super) _doors: JoinSet<()>,
}

impl Running {
    /// The name server, UDP and TCP. It knows this world and nothing else.
    #[must_use]
    pub fn resolver_addr(&self) -> SocketAddr {
        self.name_server.address()
    }

    /// The port on which every provider takes mail, each at its own address.
    #[must_use]
    pub fn smtp_port(&self) -> u16 {
        self.smtp_port
    }

    /// What the providers keep.
    #[must_use]
    pub fn mailboxes(&self) -> &Mailboxes {
        &self.mailboxes
    }

    /// The records, to be changed at will: what a library's IT publishes is seen by the next question.
    #[must_use]
    pub fn zones(&self) -> &dns::Zones {
        &self.zones
    }

    /// The providers.
    #[must_use]
    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.providers
    }

    /// The provider whose patrons have this domain after the `@`.
    #[must_use]
    pub fn provider(&self, domain: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|provider| provider.domain().as_str() == domain)
    }

    /// The provider an address belongs to.
    #[must_use]
    pub fn provider_of(&self, address: &Address) -> Option<&Arc<Provider>> {
        self.provider(address.domain().as_str())
    }

    /// Publishes a DKIM public key: the full name, `s1._domainkey.notices.example`, and the TXT there.
    pub fn put_dkim(&self, name: &Domain, txt: &str) {
        records::put_txt(&self.zones, name, &[txt]);
    }

    /// Publishes TXT records in the place of those at this name; none at all takes them away.
    pub fn publish_txt(&self, name: &Domain, texts: &[&str]) {
        records::put_txt(&self.zones, name, texts);
    }

    /// Makes a library's name point to the service's, as its IT would: a selector or the return path.
    pub fn delegate(&self, name: &Domain, target: &Domain) {
        records::put_cname(&self.zones, name, target);
    }
}
