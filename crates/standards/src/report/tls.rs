//! SMTP TLS reports (RFC 8460 §4): JSON.

use jiff::Timestamp;
use serde_json::Value;

use super::{Refused, domain_name, filled, tidy};

/// Policies and failures kept of one report; a reporter has one policy a domain and one failure a kind and host.
const ENTRIES_MAX: usize = 1_000;

/// How servers that wanted to hand mail to a domain fared with TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsReport {
    /// Who reports.
    pub reporter: String,
    /// The reporter's id of this report.
    pub id: String,
    /// The first moment it is about.
    pub begin: Timestamp,
    /// The last moment it is about.
    pub end: Timestamp,
    /// What applied, and what came of it.
    pub policies: Vec<TlsPolicy>,
}

/// One policy of one domain, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsPolicy {
    /// `tlsa`, `sts` or `no-policy-found`.
    pub kind: String,
    /// The domain.
    pub domain: String,
    /// Sessions that went well.
    pub successes: u64,
    /// Sessions that did not.
    pub failures: u64,
    /// Why they did not, as far as the reporter tells.
    pub details: Vec<TlsFailure>,
}

/// Why sessions failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFailure {
    /// `certificate-expired`, `starttls-not-supported` ... (RFC 8460 §4.3).
    pub kind: String,
    /// The host that was to receive.
    pub host: Option<String>,
    /// How many sessions.
    pub sessions: u64,
    /// The reporter's code or words.
    pub reason: Option<String>,
}

impl TlsReport {
    /// Reads a report's JSON.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(json: &[u8]) -> Result<Self, Refused> {
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let value: Value = serde_json::from_slice(json).map_err(|_| Refused::NotOne("the JSON is broken"))?;
        let policies = value.get("policies").and_then(Value::as_array);
        let policies = policies.ok_or(Refused::NotOne("the JSON is not of a TLS report"))?;
        let range = value.get("date-range");
        let moment = |name| range.and_then(|range| range.get(name)).and_then(Value::as_str)?.trim().parse().ok();
        let end: Option<Timestamp> = moment("end-datetime");
        let begin: Option<Timestamp> = moment("start-datetime");
        let end = end.or(begin).ok_or(Refused::Lacks("which days it is about"))?;
        let reporter = text(&value, "organization-name").or_else(|| text(&value, "contact-info"));
        Ok(Self {
            reporter: reporter.ok_or(Refused::Lacks("who reports"))?,
            id: text(&value, "report-id").ok_or(Refused::Lacks("its id"))?,
            begin: begin.unwrap_or(end).min(end),
            end,
            policies: policies.iter().take(ENTRIES_MAX).filter_map(policy).collect(),
        })
    }
}

fn policy(value: &Value) -> Option<TlsPolicy> {
    let policy = value.get("policy")?;
    let summary = value.get("summary");
    let sum = |name| summary.map_or(0, |summary| number(summary, name));
    let details = value.get("failure-details").and_then(Value::as_array);
    Some(TlsPolicy {
        kind: text(policy, "policy-type").unwrap_or_default(),
        domain: domain_name(&text(policy, "policy-domain")?),
        successes: sum("total-successful-session-count"),
        failures: sum("total-failure-session-count"),
        details: details.into_iter().flatten().take(ENTRIES_MAX).filter_map(failure).collect(),
    })
}

fn failure(value: &Value) -> Option<TlsFailure> {
    Some(TlsFailure {
        kind: text(value, "result-type")?,
        host: text(value, "receiving-mx-hostname").map(|host| domain_name(&host)),
        sessions: number(value, "failed-session-count"),
        reason: text(value, "failure-reason-code"),
    })
}

fn text(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => filled(text),
        Value::Number(number) => Some(tidy(&number.to_string())),
        _ => None,
    }
}

/// A count; some reporters write it as text.
fn number(value: &Value, name: &str) -> u64 {
    let found = value.get(name);
    found.and_then(|found| found.as_u64().or_else(|| found.as_str()?.trim().parse().ok())).unwrap_or(0)
}
