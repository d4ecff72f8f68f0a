//! `/v1/patrons/{library}`: patrons as a library knows them: one by one or from a CSV file; all that is kept of one, saved or erased.
//!
//! In: a library, and its number for a patron. Out: the record, with what looks like a slip. [`everything`] is what the patron's own page
//! and staff use too. Not here: the erasing (`erasing`).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use standards::address::Address;
use utoipa::ToSchema;

use super::App;
use super::auth::Caller;
use super::erasures::{ErasureAnswer, with_left};
use super::events::DryRun;
use super::libraries::library;
use super::messages::no_store;
use super::problem::{FieldError, Problem, Refusal, read_json};
use crate::channel::{Channel, Number};
use crate::clock;
use crate::intake::Told;
use crate::library::{Library, RowError};
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::status::Status;
use crate::outcome::stop::ListedAddress;
use crate::patron::import::{self, number_problem, read_csv};
use crate::patron::{Patron, Quiet, Record, name_problem, postal_lines, probably_meant};
use crate::store::{Consent, Deed, MessageRow, PatronEvent};

/// Events of one patron that are saved at most: a lifetime of loans.
const EVENTS_MAX: u32 = 10_000;

/// What a file for the patron leaves out of a history: names of staff are theirs, and how we are connected, or what servers said to each
/// other, tells nothing of the patron that is not there.
const NOT_THEIRS: [&str; 5] = ["by", "transcript", "source", "relay", "return_path"];

/// A patron as the library tells of them. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PatronGiven {
    /// Where mail goes: from now on, whatever older address events still tell.
    email: Option<String>,
    /// Where text messages go, as people write it.
    phone: Option<String>,
    /// Whether they agreed to text messages.
    texts: Option<bool>,
    first_name: Option<String>,
    surname: Option<String>,
    full_name: Option<String>,
    /// `en` or `fr`.
    language: Option<String>,
    /// Where letters go, one line each, without the name.
    postal: Option<Vec<String>>,
    /// Whether titles and authors stay out of what they are sent.
    hide_titles: Option<bool>,
    /// The ways to reach them, in their order: `["text", "mail"]`. Empty: as the library does it.
    #[schema(value_type = Option<Vec<String>>)]
    order: Option<Vec<Channel>>,
}

/// A patron as the library knows them.
#[derive(Debug, Serialize, ToSchema)]
pub struct PatronAnswer {
    library: String,
    /// The library's number for them.
    #[serde(rename = "ref")]
    number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Whether they agreed to text messages; none where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    texts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    surname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_name: Option<String>,
    /// The language of their notices; the one they chose themselves before the one that was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'static str>,
    postal: Vec<String>,
    hide_titles: bool,
    order: Vec<&'static str>,
    /// Whether they wish to be told once a day, in one message, what can wait; none: as the library does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<bool>,
    /// Their own quiet hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    quiet: Option<Quiet>,
    /// The address that was probably meant, where this one looks like a slip.
    #[serde(skip_serializing_if = "Option::is_none")]
    probably_meant: Option<String>,
}

/// The record of a patron.
#[utoipa::path(get, path = "/v1/patrons/{library}/{ref}", tag = "patrons", params(("library" = String, Path), ("ref" = String, Path)),
    responses((status = 200, body = PatronAnswer), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, number)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let record = app.store.patron(&library.code, &number).await?.ok_or_else(|| nobody(&number))?;
    Ok(no_store(Json(answer(&app, &library, number, record).await?)))
}

/// Make or change a patron.
#[utoipa::path(put, path = "/v1/patrons/{library}/{ref}", tag = "patrons", params(("library" = String, Path), ("ref" = String, Path), DryRun), request_body = PatronGiven,
    responses((status = 200, body = PatronAnswer), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, number)): Path<(String, String)>,
    Query(DryRun { dry_run }): Query<DryRun>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let given: PatronGiven = read_json(&body)?;
    let (told, order) = checked(&app, &number, given)?;
    let mut record = app.store.patron(&library.code, &number).await?.unwrap_or_default();
    take_over(&mut record, &told);
    if let Some(order) = order {
        record.order = order;
    }
    if !dry_run {
        let deed = Deed::new(Some(&library.code), caller.name(), "patron.changed", number.as_str(), clock::now());
        keep(&app, &library, vec![(told, record.clone())], deed, &caller).await?;
    }
    Ok(no_store(Json(answer(&app, &library, number, record).await?)))
}

