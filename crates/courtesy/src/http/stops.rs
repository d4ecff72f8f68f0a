//! `/v1/libraries/{library}/do-not-send`: addresses a library no longer writes to: why, since when, and how to use them again.

use std::collections::HashSet;
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
use super::answer::{no_store, page};
use super::auth::Caller;
use super::libraries::library;
use super::problem::{FieldError, Problem, Refusal, accepted_language, read_json};
use crate::clock;
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::outcome::stop::ListedAddress;
use crate::outcome::stop::file::{self, ADDRESSES_MAX, WrongStop};
use crate::outcome::{Cause, Facts};
use crate::store::{DoNotSend, Listed};

/// Rows of a page unless asked otherwise, and at most.
const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1000;

/// Letters of a reason.
const REASON_LETTERS_MAX: usize = 500;

/// The cause of what a person put on the list.
const BY_HAND: &str = "addr.stopped";

/// Wrong rows of a file that are named.
const ERRORS_MAX: usize = 1000;

/// An address the library no longer writes to.
#[derive(Debug, Serialize, ToSchema)]
pub struct StopAnswer {
    address: String,
    /// Why, as a code.
    cause: &'static str,
    /// Why, in words.
    words: String,
    /// What was said, or the reason a person gave.
    evidence: String,
    /// The message it was said of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    message: Option<crate::id::MessageId>,
    /// `refusal`, `bounce`, `complaint`, or who put it there.
    by: String,
    #[schema(value_type = String)]
    since: jiff::Timestamp,
    /// When one message tries the address again; none where only a person may end it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    tried_again_at: Option<jiff::Timestamp>,
}

impl StopAnswer {
    fn of(stop: DoNotSend, language: Language) -> Self {
        let domain = stop.address.rsplit_once('@').map(|(_, domain)| domain.to_owned());
        let facts = Facts { their_domain: domain.as_deref(), ..Facts::default() };
        Self {
            cause: stop.cause.code(),
            words: stop.cause.headline(language, &facts),
            address: stop.address,
            evidence: stop.reply,
            message: stop.message,
            by: stop.by,
            since: stop.since,
            tried_again_at: stop.probe_at,
        }
    }
}

/// A page of the list, by address.
#[derive(Debug, Serialize, ToSchema)]
pub struct StopList {
    data: Vec<StopAnswer>,
    /// Give it as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    has_more: bool,
}

/// Which addresses to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct StopQuery {
    /// This address only: why does this patron get no mail?
    address: Option<String>,
    /// A cause, or the first part of one.
    cause: Option<String>,
    /// Rows wanted; 100 unless said, 1,000 at most.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// List the addresses a library no longer writes to; with `Accept: text/csv` as a file.
#[utoipa::path(get, path = "/v1/libraries/{library}/do-not-send", tag = "do-not-send", params(("library" = String, Path), StopQuery),
    responses((status = 200, body = StopList, description = "JSON, or a file with Accept: text/csv"), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    Query(query): Query<StopQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let language = accepted_language(&headers);
    let address = query.address.as_deref().map(|text| listed(text, "/address")).transpose()?;
    let wants_file = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/csv"));
    let limit = query.limit.unwrap_or(if wants_file { PAGE_MAX } else { PAGE }).clamp(1, PAGE_MAX);
    let which = Listed { address, cause: query.cause, after: query.after };
    let stops = app.store.do_not_send_list(&library.code, &which, limit + 1).await?;
    let (stops, next) = page(stops, limit, |stop| stop.address.clone());
    let data: Vec<StopAnswer> = stops.into_iter().map(|stop| StopAnswer::of(stop, language)).collect();
    if wants_file {
        let next = next.as_deref().and_then(|next| next.parse().ok());
        let kind = header::HeaderValue::from_static("text/csv; charset=utf-8");
        let mut answer = no_store(as_csv(&data));
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(next) = next {
            answer.headers_mut().insert("courtesy-next", next);
        }
        return Ok(answer);
    }
    Ok(no_store(Json(StopList { data, has_more: next.is_some(), next })))
}

fn as_csv(stops: &[StopAnswer]) -> String {
    let mut rows = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = rows.write_record(["address", "reason", "cause", "by", "since", "tried_again_at"]);
    for stop in stops {
        let reason = if stop.evidence.is_empty() { &stop.words } else { &stop.evidence };
        let (since, again) = (stop.since.to_string(), stop.tried_again_at.map(|at| at.to_string()).unwrap_or_default());
        let row: [&str; 6] = [&stop.address, reason, stop.cause, &stop.by, &since, &again];
        let _ = rows.write_record(row.map(file::guarded));
    }
    String::from_utf8(rows.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Addresses to stop writing to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopBody {
    addresses: Vec<String>,
    /// Why, in your words.
    reason: String,
}

/// Whether it is meant.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AddQuery {
    /// Only say what would be done: the same answer, and nothing is changed.
    #[serde(default)]
    dry_run: bool,
}

/// What was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct StopsChanged {
    /// Addresses put on the list, or taken off it. The others were so before.
    changed: u64,
}

