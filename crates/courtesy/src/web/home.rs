//! The Staff Dashboard: do notices arrive, whom could we not reach, what needs somebody.
//!
//! In: a library. Out: one sentence, a work list, the last seven days in numbers, and what to do next. Every figure is
//! read over a bounded part of one index.

use askama::Template;
use axum::extract::{Query, State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::HashSet;
use std::sync::Arc;

use super::arrival::Ends;
use super::first_run::Tasks;
use super::messages::{Row, rows};
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::{Visit, lead_to};
use super::{Answer, Web, first_run, returns, sender_setup};
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::outcome::{Cause, Facts};
use crate::sender::{Plan, SenderKind};
use crate::staff::Right;
use crate::store::{MessageRow, Tally};
use crate::watch::{refusal, still_stands};

/// How far back the numbers reach.
const DAYS: i64 = 7;

/// How far back the work list reaches: a loan that waits on a shelf waits about as long.
const UNREACHED_DAYS: i64 = 14;

/// Rows of the work list on this page.
const UNREACHED_SHOWN: usize = 10;

/// Messages looked through for them: those to staff and copies are among them.
const UNREACHED_READ: u32 = 50;

/// From so many messages on a share is said in per cent.
const SHARE_FROM: i64 = 20;

/// Incidents looked at.
const INCIDENTS: u32 = 50;

/// `?q=` narrows the list of libraries.
#[derive(Default, Deserialize)]
pub(super) struct Find {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "libraries.html")]
struct Libraries {
    shell: Shell,
    q: String,
    libraries: Vec<(String, String, String)>,
    more: usize,
}

/// Libraries listed at most; the search finds the others.
const LIBRARIES_SHOWN: usize = 200;

/// `/staff`: the dashboard of the one library, or the libraries to choose from.
pub(super) async fn door(State(web): State<Arc<Web>>, visit: Visit, Query(find): Query<Find>) -> Answer {
    let staff = visit.staff()?;
    if staff.roles.may(Right::Consortium, None) {
        return Ok(lead_to("/consortium"));
    }
    let language = visit.language;
    let mine: Vec<Arc<Library>> =
        web.book.libraries().into_iter().filter(|one| staff.roles.may(Right::Look, Some(&one.code))).collect();
    if let ([only], false) = (mine.as_slice(), staff.roles.is_consortium()) {
        return Ok(lead_to(&format!("/staff/{}", only.code)));
    }
    let wanted = find.q.trim().to_lowercase();
    let fits = |one: &Library| {
        wanted.is_empty()
            || one.code.as_str().to_lowercase().contains(&wanted)
            || one.name.get(language).to_lowercase().contains(&wanted)
    };
    let found: Vec<_> = mine.iter().filter(|one| fits(one)).collect();
    let libraries = found.iter().take(LIBRARIES_SHOWN).map(|one| {
        let plan = web.senders.plan(one, &[], visit.now);
        (one.code.to_string(), one.name.get(language).to_owned(), plan.from.to_string())
    });
    let libraries = libraries.collect();
    let more = found.len().saturating_sub(LIBRARIES_SHOWN);
    visit.page(&Libraries { shell: visit.shell("libraries-title").at(Place::Home), q: find.q, libraries, more })
}

/// Something that needs somebody.
struct Need {
    words: String,
    action: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shell: Shell,
    /// `good`, `warn` or `bad`.
    mood: &'static str,
    verdict: String,
    sending_as: String,
    why: String,
    checked: Option<jiff::Timestamp>,
    unreached: Option<Vec<Row>>,
    more_unreached: bool,
    /// The library's mailbox that undeliverable notices go to, where we do not see them.
    unseen: Option<String>,
    /// Of a library that has sent nothing yet: what there is to set up.
    tasks: Option<Tasks>,
    tally: Option<Tally>,
    share: Option<String>,
    /// What was refused in the library's own name this week, where anything was.
    refused: Option<String>,
    needs: Vec<Need>,
}

/// The dashboard of one library.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let library = Arc::clone(visit.library()?);
    let shell = visit.shell("home-title").at(Place::Home);
    let back = |days: i64| visit.now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(visit.now);
    let reads = visit.may(Right::ReadMessages);
    let tally = if reads { Some(web.store.tally(&library.code, back(DAYS)).await?) } else { None };
    let mut unreached = None;
    let mut more_unreached = false;
    if reads {
        let (found, more) = unreached_patrons(&web, &library, back(UNREACHED_DAYS)).await?;
        more_unreached = more;
        unreached = Some(rows(&web, &shell, &library, found).await?);
    }
    let plan = web.senders.plan(&library, &[], visit.now);
    let proof = library.from.as_ref().and_then(|from| web.senders.proof(from.domain(), &library.region));
    let tasks = first_run::tasks(&web, &visit, &shell, tally.as_ref()).await?;
    let unseen = returns::unseen(&web, &library, &plan, back(UNREACHED_DAYS)).await?;
    let (mood, verdict) = verdict(tally.as_ref());
    let share = tally.as_ref().and_then(|tally| share(tally, visit.language));
    let needs = needs(&web, &visit, &shell, &library, &plan, tally.as_ref()).await?;
    visit.page(&Home {
        mood,
        verdict: shell.say(verdict),
        sending_as: match plan.sender {
            SenderKind::Shared => shell.with("home-as-shared", "from", plan.from.to_string()),
            _ => shell.with("home-as-own", "from", plan.from.to_string()),
        },
        why: plan.reason.get(visit.language).to_owned(),
        checked: proof.map(|proof| proof.facts.checked_at()),
        unreached,
        more_unreached,
        unseen,
        tasks,
        tally,
        share,
        refused: sender_setup::refused_lately(&web, &shell, &library),
        needs,
        shell,
    })
}

