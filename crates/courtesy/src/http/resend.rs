//! Sending again: one message, or all that did not arrive and fit.
//!
//! In: messages, and another address, way or sender where one is wished. Out: new messages with histories of their own. What may be
//! sent again, and when, is decided by intake.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standards::address::Address;
use utoipa::ToSchema;

use super::App;
use super::answer::{no_store, page};
use super::auth::Caller;
use super::messages::found;
use super::problem::{FieldError, Problem, Refusal, read_json};
use super::unreached::BACK;
use crate::channel::{Channel, Number};
use crate::clock;
use crate::id::MessageId;
use crate::intake::{Resent, Wish};
use crate::queue::State as MessageState;
use crate::store::{Filter, MessageRow};

/// Messages sent again by one request, at most: a page of the list. More at once is a flood that somebody should look at.
const MANY_MAX: u32 = 500;

/// How to send again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendBody {
    /// Another address, or telephone number, for this one message.
    to: Option<String>,
    /// `mail`, `text` or `push`: another way than it went.
    channel: Option<Channel>,
    /// `auto`, which is usual: the best sender that is proven; or `shared`: the shared address, whatever is proven.
    from: Option<String>,
}

/// A new message that repeats an old one.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResendAnswer {
    #[schema(value_type = String)]
    id: MessageId,
    #[schema(value_type = String)]
    repeats: MessageId,
    state: MessageState,
    /// Whether it had been sent again before: then this is the message of that time, and nothing was sent now.
    before: bool,
}

/// Send a message again, as a new message with a history of its own; a held one is put back into the queue.
#[utoipa::path(post, path = "/v1/messages/{id}/resend", tag = "messages", params(("id" = String, Path)), request_body(content = Option<ResendBody>),
    responses((status = 200, body = ResendAnswer, description = "It had been sent again before"), (status = 202, body = ResendAnswer), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn again(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let row = found(&app, &caller, &id).await?;
    let body: ResendBody = if body.is_empty() { ResendBody::default() } else { read_json(&body)? };
    let repeats = row.id;
    let wish = wish(&app, &row, &body)?;
    match app.intake.resend(row, wish, caller.name()).await? {
        Resent::As(id) => {
            let answer = ResendAnswer { id, repeats, state: MessageState::Queued, before: false };
            Ok((StatusCode::ACCEPTED, no_store(Json(answer))).into_response())
        }
        Resent::Before(id) => {
            let state = found(&app, &caller, &id.to_string()).await?.state;
            Ok(no_store(Json(ResendAnswer { id, repeats, state, before: true })))
        }
        Resent::Stopped(_) => Err(Problem::new(
            "conflict",
            "Not sent: this address is on the library's do-not-send list.",
            "Take it off the list (DELETE /v1/libraries/{library}/do-not-send), or give another address as `to`.",
        )
        .into()),
        Resent::NotNow(why) => Err(Problem::new("conflict", why, "").into()),
    }
}

/// Which messages to send again, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManyBody {
    /// A library's code; left out: the key's own library, or all where the key speaks for all.
    library: Option<String>,
    /// `failed`, which is usual, or `suppressed`.
    state: Option<String>,
    /// A cause, or the first part of one: `auth`.
    cause: Option<String>,
    /// Of one notice.
    notice: Option<String>,
    /// Made at this time or later; thirty days ago unless said.
    #[schema(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// `auto` or `shared`.
    from: Option<String>,
    /// Messages at most; 500 is the most of all.
    most: Option<u32>,
    /// Only count them.
    #[serde(default)]
    dry_run: bool,
}

/// What was sent again, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManyAnswer {
    /// Messages that fit and were not sent again before.
    count: usize,
    /// Whether more fit than were looked at: ask again.
    has_more: bool,
    dry_run: bool,
    /// Messages that were not sent, for their address is on the do-not-send list.
    stopped: usize,
    /// The new messages.
    #[schema(value_type = Vec<String>)]
    messages: Vec<MessageId>,
}

/// Send again all messages that did not arrive and fit, each once: what was sent again or seen to before is left out.
#[utoipa::path(post, path = "/v1/messages:resend", tag = "messages", request_body(content = ManyBody),
    responses((status = 200, body = ManyAnswer), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn resend_many(State(app): State<Arc<App>>, caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    let body: ManyBody = read_json(&body)?;
    let library = caller.library_named(body.library.as_deref())?;
    let state = match body.state.as_deref() {
        None | Some("failed") => MessageState::Failed,
        Some("suppressed") => MessageState::Suppressed,
        Some(other) => return Err(Problem::field("/state", format!("“{other}”: use failed or suppressed")).into()),
    };
    let shared = wants_shared(body.from.as_deref())?;
    let most = body.most.unwrap_or(MANY_MAX).clamp(1, MANY_MAX);
    let since = body.since.or_else(|| clock::now().checked_sub(BACK).ok());
    let filter =
        Filter { library, state: Some(state), cause: body.cause, notice: body.notice, since, ..Filter::default() };
    let rows = app.store.messages_not_seen_to(&filter, most + 1).await?;
    let (rows, next) = page(rows, most, |row| row.id.to_string());
    let (mut messages, mut stopped) = (Vec::new(), 0);
    let count = rows.len();
    if !body.dry_run {
        for row in rows {
            let wish = Wish { shared, ..Wish::default() };
            match app.intake.resend(row, wish, caller.name()).await? {
                Resent::As(id) => messages.push(id),
                Resent::Stopped(_) => stopped += 1,
                Resent::Before(_) | Resent::NotNow(_) => {}
            }
        }
    }
    Ok(no_store(Json(ManyAnswer { count, has_more: next.is_some(), dry_run: body.dry_run, stopped, messages })))
}

/// What is wished for, each part of it read.
fn wish(app: &App, row: &MessageRow, body: &ResendBody) -> Result<Wish, Box<Problem>> {
    let wrong = |detail: String, what: &str| {
        Problem::new("field-invalid", what, "Fix the field.").with(vec![FieldError::invalid("/to", detail)])
    };
    let mut wish = Wish { channel: body.channel, shared: wants_shared(body.from.as_deref())?, ..Wish::default() };
    let typed = body.to.as_deref().map(str::trim);
    match (body.channel.unwrap_or(row.channel), typed) {
        (_, None) => {}
        (Channel::Mail, Some(typed)) => {
            let to = Address::parse(typed).map_err(|error| wrong(error.to_string(), "The address is not valid."))?;
            wish.to = Some(to);
        }
        (Channel::Text, Some(typed)) => {
            let number = Number::parse(typed, app.texts.country());
            wish.number = Some(number.map_err(|error| wrong(error.to_string(), "The number is not valid."))?);
        }
        (_, Some(_)) => return Err(wrong("this channel has no address to give".to_owned(), "Leave `to` out.")),
    }
    Ok(wish)
}

/// Whether a message is to leave from the shared address, whatever is proven.
fn wants_shared(from: Option<&str>) -> Result<bool, Box<Problem>> {
    match from {
        None | Some("auto") => Ok(false),
        Some("shared") => Ok(true),
        Some(other) => {
            let unknown = Problem::field("/from", format!("“{other}” is not a choice of sender"));
            Err(unknown.fixed_by("Use auto or shared."))
        }
    }
}
