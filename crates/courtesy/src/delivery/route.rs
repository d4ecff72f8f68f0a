//! Where mail for a domain is taken (RFC 5321 §5.1, RFC 7505).
//!
//! In: a domain, and the DNS. Out: a [`Route`] of hosts with their addresses under one canonical [`Site`], or why there
//! is none. Two domains with the same set of MX hosts are one site: they share connections and their limits. Not
//! here: connections (`dial`, `pool`), and MTA-STS or DANE policies.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use standards::dns::{Dns, Mx};
use standards::domain::Domain;
use tokio::time::timeout;

use crate::clock::Timestamp;
use crate::net::https::is_public;
use crate::outcome::NoRoute;

/// A set of mail hosts under one name: the sorted host names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site(Arc<str>);

/// One mail host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, as the MX record has it.
    pub name: Domain,
    /// Lower is tried first; equals in random order.
    pub preference: u16,
    /// Where it listens, in the order to try.
    pub addresses: Vec<SocketAddr>,
}

/// Where mail for a domain goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Who takes it.
    pub site: Site,
    /// The hosts by preference, each with at least one address.
    pub hosts: Vec<Host>,
    /// Seconds it may be remembered.
    pub ttl_s: u32,
}

/// How routes are found.
#[derive(Clone, Debug)]
pub struct Routing {
    /// The port of mail hosts: 25 on the internet.
    pub port: u16,
    /// IPv6 before IPv4. Off by default: receivers refuse mail over IPv6 for faults (a missing PTR) that they forgive
    /// over IPv4.
    pub ipv6_first: bool,
    /// Whether loopback addresses are hosts: in the practice internet they are, on the real one an MX record that
    /// names 127.0.0.1 would have us talk to ourselves.
    pub loopback: bool,
    /// Whether libraries' own relays may be at private addresses. Who may name a relay could else reach into the operator's network,
    /// and read there what a server says of itself. Receivers are not asked for it: an organisation may resolve its own to such.
    pub private: bool,
    /// Our own host names: an MX record that names one leads back to us, and neither it nor what is less preferred
    /// may be used (RFC 5321 §5.1).
    pub ours: Vec<Domain>,
}

impl Default for Routing {
    fn default() -> Self {
        Self { port: 25, ipv6_first: false, loopback: false, private: false, ours: Vec::new() }
    }
}

/// MX records looked at; the largest real sets have about 20.
const MX_RECORDS_MAX: usize = 32;
/// Hosts whose addresses are asked for. RFC 5321 §5.1 wants two at least.
const HOSTS_MAX: usize = 8;
/// Addresses kept of one host, over both families.
const ADDRESSES_MAX: usize = 8;
/// For all questions of one route; the resolver's own limits are shorter for each.
const ROUTE_TIME_MAX: Duration = Duration::from_secs(60);
/// A route is asked for again after an hour at the latest, so that a moved site loses no day.
const TTL_MAX_S: u32 = 3600;
/// A burst of messages to one domain asks once, whatever its TTL.
const TTL_MIN_S: u32 = 10;
/// "There is no route" is forgotten soon: someone is probably mending it.
const NO_ROUTE_TTL_MAX_S: u32 = 300;
/// Routes remembered, at about 500 octets each: more domains than a consortium's patrons use.
const ROUTES_MAX: usize = 20_000;

