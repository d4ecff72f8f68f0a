//! `/v1/libraries/{library}/webhooks`: where a library's systems want to be told of events, and what they were told.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::{after, no_store, page};
use super::auth::Caller;
use super::libraries::library;
use super::problem::{Problem, Refusal, read_json};
use crate::clock;
use crate::id::{DeliveryId, WebhookId};
use crate::library::LibraryCode;
use crate::store::{Delivery, DeliveryState, Replay, Webhook};
use crate::webhook::{Kind, Secret};

/// Webhooks of one library at most: each event is kept once for each of them.
pub const WEBHOOKS_MAX: u32 = 10;

/// Longest URL and longest name, in letters.
const URL_LETTERS_MAX: usize = 2000;
const NOTE_LETTERS_MAX: usize = 200;

/// Rows of a page of the log unless asked otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;

/// A webhook, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookAnswer {
    #[schema(value_type = String)]
    id: WebhookId,
    url: String,
    /// Types of events; empty: all of them.
    types: Vec<&'static str>,
    note: String,
    active: bool,
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// The first failure since the last success.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    failing_since: Option<Timestamp>,
    /// Since when it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    off_since: Option<Timestamp>,
    /// `failing`, `gone` or `by_hand`.
    #[serde(skip_serializing_if = "Option::is_none")]
    off_why: Option<&'static str>,
    /// Until when the secret before this one signs as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    old_secret_until: Option<Timestamp>,
    /// The secret: only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl WebhookAnswer {
    fn of(webhook: Webhook, secret: Option<&Secret>) -> Self {
        let now = clock::now();
        Self {
            id: webhook.id,
            url: webhook.url,
            types: webhook.kinds.iter().map(|kind| kind.code()).collect(),
            note: webhook.note,
            active: webhook.off.is_none(),
            created_at: webhook.created_at,
            failing_since: webhook.failing_since,
            off_since: webhook.off.map(|(since, _)| since),
            off_why: webhook.off.map(|(_, why)| why.code()),
            old_secret_until: webhook.old_secret.map(|(_, until)| until).filter(|until| now < *until),
            secret: secret.map(Secret::shown),
        }
    }
}

/// The webhooks of a library.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookList {
    data: Vec<WebhookAnswer>,
}

/// Where events are to be posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookBody {
    /// An `https` address that the public internet reaches.
    #[schema(example = "https://ils.library.example/hooks/courtesy")]
    url: String,
    /// Types of events; left out: all of them.
    #[serde(default)]
    types: Vec<String>,
    /// What people call it.
    #[serde(default)]
    note: String,
    /// On or off; left out: as it is.
    active: Option<bool>,
}

/// List the webhooks.
#[utoipa::path(get, path = "/v1/libraries/{library}/webhooks", tag = "webhooks", params(("library" = String, Path)), responses((status = 200, body = WebhookList)), security(("key" = [])))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller, Path(code): Path<String>) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let all = app.store.webhooks(&library.code).await?;
    Ok(no_store(Json(WebhookList { data: all.into_iter().map(|one| WebhookAnswer::of(one, None)).collect() })))
}

/// Add a webhook. Its secret is in this answer and in no other.
#[utoipa::path(post, path = "/v1/libraries/{library}/webhooks", tag = "webhooks", params(("library" = String, Path)), request_body = WebhookBody, responses((status = 201, body = WebhookAnswer), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let body: WebhookBody = read_json(&body)?;
    let (kinds, now) = (checked(&app, &body)?, clock::now());
    let id = WebhookId::new(now);
    let (secret, sealed) = app.outbox.new_secret(id);
    let webhook = Webhook {
        id,
        library: library.code.clone(),
        url: body.url,
        kinds,
        note: body.note,
        secret: sealed,
        old_secret: None,
        created_at: now,
        failing_since: None,
        off: None,
    };
    let deed = caller.deed(Some(&library.code), "webhook.added", webhook.url.as_str());
    if !app.store.noting(deed).add_webhook(webhook.clone(), WEBHOOKS_MAX).await? {
        let detail = format!("{} has {WEBHOOKS_MAX} webhooks already.", library.code);
        return Err(Problem::new("conflict", detail, "Remove one that is not needed.").into());
    }
    if body.active == Some(false) {
        app.store.switch_webhook(library.code.clone(), id, false, now).await?;
    }
    let kept = found(&app, &library.code, &id.to_string()).await?;
    Ok((StatusCode::CREATED, no_store(Json(WebhookAnswer::of(kept, Some(&secret))))).into_response())
}

/// One webhook.
#[utoipa::path(get, path = "/v1/libraries/{library}/webhooks/{id}", tag = "webhooks", params(("library" = String, Path), ("id" = String, Path)), responses((status = 200, body = WebhookAnswer), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    Ok(no_store(Json(WebhookAnswer::of(of_path(&app, &caller, &code, &id).await?, None))))
}

