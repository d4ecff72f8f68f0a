//! Questions to the DNS, as the standards here need them asked.
//!
//! One trait, [`Dns`]; who implements it (a resolver, a test's table) is none of this crate's business.
//! "No such name" and "no such record" are answers; only *not knowing* is an error, and it is always temporary.

pub mod table;

pub use table::Table;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;

use crate::domain::Domain;

/// The records found, and how long they may be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The records; empty when the name or the type is absent.
    pub records: Vec<T>,
    /// Whether the name exists at all (false: NXDOMAIN, RFC 2308 §2.1).
    pub name_exists: bool,
    /// Seconds this answer may be remembered: the smallest TTL, or that of the denial.
    pub ttl_s: u32,
}

/// The DNS did not answer: SERVFAIL, a time-out, a bogus signature, no network. Always temporary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("DNS did not answer for {name} {kind}: {why}")]
pub struct NoAnswer {
    /// The name asked.
    pub name: String,
    /// The record type asked, as text.
    pub kind: &'static str,
    /// What went wrong, for people.
    pub why: String,
}

/// An answer about one name and type.
pub type Answer<T> = Result<Found<T>, NoAnswer>;

/// An answer that is still on its way.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Answer<T>> + Send + 'a>>;

/// One MX record (RFC 5321 §5.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mx {
    /// Lower is tried first.
    pub preference: u16,
    /// The host; none for the null MX `.` (RFC 7505 §3).
    pub host: Option<Domain>,
}

/// Whoever can ask the DNS. CNAMEs are followed in all but [`Dns::cname`].
pub trait Dns: Send + Sync {
    /// TXT records, each with its strings joined (RFC 7208 §3.3), as octets.
    fn txt<'a>(&'a self, name: &'a Domain) -> Asking<'a, Vec<u8>>;
    /// IPv4 addresses.
    fn a<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv4Addr>;
    /// IPv6 addresses.
    fn aaaa<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv6Addr>;
    /// Mail exchangers, in no particular order.
    fn mx<'a>(&'a self, name: &'a Domain) -> Asking<'a, Mx>;
    /// Names an address claims to have.
    fn ptr(&self, ip: IpAddr) -> Asking<'_, Domain>;
    /// The target of a CNAME at this very name.
    fn cname<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain>;
    /// Name servers of a zone at this very name.
    fn ns<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain>;
}
