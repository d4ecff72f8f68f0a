//! How others are asked and how mail leaves: DNS, HTTPS, SMTP; and the names that we give out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use standards::domain::Domain;

use super::value::{absent_when_empty, duration};

/// Whom to ask for DNS.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsSettings {
    /// None: the system's own.
    #[serde(deserialize_with = "absent_when_empty")]
    pub resolver: Option<SocketAddr>,
    /// Whether its word on DNSSEC signatures is believed.
    pub dnssec: Dnssec,
    /// The longest that an answer is believed.
    #[serde(deserialize_with = "duration")]
    pub believe_at_most: Duration,
}

/// When the resolver is believed that it checked signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dnssec {
    /// Where it is on this very machine.
    Loopback,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How we ask other servers by HTTPS, and libraries' own relays, whose addresses other people give.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpsSettings {
    /// Whether they may be at private addresses, and on this very machine without TLS.
    pub private: bool,
}

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Port of receivers.
    pub port: u16,
    /// Most connections to one receiver from one relay.
    pub connections_per_receiver: usize,
    /// Whether receivers may be on this very machine.
    pub loopback: bool,
    /// Whether receivers' domains that ask for it are told how TLS went.
    pub tls_reports: bool,
    /// More MX hosts of providers: `suffix=provider`.
    pub provider_hosts: Vec<ProviderHosts>,
    /// More CA certificates, as a PEM file.
    #[serde(deserialize_with = "absent_when_empty")]
    pub extra_ca: Option<PathBuf>,
}

/// MX hosts of a mailbox provider: `mx.example=gmail`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ProviderHosts {
    /// The hosts' common suffix.
    pub suffix: Domain,
    /// The provider's id in the table of providers.
    pub provider: String,
}

impl TryFrom<String> for ProviderHosts {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("“{text}” is not suffix=provider, such as \"mx.example=gmail\"");
        let (suffix, provider) = text.split_once('=').ok_or_else(wrong)?;
        let suffix = Domain::parse(suffix.trim()).map_err(|_| wrong())?;
        Ok(Self { suffix, provider: provider.trim().to_owned() })
    }
}

/// The shared domain and the names we give out under it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// The domain of the shared address.
    pub domain: Domain,
    /// See [`Shared::bounces`].
    #[serde(deserialize_with = "absent_when_empty")]
    pub bounce_domain: Option<Domain>,
    /// DKIM selectors of the shared domain.
    pub selectors: [String; 2],
    /// DKIM selectors that libraries delegate.
    pub library_selectors: [String; 2],
    /// The label that libraries point to our bounce domain.
    pub return_path_label: String,
    /// See [`Shared::include`].
    #[serde(deserialize_with = "absent_when_empty")]
    pub spf_include: Option<Domain>,
}

impl Shared {
    /// The domain that bounces come back to.
    #[must_use]
    pub fn bounces(&self) -> Domain {
        self.named(self.bounce_domain.as_ref(), "bounces")
    }

    /// The SPF include that lists our relays.
    #[must_use]
    pub fn include(&self) -> Domain {
        self.named(self.spf_include.as_ref(), "_spf")
    }

    /// `set`, or `label` under the shared domain.
    fn named(&self, set: Option<&Domain>, label: &str) -> Domain {
        set.cloned().or_else(|| self.domain.below(label).ok()).unwrap_or_else(|| self.domain.clone())
    }
}
