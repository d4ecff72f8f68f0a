//! One question answered from the tree of names. No sockets here.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, NULL, PTR, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use standards::domain::Domain;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::{Data, Failure, NEGATIVE_TTL_S, RecordSet, STRING_OCTETS_MAX, Tree, Zones};

/// CNAMEs followed before the chain counts as endless, as in common resolvers.
const CHAIN_MAX: usize = 12;
/// UDP payload we take and announce (RFC 9715 §3.2: fits every path without fragments).
const UDP_PAYLOAD: u16 = 1_232;

/// What a walk along the CNAMEs came to.
struct Walk {
    answers: Vec<Record>,
    code: ResponseCode,
    /// Where the walk ended without records, for the SOA.
    denied: Option<Name>,
}

impl Zones {
    /// The answer to a message; none when it gets none: silence was ordered, or it is no question.
    pub(super) fn answer(&self, asked: &Message) -> Option<Message> {
        let question = asked.queries.first()?;
        if asked.metadata.message_type != MessageType::Query {
            return None;
        }
        self.questions.fetch_add(1, Ordering::Relaxed);
        let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
        answer.metadata.recursion_desired = asked.metadata.recursion_desired;
        answer.metadata.recursion_available = true;
        answer.metadata.authoritative = true;
        answer.add_query(question.clone());
        if asked.edns.is_some() {
            let mut edns = Edns::new();
            edns.set_max_payload(UDP_PAYLOAD);
            answer.set_edns(edns);
        }
        if asked.metadata.op_code != OpCode::Query {
            answer.metadata.response_code = ResponseCode::NotImp;
            return Some(answer);
        }
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        match tree.walk(question.name(), question.query_type()) {
            Ok(walk) => {
                answer.metadata.response_code = walk.code;
                answer.add_answers(walk.answers);
                if let Some(name) = walk.denied {
                    answer.add_authority(tree.soa(&name));
                }
            }
            Err(Failure::Silence) => return None,
            Err(Failure::ServFail) => answer.metadata.response_code = ResponseCode::ServFail,
            Err(Failure::Refused) => answer.metadata.response_code = ResponseCode::Refused,
        }
        Some(answer)
    }
}

/// The message for UDP: cut and marked when it is longer than the asker takes (RFC 2181 §9).
pub(super) fn fit_for_udp(asked: &Message, answer: &Message) -> Option<Vec<u8>> {
    /// RFC 1035 §2.3.4, where the asker says nothing else.
    const PLAIN_UDP_PAYLOAD: u16 = 512;
    let taken = asked.edns.as_ref().map_or(PLAIN_UDP_PAYLOAD, Edns::max_payload).clamp(PLAIN_UDP_PAYLOAD, UDP_PAYLOAD);
    let octets = answer.to_vec().ok()?;
    if octets.len() <= usize::from(taken) {
        return Some(octets);
    }
    answer.truncate().to_vec().ok()
}

impl Tree {
    fn walk(&self, asked: &Name, kind: RecordType) -> Result<Walk, Failure> {
        let mut answers = Vec::new();
        let mut name = asked.clone();
        for _ in 0..CHAIN_MAX {
            let Some(domain) = to_domain(&name) else {
                let code = if name.is_root() { ResponseCode::NoError } else { ResponseCode::NXDomain };
                return Ok(Walk { answers, code, denied: Some(name) });
            };
            if let Some(failure) = self.failure(&domain, kind) {
                return Err(failure);
            }
            let Some(node) = self.node(&domain) else {
                let exists = self.names.keys().any(|known| known.is_within(&domain));
                let code = if exists { ResponseCode::NoError } else { ResponseCode::NXDomain };
                return Ok(Walk { answers, code, denied: Some(name) });
            };
            if let Some(set) = node.get(&kind) {
                answers.extend(records(&name, set));
                return Ok(Walk { answers, code: ResponseCode::NoError, denied: None });
            }
            match node.get(&RecordType::CNAME).map(|set| (set, set.records.as_slice())) {
                Some((set, [Data::Cname(target), ..])) => {
                    answers.extend(records(&name, set).take(1));
                    name = to_name(target);
                }
                _ => return Ok(Walk { answers, code: ResponseCode::NoError, denied: Some(name) }),
            }
        }
        // A circle, or a chain that might as well be one.
        Err(Failure::ServFail)
    }

