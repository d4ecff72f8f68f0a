//! The machine-readable halves of reports.

use crate::dsn::{Fields, RECIPIENTS_MAX, bare_address};
use crate::reply::Status;

/// What a reporter did with a recipient (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It gave up.
    Failed,
    /// It still tries.
    Delayed,
    /// It delivered.
    Delivered,
    /// It passed the mail to a system that makes no reports.
    Relayed,
    /// It delivered to a list or to several.
    Expanded,
}

/// What a report says of one recipient (RFC 3464 §2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipient {
    /// Final-Recipient: where the mail was going in the end.
    pub final_recipient: Option<String>,
    /// Original-Recipient: as the sender wrote it.
    pub original_recipient: Option<String>,
    /// Action.
    pub action: Option<Action>,
    /// Status. Where the field has more than a code, the code.
    pub status: Option<Status>,
    /// Diagnostic-Code without its type.
    pub diagnostic: Option<String>,
    /// Remote-MTA without its type.
    pub remote_mta: Option<String>,
    /// Last-Attempt-Date as written.
    pub last_attempt: Option<String>,
}

/// A delivery report (RFC 3464 §2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Reporting-MTA without its type.
    pub reporting_mta: Option<String>,
    /// Original-Envelope-Id (RFC 3461 §4.4).
    pub envelope_id: Option<String>,
    /// Arrival-Date as written.
    pub arrived: Option<String>,
    /// In the order of the report.
    pub recipients: Vec<Recipient>,
}

/// A feedback report (RFC 5965 §3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Feedback-Type, lower case: `abuse`, `auth-failure`, `fraud`, `not-spam`, `opt-out` ...
    pub kind: String,
    /// Original-Rcpt-To, all of them.
    pub recipients: Vec<String>,
    /// Original-Mail-From.
    pub mail_from: Option<String>,
    /// Source-IP.
    pub source_ip: Option<String>,
    /// Who reports: Reporting-MTA or User-Agent.
    pub reporter: Option<String>,
    /// Auth-Failure (RFC 6591 §3.1), lower case.
    pub auth_failure: Option<String>,
}

impl DeliveryReport {
    /// Reads blocks of fields: the first is about the message, each further one about a recipient. None where no block
    /// has a recipient's fields.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut report = Self::default();
        for block in blocks(text) {
            let fields = Fields::read(&block);
            let about_message = |name| fields.first(name).map(|value| untyped(value).to_owned());
            report.reporting_mta = report.reporting_mta.take().or_else(|| about_message("reporting-mta"));
            report.envelope_id = report.envelope_id.take().or_else(|| about_message("original-envelope-id"));
            report.arrived = report.arrived.take().or_else(|| about_message("arrival-date"));
            if report.recipients.len() < RECIPIENTS_MAX {
                report.recipients.extend(Recipient::read(&fields));
            }
        }
        (!report.recipients.is_empty()).then_some(report)
    }
}

impl Recipient {
    fn read(fields: &Fields) -> Option<Self> {
        let final_recipient = fields.first("final-recipient").and_then(recipient);
        let original_recipient = fields.first("original-recipient").and_then(recipient);
        let action = fields.first("action").and_then(action);
        let status = fields
            .first("status")
            .and_then(|value| value.split(|c: char| c.is_whitespace() || "(;,".contains(c)).find_map(Status::parse));
        let named = final_recipient.is_some() || original_recipient.is_some();
        if !named && (action.is_none() || status.is_none()) {
            return None;
        }
        let text = |name| fields.first(name).map(|value| untyped(value).to_owned()).filter(|value| !value.is_empty());
        Some(Self {
            final_recipient,
            original_recipient,
            action,
            status,
            diagnostic: text("diagnostic-code"),
            remote_mta: text("remote-mta"),
            last_attempt: fields.first("last-attempt-date").map(str::to_owned),
        })
    }
}

impl Feedback {
    /// Reads the fields of a report. None without a Feedback-Type (RFC 5965 §3.1 demands one).
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let fields = Fields::read(text);
        let kind = fields.first("feedback-type")?.trim().to_ascii_lowercase();
        let recipients = fields.all("original-rcpt-to").chain(fields.all("removal-recipient")).filter_map(recipient);
        let mut unique: Vec<String> = Vec::new();
        for one in recipients.take(RECIPIENTS_MAX) {
            if !unique.contains(&one) {
                unique.push(one);
            }
        }
        Some(Self {
            kind,
            recipients: unique,
            mail_from: fields.first("original-mail-from").and_then(bare_address),
            source_ip: fields.first("source-ip").map(str::to_owned),
            reporter: fields
                .first("reporting-mta")
                .map(untyped)
                .or_else(|| fields.first("user-agent"))
                .map(str::to_owned),
            auth_failure: fields.first("auth-failure").map(str::to_ascii_lowercase),
        })
    }
}

/// Blocks separated by empty lines.
fn blocks(text: &str) -> impl Iterator<Item = String> {
    let mut found = vec![String::new()];
    for line in text.lines() {
        if line.trim().is_empty() {
            found.push(String::new());
        } else if let Some(block) = found.last_mut() {
            block.push_str(line.trim_end_matches('\r'));
            block.push('\n');
        }
    }
    found.into_iter().filter(|block| !block.is_empty())
}

/// `rfc822; ann@example.com` without its type (RFC 3464 §2.1.2); also where the type is missing.
fn untyped(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest)) if kind.trim().len() <= 24 && !kind.trim().contains(['@', ' ', '.', ':']) => rest.trim(),
        _ => value.trim(),
    }
}

/// The address in a recipient field. RFC 6533 §3: `utf-8;` addresses may hold `\x{3042}` for a character.
fn recipient(value: &str) -> Option<String> {
    let address = decoded(untyped(value));
    bare_address(&address).or_else(|| (!address.is_empty() && address.len() <= 320).then_some(address))
}

fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x{") {
        out.push_str(before);
        let (digits, tail) = after.split_once('}').unwrap_or((after, ""));
        match u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).filter(|c| !c.is_control()) {
            Some(c) => out.push(c),
            None => out.push('\u{fffd}'),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn action(value: &str) -> Option<Action> {
    let word = value.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty())?;
    Some(match word.to_ascii_lowercase().as_str() {
        "failed" | "failure" | "fail" => Action::Failed,
        "delayed" | "deferred" | "delay" => Action::Delayed,
        "delivered" | "deliverable" => Action::Delivered,
        "relayed" => Action::Relayed,
        "expanded" => Action::Expanded,
        _ => return None,
    })
}
