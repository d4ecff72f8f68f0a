//! What a caller writes of an event in JSON, read into the event that it tells of.
//!
//! In: a body, and who sent it. Out: an [`Event`], or every wrong field at once, each at its place. Not here: whether the event's notices can
//! be written from its fields (`intake`).

use std::collections::BTreeMap;

use serde::Deserialize;
use standards::address::Address;
use utoipa::ToSchema;

use super::auth::Caller;
use super::problem::{FieldError, Problem};
use crate::channel::{Country, Number};
use crate::intake::{Event, Side, Told, limits};
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::notice::status::Status;
use crate::patron::{Patron, postal_lines};

/// Most fields in one event.
const FIELDS_MAX: usize = 100;

/// Something happened to a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventBody {
    /// The library's code. May be left out where the key speaks for one library.
    #[schema(example = "MRPL")]
    library: Option<String>,
    /// The request's number.
    #[schema(example = "BC-104233")]
    request: String,
    /// What happened: a status of the catalogue, or its name in SHAREit or ISO 18626.
    #[schema(example = "ready_for_pickup")]
    status: String,
    /// `borrowing` or `lending`. May be left out where the status is about one side only.
    side: Option<String>,
    /// Which time the status is entered, where it can be more than once: a counter or a date.
    #[serde(default)]
    occurrence: Option<String>,
    /// The patron.
    #[serde(default)]
    patron: PatronBody,
    /// What the words may name: title, author, `pickup_by`, `due_date` …
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    fields: BTreeMap<String, serde_json::Value>,
    /// When it happened: a moment with its zone. Left out: now. What comes late then changes nothing that happened after it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2026-11-22T09:30:00-08:00")]
    at: Option<jiff::Timestamp>,
    /// Of a `correction`: the status that it takes back. It is then told only to those who were told that.
    #[schema(example = "ready_for_pickup")]
    undoes: Option<String>,
    /// In a batch: the event's own Idempotency-Key.
    pub(super) idempotency_key: Option<String>,
}

/// The patron of a request.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatronBody {
    /// The library's number for the patron.
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// Where mail goes.
    #[schema(example = "amira@patron.example")]
    email: Option<String>,
    /// Where text messages go, as people write it: `604 555 0123`.
    #[schema(example = "604 555 0123")]
    phone: Option<String>,
    /// Whether the patron agreed to text messages. Left out: as it was.
    texts: Option<bool>,
    /// Where letters go, one line each, without the name.
    #[serde(default)]
    address: Vec<String>,
    /// Given name.
    first_name: Option<String>,
    /// Family name.
    surname: Option<String>,
    /// Both, as the library writes them.
    full_name: Option<String>,
    /// `en` or `fr`.
    language: Option<String>,
}

/// The event a body describes; every wrong field at once.
pub(super) fn event_from(body: EventBody, caller: &Caller, country: Country) -> Result<Event, Box<Problem>> {
    let mut errors = Vec::new();
    let library = match (&body.library, &caller.key.library) {
        (Some(code), _) => LibraryCode::parse(code).map_err(|error| FieldError::invalid("/library", error.to_string())),
        (None, Some(own)) => Ok(own.clone()),
        (None, None) => Err(FieldError::missing("/library", "this key speaks for many libraries; say which")),
    };
    let status = Status::from_code(&body.status).map_err(|error| FieldError::invalid("/status", error.to_string()));
    let side = match body.side.as_deref() {
        None => Ok(status.as_ref().map_or(Side::Borrowing, |status| Side::usual(*status))),
        Some("borrowing") => Ok(Side::Borrowing),
        Some("lending") => Ok(Side::Lending),
        Some(other) => Err(FieldError::invalid("/side", format!("“{other}” is neither borrowing nor lending"))),
    };
    if body.request.trim().is_empty() {
        errors.push(FieldError::missing("/request", "give the request's number"));
    }
    let undoes = undoes_from(body.undoes.as_deref(), status.as_ref().ok().copied(), &mut errors);
    let patron = patron_from(body.patron, country, &mut errors);
    let fields = fields_from(body.fields, &mut errors);
    let occurrence = body.occurrence.unwrap_or_default();
    let parts = limits::Parts { request: &body.request, occurrence: &occurrence, patron: &patron, fields: &fields };
    errors.extend(parts.too_long().into_iter().map(|(pointer, detail)| FieldError::invalid(pointer, detail)));
    match (library, status, side) {
        (Ok(library), Ok(status), Ok(side)) if errors.is_empty() => {
            caller.may_act_for(&library)?;
            Ok(Event {
                library,
                request: body.request.trim().to_owned(),
                status,
                side,
                occurrence,
                told: Told { patron, fields, at: body.at, undoes, ..Told::default() },
                source: "api",
            })
        }
        (library, status, side) => {
            errors.extend([library.err(), status.err(), side.err()].into_iter().flatten());
            errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
            Err(Problem::fields(errors, "Fix the fields and send the event again."))
        }
    }
}

