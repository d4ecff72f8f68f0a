//! `/v1/messages`: lists, and one message; taking it back. Not here: its history (`timeline`), sending it again (`resend`).

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::{after, no_store, page};
use super::auth::Caller;
use super::problem::{Problem, Refusal, accepted_language};
use super::unreached::in_the_end;
use crate::channel::Channel;
use crate::clock;
use crate::id::{EventId, MessageId};
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::outcome::{Cause, Facts};
use crate::queue::State as MessageState;
use crate::store::{Filter, MessageRow};

/// Rows of a page unless asked otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;

/// A message as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageAnswer {
    #[schema(value_type = String)]
    id: MessageId,
    #[schema(value_type = String)]
    library: LibraryCode,
    request: String,
    notice: String,
    language: String,
    /// Which way it goes: `mail`, `text`, `push` or `letter`.
    channel: Channel,
    /// Masked: `a•••k@patron.example`, `+1•••••••••23`.
    to: Option<String>,
    state: MessageState,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<CauseAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    attempts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    due_at: Option<jiff::Timestamp>,
    /// Until when it waits for its patron's other notices, to be told together with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    waits_for_others_until: Option<jiff::Timestamp>,
    /// Of a message that is `gathered`: the one in which it was told together with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    told_in: Option<ToldIn>,
    #[schema(value_type = String)]
    deadline: jiff::Timestamp,
    #[schema(value_type = String)]
    created_at: jiff::Timestamp,
    #[schema(value_type = String)]
    changed_at: jiff::Timestamp,
}

/// The message in which others were told together, and how it stands: by the last way that was tried.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldIn {
    #[schema(value_type = String)]
    id: MessageId,
    state: MessageState,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<CauseAnswer>,
}

/// A cause in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct CauseAnswer {
    code: &'static str,
    /// What happened, in the caller's language.
    words: String,
    /// Who can fix it.
    fixer: String,
    /// What we do about it; of a message that has ended, what was done, or what to do next.
    doing: String,
}

fn cause_answer(code: &str, row: &MessageRow, language: Language) -> CauseAnswer {
    let cause = Cause::of(code);
    let receiver = row.receiver();
    let facts = Facts::of(row.provider.as_deref(), receiver.as_deref());
    CauseAnswer {
        code: cause.code(),
        words: cause.headline(language, &facts),
        fixer: cause.whose_job(language, &facts),
        doing: match row.state {
            MessageState::Failed | MessageState::Suppressed => in_the_end(row, cause, language, &facts),
            _ => cause.doing(language, &facts),
        },
    }
}

impl MessageAnswer {
    /// `told`: how the messages stand in which others were told together.
    fn of(row: MessageRow, told: &HashMap<EventId, MessageRow>, language: Language) -> Self {
        Self {
            told_in: row.told_in.and_then(|event| told.get(&event)).map(|by| ToldIn {
                id: by.id,
                state: by.state,
                cause: by.cause.as_deref().map(|code| cause_answer(code, by, language)),
            }),
            cause: row.cause.as_deref().map(|code| cause_answer(code, &row, language)),
            channel: row.channel,
            to: row.channel.masked(&row.address),
            id: row.id,
            library: row.library,
            request: row.request,
            notice: row.notice,
            language: row.language,
            state: row.state,
            sender: row.sender,
            provider: row.provider,
            attempts: row.attempts,
            due_at: row.due_at,
            waits_for_others_until: row.gather_at,
            deadline: row.deadline,
            created_at: row.created_at,
            changed_at: row.changed_at,
        }
    }
}

/// How it stands with the messages in which those of `rows` were told together with others.
async fn told_by(app: &App, rows: &[MessageRow]) -> crate::store::Result<HashMap<EventId, MessageRow>> {
    let mut asked: HashMap<&LibraryCode, Vec<EventId>> = HashMap::new();
    for row in rows {
        if let Some(event) = row.told_in {
            asked.entry(&row.library).or_default().push(event);
        }
    }
    let mut told = HashMap::new();
    for (library, events) in asked {
        told.extend(app.store.told_by(library, &events).await?);
    }
    Ok(told)
}

