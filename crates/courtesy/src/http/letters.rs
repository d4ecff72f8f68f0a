//! `/v1/libraries/{library}/letters`: what waits to be posted, as a list and as one PDF a day; and that it was posted.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::messages::found;
use super::problem::{Problem, Refusal, read_json};
use crate::clock;
use crate::id::MessageId;
use crate::intake::letters::Letter;
use crate::letter::Sides;
use crate::library::Library;

/// A letter that waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterAnswer {
    #[schema(value_type = String)]
    message: MessageId,
    /// The day whose letters it belongs to: the one after the day on which it was made.
    #[schema(value_type = String)]
    day: Date,
    request: String,
    notice: String,
    language: String,
    /// To whom.
    name: String,
    /// Why it cannot be posted as it is: `no_address`, `unwritten`, `unprintable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<&'static str>,
    /// Since when it waits.
    #[schema(value_type = String)]
    since: Timestamp,
    /// When it was first printed; none where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    printed_at: Option<Timestamp>,
}

/// The letters of a library, the oldest first; 1000 at most.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterList {
    data: Vec<LetterAnswer>,
}

/// Which letters.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LetterQuery {
    /// Those of one day, such as 2026-12-04; without it all that wait.
    #[param(value_type = Option<String>)]
    day: Option<Date>,
    /// For printing on one side or on both.
    #[serde(default)]
    sides: Sides,
}

fn library(app: &App, caller: &Caller, code: &str) -> Result<Arc<Library>, Box<Problem>> {
    let absent = || Problem::new("not-found", format!("There is no library {code} that this key may see."), "");
    let code = crate::library::LibraryCode::parse(code).map_err(|_| absent())?;
    caller.may_act_for(&code).map_err(|_| absent())?;
    app.book.library(&code).ok_or_else(absent)
}

/// The letters that wait to be posted.
#[utoipa::path(get, path = "/v1/libraries/{library}/letters", tag = "letters", params(("library" = String, Path), LetterQuery),
    responses((status = 200, body = LetterList), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    Query(query): Query<LetterQuery>,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let letters = app.intake.letters(&library, query.day, clock::now()).await?;
    let data = letters.into_iter().map(|letter| LetterAnswer {
        message: letter.row.id,
        day: letter.day,
        wrong: letter.made.err().map(crate::intake::letters::Wrong::code),
        name: letter.name,
        request: letter.row.request,
        notice: letter.row.notice,
        language: letter.row.language,
        since: letter.row.created_at,
        printed_at: letter.row.printed_at,
    });
    Ok(no_store(Json(LetterList { data: data.collect() })))
}

/// The letters that wait, as one PDF for window envelopes, each on pages of its own, under a list of them.
#[utoipa::path(get, path = "/v1/libraries/{library}/letters.pdf", tag = "letters", params(("library" = String, Path), LetterQuery),
    responses((status = 200, description = "PDF", content_type = "application/pdf"), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn file(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    Query(query): Query<LetterQuery>,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let now = clock::now();
    let letters = app.intake.letters(&library, query.day, now).await?;
    let day = query.day.unwrap_or_else(|| library.today(now));
    let name = format!("letters-{}-{day}.pdf", library.code);
    let answer = set(&app, &library, &letters, Some(day), query.sides, &name).await?;
    printed(&app, &caller, &library, &letters, &name).await?;
    Ok(answer)
}

/// One letter as a PDF, whether it waits or was posted.
#[utoipa::path(get, path = "/v1/messages/{id}/letter.pdf", tag = "letters", params(("id" = String, Path)),
    responses((status = 200, description = "PDF", content_type = "application/pdf"), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn one(State(app): State<Arc<App>>, caller: Caller, Path(id): Path<String>) -> Result<Response, Refusal> {
    let row = found(&app, &caller, &id).await?;
    let library = library(&app, &caller, row.library.as_str())?;
    let name = format!("letter-{}.pdf", row.id);
    let letter = app.intake.letter(&library, row, clock::now()).await?;
    let answer = set(&app, &library, letter.as_slice(), None, Sides::One, &name).await?;
    printed(&app, &caller, &library, letter.as_slice(), &name).await?;
    Ok(answer)
}

/// Notes which letters lay in the file, and who took out names and addresses.
async fn printed(
    app: &App,
    caller: &Caller,
    library: &Library,
    letters: &[Letter],
    name: &str,
) -> crate::store::Result<()> {
    app.intake.printed(library.code.clone(), letters, clock::now()).await?;
    let subject = name.trim_end_matches(".pdf");
    app.store.note(caller.deed(Some(&library.code), "letter.printed", subject)).await
}

async fn set(
    app: &App,
    library: &Library,
    letters: &[Letter],
    day: Option<Date>,
    sides: Sides,
    name: &str,
) -> Result<Response, Box<Problem>> {
    match app.intake.letters_pdf(library, letters, day, sides).await {
        Ok(Some(pdf)) => Ok(pdf_answer(name, pdf)),
        Ok(None) => {
            Err(Problem::new("not-found", "There is no letter that could be printed.", "List them to see why."))
        }
        Err(error) => {
            tracing::error!(%error, "letters could not be set");
            Err(Problem::new("unavailable", "The letters could not be made now.", "Ask again in a moment."))
        }
    }
}

/// A PDF to be kept by whoever asked, and by no cache.
pub(crate) fn pdf_answer(name: &str, pdf: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, pdf).into_response()
}

/// Which letters were posted: single ones, or those of a day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostedBody {
    /// Their messages.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    messages: Vec<MessageId>,
    /// Those of this day that were printed.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    day: Option<Date>,
}

/// What was noted.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostedAnswer {
    /// Letters that waited, and do no more.
    posted: u64,
}

/// Note that letters were posted.
#[utoipa::path(post, path = "/v1/libraries/{library}/letters/posted", tag = "letters", params(("library" = String, Path)), request_body(content = PostedBody),
    responses((status = 200, body = PostedAnswer), (status = 404, body = Problem), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn posted(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let body: PostedBody = read_json(&body)?;
    let now = clock::now();
    let mut posted = app.store.posted(library.code.clone(), body.messages, caller.name(), now).await?;
    if let Some(day) = body.day {
        posted += app.intake.posted(&library, day, caller.name(), now).await?;
    }
    Ok(no_store(Json(PostedAnswer { posted })))
}
