//! Not reached: patrons whom no message reached, each with what to do next; a list to be worked off.
//!
//! In: a library and where the last page ended. Out: rows, one a patron and request, each with its next step as a form that does it. Several rows
//! are ticked off, or sent again, at once. What was done takes a row off the list and is kept.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use standards::address::Address;

use super::messages::label;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, returns};
use crate::http::answer;
use crate::http::unreached::{Missed, missed, one_each, see_to_older};
use crate::id::MessageId;
use crate::intake::{Resent, Wish};
use crate::library::LibraryCode;
use crate::outcome::Step;
use crate::queue::State as Standing;
use crate::store::{MessageRow, SeenTo};

/// How far back the list goes: after that the loan is over, or somebody has asked.
const BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Messages looked at for a page: those to staff and copies are among them.
const PAGE: u32 = 50;

/// Rows that are dealt with at once, at most: a page.
const MANY_MAX: usize = 50;

/// Letters of a note.
const NOTE_LETTERS_MAX: usize = 500;

/// One patron.
struct Line {
    id: MessageId,
    href: String,
    name: String,
    to: Option<String>,
    patron_id: Option<String>,
    request: String,
    notice: String,
    why: String,
    step: String,
    /// Whether the next step is another address.
    wants_address: bool,
    /// Whether it may simply go again.
    may_go_again: bool,
    since: Timestamp,
    /// What was typed as its address and cannot be one.
    typed: Option<String>,
}

/// How somebody was told, to choose from.
struct How {
    code: &'static str,
    words: String,
}

#[derive(Template)]
#[template(path = "unreached.html")]
struct Page {
    shell: Shell,
    lines: Vec<Line>,
    hows: Vec<How>,
    next: Option<String>,
    is_first: bool,
    /// The library's mailbox that undeliverable notices go to, where we do not see them.
    unseen: Option<String>,
    wrong: Option<(String, String)>,
}

/// Where the last page ended.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    after: String,
}

/// The list.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    visit.page(&page(&web, &visit, &asked.after, None).await?)
}

/// What was typed for a message, and the words for what is wrong with it.
struct Typed {
    id: MessageId,
    text: String,
    wrong: &'static str,
}

async fn page(web: &Web, visit: &Visit, after: &str, typed: Option<Typed>) -> Result<Page, Oops> {
    let library = &visit.library()?.code;
    let shell = visit.shell("unreached-title").at(Place::Unreached).wrong(typed.is_some());
    let since = visit.now.checked_sub(BACK).unwrap_or(Timestamp::MIN);
    let found = web.store.unreached(Some(library), since, after.parse().ok(), PAGE + 1).await?;
    let (found, next) = answer::page(found, PAGE, |row| format!("/unreached?after={}", row.id));
    let mut all = Vec::new();
    for row in found {
        all.extend(missed(web, row).await?);
    }
    let lines = one_each(all).into_iter().map(|one| line(&shell, one, typed.as_ref())).collect();
    let at = visit.library()?;
    let unseen = returns::unseen(web, at, &web.senders.plan(at, &[], visit.now), since).await?;
    let wrong = typed.map(|typed| (format!("to-{}", typed.id), shell.say(typed.wrong)));
    let hows = SeenTo::HOWS.map(|code| How { code, words: shell.say(&format!("how-{}", code.replace('_', "-"))) });
    Ok(Page { lines, hows: hows.into(), next, is_first: after.is_empty(), unseen, wrong, shell })
}

fn line(shell: &Shell, one: Missed, typed: Option<&Typed>) -> Line {
    let step = Step::after(one.cause);
    let name = one.name();
    let why = one.words(shell.language());
    let Missed { row, told, address, .. } = one;
    Line {
        href: shell.to(&format!("/messages/{}", row.id)),
        name,
        to: address.as_ref().map(Address::masked),
        patron_id: told.patron.id,
        notice: label(shell, &row.notice),
        why,
        step: step.words(shell.language()).to_owned(),
        wants_address: matches!(step, Step::AskAddress | Step::CheckAddress | Step::AddAddress),
        may_go_again: address.is_some() && matches!(step, Step::SendAgain | Step::TellOfFullBox),
        since: row.changed_at,
        typed: typed.filter(|typed| typed.id == row.id).map(|typed| typed.text.clone()),
        id: row.id,
        request: row.request,
    }
}

