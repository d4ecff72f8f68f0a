//! The do-not-send list: addresses a library no longer writes to, why and since when; used again, added, looked up.
//!
//! In: an address to look for, a cause, or where the last page ended. Out: rows with what was said. Whoever uses an address
//! again or stops one says why, and that is kept. Many are added by pasting lines; the list is saved as a file. Below it stand
//! the telephone numbers that get no text messages (`no_texts`).

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use standards::address::Address;

use super::audit::{as_file, plain};
use super::no_texts;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, form};
use crate::http::answer;
use crate::outcome::stop::ListedAddress;
use crate::outcome::stop::file::ADDRESSES_MAX;
use crate::outcome::{Cause, Facts};
use crate::staff::Right;
use crate::store::{DoNotSend, Listed};

/// Rows of a page, and of a file.
const PAGE: u32 = 50;
const FILE_MAX: u32 = 100_000;

/// Lines that are named when they cannot be read; the rest is counted.
const WRONG_SHOWN: usize = 5;

/// Letters of a reason.
const REASON_LETTERS_MAX: usize = 500;

/// The cause of what a person put on the list.
const BY_HAND: &str = "addr.stopped";

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    after: String,
}

/// One address.
struct Line {
    address: String,
    shown: String,
    why: String,
    evidence: String,
    by: String,
    message: Option<String>,
    since: Timestamp,
    again: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "stops.html")]
struct Page {
    shell: Shell,
    asked: Asked,
    lines: Vec<Line>,
    /// Numbers that get no text messages.
    numbers: Vec<no_texts::Line>,
    next: Option<String>,
    is_first: bool,
    /// What was looked for is an address that is not on the list.
    is_free: bool,
    /// Where its messages are.
    its_messages: String,
    typed: Added,
    wrong: Option<(&'static str, String)>,
}

/// What stands in the form that adds.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Added {
    addresses: String,
    reason: String,
}

/// The list.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    visit.page(&page(&web, &visit, asked).await?)
}

async fn page(web: &Web, visit: &Visit, asked: Asked) -> Result<Page, Oops> {
    let library = &visit.library()?.code;
    let shell = visit.shell("stops-title").at(Place::Bounces);
    let looked_for = Address::parse(asked.q.trim()).ok();
    let address = looked_for.as_ref().map(ListedAddress::of);
    let found = if asked.q.trim().is_empty() || address.is_some() {
        let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
        let which = Listed { address, cause: None, after };
        web.store.do_not_send_list(library, &which, PAGE + 1).await?
    } else {
        Vec::new()
    };
    let after = |last: &DoNotSend| shell.to(&format!("/do-not-send?after={}", form::encoded(&last.address)));
    let (found, next) = answer::page(found, PAGE, after);
    let acts = visit.may(Right::ActOnMessages);
    let lines: Vec<_> = found.into_iter().map(|stop| line(&shell, stop, acts)).collect();
    let wrong = (!asked.q.trim().is_empty() && looked_for.is_none()).then(|| ("q", shell.say("stops-wrong-address")));
    let is_whole = asked.q.trim().is_empty() && asked.after.is_empty();
    let numbers = if is_whole { no_texts::lines(web, visit, &shell).await? } else { Vec::new() };
    Ok(Page {
        numbers,
        is_free: looked_for.is_some() && lines.is_empty(),
        is_first: asked.after.is_empty(),
        its_messages: shell.to(&format!("/messages?q={}", form::encoded(asked.q.trim()))),
        shell: shell.wrong(wrong.is_some()),
        typed: Added::default(),
        lines,
        next,
        asked,
        wrong,
    })
}

fn line(shell: &Shell, stop: DoNotSend, acts: bool) -> Line {
    let address = Address::parse(&stop.address).ok();
    let domain = address.as_ref().map(|address| address.domain().to_string());
    let facts = Facts { their_domain: domain.as_deref(), ..Facts::default() };
    let masked = address.map(|address| address.masked()).unwrap_or_default();
    let by = match stop.by.as_str() {
        by @ ("refusal" | "bounce" | "complaint") => shell.say(&format!("stops-by-{by}")),
        person => shell.who_did(person),
    };
    Line {
        shown: if acts { stop.address.clone() } else { masked },
        why: stop.cause.headline(shell.language(), &facts),
        evidence: stop.reply,
        by,
        message: stop.message.map(|id| shell.to(&format!("/messages/{id}"))),
        since: stop.since,
        again: stop.probe_at,
        address: stop.address,
    }
}

