//! How much TLS the receivers of a domain want: MTA-STS (RFC 8461) and DANE (RFC 7672).
//!
//! In: a domain with its route. Out: the [`Security`] of an attempt. What a domain said is remembered: in memory for some minutes, its
//! MTA-STS policy in the store for as long as it asked, so that nobody who keeps us from its DNS or its web server undoes it. What
//! cannot be learned never loosens what is known. Not here: holding hosts to it (`net::tls`, `dial`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use standards::dns::Dns;
use standards::domain::Domain;
use standards::mta_sts::{Mode, Policy, record_id};
use standards::tls_rpt::Found;

use super::route::Route;
use crate::net::dane::Tlsa;
use crate::net::https::{HeaderMap, Https, Method, Request};
use crate::net::secure::{Bogus, SecureDns};
use crate::net::tls::{Demands, Security};
use crate::store::{Store, StsPolicy};

/// How long what a domain wants is remembered without asking its DNS: TLSA records are changed some TTLs before certificates are.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(5);

/// How soon is asked again when something could not be learned.
const REMEMBERED_UNKNOWN: SignedDuration = SignedDuration::from_secs(30);

/// Domains remembered.
const DOMAINS_MAX: usize = 20_000;

/// TLSA records of one host that are looked at.
const TLSA_MAX: usize = 16;

/// Finds out, and remembers.
pub struct Policies {
    dns: Arc<dyn Dns>,
    /// None: no resolver whose word on signatures could be believed.
    secure: Option<SecureDns>,
    /// None: no policy is fetched.
    https: Option<Https>,
    store: Store,
    port: u16,
    known: Mutex<HashMap<Domain, Known>>,
}

#[derive(Clone)]
struct Known {
    demands: Demands,
    /// For the report to the domain.
    found: Option<Found>,
    until: Timestamp,
}

impl Policies {
    /// Asks `dns` for records, `secure` for those that must be vouched for, and `https` for policies; mail hosts listen at `port`.
    #[must_use]
    pub fn new(dns: Arc<dyn Dns>, secure: Option<SecureDns>, https: Option<Https>, store: Store, port: u16) -> Self {
        Self { dns, secure, https, store, port, known: Mutex::default() }
    }

    /// Whom the DNS is asked through.
    pub(super) fn dns(&self) -> &dyn Dns {
        &*self.dns
    }

    /// What policies are fetched with.
    pub(super) fn https(&self) -> Option<&Https> {
        self.https.as_ref()
    }

    /// What is wanted for mail to `domain` over `route`; TLS in any case where `encrypted`. And what its domain asked for, as a report
    /// to it says (RFC 8460 §4.2); none where it is not to be counted.
    pub async fn of(
        &self,
        domain: &Domain,
        route: &Route,
        encrypted: bool,
        now: Timestamp,
    ) -> (Security, Option<Found>) {
        let known = match self.remembered(domain, now) {
            Some(known) => known,
            None => {
                let (policy, dane) = tokio::join!(self.sts(domain, now), self.dane(domain, route));
                let unknown = dane.iter().any(|(_, records)| records.is_none());
                let found = found(policy.as_ref(), &dane);
                let hosts =
                    |mode: Mode| policy.as_ref().filter(|(one, _)| one.mode == mode).map(|(one, _)| one.mx.clone());
                let (sts, sts_tried) = (hosts(Mode::Enforce), hosts(Mode::Testing));
                let demands = Demands { encrypted: false, sts, sts_tried, dane };
                self.remember(domain, demands, found, unknown, now)
            }
        };
        let demands = Demands { encrypted, ..known.demands };
        let is_free = demands == Demands::default();
        let security = if is_free { Security::Opportunistic } else { Security::Demands(Arc::new(demands)) };
        (security, known.found)
    }

