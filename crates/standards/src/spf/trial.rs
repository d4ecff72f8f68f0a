//! A record tried before it is published.
//!
//! In: a query, and the record a domain is about to publish. Out: the [`Verdict`] receivers will come to. All else
//! is asked of the live DNS. The verdict's TTL is 0: it is about a record that nobody can see yet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Query, Verdict, check};
use crate::dns::{Asking, Dns, Found, Mx};
use crate::domain::Domain;

/// Evaluates SPF as if `domain` published `record` and no other.
pub async fn check_as_if(dns: &dyn Dns, query: &Query<'_>, domain: &Domain, record: &str) -> Verdict {
    check(&AsIf { dns, domain, record }, query).await
}

struct AsIf<'a> {
    dns: &'a dyn Dns,
    domain: &'a Domain,
    record: &'a str,
}

impl Dns for AsIf<'_> {
    fn txt<'a>(&'a self, name: &'a Domain) -> Asking<'a, Vec<u8>> {
        if name != self.domain {
            return self.dns.txt(name);
        }
        let records = vec![self.record.as_bytes().to_vec()];
        Box::pin(async { Ok(Found { records, name_exists: true, ttl_s: 0 }) })
    }
    fn a<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv4Addr> {
        self.dns.a(name)
    }
    fn aaaa<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv6Addr> {
        self.dns.aaaa(name)
    }
    fn mx<'a>(&'a self, name: &'a Domain) -> Asking<'a, Mx> {
        self.dns.mx(name)
    }
    fn ptr(&self, ip: IpAddr) -> Asking<'_, Domain> {
        self.dns.ptr(ip)
    }
    fn cname<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        self.dns.cname(name)
    }
    fn ns<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        self.dns.ns(name)
    }
}
