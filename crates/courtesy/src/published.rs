//! What the operator publishes: the relays, for whoever permits them, and the zone of the shared domain.
//!
//! In: the settings, libraries and keys. Out: texts. Not here: the library's side of it (`sender::Kit`).

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;

use crate::config::{Config, Relay};
use crate::keyring::Key;
use crate::library::Library;
use crate::sender::dkim_target;

/// A region and its relays, as `/relays.json` gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// Its name.
    pub id: String,
    /// The SPF include to use.
    pub spf_include: String,
    /// Its relays.
    pub hosts: Vec<Host>,
}

/// A relay of a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Host {
    /// Its host name.
    pub name: String,
    /// IPv4 source addresses.
    pub ipv4: Vec<IpAddr>,
    /// IPv6 source addresses.
    pub ipv6: Vec<IpAddr>,
}

/// The names of the regions, each once, in the order of the settings.
#[must_use]
pub fn regions(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for relay in &config.relay {
        if !names.contains(&relay.region) {
            names.push(relay.region.clone());
        }
    }
    if names.is_empty() {
        names.push("default".to_owned());
    }
    names
}

/// Every region with its relays.
#[must_use]
pub fn relays(config: &Config) -> Vec<Region> {
    let host = |relay: &Relay| Host {
        name: relay.host.to_string(),
        ipv4: relay.sources.iter().filter(|ip| ip.is_ipv4()).copied().collect(),
        ipv6: relay.sources.iter().filter(|ip| ip.is_ipv6()).copied().collect(),
    };
    regions(config)
        .into_iter()
        .map(|id| Region {
            spf_include: config.shared.include().to_string(),
            hosts: config.relay.iter().filter(|relay| relay.region == id).map(host).collect(),
            id,
        })
        .collect()
}

/// The records of the shared domain, as a piece of a zone file (RFC 1035 §5): SPF, DMARC, DKIM, the include, the
/// bounce domain, and the keys that libraries delegate to.
#[must_use]
pub fn zone(config: &Config, libraries: &[Arc<Library>], keys: &[Arc<Key>]) -> String {
    /// One hour: what proofs are believed for.
    const TTL_S: u32 = 3600;
    let shared = &config.shared;
    let mut text = format!("; records of {}, to be published by the operator\n$TTL {TTL_S}\n", shared.domain);
    let mut txt = |name: &str, value: &str| {
        let strings: Vec<String> =
            standards::spf::edit::strings(value).iter().map(|part| format!("\"{part}\"")).collect();
        let _ = writeln!(text, "{name}. IN TXT {}", strings.join(" "));
    };
    let addresses: Vec<String> = config
        .relay
        .iter()
        .flat_map(|relay| &relay.sources)
        .map(|ip| if ip.is_ipv4() { format!("ip4:{ip}") } else { format!("ip6:{ip}") })
        .collect();
    txt(shared.include().as_str(), &format!("v=spf1 {} -all", addresses.join(" ")));
    let include = format!("v=spf1 include:{} -all", shared.include());
    txt(shared.domain.as_str(), &include);
    txt(shared.bounces().as_str(), &include);
    txt(&format!("_dmarc.{}", shared.domain), &format!("v=DMARC1; p=reject; rua=mailto:dmarc@{}", shared.domain));
    for key in keys {
        let name = match key.library.as_deref().and_then(|code| libraries.iter().find(|l| l.code.as_str() == code)) {
            // The name that the library's CNAME leads to.
            Some(library) => dkim_target(&key.selector, &library.code, &ours(config)).map(|domain| domain.to_string()),
            None => Some(format!("{}._domainkey.{}", key.selector, key.domain)),
        };
        if let Some(name) = name {
            txt(&name, &key.record());
        }
    }
    let mx = &config.public_host;
    let _ = writeln!(text, "{}. IN MX 10 {mx}.\n{}. IN MX 10 {mx}.", shared.domain, shared.bounces());
    text
}

/// What is ours, as the kit's names need it.
fn ours(config: &Config) -> crate::sender::Ours {
    crate::sender::Ours {
        shared: config.shared.domain.clone(),
        bounces: config.shared.bounces(),
        include: config.shared.include(),
        selectors: config.shared.selectors.clone(),
        library_selectors: config.shared.library_selectors.clone(),
        return_path_label: config.shared.return_path_label.clone(),
        helo: config.public_host.clone(),
        relays: Vec::new(),
    }
}
