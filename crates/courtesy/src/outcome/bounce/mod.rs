//! Mail that came back, and what it means for each recipient.
//!
//! In: the bytes of a mail. Out: a [`Returned`] with a [`Finding`] for each recipient it speaks of: a failure with its
//! cause, a delay, a delivery, a complaint, or an automatic reply that is no failure at all. Delivery and feedback
//! reports are read by their fields; all others by their words, whoever wrote them. Not here: which message it is about
//! (that is told by the return path it came to), and what we then do.

mod evidence;
mod kind;
mod notification;
#[cfg(test)]
mod tests;
mod wording;

use standards::address::Address;
use standards::dsn::{Action, Letter, RECIPIENTS_MAX, Recipient};
use standards::reply::Status;

use super::meaning::{self, Certainty, Reading, Wording};
use super::{Cause, Provider, Stage};
use evidence::Evidence;

/// What kind of news it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A relay or a receiver gave up.
    Failed,
    /// A relay still tries.
    Delayed,
    /// It was delivered, or passed on to where no reports come from.
    Delivered,
    /// The recipient, or a receiver, complains.
    Complaint,
    /// A machine answered for the recipient: absence, receipt, challenge.
    AutoReply,
}

/// What a returned mail says of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Who it was for, as the report names them.
    pub recipient: Option<String>,
    /// What kind of news.
    pub kind: Kind,
    /// Why.
    pub cause: Cause,
    /// How sure that is.
    pub certainty: Certainty,
    /// The enhanced status code, the most telling one.
    pub status: Option<Status>,
    /// The three digits of the server's reply.
    pub reply: Option<u16>,
    /// When in the conversation it was said; [`Stage::Report`] where that is not told.
    pub stage: Stage,
    /// Who said it, from the host names in the report.
    pub provider: Provider,
    /// The words it was read from.
    pub words: String,
}

impl Finding {
    /// A machine's word for its person, without any reply in it.
    #[must_use]
    pub fn automatic(cause: Cause) -> Self {
        plain_finding(None, Kind::AutoReply, cause)
    }

    /// Whether this alone ends our use of the address: final, about the recipient, and not for now.
    #[must_use]
    pub fn stops_address(&self) -> bool {
        // RFC 7505 §4.1: a null MX is for good, whatever class a relay puts on its own report.
        let for_now = self.status.is_some_and(|status| status.class == 4)
            && self.reply.is_none_or(|code| code < 500)
            && self.cause != Cause::of("domain.nomail");
        match self.kind {
            Kind::Failed => self.cause.stops() && !for_now,
            Kind::Complaint => self.cause.stops(),
            Kind::Delayed | Kind::Delivered | Kind::AutoReply => false,
        }
    }
}

/// A mail that came back, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// One for each recipient it speaks of; empty when the mail is no report at all.
    pub findings: Vec<Finding>,
    /// The Message-ID of the mail it is about, where it shows it.
    pub message_id: Option<String>,
}

/// Reads a mail that came back. Anything else gives no findings. A mailbox file is read as its mails, one after another;
/// the Message-ID is the first one's.
#[must_use]
pub fn read(bytes: &[u8]) -> Returned {
    open(bytes).1
}

/// As [`read`], with the mail as it was opened; of a mailbox file, the first one.
#[must_use]
pub fn open(bytes: &[u8]) -> (Letter, Returned) {
    let mut mails = standards::dsn::mails(bytes).into_iter().map(Letter::open);
    let letter = mails.next().unwrap_or_default();
    let mut returned = read_letter(&letter);
    returned.findings.extend(mails.flat_map(|letter| read_letter(&letter).findings));
    (letter, returned)
}

/// What a machine answered for its person, where it is that: absence, receipt, challenge.
#[must_use]
pub fn automatic(letter: &Letter) -> Option<Cause> {
    kind::automatic(letter)
}

