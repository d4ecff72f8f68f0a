//! A table that answers as the DNS.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::dns::{Answer, Asking, Dns, Found, Mx, NoAnswer};
use crate::domain::Domain;

/// Lines of `name TYPE data`; `name FAIL` gives no answer for any type.
#[derive(Default)]
pub(super) struct Table {
    records: BTreeMap<(String, &'static str), Vec<Vec<u8>>>,
    /// TTL of each answer, 300 unless set.
    ttls: BTreeMap<String, u32>,
    pub asked: AtomicU32,
}

impl Table {
    pub fn new(lines: &str) -> Self {
        let mut table = Self::default();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.splitn(3, ' ');
            let (name, kind) = (words.next().unwrap(), words.next().unwrap());
            let data = words.next().unwrap_or_default();
            let kind = ["TXT", "A", "AAAA", "MX", "PTR", "FAIL"].into_iter().find(|known| *known == kind).unwrap();
            table.put(name, kind, data.as_bytes());
        }
        table
    }

    pub fn put(&mut self, name: &str, kind: &'static str, data: &[u8]) {
        self.records.entry((name.to_owned(), kind)).or_default().push(data.to_vec());
    }

    pub fn ttl(mut self, name: &str, ttl_s: u32) -> Self {
        self.ttls.insert(name.to_owned(), ttl_s);
        self
    }

    fn find<T>(&self, name: &str, kind: &'static str, read: impl Fn(&str) -> T) -> Answer<T> {
        self.octets(name, kind).map(|found| Found {
            records: found.records.iter().map(|data| read(std::str::from_utf8(data).unwrap())).collect(),
            name_exists: found.name_exists,
            ttl_s: found.ttl_s,
        })
    }

    fn octets(&self, name: &str, kind: &'static str) -> Answer<Vec<u8>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.records.contains_key(&(name.to_owned(), "FAIL")) {
            return Err(NoAnswer { name: name.into(), kind, why: "SERVFAIL".into() });
        }
        let records = self.records.get(&(name.to_owned(), kind)).cloned().unwrap_or_default();
        let name_exists = self.records.keys().any(|(known, _)| known == name);
        Ok(Found { records, name_exists, ttl_s: self.ttls.get(name).copied().unwrap_or(300) })
    }
}

impl Dns for Table {
    fn txt<'a>(&'a self, name: &'a Domain) -> Asking<'a, Vec<u8>> {
        Box::pin(async { self.octets(name.as_str(), "TXT") })
    }
    fn a<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv4Addr> {
        Box::pin(async { self.find(name.as_str(), "A", |data| data.parse().unwrap()) })
    }
    fn aaaa<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv6Addr> {
        Box::pin(async { self.find(name.as_str(), "AAAA", |data| data.parse().unwrap()) })
    }
    fn mx<'a>(&'a self, name: &'a Domain) -> Asking<'a, Mx> {
        Box::pin(async {
            self.find(name.as_str(), "MX", |data| {
                let (preference, host) = data.split_once(' ').unwrap();
                Mx { preference: preference.parse().unwrap(), host: Domain::parse(host).ok() }
            })
        })
    }
    fn ptr(&self, ip: IpAddr) -> Asking<'_, Domain> {
        Box::pin(async move { self.find(&ip.to_string(), "PTR", |data| Domain::parse(data).unwrap()) })
    }
    fn cname<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        Box::pin(async { self.find(name.as_str(), "CNAME", |data| Domain::parse(data).unwrap()) })
    }
    fn ns<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        Box::pin(async { self.find(name.as_str(), "NS", |data| Domain::parse(data).unwrap()) })
    }
}
