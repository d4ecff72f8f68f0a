//! A link to a library's IT kit, which opens without an account.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::libraries::library;
use super::problem::{Problem, Refusal};
use crate::clock;
use crate::sender::{KIT_LINK_LASTS, kit_token};

/// A link, and until when it opens.
#[derive(Debug, Serialize, ToSchema)]
pub struct KitLinkAnswer {
    url: String,
    #[schema(value_type = String)]
    expires_at: jiff::Timestamp,
}

/// Make a link to the library's IT kit. Whoever has it needs no account; it opens for 90 days, and nothing else.
#[utoipa::path(post, path = "/v1/libraries/{library}/kit-link", tag = "senders", params(("library" = String, Path)), responses((status = 201, body = KitLinkAnswer), (status = 409, body = Problem)), security(("key" = [])))]
pub async fn make(State(app): State<Arc<App>>, caller: Caller, Path(code): Path<String>) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    if library.from.is_none() {
        let detail =
            format!("{} sends from the shared address, which needs nothing of its IT department.", library.code);
        return Err(Problem::new("conflict", detail, "Set its From address first.").into());
    }
    let until = clock::now().checked_add(KIT_LINK_LASTS).unwrap_or(jiff::Timestamp::MAX);
    let url = format!("{}/it/{}", app.config.url(), kit_token(&app.secret, &library.code, until));
    Ok((StatusCode::CREATED, no_store(Json(KitLinkAnswer { url, expires_at: until }))).into_response())
}
