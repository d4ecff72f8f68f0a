//! `check_host()` (RFC 7208 §4, §5, §6).
//!
//! In: a [`Query`] and the DNS. Out: a [`Verdict`]. One [`Check`] carries the counters and the trace through all
//! includes and redirects, because the limits are for the whole (RFC 7208 §4.6.4). Here is which record counts and what its terms come to; not
//! here: mechanisms (`mechanism`), macros (`name`), the counting (`tally`).

mod mechanism;
mod name;
mod tally;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use super::macros::MacroString;
use super::parse::{Term, printable};
use super::{Event, Problem, Query, Record, SpfResult, Step, TermOutcome, Verdict, select};
use crate::dns::Dns;
use crate::domain::Domain;

/// One check under way.
pub(super) struct Check<'a> {
    dns: &'a dyn Dns,
    query: &'a Query<'a>,
    /// IPv4 where it is IPv4-mapped.
    ip: IpAddr,
    local: String,
    sender_domain: String,
    lookups: u8,
    void_lookups: u8,
    ttl_s: Option<u32>,
    trace: Vec<Step>,
}

/// Where a check is: whose record, and how deep.
#[derive(Clone, Copy)]
struct At<'d> {
    domain: &'d Domain,
    depth: u8,
}

/// How the check of one domain ended.
struct End {
    result: SpfResult,
    problem: Option<Problem>,
    /// On a `fail`: whose record it was, and where its words are.
    explanation: Option<(Domain, MacroString)>,
}

/// The check cannot go on: `temperror` or `permerror`.
struct Stop {
    result: SpfResult,
    problem: Problem,
}

/// Whether a look-up that finds nothing counts (RFC 7208 §4.6.4).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Voids {
    Count,
    /// What the client, not the domain's owner, publishes, and explanations, which come after the result.
    Ignore,
}

fn permanent(problem: Problem) -> Stop {
    Stop { result: SpfResult::PermError, problem }
}

impl From<Stop> for End {
    fn from(stop: Stop) -> Self {
        Self { result: stop.result, problem: Some(stop.problem), explanation: None }
    }
}

