//! What receivers report about the domains we send for: who else sends as them, and how TLS goes.
//!
//! In: reports as `standards::report` reads them. Out: what is kept of one for a domain ([`Told`]), and what has been kept in
//! words for people ([`words`]). Reports are said by anybody who has the address: people read them, nothing is decided by
//! them. Not here: recipients, subjects and whole mails, which are not kept.

#[cfg(test)]
mod tests;
pub mod words;

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use standards::domain::Domain;
use standards::report::{Aggregate, Failure, Report, TlsReport};

/// Sources kept of one report; the rest is summed up. A domain that is not abused has some dozens.
pub const SOURCES_MAX: usize = 300;

/// Kinds of TLS failures kept of one report: RFC 8460 §4.3 knows eleven.
const TLS_KINDS_MAX: usize = 20;

/// How many seconds a day has.
const DAY_S: i64 = 86_400;

/// What kind of report it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Of a day's mail (RFC 9990).
    Aggregate,
    /// Of TLS (RFC 8460).
    Tls,
    /// Of one mail (RFC 9991).
    Failure,
}

impl Kind {
    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Aggregate => "aggregate",
            Self::Tls => "tls",
            Self::Failure => "failure",
        }
    }
}

/// What one report says of one domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The domain.
    pub domain: Domain,
    /// Who reports.
    pub reporter: String,
    /// The reporter's id of the report.
    pub id: String,
    /// What kind.
    pub kind: Kind,
    /// The first moment it is about.
    pub begin: Timestamp,
    /// The last moment it is about.
    pub end: Timestamp,
    /// Who sent in the domain's name; none stands for the sources beyond [`SOURCES_MAX`].
    pub sources: Vec<(Option<IpAddr>, Counts)>,
    /// Sessions with TLS that went well, under an empty name, and those that failed, by what failed.
    pub tls: Vec<(String, u64)>,
}

/// Mails from one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many.
    pub messages: u64,
    /// How many passed the check for the domain.
    pub passed: u64,
    /// How many the receiver refused or put into quarantine.
    pub refused: u64,
}

impl Told {
    /// What `report` says of `domain`; none where it says nothing of it. A report about a domain above counts for the part
    /// that is about this one.
    #[must_use]
    pub fn of(report: &Report, domain: &Domain, now: Timestamp) -> Option<Self> {
        match report {
            Report::Aggregate(report) => aggregate(report, domain),
            Report::Tls(report) => tls(report, domain),
            Report::Failure(report) => failure(report, domain, now),
        }
    }

    /// The day it is about, in days since 1970 (UTC).
    #[must_use]
    pub fn day(&self) -> i64 {
        // Reports are about a day; one that says a year is counted for its last week.
        self.begin.as_second().max(self.end.as_second() - 7 * DAY_S).div_euclid(DAY_S)
    }
}

fn is_about(name: &str, domain: &Domain) -> bool {
    Domain::parse(name).is_ok_and(|name| name == *domain || name.is_within(domain))
}

fn aggregate(report: &Aggregate, domain: &Domain) -> Option<Told> {
    let mut by_source: BTreeMap<IpAddr, Counts> = BTreeMap::new();
    let whole = is_about(&report.domain, domain);
    for row in report.rows.iter().filter(|row| whole || is_about(&row.header_from, domain)) {
        let counts = by_source.entry(row.source).or_default();
        counts.messages = counts.messages.saturating_add(row.count);
        if row.passes() {
            counts.passed = counts.passed.saturating_add(row.count);
        }
        if matches!(row.disposition.as_str(), "reject" | "quarantine") {
            counts.refused = counts.refused.saturating_add(row.count);
        }
    }
    if by_source.is_empty() && !whole {
        return None;
    }
    let mut sources: Vec<_> = by_source.into_iter().map(|(source, counts)| (Some(source), counts)).collect();
    sources.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.messages));
    let rest = sources.split_off(sources.len().min(SOURCES_MAX));
    if !rest.is_empty() {
        let sum = rest.iter().fold(Counts::default(), |sum, (_, one)| Counts {
            messages: sum.messages.saturating_add(one.messages),
            passed: sum.passed.saturating_add(one.passed),
            refused: sum.refused.saturating_add(one.refused),
        });
        sources.push((None, sum));
    }
    Some(Told {
        domain: domain.clone(),
        reporter: report.reporter.clone(),
        id: report.id.clone(),
        kind: Kind::Aggregate,
        begin: report.begin,
        end: report.end,
        sources,
        tls: Vec::new(),
    })
}

fn tls(report: &TlsReport, domain: &Domain) -> Option<Told> {
    let mut sessions: BTreeMap<String, u64> = BTreeMap::new();
    let policies: Vec<_> = report.policies.iter().filter(|policy| is_about(&policy.domain, domain)).collect();
    if policies.is_empty() {
        return None;
    }
    for policy in policies {
        let went_well = sessions.entry(String::new()).or_default();
        *went_well = went_well.saturating_add(policy.successes);
        let mut explained: u64 = 0;
        for failure in &policy.details {
            let count = sessions.entry(failure.kind.clone()).or_default();
            *count = count.saturating_add(failure.sessions);
            explained = explained.saturating_add(failure.sessions);
        }
        if policy.failures > explained {
            let count = sessions.entry("unspecified".to_owned()).or_default();
            *count = count.saturating_add(policy.failures - explained);
        }
    }
    Some(Told {
        domain: domain.clone(),
        reporter: report.reporter.clone(),
        id: report.id.clone(),
        kind: Kind::Tls,
        begin: report.begin,
        end: report.end,
        sources: Vec::new(),
        tls: sessions.into_iter().take(TLS_KINDS_MAX).collect(),
    })
}

/// One mail, which its receiver's aggregate report counts too: it is noted, and not counted again.
fn failure(report: &Failure, domain: &Domain, now: Timestamp) -> Option<Told> {
    if !is_about(&report.domain, domain) {
        return None;
    }
    Some(Told {
        domain: domain.clone(),
        reporter: report.reporter.clone()?,
        id: report.id.clone()?,
        kind: Kind::Failure,
        begin: now,
        end: now,
        sources: Vec::new(),
        tls: Vec::new(),
    })
}
