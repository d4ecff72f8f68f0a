//! `/v1/erasures`: patrons who are being erased, and what has served its time: who asked, how far it has come.
//!
//! In: where the last page ended, or one erasure's id. Out: erasures, the newest first, with what is erased and what is left. None of
//! them says which patron it is about. A library's key reads its library's; a key of the consortium reads all.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::{after, no_store, page};
use super::auth::Caller;
use super::problem::{Problem, Refusal};
use crate::id::ErasureId;
use crate::store::Erasure;

/// Rows of a page unless asked otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;

/// The erasing of a patron, or of what a library keeps no longer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureAnswer {
    #[schema(value_type = String)]
    id: ErasureId,
    library: String,
    /// `patron`, or `retention`: what has served its time.
    erases: &'static str,
    /// `waiting`, `under-way`, `failing` (it is tried again, and never given up) or `done`.
    state: &'static str,
    /// Who asked for it; empty where its time had come.
    by: String,
    #[schema(value_type = String)]
    asked_at: Timestamp,
    /// When something was last erased.
    #[schema(value_type = String)]
    changed_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    ended_at: Option<Timestamp>,
    /// When it is tried again, where it could not go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    again_at: Option<Timestamp>,
    /// Events that nobody can tell any more whose they were.
    events: i64,
    /// Messages without address, words and titles.
    messages: i64,
    /// Messages without what servers said to each other.
    talks: i64,
    /// Messages that waited and were taken back.
    cancelled: i64,
    /// Contact details, choices, consents and devices.
    beside: i64,
    /// How many events (of a patron) or messages (of what has served its time) are left, counted up to 5,000.
    left: i64,
}

impl ErasureAnswer {
    /// `erasure` with how much is `left` of it.
    #[must_use]
    pub fn of(erasure: Erasure, left: i64) -> Self {
        let done = erasure.done;
        Self {
            id: erasure.id,
            erases: erasure.erases.code(),
            state: erasure.state().code(),
            again_at: erasure.due_at.filter(|_| erasure.failed > 0),
            library: erasure.library.to_string(),
            by: erasure.by,
            asked_at: erasure.asked_at,
            changed_at: erasure.changed_at,
            ended_at: erasure.ended_at,
            events: done.events,
            messages: done.messages,
            talks: done.talks,
            cancelled: done.cancelled,
            beside: done.beside,
            left,
        }
    }
}

/// A page of erasures, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureList {
    data: Vec<ErasureAnswer>,
    /// Give it as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    has_more: bool,
}

/// Which erasures.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ErasureQuery {
    /// A library's code. A key of the consortium that names none reads all.
    library: Option<String>,
    /// Rows wanted; 50 unless said, 500 at most.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// The erasing of patrons and of what has served its time, the newest first.
#[utoipa::path(get, path = "/v1/erasures", tag = "patrons", params(ErasureQuery),
    responses((status = 200, body = ErasureList), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ErasureQuery>,
) -> Result<Response, Refusal> {
    let library = caller.library_named(query.library.as_deref())?;
    let before = after(query.after.as_deref())?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let found = app.store.erasures(library.as_ref(), before, limit + 1).await?;
    let (found, next) = page(found, limit, |erasure| erasure.id.to_string());
    let mut data = Vec::with_capacity(found.len());
    for erasure in found {
        data.push(with_left(&app, erasure).await?);
    }
    Ok(no_store(Json(ErasureList { data, has_more: next.is_some(), next })))
}

/// One erasure.
#[utoipa::path(get, path = "/v1/erasures/{id}", tag = "patrons", params(("id" = String, Path)),
    responses((status = 200, body = ErasureAnswer), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn show(State(app): State<Arc<App>>, caller: Caller, Path(text): Path<String>) -> Result<Response, Refusal> {
    let id = text.parse().ok();
    let found = match id {
        Some(id) => app.store.erasure(caller.key.library.as_ref(), id).await?,
        None => None,
    };
    let shown: String = text.chars().take(60).collect();
    let erasure = found.ok_or_else(|| Problem::new("not-found", format!("There is no erasure {shown}."), ""))?;
    Ok(no_store(Json(with_left(&app, erasure).await?)))
}

/// `erasure` as it is answered.
///
/// # Errors
/// When the store is broken.
pub(super) async fn with_left(app: &App, erasure: Erasure) -> crate::store::Result<ErasureAnswer> {
    let left = app.eraser.left(&erasure, crate::clock::now()).await?;
    Ok(ErasureAnswer::of(erasure, left))
}
