//! What receivers report about a domain: DMARC aggregate reports (RFC 9990, and the older form of RFC 7489), SMTP TLS
//! reports (RFC 8460) and failure reports (RFC 9991, RFC 6591).
//!
//! In: a mail, or a file as it was in one: XML or JSON, bare, in gzip or in zip, under any content type. Out: the
//! [`Report`]s in it, and for each thing that looked like one and was none, why ([`Refused`]). Broken reports are read as far
//! as they make sense. Not here: whose domain it is, and the recipients and subjects that failure reports quote, which are
//! nobody's business.

mod aggregate;
mod failure;
mod open;
#[cfg(test)]
mod tests;
mod tls;

pub use aggregate::{Aggregate, AuthResult, Override, Policy, Row};
pub use failure::Failure;
pub use tls::{TlsFailure, TlsPolicy, TlsReport};

/// A mail with reports is read up to here. The largest senders of reports stay below 10 MB (RFC 7489 §7.2.1.1 speaks of ten).
pub const MAIL_OCTETS_MAX: usize = 32 << 20;
/// A report is unpacked up to here. A year of a consortium's mail, one row each, is less; a bomb is more.
pub const UNPACKED_OCTETS_MAX: usize = 32 << 20;
/// Rows kept of one report; those after are counted.
pub const ROWS_MAX: usize = 20_000;
/// Reports read from one mail. Reporters send one; gateways that gather a day's reports send some dozens.
pub const REPORTS_MAX: usize = 64;
/// A text inside a report (a name, a comment) is kept up to here.
const TEXT_CHARS_MAX: usize = 300;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// How a domain's mail fared in the DMARC checks of one receiver, by source.
    Aggregate(Aggregate),
    /// How servers that wanted to hand mail to a domain fared with TLS.
    Tls(TlsReport),
    /// One mail that failed the checks.
    Failure(Failure),
}

/// What was found in a mail or a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The reports.
    pub reports: Vec<Report>,
    /// What looked like a report and could not be read.
    pub refused: Vec<Refused>,
}

/// Why something is not a report that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing in it looks like a report.
    #[error("there is no report in it")]
    NoReport,
    /// It is larger than any report.
    #[error("it unpacks to more than {} MB, which no report does", UNPACKED_OCTETS_MAX >> 20)]
    TooLarge,
    /// The gzip or zip around it is damaged, locked, or of a kind that reporters do not use.
    #[error("it cannot be unpacked: {0}")]
    Packing(String),
    /// It defines entities, which no report does, and a bomb does.
    #[error("it defines XML entities, which no report does")]
    Entities,
    /// It is neither XML nor JSON of a report.
    #[error("it is no report: {0}")]
    NotOne(&'static str),
    /// It lacks what a report is about.
    #[error("it does not say {0}")]
    Lacks(&'static str),
}

/// Reads all reports in a mail or a file. Never fails; what is no report at all gives [`Refused::NoReport`].
#[must_use]
pub fn read(bytes: &[u8]) -> Reading {
    let mut reading = Reading::default();
    open::open(bytes, &mut reading);
    if reading.reports.is_empty() && reading.refused.is_empty() {
        reading.refused.push(Refused::NoReport);
    }
    reading
}

/// Trims, takes control characters out, and cuts.
fn tidy(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_CHARS_MAX).collect()
}

/// A name of a domain as reports give it: in lower case, without a final dot.
fn domain_name(text: &str) -> String {
    tidy(text).trim_end_matches('.').to_ascii_lowercase()
}

fn filled(text: &str) -> Option<String> {
    let text = tidy(text);
    (!text.is_empty()).then_some(text)
}
