//! What the practice providers keep of every message offered to them, refused ones too, in memory.

use std::collections::VecDeque;
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail_parser::MessageParser;
use standards::address::Address;
use standards::domain::Domain;
use tokio::sync::Notify;

use super::decide::{Decision, Reason};
use super::findings::{Findings, Mark, Signature, Wish};
use super::{Envelope, Provider};

/// One message for one recipient, and what the provider made of it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Which provider, by the domain of its patrons.
    pub provider: Domain,
    /// Whose mailbox it is for.
    pub recipient: Address,
    /// What became of it.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// SPF of the envelope sender (or HELO).
    pub spf: Mark,
    /// Every DKIM signature.
    pub dkim: Vec<Signature>,
    /// DMARC of the From domain.
    pub dmarc: Mark,
    /// The domain of the From field, when it has just one.
    pub from_domain: Option<Domain>,
    /// The envelope sender; none for `<>`.
    pub mail_from: Option<Address>,
    /// Who connected.
    pub client_ip: IpAddr,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Message-ID without angle brackets; empty without one.
    pub message_id: String,
    /// The message as it came, under the provider's Return-Path and Authentication-Results fields.
    pub raw: Vec<u8>,
}

/// A handle to what all providers of one practice internet keep. Clones see the same.
#[derive(Clone, Default)]
pub struct Mailboxes(Arc<Inner>);

#[derive(Default)]
struct Inner {
    kept: Mutex<VecDeque<Kept>>,
    changed: Notify,
}

/// The newest so many are kept: enough for any demonstration, little enough for a laptop's memory.
const KEPT_MAX: usize = 50_000;

impl Mailboxes {
    /// All that was offered, oldest first.
    #[must_use]
    pub fn kept(&self) -> Vec<Kept> {
        self.lock().iter().cloned().collect()
    }

    /// How many were offered and are still kept.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// What was offered for one mailbox, oldest first.
    #[must_use]
    pub fn of(&self, recipient: &Address) -> Vec<Kept> {
        self.lock().iter().filter(|kept| &kept.recipient == recipient).cloned().collect()
    }

    /// Waits until at least `count` are kept, or `patience` is over; whether they are.
    pub async fn wait_for(&self, count: usize, patience: Duration) -> bool {
        let waiting = async {
            loop {
                let changed = self.0.changed.notified();
                if self.count() >= count {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(patience, waiting).await.is_ok()
    }

    /// Empties every mailbox.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn keep(
        &self,
        envelope: &Envelope,
        provider: &Provider,
        found: &Findings,
        judged: &(Decision, Reason),
        message: &[u8],
    ) {
        let mut raw = fields(envelope, provider, found).into_bytes();
        raw.extend_from_slice(&without_claims_in_our_name(message, provider.mx_host()));
        let mut kept = self.lock();
        for recipient in &envelope.recipients {
            if kept.len() >= KEPT_MAX {
                kept.pop_front();
            }
            kept.push_back(Kept {
                provider: provider.domain().clone(),
                recipient: recipient.clone(),
                decision: judged.0.clone(),
                reason: judged.1,
                spf: found.spf,
                dkim: found.dkim.clone(),
                dmarc: found.dmarc,
                from_domain: found.from_domain.clone(),
                mail_from: envelope.mail_from.clone(),
                client_ip: envelope.client,
                tls: envelope.tls,
                message_id: found.message_id.clone(),
                raw: raw.clone(),
            });
        }
        drop(kept);
        self.0.changed.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Kept>> {
        // Every change is one push or pop: a panic elsewhere cannot have left it half done.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Return-Path (RFC 5321 §4.4) and Authentication-Results (RFC 8601 §2.2).
fn fields(envelope: &Envelope, provider: &Provider, found: &Findings) -> String {
    let sender = envelope.mail_from.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("Return-Path: <{sender}>\r\nAuthentication-Results: {}", provider.mx_host());
    if found.dkim.is_empty() {
        text.push_str(";\r\n dkim=none");
    }
    for signature in &found.dkim {
        let Signature { domain, selector, mark } = signature;
        // `write!` to a String cannot fail.
        let _ = write!(text, ";\r\n dkim={mark} header.d={domain} header.s={selector}");
    }
    let (spf, client) = (found.spf, found.client);
    let property = if envelope.mail_from.is_some() { "smtp.mailfrom" } else { "smtp.helo" };
    let _ = write!(text, ";\r\n spf={spf} (client-ip={client}) {property}={}", found.spf_domain);
    let _ = write!(text, ";\r\n iprev={} policy.iprev={client}", found.ptr);
    let policy = match found.wish {
        Wish::Nothing => "none",
        Wish::Quarantine => "quarantine",
        Wish::Reject => "reject",
    };
    let _ = write!(text, ";\r\n dmarc={}", found.dmarc);
    if let Some(domain) = &found.from_domain {
        let _ = write!(text, " (p={policy}) header.from={domain}");
    }
    text.push_str("\r\n");
    text
}

/// RFC 8601 §5: fields that claim to be this host's own results are taken out.
fn without_claims_in_our_name(message: &[u8], host: &Domain) -> Vec<u8> {
    let Some(parsed) = MessageParser::default().parse_headers(message) else { return message.to_vec() };
    let mut kept = Vec::with_capacity(message.len());
    let mut from = 0;
    for field in parsed.headers() {
        if !field.name.as_str().eq_ignore_ascii_case("Authentication-Results") {
            continue;
        }
        let (start, value, end) = (field.offset_field as usize, field.offset_start as usize, field.offset_end as usize);
        let claims = String::from_utf8_lossy(message.get(value..end).unwrap_or_default()).to_lowercase();
        let claimed = claims.split([';', ' ', '\r', '\n', '\t']).find(|word| !word.is_empty());
        if claimed == Some(host.as_str()) && start >= from {
            kept.extend_from_slice(&message[from..start]);
            from = end;
        }
    }
    kept.extend_from_slice(&message[from..]);
    kept
}

#[cfg(test)]
mod tests;
