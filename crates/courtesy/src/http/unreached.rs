//! `/v1/unreached`: the patrons we could not reach, each with what to do next.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use standards::address::Address;
use utoipa::ToSchema;

use super::App;
use super::answer::{after, no_store, page};
use super::auth::Caller;
use super::messages::found;
use super::problem::{Problem, Refusal, accepted_language, read_json};
use crate::channel::Channel;
use crate::clock;
use crate::id::MessageId;
use crate::intake::Told;
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::outcome::{Action, Cause, Facts, Step};
use crate::queue::State as MessageState;
use crate::store::{MessageRow, SeenTo};

/// Rows of a page unless asked otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;

/// How far back the list goes: after that the loan is over, or somebody has asked.
pub(super) const BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Letters of a note.
const NOTE_LETTERS_MAX: usize = 500;

/// A patron we could not reach.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnreachedAnswer {
    /// The message that did not arrive.
    #[schema(value_type = String)]
    message: MessageId,
    #[schema(value_type = String)]
    library: LibraryCode,
    request: String,
    notice: String,
    /// The patron's name, where the request told it.
    patron: String,
    /// The library's number for the patron.
    #[serde(skip_serializing_if = "Option::is_none")]
    patron_id: Option<String>,
    /// Which way it went.
    channel: Channel,
    /// Where it went, masked.
    to: Option<String>,
    state: MessageState,
    cause: &'static str,
    /// Why, in words.
    words: String,
    /// What to do, as a code: `ask_address`, `check_address`, `add_address`, `speak`, `tell_of_full_box`, `fix_notice`,
    /// `send_again`, `tell_another_way`.
    next_step: &'static str,
    /// What to do, in words.
    next_words: &'static str,
    #[schema(value_type = String)]
    since: Timestamp,
}

/// A page of patrons we could not reach, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnreachedList {
    data: Vec<UnreachedAnswer>,
    /// Give it as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    has_more: bool,
}

/// Whose patrons.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct UnreachedQuery {
    /// A library's code.
    library: Option<String>,
    /// Rows wanted; 50 unless said, 500 at most.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// The patrons we could not reach in the last thirty days and nobody has seen to, each with what to do next: one row a patron and
/// request, the newest message.
#[utoipa::path(get, path = "/v1/unreached", tag = "unreached", params(UnreachedQuery),
    responses((status = 200, body = UnreachedList), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<UnreachedQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let language = accepted_language(&headers);
    let library = caller.library_named(query.library.as_deref())?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let before = after(query.after.as_deref())?;
    let since = clock::now().checked_sub(BACK).unwrap_or(Timestamp::MIN);
    let rows = app.store.unreached(library.as_ref(), since, before, limit + 1).await?;
    let (rows, next) = page(rows, limit, |row| row.id.to_string());
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.extend(missed(&app, row).await?);
    }
    let data = one_each(all).into_iter().map(|one| unreached(one, language)).collect();
    Ok(no_store(Json(UnreachedList { data, has_more: next.is_some(), next })))
}

/// A patron whom a message did not reach.
pub struct Missed {
    /// The message.
    pub row: MessageRow,
    /// What the event told of them.
    pub told: Told,
    /// Where it went; none where there is no address.
    pub address: Option<Address>,
    /// Why it did not arrive.
    pub cause: Cause,
}

impl Missed {
    /// The patron's name; empty where nobody told it.
    #[must_use]
    pub fn name(&self) -> String {
        self.told.patron.fields().remove("full_name").unwrap_or_default()
    }

    /// Which patron it is, and of which request.
    fn whom(&self) -> (LibraryCode, String, String) {
        let number = self.told.patron.number().map(str::to_owned);
        let patron = number.or_else(|| self.told.patron.email.as_ref().map(|email| email.to_string().to_lowercase()));
        (self.row.library.clone(), self.row.request.clone(), patron.unwrap_or_else(|| self.name()))
    }

    /// Why, in words.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let domain = self.address.as_ref().map(|address| address.domain().to_string());
        self.cause.headline(language, &Facts::of(self.row.provider.as_deref(), domain.as_deref()))
    }
}