impl Site {
    /// The site of these hosts, in whatever order.
    #[must_use]
    pub fn of<'a>(hosts: impl IntoIterator<Item = &'a Domain>) -> Self {
        let mut names: Vec<&str> = hosts.into_iter().map(Domain::as_str).collect();
        names.sort_unstable();
        names.dedup();
        Self(names.join(",").into())
    }

    /// The canonical text, for metrics and the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Site {
    /// A site from its text, as it was kept.
    pub(super) fn kept(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Route {
    /// To one host at known addresses: a library's own relay.
    #[must_use]
    pub fn to_host(name: Domain, addresses: Vec<SocketAddr>) -> Self {
        Self { site: Site::of([&name]), hosts: vec![Host { name, preference: 0, addresses }], ttl_s: TTL_MAX_S }
    }

    /// The hosts in the order to call: by preference, and by `chance` among equals, so that load spreads as RFC 5321
    /// §5.1 wants it.
    #[must_use]
    pub fn order(&self, chance: u64) -> Vec<&Host> {
        let mut hosts: Vec<(u64, &Host)> =
            (0u64..).zip(&self.hosts).map(|(index, host)| (scattered(chance, index), host)).collect();
        hosts.sort_by_key(|(draw, host)| (host.preference, *draw));
        hosts.into_iter().map(|(_, host)| host).collect()
    }

    /// Whether every host lies in `domain`: a rule for a provider may only bind a site that is wholly the provider's.
    #[must_use]
    pub fn is_wholly_within(&self, domain: &Domain) -> bool {
        !self.hosts.is_empty() && self.hosts.iter().all(|host| host.name.is_within(domain))
    }
}

/// The route for `domain`, asked of the DNS now.
///
/// # Errors
/// [`NoRoute`]: an answer, not a fault. [`NoRoute::DnsTrouble`] only when nothing usable is left and something could
/// not be asked.
pub async fn route(dns: &dyn Dns, domain: &Domain, routing: &Routing) -> Result<Route, NoRoute> {
    timed_route(dns, domain, routing).await.map_err(|(no_route, _)| no_route)
}

/// Routes remembered for their TTL.
pub struct Routes {
    dns: Arc<dyn Dns>,
    routing: Routing,
    known: Mutex<HashMap<Domain, Known>>,
}

struct Known {
    answer: Result<Arc<Route>, NoRoute>,
    until: Timestamp,
}

impl Routes {
    /// None known yet.
    #[must_use]
    pub fn new(dns: Arc<dyn Dns>, routing: Routing) -> Self {
        Self { dns, routing, known: Mutex::default() }
    }

    /// The route for `domain`, remembered or asked.
    ///
    /// # Errors
    /// [`NoRoute`], as [`route`].
    pub async fn to(&self, domain: &Domain, now: Timestamp) -> Result<Arc<Route>, NoRoute> {
        if let Some(answer) = self.remembered(domain, now) {
            return answer;
        }
        let (answer, ttl_s) = match timed_route(&*self.dns, domain, &self.routing).await {
            Ok(route) => {
                let ttl_s = route.ttl_s;
                (Ok(Arc::new(route)), ttl_s)
            }
            Err((no_route, ttl_s)) => (Err(no_route), ttl_s.min(NO_ROUTE_TTL_MAX_S)),
        };
        if answer != Err(NoRoute::DnsTrouble) {
            self.remember(domain, answer.clone(), now, ttl_s.max(TTL_MIN_S));
        }
        answer
    }

    /// The route to one host that is no MX: a library's own relay at `port`, remembered by the resolver alone, at public addresses where
    /// nothing else is allowed. `in_clear`: only where it is on this very machine.
    ///
    /// # Errors
    /// [`NoRoute::NoHost`], or [`NoRoute::DnsTrouble`].
    pub async fn to_relay(&self, host: &Domain, port: u16, in_clear: bool) -> Result<Route, NoRoute> {
        let routing = Routing { port, ..self.routing.clone() };
        let found = timeout(ROUTE_TIME_MAX, addresses(&*self.dns, host, &routing)).await;
        let Ok(mut found) = found else { return Err(NoRoute::DnsTrouble) };
        // Loopback addresses are among them only where they are hosts.
        let may_be = |ip: IpAddr| ip.is_loopback() || !in_clear && (routing.private || is_public(ip));
        found.addresses.retain(|address| may_be(address.ip().to_canonical()));
        match (found.addresses.is_empty(), found.trouble) {
            (false, _) => Ok(Route::to_host(host.clone(), found.addresses)),
            (true, true) => Err(NoRoute::DnsTrouble),
            (true, false) => Err(NoRoute::NoHost),
        }
    }

    fn remembered(&self, domain: &Domain, now: Timestamp) -> Option<Result<Arc<Route>, NoRoute>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(domain).filter(|known| now < known.until).map(|known| known.answer.clone())
    }

    fn remember(&self, domain: &Domain, answer: Result<Arc<Route>, NoRoute>, now: Timestamp, ttl_s: u32) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ROUTES_MAX {
            known.retain(|_, known| now < known.until);
        }
        if known.len() >= ROUTES_MAX {
            // All of them fresh: forgetting a half at random costs a question each, once.
            let mut turn = 0_u32;
            known.retain(|_, _| {
                turn += 1;
                turn.is_multiple_of(2)
            });
        }
        let until = now.checked_add(jiff::SignedDuration::from_secs(ttl_s.into())).unwrap_or(now);
        known.insert(domain.clone(), Known { answer, until });
    }
}

async fn timed_route(dns: &dyn Dns, domain: &Domain, routing: &Routing) -> Result<Route, (NoRoute, u32)> {
    timeout(ROUTE_TIME_MAX, ask(dns, domain, routing)).await.unwrap_or(Err((NoRoute::DnsTrouble, 0)))
}

