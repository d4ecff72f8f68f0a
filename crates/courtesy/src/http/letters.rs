//! `/v1/libraries/{library}/letters`: what waits to be posted, as a list and as one PDF; and that it was posted.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::auth::Caller;
use super::messages::no_store;
use super::problem::{Problem, Refusal, read_json};
use crate::clock;
use crate::id::MessageId;
use crate::library::Library;

/// A letter that waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterAnswer {
    #[schema(value_type = String)]
    message: MessageId,
    request: String,
    notice: String,
    language: String,
    /// To whom.
    name: String,
    /// Whether an address is known: without one it cannot be posted.
    has_address: bool,
    /// Since when it waits.
    #[schema(value_type = String)]
    since: Timestamp,
}

/// The letters of a library, the oldest first; 200 at most.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterList {
    data: Vec<LetterAnswer>,
}

fn library(app: &App, caller: &Caller, code: &str) -> Result<Arc<Library>, Box<Problem>> {
    let absent = || Problem::new("not-found", format!("There is no library {code} that this key may see."), "");
    let code = crate::library::LibraryCode::parse(code).map_err(|_| absent())?;
    caller.may_act_for(&code).map_err(|_| absent())?;
    app.book.library(&code).ok_or_else(absent)
}

/// The letters that wait to be posted.
#[utoipa::path(get, path = "/v1/libraries/{library}/letters", tag = "letters", params(("library" = String, Path)),
    responses((status = 200, body = LetterList), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller, Path(code): Path<String>) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let letters = app.intake.letters(&library).await?;
    let data = letters.into_iter().map(|letter| LetterAnswer {
        message: letter.row.id,
        has_address: !letter.postal.is_empty(),
        name: letter.name,
        request: letter.row.request,
        notice: letter.row.notice,
        language: letter.row.language,
        since: letter.row.created_at,
    });
    Ok(no_store(Json(LetterList { data: data.collect() })))
}

/// The letters that wait, as one PDF for window envelopes, each on pages of its own.
#[utoipa::path(get, path = "/v1/libraries/{library}/letters.pdf", tag = "letters", params(("library" = String, Path)),
    responses((status = 200, description = "PDF", content_type = "application/pdf"), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn file(State(app): State<Arc<App>>, caller: Caller, Path(code): Path<String>) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let letters = app.intake.letters(&library).await?;
    let pdf = app.intake.letters_pdf(&library, &letters, clock::now()).await.map_err(|error| {
        tracing::error!(%error, "letters could not be set");
        Problem::new("unavailable", "The letters could not be made now.", "Ask again in a moment.")
    })?;
    Ok(pdf_answer(&library, pdf))
}

/// A PDF to be kept by whoever asked, and by no cache.
pub(crate) fn pdf_answer(library: &Library, pdf: Vec<u8>) -> Response {
    let name = format!("attachment; filename=\"letters-{}.pdf\"", library.code);
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    (headers, pdf).into_response()
}

/// Which letters were posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostedBody {
    /// Their messages.
    #[schema(value_type = Vec<String>)]
    messages: Vec<MessageId>,
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
    let posted = app.store.posted(library.code.clone(), body.messages, caller.name(), clock::now()).await?;
    Ok(no_store(Json(PostedAnswer { posted })))
}
