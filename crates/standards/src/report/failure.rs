//! Failure reports: one mail that failed its checks (RFC 9991, RFC 6591), as a feedback report (RFC 5965).
//!
//! Kept: the domain, the source and what failed. Recipients, subjects and the quoted mail are left where they are.

use std::net::IpAddr;

use mail_parser::{Message, PartType};

use super::{domain_name, filled};
use crate::dsn::Fields;

/// One mail that failed the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who reports: the domain of the reporting mail's From.
    pub reporter: Option<String>,
    /// The domain whose mail it claimed to be.
    pub domain: String,
    /// Where it came from.
    pub source: Option<IpAddr>,
    /// What failed: `dmarc`, `dkim`, `spf` ... (RFC 6591 §3.2.2).
    pub failed: Option<String>,
    /// What became of it: `delivered`, `spam`, `policy`, `reject`, `other` (RFC 6591 §3.2.2).
    pub delivery: Option<String>,
    /// When it came, as the reporter writes it.
    pub arrived: Option<String>,
    /// The Message-ID of the report: tells a repeated one.
    pub id: Option<String>,
}

impl Failure {
    /// Reads a mail that is one. None where it is not.
    pub(super) fn read(message: &Message<'_>) -> Option<Self> {
        let fields = message.parts.iter().find_map(|part| match &part.body {
            PartType::Text(text) => feedback(text),
            PartType::Binary(octets) | PartType::InlineBinary(octets) => feedback(&String::from_utf8_lossy(octets)),
            _ => None,
        })?;
        if !fields.first("feedback-type")?.trim().eq_ignore_ascii_case("auth-failure") {
            return None;
        }
        let value = |name| fields.first(name).and_then(filled);
        let reporter = message.from().and_then(|from| from.first()).and_then(|from| from.address());
        let named = value("reported-domain").or_else(|| value("dkim-domain"));
        let quoted = || {
            let quoted = message.parts.iter().find_map(|part| match &part.body {
                PartType::Message(inner) => Some(inner),
                _ => None,
            })?;
            Some(quoted.from()?.first()?.address()?.rsplit_once('@')?.1.to_owned())
        };
        Some(Self {
            reporter: reporter.and_then(|from| from.rsplit_once('@')).map(|(_, domain)| domain_name(domain)),
            domain: domain_name(&named.or_else(quoted)?),
            source: value("source-ip").and_then(|ip| ip.trim_matches(['[', ']']).parse().ok()),
            failed: value("auth-failure").map(|failed| failed.to_ascii_lowercase()),
            delivery: value("delivery-result").map(|result| result.to_ascii_lowercase()),
            arrived: value("arrival-date"),
            id: message.message_id().map(str::to_owned),
        })
    }
}

fn feedback(text: &str) -> Option<Fields> {
    let head = text.get(..text.floor_char_boundary(16 << 10))?;
    if !head.to_ascii_lowercase().contains("feedback-type:") {
        return None;
    }
    let fields = Fields::read(head.trim_start());
    fields.first("feedback-type").is_some().then_some(fields)
}
