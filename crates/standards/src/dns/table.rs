//! A DNS held in memory: zone text in, answers out.
//!
//! Used by tests, and by previews that ask "what if this record were published": [`Table::over`] answers from the
//! table where it has the name and the type, and from a real resolver for the rest. Not here: classes, zone cuts,
//! wildcards, DNSSEC.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Answer, Asking, Dns, Found, Mx, NoAnswer};
use crate::domain::Domain;

/// The TTL of a record that names none, in seconds.
const TTL_S: u32 = 3_600;
/// Enough for every chain that works in practice; a longer one is a loop, which resolvers answer with SERVFAIL.
const CNAME_CHAIN_MAX: usize = 8;

/// Records by name, in memory.
#[derive(Clone, Debug, Default)]
pub struct Table {
    records: BTreeMap<Domain, Vec<(Record, u32)>>,
    pointers: BTreeMap<IpAddr, Vec<(Domain, u32)>>,
    silent: BTreeSet<Domain>,
}

/// One record's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Text, its strings joined.
    Txt(Vec<u8>),
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A mail exchanger.
    Mx(Mx),
    /// Another name for this one.
    Cname(Domain),
    /// A name server.
    Ns(Domain),
}

/// A line that is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not a record: {text}")]
pub struct NotARecord {
    /// Counted from 1.
    pub line: usize,
    /// The line.
    pub text: String,
}

impl Table {
    /// A DNS without any name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads lines of `name [ttl] [IN] TYPE data` with full names; `;` begins a comment. Types: TXT (quoted strings,
    /// joined), A, AAAA, MX, CNAME, NS, PTR (the name is an IP address), and `SERVFAIL` without data: that name and
    /// all below it give no answer.
    ///
    /// # Errors
    /// [`NotARecord`] with the first line that is none.
    pub fn parse(zone: &str) -> Result<Self, NotARecord> {
        let mut table = Self::new();
        for (index, text) in zone.lines().enumerate() {
            let text = text.trim();
            if !text.is_empty() && !text.starts_with(';') {
                let refuse = || NotARecord { line: index + 1, text: text.to_owned() };
                table.add_line(text).ok_or_else(refuse)?;
            }
        }
        Ok(table)
    }

    /// One more record, with its TTL in seconds.
    pub fn add(&mut self, name: Domain, record: Record, ttl_s: u32) {
        self.records.entry(name).or_default().push((record, ttl_s));
    }

    /// One more name of an address, with its TTL in seconds.
    pub fn add_pointer(&mut self, ip: IpAddr, name: Domain, ttl_s: u32) {
        self.pointers.entry(ip).or_default().push((name, ttl_s));
    }

    /// From now on this name and all below it give no answer, as a broken name server would.
    pub fn silence(&mut self, name: Domain) {
        self.silent.insert(name);
    }

    /// Every record, with its TTL in seconds.
    pub fn records(&self) -> impl Iterator<Item = (&Domain, &Record, u32)> {
        self.records
            .iter()
            .flat_map(|(name, records)| records.iter().map(move |(record, ttl_s)| (name, record, *ttl_s)))
    }

    /// The names that give no answer, and none below them.
    pub fn silences(&self) -> impl Iterator<Item = &Domain> {
        self.silent.iter()
    }

    /// This table first, and `beneath` for every name and type it does not have.
    #[must_use]
    pub fn over<'a>(&'a self, beneath: &'a dyn Dns) -> Preview<'a> {
        Preview { table: self, beneath }
    }

    fn add_line(&mut self, line: &str) -> Option<()> {
        let (name, rest) = word(line)?;
        let (mut kind, mut data) = word(rest).unwrap_or((rest, ""));
        let mut ttl_s = TTL_S;
        if let Ok(given) = kind.parse() {
            ttl_s = given;
            (kind, data) = word(data)?;
        }
        if kind == "IN" {
            (kind, data) = word(data)?;
        }
        if kind == "PTR" {
            self.add_pointer(name.parse().ok()?, domain(data)?, ttl_s);
            return Some(());
        }
        let name = domain(name)?;
        if kind == "SERVFAIL" {
            self.silence(name);
            return Some(());
        }
        let record = match kind {
            "TXT" => Record::Txt(strings(data)?),
            "A" => Record::A(word(data)?.0.parse().ok()?),
            "AAAA" => Record::Aaaa(word(data)?.0.parse().ok()?),
            "CNAME" => Record::Cname(domain(data)?),
            "NS" => Record::Ns(domain(data)?),
            "MX" => {
                let (preference, host) = word(data)?;
                let host = if host == "." { None } else { Some(domain(host)?) };
                Record::Mx(Mx { preference: preference.parse().ok()?, host })
            }
            _ => return None,
        };
        self.add(name, record, ttl_s);
        Some(())
    }

    fn exists(&self, name: &Domain) -> bool {
        // RFC 8020: a name exists when one below it does.
        self.records.keys().any(|known| known.is_within(name))
    }

    fn has<T>(&self, name: &Domain, pick: fn(&Record) -> Option<T>) -> bool {
        self.records.get(name).is_some_and(|records| {
            records.iter().any(|(record, _)| pick(record).is_some() || matches!(record, Record::Cname(_)))
        }) || self.silent.iter().any(|silent| name.is_within(silent))
    }

