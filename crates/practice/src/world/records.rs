//! The DNS of the practice internet, as data: every name and what it says.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use standards::domain::{Domain, NotADomain};

use super::libraries::{LIBRARIES, Library, Situation};
use super::{INBOUND, OLD_DOMAIN, OLD_SERVERS, RELAYS, SERVICE};
use crate::dns::{Data, RecordType, Zones};
use crate::provider::Spec;

/// What a name says, as text.
enum Says {
    A(Ipv4Addr),
    Mx(String),
    Txt(String),
    Cname(String),
    Ptr(String),
}

/// A name and one thing it says.
type Record = (String, Says);

/// Seconds an answer may be remembered: what a library publishes is to be seen at once.
const TTL_S: u32 = 2;
/// Where the reverse names of 127.77.0.0/16 live.
const REVERSE: &str = "77.127.in-addr.arpa";

/// Publishes every record there is at the start.
///
/// # Errors
/// A provider of the caller's whose domain is too long to stand below `_dmarc.`.
pub(super) fn publish(zones: &Zones, providers: &[Spec]) -> Result<(), NotADomain> {
    let domains = LIBRARIES.iter().map(|library| library.domain.to_owned());
    let domains = domains.chain(providers.iter().map(|provider| provider.domain.to_string()));
    for apex in domains.chain([SERVICE, OLD_DOMAIN, REVERSE].map(str::to_owned)) {
        zones.zone(&Domain::parse(&apex)?);
    }
    let mut records = service();
    records.extend(old_server());
    records.extend(LIBRARIES.iter().flat_map(library));
    records.extend(providers.iter().flat_map(provider));
    let mut sets: BTreeMap<(Domain, RecordType), Vec<Data>> = BTreeMap::new();
    for (name, says) in records {
        let data = says.data()?;
        sets.entry((Domain::parse(&name)?, data.kind())).or_default().push(data);
    }
    for ((name, kind), set) in sets {
        zones.replace(&name, kind, TTL_S, set);
    }
    Ok(())
}

/// Puts these texts in the place of what TXT says there.
pub(super) fn put_txt(zones: &Zones, name: &Domain, texts: &[&str]) {
    zones.replace(name, RecordType::TXT, TTL_S, texts.iter().map(|text| Data::txt(text)).collect());
}

/// Makes the name an alias. What else it said is gone (RFC 1034 §3.6.2: a CNAME stands alone).
pub(super) fn put_cname(zones: &Zones, name: &Domain, target: &Domain) {
    zones.remove_name(name);
    zones.replace(name, RecordType::CNAME, TTL_S, vec![Data::Cname(target.clone())]);
}

impl Says {
    fn data(self) -> Result<Data, NotADomain> {
        Ok(match self {
            Self::A(ip) => Data::A(ip),
            Self::Mx(host) => Data::Mx(10, Some(Domain::parse(&host)?)),
            Self::Txt(text) => Data::txt(&text),
            Self::Cname(target) => Data::Cname(Domain::parse(&target)?),
            Self::Ptr(host) => Data::Ptr(Domain::parse(&host)?),
        })
    }
}

fn service() -> Vec<Record> {
    let include = format!("v=spf1 include:_spf.{SERVICE} -all");
    let inbound = format!("in1.{SERVICE}");
    let relays: Vec<String> = RELAYS.iter().map(|ip| format!("ip4:{ip}")).collect();
    let mut records = vec![
        (SERVICE.to_owned(), Says::Mx(inbound.clone())),
        (SERVICE.to_owned(), Says::Txt(include.clone())),
        (format!("_dmarc.{SERVICE}"), Says::Txt(dmarc("reject"))),
        (format!("_spf.{SERVICE}"), Says::Txt(format!("v=spf1 {} -all", relays.join(" ")))),
        // Where libraries that delegate their return path point it.
        (format!("bounces.{SERVICE}"), Says::Mx(inbound.clone())),
        (format!("bounces.{SERVICE}"), Says::Txt(include)),
    ];
    records.extend(host(&inbound, INBOUND));
    for (ip, number) in RELAYS.into_iter().zip(1..) {
        records.extend(host(&format!("out{number}.{SERVICE}"), ip));
    }
    records
}

