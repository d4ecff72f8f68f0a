//! From a route to one open connection: host after host, address after address, under TLS or in clear.
//!
//! In: a route, a relay to speak from, the security demanded. Out: a connection past its greeting, or the one thing to
//! report of all that failed. Not here: reuse of connections and remembered failures of a site (`pool`).

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use standards::domain::Domain;
use tokio::time::Instant;

use super::conversation::{Call, Connection, Manner};
use super::hitch::{broken, words};
use super::route::Route;
use super::transcript::Transcript;
use super::wire::Waits;
use crate::id::random_bytes;
use crate::net::tls::{ClientTls, Demand};
use crate::outcome::{Said, Stage, Trouble};

/// A relay as a conversation needs it: what it calls itself and where it speaks from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayAddr {
    /// The name said in EHLO; it should resolve to the source addresses and they to it.
    pub name: Domain,
    /// Source addresses, those that the SPF records allow. A family without one is not used. Empty means that the
    /// operating system chooses, in both families.
    pub sources: Vec<IpAddr>,
}

/// RFC 5321 §5.1 leaves the number of addresses to try to us, two at least. A site with more than this many dead
/// addresses is dead.
const ADDRESSES_TRIED_MAX: usize = 8;

/// How long TLS is not tried again with a host whose handshake fails. Long enough to spare every message the detour,
/// short enough that a renewed server goes back under TLS the same day.
const BROKEN_TLS_REMEMBERED: Duration = Duration::from_secs(3600);
/// Hosts with broken TLS remembered at most.
const BROKEN_TLS_HOSTS_MAX: usize = 1000;

/// Hosts remembered that spoke TLS: more than a consortium's patrons have.
const SPOKE_TLS_HOSTS_MAX: usize = 20_000;

/// What calls of one process share.
pub(super) struct Dialer {
    pub(super) tls: ClientTls,
    pub(super) waits: Waits,
    broken_tls: Mutex<HashMap<Domain, Instant>>,
    spoke_tls: Mutex<HashSet<Domain>>,
}

impl Dialer {
    pub(super) fn new(tls: ClientTls, waits: Waits) -> Self {
        Self { tls, waits, broken_tls: Mutex::default(), spoke_tls: Mutex::default() }
    }

    /// The first host that lets us in.
    ///
    /// Each host may say no in its greeting or to EHLO, and the next is asked. If all fail, what is reported is the
    /// most hopeful: a refusal for now, else silence, and a refusal for good only when every host gave one; a backup
    /// host that says 554 must not bounce a message whose first host is down for an hour.
    pub(super) async fn dial(
        &self,
        route: &Route,
        relay: &RelayAddr,
        manner: &Manner,
        until: Instant,
        log: &mut Transcript,
    ) -> Result<Connection, Said> {
        let chance = u64::from_le_bytes(random_bytes());
        let mut worst: Option<Said> = None;
        let mut tried = 0;
        for host in route.order(chance) {
            for &remote in &host.addresses {
                let Some(source) = relay.source(remote, chance) else { continue };
                if tried == ADDRESSES_TRIED_MAX || tried > 0 && Instant::now() >= until {
                    break;
                }
                tried += 1;
                match self.host(&host.name, remote, source, relay, manner, until, log).await {
                    Ok(connection) => return Ok(connection),
                    // A password that one address refuses is refused by all; more tries only lock the account.
                    Err(said @ Said::Replied { stage: Stage::Auth, .. }) => return Err(said),
                    Err(said) if worst.as_ref().is_none_or(|kept| hope(&said) > hope(kept)) => worst = Some(said),
                    Err(_) => {}
                }
            }
        }
        Err(worst.unwrap_or_else(|| {
            log.note("this relay has no source address for any of the hosts' address families");
            let host = route.hosts.first().map(|host| host.name.to_string());
            Said::Broken { stage: Stage::Connect, trouble: Trouble::Unreachable, host }
        }))
    }