async fn ask(dns: &dyn Dns, domain: &Domain, routing: &Routing) -> Result<Route, (NoRoute, u32)> {
    let answer = dns.mx(domain).await.map_err(|_| (NoRoute::DnsTrouble, 0))?;
    let ttl_s = answer.ttl_s.min(TTL_MAX_S);
    if !answer.name_exists {
        return Err((NoRoute::NoSuchDomain, ttl_s));
    }
    let mut records = answer.records;
    if records.is_empty() {
        // RFC 5321 §5.1: without MX the domain itself is the host, with preference 0.
        return hosts(dns, &[(0, domain.clone())], routing, ttl_s).await;
    }
    records.sort_unstable();
    records.truncate(MX_RECORDS_MAX);
    let named: Vec<(u16, Domain)> =
        records.into_iter().filter_map(|Mx { preference, host }| Some((preference, host?))).collect();
    if named.is_empty() {
        return Err((NoRoute::NullMx, ttl_s));
    }
    let usable = before_us(named, &routing.ours);
    hosts(dns, &usable, routing, ttl_s).await
}

/// RFC 5321 §5.1: of a list that names ourselves, only what is preferred to us may be used.
fn before_us(named: Vec<(u16, Domain)>, ours: &[Domain]) -> Vec<(u16, Domain)> {
    let us = named.iter().filter(|(_, host)| ours.contains(host)).map(|(preference, _)| *preference).min();
    named.into_iter().filter(|(preference, _)| us.is_none_or(|us| *preference < us)).collect()
}

/// Hosts with their addresses; those without any are left out.
async fn hosts(
    dns: &dyn Dns,
    named: &[(u16, Domain)],
    routing: &Routing,
    mut ttl_s: u32,
) -> Result<Route, (NoRoute, u32)> {
    let site = Site::of(named.iter().map(|(_, name)| name));
    let mut hosts: Vec<Host> = Vec::new();
    let mut trouble = false;
    for (preference, name) in named.iter().take(HOSTS_MAX) {
        if hosts.iter().any(|host| host.name == *name) {
            continue;
        }
        let found = addresses(dns, name, routing).await;
        trouble |= found.trouble;
        if !found.addresses.is_empty() {
            ttl_s = ttl_s.min(found.ttl_s);
            hosts.push(Host { name: name.clone(), preference: *preference, addresses: found.addresses });
        }
    }
    match (hosts.is_empty(), trouble) {
        (false, _) => Ok(Route { site, hosts, ttl_s }),
        (true, true) => Err((NoRoute::DnsTrouble, 0)),
        (true, false) => Err((NoRoute::NoHost, ttl_s)),
    }
}

struct Addresses {
    addresses: Vec<SocketAddr>,
    ttl_s: u32,
    trouble: bool,
}

async fn addresses(dns: &dyn Dns, name: &Domain, routing: &Routing) -> Addresses {
    let (v4, v6) = tokio::join!(dns.a(name), dns.aaaa(name));
    let trouble = v4.is_err() || v6.is_err();
    let mut ttl_s = TTL_MAX_S;
    let mut four = Vec::new();
    let mut six = Vec::new();
    if let Ok(found) = v4
        && !found.records.is_empty()
    {
        ttl_s = ttl_s.min(found.ttl_s);
        four.extend(found.records.into_iter().map(IpAddr::from));
    }
    if let Ok(found) = v6
        && !found.records.is_empty()
    {
        ttl_s = ttl_s.min(found.ttl_s);
        six.extend(found.records.into_iter().map(IpAddr::from));
    }
    let (first, second) = if routing.ipv6_first { (six, four) } else { (four, six) };
    // Half the places are the first family's, so that the other is always among them.
    let first = first.into_iter().filter(|ip| is_a_host(*ip, routing.loopback)).take(ADDRESSES_MAX / 2);
    let second = second.into_iter().filter(|ip| is_a_host(*ip, routing.loopback));
    let addresses = first.chain(second).take(ADDRESSES_MAX).map(|ip| SocketAddr::new(ip, routing.port)).collect();
    Addresses { addresses, ttl_s, trouble }
}

/// Whether mail could be taken there at all.
fn is_a_host(ip: IpAddr, loopback: bool) -> bool {
    let ip = ip.to_canonical();
    if ip.is_loopback() {
        return loopback;
    }
    let local = match ip {
        IpAddr::V4(v4) => v4.is_broadcast() || v4.is_link_local() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !local && !ip.is_unspecified() && !ip.is_multicast()
}

/// An even draw for each index (the finaliser of `SplitMix64`): order among equals needs no more.
fn scattered(chance: u64, index: u64) -> u64 {
    let mut x = chance ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
