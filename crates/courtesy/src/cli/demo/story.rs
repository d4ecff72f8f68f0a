//! The story itself: the same notices sent as they are today, then by Courtesy.
//!
//! In: the stage and the cases. Out: for each case what became of it both times, and why. Not here: how it is told
//! (`tables`, `words`).

use anyhow::{Context as _, Result};
use mail_builder::MessageBuilder;
use mail_parser::MessageParser;
use practice::provider::{Decision, Kept, Mark, Reason};
use practice::spoof;
use practice::world::{OLD_DOMAIN, OLD_SERVERS};
use serde_json::Value;

use super::cast::{self, Case};
use super::stage::{Stage, today};
use crate::clock;
use crate::library::Library;
use crate::notice::builtin;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::frame::Frame;
use crate::notice::render::{Rendered, render};
use crate::notice::value::Fields;

/// Where a notice ended up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// In the inbox.
    Inbox,
    /// Filed as spam.
    Junk,
    /// Refused.
    Refused,
    /// Not over yet: the provider asked to come again.
    Waiting,
}

impl Fate {
    /// The word in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Inbox => "accepted",
            Self::Junk => "junked",
            Self::Refused => "refused",
            Self::Waiting => "deferred",
        }
    }
}

/// What a provider made of one notice.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    /// Where it ended up.
    pub fate: Fate,
    /// Why.
    pub reason: Reason,
}

/// How Courtesy sent one notice.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// What the provider made of it.
    pub judged: Judged,
    /// DMARC, as the provider found it.
    pub dmarc: Mark,
    /// `own` or `shared`.
    pub sender: String,
    /// The From address.
    pub from: String,
    /// Where replies go.
    pub replies_to: String,
    /// By which way, as a code of the plan.
    pub why: String,
    /// The mail as it lies in the mailbox.
    pub mail: Vec<u8>,
}

/// One notice, both ways.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The notice.
    pub case: Case,
    /// Sent in the library's name by a server that may not.
    pub before: Judged,
    /// Sent by Courtesy.
    pub after: Sent,
}

/// Sends every case as the hosted system does today: in the library's name, from its own machine, unsigned. The words
/// are those that Courtesy will use, so that nothing differs but the sender.
pub(super) async fn before(stage: &Stage, cases: &[Case]) -> Result<Vec<Judged>> {
    let mailboxes = stage.world.mailboxes();
    for case in cases {
        let mail = spoofed(case, &written(case)?)?;
        let provider = stage.world.provider(case.provider.as_str()).context("a provider of the practice internet")?;
        let server = (provider.ip(), stage.world.smtp_port()).into();
        let (helo, from) = (format!("ill1.{OLD_DOMAIN}"), case.place.notice_address());
        spoof::submit(OLD_SERVERS[0], server, &helo, &from, &case.address.to_string(), &mail).await?;
    }
    let judged = cases.iter().map(|case| {
        let kept = mailboxes.of(&case.address).pop().with_context(|| format!("{} heard nothing", case.provider))?;
        Ok(judged(&kept))
    });
    let judged = judged.collect::<Result<Vec<_>>>()?;
    mailboxes.clear();
    Ok(judged)
}

/// Tells Courtesy of every case, waits, and reads what lies in the mailboxes.
pub(super) async fn after(stage: &Stage, cases: &[Case]) -> Result<Vec<Sent>> {
    let ids = stage.tell(&cases.iter().collect::<Vec<_>>()).await?;
    stage.settled(&ids).await?;
    let mut all = Vec::with_capacity(cases.len());
    for (case, id) in cases.iter().zip(&ids) {
        all.push(sent(stage, case, id).await?);
    }
    Ok(all)
}

/// The history of a message, as the API tells it.
pub(super) async fn attempts(stage: &Stage, id: &str) -> Result<Vec<Value>> {
    let timeline = stage.look(&format!("/v1/messages/{id}/timeline")).await?;
    let entries = timeline["entries"].as_array().context("a timeline has entries")?;
    Ok(entries.iter().filter(|entry| entry["kind"] == "attempted").cloned().collect())
}

/// How message `id` was sent at last.
pub(super) async fn sent(stage: &Stage, case: &Case, id: &str) -> Result<Sent> {
    let attempt = attempts(stage, id).await?.pop().with_context(|| format!("{id} was not tried"))?;
    let kept = stage.world.mailboxes().of(&case.address).pop();
    let text = |name: &str| attempt[name].as_str().unwrap_or_default().to_owned();
    let judged = kept.as_ref().map_or(Judged { fate: Fate::Waiting, reason: Reason::Fine }, judged);
    let mail = kept.as_ref().map(|kept| kept.raw.clone()).unwrap_or_default();
    let from = text("from");
    let replies_to = replies_to(&mail).unwrap_or_else(|| from.clone());
    let dmarc = kept.map_or(Mark::None, |kept| kept.dmarc);
    Ok(Sent { judged, dmarc, sender: text("sender"), from, replies_to, why: text("why"), mail })
}

fn judged(kept: &Kept) -> Judged {
    let fate = match kept.decision {
        Decision::Accepted => Fate::Inbox,
        Decision::Junked => Fate::Junk,
        Decision::Refused { .. } => Fate::Refused,
        Decision::Deferred { .. } => Fate::Waiting,
    };
    Judged { fate, reason: kept.reason }
}

fn replies_to(mail: &[u8]) -> Option<String> {
    let mail = MessageParser::default().parse(mail)?;
    mail.reply_to()?.first()?.address().map(str::to_owned)
}

/// The words of a case.
fn written(case: &Case) -> Result<Rendered> {
    let notice = Notice { status: case.status, audience: Audience::Patron };
    let words = builtin::words(notice, case.language).context("every notice has its words")?;
    let library: Library = serde_json::from_value(cast::record(&case.place))?;
    let all = case.told().all_fields(&library, &case.request, case.language);
    let (fields, _, _) = Fields::from_pairs(all.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    Ok(render(words, &fields, &Frame::of(&library, Audience::Patron, case.language, today()))?)
}

/// A mail as the hosted system writes it: sound by RFC 5322, unsigned, in the library's name.
fn spoofed(case: &Case, rendered: &Rendered) -> Result<Vec<u8>> {
    let now = clock::now();
    let id = format!("{}.{}.{}@ill1.{OLD_DOMAIN}", now.as_microsecond(), case.place.code, case.provider);
    let mail = MessageBuilder::new()
        .from((case.place.name_en, case.place.notice_address().as_str()))
        .to(case.address.to_string().as_str())
        .subject(rendered.subject.as_str())
        .date(now.as_second())
        .message_id(id)
        .text_body(rendered.text.as_str())
        .html_body(rendered.html.as_str())
        .write_to_vec()?;
    Ok(mail)
}
