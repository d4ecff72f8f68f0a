//! Checks a message the way a receiver does: SPF, DKIM, DMARC, reverse DNS and the header.
//!
//! In: an envelope and the message as it came. Out: [`Findings`]. Nothing is decided here.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use mail_auth::dkim::{Canonicalization, DkimError};
use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, MessageAuthenticator};
use standards::dmarc::{self, Authenticated, Policy, Verdict};
use standards::dns::Dns;
use standards::domain::Domain;
use standards::spf::{self, SpfResult};

use super::findings::{Discovery, Findings, Mark, Signature, Wish};
use super::{Envelope, headers};
use crate::lookup::{Lookup, settings};

/// RFC 6376 §6.1 lets a verifier limit what it looks at; each signature costs a query.
const SIGNATURES_MAX: usize = 10;
/// RFC 7208 §5.5 looks at no more than ten names of an address; neither do we.
const PTR_NAMES_MAX: usize = 10;

/// Whoever checks for the practice providers; one for all.
pub(crate) struct Verifier {
    authenticator: MessageAuthenticator,
    server: SocketAddr,
}

impl Verifier {
    /// Asks this name server.
    ///
    /// # Errors
    /// When the DNS client cannot be built: we are broken.
    pub(crate) fn new(server: SocketAddr) -> anyhow::Result<Self> {
        let (config, options) = settings(server);
        Ok(Self { authenticator: MessageAuthenticator::new(config, options)?, server })
    }

    /// Everything a receiver can know.
    pub(super) async fn findings(
        &self,
        envelope: &Envelope,
        message: &[u8],
        discovery: Discovery,
        now: Timestamp,
    ) -> Findings {
        let dns = Lookup { resolver: self.authenticator.resolver(), server: self.server };
        let header = headers::read(message);
        let sender = envelope.mail_from.as_ref().map(ToString::to_string).unwrap_or_default();
        let spf_domain = match &envelope.mail_from {
            Some(address) => address.domain().to_string(),
            None => envelope.helo.clone(),
        };
        let query = spf::Query { ip: envelope.client, mail_from: &sender, helo: &envelope.helo, receiver: None, now };
        let (spf, dkim, ptr) =
            tokio::join!(spf::check(&dns, &query), self.dkim(message), reverse(&dns, envelope.client));
        let spf = mark_of_spf(spf.result);
        let (dmarc, wish) = match &header.from_domain {
            Some(author) => dmarc(&dns, author, authenticated(spf, &spf_domain, &dkim), discovery).await,
            None => (Mark::None, Wish::Nothing),
        };
        Findings {
            client: envelope.client,
            spf_domain,
            spf,
            dkim,
            dmarc,
            from_domain: header.from_domain,
            message_id: header.message_id,
            wish,
            ptr,
            header_fault: header.fault,
        }
    }

    /// Every signature's result (RFC 6376 §6).
    async fn dkim(&self, raw: &[u8]) -> Vec<Signature> {
        let mut signatures = self.dkim_as_is(raw).await;
        let body_mismatch = signatures.iter().any(|(_, may_be_trimmed)| *may_be_trimmed);
        let trimmed = if body_mismatch { without_blank_lines_at_the_end(raw) } else { None };
        if let Some(trimmed) = trimmed {
            // mail-auth 0.13 hashes lines of white space at the end of a relaxed body, which RFC 6376 §3.4.4 ignores.
            let again = self.dkim_as_is(&trimmed).await;
            for (first, second) in signatures.iter_mut().zip(again) {
                if first.1 {
                    *first = second;
                }
            }
        }
        signatures.into_iter().map(|(signature, _)| signature).collect()
    }

    /// Every signature's result, and whether only a relaxed body hash stands in its way.
    async fn dkim_as_is(&self, raw: &[u8]) -> Vec<(Signature, bool)> {
        let Some(mut message) = AuthenticatedMessage::parse(raw) else { return Vec::new() };
        message.dkim_headers.truncate(SIGNATURES_MAX);
        self.authenticator.verify_dkim(&message).await.iter().filter_map(signature).collect()
    }
}