/// The status that a correction takes back.
fn undoes_from(text: Option<&str>, status: Option<Status>, errors: &mut Vec<FieldError>) -> Option<Status> {
    let text = text?;
    if status.is_some_and(|status| status != Status::Correction) {
        errors.push(FieldError::invalid("/undoes", "only a correction takes a status back"));
    }
    match Status::from_code(text) {
        Ok(Status::Correction) => errors.push(FieldError::invalid("/undoes", "tell the status anew instead")),
        Ok(undone) => return Some(undone),
        Err(error) => errors.push(FieldError::invalid("/undoes", error.to_string())),
    }
    None
}

fn patron_from(body: PatronBody, country: Country, errors: &mut Vec<FieldError>) -> Patron {
    let email = body.email.filter(|text| !text.trim().is_empty()).and_then(|text| match Address::parse(text.trim()) {
        Ok(address) => Some(address),
        Err(error) => {
            errors.push(FieldError::invalid("/patron/email", format!("this is not an email address: {error}")));
            None
        }
    });
    let language = body.language.and_then(|tag| {
        let language = Language::from_tag(&tag);
        if language.is_none() {
            errors.push(FieldError::invalid("/patron/language", format!("we do not write “{tag}”; use en or fr")));
        }
        language
    });
    let phone =
        body.phone.filter(|text| !text.trim().is_empty()).and_then(|text| match Number::parse(&text, country) {
            Ok(number) => Some(number),
            // Patron records hold all kinds of numbers: one that nobody is to text holds no mail up.
            Err(_) if body.texts != Some(true) => None,
            Err(error) => {
                errors.push(FieldError::invalid("/patron/phone", error.to_string()));
                None
            }
        });
    let postal = postal_lines(body.address.iter().map(String::as_str)).unwrap_or_else(|detail| {
        errors.push(FieldError::invalid("/patron/address", detail));
        Vec::new()
    });
    Patron {
        id: body.reference,
        email,
        phone,
        texts: body.texts,
        postal,
        first_name: body.first_name,
        surname: body.surname,
        full_name: body.full_name,
        language,
    }
}

fn fields_from(fields: BTreeMap<String, serde_json::Value>, errors: &mut Vec<FieldError>) -> BTreeMap<String, String> {
    if fields.len() > FIELDS_MAX {
        errors.push(FieldError::invalid("/fields", format!("at most {FIELDS_MAX} fields can come with an event")));
        return BTreeMap::new();
    }
    let mut read = BTreeMap::new();
    for (name, value) in fields {
        match value {
            serde_json::Value::String(text) => drop(read.insert(name, text)),
            serde_json::Value::Number(number) => drop(read.insert(name, number.to_string())),
            serde_json::Value::Null => {}
            _ => errors.push(FieldError::invalid(
                format!("/fields/{}", name.replace('~', "~0").replace('/', "~1")),
                "give a text or a number".to_owned(),
            )),
        }
    }
    read
}