/// Erase all that is kept of a patron.
#[utoipa::path(delete, path = "/v1/patrons/{library}/{ref}", tag = "patrons", params(("library" = String, Path), ("ref" = String, Path)),
    responses((status = 202, body = ErasureAnswer, description = "Nothing of them is shown or sent any more; the rest goes on by itself"), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, number)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let asked = app.eraser.ask(&library, &number, caller.name(), clock::now()).await?;
    let erasure = asked.ok_or_else(|| nobody(&number))?;
    Ok(no_store((StatusCode::ACCEPTED, Json(with_left(&app, erasure).await?)).into_response()))
}

/// All that is kept of a patron, as a file.
#[utoipa::path(get, path = "/v1/patrons/{library}/{ref}/everything", tag = "patrons", params(("library" = String, Path), ("ref" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((code, number)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let all = everything(&app, &library, &number, caller.name()).await?.ok_or_else(|| nobody(&number))?;
    Ok(file_of(&all))
}

/// `all` as a file to keep.
#[must_use]
pub fn file_of(all: &serde_json::Value) -> Response {
    let place = (header::CONTENT_DISPOSITION, "attachment; filename=\"patron.json\"");
    no_store(([place], Json(all)).into_response())
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct PatronImport {
    /// Patrons who are new.
    added: usize,
    /// Patrons of whom something is new.
    changed: usize,
    /// Patrons of whom all was known.
    unchanged: usize,
    /// Addresses that look like slips. They are kept as they are.
    suspects: Vec<Suspect>,
    /// Whether nothing was kept.
    dry_run: bool,
}

/// An address that looks like a slip.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suspect {
    /// The line in the file.
    line: u64,
    #[serde(rename = "ref")]
    number: String,
    email: String,
    /// The address that was probably meant.
    probably_meant: String,
}

/// A file with errors.
#[derive(Debug, Serialize, ToSchema)]
pub struct PatronImportProblem {
    #[serde(flatten)]
    problem: Problem,
    rows: Vec<RowError>,
}

/// Import patrons from CSV: all rows or none, and every row's every error at once.
#[utoipa::path(post, path = "/v1/patrons/{library}", tag = "patrons", params(("library" = String, Path), DryRun), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = PatronImport), (status = 422, body = PatronImportProblem)), security(("key" = [])))]
pub async fn import(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    Query(DryRun { dry_run }): Query<DryRun>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let rows = match read_csv(&body, app.texts.country()) {
        Ok(rows) => rows,
        Err(rows) => {
            let detail = format!("{} errors; nothing was changed.", rows.len());
            let problem = *Problem::new("import-invalid", detail, "Fix the rows and import the file again.");
            let kind = [(header::CONTENT_TYPE, "application/problem+json")];
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(no_store((status, kind, Json(PatronImportProblem { problem, rows }))));
        }
    };
    let numbers: Vec<String> = rows.iter().filter_map(|row| row.patron.id.clone()).collect();
    let mut known = app.store.patrons(&library.code, &numbers).await?;
    let mut done = PatronImport { added: 0, changed: 0, unchanged: 0, suspects: Vec::new(), dry_run };
    let mut kept = Vec::new();
    for row in rows {
        let number = row.patron.id.clone().unwrap_or_default();
        if let Some(email) = &row.patron.email
            && let Some(meant) = probably_meant(email)
        {
            let (line, email) = (row.line, email.to_string());
            done.suspects.push(Suspect { line, number: number.clone(), email, probably_meant: meant });
        }
        let before = known.remove(&number);
        let mut record = before.clone().unwrap_or_default();
        take_over(&mut record, &row);
        match &before {
            None => done.added += 1,
            Some(before) if *before == record && row.patron.texts.is_none() => {
                done.unchanged += 1;
                continue;
            }
            Some(_) => done.changed += 1,
        }
        kept.push((row, record));
    }
    if !dry_run {
        let subject = format!("{} patrons", kept.len());
        let deed = Deed::new(Some(&library.code), caller.name(), "patron.changed", subject, clock::now());
        keep(&app, &library, kept, deed, &caller).await?;
    }
    Ok(no_store(Json(done)))
}

fn nobody(number: &str) -> Box<Problem> {
    let shown: String = number.chars().take(import::NUMBER_LETTERS_MAX).collect();
    Problem::new("not-found", format!("Nothing is known of a patron {shown}."), "")
}