fn signature(output: &DkimOutput<'_>) -> Option<(Signature, bool)> {
    // A field that cannot be read as a signature is none (RFC 6376 §6.1.1).
    let signed = output.signature()?;
    let hash_differs =
        matches!(output.result(), DkimResult::Neutral(mail_auth::Error::Dkim(DkimError::FailedBodyHashMatch)));
    let mark = match output.result() {
        DkimResult::Pass => Mark::Pass,
        // RFC 8601 §2.7.1: a signature that does not verify is a `fail`, for whatever reason.
        DkimResult::Neutral(_) if hash_differs => Mark::Fail,
        DkimResult::Neutral(_) => Mark::Neutral,
        DkimResult::Fail(_) => Mark::Fail,
        DkimResult::PermError(_) => Mark::PermError,
        DkimResult::TempError(_) => Mark::TempError,
        DkimResult::None => Mark::None,
    };
    let signature = Signature { domain: signed.d.clone(), selector: signed.s.clone(), mark };
    Some((signature, hash_differs && signed.cb == Canonicalization::Relaxed))
}

/// The message without white-space lines at its end; none when it has no such lines.
fn without_blank_lines_at_the_end(raw: &[u8]) -> Option<Vec<u8>> {
    let body = raw.windows(4).position(|octets| octets == b"\r\n\r\n")? + 4;
    let text = raw.get(body..)?;
    let last = text.iter().rposition(|octet| !octet.is_ascii_whitespace())?;
    // White space behind the last word belongs to its line and stays.
    let end = body + last + text.get(last..)?.windows(2).position(|octets| octets == b"\r\n")? + 2;
    (end < raw.len()).then(|| raw[..end].to_vec())
}

fn mark_of_spf(result: SpfResult) -> Mark {
    match result {
        SpfResult::None => Mark::None,
        SpfResult::Neutral => Mark::Neutral,
        SpfResult::Pass => Mark::Pass,
        SpfResult::Fail => Mark::Fail,
        SpfResult::SoftFail => Mark::SoftFail,
        SpfResult::TempError => Mark::TempError,
        SpfResult::PermError => Mark::PermError,
    }
}

/// The identifiers that passed.
fn authenticated(spf: Mark, spf_domain: &str, dkim: &[Signature]) -> Authenticated {
    let passing = dkim.iter().filter(|signature| signature.mark == Mark::Pass);
    Authenticated {
        spf: (spf == Mark::Pass).then(|| Domain::parse(spf_domain).ok()).flatten(),
        dkim: passing.filter_map(|signature| Domain::parse(&signature.domain).ok()).collect(),
    }
}

/// DMARC as this receiver discovers it.
async fn dmarc(dns: &dyn Dns, author: &Domain, authenticated: Authenticated, discovery: Discovery) -> (Mark, Wish) {
    let identifiers: Vec<Domain> = authenticated.spf.iter().chain(&authenticated.dkim).cloned().collect();
    let found = dmarc::discover_for(dns, author, &identifiers).await;
    let evaluation = dmarc::evaluate(&found, &authenticated);
    let (verdict, view) = match discovery {
        Discovery::TreeWalk => (evaluation.by_walk, found.by_walk),
        Discovery::SuffixList => (evaluation.by_list, found.by_list),
    };
    let wish = match view.finding {
        dmarc::Finding::Applies(applied) => match applied.policy {
            Policy::None => Wish::Nothing,
            Policy::Quarantine => Wish::Quarantine,
            Policy::Reject => Wish::Reject,
        },
        _ => Wish::Nothing,
    };
    let mark = match verdict {
        Verdict::Pass => Mark::Pass,
        Verdict::Fail(_) => Mark::Fail,
        Verdict::None => Mark::None,
        Verdict::TempError(_) => Mark::TempError,
    };
    (mark, wish)
}

/// Whether a name of the address points back to it (RFC 8601 §2.7.3, `iprev`).
async fn reverse(dns: &dyn Dns, ip: IpAddr) -> Mark {
    let Ok(names) = dns.ptr(ip).await else { return Mark::TempError };
    if names.records.is_empty() {
        return Mark::None;
    }
    let mut trouble = false;
    for name in names.records.iter().take(PTR_NAMES_MAX) {
        let points_back = match ip {
            IpAddr::V4(ip) => dns.a(name).await.map(|found| found.records.contains(&ip)),
            IpAddr::V6(ip) => dns.aaaa(name).await.map(|found| found.records.contains(&ip)),
        };
        match points_back {
            Ok(true) => return Mark::Pass,
            Ok(false) => {}
            Err(_) => trouble = true,
        }
    }
    if trouble { Mark::TempError } else { Mark::Fail }
}

#[cfg(test)]
mod tests;
