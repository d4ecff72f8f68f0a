//! What gateways for text messages tell us: receipts, and what patrons write. Believed only with the gateway's proof.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::problem::{Problem, Refusal};
use crate::texting::{Heard, Told};

/// Take a receipt, or what a patron wrote, from a gateway with Twilio's interface.
#[utoipa::path(post, path = "/texts/twilio", tag = "texts", request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Taken"), (status = 403, body = Problem), (status = 503, body = Problem)))]
pub async fn twilio(
    State(app): State<Arc<App>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let query = uri.query().unwrap_or_default();
    let signature = headers.get("x-twilio-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let told = app.texts.told_by_twilio(query, &body, signature);
    heard(&app, told).await?;
    // TwiML without an answer: what is to be said leaves by the queue.
    Ok(([(header::CONTENT_TYPE, "text/xml")], "<Response></Response>").into_response())
}

/// Take receipts, or what patrons wrote, from the gateway that the settings describe.
#[utoipa::path(post, path = "/texts/http/{secret}", tag = "texts", params(("secret" = String, Path)), request_body(content = String, content_type = "application/json"),
    responses((status = 204, description = "Taken"), (status = 403, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn described(
    State(app): State<Arc<App>>,
    Path(secret): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    heard(&app, app.texts.told_by_described(&secret, &body)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn heard(app: &App, told: Told) -> Result<(), Box<Problem>> {
    let heard = match told {
        Told::Unproven => return Err(Problem::new("key-forbidden", "This did not come from our gateway.", "")),
        Told::Unreadable => {
            return Err(Problem::new(
                "field-invalid",
                "This is neither a receipt nor a text message.",
                "See docs/api.md.",
            ));
        }
        Told::Receipt(receipt) => app.texts.receipt(&receipt).await.map(Heard::of_receipt),
        Told::Incoming(incoming) => app.texts.incoming(&app.intake, &incoming).await,
    };
    let heard = heard.map_err(|error| Problem::ours(&error))?;
    tracing::info!(?heard, "a gateway told of a text message");
    Ok(())
}
