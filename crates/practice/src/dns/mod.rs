//! The DNS of the practice internet: one server on loopback that knows every name there is.
//!
//! In: records, put and taken away while it runs ([`Zones`]), and failures of single names. Out: answers as a
//! resolver gives them: CNAMEs followed, NXDOMAIN and "no such record" with the SOA that says how long, empty
//! non-terminals, wildcards, long answers by TCP. Any resolver can be pointed straight at it.
//!
//! Deliberately not here: zone files, delegation, DNSSEC. A name that was never put does not exist.

mod answer;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

pub use hickory_proto::rr::RecordType;
pub use serve::Server;
use standards::domain::Domain;

/// TTL of records that were put without one.
pub const TTL_S: u32 = 300;
/// TTL of "there is none", which is the SOA's minimum (RFC 2308 §4).
pub const NEGATIVE_TTL_S: u32 = 60;
/// RFC 1035 §3.3.14: a string of a TXT record.
const STRING_OCTETS_MAX: usize = 255;

/// The data of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// IPv4 address.
    A(Ipv4Addr),
    /// IPv6 address.
    Aaaa(Ipv6Addr),
    /// Mail exchanger: preference and host; no host is the null MX (RFC 7505).
    Mx(u16, Option<Domain>),
    /// Text: its strings, each of at most 255 octets (longer ones are cut up). None at all is one empty string.
    Txt(Vec<Vec<u8>>),
    /// Name of an address.
    Ptr(Domain),
    /// Alias.
    Cname(Domain),
    /// Name server.
    Ns(Domain),
    /// Any other type, as it goes over the wire: TLSA and the like.
    Other(RecordType, Vec<u8>),
}

impl Data {
    /// A TXT record of one text, cut into strings of 255 octets.
    #[must_use]
    pub fn txt(text: &str) -> Self {
        Self::Txt(text.as_bytes().chunks(STRING_OCTETS_MAX).map(<[u8]>::to_vec).collect())
    }

    /// The record's type.
    #[must_use]
    pub fn kind(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::AAAA,
            Self::Mx(..) => RecordType::MX,
            Self::Txt(_) => RecordType::TXT,
            Self::Ptr(_) => RecordType::PTR,
            Self::Cname(_) => RecordType::CNAME,
            Self::Ns(_) => RecordType::NS,
            Self::Other(kind, _) => *kind,
        }
    }
}

/// How a question goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer ever comes.
    Silence,
    /// SERVFAIL.
    ServFail,
    /// REFUSED.
    Refused,
}

/// All records and failures. Clones share them; changes hold from the next question on.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    tree: Arc<RwLock<Tree>>,
    questions: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Tree {
    names: BTreeMap<Domain, BTreeMap<RecordType, RecordSet>>,
    /// Names where a zone begins, for the SOA of denials. All else is in the root's zone.
    apexes: Vec<Domain>,
    failures: BTreeMap<Domain, BTreeMap<Option<RecordType>, Failure>>,
}

#[derive(Clone, Debug)]
struct RecordSet {
    ttl_s: u32,
    records: Vec<Data>,
}

impl Zones {
    /// An internet without names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes `apex` the beginning of a zone: denials below it carry its SOA.
    pub fn zone(&self, apex: &Domain) {
        self.change(|tree| {
            tree.apexes.push(apex.clone());
            tree.names.entry(apex.clone()).or_default();
        });
    }

    /// Adds a record beside those of its type that are there.
    pub fn put(&self, name: &Domain, data: Data) {
        self.change(|tree| {
            let set = RecordSet { ttl_s: TTL_S, records: Vec::new() };
            tree.names.entry(name.clone()).or_default().entry(data.kind()).or_insert(set).records.push(data);
        });
    }

    /// Puts these records, in this order, in the place of all records of one type. None at all leaves a name without
    /// that type: "no such record".
    pub fn replace(&self, name: &Domain, kind: RecordType, ttl_s: u32, records: Vec<Data>) {
        self.change(|tree| {
            let node = tree.names.entry(name.clone()).or_default();
            match records.is_empty() {
                true => drop(node.remove(&kind)),
                false => drop(node.insert(kind, RecordSet { ttl_s, records })),
            }
        });
    }

    /// Takes away all records of one type; the name stays.
    pub fn remove(&self, name: &Domain, kind: RecordType) {
        self.change(|tree| {
            if let Some(node) = tree.names.get_mut(name) {
                node.remove(&kind);
            }
        });
    }

    /// Takes away the name, with all its records and failures.
    pub fn remove_name(&self, name: &Domain) {
        self.change(|tree| {
            tree.names.remove(name);
            tree.failures.remove(name);
        });
    }

    /// Makes questions for this name fail, of one type or (none) of all.
    pub fn fail(&self, name: &Domain, kind: Option<RecordType>, failure: Failure) {
        self.change(|tree| {
            tree.failures.entry(name.clone()).or_default().insert(kind, failure);
        });
    }

    /// Ends the failures of this name.
    pub fn heal(&self, name: &Domain) {
        self.change(|tree| {
            tree.failures.remove(name);
        });
    }

    /// Whether the name has records of this type.
    #[must_use]
    pub fn has(&self, name: &Domain, kind: RecordType) -> bool {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        tree.names.get(name).is_some_and(|node| node.contains_key(&kind))
    }

    /// How many questions came in so far: tells a remembered answer from a live one.
    #[must_use]
    pub fn questions(&self) -> u64 {
        self.questions.load(Ordering::Relaxed)
    }

    fn change(&self, change: impl FnOnce(&mut Tree)) {
        // A panic elsewhere cannot leave the tree half changed: each change is one map operation.
        change(&mut self.tree.write().unwrap_or_else(PoisonError::into_inner));
    }
}
