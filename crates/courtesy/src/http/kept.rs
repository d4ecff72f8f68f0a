//! `/v1/patrons/{library}/{ref}/everything`: all that is kept of a patron, as a file of theirs.
//!
//! In: a library, and its number for a patron. Out: the record, what was told of them and what they were sent, without what is others'.
//! [`everything`] is what the patron's own page and staff save too.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::Response;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::libraries::library;
use super::patrons::nobody;
use super::problem::{Problem, Refusal};
use crate::clock;
use crate::intake::Told;
use crate::library::Library;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::status::Status;
use crate::outcome::stop::ListedAddress;
use crate::patron::{Patron, Record};
use crate::store::{Deed, MessageRow, PatronEvent};

/// Events of one patron that are saved at most: a lifetime of loans.
const EVENTS_MAX: u32 = 10_000;

/// What a file for the patron leaves out of a history: names of staff are theirs, and how we are connected, or what servers said to each
/// other, tells nothing of the patron that is not there.
const NOT_THEIRS: [&str; 5] = ["by", "transcript", "source", "relay", "return_path"];

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
    no_store(([place], Json(all)))
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
