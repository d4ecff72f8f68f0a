//! Retention: what is kept, how long and why; what is being erased and how far that has come; and, for whoever may, other times.
//!
//! In: a library, or the consortium, whose times hold for all that set none. Out: a table, and a form. What new times would
//! erase is said before anything is: the form shows it, and a second press does it.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;

use super::erasures::{self, ErasureLine};
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::staff::Right;
use crate::store::{Change, DUE_COUNTED_MAX, Kept, Retention};

/// One kind of thing that is kept.
struct Line {
    name: String,
    why: String,
    days: String,
    /// How far the erasing has come, and how many messages it had.
    upto: Option<Timestamp>,
    erased: i64,
    /// How many wait to be erased.
    due: Option<String>,
}

#[derive(Template)]
#[template(path = "retention.html")]
struct Page {
    shell: Shell,
    here: String,
    lines: Vec<Line>,
    is_own: bool,
    least_content: i64,
    may_change: bool,
    under_way: bool,
    erasures: Vec<ErasureLine>,
    typed: Typed,
    /// What new times would erase, to be confirmed.
    asks: Option<String>,
    wrong: Option<(&'static str, String)>,
}

/// The form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    content: String,
    talk: String,
    sure: String,
}

/// Nothing is asked for; the query says what was done.
#[derive(Default, Deserialize)]
pub(super) struct Asked {}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(_): Query<Asked>) -> Answer {
    visit.page(&page(&web, &visit, None).await?)
}

async fn page(web: &Web, visit: &Visit, typed: Option<Typed>) -> Result<Page, Oops> {
    let library = visit.at.as_ref().map(|library| &library.code);
    let shell = visit.shell("retention-title");
    let (shell, here) = match library {
        Some(_) => {
            let here = shell.to("/ill-admin/retention");
            (shell.at(Place::IllAdmin).below("nav-ill-admin", "/ill-admin"), here)
        }
        None => (shell.at(Place::Retention), "/consortium/retention".to_owned()),
    };
    let (kept, is_own) = web.store.retention(library).await?;
    let mut lines = Vec::new();
    for what in Kept::ALL {
        let days = shell.with("retention-days", "count", kept.days(what));
        let (mut upto, mut erased, mut due) = (None, 0, None);
        if let Some(library) = library {
            let done = web.store.erased(library, what).await?;
            upto = done.map(|done| done.upto.made_at());
            erased = done.map_or(0, |done| done.messages);
            let count = web.store.to_erase(library, what, kept.cutoff(what, visit.now)).await?;
            due = (count > 0).then(|| shell.with("retention-due", "count", number(&shell, count)));
        }
        let name = format!("retention-{}", what.code());
        lines.push(Line { why: shell.say(&format!("{name}-why")), name: shell.say(&name), days, upto, erased, due });
    }
    for (name, days) in [
        ("address", None),
        ("submitted", Some(30)),
        ("texts", Some(30)),
        ("patrons", Some(730)),
        ("events", None),
        ("audit", None),
    ] {
        let name = format!("retention-{name}");
        let days = days
            .map_or_else(|| shell.say("retention-for-good"), |days: i64| shell.with("retention-days", "count", days));
        lines.push(Line {
            why: shell.say(&format!("{name}-why")),
            name: shell.say(&name),
            days,
            upto: None,
            erased: 0,
            due: None,
        });
    }
    let erasures = erasures::lines(web, &shell, library, visit.now).await?;
    let days = Typed { content: kept.content.to_string(), talk: kept.talk.to_string(), sure: String::new() };
    Ok(Page {
        here,
        lines,
        is_own,
        least_content: *Retention::may_be(Kept::Content).start(),
        may_change: visit.may(Right::Administer),
        under_way: erasures.iter().any(|one| !one.is_over),
        erasures,
        typed: typed.unwrap_or(days),
        asks: None,
        wrong: None,
        shell,
    })
}

fn number(shell: &Shell, count: i64) -> String {
    shell.with(if count >= DUE_COUNTED_MAX { "home-more-than" } else { "number" }, "count", count)
}

/// Sets other times; where they erase anything, only once that was said and confirmed.
pub(super) async fn save(State(web): State<Arc<Web>>, visit: Visit, Form(typed): Form<Typed>) -> Answer {
    let library = visit.at.as_ref().map(|library| library.code.clone());
    let read = |text: &str, what| text.trim().parse().ok().filter(|days| Retention::may_be(what).contains(days));
    let page = page(&web, &visit, Some(typed.clone())).await?;
    let wrong = |what: Kept| {
        let (least, most) = Retention::may_be(what).into_inner();
        let words = format!("retention-wrong-{}", what.code());
        Some((what.code(), page.shell.with2(&words, ("count", least), ("most", most))))
    };
    let (content, talk) = match (read(&typed.content, Kept::Content), read(&typed.talk, Kept::Talk)) {
        (None, _) => return visit.again(&Page { wrong: wrong(Kept::Content), shell: page.shell.wrong(true), ..page }),
        (_, None) => return visit.again(&Page { wrong: wrong(Kept::Talk), shell: page.shell.wrong(true), ..page }),
        (Some(content), Some(talk)) => (content, talk),
    };
    let (was, _) = web.store.retention(library.as_ref()).await?;
    let is = Retention { content, talk };
    let is_shorter = is.content < was.content || is.talk < was.talk;
    if is_shorter && typed.sure.is_empty() {
        let count = match &library {
            Some(library) => web.store.to_erase(library, Kept::Content, is.cutoff(Kept::Content, visit.now)).await?,
            None => 0,
        };
        let asks = page.shell.with("retention-asks", "count", number(&page.shell, count));
        return visit.page(&Page { asks: Some(asks), ..page });
    }
    let change =
        |field: &str, was: i64, is: i64| Change { field: field.to_owned(), was: was.to_string(), is: is.to_string() };
    let changes = vec![change("content", was.content, is.content), change("talk", was.talk, is.talk)];
    let deed = visit.deed("retention.changed", "").with(changes.into_iter().filter(|one| one.was != one.is).collect());
    web.store.noting(deed).set_retention(library.clone(), is, visit.now).await?;
    if is_shorter {
        web.eraser.ask_retention(library.as_ref(), &visit.by(), visit.now).await?;
    }
    visit.done(&page.here, "saved")
}
