//! `/check`: what mailbox providers would do now with mail as an address or domain from our relays, and why.
//!
//! In: an address or a domain, from anybody. Out: a verdict for each family of providers with its reasons, in words; or,
//! where the DNS takes its time, a page that comes back by itself. Nothing of it is kept. The same on the command line is
//! `courtesy check`.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use standards::address::Address;
use standards::domain::Domain;
use tokio::time::Instant;

use super::looks::Seen;
use super::shell::Shell;
use super::visit::Visit;
use super::{Answer, Web};
use crate::notice::Language;
use crate::sender::{Certainty, Proof, Reason, Receives, SenderKind, Verdict, is_public_mailbox, staff_verdict};

/// Letters of what is asked: the longest address there can be (RFC 5321 §4.5.3.1).
const ASKED_LETTERS_MAX: usize = 320;

/// What is asked.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    address: String,
}

/// One receiver's verdict, as the page shows it.
struct Row {
    name: String,
    mood: &'static str,
    words: String,
    says: String,
    certainty: String,
}

/// Why, with the proof.
struct Because {
    words: String,
    detail: Option<String>,
}

/// What was found.
struct Found {
    mood: &'static str,
    headline: String,
    rows: Vec<Row>,
    because: Vec<Because>,
    /// What its own mail system needs, beside the records.
    staff_fix: Option<String>,
    /// What to do about it.
    advice: String,
    at: Timestamp,
}

#[derive(Template)]
#[template(path = "check.html")]
struct Page {
    shell: Shell,
    address: String,
    wrong: Option<String>,
    /// It is being looked at, or has to wait.
    waits: Option<String>,
    found: Option<Found>,
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let shell = visit.shell("check-title");
    let address: String = asked.address.trim().chars().take(ASKED_LETTERS_MAX).collect();
    let empty = Page { shell, address: address.clone(), wrong: None, waits: None, found: None };
    if address.is_empty() {
        return visit.page(&empty);
    }
    let Some(domain) = domain_of(&address) else {
        let wrong = Some(empty.shell.say("check-wrong"));
        let shell = empty.shell.wrong(true);
        return visit.again(&Page { wrong, shell, ..empty });
    };
    let name = domain.to_string();
    let senders = Arc::clone(&web.senders);
    let look = move || async move { senders.check(&domain).await };
    let waits = match web.checks.at(&name, Instant::now(), look).await {
        Seen::Now(seen) => match &*seen {
            Some(proof) => {
                let found = Some(found(&empty.shell, &web, proof));
                return visit.page(&Page { found, ..empty });
            }
            None => "check-no-dns",
        },
        Seen::UnderWay => "check-looking",
        Seen::Busy => "check-busy",
    };
    let waits = Some(empty.shell.say(waits));
    visit.page(&Page { waits, ..empty })
}

/// The domain of an address, or the domain itself, as somebody may write it.
fn domain_of(text: &str) -> Option<Domain> {
    let domain = match text.contains('@') {
        true => Address::parse(text).ok()?.domain().clone(),
        false => Domain::parse(text).ok()?,
    };
    // One label is a machine of ours or nothing.
    domain.parent().map(|_| domain)
}

fn found(shell: &Shell, web: &Web, proof: &Proof) -> Found {
    let language = shell.language();
    let verdicts = proof.verdicts(&[]);
    let worst = verdicts.iter().map(|one| one.verdict).max().unwrap_or(Verdict::Unknown);
    let mut rows: Vec<Row> = verdicts
        .iter()
        .map(|one| {
            let name = if language == Language::Fr { one.family.name_fr() } else { one.family.name_en() };
            row(shell, name.to_owned(), one.verdict, one.certainty, &one.headline)
        })
        .collect();
    let ours = web.senders.all_of_ours();
    let domain = &proof.facts.from;
    let is_ours = domain.is_within(&ours.shared) || domain.is_within(&ours.bounces);
    let staff = staff_verdict(proof, SenderKind::Own).filter(|_| !is_ours);
    if let Some(staff) = &staff {
        let name = match staff.system {
            Some(system) => shell.with("check-staff-at", "name", system),
            None => shell.say("check-staff"),
        };
        rows.push(row(shell, name, staff.verdict, staff.certainty, &staff.headline));
    }
    let published = verdicts.iter().filter_map(|one| one.published.clone());
    let because = proof.because().into_iter().chain(published);
    let (mood, headline) = headline(worst);
    let exists = proof.facts.receives.value != Receives::NoSuchDomain;
    let advice = match worst {
        _ if is_ours => "check-advice-ours",
        _ if !exists => "check-advice-nothing-there",
        _ if is_public_mailbox(domain) => "check-advice-mailbox",
        Verdict::Unknown => "check-advice-again",
        Verdict::Arrives => "check-advice-none",
        Verdict::Likely => "check-advice-likely",
        _ => "check-advice-records",
    };
    Found {
        mood,
        headline: shell.with(headline, "domain", domain.to_string()),
        rows,
        because: because
            .map(|reason| Because { words: reason.get(language).to_owned(), detail: reason.detail })
            .collect(),
        staff_fix: staff.and_then(|staff| staff.fix).map(|fix| fix.get(language).to_owned()),
        advice: shell.say(advice),
        at: proof.facts.checked_at(),
    }
}

fn row(shell: &Shell, name: String, verdict: Verdict, certainty: Certainty, says: &Reason) -> Row {
    let (mood, words) = match verdict {
        Verdict::Arrives => ("good", "check-arrives"),
        Verdict::Likely => ("good", "check-likely"),
        Verdict::SpamRisk => ("wait", "check-spam"),
        Verdict::Unknown => ("quiet", "check-unknown"),
        Verdict::Rejected => ("bad", "check-refused"),
    };
    let certainty = match certainty {
        Certainty::Rule => "check-by-rule",
        Certainty::Published => "check-by-published",
        Certainty::Observed => "check-by-observed",
    };
    let says = says.get(shell.language()).to_owned();
    Row { name, mood, words: shell.say(words), says, certainty: shell.say(certainty) }
}

/// The whole in one sentence.
fn headline(worst: Verdict) -> (&'static str, &'static str) {
    match worst {
        Verdict::Arrives => ("good", "check-all-arrive"),
        Verdict::Likely => ("good", "check-most-likely"),
        Verdict::SpamRisk => ("warn", "check-may-be-spam"),
        Verdict::Unknown => ("warn", "check-cannot-tell"),
        Verdict::Rejected => ("bad", "check-would-be-refused"),
    }
}
