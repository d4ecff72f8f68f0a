//! SPF: may this address send mail in this domain's name (RFC 7208)?
//!
//! In: the connecting address, MAIL FROM and HELO, and someone who can ask the DNS. Out: a [`Verdict`]: one of the
//! seven results, what it cost, and every step that led there, in the order it was taken, for people to read.
//! [`edit`] merges a mechanism into the record a domain already has.
//!
//! Deliberately not here: sockets, clocks and time-outs (who asks the DNS has those), and what a receiver does
//! with a result (that is DMARC and local policy).

mod check;
pub mod count;
pub mod edit;
mod macros;
pub mod parse;
#[cfg(test)]
mod tests;
mod trial;

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use crate::dns::Dns;
pub use parse::Record;
pub use trial::check_as_if;

/// RFC 7208 §4.6.4: at most ten mechanisms and modifiers that query the DNS.
pub const DNS_LOOKUPS_MAX: u8 = 10;
/// RFC 7208 §4.6.4: two look-ups may find nothing; the third ends the check.
pub const VOID_LOOKUPS_MAX: u8 = 2;
/// RFC 7208 §4.6.4: an `mx` with more than ten hosts is a permanent error, names of a `ptr` past ten are ignored.
pub const HOSTS_MAX: usize = 10;
/// Steps kept in a trace. Eleven records of thousands of `ip4` terms could be published; nobody reads that many.
pub const TRACE_STEPS_MAX: usize = 1_000;

/// What is asked: one connection and the names it gave.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The address that connects (`<ip>`). An IPv4-mapped IPv6 address counts as IPv4 (RFC 7208 §5).
    pub ip: IpAddr,
    /// MAIL FROM without angle brackets; empty for a bounce, when the HELO name stands in (RFC 7208 §2.4).
    pub mail_from: &'a str,
    /// The HELO or EHLO name, as given.
    pub helo: &'a str,
    /// The receiving host, for the macro `r`; none gives `unknown`.
    pub receiver: Option<&'a str>,
    /// The time, for the macro `t`.
    pub now: jiff::Timestamp,
}

/// RFC 7208 §2.6: the seven results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpfResult {
    /// No domain to ask about, or no record there.
    None,
    /// The domain says nothing about this address.
    Neutral,
    /// The address may send in the domain's name.
    Pass,
    /// It may not.
    Fail,
    /// Probably not.
    SoftFail,
    /// The DNS did not answer: try again later.
    TempError,
    /// The published records are wrong.
    PermError,
}

