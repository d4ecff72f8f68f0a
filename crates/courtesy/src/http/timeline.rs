//! `/v1/messages/{id}/timeline`: what became of one message, line by line, in words.
//!
//! In: a message's id. Out: its history, the oldest first, with each attempt's conversation; addresses in it are masked.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::messages::{MessageAnswer, found, one};
use super::problem::{Problem, Refusal, accepted_language};
use crate::delivery::transcript::{Transcript, masked};
use crate::notice::Language;
use crate::outcome::{Cause, Facts};
use crate::store::MessageRow;
use crate::timeline::{Entry, What};

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
        let receiver = row.receiver();
        let from = attempt.and_then(|attempt| attempt.from.rsplit_once('@').map(|(_, domain)| domain));
        let provider = attempt.map(|attempt| attempt.provider.as_str()).or(row.provider.as_deref());
        let facts = Facts { domain: from, ..Facts::of(provider, receiver.as_deref()) };
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
