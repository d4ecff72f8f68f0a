//! Whether one mechanism of a record matches the client (RFC 7208 §5).

use std::net::IpAddr;

use super::super::parse::{Mechanism, Prefixes, Term};
use super::super::{HOSTS_MAX, Problem, SpfResult};
use super::{At, Check, Stop, Voids, permanent};
use crate::dns::Mx;
use crate::domain::Domain;

impl Check<'_> {
    /// Whether a mechanism matches (RFC 7208 §5).
    pub(super) async fn directive(
        &mut self,
        at: At<'_>,
        term: &Term,
        mechanism: &Mechanism,
        index: usize,
    ) -> Result<bool, Stop> {
        if mechanism.asks_dns() {
            self.count(at, term)?;
        }
        let spec = match mechanism {
            Mechanism::All => return Ok(true),
            Mechanism::Ip4(network, bits) => return Ok(is_within(self.ip, (*network).into(), *bits)),
            Mechanism::Ip6(network, bits) => return Ok(is_within(self.ip, (*network).into(), *bits)),
            Mechanism::Include(spec) | Mechanism::Exists(spec) => Some(spec),
            Mechanism::A(spec, _) | Mechanism::Mx(spec, _) | Mechanism::Ptr(spec) => spec.as_ref(),
        };
        let target = match (self.target(at, spec, index).await, mechanism) {
            (Ok(target), _) => target,
            // RFC 7208 §4.3, §5.2: a name that cannot be asked has no record, and `include` needs one.
            (Err(name), Mechanism::Include(_)) => {
                return Err(permanent(Problem::NothingThere { term: term.text.clone(), target: name }));
            }
            // RFC 7208 §4.8 leaves it open; a name that cannot be in the DNS is one that is not there.
            (Err(_), _) => return Ok(false),
        };
        match mechanism {
            Mechanism::Include(_) => self.include(at, term, &target).await,
            Mechanism::A(_, prefixes) => self.host(at, &target, *prefixes).await,
            Mechanism::Mx(_, prefixes) => self.mx(at, &target, *prefixes).await,
            Mechanism::Ptr(_) => self.ptr(at, &target).await,
            // RFC 7208 §5.7: the type is A even when the client speaks IPv6.
            _ => Ok(!self.ask_a(at, &target, Voids::Count).await?.is_empty()),
        }
    }

    /// RFC 7208 §5.2: the table of what the other check's result means here.
    async fn include(&mut self, at: At<'_>, term: &Term, target: &Domain) -> Result<bool, Stop> {
        let end = self.domain(At { domain: target, depth: at.depth + 1 }).await;
        match (end.result, end.problem) {
            (SpfResult::Pass, _) => Ok(true),
            (SpfResult::TempError | SpfResult::PermError, Some(problem)) => Err(Stop { result: end.result, problem }),
            (SpfResult::None, _) => {
                Err(permanent(Problem::NothingThere { term: term.text.clone(), target: target.to_string() }))
            }
            _ => Ok(false),
        }
    }

    /// RFC 7208 §5.3: addresses of the family the client speaks.
    async fn host(&mut self, at: At<'_>, host: &Domain, prefixes: Prefixes) -> Result<bool, Stop> {
        let found = self.addresses(at, host, Voids::Count).await?;
        let bits = if self.ip.is_ipv4() { prefixes.ip4 } else { prefixes.ip6 };
        Ok(found.into_iter().any(|address| is_within(self.ip, address, bits)))
    }

    /// RFC 7208 §5.4. A name without MX is not its own mail exchanger here.
    async fn mx(&mut self, at: At<'_>, name: &Domain, prefixes: Prefixes) -> Result<bool, Stop> {
        let answer = self.dns.mx(name).await;
        let shown = |mx: &Mx| match &mx.host {
            Some(host) => format!("{} {host}", mx.preference),
            None => format!("{} .", mx.preference),
        };
        let mut exchangers = self.told(at, (name.as_str(), "MX"), answer, Voids::Count, shown)?;
        if exchangers.len() > HOSTS_MAX {
            return Err(permanent(Problem::TooManyMx { name: name.to_string(), count: exchangers.len() }));
        }
        exchangers.sort_by_key(|mx| mx.preference);
        for host in exchangers.into_iter().filter_map(|mx| mx.host) {
            if self.host(at, &host, prefixes).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// RFC 7208 §5.5. Only names that could match are asked whether they point back.
    async fn ptr(&mut self, at: At<'_>, target: &Domain) -> Result<bool, Stop> {
        for name in self.claimed_names(at, Voids::Count).await? {
            if name.is_within(target) && self.points_back(at, &name).await {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first ten names the address claims. A DNS error is no match, not an error (RFC 7208 §5.5).
    pub(super) async fn claimed_names(&mut self, at: At<'_>, voids: Voids) -> Result<Vec<Domain>, Stop> {
        let answer = self.dns.ptr(self.ip).await;
        let address = self.ip.to_string();
        let names = match self.told(at, (&address, "PTR"), answer, voids, Domain::to_string) {
            Ok(names) => names,
            Err(Stop { result: SpfResult::TempError, .. }) => Vec::new(),
            Err(stop) => return Err(stop),
        };
        Ok(names.into_iter().take(HOSTS_MAX).collect())
    }

    pub(super) async fn points_back(&mut self, at: At<'_>, name: &Domain) -> bool {
        self.addresses(at, name, Voids::Ignore).await.is_ok_and(|found| found.contains(&self.ip))
    }

    async fn addresses(&mut self, at: At<'_>, host: &Domain, voids: Voids) -> Result<Vec<IpAddr>, Stop> {
        if self.ip.is_ipv4() {
            return self.ask_a(at, host, voids).await;
        }
        let answer = self.dns.aaaa(host).await;
        let found = self.told(at, (host.as_str(), "AAAA"), answer, voids, ToString::to_string)?;
        Ok(found.into_iter().map(IpAddr::from).collect())
    }

    async fn ask_a(&mut self, at: At<'_>, host: &Domain, voids: Voids) -> Result<Vec<IpAddr>, Stop> {
        let answer = self.dns.a(host).await;
        let found = self.told(at, (host.as_str(), "A"), answer, voids, ToString::to_string)?;
        Ok(found.into_iter().map(IpAddr::from).collect())
    }
}

/// Whether an address lies in a network of its own family.
fn is_within(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            (ip.to_bits() ^ network.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            (ip.to_bits() ^ network.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}