/// The answer for one message.
pub(super) async fn one(app: &App, row: MessageRow, language: Language) -> crate::store::Result<MessageAnswer> {
    let told = told_by(app, std::slice::from_ref(&row)).await?;
    Ok(MessageAnswer::of(row, &told, language))
}

/// Which messages to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// A library's code.
    library: Option<String>,
    /// `queued`, `sending`, `delayed`, `accepted`, `failed`, `held`, `suppressed`, `cancelled` or `gathered`.
    state: Option<String>,
    /// A cause, or the first part of one: `auth` finds `auth.dmarc`.
    cause: Option<String>,
    /// A request's number.
    request: Option<String>,
    /// A notice's code.
    notice: Option<String>,
    /// Rows wanted; 50 unless said, 500 at most.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of messages, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageList {
    data: Vec<MessageAnswer>,
    /// Give it as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    has_more: bool,
}

/// List messages.
#[utoipa::path(get, path = "/v1/messages", tag = "messages", params(ListQuery),
    responses((status = 200, body = MessageList, description = "JSON, or one message a line with Accept: application/x-ndjson"), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let language = accepted_language(&headers);
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let filter = filter(query, &caller)?;
    let rows = app.store.messages(&filter, limit + 1).await?;
    let (rows, next) = page(rows, limit, |row| row.id.to_string());
    let told = told_by(&app, &rows).await?;
    let data: Vec<MessageAnswer> = rows.into_iter().map(|row| MessageAnswer::of(row, &told, language)).collect();
    if wants_lines(&headers) {
        let mut text = String::new();
        for one in &data {
            text.push_str(&serde_json::to_string(one).unwrap_or_default());
            text.push('\n');
        }
        return Ok(no_store(([(header::CONTENT_TYPE, "application/x-ndjson")], text)));
    }
    Ok(no_store(Json(MessageList { data, has_more: next.is_some(), next })))
}

fn wants_lines(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("application/x-ndjson"))
}

fn filter(query: ListQuery, caller: &Caller) -> Result<Filter, Box<Problem>> {
    let library = caller.library_named(query.library.as_deref())?;
    let state = query.state.map(|code| {
        let unknown = || Problem::field("/state", format!("“{code}” is not a state; use {}", states()));
        MessageState::from_code(&code).ok_or_else(unknown)
    });
    Ok(Filter {
        library,
        state: state.transpose()?,
        cause: query.cause,
        request: query.request,
        notice: query.notice,
        before: after(query.after.as_deref())?,
        ..Filter::default()
    })
}

fn states() -> String {
    MessageState::ALL.map(MessageState::code).join(", ")
}

/// The message of a path, if the caller may see it. Somebody else's is as absent as one that never was.
pub(super) async fn found(app: &App, caller: &Caller, id: &str) -> Result<MessageRow, Refusal> {
    let absent = || Problem::new("not-found", format!("There is no message {id} that this key may see."), "");
    let id: MessageId = id.parse().map_err(|_| absent())?;
    let row = app.store.message(caller.key.library.as_ref(), id).await?;
    Ok(row.ok_or_else(absent)?)
}

/// One message.
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = MessageAnswer), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let row = found(&app, &caller, &id).await?;
    Ok(no_store(Json(one(&app, row, accepted_language(&headers)).await?)))
}

/// Take a message back that has not left.
#[utoipa::path(post, path = "/v1/messages/{id}/cancel", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = MessageAnswer), (status = 404, body = Problem), (status = 409, body = Problem)), security(("key" = [])))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let row = found(&app, &caller, &id).await?;
    if !app.store.cancel(row.library.clone(), row.id, caller.name(), clock::now()).await? {
        let detail = format!("The message is {}; only one that waits can be taken back.", row.state);
        return Err(Problem::new("conflict", detail, "").into());
    }
    let row = found(&app, &caller, &id).await?;
    Ok(no_store(Json(one(&app, row, accepted_language(&headers)).await?)))
}
