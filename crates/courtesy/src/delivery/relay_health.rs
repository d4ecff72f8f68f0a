//! Looks at our own relays as receivers do, once an hour: names, certificate, whether port 25 is open, block lists.
//!
//! In: the relays of this machine, the DNS, what deliveries came to. Out: findings, kept for the doctor and `/v1/relays`, and counted. Nothing
//! follows by itself but words: a person decides to drain a relay. Not here: relays that reach nobody, which are left out at once
//! (`relays`).

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standards::dns::Dns;
use standards::domain::Domain;
use tokio::time::Instant;

use super::Parts;
use crate::clock;
use crate::config::Relay;
use crate::net::validity::validity;
use crate::store::RelayLook;

/// How often the records and block lists are asked. Lists ask their users not to hurry.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// How soon after the start: the first messages have then shown whether port 25 is open.
const FIRST_LOOK: Duration = Duration::from_secs(60);

/// What was reached so long ago tells nothing of now.
const REACHED_COUNTS: Duration = Duration::from_secs(24 * 3600);

/// A certificate that ends so soon should have been renewed by now.
const RENEWED_BEFORE_DAYS: i64 = 14;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `ptr`, `helo`, `certificate`, `port_25` or `block_lists`.
    pub check: String,
    /// Whether it is well; none where nothing could be learned.
    pub is_well: Option<bool>,
    /// What was found, and what to do.
    pub detail: String,
}

impl Finding {
    fn new(check: &str, is_well: Option<bool>, detail: impl Into<String>) -> Self {
        Self { check: check.to_owned(), is_well, detail: detail.into() }
    }
}