impl<'a> Check<'a> {
    pub(super) fn new(dns: &'a dyn Dns, query: &'a Query<'a>) -> Self {
        // RFC 7208 §2.4, §4.3: a bounce is checked as postmaster at the HELO name, and so is a missing local part.
        let (local, domain) = match query.mail_from.rsplit_once('@') {
            Some((local, domain)) => (local, domain),
            None if query.mail_from.is_empty() => ("", query.helo),
            None => ("", query.mail_from),
        };
        let local = if local.is_empty() { "postmaster" } else { local };
        Self {
            dns,
            query,
            ip: query.ip.to_canonical(),
            local: local.to_owned(),
            sender_domain: domain.strip_suffix('.').unwrap_or(domain).to_owned(),
            lookups: 0,
            void_lookups: 0,
            ttl_s: None,
            trace: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> Verdict {
        let end = match first_domain(&self.sender_domain) {
            Some(domain) => {
                if !self.sender_domain.is_ascii() {
                    // RFC 7208 §4.3: names in other scripts are used in their ASCII form.
                    self.sender_domain = domain.to_string();
                }
                self.domain(At { domain: &domain, depth: 0 }).await
            }
            None => {
                let name: String = self.sender_domain.chars().take(100).collect();
                let problem = Problem::NotADomain { name };
                End { result: SpfResult::None, problem: Some(problem), explanation: None }
            }
        };
        let explanation = match &end.explanation {
            Some((domain, target)) => self.explain(domain, target).await,
            None => None,
        };
        Verdict {
            result: end.result,
            problem: end.problem,
            explanation,
            lookups: self.lookups,
            void_lookups: self.void_lookups,
            ttl_s: self.ttl_s,
            trace: self.trace,
        }
    }

    /// One domain's check. Boxed, as `include` and `redirect` come back here; the limit of look-ups bounds how deep.
    fn domain<'f>(&'f mut self, at: At<'f>) -> Pin<Box<dyn Future<Output = End> + Send + 'f>> {
        Box::pin(async move {
            let end = match self.record(at).await {
                Ok(record) => self.terms(at, &record).await.unwrap_or_else(End::from),
                Err(end) => end,
            };
            let reason = end.problem.as_ref().map(ToString::to_string);
            self.note(at, Event::End { result: end.result, reason });
            end
        })
    }

    /// RFC 7208 §4.4, §4.5, §4.6: finds the one record, and reads the whole of it before any of it is used.
    async fn record(&mut self, at: At<'_>) -> Result<Record, End> {
        let answer = self.dns.txt(at.domain).await;
        // The first question belongs to no term (RFC 7208 §4.6.4).
        let voids = if at.depth == 0 { Voids::Ignore } else { Voids::Count };
        let txt = self.told(at, (at.domain.as_str(), "TXT"), answer, voids, |octets| printable(octets))?;
        let records: Vec<&[u8]> = select(&txt).collect();
        self.note(at, Event::Records { records: records.iter().map(|octets| printable(octets)).collect() });
        let domain = at.domain.to_string();
        match records.as_slice() {
            [] => Err(End { result: SpfResult::None, problem: Some(Problem::NoRecord { domain }), explanation: None }),
            [record] => Record::parse(record).map_err(|fault| permanent(Problem::Syntax { domain, fault }).into()),
            _ => Err(permanent(Problem::SeveralRecords { domain, count: records.len() }).into()),
        }
    }

    /// RFC 7208 §4.6.2, §4.7: the first directive that matches decides, else `redirect`, else neutral.
    async fn terms(&mut self, at: At<'_>, record: &Record) -> Result<End, Stop> {
        for (term, qualifier, mechanism) in record.directives() {
            let index = self.begin(at, term);
            match self.directive(at, term, mechanism, index).await {
                Ok(true) => {
                    let result = qualifier.result();
                    self.finish(index, TermOutcome::Match, Some(result));
                    let explanation = match record.explanation() {
                        Some(target) if result == SpfResult::Fail => Some((at.domain.clone(), target.clone())),
                        _ => None,
                    };
                    return Ok(End { result, problem: None, explanation });
                }
                Ok(false) => self.finish(index, TermOutcome::NoMatch, None),
                Err(stop) => {
                    self.finish(index, TermOutcome::Error, None);
                    return Err(stop);
                }
            }
        }
        match record.redirect() {
            Some((term, target)) => self.redirect(at, term, target).await,
            None => Ok(End { result: SpfResult::Neutral, problem: None, explanation: None }),
        }
    }

    /// RFC 7208 §6.1. The words on a `fail` are the other domain's, or none.
    async fn redirect(&mut self, at: At<'_>, term: &Term, target: &MacroString) -> Result<End, Stop> {
        let index = self.begin(at, term);
        if let Err(stop) = self.count(at, term) {
            self.finish(index, TermOutcome::Error, None);
            return Err(stop);
        }
        let end = match self.target(at, Some(target), index).await {
            Ok(domain) => self.domain(At { domain: &domain, depth: at.depth + 1 }).await,
            Err(name) => return Err(self.nothing_there(index, term, name)),
        };
        match end {
            End { result: SpfResult::None, .. } => {
                let name = self.target_name(index);
                Err(self.nothing_there(index, term, name))
            }
            end => {
                let failed = matches!(end.result, SpfResult::TempError | SpfResult::PermError);
                let outcome = if failed { TermOutcome::Error } else { TermOutcome::Match };
                self.finish(index, outcome, (!failed).then_some(end.result));
                Ok(end)
            }
        }
    }

    fn nothing_there(&mut self, index: usize, term: &Term, target: String) -> Stop {
        self.finish(index, TermOutcome::Error, None);
        permanent(Problem::NothingThere { term: term.text.clone(), target })
    }
}

/// RFC 7208 §4.3: the domain to begin with must be a full one; literals, single labels and dotted numbers are not.
fn first_domain(text: &str) -> Option<Domain> {
    let domain = Domain::parse(text).ok()?;
    let (_, top) = domain.as_str().rsplit_once('.')?;
    let is_number = top.bytes().all(|b| b.is_ascii_digit());
    (!is_number).then_some(domain)
}