/// The list as a file, which the audit tells of.
pub(super) async fn file(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let library = visit.library()?.code.clone();
    let stops = web.store.do_not_send_list(&library, &Listed::default(), FILE_MAX).await?;
    let subject = visit.shell("stops-title").title();
    web.store.note(visit.deed("list.exported", subject)).await?;
    let mut csv = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = csv.write_record(["address", "reason", "cause", "by", "since"]);
    for stop in stops {
        let words = stop.cause.headline(visit.language, &Facts::default());
        let reason = if stop.reply.is_empty() { words } else { stop.reply };
        let fields = [stop.address, reason, stop.cause.code().to_owned(), stop.by, stop.since.to_string()];
        let _ = csv.write_record(fields.iter().map(plain));
    }
    Ok(as_file(&format!("do-not-send-{library}.csv"), csv.into_inner().unwrap_or_default()))
}

/// A reason that somebody gave; none where they gave none.
fn reason(text: &str) -> Option<String> {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(REASON_LETTERS_MAX).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// Takes addresses off the list: those that are ticked.
pub(super) async fn release(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let library = visit.library()?.code.clone();
    let list = format!("/staff/{library}/do-not-send");
    let why = fields.iter().find(|(name, _)| name == "reason").and_then(|(_, text)| reason(text));
    let ticked = fields.iter().filter(|(name, _)| name == "one");
    let which: Vec<Listed> = ticked
        .filter_map(|(_, text)| Address::parse(text).ok())
        .map(|address| Listed { address: Some(ListedAddress::of(&address)), ..Listed::default() })
        .take(ADDRESSES_MAX)
        .collect();
    let Some(why) = why else {
        let mut page = page(&web, &visit, Asked::default()).await?;
        page.wrong = Some(("again-reason", page.shell.say("stops-wrong-reason")));
        page.shell = page.shell.wrong(true);
        return visit.again(&page);
    };
    if which.is_empty() {
        return visit.done(&list, "none-chosen");
    }
    web.store.release_do_not_send(library, which, visit.by(), why, visit.now).await?;
    visit.done(&list, "used-again")
}

/// Puts addresses on the list: one a line, each with a reason of its own behind a comma where it has one.
pub(super) async fn add(State(web): State<Arc<Web>>, visit: Visit, Form(typed): Form<Added>) -> Answer {
    let library = visit.library()?.code.clone();
    let shell = visit.shell("stops-title");
    let why = reason(&typed.reason);
    let mut added = Vec::new();
    let mut unread = Vec::new();
    let mut lacks_reason = false;
    for text in typed.addresses.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (first, own) = text.split_once([',', ';', '\t']).unwrap_or((text, ""));
        let first = first.trim().trim_matches('"');
        match (Address::parse(first), reason(own.trim().trim_matches('"')).or_else(|| why.clone())) {
            // The heading of a file that was saved here.
            (Err(_), _) if first.eq_ignore_ascii_case("address") => {}
            (Ok(address), Some(why)) => added.push(stop(&visit, &address, why)?),
            (Ok(_), None) => lacks_reason = true,
            (Err(_), _) => unread.push(first.to_owned()),
        }
    }
    let wrong = if !unread.is_empty() {
        let shown = unread.iter().take(WRONG_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        Some(("addresses", shell.with2("stops-wrong-lines", ("count", unread.len()), ("lines", shown))))
    } else if lacks_reason {
        Some(("reason", shell.say("stops-wrong-reason")))
    } else if added.is_empty() || added.len() > ADDRESSES_MAX {
        Some(("addresses", shell.with("stops-wrong-number", "count", ADDRESSES_MAX)))
    } else {
        None
    };
    if wrong.is_some() {
        let page = page(&web, &visit, Asked::default()).await?;
        let shell = page.shell.wrong(true);
        return visit.again(&Page { wrong, typed, shell, ..page });
    }
    web.store.add_do_not_send(added).await?;
    visit.done(&format!("/staff/{library}/do-not-send"), "stopped")
}

fn stop(visit: &Visit, address: &Address, why: String) -> Result<DoNotSend, Oops> {
    Ok(DoNotSend {
        library: visit.library()?.code.clone(),
        address: ListedAddress::of(address).as_str().to_owned(),
        cause: Cause::of(BY_HAND),
        reply: why,
        message: None,
        by: visit.by(),
        since: visit.now,
        probe_at: None,
        probe: None,
    })
}
