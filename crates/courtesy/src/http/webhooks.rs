//! `/v1/libraries/{library}/webhooks`: where a library's systems want to be told of events. Not here: what they were told (`deliveries`).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::libraries::library;
use super::problem::{Problem, Refusal, read_json};
use crate::clock;
use crate::id::WebhookId;
use crate::library::LibraryCode;
use crate::store::Webhook;
use crate::webhook::{Kind, Secret};

/// Webhooks of one library at most: each event is kept once for each of them.
pub const WEBHOOKS_MAX: u32 = 10;

/// Longest URL and longest name, in letters.
const URL_LETTERS_MAX: usize = 2000;
const NOTE_LETTERS_MAX: usize = 200;

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

/// The webhook of a path, where the caller's key opens its library.
pub(super) async fn of_path(app: &App, caller: &Caller, code: &str, id: &str) -> Result<Webhook, Refusal> {
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
