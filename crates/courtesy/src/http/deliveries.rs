//! `/v1/libraries/{library}/webhooks/{id}/deliveries`: what a webhook was told, and telling it again.
//!
//! In: a webhook, and which events. Out: each delivery with what was answered. The posting itself is the work of `outbox`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::{after, no_store, page};
use super::auth::Caller;
use super::problem::{Problem, Refusal, read_json};
use super::webhooks::of_path;
use crate::clock;
use crate::id::DeliveryId;
use crate::store::{Delivery, DeliveryState, Replay};

/// Rows of a page of the log unless asked otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;

/// Which events to post again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// What happened since then; events are kept for thirty days.
    #[schema(value_type = String)]
    since: Timestamp,
    /// Those that were delivered, too.
    #[serde(default)]
    all: bool,
}

/// How many events are posted again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    events: u64,
}

/// Post events again, under their own ids: those that were not delivered, or all.
#[utoipa::path(post, path = "/v1/libraries/{library}/webhooks/{id}/replay", tag = "webhooks", params(("library" = String, Path), ("id" = String, Path)), request_body = ReplayBody, responses((status = 200, body = Replayed), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn replay(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, id)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let webhook = of_path(&app, &caller, &code, &id).await?;
    let body: ReplayBody = read_json(&body)?;
    let which = if body.all { Replay::All(body.since) } else { Replay::Missed(body.since) };
    let deed = caller.deed(Some(&webhook.library), "webhook.replayed", webhook.url.as_str());
    let events = app.store.noting(deed).replay(webhook.library.clone(), webhook.id, which, clock::now()).await?;
    app.outbox.nudge();
    Ok(no_store(Json(Replayed { events })))
}

/// Post one event again, under its own id.
#[utoipa::path(post, path = "/v1/libraries/{library}/webhooks/{id}/deliveries/{delivery}/replay", tag = "webhooks", params(("library" = String, Path), ("id" = String, Path), ("delivery" = String, Path)), responses((status = 200, body = Replayed), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn replay_one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, id, delivery)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let webhook = of_path(&app, &caller, &code, &id).await?;
    let absent =
        || Problem::new("not-found", format!("There is no event {delivery}."), "GET its deliveries lists them.");
    let one: DeliveryId = delivery.parse().map_err(|_| absent())?;
    let deed = caller.deed(Some(&webhook.library), "webhook.replayed", format!("{}, {one}", webhook.url));
    let events =
        app.store.noting(deed).replay(webhook.library.clone(), webhook.id, Replay::One(one), clock::now()).await?;
    if events == 0 {
        return Err(absent().into());
    }
    app.outbox.nudge();
    Ok(no_store(Json(Replayed { events })))
}

/// An event that was posted, or will be.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryAnswer {
    /// The `webhook-id` it is posted under.
    #[schema(value_type = String)]
    id: DeliveryId,
    #[serde(rename = "type")]
    kind: String,
    #[schema(value_type = String)]
    at: Timestamp,
    /// `waiting`, `delivered` or `given_up`.
    state: &'static str,
    attempts: i64,
    /// When it is posted next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    due_at: Option<Timestamp>,
    /// The HTTP status of the last try.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<i64>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    tried_at: Option<Timestamp>,
    /// What is posted.
    #[schema(value_type = Object)]
    body: serde_json::Value,
}

impl From<Delivery> for DeliveryAnswer {
    fn from(one: Delivery) -> Self {
        Self {
            id: one.id,
            kind: one.kind,
            at: one.at,
            state: one.state.code(),
            attempts: one.attempts,
            due_at: one.due_at,
            answer: one.answer,
            why: one.why,
            tried_at: one.tried_at,
            body: serde_json::from_str(&one.body).unwrap_or_default(),
        }
    }
}

/// A page of the log, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryList {
    data: Vec<DeliveryAnswer>,
    /// Give it as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    has_more: bool,
}

/// Which part of the log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// `waiting`, `delivered` or `given_up`.
    state: Option<String>,
    /// Rows wanted; 50 unless said, 500 at most.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What a webhook was told in the last thirty days.
#[utoipa::path(get, path = "/v1/libraries/{library}/webhooks/{id}/deliveries", tag = "webhooks", params(("library" = String, Path), ("id" = String, Path), LogQuery), responses((status = 200, body = DeliveryList), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn deliveries(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, id)): Path<(String, String)>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Refusal> {
    let webhook = of_path(&app, &caller, &code, &id).await?;
    let state = match query.state.as_deref() {
        Some(code) => Some(DeliveryState::from_code(code).ok_or_else(|| {
            Problem::field("/state", format!("“{code}” is not a state; write waiting, delivered or given_up"))
        })?),
        None => None,
    };
    let before = after(query.after.as_deref())?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let log = app.store.deliveries(&webhook.library, webhook.id, state, before, limit + 1).await?;
    let (log, next) = page(log, limit, |one| one.id.to_string());
    let data = log.into_iter().map(DeliveryAnswer::from).collect();
    Ok(no_store(Json(DeliveryList { data, has_more: next.is_some(), next })))
}