/// What was given, as a row of a file would tell it; every field's error at once.
fn checked(app: &App, number: &str, given: PatronGiven) -> Result<(import::Told, Option<Vec<Channel>>), Box<Problem>> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| {
        errors.push(FieldError { pointer: pointer.to_owned(), detail, code: "invalid" });
    };
    if let Some(detail) = number_problem(number) {
        wrong("/ref", detail);
    }
    let email = given.email.and_then(|text| {
        let read = Address::parse(&text);
        if read.is_err() {
            wrong("/email", "this is not an email address".to_owned());
        }
        read.ok()
    });
    let phone = given.phone.and_then(|text| match Number::parse(&text, app.texts.country()) {
        Ok(number) => Some(number),
        Err(error) => {
            wrong("/phone", error.to_string());
            None
        }
    });
    let language = given.language.and_then(|tag| {
        let read = Language::from_tag(&tag);
        if read.is_none() {
            wrong("/language", "this is not a language of ours; use en or fr".to_owned());
        }
        read
    });
    for (pointer, name) in
        [("/first_name", &given.first_name), ("/surname", &given.surname), ("/full_name", &given.full_name)]
    {
        if let Some(detail) = name.as_deref().and_then(name_problem) {
            wrong(pointer, detail);
        }
    }
    let postal = given.postal.unwrap_or_default();
    let postal = postal_lines(postal.iter().map(String::as_str)).unwrap_or_else(|detail| {
        wrong("/postal", detail);
        Vec::new()
    });
    if !errors.is_empty() {
        let detail =
            errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect::<Vec<_>>().join("; ");
        return Err(Problem::new("field-invalid", detail, "Fix the fields and send it again.").with(errors));
    }
    let patron = Patron {
        id: Some(number.to_owned()),
        email,
        phone,
        texts: given.texts,
        first_name: given.first_name,
        surname: given.surname,
        full_name: given.full_name,
        language,
        postal,
    };
    Ok((import::Told { line: 0, patron, hide_titles: given.hide_titles }, given.order))
}

/// What a library tells by hand stands against what its events still tell.
fn take_over(record: &mut Record, told: &import::Told) {
    let patron = &told.patron;
    if let Some(email) = &patron.email {
        record.correct_mail(email.clone());
    }
    if let Some(phone) = &patron.phone {
        record.correct_phone(phone.clone());
    }
    *record = record.with(&Patron { email: None, phone: None, ..patron.clone() });
    if let Some(hide) = told.hide_titles {
        record.hide_titles = hide;
    }
}

async fn keep(
    app: &App,
    library: &Library,
    kept: Vec<(import::Told, Record)>,
    deed: Deed,
    caller: &Caller,
) -> Result<(), Refusal> {
    let now = clock::now();
    for (told, record) in &kept {
        let (Some(phone), Some(given)) = (&record.patron.phone, told.patron.texts) else { continue };
        // What a patron said themselves is not the library's to change.
        let known = app.store.consent(&library.code, phone.as_str()).await?;
        if known.is_none_or(|known| matches!(known.how.as_str(), "event" | "staff") && known.given != given) {
            let consent = Consent { given, at: now, how: "staff".to_owned(), by: caller.name() };
            app.store.note_consent(Some(library.code.clone()), phone.to_string(), consent).await?;
        }
    }
    let records = kept
        .into_iter()
        .map(|(told, record)| (library.code.clone(), told.patron.id.unwrap_or_default(), record))
        .collect();
    app.store.noting(deed).put_patrons(records, now).await?;
    Ok(())
}

async fn answer(app: &App, library: &Library, number: String, record: Record) -> crate::store::Result<PatronAnswer> {
    let patron = record.complete(&Patron::default());
    let consent = match &patron.phone {
        Some(phone) => app.store.consent(&library.code, phone.as_str()).await?,
        None => None,
    };
    Ok(PatronAnswer {
        library: library.code.to_string(),
        number,
        probably_meant: patron.email.as_ref().and_then(probably_meant),
        email: patron.email.map(|email| email.to_string()),
        phone: patron.phone.map(|phone| phone.to_string()),
        texts: consent.map(|consent| consent.given),
        first_name: patron.first_name,
        surname: patron.surname,
        full_name: patron.full_name,
        language: patron.language.map(Language::tag),
        postal: record.postal,
        hide_titles: record.hide_titles,
        order: record.order.iter().map(|channel| channel.code()).collect(),
        digest: record.digest,
        quiet: record.quiet,
    })
}

