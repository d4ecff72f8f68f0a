//! What the commands that look at DNS have in common: whom to ask, and what is ours.
//!
//! In: flags and, where there is one, the settings file. Out: a resolver and an [`Ours`]. No server, no account.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use standards::domain::Domain;

use super::Common;
use crate::clock;
use crate::config::{Config, Live};
use crate::net::dns::{Limits, Resolver};
use crate::sender::Ours;

/// Stands for a server that nobody's SPF record lists: its network (TEST-NET-3) is kept out of the internet.
const UNLISTED: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 254));

/// How long one question may take here: somebody waits, and a check asks some dozens.
const QUESTION_MAX: Duration = Duration::from_secs(3);

/// Whom to ask, and what is ours.
#[derive(Args, Clone, Debug)]
pub(super) struct Looking {
    /// Ask this name server, not the system's
    #[arg(long, value_name = "IP:PORT")]
    resolver: Option<SocketAddr>,
    /// The service's shared domain, where no settings file here says it; its usual names under it are taken
    #[arg(long, value_name = "DOMAIN")]
    shared: Option<Domain>,
    /// An address that the service sends from, where no settings file here says it (several: give it again)
    #[arg(long, value_name = "IP")]
    relay: Vec<IpAddr>,
}

/// What is known here of the service.
pub(super) struct Known {
    /// What is ours; where the service is not known, names that nobody has.
    pub ours: Ours,
    /// Whether settings or flags say which service it is.
    pub service: bool,
    /// Whether settings or flags say where it sends from. If not, a server stands in that nobody lists.
    pub relays: bool,
}

impl Looking {
    /// The resolver: the flag's, the settings', or the system's. It remembers nothing from before.
    pub fn resolver(&self, config: &Config) -> anyhow::Result<Resolver> {
        let limits = Limits { timeout: QUESTION_MAX, ..Limits::default() };
        match self.resolver.or(config.dns.resolver) {
            Some(server) => Resolver::at(server, limits),
            None => Resolver::system(limits),
        }
        .context("no DNS server can be asked; name one with --resolver IP:PORT")
    }

    /// The settings, with the flags over them.
    pub fn settings(&self, common: &Common) -> anyhow::Result<Config> {
        let mut config = common.settings()?;
        if let Some(shared) = &self.shared {
            // Names that the settings give out under another domain are not those of this one.
            if *shared != config.shared.domain {
                config.shared.bounce_domain = None;
                config.shared.spf_include = None;
                config.relay = Live::default();
            }
            config.shared.domain = shared.clone();
        }
        Ok(config)
    }

    /// What is ours, by [`Looking::settings`].
    pub fn known(&self, config: &Config) -> Known {
        let now = clock::now();
        let sending = config.relays_at(now);
        let sources: Vec<IpAddr> = sending.iter().flat_map(|relay| relay.sources.iter().copied()).collect();
        let relays = if self.relay.is_empty() { sources } else { self.relay.clone() };
        let helo = sending.first().map_or(&config.public_host, |relay| &relay.host);
        Known {
            service: config.shared.domain != Config::default().shared.domain,
            relays: !relays.is_empty(),
            ours: Ours::new(config, helo.clone(), if relays.is_empty() { vec![UNLISTED] } else { relays }),
        }
    }
}