/// Stop writing to addresses; or, with `Content-Type: text/csv`, to those of a file: all rows or none, and every row
/// that is wrong is named. The columns `address` and `reason` are found by their heading, or are the first two.
#[utoipa::path(post, path = "/v1/libraries/{library}/do-not-send", tag = "do-not-send", params(("library" = String, Path), AddQuery), request_body(content = StopBody),
    responses((status = 200, body = StopsChanged), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    Query(query): Query<AddQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let is_file = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("text/csv"));
    let given = if is_file { from_csv(&body)? } else { from_json(&body)? };
    if query.dry_run {
        let asked: Vec<_> = given.into_iter().map(|(address, _)| (library.code.clone(), address)).collect();
        let listed = app.store.are_listed(&asked).await?;
        let fresh: HashSet<_> =
            asked.into_iter().zip(listed).filter(|(_, listed)| !listed).map(|(one, _)| one).collect();
        let changed = u64::try_from(fresh.len()).unwrap_or(u64::MAX);
        return Ok(no_store(Json(StopsChanged { changed })));
    }
    let now = clock::now();
    let added = given.into_iter().map(|(address, reason)| DoNotSend {
        library: library.code.clone(),
        address: address.as_str().to_owned(),
        cause: Cause::of(BY_HAND),
        reply: reason,
        message: None,
        by: caller.name(),
        since: now,
        probe_at: None,
        probe: None,
    });
    let changed = app.store.add_do_not_send(added.collect()).await?;
    Ok(no_store(Json(StopsChanged { changed })))
}

fn from_json(body: &[u8]) -> Result<Vec<(ListedAddress, String)>, Box<Problem>> {
    let body: StopBody = read_json(body)?;
    let reason = reason(&body.reason)?;
    few(body.addresses.len())?;
    let read = |(index, text): (usize, &String)| Ok((listed(text, &format!("/addresses/{index}"))?, reason.clone()));
    body.addresses.iter().enumerate().map(read).collect()
}

fn from_csv(body: &[u8]) -> Result<Vec<(ListedAddress, String)>, Box<Problem>> {
    let found = file::read(body);
    if found.wrong.is_empty() {
        let with_reason = |(address, why): (ListedAddress, Option<String>)| (address, why.unwrap_or_else(imported));
        return Ok(found.rows.into_iter().map(with_reason).collect());
    }
    let errors = found.wrong.into_iter().take(ERRORS_MAX).map(|row| {
        let detail = match row.why {
            WrongStop::Empty => "there is no address".to_owned(),
            WrongStop::NoAddress => format!("“{}” is no email address", row.text),
            WrongStop::Unreadable => "this is not CSV".to_owned(),
            WrongStop::TooMany => format!("a file has {} addresses at most", file::ADDRESSES_MAX),
        };
        FieldError::invalid(format!("/{}", row.line), detail)
    });
    let problem = Problem::new(
        "import-invalid",
        "The file has errors; nothing was changed.",
        "Fix the rows and import it again.",
    );
    Err(problem.with(errors.collect()))
}

fn imported() -> String {
    "imported".to_owned()
}

/// Addresses to use again: some, all with a cause, or all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBody {
    #[serde(default)]
    addresses: Vec<String>,
    /// All with this cause, or one below it: `addr` for `addr.unknown`.
    cause: Option<String>,
    /// All of them.
    #[serde(default)]
    all: bool,
    /// Why, in your words: it is kept.
    reason: String,
}

/// Use addresses again. What they were refused for before counts no more.
#[utoipa::path(delete, path = "/v1/libraries/{library}/do-not-send", tag = "do-not-send", params(("library" = String, Path)), request_body(content = ReleaseBody),
    responses((status = 200, body = StopsChanged), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let body: ReleaseBody = read_json(&body)?;
    let reason = reason(&body.reason)?;
    few(body.addresses.len())?;
    let addresses = body.addresses.iter().enumerate();
    let addresses = addresses.map(|(index, text)| listed(text, &format!("/addresses/{index}")));
    let mut which: Vec<Listed> = addresses
        .map(|address| Ok(Listed { address: Some(address?), cause: body.cause.clone(), after: None }))
        .collect::<Result<_, Box<Problem>>>()?;
    if which.is_empty() && (body.all || body.cause.is_some()) {
        which.push(Listed { cause: body.cause, ..Listed::default() });
    }
    if which.is_empty() {
        let detail = "Nothing says which addresses.";
        return Err(Problem::new("field-invalid", detail, "Name addresses, or a cause, or all.").into());
    }
    let changed = released(&app, library.code.clone(), which, &caller, reason).await?;
    Ok((StatusCode::OK, no_store(Json(StopsChanged { changed }))).into_response())
}

async fn released(
    app: &App,
    library: LibraryCode,
    which: Vec<Listed>,
    caller: &Caller,
    reason: String,
) -> Result<u64, Refusal> {
    Ok(app.store.release_do_not_send(library, which, caller.name(), reason, clock::now()).await?)
}

fn few(addresses: usize) -> Result<(), Box<Problem>> {
    if addresses <= ADDRESSES_MAX {
        return Ok(());
    }
    let detail = format!("There are more than {ADDRESSES_MAX} addresses; nothing was changed.");
    Err(Problem::new("field-invalid", detail, "Send them in several requests."))
}

fn reason(text: &str) -> Result<String, Box<Problem>> {
    let text = text.trim();
    if text.is_empty() {
        let errors = vec![FieldError::missing("/reason", "say why")];
        return Err(Problem::new("field-invalid", "A reason must be given: it is kept.", "Say why.").with(errors));
    }
    Ok(text.chars().filter(|c| !c.is_control()).take(REASON_LETTERS_MAX).collect())
}

fn listed(text: &str, pointer: &str) -> Result<ListedAddress, Box<Problem>> {
    Address::parse(text.trim()).map(|address| ListedAddress::of(&address)).map_err(|error| {
        let errors = vec![FieldError::invalid(pointer, error.to_string())];
        Problem::new("field-invalid", "An address is not valid; nothing was changed.", "Fix it.").with(errors)
    })
}
