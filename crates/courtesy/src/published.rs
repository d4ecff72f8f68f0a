//! What the operator publishes: the relays, for whoever permits them, and the zone of the shared domain.
//!
//! In: the settings, libraries and keys. Out: texts. Not here: the library's side of it (`sender::Kit`).

pub mod changes;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use standards::domain::Domain;

use crate::config::{Config, Relay};
use crate::keyring::Key;
use crate::library::LibraryCode;
use crate::sender::{Ours, dkim_target};
use crate::store::RelayChange;

/// A region and its relays, as `/relays.json` gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// Its name.
    pub id: String,
    /// The SPF include to use.
    pub spf_include: String,
    /// The relays that send.
    pub hosts: Vec<Host>,
    /// Changes to come: relays that will send, and those that will no longer.
    pub planned: Vec<Planned>,
}

/// A change to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// The day (UTC) from which it sends, or sends no more.
    pub on: Date,
    /// Its host name.
    pub host: String,
    /// The source addresses that come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<IpAddr>,
    /// The source addresses that go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<IpAddr>,
    /// Since when this is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announced: Option<Date>,
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
    for relay in config.relay.now().iter() {
        if !names.contains(&relay.region) {
            names.push(relay.region.clone());
        }
    }
    if names.is_empty() {
        names.push("default".to_owned());
    }
    names
}

/// Every region with its relays at `now`; `changes` say since when a planned one is known.
#[must_use]
pub fn relays(config: &Config, changes: &[RelayChange], now: Timestamp) -> Vec<Region> {
    let host = |relay: &Relay| Host {
        name: relay.host.to_string(),
        ipv4: relay.sources.iter().filter(|ip| ip.is_ipv4()).copied().collect(),
        ipv6: relay.sources.iter().filter(|ip| ip.is_ipv6()).copied().collect(),
    };
    let planned = |relay: &Relay| {
        let (comes, goes) = (relay.is_still_planned(now), relay.is_still_ending(now));
        let since = changes::announced(changes, relay.host.as_str(), relay.sources.first().copied());
        let one = Planned {
            on: comes.or(goes)?,
            host: relay.host.to_string(),
            add: Vec::new(),
            remove: Vec::new(),
            announced: since.map(|at| at.to_zoned(TimeZone::UTC).date()),
        };
        let sources = relay.sources.clone();
        Some(if comes.is_some() { Planned { add: sources, ..one } } else { Planned { remove: sources, ..one } })
    };
    let all = config.relay.now();
    let region = |id: String| Region {
        spf_include: config.shared.include().to_string(),
        hosts: config.relays_at(now).iter().filter(|relay| relay.region == id).map(host).collect(),
        planned: all.iter().filter(|relay| relay.region == id).filter_map(planned).collect(),
        id,
    };
    regions(config).into_iter().map(region).collect()
}

/// The records of the shared domain, as a piece of a zone file (RFC 1035 §5): SPF, DMARC, DKIM, the include, the
/// bounce domain, and the keys that libraries delegate to. Relays to come are in it: receivers must know them before
/// they send. Those whose last day is over are not: somebody else may have their addresses next.
#[must_use]
pub fn zone(config: &Config, keys: &[Arc<Key>], now: Timestamp) -> String {
    /// One hour: what proofs are believed for.
    const TTL_S: u32 = 3600;
    let shared = &config.shared;
    let mut text = format!("; records of {}, to be published by the operator\n", shared.domain);
    let sends = |relay: &Relay| !relay.is_over(now) && !relay.sources.is_empty();
    if !config.relay.now().iter().any(sends) {
        text.push_str(
            "; NOT YET: no [[relay]] of the settings has source addresses, so these records forbid all mail in this name.\n\
             ; Add the relays, then ask for the zone again.\n",
        );
    }
    let _ = writeln!(text, "$TTL {TTL_S}");
    let mut txt = |name: &str, value: &str| {
        let strings: Vec<String> =
            standards::spf::edit::strings(value).iter().map(|part| format!("\"{part}\"")).collect();
        let _ = writeln!(text, "{name}. IN TXT {}", strings.join(" "));
    };
    let relays = config.relay.now();
    let addresses: Vec<String> = relays
        .iter()
        .filter(|relay| !relay.is_over(now))
        .flat_map(|relay| &relay.sources)
        .map(|ip| if ip.is_ipv4() { format!("ip4:{ip}") } else { format!("ip6:{ip}") })
        .collect();
    txt(shared.include().as_str(), &format!("v=spf1 {} -all", addresses.join(" ")));
    let include = format!("v=spf1 include:{} -all", shared.include());
    txt(shared.domain.as_str(), &include);
    txt(shared.bounces().as_str(), &include);
    txt(&format!("_dmarc.{}", shared.domain), &format!("v=DMARC1; p=reject; rua=mailto:dmarc@{}", shared.domain));
    // RFC 8460 §3: whoever hands mail to us tells how TLS went.
    txt(&format!("_smtp._tls.{}", shared.domain), &format!("v=TLSRPTv1; rua=mailto:tls@{}", shared.domain));
    // RFC 9990 §4, RFC 7489 §7.1: libraries may have reports about their own domains sent to us.
    txt(&format!("*._report._dmarc.{}", shared.domain), "v=DMARC1");
    let ours = Ours::new(config, config.public_host.clone(), Vec::new());
    for key in keys {
        if let Some(name) = key_name(key, &ours) {
            txt(name.as_str(), &key.record());
        }
    }
    let mx = &config.public_host;
    let _ = writeln!(text, "{}. IN MX 10 {mx}.\n{}. IN MX 10 {mx}.", shared.domain, shared.bounces());
    text
}

/// Where a key is published: a library's at the name that its CNAME leads to, in our own domain.
fn key_name(key: &Key, ours: &Ours) -> Option<Domain> {
    match &key.library {
        Some(code) => dkim_target(&key.selector, &LibraryCode::parse(code).ok()?, ours),
        None => Domain::parse(&format!("{}._domainkey.{}", key.selector, key.domain)).ok(),
    }
}