impl SpfResult {
    /// The word in `Received-SPF` and `Authentication-Results` (RFC 7208 §9.1, RFC 8601 §2.7.2).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl fmt::Display for SpfResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why there is no other result than `none`, `temperror` or `permerror`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// The domain of the sender cannot be asked about (RFC 7208 §4.3).
    #[error("“{name}” is not a full domain name, so there is nothing to look up")]
    NotADomain {
        /// What was given.
        name: String,
    },
    /// No SPF record at the domain, and it is the one asked about.
    #[error("{domain} publishes no SPF record")]
    NoRecord {
        /// Where one was looked for.
        domain: String,
    },
    /// More than one record (RFC 7208 §4.5).
    #[error("{domain} publishes {count} SPF records, and there may be only one")]
    SeveralRecords {
        /// Where.
        domain: String,
        /// How many.
        count: usize,
    },
    /// A record breaks the grammar; the whole of it is void (RFC 7208 §4.6).
    #[error("the SPF record of {domain} is not valid: {fault}")]
    Syntax {
        /// Whose record.
        domain: String,
        /// Where and why.
        fault: parse::Fault,
    },
    /// `include` or `redirect` lead to a domain without a record (RFC 7208 §5.2, §6.1).
    #[error("“{term}” leads to {target}, which publishes no SPF record")]
    NothingThere {
        /// The term, as published.
        term: String,
        /// The name it led to.
        target: String,
    },
    /// More than [`DNS_LOOKUPS_MAX`] terms that ask the DNS.
    #[error("the record needs more than {DNS_LOOKUPS_MAX} DNS look-ups, with its includes; “{term}” is one too many")]
    TooManyLookups {
        /// The term that went over.
        term: String,
        /// In whose record.
        domain: String,
    },
    /// More than [`VOID_LOOKUPS_MAX`] look-ups found nothing.
    #[error("more than {VOID_LOOKUPS_MAX} DNS look-ups found nothing; the last was {kind} of {name}")]
    TooManyVoids {
        /// The last name asked.
        name: String,
        /// The record type asked.
        kind: String,
    },
    /// An `mx` with more than [`HOSTS_MAX`] hosts.
    #[error("{name} has {count} MX records, and “mx” may use at most {HOSTS_MAX}")]
    TooManyMx {
        /// Whose MX.
        name: String,
        /// How many.
        count: usize,
    },
    /// The DNS did not answer.
    #[error("the DNS did not answer for {kind} of {name} ({why})")]
    NoAnswer {
        /// The name asked.
        name: String,
        /// The record type asked.
        kind: String,
        /// What went wrong.
        why: String,
    },
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The result.
    pub result: SpfResult,
    /// Why, for `none`, `temperror` and `permerror`.
    pub problem: Option<Problem>,
    /// The domain's own words on a `fail` (RFC 7208 §6.2); from outside, printable ASCII only. None: no words.
    pub explanation: Option<String>,
    /// Terms that asked the DNS, of [`DNS_LOOKUPS_MAX`].
    pub lookups: u8,
    /// Look-ups that found nothing, of [`VOID_LOOKUPS_MAX`].
    pub void_lookups: u8,
    /// Seconds until the first of the answers used runs out; none when no answer came.
    pub ttl_s: Option<u32>,
    /// Everything that was done, in order.
    pub trace: Vec<Step>,
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// How many `include` and `redirect` lie between this and the domain asked about.
    pub depth: u8,
    /// Whose record is being evaluated.
    pub domain: String,
    /// What was done.
    #[serde(flatten)]
    pub event: Event,
    /// Terms that had asked the DNS when this step was over.
    pub lookups: u8,
    /// Look-ups that had found nothing when this step was over.
    pub void_lookups: u8,
}

/// What a [`Step`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Event {
    /// The SPF records of the domain were selected: one is right, none and several are not.
    Records {
        /// As published.
        records: Vec<String>,
    },
    /// A mechanism or `redirect` was evaluated. Steps it caused follow it.
    Term {
        /// As published.
        term: String,
        /// The name it is about after macros, where it names one.
        target: Option<String>,
        /// What came of it.
        outcome: TermOutcome,
        /// The result its qualifier gives, when it matched.
        result: Option<SpfResult>,
    },
    /// A question to the DNS.
    Lookup {
        /// The name asked.
        name: String,
        /// The record type asked.
        kind: &'static str,
        /// What kind of answer came.
        answer: Answered,
        /// The records, as text, at most 32 of them.
        records: Vec<String>,
        /// Why there was no answer.
        why: Option<String>,
        /// Seconds the answer may be remembered.
        ttl_s: Option<u32>,
        /// Whether it counts as a void look-up.
        void: bool,
    },
    /// The domain's own words on a `fail` were looked for.
    Explanation {
        /// Where.
        target: Option<String>,
        /// The words after macros; none when they cannot be used.
        text: Option<String>,
    },
    /// The end of a domain's check.
    End {
        /// Its result.
        result: SpfResult,
        /// Why, in words, for `none`, `temperror` and `permerror`.
        reason: Option<String>,
    },
}

/// What came of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TermOutcome {
    /// It matched, and ends the check of its record.
    Match,
    /// It did not; the next term is tried.
    NoMatch,
    /// It could not be evaluated, and ends the whole check.
    Error,
}

/// What kind of answer the DNS gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// Records.
    Found,
    /// The name exists without such records.
    NoSuchRecord,
    /// The name does not exist.
    NoSuchName,
    /// No answer: temporary.
    NoAnswer,
}

/// Evaluates SPF for one connection (RFC 7208 §4, `check_host()`).
///
/// Asks at most some 120 questions, one after the other. RFC 7208 §4.6.4 wants the whole limited to no less than
/// 20 seconds: that is for `dns` to keep, by giving no answer when its time is up, which makes a `temperror`.
pub async fn check(dns: &dyn Dns, query: &Query<'_>) -> Verdict {
    check::Check::new(dns, query).run().await
}

/// The SPF records among a domain's TXT records, in their order (RFC 7208 §4.5).
pub fn select(txt: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    txt.iter().map(Vec::as_slice).filter(|record| parse::is_spf(record))
}
