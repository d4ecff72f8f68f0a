//! `POST /v1/events` and `POST /v1/events:batch`: the JSON door.
//!
//! In: one event, or one a line. Out: each one's receipt or problem, after it is on disk; a repeated Idempotency-Key gets the answer of
//! the first time. Not here: the body's fields (`event_body`).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::event_body::{EventBody, event_from};
use super::problem::{FieldError, Problem, Refusal, read_json};
use crate::channel::Country;
use crate::intake::limits::KEY_OCTETS_MAX;
use crate::intake::{Event, Handed, Receipt, Refused, Strictness, Taken};

/// The answer to an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventAnswer {
    /// The event's id.
    #[schema(value_type = String)]
    id: crate::id::EventId,
    /// Whether it was told before; these are then the messages of that time.
    known_already: bool,
    /// One message for each address that is told.
    messages: Vec<MessagePlan>,
}

/// A message and how it is meant to leave.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagePlan {
    #[schema(value_type = String)]
    id: crate::id::MessageId,
    notice: String,
    audience: &'static str,
    language: &'static str,
    to: Option<String>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    /// Until when it waits for its patron's other notices, to be told together with them; left out where it leaves at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    waits_for_others_until: Option<jiff::Timestamp>,
    plan: Vec<PlanStep>,
    links: Links,
}

/// One way in which a message may leave.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanStep {
    /// `mail`, `text`, `push` or `letter`.
    channel: &'static str,
    /// `own` or `shared`; for mail.
    sender: String,
    /// The From address that will really be used, as things stand.
    from: String,
    /// Why that one.
    why: String,
}

/// Where to look.
#[derive(Debug, Serialize, ToSchema)]
pub struct Links {
    #[serde(rename = "self")]
    itself: String,
    timeline: String,
}

impl From<&Receipt> for EventAnswer {
    fn from(receipt: &Receipt) -> Self {
        let messages = receipt.messages.iter().map(|message| MessagePlan {
            id: message.id,
            notice: message.notice.clone(),
            audience: message.audience,
            language: message.language,
            to: message.to.clone(),
            state: message.state.code(),
            cause: message.cause,
            waits_for_others_until: message.gather_at,
            plan: vec![PlanStep {
                channel: message.channel.code(),
                sender: message.sender.clone(),
                from: message.from.clone(),
                why: message.why.clone(),
            }],
            links: Links {
                itself: format!("/v1/messages/{}", message.id),
                timeline: format!("/v1/messages/{}/timeline", message.id),
            },
        });
        Self { id: receipt.event, known_already: receipt.known_already, messages: messages.collect() }
    }
}

/// `?dry_run=true` checks and plans, and keeps nothing.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DryRun {
    /// Check and plan, and keep nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// Tell of one event.
///
/// The same event told twice (same request, status, patron and occurrence) is one event.
#[utoipa::path(post, path = "/v1/events", tag = "events", params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes repeating the request safe; kept for seven days")),
    request_body = EventBody,
    responses((status = 202, body = EventAnswer), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)),
    security(("key" = [])))]
pub async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(DryRun { dry_run }): Query<DryRun>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let answer = async {
        let given: EventBody = read_json(&body)?;
        let event = event_from(given, &caller, app.texts.country())?;
        let key = headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default().to_owned());
        let handed = handed(event, key, &caller, &body)?;
        let taken = app.intake.take(vec![handed], Strictness::Mendable, dry_run, answer_text).await;
        let taken = taken.map_err(|error| Problem::ours(&error))?.pop();
        match taken {
            Some(Taken::Kept(receipt)) => Ok(accepted(answer_text(&receipt), false, dry_run)),
            Some(Taken::Repeated(text)) => Ok(accepted(text, true, dry_run)),
            Some(Taken::KeyReused) => Err(key_reused()),
            Some(Taken::Refused(refused)) => Err(refusal(&refused)),
            None => Err(Problem::new("unavailable", "Nothing was taken.", "Send it again.")),
        }
    };
    answer.await.map_err(|problem: Box<Problem>| Refusal(problem))
}

/// One line of the answer to a batch.
#[derive(Debug, Serialize)]
struct BatchLine {
    line: usize,
    status: u16,
    #[serde(flatten)]
    what: serde_json::Value,
}

/// Tell of many events, one JSON object a line.
///
/// Each line is taken or refused on its own; the answer has one line for each, in order, with its status.
#[utoipa::path(post, path = "/v1/events:batch", tag = "events", params(DryRun), request_body(content = String, content_type = "application/x-ndjson", description = "One event a line"),
    responses((status = 202, content_type = "application/x-ndjson", body = String, description = "One line for each event: line, status, and the answer or the problem"), (status = 413, body = Problem), (status = 503, body = Problem)),
    security(("key" = [])))]
