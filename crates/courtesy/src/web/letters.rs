//! The letters that wait, by day: a list, one PDF to print, and the button that says they are in the post.
//!
//! In: letters that no other way reached the patron before, or that staff chose to write. Out: their page, their file. What the button
//! of a day marks are its letters that were printed, that of a letter marks it in any case. The day that has not begun is shown and
//! not yet printed: more may come.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::messages::label;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::http::letters::pdf_answer;
use crate::id::MessageId;
use crate::intake::letters::{LETTERS_MAX, Letter};
use crate::letter::Sides;
use crate::notice::dates;
use crate::staff::Right;

/// One letter of the list.
struct Row {
    id: MessageId,
    href: String,
    name: String,
    notice: String,
    request: String,
    since: Timestamp,
    is_printed: bool,
    wrong: Option<String>,
}

/// The letters of one day.
struct Day {
    day: Date,
    words: String,
    /// Whether all of them are there.
    has_begun: bool,
    rows: Vec<Row>,
    /// How many can be printed.
    count: usize,
}

#[derive(Template)]
#[template(path = "letters.html")]
struct Page {
    shell: Shell,
    days: Vec<Day>,
    /// Whether letters say where they go back to.
    has_return: bool,
    may_post: bool,
}

/// The list.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let library = Arc::clone(visit.library()?);
    let shell = visit.shell("letters-title").at(Place::Letters);
    let today = library.today(visit.now);
    let mut days: Vec<Day> = Vec::new();
    for letter in web.intake.letters(&library, None, visit.now).await? {
        if days.last().is_none_or(|last| last.day != letter.day) {
            days.push(Day {
                day: letter.day,
                words: dates::day(letter.day, shell.language()),
                has_begun: letter.day <= today,
                rows: Vec::new(),
                count: 0,
            });
        }
        let Some(day) = days.last_mut() else { continue };
        if letter.made.is_ok() {
            day.count += 1;
        }
        day.rows.push(row(&shell, letter));
    }
    let may_post = visit.may(Right::ActOnMessages);
    visit.page(&Page { days, has_return: !library.reach.postal.is_empty(), may_post, shell })
}

fn row(shell: &Shell, letter: Letter) -> Row {
    Row {
        id: letter.row.id,
        href: shell.to(&format!("/messages/{}", letter.row.id)),
        name: letter.name,
        notice: label(shell, &letter.row.notice),
        request: letter.row.request,
        since: letter.row.created_at,
        is_printed: letter.row.printed_at.is_some(),
        wrong: letter.made.err().map(|wrong| shell.say(&format!("letters-{}", wrong.code().replace('_', "-")))),
    }
}

/// Of a day, or one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    day: Option<Date>,
    message: Option<String>,
    sides: Sides,
}

/// The file.
pub(super) async fn file(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Oops> {
    let library = Arc::clone(visit.library()?);
    let (letters, day, name) = match &wanted.message {
        Some(id) => {
            let id: MessageId = id.parse().map_err(|_| Oops::NotFound)?;
            let row = web.store.message(Some(&library.code), id).await?.ok_or(Oops::NotFound)?;
            let letter = web.intake.letter(&library, row, visit.now).await?;
            (letter.into_iter().collect(), None, format!("letter-{id}.pdf"))
        }
        None => {
            let day = wanted.day.unwrap_or_else(|| library.today(visit.now));
            let letters = web.intake.letters(&library, Some(day), visit.now).await?;
            (letters, Some(day), format!("letters-{}-{day}.pdf", library.code))
        }
    };
    let pdf = web.intake.letters_pdf(&library, &letters, day, wanted.sides).await.map_err(|error| {
        tracing::error!(%error, "letters could not be set");
        Oops::NotNow("letters-not-made")
    })?;
    let pdf = pdf.ok_or(Oops::NotFound)?;
    // Whoever may only read posts nothing: what they look at is not on its way.
    if visit.may(Right::ActOnMessages) {
        web.intake.printed(library.code.clone(), &letters, visit.now).await?;
    }
    web.store.note(visit.deed("letter.printed", name.trim_end_matches(".pdf"))).await?;
    Ok(pdf_answer(&name, pdf))
}

/// Which letters are in the post.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Posted {
    /// Single ones.
    messages: String,
    /// Those of this day that were printed.
    day: Option<Date>,
}

/// Notes that they are.
pub(super) async fn posted(State(web): State<Arc<Web>>, visit: Visit, Form(form): Form<Posted>) -> Answer {
    let library = Arc::clone(visit.library()?);
    let most = usize::try_from(LETTERS_MAX).unwrap_or(usize::MAX);
    let ids: Vec<MessageId> = form.messages.split_whitespace().take(most).filter_map(|id| id.parse().ok()).collect();
    let mut posted = web.store.posted(library.code.clone(), ids, visit.by(), visit.now).await?;
    if let Some(day) = form.day {
        posted += web.intake.posted(&library, day, visit.by(), visit.now).await?;
    }
    let done = if posted > 0 { "letters-posted" } else { "letters-none-posted" };
    visit.done(&format!("/staff/{}/letters", library.code), done)
}