/// Change a webhook, or switch it on or off. What waited for it is posted once it is on.
#[utoipa::path(put, path = "/v1/libraries/{library}/webhooks/{id}", tag = "webhooks", params(("library" = String, Path), ("id" = String, Path)), request_body = WebhookBody, responses((status = 200, body = WebhookAnswer), (status = 404, body = Problem), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, id)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let webhook = of_path(&app, &caller, &code, &id).await?;
    let body: WebhookBody = read_json(&body)?;
    let kinds = checked(&app, &body)?;
    let changed = Webhook { url: body.url, kinds, note: body.note, ..webhook.clone() };
    let deed = caller.deed(Some(&webhook.library), "webhook.changed", changed.url.as_str());
    app.store.noting(deed).change_webhook(changed).await?;
    if let Some(on) = body.active {
        let what = if on { "webhook.on" } else { "webhook.off" };
        let deed = caller.deed(Some(&webhook.library), what, webhook.url.as_str());
        app.store.noting(deed).switch_webhook(webhook.library.clone(), webhook.id, on, clock::now()).await?;
        app.outbox.nudge();
    }
    Ok(no_store(Json(WebhookAnswer::of(found(&app, &webhook.library, &id).await?, None))))
}

/// End a webhook for good, with its log.
#[utoipa::path(delete, path = "/v1/libraries/{library}/webhooks/{id}", tag = "webhooks", params(("library" = String, Path), ("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let webhook = of_path(&app, &caller, &code, &id).await?;
    let deed = caller.deed(Some(&webhook.library), "webhook.removed", webhook.url.as_str());
    app.store.noting(deed).remove_webhook(webhook.library.clone(), webhook.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a test came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestAnswer {
    delivered: bool,
    /// The HTTP status of the other side; absent where it did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<u16>,
    /// Why it was not delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Post a test event now, and say what came of it. A webhook that is off is tested too.
#[utoipa::path(post, path = "/v1/libraries/{library}/webhooks/{id}/test", tag = "webhooks", params(("library" = String, Path), ("id" = String, Path)), responses((status = 200, body = TestAnswer), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn try_out(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let webhook = of_path(&app, &caller, &code, &id).await?;
    app.store.note(caller.deed(Some(&webhook.library), "webhook.tested", webhook.url.as_str())).await?;
    let answered = app.outbox.try_out(&webhook).await?;
    let delivered = answered.why.is_none();
    Ok(no_store(Json(TestAnswer { delivered, answer: answered.status, why: answered.why })))
}

/// Give a webhook another secret. The one it had signs as well for a day.
#[utoipa::path(post, path = "/v1/libraries/{library}/webhooks/{id}/rotate", tag = "webhooks", params(("library" = String, Path), ("id" = String, Path)), responses((status = 200, body = WebhookAnswer), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn rotate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let webhook = of_path(&app, &caller, &code, &id).await?;
    let secret = app.outbox.rotate(webhook.library.clone(), webhook.id).await?;
    app.store.note(caller.deed(Some(&webhook.library), "webhook.secret", webhook.url.as_str())).await?;
    Ok(no_store(Json(WebhookAnswer::of(found(&app, &webhook.library, &id).await?, secret.as_ref()))))
}

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

/// The webhook of a path, where the caller's key opens its library.
async fn of_path(app: &App, caller: &Caller, code: &str, id: &str) -> Result<Webhook, Refusal> {
    found(app, &library(app, caller, code)?.code, id).await
}

async fn found(app: &App, library: &LibraryCode, id: &str) -> Result<Webhook, Refusal> {
    let absent =
        || Problem::new("not-found", format!("{library} has no webhook {id}."), "GET its webhooks lists them.");
    let wanted: WebhookId = id.parse().map_err(|_| absent())?;
    Ok(app.store.webhook(library, wanted).await?.ok_or_else(absent)?)
}

/// The types that a body names, where all of it can be used.
fn checked(app: &App, body: &WebhookBody) -> Result<Vec<Kind>, Box<Problem>> {
    if body.url.len() > URL_LETTERS_MAX {
        return Err(Problem::field("/url", format!("a URL has at most {URL_LETTERS_MAX} letters")));
    }
    app.outbox.may_post_to(&body.url).map_err(|error| Problem::field("/url", error.to_string()))?;
    if body.note.chars().count() > NOTE_LETTERS_MAX || body.note.chars().any(char::is_control) {
        return Err(Problem::field("/note", format!("a note has at most {NOTE_LETTERS_MAX} letters, on one line")));
    }
    let mut kinds = Vec::new();
    for (index, code) in body.types.iter().enumerate() {
        let kind = Kind::from_code(code).ok_or_else(|| {
            let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
            Problem::field(format!("/types/{index}"), format!("“{code}” is not one of {}", all.join(", ")))
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}