/// The patron a message did not reach; none for messages to staff, and for copies.
///
/// # Errors
/// When the store is broken.
pub async fn missed(app: &App, row: MessageRow) -> crate::store::Result<Option<Missed>> {
    let to_patron = Notice::from_code(&row.notice)
        .is_ok_and(|notice| notice.audience == Audience::Patron && !notice.status.is_asked_for());
    if !to_patron {
        return Ok(None);
    }
    let told = Told::of(&app.store, &row.library, row.event).await?.unwrap_or_default();
    let address = Address::parse(&row.address).ok();
    let is_copy = app.book.library(&row.library).is_some_and(|library| {
        address.as_ref().is_some_and(|address| library.cc.contains(address)) && told.patron.email != address
    });
    if is_copy {
        return Ok(None);
    }
    // For a stopped address the reason of the stop says what to do.
    let mut cause = row.cause.as_deref().map_or_else(Cause::unknown, Cause::of);
    if cause == Cause::of("addr.stopped")
        && let Some(address) = &address
    {
        let listed = crate::outcome::stop::ListedAddress::of(address);
        cause = app.store.do_not_send(&row.library, &listed).await?.map_or(cause, |stop| stop.cause);
    }
    Ok(Some(Missed { row, told, address, cause }))
}

/// What there is to say of `cause` once `row` has ended. What staff can do next for a patron is not said of their own notices.
#[must_use]
pub fn in_the_end(row: &MessageRow, cause: Cause, language: Language, facts: &Facts<'_>) -> String {
    let to_staff = Notice::from_code(&row.notice).is_ok_and(|notice| notice.audience != Audience::Patron);
    match cause.action() {
        Action::StopAddress => cause.doing(language, facts),
        _ if to_staff => String::new(),
        _ => cause.in_the_end(language, facts),
    }
}

/// The first one of each patron and request, which is the newest: who is told of that knows how it stands. Mail that names no request is
/// each about something else.
#[must_use]
pub fn one_each(found: Vec<Missed>) -> Vec<Missed> {
    let mut whom = HashSet::new();
    found.into_iter().filter(|one| one.row.request.is_empty() || whom.insert(one.whom())).collect()
}

/// Notes that older messages, too, which did not reach the patron of `row` on the same request were seen to: the list shows the newest for all.
///
/// # Errors
/// When the store is broken.
pub async fn see_to_older(app: &App, row: &MessageRow, seen: &SeenTo) -> crate::store::Result<()> {
    let Some(newest) = missed(app, row.clone()).await?.filter(|_| !row.request.is_empty()) else { return Ok(()) };
    let is_older = |other: &MessageRow| {
        other.id < row.id && matches!(other.state, MessageState::Failed | MessageState::Suppressed)
    };
    let of_request = app.store.messages_of_request(&row.library, &row.request).await?;
    for other in of_request.into_iter().filter(is_older) {
        let Some(other) = missed(app, other).await?.filter(|other| other.whom() == newest.whom()) else { continue };
        app.store.see_to(other.row.library, other.row.id, seen.clone()).await?;
    }
    Ok(())
}

fn unreached(one: Missed, language: Language) -> UnreachedAnswer {
    let step = Step::after(one.cause);
    let (patron, words) = (one.name(), one.words(language));
    let Missed { row, told, cause, .. } = one;
    UnreachedAnswer {
        message: row.id,
        patron,
        patron_id: told.patron.id,
        channel: row.channel,
        to: row.channel.masked(&row.address),
        state: row.state,
        cause: cause.code(),
        words,
        next_step: step.code(),
        next_words: step.words(language),
        since: row.changed_at,
        library: row.library,
        request: row.request,
        notice: row.notice,
    }
}

/// How the patron was told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveBody {
    /// `phone`, `text`, `letter`, `in_person` or `other`.
    by: String,
    /// In your words.
    #[serde(default)]
    note: String,
}

/// What was noted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResolveAnswer {
    #[schema(value_type = String)]
    message: MessageId,
    /// Whether it was noted now; false where somebody was first.
    changed: bool,
}

/// Note that a patron was told some other way, or need not be: the message leaves the list, and so do older ones to the same patron on the same
/// request.
#[utoipa::path(post, path = "/v1/unreached/{id}/resolve", tag = "unreached", params(("id" = String, Path)), request_body(content = ResolveBody),
    responses((status = 200, body = ResolveAnswer), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn resolve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let row = found(&app, &caller, &id).await?;
    let body: ResolveBody = read_json(&body)?;
    if !SeenTo::HOWS.contains(&body.by.as_str()) {
        return Err(Problem::field("/by", format!("“{}” is no way; use {}", body.by, SeenTo::HOWS.join(", "))).into());
    }
    if !matches!(row.state, MessageState::Failed | MessageState::Suppressed) {
        let detail = format!("The message is {}; only one that did not arrive is on the list.", row.state);
        return Err(Problem::new("conflict", detail, "").into());
    }
    let note = body.note.chars().filter(|c| !c.is_control()).take(NOTE_LETTERS_MAX).collect();
    let seen = SeenTo::told(&body.by, caller.name(), note, clock::now());
    let changed = app.store.see_to(row.library.clone(), row.id, seen.clone()).await?;
    see_to_older(&app, &row, &seen).await?;
    Ok(no_store(Json(ResolveAnswer { message: row.id, changed })))
}