/// Whether a person may have written it, though it reads as a report: nothing but words say so, which a person may quote. True too where
/// it is no report at all.
#[must_use]
pub fn may_be_a_person(letter: &Letter) -> bool {
    let is_by_machine = kind::has_marks(letter) || notification::read(letter).is_some();
    !is_by_machine && kind::automatic(letter).is_none() && !kind::is_unsubscribe(letter)
}

/// Reads a single reply, as somebody copied it from a mail or a log. Where it does not tell at which command it was said,
/// RCPT is taken, as most are.
#[must_use]
pub fn read_reply_text(text: &str) -> Finding {
    let mut evidence = Evidence::gather(None, &[text], None);
    if evidence.stage == Stage::Report {
        evidence.stage = Stage::RcptTo;
    }
    decide(None, Kind::Failed, &evidence)
}

/// As [`read`], of a mail already opened.
#[must_use]
pub fn read_letter(letter: &Letter) -> Returned {
    let message_id = letter.original.message_id().map(str::to_owned);
    Returned { findings: findings(letter), message_id }
}

fn findings(letter: &Letter) -> Vec<Finding> {
    if let Some(feedback) = &letter.feedback {
        return kind::feedback(feedback, letter);
    }
    if let Some(found) = notification::read(letter) {
        return found;
    }
    if kind::challenges_in_a_report(letter) {
        return vec![plain_finding(letter.from.clone(), Kind::AutoReply, Cause::of("auto_reply.challenge"))];
    }
    if let Some(report) = &letter.report {
        return from_report(letter, &report.recipients);
    }
    if kind::is_unsubscribe(letter) {
        return vec![plain_finding(letter.from.clone(), Kind::Complaint, Cause::of("complaint.optout"))];
    }
    if let Some(cause) = kind::automatic(letter) {
        return vec![plain_finding(letter.from.clone(), Kind::AutoReply, cause)];
    }
    if kind::is_report(letter) { from_words(letter) } else { Vec::new() }
}

/// A finding without any reply in it.
fn plain_finding(recipient: Option<String>, kind: Kind, cause: Cause) -> Finding {
    Finding {
        recipient,
        kind,
        cause,
        certainty: Certainty::Words,
        status: None,
        reply: None,
        stage: Stage::Report,
        provider: Provider::Other,
        words: String::new(),
    }
}

/// A report by the standard: each recipient by its fields, and by the words about it where the fields say too little.
fn from_report(letter: &Letter, recipients: &[Recipient]) -> Vec<Finding> {
    let blocks = wording::blocks(letter);
    let mut found: Vec<Finding> = Vec::new();
    for recipient in recipients {
        let name = named(recipient);
        if name.is_some() && found.iter().any(|known| known.recipient == name) {
            continue;
        }
        let kind = match recipient.action {
            Some(Action::Delayed) => Kind::Delayed,
            Some(Action::Delivered | Action::Relayed | Action::Expanded) => Kind::Delivered,
            Some(Action::Failed) | None => Kind::Failed,
        };
        let about = wording::about(&blocks, &[&recipient.final_recipient, &recipient.original_recipient]);
        let mut texts: Vec<&str> = recipient.diagnostic.as_deref().into_iter().collect();
        texts.extend(about);
        let fallback = wording::whole(letter);
        // A status about this very address or mailbox outweighs what else the mail says.
        if texts.is_empty()
            || !recipient.status.is_some_and(|status| matches!(status.subject, 1 | 2) && status.detail != 0)
        {
            texts.push(&fallback);
        }
        let evidence = Evidence::gather(recipient.status, &texts, recipient.remote_mta.as_deref());
        let finding = decide(name, kind, &evidence);
        found.push(in_reporters_words(finding, &wording::own_words(letter)));
    }
    found
}

/// The address that a sender knows it by: gateways into other systems, and hosts with names of their own inside, write
/// the final one in their own form (RFC 3464 §2.3.2).
fn named(recipient: &Recipient) -> Option<String> {
    let (last, first) = (&recipient.final_recipient, &recipient.original_recipient);
    let is_mail = |name: &&String| {
        Address::parse(name.trim_matches(['<', '>'])).is_ok_and(|address| address.domain().labels().count() > 1)
    };
    [last, first].into_iter().flatten().find(is_mail).or(last.as_ref()).or(first.as_ref()).cloned()
}