    fn answer<T>(&self, name: &Domain, kind: &'static str, follow: bool, pick: fn(&Record) -> Option<T>) -> Answer<T> {
        let refuse = |why: &str| NoAnswer { name: name.to_string(), kind, why: why.to_owned() };
        let mut at = name.clone();
        let mut ttl_s = u32::MAX;
        for _ in 0..CNAME_CHAIN_MAX {
            if self.silent.iter().any(|silent| at.is_within(silent)) {
                return Err(refuse("SERVFAIL"));
            }
            let here = self.records.get(&at).map(Vec::as_slice).unwrap_or_default();
            let records: Vec<T> = here.iter().filter_map(|(record, _)| pick(record)).collect();
            let alias = here.iter().find_map(|(record, ttl_s)| match record {
                Record::Cname(target) => Some((target.clone(), *ttl_s)),
                _ => None,
            });
            if let (true, true, Some((target, alias_ttl_s))) = (follow, records.is_empty(), alias) {
                ttl_s = ttl_s.min(alias_ttl_s);
                at = target;
                continue;
            }
            let ttls = here.iter().filter(|(record, _)| pick(record).is_some()).map(|(_, ttl_s)| *ttl_s);
            let ttl_s = ttls.chain([ttl_s]).min().filter(|ttl_s| *ttl_s != u32::MAX).unwrap_or(TTL_S);
            return Ok(Found { records, name_exists: self.exists(&at), ttl_s });
        }
        Err(refuse("the aliases go round in a circle"))
    }
}

fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (end > 0).then(|| (&text[..end], text[end..].trim()))
}

fn domain(text: &str) -> Option<Domain> {
    Domain::parse(text.split(';').next()?.trim()).ok()
}

/// The strings of a TXT record, joined; without quotes the whole rest of the line is one string.
fn strings(data: &str) -> Option<Vec<u8>> {
    if !data.starts_with('"') {
        return Some(data.as_bytes().to_vec());
    }
    let mut joined = String::new();
    let (mut inside, mut escaped) = (false, false);
    for c in data.chars() {
        match (inside, escaped, c) {
            (true, true, c) => {
                joined.push(c);
                escaped = false;
            }
            (true, false, '\\') => escaped = true,
            (_, false, '"') => inside = !inside,
            (true, false, c) => joined.push(c),
            (false, _, ';') => break,
            (false, ..) => {}
        }
    }
    (!inside).then(|| joined.into_bytes())
}

/// A [`Table`] laid over another DNS.
#[derive(Clone, Copy)]
pub struct Preview<'a> {
    table: &'a Table,
    beneath: &'a dyn Dns,
}

fn as_txt(record: &Record) -> Option<Vec<u8>> {
    if let Record::Txt(text) = record { Some(text.clone()) } else { None }
}
fn as_a(record: &Record) -> Option<Ipv4Addr> {
    if let Record::A(ip) = record { Some(*ip) } else { None }
}
fn as_aaaa(record: &Record) -> Option<Ipv6Addr> {
    if let Record::Aaaa(ip) = record { Some(*ip) } else { None }
}
fn as_mx(record: &Record) -> Option<Mx> {
    if let Record::Mx(mx) = record { Some(mx.clone()) } else { None }
}
fn as_cname(record: &Record) -> Option<Domain> {
    if let Record::Cname(target) = record { Some(target.clone()) } else { None }
}
fn as_ns(record: &Record) -> Option<Domain> {
    if let Record::Ns(host) = record { Some(host.clone()) } else { None }
}

macro_rules! by_name {
    ($($method:ident $kind:literal $follow:literal $pick:ident $data:ty;)*) => {
        impl Dns for Table {
            $(fn $method<'a>(&'a self, name: &'a Domain) -> Asking<'a, $data> {
                Box::pin(std::future::ready(self.answer(name, $kind, $follow, $pick)))
            })*

            fn ptr(&self, ip: IpAddr) -> Asking<'_, Domain> {
                let found = self.pointers.get(&ip).map(Vec::as_slice).unwrap_or_default();
                let ttl_s = found.iter().map(|(_, ttl_s)| *ttl_s).min().unwrap_or(TTL_S);
                let records: Vec<Domain> = found.iter().map(|(name, _)| name.clone()).collect();
                Box::pin(std::future::ready(Ok(Found { name_exists: !records.is_empty(), records, ttl_s })))
            }
        }

        impl Dns for Preview<'_> {
            $(fn $method<'a>(&'a self, name: &'a Domain) -> Asking<'a, $data> {
                if self.table.has(name, $pick) { self.table.$method(name) } else { self.beneath.$method(name) }
            })*

            fn ptr(&self, ip: IpAddr) -> Asking<'_, Domain> {
                if self.table.pointers.contains_key(&ip) { self.table.ptr(ip) } else { self.beneath.ptr(ip) }
            }
        }
    };
}

by_name! {
    txt "TXT" true as_txt Vec<u8>;
    a "A" true as_a Ipv4Addr;
    aaaa "AAAA" true as_aaaa Ipv6Addr;
    mx "MX" true as_mx Mx;
    cname "CNAME" false as_cname Domain;
    ns "NS" true as_ns Domain;
}

#[cfg(test)]
mod tests;
