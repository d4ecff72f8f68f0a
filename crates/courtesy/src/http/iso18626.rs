//! `POST /iso18626`: messages of the ISO 18626 standard, answered with the confirmation it wants.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use standards::iso18626::{Document, confirm, read, write};

use super::App;
use super::auth::Caller;
use super::problem::{Problem, Refusal};
use crate::clock;

/// Take in an ISO 18626 message (2017 v1.2 or 2021).
///
/// The answer is the confirmation of the standard, OK or ERROR, with HTTP 200: the standard's errors are not HTTP's.
/// What is no ISO 18626 at all is answered with a problem document.
#[utoipa::path(post, path = "/iso18626", tag = "events", request_body(content = String, content_type = "application/xml"),
    responses((status = 200, content_type = "application/xml", body = String), (status = 400, body = Problem), (status = 413, body = Problem), (status = 503, body = Problem)),
    security(("key" = [])))]
pub async fn message(State(app): State<Arc<App>>, caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    let most = app.config.limits.iso18626_bytes;
    if body.len() > most {
        let detail = format!("It has {} bytes; {most} are the most.", body.len());
        return Err(Refusal(Problem::new("body-too-large", detail, "Send it without attachments.")));
    }
    let document = match read(&body) {
        Ok(document) => document,
        Err(error) => {
            return match confirm::unread(&error, clock::now()) {
                Some(confirmation) => Ok(xml(&confirmation)),
                None => {
                    let fix = "Send one ISO18626Message as XML, in UTF-8, without a DOCTYPE.";
                    Err(Refusal(Problem::new("iso18626-invalid", error.sentence, fix)))
                }
            };
        }
    };
    let may = |code: &crate::library::LibraryCode| caller.may_act_for(code).is_ok();
    match app.intake.take_iso18626(&document, may).await? {
        Some(confirmation) => Ok(xml(&confirmation)),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn xml(document: &Document) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/xml; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, write(document)).into_response()
}