/// Some reporters quote "user unknown" and know better in their own words: the mailbox is full, or closed for now. The
/// doubt is the patron's.
fn in_reporters_words(finding: Finding, own_words: &str) -> Finding {
    if finding.cause.code() != "addr.unknown" {
        return finding;
    }
    let wording = Wording {
        code: None,
        status: finding.status,
        text: own_words,
        stage: Stage::Report,
        provider: finding.provider,
    };
    let reading = meaning::read(&wording);
    let milder =
        matches!(reading.cause.code(), "mailbox.full" | "addr.disabled") && reading.certainty >= Certainty::Words;
    if milder { Finding { cause: reading.cause, certainty: reading.certainty, ..finding } } else { finding }
}

/// A report in somebody's own words.
fn from_words(letter: &Letter) -> Vec<Finding> {
    if letter.texts.is_empty() {
        return Vec::new();
    }
    let blocks = wording::blocks(letter);
    let whole = wording::whole(letter);
    let kind = if kind::is_delay(letter) { Kind::Delayed } else { Kind::Failed };
    if blocks.is_empty() {
        let evidence = Evidence::gather(None, &[&whole], None);
        return vec![decide(letter.original.to(), kind, &evidence)];
    }
    let of_block = |block: &wording::Block| {
        let evidence = Evidence::gather(None, &[&block.words, &whole], None);
        decide(Some(block.recipient.clone()), kind, &evidence)
    };
    blocks.iter().take(RECIPIENTS_MAX).map(of_block).collect()
}

/// From what was gathered to a finding.
fn decide(recipient: Option<String>, kind: Kind, evidence: &Evidence<'_>) -> Finding {
    let mut best: Option<(Reading, &str, Stage)> = None;
    for text in &evidence.texts {
        // A stage that this text names is surer than one found elsewhere in the report.
        let stage = evidence::stage(text).unwrap_or(evidence.stage);
        let wording =
            Wording { code: evidence.code, status: evidence.status, text, stage, provider: evidence.provider };
        let reading = meaning::read(&wording);
        let better = best.as_ref().is_none_or(|(known, ..)| reading.certainty > known.certainty);
        if better {
            best = Some((reading, text, stage));
        }
        if reading.certainty >= Certainty::Words {
            break;
        }
    }
    let (reading, words, stage) = best.unwrap_or_else(|| {
        let wording = Wording {
            code: evidence.code,
            status: evidence.status,
            text: "",
            stage: evidence.stage,
            provider: evidence.provider,
        };
        (meaning::read(&wording), "", evidence.stage)
    });
    let cause = match kind {
        Kind::Delivered => Cause::of("delivered"),
        Kind::Delayed if reading.cause == Cause::unknown() => Cause::of("expired.delayed"),
        _ => in_hindsight(reading.cause, evidence),
    };
    Finding {
        recipient,
        kind,
        cause,
        certainty: reading.certainty,
        status: evidence.status,
        reply: evidence.code,
        stage,
        provider: evidence.provider,
        words: words.to_owned(),
    }
}

/// What was "for now" on the wire is over in a report that gave up; and a name that a relay could not find "for now"
/// (class 4) is the network's trouble and no word about the address.
fn in_hindsight(cause: Cause, evidence: &Evidence<'_>) -> Cause {
    let for_now = evidence.code.is_none() && evidence.status.is_some_and(|status| status.class == 4);
    match cause.code() {
        "net.timeout" => Cause::of("expired"),
        "dns.temp" => Cause::of("net"),
        "temp" => Cause::unknown(),
        "domain.unknown" | "domain.nomail.nohost" if for_now => Cause::of("net"),
        _ => cause,
    }
}
