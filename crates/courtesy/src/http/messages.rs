//! `/v1/messages`: lists, one message, its timeline; resend, cancel, release.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use standards::address::Address;
use utoipa::ToSchema;

use super::App;
use super::auth::Caller;
use super::problem::{FieldError, Problem, Refusal, accepted_language, read_json};
use crate::channel::{Channel, Number};
use crate::clock;
use crate::delivery::transcript::{Transcript, masked};
use crate::id::{EventId, MessageId};
use crate::intake::{Resent, Wish};
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::outcome::{Cause, Facts};
use crate::queue::State as MessageState;
use crate::store::{Filter, MessageRow};
use crate::timeline::{Entry, What};

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
    /// What we do about it.
    doing: String,
}

fn cause_answer(code: &str, row: &MessageRow, language: Language) -> CauseAnswer {
    let cause = Cause::of(code);
    let receiver = Address::parse(&row.address).ok().map(|address| address.domain().to_string());
    let facts = Facts {
        provider: row.provider.as_deref().or(receiver.as_deref()),
        their_domain: receiver.as_deref(),
        ..Facts::default()
    };
    CauseAnswer {
        code: cause.code(),
        words: cause.headline(language, &facts),
        fixer: cause.whose_job(language, &facts),
        doing: cause.doing(language, &facts),
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
async fn one(app: &App, row: MessageRow, language: Language) -> crate::store::Result<MessageAnswer> {
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
    let mut rows = app.store.messages(&filter, limit + 1).await?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = has_more.then(|| rows.last().map(|row| row.id.to_string())).flatten();
    let told = told_by(&app, &rows).await?;
    let data: Vec<MessageAnswer> = rows.into_iter().map(|row| MessageAnswer::of(row, &told, language)).collect();
    if wants_lines(&headers) {
        let mut text = String::new();
        for one in &data {
            text.push_str(&serde_json::to_string(one).unwrap_or_default());
            text.push('\n');
        }
        return Ok(([(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store")], text)
            .into_response());
    }
    Ok(no_store(Json(MessageList { data, next, has_more })))
}

fn wants_lines(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("application/x-ndjson"))
}

/// An answer that no cache keeps: it may speak of a patron.
pub(super) fn no_store(body: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], body).into_response()
}

fn filter(query: ListQuery, caller: &Caller) -> Result<Filter, Box<Problem>> {
    let refuse = |pointer: &str, detail: String| {
        Problem::new("field-invalid", detail.clone(), "Fix the query.").with(vec![FieldError {
            pointer: pointer.to_owned(),
            detail,
            code: "invalid",
        }])
    };
    let library = match query.library {
        Some(code) => {
            let code = LibraryCode::parse(&code).map_err(|error| refuse("/library", error.to_string()))?;
            caller.may_act_for(&code)?;
            Some(code)
        }
        None => caller.key.library.clone(),
    };
    let state = match query.state {
        Some(code) => Some(
            MessageState::from_code(&code)
                .ok_or_else(|| refuse("/state", format!("“{code}” is not a state; use {}", states())))?,
        ),
        None => None,
    };
    let before = match query.after {
        Some(text) => Some(text.parse().map_err(|error: crate::id::NotAnId| refuse("/after", error.to_string()))?),
        None => None,
    };
    Ok(Filter {
        library,
        state,
        cause: query.cause,
        request: query.request,
        notice: query.notice,
        before,
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

/// A message's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineAnswer {
    message: MessageAnswer,
    /// The oldest first. Each has `at`, `kind` and what belongs to that kind.
    #[schema(value_type = Vec<Object>)]
    entries: Vec<EntryAnswer>,
}

/// One line of a history.
#[derive(Debug, Serialize)]
pub struct EntryAnswer {
    #[serde(flatten)]
    entry: Entry,
    /// Its cause in words, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
}

impl EntryAnswer {
    fn of(entry: Entry, row: &MessageRow, language: Language) -> Self {
        let (cause, attempt) = match &entry.what {
            What::Attempted(attempt) => (attempt.cause.as_deref(), Some(attempt)),
            What::SenderChanged { cause }
            | What::Held { cause, .. }
            | What::Expired { cause }
            | What::AddressStopped { cause }
            | What::DoNotSend { because: cause, .. }
            | What::LeftOut { cause, .. }
            | What::NotSent { cause } => (Some(cause.as_str()), None),
            What::Returned(returned) => (Some(returned.cause.as_str()), None),
            _ => (None, None),
        };
        let receiver = Address::parse(&row.address).ok().map(|address| address.domain().to_string());
        let from = attempt.and_then(|attempt| attempt.from.rsplit_once('@').map(|(_, domain)| domain));
        let provider =
            attempt.map(|attempt| attempt.provider.as_str()).or(row.provider.as_deref()).or(receiver.as_deref());
        let facts = Facts { provider, domain: from, their_domain: receiver.as_deref(), ..Facts::default() };
        let words = cause.map(|code| Cause::of(code).headline(language, &facts));
        Self { words, entry }
    }
}

/// The history of one message, with each attempt's conversation (addresses masked).
#[utoipa::path(get, path = "/v1/messages/{id}/timeline", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = TimelineAnswer), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn timeline(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let row = found(&app, &caller, &id).await?;
    let mut entries = app.store.timeline(row.id).await?;
    for entry in &mut entries {
        if let What::Attempted(attempt) = &mut entry.what {
            attempt.transcript =
                Transcript::from_text(std::mem::take(&mut attempt.transcript)).masked().as_str().to_owned();
            attempt.reply = attempt.reply.take().map(|reply| masked(&reply));
        }
        if let What::Returned(returned) = &mut entry.what {
            returned.words = masked(&returned.words);
        }
    }
    let language = accepted_language(&headers);
    let entries = entries.into_iter().map(|entry| EntryAnswer::of(entry, &row, language)).collect();
    let message = one(&app, row, language).await?;
    Ok(no_store(Json(TimelineAnswer { message, entries })))
}

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
        Resent::NotNow(why) => Err(Problem::new("conflict", why, "").into()),
    }
}

/// What is wished for, each part of it read.
fn wish(app: &App, row: &MessageRow, body: &ResendBody) -> Result<Wish, Box<Problem>> {
    let wrong = |detail: String, what: &str| {
        let errors = vec![FieldError { pointer: "/to".to_owned(), detail, code: "invalid" }];
        Problem::new("field-invalid", what, "Fix it.").with(errors)
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
pub(super) fn wants_shared(from: Option<&str>) -> Result<bool, Box<Problem>> {
    match from {
        None | Some("auto") => Ok(false),
        Some("shared") => Ok(true),
        Some(other) => {
            let detail = format!("“{other}” is not a choice of sender");
            let errors = vec![FieldError { pointer: "/from".to_owned(), detail: detail.clone(), code: "invalid" }];
            Err(Problem::new("field-invalid", detail, "Use auto or shared.").with(errors))
        }
    }
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
