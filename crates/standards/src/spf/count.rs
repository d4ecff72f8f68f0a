//! What a record costs: the look-ups of its terms, through all includes (RFC 7208 §4.6.4).
//!
//! In: a domain or a record about to be published, and the DNS. Out: a [`Cost`], term by term, and a [`Proposal`]:
//! the record to publish, tried before it is, with the ways out where it does not work. This is the cost for a sender that nothing matches: the most there can be.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use serde::Serialize;

use super::edit::{self, Merge, NotAnAddition};
use super::parse::{Kind, MacroString, Mechanism, Term};
use super::{DNS_LOOKUPS_MAX, Query, Record, SpfResult, Verdict, check_as_if, select};
use crate::dns::{Dns, NoAnswer};
use crate::domain::Domain;

/// Includes within includes that are followed; deeper ones are past any limit.
const DEPTH_MAX: u8 = DNS_LOOKUPS_MAX;
/// Records fetched for one count. Nobody's record is right that needs so many.
const RECORDS_MAX: u8 = 60;

/// The look-ups of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// All of them.
    pub lookups: u32,
    /// The terms that ask the DNS, in order, each with those it includes.
    pub terms: Vec<TermCost>,
}

impl Cost {
    /// Whether the limit of ten is kept.
    #[must_use]
    pub fn is_within_limit(&self) -> bool {
        self.lookups <= u32::from(DNS_LOOKUPS_MAX)
    }

    /// Whether all of it could be found out. False: it may be more.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.terms.iter().all(|term| term.doubt.is_none() && term.within.as_ref().is_none_or(Self::is_certain))
    }
}

/// The look-ups of one term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TermCost {
    /// As published.
    pub term: String,
    /// Its own one and those of what it includes.
    pub lookups: u32,
    /// What it includes or redirects to.
    pub within: Option<Cost>,
    /// Why what it includes was not counted, if it was not.
    pub doubt: Option<Doubt>,
}

/// Why an included record was not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "doubt")]
pub enum Doubt {
    /// It depends on the message: there are macros in the name.
    Macro,
    /// The DNS did not answer.
    NoAnswer {
        /// What went wrong.
        why: String,
    },
    /// There is not exactly one valid record: every check that comes to this term ends in `permerror`.
    Dead {
        /// What is there.
        why: Dead,
    },
    /// It includes itself.
    Circle,
    /// Too deep or too many to go on.
    TooMany,
}

/// Why a term leads nowhere, and voids every record it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dead {
    /// The name cannot be in the DNS.
    NoName,
    /// There is no SPF record at this name.
    NoRecord(Domain),
    /// There are several.
    Several(Domain),
    /// There is one, with a fault.
    Faulty {
        /// Where.
        at: Domain,
        /// What is wrong with it.
        fault: String,
    },
    /// The record includes itself.
    Circle,
}

impl fmt::Display for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str("the name cannot be in the DNS"),
            Self::NoRecord(at) => write!(f, "{at} publishes no SPF record"),
            Self::Several(at) => write!(f, "{at} publishes several SPF records"),
            Self::Faulty { at, fault } => write!(f, "{at} has a faulty record: {fault}"),
            Self::Circle => f.write_str("it includes the record it stands in"),
        }
    }
}

impl Serialize for Dead {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a domain should come to permit.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Whose record.
    pub domain: &'a Domain,
    /// Mechanisms to add: `include:_spf.notices.example`.
    pub additions: &'a [&'a str],
    /// `ip4:` and `ip6:` for the same servers, for domains without a look-up left; may be empty.
    pub addresses: &'a [&'a str],
    /// Addresses that must pass.
    pub relays: &'a [IpAddr],
    /// The time, for macros.
    pub now: jiff::Timestamp,
}

/// A record to publish, what it costs before and after, and what to do when it does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The record.
    pub merge: Merge,
    /// What the domain's records cost now.
    pub before: Cost,
    /// What the one record will cost.
    pub after: Cost,
    /// What receivers will find for each relay when it is published.
    pub trials: Vec<Trial>,
    /// Whether it does what it should: the limit is kept, nothing in it is dead, and every relay passes.
    pub works: bool,
    /// What to do where it does not work, best first.
    pub ways_out: Vec<WayOut>,
}

/// One relay, and what receivers will find for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// The relay's address.
    pub relay: IpAddr,
    /// The verdict for mail in the domain's name.
    pub verdict: Verdict,
}

