//! `/v1/patrons/{library}/{ref}`: a patron as the library knows them.
//!
//! In: a library, and its number for a patron. Out: the record, with what looks like a slip. Not here: many from a file (`patron_file`), all that
//! is kept of one (`kept`), the erasing (`erasing`).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use standards::address::Address;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::erasures::{ErasureAnswer, with_left};
use super::events::DryRun;
use super::libraries::library;
use super::problem::{FieldError, Problem, Refusal, read_json};
use crate::channel::{Channel, Number};
use crate::clock;
use crate::library::Library;
use crate::notice::Language;
use crate::patron::import::{self, number_problem};
use crate::patron::{Patron, Quiet, Record, name_problem, postal_lines, probably_meant};
use crate::store::{Consent, Deed};

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

pub(super) fn nobody(number: &str) -> Box<Problem> {
    let shown: String = number.chars().take(import::NUMBER_LETTERS_MAX).collect();
    Problem::new("not-found", format!("Nothing is known of a patron {shown}."), "")
}

/// What was given, as a row of a file would tell it; every field's error at once.
fn checked(app: &App, number: &str, given: PatronGiven) -> Result<(import::Told, Option<Vec<Channel>>), Box<Problem>> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| {
        errors.push(FieldError::invalid(pointer, detail));
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
        return Err(Problem::fields(errors, "Fix the fields and send it again."));
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
pub(super) fn take_over(record: &mut Record, told: &import::Told) {
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

pub(super) async fn keep(
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