pub async fn batch(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(DryRun { dry_run }): Query<DryRun>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let lines: Vec<&[u8]> =
        body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    let most = app.config.limits.batch_events;
    if lines.len() > most {
        let detail = format!("It has {} events; {most} are the most.", lines.len());
        return Err(Refusal(Problem::new("batch-too-large", detail, "Send several batches.")));
    }
    let mut answers: Vec<Option<Result<String, Box<Problem>>>> = Vec::with_capacity(lines.len());
    let mut events = Vec::with_capacity(lines.len());
    for line in &lines {
        match line_event(line, &caller, app.texts.country()) {
            Ok(handed) => {
                events.push(handed);
                answers.push(None);
            }
            Err(problem) => answers.push(Some(Err(problem))),
        }
    }
    let taken = app.intake.take(events, Strictness::Mendable, dry_run, answer_text).await?;
    let mut taken = taken.into_iter();
    let mut text = String::with_capacity(lines.len() * 400);
    for (index, answer) in answers.into_iter().enumerate() {
        let answer = answer.unwrap_or_else(|| match taken.next() {
            Some(Taken::Kept(receipt)) => Ok(answer_text(&receipt)),
            Some(Taken::Repeated(text)) => Ok(text),
            Some(Taken::KeyReused) => Err(key_reused()),
            Some(Taken::Refused(refused)) => Err(refusal(&refused)),
            None => Err(Problem::new("unavailable", "Nothing was taken.", "Send it again.")),
        });
        push_line(&mut text, index + 1, answer);
    }
    Ok((StatusCode::ACCEPTED, no_store(([(header::CONTENT_TYPE, "application/x-ndjson")], text))).into_response())
}

fn push_line(text: &mut String, line: usize, answer: Result<String, Box<Problem>>) {
    match answer {
        // The answer is a JSON object already: its members follow ours.
        Ok(object) => {
            text.push_str(&format!("{{\"line\":{line},\"status\":202,"));
            text.push_str(object.strip_prefix('{').unwrap_or("}"));
        }
        Err(problem) => {
            let mut what = serde_json::to_value(&*problem).unwrap_or_default();
            if let Some(object) = what.as_object_mut() {
                object.remove("status");
            }
            let line = BatchLine { line, status: problem.status, what };
            text.push_str(&serde_json::to_string(&line).unwrap_or_default());
        }
    }
    text.push('\n');
}

fn line_event(line: &[u8], caller: &Caller, country: Country) -> Result<Handed, Box<Problem>> {
    let given: EventBody = read_json(line)?;
    let key = given.idempotency_key.clone();
    handed(event_from(given, caller, country)?, key, caller, line)
}

fn handed(event: Event, key: Option<String>, caller: &Caller, body: &[u8]) -> Result<Handed, Box<Problem>> {
    let Some(key) = key else { return Ok(Handed { event, key: None }) };
    if key.is_empty() || key.len() > KEY_OCTETS_MAX || !key.is_ascii() {
        let detail = format!("The Idempotency-Key must be 1 to {KEY_OCTETS_MAX} ASCII characters.");
        return Err(Problem::new("field-invalid", detail, "Use the id of the event in your system.")
            .with(vec![FieldError::invalid("/idempotency_key", "its length or its characters".to_owned())]));
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    let hash = digest.as_ref().try_into().expect("SHA-256 gives 32 octets");
    Ok(Handed { event, key: Some((caller.key.id.to_string(), key, hash)) })
}

fn answer_text(receipt: &Receipt) -> String {
    serde_json::to_string(&EventAnswer::from(receipt)).unwrap_or_default()
}

fn accepted(text: String, replayed: bool, dry_run: bool) -> Response {
    // A dry run has accepted nothing.
    let status = if dry_run { StatusCode::OK } else { StatusCode::ACCEPTED };
    let answer = no_store(([(header::CONTENT_TYPE, "application/json")], text));
    let mut response = (status, answer).into_response();
    if replayed {
        response.headers_mut().insert("idempotency-replayed", header::HeaderValue::from_static("true"));
    }
    response
}

fn key_reused() -> Box<Problem> {
    let detail = "The same Idempotency-Key came with another body before.";
    Problem::new("idempotency-reused", detail, "Use a new key for a new event.")
}

fn refusal(refused: &Refused) -> Box<Problem> {
    match refused {
        Refused::NoLibrary(code) => {
            let detail = format!("There is no library {code}.");
            Problem::new("field-invalid", detail, "Use the code of its Participant Record.")
                .with(vec![FieldError::invalid("/library", format!("there is no library {code}"))])
        }
        Refused::Fields(fields) => {
            let errors = fields
                .iter()
                .map(|(name, detail)| FieldError::invalid(format!("/fields/{name}"), detail.clone()))
                .collect::<Vec<_>>();
            let detail = errors.iter().map(|error| error.detail.clone()).collect::<Vec<_>>().join("; ");
            Problem::new("field-invalid", detail, "Fix the fields and send the event again.").with(errors)
        }
        Refused::Missing { notice, fields } => {
            let errors = fields
                .iter()
                .map(|name| FieldError::missing(format!("/fields/{name}"), format!("the notice {notice} names it")))
                .collect();
            let names = fields.iter().map(|name| format!("(({name}))")).collect::<Vec<_>>().join(", ");
            let first = fields.first().map_or("field", String::as_str);
            Problem::new(
                "field-missing",
                format!("The notice {notice} uses {names}, which the event did not bring."),
                format!("Send fields.{first}, or edit the notice to make it optional with (({first}??…))."),
            )
            .with(errors)
        }
    }
}
