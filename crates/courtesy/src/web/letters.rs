//! The letters that wait: a list, one PDF to print, and the button that says they are in the post.
//!
//! In: letters that no other way reached the patron before. Out: their page, their file. What the button marks are the letters
//! that stood on the page, so that one which came in meanwhile stays.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use super::messages::label;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::http::letters::pdf_answer;
use crate::id::MessageId;
use crate::intake::letters::{LETTERS_MAX, Letter};

/// One letter of the list.
struct Row {
    href: String,
    name: String,
    notice: String,
    request: String,
    since: Timestamp,
    has_address: bool,
}

#[derive(Template)]
#[template(path = "letters.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    /// The letters that can be posted, as the button sends them.
    to_post: String,
    count: usize,
    may_post: bool,
}

/// The list.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let library = Arc::clone(visit.library()?);
    let shell = visit.shell("letters-title").at(Place::Messages).below("nav-messages", "/messages");
    let letters = web.intake.letters(&library).await?;
    let ready: Vec<String> = addressed(&letters).map(|letter| letter.row.id.to_string()).collect();
    let rows = letters.iter().map(|letter| Row {
        href: shell.to(&format!("/messages/{}", letter.row.id)),
        name: letter.name.clone(),
        notice: label(&shell, &letter.row.notice),
        request: letter.row.request.clone(),
        since: letter.row.created_at,
        has_address: !letter.postal.is_empty(),
    });
    visit.page(&Page {
        rows: rows.collect(),
        count: ready.len(),
        to_post: ready.join(" "),
        may_post: visit.may(crate::staff::Right::ActOnMessages),
        shell,
    })
}

fn addressed(letters: &[Letter]) -> impl Iterator<Item = &Letter> {
    letters.iter().filter(|letter| !letter.postal.is_empty())
}

/// The file.
pub(super) async fn file(State(web): State<Arc<Web>>, visit: Visit) -> Result<Response, Oops> {
    let library = Arc::clone(visit.library()?);
    let mut letters = web.intake.letters(&library).await?;
    letters.retain(|letter| !letter.postal.is_empty());
    if letters.is_empty() {
        return Err(Oops::NotFound);
    }
    let pdf = web.intake.letters_pdf(&library, &letters, visit.now).await.map_err(|error| {
        tracing::error!(%error, "letters could not be set");
        Oops::NotNow("letters-not-made")
    })?;
    Ok(pdf_answer(&library, pdf))
}

/// Which letters are in the post.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Posted {
    messages: String,
}

/// Notes that they are.
pub(super) async fn posted(State(web): State<Arc<Web>>, visit: Visit, Form(form): Form<Posted>) -> Answer {
    let library = visit.library()?.code.clone();
    let most = usize::try_from(LETTERS_MAX).unwrap_or(usize::MAX);
    let ids: Vec<MessageId> = form.messages.split_whitespace().take(most).filter_map(|id| id.parse().ok()).collect();
    web.store.posted(library.clone(), ids, visit.by(), visit.now).await?;
    visit.done(&format!("/staff/{library}/letters"), "letters-posted")
}