/// A message of this library that did not arrive.
async fn found(web: &Web, library: &LibraryCode, id: &str) -> Result<MessageRow, Oops> {
    let id: MessageId = id.parse().map_err(|_| Oops::NotFound)?;
    let row = web.store.message(Some(library), id).await?.ok_or(Oops::NotFound)?;
    let is_missed = matches!(row.state, Standing::Failed | Standing::Suppressed);
    if is_missed { Ok(row) } else { Err(Oops::NotNow("unreached-not-now")) }
}

/// The address to use instead; empty: the same.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Again {
    to: String,
}

/// Sends one again, to another address where one is given.
pub(super) async fn again(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    Form(form): Form<Again>,
) -> Answer {
    let library = visit.library()?.code.clone();
    let row = found(&web, &library, &id).await?;
    let to = match (form.to.trim(), Address::parse(form.to.trim())) {
        ("", _) if !row.address.is_empty() => None,
        (_, Ok(address)) => Some(address),
        (_, Err(_)) => {
            let typed = Typed { id: row.id, text: form.to, wrong: "message-wrong-address" };
            return visit.again(&page(&web, &visit, "", Some(typed)).await?);
        }
    };
    let list = format!("/staff/{library}/unreached");
    match web.intake.resend(row.clone(), Wish { to, ..Wish::default() }, visit.by()).await? {
        Resent::As(_) => {
            see_to_older(&web, &row, &SeenTo::told("other", visit.by(), String::new(), visit.now)).await?;
            visit.done(&list, "resent")
        }
        Resent::Stopped(_) => {
            let typed = Typed { id: row.id, text: form.to, wrong: "message-stopped" };
            visit.again(&page(&web, &visit, "", Some(typed)).await?)
        }
        Resent::Before(_) => visit.done(&list, "resent-earlier"),
        Resent::NotNow(_) => Err(Oops::NotNow("message-just-left")),
    }
}

/// How somebody took care of it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Resolved {
    how: String,
    note: String,
}

impl Resolved {
    fn seen(&self, visit: &Visit) -> SeenTo {
        let note = self.note.trim().chars().filter(|c| !c.is_control()).take(NOTE_LETTERS_MAX).collect();
        SeenTo::told(&self.how, visit.by(), note, visit.now)
    }
}

/// Notes that somebody has taken care of one.
pub(super) async fn resolve(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    Form(form): Form<Resolved>,
) -> Answer {
    let library = visit.library()?.code.clone();
    let row = found(&web, &library, &id).await?;
    let seen = form.seen(&visit);
    web.store.see_to(library.clone(), row.id, seen.clone()).await?;
    see_to_older(&web, &row, &seen).await?;
    visit.done(&format!("/staff/{library}/unreached"), "handled")
}

/// Deals with those that are ticked: sends them again, or notes that they were taken care of.
pub(super) async fn many(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let library = visit.library()?.code.clone();
    let list = format!("/staff/{library}/unreached");
    let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let ids: Vec<&String> = fields.iter().filter(|(key, _)| key == "one").map(|(_, id)| id).take(MANY_MAX).collect();
    if ids.is_empty() {
        return visit.done(&list, "none-chosen");
    }
    let sends = value("do").as_deref() == Some("again");
    let resolved = Resolved { how: value("how").unwrap_or_default(), note: value("note").unwrap_or_default() };
    let mut stopped = false;
    for id in ids {
        // One that was dealt with meanwhile is passed over.
        let Ok(row) = found(&web, &library, id).await else { continue };
        if !sends {
            let seen = resolved.seen(&visit);
            web.store.see_to(library.clone(), row.id, seen.clone()).await?;
            see_to_older(&web, &row, &seen).await?;
        } else if !row.address.is_empty() {
            match web.intake.resend(row.clone(), Wish::default(), visit.by()).await? {
                Resent::As(_) => {
                    see_to_older(&web, &row, &SeenTo::told("other", visit.by(), String::new(), visit.now)).await?;
                }
                Resent::Stopped(_) => stopped = true,
                Resent::Before(_) | Resent::NotNow(_) => {}
            }
        }
    }
    match (sends, stopped) {
        (true, true) => visit.done(&list, "resent-some"),
        (true, false) => visit.done(&list, "resent-many"),
        (false, _) => visit.done(&list, "handled-many"),
    }
}
