//! `POST /v1/inbound`: a mail that came back to somewhere else, handed in by a person.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::problem::{Problem, Refusal};
use crate::id::ReturnedId;
use crate::inbound::Became;

/// What a file does not show of its envelope.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct InboundQuery {
    /// The addresses it came to, comma separated. Without it those that its header names.
    to: Option<String>,
    /// Its return path. Without it that of its Return-Path field, or else its From.
    mail_from: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboundAnswer {
    #[schema(value_type = String)]
    id: ReturnedId,
    /// For each address of ours it came to; empty where there is none.
    #[schema(value_type = Vec<Object>)]
    results: Vec<Became>,
}

/// Take in a mail as if it had come by the SMTP door, and say what it was and what became of it.
#[utoipa::path(post, path = "/v1/inbound", tag = "messages", params(InboundQuery), request_body(content = String, content_type = "message/rfc822"),
    responses((status = 200, body = InboundAnswer), (status = 403, body = Problem), (status = 413, body = Problem), (status = 503, body = Problem)), security(("key" = [])))]
pub async fn take(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<InboundQuery>,
    body: Bytes,
) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let to = query.to.map(|to| to.split(',').map(|one| one.trim().to_owned()).collect());
    let (id, results) = app.inbound.hand_in(&body, to, query.mail_from).await.map_err(|error| {
        tracing::error!(%error, "a mail that was handed in could not be kept");
        Problem::new("unavailable", "The mail could not be worked off now.", "Hand it in again in a moment.")
    })?;
    Ok(no_store(Json(InboundAnswer { id, results })).into_response())
}