/// Messages to patrons that did not arrive: neither those to staff nor copies. And whether there are more.
async fn unreached_patrons(web: &Web, library: &Library, since: Timestamp) -> Result<(Vec<MessageRow>, bool), Oops> {
    let mut found = web.store.unreached(Some(&library.code), since, None, UNREACHED_READ).await?;
    let is_copy = |row: &MessageRow| library.cc.iter().any(|copy| copy.to_string() == row.address);
    let to_patron = |row: &MessageRow| {
        let notice = Notice::from_code(&row.notice);
        notice.is_ok_and(|it| it.audience == Audience::Patron && !it.status.is_asked_for())
    };
    // One line a request, as on the list: its newest message.
    let mut requests = HashSet::new();
    found.retain(|row| {
        to_patron(row) && !is_copy(row) && (row.request.is_empty() || requests.insert(row.request.clone()))
    });
    let more = found.len() > UNREACHED_SHOWN;
    found.truncate(UNREACHED_SHOWN);
    Ok((found, more))
}

/// The one sentence.
pub(super) fn verdict(tally: Option<&Tally>) -> (&'static str, &'static str) {
    match tally {
        None => ("good", "home-verdict-none"),
        Some(tally) if tally.all == 0 => ("good", "home-verdict-empty"),
        // As on the page of arrival.
        Some(tally) => match (Ends { accepted: tally.all - tally.failed, failed: tally.failed }).mood() {
            "bad" => ("bad", "home-verdict-bad"),
            "some" => ("warn", "home-verdict-most"),
            _ if tally.failed > 0 || tally.held > 0 => ("good", "home-verdict-most"),
            _ => ("good", "home-verdict-good"),
        },
    }
}

/// `0.9 %`, once there are enough messages for a share to mean something.
fn share(tally: &Tally, language: Language) -> Option<String> {
    if tally.all < SHARE_FROM || tally.failed == 0 {
        return None;
    }
    let tenths = (tally.failed * 1000 + tally.all / 2) / tally.all;
    let (whole, rest) = (tenths / 10, tenths % 10);
    Some(match language {
        Language::En => format!("{whole}.{rest}%"),
        Language::Fr => format!("{whole},{rest}\u{a0}%"),
    })
}

async fn needs(
    web: &Web,
    visit: &Visit,
    shell: &Shell,
    library: &Library,
    plan: &Plan,
    tally: Option<&Tally>,
) -> Result<Vec<Need>, Oops> {
    let mut needs = Vec::new();
    for pause in web.store.pauses().await? {
        if pause.library.as_ref().is_none_or(|code| *code == library.code) {
            let words =
                shell.with2("home-paused", ("by", shell.who_did(&pause.by)), ("when", shell.moment(&pause.since)));
            needs.push(Need { words, action: None });
        }
    }
    if let Some(held) = tally.map(|tally| tally.held).filter(|held| *held > 0) {
        let action = (shell.say("home-decide"), shell.to("/messages?state=held"));
        needs.push(Need { words: shell.with("home-held", "count", held), action: Some(action) });
    }
    let open = web.store.incidents(Some(&library.code), INCIDENTS).await?;
    for incident in open.iter().filter(|incident| still_stands(incident, library, plan)) {
        let (provider, refused) = refusal(incident).unzip();
        let domain = refused.or(library.from.as_ref().map(|from| from.domain().as_str()));
        let facts = Facts { provider, domain, ..Facts::default() };
        let words = format!("{}.", Cause::of(&incident.cause).headline(visit.language, &facts));
        needs.push(Need { words, action: None });
    }
    if visit.may(Right::Administer) {
        let change = "/ill-admin/participant-record/change";
        let missing = [
            (library.phone.is_none(), "home-no-phone", "phone"),
            (library.reply_to.is_none() && library.from.is_none(), "home-no-reply-to", "reply_to"),
            (library.borrowing_staff.is_empty(), "home-no-staff-addresses", "borrowing_staff"),
        ];
        for (_, words, field) in missing.into_iter().filter(|(is_missing, ..)| *is_missing) {
            let action = (shell.say("home-add"), format!("{}#{field}", shell.to(change)));
            needs.push(Need { words: shell.say(words), action: Some(action) });
        }
    }
    Ok(needs)
}