    fn failure(&self, name: &Domain, kind: RecordType) -> Option<Failure> {
        let failures = self.failures.get(name)?;
        failures.get(&Some(kind)).or_else(|| failures.get(&None)).copied()
    }

    /// The name itself, or the wildcard below its closest encloser (RFC 4592 §3.3.1).
    fn node(&self, name: &Domain) -> Option<&std::collections::BTreeMap<RecordType, RecordSet>> {
        if let Some(node) = self.names.get(name) {
            return Some(node);
        }
        let mut encloser = name.parent();
        while let Some(above) = encloser {
            // A name that exists, with or without records, ends the search.
            if self.names.keys().any(|known| known.is_within(name)) {
                return None;
            }
            if let Ok(wildcard) = Domain::from_dns(&format!("*.{above}"))
                && let Some(node) = self.names.get(&wildcard)
            {
                return Some(node);
            }
            if self.names.keys().any(|known| known.is_within(&above)) {
                return None;
            }
            encloser = above.parent();
        }
        None
    }

    /// The SOA of the zone the name is in, for denials (RFC 2308 §3).
    fn soa(&self, name: &Name) -> Record {
        let apex = to_domain(name)
            .and_then(|domain| {
                self.apexes.iter().filter(|apex| domain.is_within(apex)).max_by_key(|a| a.as_str().len())
            })
            .map_or_else(Name::root, to_name);
        let host = |label: &str| apex.prepend_label(label).unwrap_or_else(|_| apex.clone());
        let soa = SOA::new(host("ns"), host("hostmaster"), 1, 3_600, 600, 604_800, NEGATIVE_TTL_S);
        Record::from_rdata(apex.clone(), NEGATIVE_TTL_S, RData::SOA(soa))
    }
}

fn records(name: &Name, set: &RecordSet) -> impl Iterator<Item = Record> {
    set.records.iter().map(move |data| Record::from_rdata(name.clone(), set.ttl_s, to_rdata(data)))
}

fn to_rdata(data: &Data) -> RData {
    match data {
        Data::A(ip) => RData::A(A(*ip)),
        Data::Aaaa(ip) => RData::AAAA(AAAA(*ip)),
        Data::Mx(preference, host) => RData::MX(MX::new(*preference, host.as_ref().map_or_else(Name::root, to_name))),
        Data::Txt(strings) => {
            // RFC 1035 §3.3.14: one or more strings.
            let mut cut: Vec<&[u8]> = strings.iter().flat_map(|string| string.chunks(STRING_OCTETS_MAX)).collect();
            if cut.is_empty() {
                cut.push(&[]);
            }
            RData::TXT(TXT::from_bytes(cut))
        }
        Data::Ptr(target) => RData::PTR(PTR(to_name(target))),
        Data::Cname(target) => RData::CNAME(CNAME(to_name(target))),
        Data::Ns(target) => RData::NS(NS(to_name(target))),
        Data::Other(code, rdata) => RData::Unknown { code: *code, rdata: NULL::with(rdata.clone()) },
    }
}

/// A [`Domain`]'s labels are 1 to 63 octets and 253 in all, so they always make a name.
fn to_name(domain: &Domain) -> Name {
    Name::from_labels(domain.labels().map(str::as_bytes)).unwrap_or_else(|_| Name::root())
}

fn to_domain(name: &Name) -> Option<Domain> {
    let labels: Vec<&str> = name.iter().map(std::str::from_utf8).collect::<Result<_, _>>().ok()?;
    if labels.iter().any(|label| label.contains('.')) {
        return None;
    }
    Domain::from_dns(&labels.join(".")).ok()
}