/// Whether `row` went to the patron: notices to staff and copies for them are made of the same events.
fn is_theirs(library: &Library, known: &Patron, row: &MessageRow) -> bool {
    let is_told = Notice::from_code(&row.notice).is_ok_and(|notice| notice.audience == Audience::Patron);
    let is_copy = library.cc.iter().any(|copy| copy.to_string() == row.address);
    is_told && (!is_copy || known.is_at(&row.address))
}

/// All that is kept of the patron with this key at `library`; none where nothing is. That it was taken out stands in the audit.
///
/// # Errors
/// When the store is broken.
pub async fn everything(
    app: &App,
    library: &Library,
    key: &str,
    by: String,
) -> crate::store::Result<Option<serde_json::Value>> {
    let Some((record, events, known)) = kept_of(app, library, key).await? else { return Ok(None) };
    let mut told = Vec::with_capacity(events.len());
    for event in &events {
        let mut messages = Vec::with_capacity(event.messages.len());
        for row in event.messages.iter().filter(|row| is_theirs(library, &known, row)) {
            let history = app.store.timeline(row.id).await?;
            let history = history.iter().map(|entry| {
                let mut line = serde_json::to_value(entry).unwrap_or_default();
                if let Some(line) = line.as_object_mut() {
                    line.retain(|name, _| !NOT_THEIRS.contains(&name.as_str()));
                }
                line
            });
            messages.push(serde_json::json!({
                "id": row.id, "notice": row.notice, "language": row.language, "channel": row.channel,
                "address": row.address, "state": row.state, "cause": row.cause, "made_at": row.created_at,
                "history": history.collect::<Vec<_>>(),
            }));
        }
        let mut fields: serde_json::Value = serde_json::from_str(&event.fields).unwrap_or_default();
        // A code may still open something.
        if let Some(fields) = fields.get_mut("fields").and_then(serde_json::Value::as_object_mut) {
            fields.retain(|name, _| name != "code");
        }
        told.push(serde_json::json!({
            "id": event.id, "request": event.request, "status": event.status, "received_at": event.received_at,
            "told": fields, "messages": messages,
        }));
    }
    let consent = match &known.phone {
        Some(phone) => app.store.consent(&library.code, phone.as_str()).await?,
        None => None,
    };
    let stop = match &known.email {
        Some(email) => app.store.do_not_send(&library.code, &ListedAddress::of(email)).await?,
        None => None,
    };
    let devices = app.store.subscriptions_of(&library.code, key).await?;
    let devices = devices.iter().map(|one| serde_json::json!({ "name": one.name, "since": one.made_at }));
    let devices: Vec<_> = devices.collect();
    let now = clock::now();
    app.store.note(Deed::new(Some(&library.code), by, "patron.exported", subject(key), now)).await?;
    Ok(Some(serde_json::json!({
        "library": library.code.as_str(), "saved_at": now, "patron": key, "record": record,
        "text_messages": consent.map(|consent| serde_json::json!({
            "agreed": consent.given, "at": consent.at, "how": consent.how,
        })),
        "do_not_send": stop.map(|stop| serde_json::json!({ "since": stop.since, "cause": stop.cause.code() })),
        "devices": devices, "events": told,
    })))
}

/// What the audit names: the library's number, and no address.
fn subject(key: &str) -> &str {
    if key.starts_with(crate::patron::BY_ADDRESS) { "" } else { key }
}

type KeptOf = (Record, Vec<PatronEvent>, Patron);

async fn kept_of(app: &App, library: &Library, key: &str) -> crate::store::Result<Option<KeptOf>> {
    let record = app.store.patron(&library.code, key).await?;
    let events = app.store.patron_events(&library.code, key, EVENTS_MAX).await?;
    if record.is_none() && events.is_empty() {
        return Ok(None);
    }
    let record = record.unwrap_or_default();
    // Where a code was sent is not yet known to be theirs.
    let tells = |event: &&PatronEvent| event.status != Status::PatronCode.code();
    let told =
        events.iter().filter(tells).find_map(|event| Some(serde_json::from_str::<Told>(&event.fields).ok()?.patron));
    let known = record.complete(&told.unwrap_or_default());
    Ok(Some((record, events, known)))
}