/// How to get back within the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "way_out", rename_all = "snake_case")]
pub enum WayOut {
    /// Take away a term that leads nowhere and voids the record.
    DropDead {
        /// The term.
        term: String,
        /// What is there.
        why: Dead,
        /// Look-ups won.
        saves: u32,
    },
    /// Take away a `ptr`, which should not be used (RFC 7208 §5.5).
    DropPtr {
        /// The term.
        term: String,
        /// Look-ups won.
        saves: u32,
    },
    /// Add addresses in place of the `include`: they cost no look-up.
    UseAddresses {
        /// The record with them.
        merge: Merge,
        /// What it costs.
        lookups: u32,
    },
    /// Leave the record alone and delegate a return path below the domain: SPF is asked there, with ten look-ups of
    /// its own.
    UseReturnPath,
    /// Ask whether the services behind the costliest terms still send in the domain's name.
    Review {
        /// The term.
        term: String,
        /// What it costs.
        saves: u32,
    },
}

/// Counts the look-ups of a domain's published record; none without exactly one valid record.
///
/// # Errors
/// [`NoAnswer`] when the domain's own TXT records cannot be had.
pub async fn count_domain(dns: &dyn Dns, domain: &Domain) -> Result<Option<Cost>, NoAnswer> {
    let txt = dns.txt(domain).await?.records;
    let records: Vec<&[u8]> = select(&txt).collect();
    match records.as_slice() {
        [record] => match Record::parse(record) {
            Ok(record) => Ok(Some(count_lookups(dns, domain, &record).await)),
            Err(_) => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Counts the look-ups of a record as if `domain` published it.
pub async fn count_lookups(dns: &dyn Dns, domain: &Domain, record: &Record) -> Cost {
    let mut counter = Counter { dns, fetched: 0 };
    counter.record(record, &[domain]).await
}

/// The record a domain should publish so that the wanted servers may send, tried against the live DNS.
///
/// # Errors
/// The DNS gave no answer for the domain's TXT records, or an addition is none.
pub async fn propose(dns: &dyn Dns, wanted: &Wanted<'_>) -> Result<Proposal, NoProposal> {
    let domain = wanted.domain;
    let txt = dns.txt(domain).await?.records;
    let merge = edit::merge(&txt, wanted.additions)?;
    let mut before = Cost::default();
    for record in select(&txt).filter_map(|octets| Record::parse(octets).ok()) {
        let cost = count_lookups(dns, domain, &record).await;
        before.lookups += cost.lookups;
        before.terms.extend(cost.terms);
    }
    let after = cost_of(dns, domain, &merge).await;
    let trials = try_out(dns, wanted, &merge).await;
    let passes = trials.iter().all(|trial| trial.verdict.result == SpfResult::Pass);
    let mut ways_out = dead(&after);
    let works = after.is_within_limit() && ways_out.is_empty() && passes;
    if !after.is_within_limit() {
        let ptr = after.terms.iter().filter(|cost| is_ptr(&cost.term));
        ways_out.extend(ptr.map(|cost| WayOut::DropPtr { term: cost.term.clone(), saves: cost.lookups }));
        if !wanted.addresses.is_empty() {
            let merge = edit::merge(&txt, wanted.addresses)?;
            let lookups = cost_of(dns, domain, &merge).await.lookups;
            ways_out.push(WayOut::UseAddresses { merge, lookups });
        }
        ways_out.push(WayOut::UseReturnPath);
        ways_out.extend(costliest(&after, wanted.additions));
    }
    Ok(Proposal { merge, before, after, trials, works, ways_out })
}

async fn try_out(dns: &dyn Dns, wanted: &Wanted<'_>, merge: &Merge) -> Vec<Trial> {
    let mail_from = format!("postmaster@{}", wanted.domain);
    let mut trials = Vec::new();
    for relay in wanted.relays {
        let helo = wanted.domain.as_str();
        let query = Query { ip: *relay, mail_from: &mail_from, helo, receiver: None, now: wanted.now };
        let verdict = check_as_if(dns, &query, wanted.domain, &merge.record).await;
        trials.push(Trial { relay: *relay, verdict });
    }
    trials
}

/// Why there is no [`Proposal`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProposal {
    /// The domain's TXT records cannot be had now; without them a record would be guessed.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// What was to be added is no mechanism.
    #[error(transparent)]
    NotAnAddition(#[from] NotAnAddition),
}

/// Terms worth a question to their owner.
const REVIEWED_MAX: usize = 3;

fn costliest(cost: &Cost, additions: &[&str]) -> Vec<WayOut> {
    let mut terms: Vec<&TermCost> = cost
        .terms
        .iter()
        .filter(|cost| cost.lookups > 1 && !additions.iter().any(|ours| ours.eq_ignore_ascii_case(&cost.term)))
        .collect();
    terms.sort_by_key(|cost| std::cmp::Reverse(cost.lookups));
    let review = |cost: &TermCost| WayOut::Review { term: cost.term.clone(), saves: cost.lookups };
    terms.into_iter().take(REVIEWED_MAX).map(review).collect()
}

fn dead(cost: &Cost) -> Vec<WayOut> {
    let way_out = |cost: &TermCost| match &cost.doubt {
        Some(Doubt::Dead { why }) => {
            Some(WayOut::DropDead { term: cost.term.clone(), why: why.clone(), saves: cost.lookups })
        }
        Some(Doubt::Circle) => {
            Some(WayOut::DropDead { term: cost.term.clone(), why: Dead::Circle, saves: cost.lookups })
        }
        _ => None,
    };
    cost.terms.iter().filter_map(way_out).collect()
}

fn is_ptr(term: &str) -> bool {
    let name = term.trim_start_matches(['+', '-', '~', '?']).split(':').next().unwrap_or_default();
    name.eq_ignore_ascii_case("ptr")
}

async fn cost_of(dns: &dyn Dns, domain: &Domain, merge: &Merge) -> Cost {
    match Record::parse(merge.record.as_bytes()) {
        Ok(record) => count_lookups(dns, domain, &record).await,
        Err(_) => Cost::default(),
    }
}

struct Counter<'a> {
    dns: &'a dyn Dns,
    fetched: u8,
}

impl Counter<'_> {
    /// `path` are the domains from the first to the one whose record this is.
    fn record<'f>(
        &'f mut self,
        record: &'f Record,
        path: &'f [&'f Domain],
    ) -> Pin<Box<dyn Future<Output = Cost> + Send + 'f>> {
        Box::pin(async move {
            let mut cost = Cost::default();
            for (term, target) in asking(record) {
                let (within, doubt) = match target.map(MacroString::plain) {
                    None => (None, None),
                    Some(None) => (None, Some(Doubt::Macro)),
                    Some(Some(name)) => match self.include(name, path).await {
                        Ok(within) => (Some(within), None),
                        Err(doubt) => (None, Some(doubt)),
                    },
                };
                let lookups = 1 + within.as_ref().map_or(0, |within| within.lookups);
                cost.lookups += lookups;
                cost.terms.push(TermCost { term: term.text.clone(), lookups, within, doubt });
            }
            cost
        })
    }

    async fn include(&mut self, name: &str, path: &[&Domain]) -> Result<Cost, Doubt> {
        let dead = |why| Doubt::Dead { why };
        let target = Domain::from_dns(name).map_err(|_| dead(Dead::NoName))?;
        if path.contains(&&target) {
            return Err(Doubt::Circle);
        }
        if path.len() > usize::from(DEPTH_MAX) || self.fetched >= RECORDS_MAX {
            return Err(Doubt::TooMany);
        }
        self.fetched += 1;
        let txt = self.dns.txt(&target).await.map_err(|no_answer| Doubt::NoAnswer { why: no_answer.why })?;
        let records: Vec<&[u8]> = select(&txt.records).collect();
        let record = match records.as_slice() {
            [record] => {
                let faulty = |fault: String| dead(Dead::Faulty { at: target.clone(), fault });
                Record::parse(record).map_err(|fault| faulty(fault.to_string()))?
            }
            [] => return Err(dead(Dead::NoRecord(target))),
            _ => return Err(dead(Dead::Several(target))),
        };
        let path: Vec<&Domain> = path.iter().copied().chain([&target]).collect();
        Ok(self.record(&record, &path).await)
    }
}

/// The terms that ask the DNS, up to `all`, and what those that lead to another record lead to.
fn asking(record: &Record) -> Vec<(&Term, Option<&MacroString>)> {
    let mut terms: Vec<(&Term, Option<&MacroString>)> = record
        .directives()
        .take_while(|(_, _, mechanism)| **mechanism != Mechanism::All)
        .filter(|(_, _, mechanism)| mechanism.asks_dns())
        .map(|(term, _, _)| match &term.kind {
            Kind::Directive(_, Mechanism::Include(target)) => (term, Some(target)),
            _ => (term, None),
        })
        .collect();
    terms.extend(record.redirect().map(|(term, target)| (term, Some(target))));
    terms
}