    /// One address: under TLS, and once more in clear when that fails and may.
    #[expect(clippy::too_many_arguments, reason = "what a call needs, said once")]
    async fn host(
        &self,
        host: &Domain,
        remote: SocketAddr,
        source: Option<IpAddr>,
        relay: &RelayAddr,
        manner: &Manner,
        until: Instant,
        log: &mut Transcript,
    ) -> Result<Connection, Said> {
        let demand = manner.security.at(host);
        if matches!(demand, Demand::NotNamed | Demand::Unknown) {
            let trouble = broken(&demand);
            log.note(format_args!("{host} is not called: {}", words(trouble)));
            // RFC 8460 §4.3.1: the record of a host could not be learned; §4.3.2.2: a host that the policy does not name.
            let kind = if demand == Demand::Unknown { "dnssec-invalid" } else { "validation-failure" };
            log.session(host, None, Some(kind));
            return Err(Said::Broken { stage: Stage::Tls, trouble, host: Some(host.to_string()) });
        }
        let opportunistic = demand.allows_clear() && !manner.begins_in_tls;
        let mut call = Call {
            host,
            remote,
            source,
            helo: &relay.name,
            manner,
            tls: &self.tls,
            in_clear: opportunistic && self.tls_is_broken(host, Instant::now()),
            waits: &self.waits,
            until,
        };
        let hitch = match Connection::open(&call, log).await {
            Ok(connection) => {
                self.notice_downgrade(host, connection.tls.is_some(), log);
                return Ok(connection);
            }
            Err(hitch) => hitch,
        };
        let said = hitch.into_said(host);
        if !matches!(said, Said::Broken { stage: Stage::Tls, .. }) || !opportunistic {
            return Err(said);
        }
        self.remember_broken_tls(host, Instant::now());
        log.note("once more, in clear");
        call.in_clear = true;
        Connection::open(&call, log).await.map_err(|hitch| hitch.into_said(host))
    }

    /// Says so where a host that spoke TLS speaks it no more: somebody may stand in between, or it was taken apart.
    fn notice_downgrade(&self, host: &Domain, in_tls: bool, log: &mut Transcript) {
        let mut spoke = self.spoke_tls.lock().unwrap_or_else(PoisonError::into_inner);
        if in_tls {
            if spoke.len() < SPOKE_TLS_HOSTS_MAX {
                spoke.insert(host.clone());
            }
        } else if spoke.remove(host) {
            log.note("this host has spoken TLS before, and offers none now");
            tracing::warn!(%host, "a mail host that spoke TLS offers none now");
        }
    }

    fn tls_is_broken(&self, host: &Domain, now: Instant) -> bool {
        let broken = self.broken_tls.lock().unwrap_or_else(PoisonError::into_inner);
        broken.get(host).is_some_and(|&until| now < until)
    }

    fn remember_broken_tls(&self, host: &Domain, now: Instant) {
        let mut broken = self.broken_tls.lock().unwrap_or_else(PoisonError::into_inner);
        if broken.len() >= BROKEN_TLS_HOSTS_MAX {
            broken.retain(|_, until| now < *until);
        }
        if broken.len() < BROKEN_TLS_HOSTS_MAX {
            broken.insert(host.clone(), now + BROKEN_TLS_REMEMBERED);
        }
    }
}

impl RelayAddr {
    /// Whether it has a source address for any of the hosts: one that speaks IPv4 alone reaches no host of IPv6 alone.
    #[must_use]
    pub fn reaches(&self, route: &Route) -> bool {
        let mut remotes = route.hosts.iter().flat_map(|host| &host.addresses);
        self.sources.is_empty()
            || remotes.any(|remote| self.sources.iter().any(|source| source.is_ipv4() == remote.is_ipv4()))
    }

    /// The address to speak from to `remote`: none when the relay has none of that family, `Some(None)` when the
    /// operating system may choose. Several of one family take turns by chance.
    fn source(&self, remote: SocketAddr, chance: u64) -> Option<Option<IpAddr>> {
        if self.sources.is_empty() {
            return Some(None);
        }
        let fitting: Vec<IpAddr> =
            self.sources.iter().copied().filter(|source| source.is_ipv4() == remote.is_ipv4()).collect();
        let turn = usize::try_from(chance >> 32).unwrap_or(0) % fitting.len().max(1);
        fitting.get(turn).copied().map(Some)
    }
}

/// How much a failure leaves open.
fn hope(said: &Said) -> u8 {
    match said {
        Said::Replied { reply, .. } if reply.is_transient() => 2,
        Said::Replied { .. } => 0,
        _ => 1,
    }
}