/// Today's hosted server, which signs nothing and sends in every library's name.
fn old_server() -> Vec<Record> {
    let addresses: Vec<String> = OLD_SERVERS.iter().map(|ip| format!("ip4:{ip}")).collect();
    let mut records = vec![
        (OLD_DOMAIN.to_owned(), Says::Txt(format!("v=spf1 include:_spf.{OLD_DOMAIN} -all"))),
        (format!("_spf.{OLD_DOMAIN}"), Says::Txt(format!("v=spf1 {} ~all", addresses.join(" ")))),
    ];
    for (ip, number) in OLD_SERVERS.into_iter().zip(1..) {
        records.extend(host(&format!("ill{number}.{OLD_DOMAIN}"), ip));
    }
    records
}

fn library(library: &Library) -> Vec<Record> {
    let domain = library.domain;
    let own = format!("ip4:{}", library.mail_server);
    let mail = format!("mail.{domain}");
    let mut records = vec![(domain.to_owned(), Says::Mx(mail.clone()))];
    records.extend(host(&mail, library.mail_server));
    let mut txt = |name: &str, text: String| records.push((name.to_owned(), Says::Txt(text)));
    let policy_at = format!("_dmarc.{domain}");
    match library.situation {
        Situation::Strict => {
            txt(domain, format!("v=spf1 {own} -all"));
            txt(&policy_at, dmarc("reject"));
        }
        Situation::IncludesService => {
            txt(domain, format!("v=spf1 {own} include:_spf.{SERVICE} -all"));
            txt(&policy_at, dmarc("reject"));
        }
        Situation::Delegates => {
            txt(domain, format!("v=spf1 {own} -all"));
            txt(&policy_at, dmarc("reject"));
            records.push((format!("notices-bounce.{domain}"), Says::Cname(format!("bounces.{SERVICE}"))));
        }
        Situation::Nothing => {}
        Situation::TwoSpfRecords => {
            txt(domain, format!("v=spf1 {own} -all"));
            txt(domain, format!("v=spf1 include:_spf.{OLD_DOMAIN} ~all"));
        }
        Situation::TooManyLookups => {
            let includes: Vec<String> = (0..12).map(|number| format!("include:s{number}.{domain}")).collect();
            txt(domain, format!("v=spf1 {} -all", includes.join(" ")));
            txt(&policy_at, dmarc("none"));
            for number in 0..12 {
                txt(&format!("s{number}.{domain}"), format!("v=spf1 ip4:127.77.4.{number} ?all"));
            }
        }
        Situation::Quarantine => {
            txt(domain, format!("v=spf1 {own} ~all"));
            txt(&policy_at, dmarc("quarantine"));
        }
        Situation::ListsOldServer => {
            let old: Vec<String> = OLD_SERVERS.iter().map(|ip| format!("+ip4:{ip}")).collect();
            txt(domain, format!("v=spf1 {own} {} -all", old.join(" ")));
            txt(&policy_at, dmarc("none"));
        }
        Situation::SoftOnly => txt(domain, format!("v=spf1 {own} ~all")),
    }
    records
}

fn provider(spec: &Spec) -> Vec<Record> {
    let domain = spec.domain.to_string();
    let mx = format!("mx1.{domain}");
    let mut records = vec![
        (domain.clone(), Says::Mx(mx.clone())),
        (domain.clone(), Says::Txt(format!("v=spf1 ip4:{} -all", spec.ip))),
        (format!("_dmarc.{domain}"), Says::Txt(dmarc("none"))),
    ];
    records.extend(host(&mx, spec.ip));
    records
}

/// A host's address and the name of that address.
fn host(name: &str, ip: Ipv4Addr) -> [Record; 2] {
    let [a, b, c, d] = ip.octets();
    [(name.to_owned(), Says::A(ip)), (format!("{d}.{c}.{b}.{a}.in-addr.arpa"), Says::Ptr(name.to_owned()))]
}

fn dmarc(policy: &str) -> String {
    format!("v=DMARC1; p={policy}; rua=mailto:dmarc@{SERVICE}")
}