    /// The policy in force, and its text.
    async fn sts(&self, domain: &Domain, now: Timestamp) -> Option<(Policy, String)> {
        let https = self.https.as_ref()?;
        let kept = match self.store.sts_policy(domain, now).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::error!(%error, "the MTA-STS policies cannot be read");
                None
            }
        };
        let id = match self.dns.txt(&domain.below("_mta-sts").ok()?).await {
            Ok(found) => record_id(found.records.iter().map(Vec::as_slice)),
            Err(_) => None,
        };
        // §3.3: a policy that is kept counts until its time is over, whatever the DNS says or does not say now.
        let fresh = match (id, &kept) {
            (Some(id), Some(kept)) if kept.id == id => None,
            (Some(id), _) => fetch(https, domain).await.map(|text| (id, text)),
            (None, _) => None,
        };
        let text = match fresh {
            Some((id, text)) => {
                let policy = Policy::parse(&text).ok()?;
                let age = SignedDuration::from_secs(policy.max_age_s.into());
                let expires_at = now.checked_add(age).unwrap_or(Timestamp::MAX);
                let kept = StsPolicy { id, policy: text.clone(), expires_at };
                if let Err(error) = self.store.put_sts_policy(domain, kept).await {
                    tracing::error!(%error, "an MTA-STS policy could not be kept");
                }
                text
            }
            None => kept?.policy,
        };
        Some((Policy::parse(&text).ok()?, text))
    }

    /// The hosts that have TLSA records, and those of which it cannot be learned.
    async fn dane(&self, domain: &Domain, route: &Route) -> Vec<(Domain, Option<Vec<Tlsa>>)> {
        let Some(secure) = self.secure else { return Vec::new() };
        match secure.mx_is_secure(domain).await {
            Ok(true) => {}
            // RFC 7672 §2.2.1: where nobody vouches for the names of the hosts, nobody can vouch for the hosts.
            Ok(false) => return Vec::new(),
            // §2.1: what cannot be learned now is waited for, or whoever silences the name servers would have mail go out in clear.
            Err(Bogus) => return route.hosts.iter().map(|host| (host.name.clone(), None)).collect(),
        }
        let mut found = Vec::new();
        for host in &route.hosts {
            match self.of_host(secure, &host.name).await {
                Ok(Some(records)) => found.push((host.name.clone(), Some(records))),
                Ok(None) => {}
                Err(Bogus) => found.push((host.name.clone(), None)),
            }
        }
        found
    }

    /// The TLSA records of a host: none where it has none, or where nobody vouches for its addresses (RFC 7672 §2.2.2).
    async fn of_host(&self, secure: SecureDns, host: &Domain) -> Result<Option<Vec<Tlsa>>, Bogus> {
        if !secure.host_is_secure(host).await? {
            return Ok(None);
        }
        let mut found = secure.tlsa(host, self.port).await?;
        if !found.secure || found.records.is_empty() {
            return Ok(None);
        }
        found.records.sort_unstable();
        found.records.truncate(TLSA_MAX);
        Ok(Some(found.records))
    }

    fn remembered(&self, domain: &Domain, now: Timestamp) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(domain).filter(|known| now < known.until).cloned()
    }

    fn remember(
        &self,
        domain: &Domain,
        demands: Demands,
        found: Option<Found>,
        unknown: bool,
        now: Timestamp,
    ) -> Known {
        let wait = if unknown { REMEMBERED_UNKNOWN } else { REMEMBERED };
        let one = Known { demands, found, until: now.checked_add(wait).unwrap_or(now) };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= DOMAINS_MAX {
            known.retain(|_, known| now < known.until);
        }
        if known.len() < DOMAINS_MAX {
            known.insert(domain.clone(), one.clone());
        }
        one
    }
}

/// What a report says that the domain asked for. DANE goes before MTA-STS (RFC 8461 §2).
fn found(policy: Option<&(Policy, String)>, dane: &[(Domain, Option<Vec<Tlsa>>)]) -> Option<Found> {
    if !dane.is_empty() {
        let records = dane.iter().filter_map(|(_, records)| records.as_ref()).flatten();
        let strings = records.map(Tlsa::to_string).collect();
        let hosts = dane.iter().map(|(host, _)| host.to_string()).collect();
        return Some(Found { kind: "tlsa".to_owned(), strings, hosts });
    }
    match policy {
        Some((policy, text)) if policy.mode != Mode::None => {
            let strings = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
            Some(Found { kind: "sts".to_owned(), strings, hosts: policy.mx.clone() })
        }
        _ => Some(Found { kind: "no-policy-found".to_owned(), ..Found::default() }),
    }
}

/// The policy file (§3.3): over HTTPS with a certificate of trust, no redirect, 200, plain text.
async fn fetch(https: &Https, domain: &Domain) -> Option<String> {
    let url = https.url(&format!("https://mta-sts.{domain}/.well-known/mta-sts.txt")).ok()?;
    let request = Request { method: Method::GET, url, headers: HeaderMap::new(), body: Vec::new() };
    let answer = match https.send(request).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(%domain, %error, "an MTA-STS policy could not be fetched");
            return None;
        }
    };
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_plain = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain"));
    if answer.status != 200 || !is_plain {
        tracing::info!(%domain, status = answer.status, "there is no MTA-STS policy where its record says so");
        return None;
    }
    let text = String::from_utf8(answer.body).ok()?;
    Policy::parse(&text).is_ok().then_some(text)
}
