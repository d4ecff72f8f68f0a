//! SMTP TLS reports that we write (RFC 8460): where a domain wants them, and their JSON.
//!
//! In: the TXT records at `_smtp._tls` of a domain; what was found and counted for it on one day. Out: where the report goes; its
//! text. Not here: counting, packing and sending; and reading the reports of others (`report`).

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::address::Address;

/// Places of one record that are served: a domain has one, or two while it moves.
const PLACES_MAX: usize = 4;

/// Where a report is to go (§3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// By mail.
    Mail(Address),
    /// By POST to this URL.
    Https(String),
}

/// Where the domain with these TXT records wants its reports. None where it wants none: no record, several (§3), or one that cannot be
/// read.
#[must_use]
pub fn wanted<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Vec<Place> {
    let begins = |record: &&[u8]| record.starts_with(b"v=TLSRPTv1;") || *record == b"v=TLSRPTv1";
    let mut ours = records.into_iter().filter(begins);
    let (Some(record), None) = (ours.next(), ours.next()) else { return Vec::new() };
    let Ok(text) = std::str::from_utf8(record) else { return Vec::new() };
    let rua = text.split(';').filter_map(|field| field.trim().split_once('=')).find(|(name, _)| name.trim() == "rua");
    let Some((_, places)) = rua else { return Vec::new() };
    places.split(',').filter_map(|place| read(place.trim())).take(PLACES_MAX).collect()
}

fn read(place: &str) -> Option<Place> {
    let (scheme, rest) = place.split_once(':')?;
    if scheme.eq_ignore_ascii_case("mailto") {
        let address = rest.split('?').next().unwrap_or_default();
        return Address::parse(address).ok().map(Place::Mail);
    }
    (scheme.eq_ignore_ascii_case("https") && rest.starts_with("//")).then(|| Place::Https(place.to_owned()))
}

/// What a domain asked for, as it was found (§4.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Found {
    /// `tlsa`, `sts` or `no-policy-found`.
    pub kind: String,
    /// The policy's lines, or the TLSA records.
    pub strings: Vec<String>,
    /// The hosts it names.
    pub hosts: Vec<String>,
}

/// One policy, and how it went under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What was found.
    pub found: Found,
    /// Sessions under TLS, as the policy wants them.
    pub successes: u64,
    /// Sessions that failed.
    pub failures: Vec<Failure>,
}

/// One way in which sessions failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The word of §4.3.
    pub kind: String,
    /// The host that was to receive.
    pub host: String,
    /// Our address; none where it is not known.
    pub source: String,
    /// How many sessions.
    pub sessions: u64,
}

/// A report about one domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Who reports.
    pub organization: String,
    /// Whom to ask about it.
    pub contact: String,
    /// Our id of it.
    pub id: String,
    /// The domain.
    pub domain: String,
    /// The first moment.
    pub begin: Timestamp,
    /// The last moment.
    pub end: Timestamp,
    /// What applied, and what came of it.
    pub policies: Vec<Policy>,
}

impl Written {
    /// Its JSON (§4.4).
    #[must_use]
    pub fn json(&self) -> String {
        let policies: Vec<Value> = self.policies.iter().map(|policy| self.policy(policy)).collect();
        json!({
            "organization-name": self.organization,
            "date-range": { "start-datetime": self.begin.to_string(), "end-datetime": self.end.to_string() },
            "contact-info": self.contact,
            "report-id": self.id,
            "policies": policies,
        })
        .to_string()
    }

    fn policy(&self, policy: &Policy) -> Value {
        let mut found = json!({ "policy-type": policy.found.kind, "policy-domain": self.domain });
        if !policy.found.strings.is_empty() {
            found["policy-string"] = json!(policy.found.strings);
        }
        if !policy.found.hosts.is_empty() {
            found["mx-host"] = json!(policy.found.hosts);
        }
        let failed: u64 = policy.failures.iter().map(|failure| failure.sessions).sum();
        let mut value = json!({
            "policy": found,
            "summary": { "total-successful-session-count": policy.successes, "total-failure-session-count": failed },
        });
        if !policy.failures.is_empty() {
            value["failure-details"] = policy.failures.iter().map(detail).collect();
        }
        value
    }

    /// The name of its file, without what packs it (§5.1).
    #[must_use]
    pub fn file_name(&self, sender: &str) -> String {
        format!("{sender}!{}!{}!{}.json", self.domain, self.begin.as_second(), self.end.as_second())
    }
}

fn detail(failure: &Failure) -> Value {
    let mut value = json!({
        "result-type": failure.kind,
        "receiving-mx-hostname": failure.host,
        "failed-session-count": failure.sessions,
    });
    if !failure.source.is_empty() {
        value["sending-mta-ip"] = json!(failure.source);
    }
    value
}