/// Looks at the relays of this machine, until it is dropped.
pub(super) async fn run(parts: &Parts) {
    tokio::time::sleep(FIRST_LOOK).await;
    loop {
        look(parts, clock::now()).await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Looks once at each relay that sends from here, and keeps what was found.
pub(super) async fn look(parts: &Parts, now: Timestamp) {
    let relays: Vec<Relay> =
        parts.config.relays_at(now).into_iter().filter(|relay| parts.config.is_here(relay)).collect();
    for relay in relays {
        let mut findings = Vec::new();
        if !relay.sources.is_empty() {
            findings.push(ptr(parts.policies.dns(), &relay).await);
            findings.push(helo(parts.policies.dns(), &relay).await);
        }
        findings.extend(certificate(parts.config.listen.smtp_certificate.as_deref(), now));
        let last_reached = parts.relays.last_reached(&relay.host, Instant::now());
        findings.push(port_25(last_reached, parts.relays.reaches_nobody(&relay.host)));
        for list in &parts.config.relays.block_lists {
            findings.push(block_list(parts.policies.dns(), &relay, list).await);
        }
        for finding in &findings {
            if let Some(is_well) = finding.is_well {
                parts.metrics.relay_check(relay.host.as_str(), &finding.check, is_well);
            }
            if finding.is_well == Some(false) {
                tracing::warn!(relay = %relay.host, check = finding.check, detail = finding.detail, "a relay is not well");
            }
        }
        let findings = serde_json::to_string(&findings).expect("texts become JSON");
        let look = RelayLook { host: relay.host.to_string(), at: now, findings };
        if let Err(error) = parts.store.put_relay_look(look).await {
            tracing::error!(%error, "what was found about a relay could not be kept");
        }
    }
}

/// Each source address has a name that leads back to it (RFC 1912 §2.1); Gmail and many others refuse mail from one that has none.
async fn ptr(dns: &dyn Dns, relay: &Relay) -> Finding {
    let mut wrong = String::new();
    for ip in &relay.sources {
        let Ok(names) = dns.ptr(*ip).await else { return Finding::new("ptr", None, "DNS did not answer") };
        let mut leads_back = false;
        for name in names.records.iter().take(4) {
            leads_back |= addresses(dns, name).await.is_some_and(|found| found.contains(ip));
        }
        if !leads_back {
            let what = match names.records.first() {
                None => "has no PTR record".to_owned(),
                Some(name) => format!("has the name {name}, which does not lead back to it"),
            };
            let _ = write!(wrong, "{ip} {what}; ");
        }
    }
    match wrong.trim_end_matches("; ") {
        "" => Finding::new("ptr", Some(true), "each address has a name that leads back to it"),
        wrong => {
            let fix = format!("{wrong}. Ask who gave you the address to name it {}", relay.host);
            Finding::new("ptr", Some(false), fix)
        }
    }
}

/// The name said in HELO leads to the addresses that say it.
async fn helo(dns: &dyn Dns, relay: &Relay) -> Finding {
    let Some(found) = addresses(dns, &relay.host).await else {
        return Finding::new("helo", None, "DNS did not answer");
    };
    let missing: Vec<String> = relay.sources.iter().filter(|ip| !found.contains(ip)).map(IpAddr::to_string).collect();
    if missing.is_empty() {
        return Finding::new("helo", Some(true), format!("{} leads to each of its addresses", relay.host));
    }
    let detail = format!("{} does not lead to {}: add A or AAAA records", relay.host, missing.join(", "));
    Finding::new("helo", Some(false), detail)
}

/// None where DNS did not answer.
async fn addresses(dns: &dyn Dns, name: &Domain) -> Option<Vec<IpAddr>> {
    let (v4, v6) = (dns.a(name).await, dns.aaaa(name).await);
    if v4.is_err() && v6.is_err() {
        return None;
    }
    let v4 = v4.into_iter().flat_map(|found| found.records).map(IpAddr::from);
    Some(v4.chain(v6.into_iter().flat_map(|found| found.records).map(IpAddr::from)).collect())
}

/// How long the certificate of our own SMTP doors is still good; nothing where they have none of the operator's.
fn certificate(file: Option<&Path>, now: Timestamp) -> Option<Finding> {
    use rustls::pki_types::pem::PemObject as _;
    let file = file?;
    let read = rustls::pki_types::CertificateDer::from_pem_file(file).ok();
    let end = read.and_then(|certificate| validity(&certificate)).map(|(_, end)| end);
    let Some(end) = end else {
        return Some(Finding::new("certificate", Some(false), format!("{} cannot be read", file.display())));
    };
    let days = end.duration_since(now).as_hours().div_euclid(24);
    let day = end.strftime("%F");
    Some(match days {
        ..0 => Finding::new("certificate", Some(false), format!("it ended on {day}: renew it")),
        0..RENEWED_BEFORE_DAYS => {
            Finding::new("certificate", Some(false), format!("it ends on {day}, in {days} days: renew it"))
        }
        _ => Finding::new("certificate", Some(true), format!("good until {day}")),
    })
}

/// Whether mail gets out at all, told from what was delivered.
fn port_25(last_reached: Option<Duration>, reaches_nobody: bool) -> Finding {
    let name = "port_25";
    match last_reached {
        _ if reaches_nobody => {
            let detail = "the last calls all failed: is port 25 open outwards, and the address this machine's own?";
            Finding::new(name, Some(false), detail)
        }
        Some(ago) if ago < REACHED_COUNTS => {
            Finding::new(name, Some(true), format!("a receiver was reached {} min ago", ago.as_secs() / 60))
        }
        _ => Finding::new(name, None, "nothing was sent from it lately"),
    }
}

/// Whether a DNS block list has one of the addresses (RFC 5782 §2.1).
async fn block_list(dns: &dyn Dns, relay: &Relay, list: &Domain) -> Finding {
    let mut listed = Vec::new();
    let mut unknown = false;
    for ip in &relay.sources {
        let Some(name) = question(*ip, list) else { continue };
        match dns.a(&name).await {
            Err(_) => unknown = true,
            Ok(found) => match verdict(&found.records) {
                Some(true) => listed.push(ip.to_string()),
                Some(false) => {}
                None => unknown = true,
            },
        }
    }
    let check = format!("block_list {list}");
    if !listed.is_empty() {
        let detail = format!("{list} lists {}: its site says why and how to be taken off", listed.join(", "));
        return Finding::new(&check, Some(false), detail);
    }
    if unknown {
        let detail =
            format!("{list} does not answer us; many answer no public resolver, set dns.resolver to one of your own");
        return Finding::new(&check, None, detail);
    }
    Finding::new(&check, Some(true), format!("{list} does not list it"))
}

/// §2.1, §2.4: the address backwards, octet by octet or half octet by half octet, under the list's name.
fn question(ip: IpAddr, list: &Domain) -> Option<Domain> {
    let labels: Vec<String> = match ip.to_canonical() {
        IpAddr::V4(ip) => ip.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(ip) => ip
            .octets()
            .iter()
            .rev()
            .flat_map(|octet| [octet & 15, octet >> 4])
            .map(|half| format!("{half:x}"))
            .collect(),
    };
    Domain::parse(&format!("{}.{list}", labels.join("."))).ok()
}

/// Whether a list's answer says that it has the address. None where it is no answer: lists say in 127.255.255.0/24 that they do not answer
/// whoever asks, and a resolver that makes names up gives other addresses altogether.
fn verdict(records: &[std::net::Ipv4Addr]) -> Option<bool> {
    if records.is_empty() {
        return Some(false);
    }
    let is_answer = |ip: &std::net::Ipv4Addr| ip.is_loopback() && ip.octets()[..3] != [127, 255, 255];
    records.iter().any(is_answer).then_some(true)
}
