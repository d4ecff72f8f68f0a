//! `/v1/libraries/{library}/sign-on`: where a library's patrons sign in, and the secret that proves us there.
//!
//! In: a library with `sign_on` in its record, a secret. Out: what the library registers at that service; the secret sealed, and opened for
//! that service alone. Pages use the same functions. Not here: signing in (`web`).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::libraries::library;
use super::problem::{Problem, Refusal, read_json};
use crate::clock;
use crate::config::Config;
use crate::library::{Library, LibraryCode, SignOn};
use crate::store::Deed;

/// Octets of a secret: what providers make up has some forty, and none has more than a page.
const SECRET_OCTETS_MAX: usize = 2_000;

/// What the audit calls it when a secret is set.
pub const SECRET_CHANGED: &str = "sign_on_secret.changed";

/// Where the service of `library` sends patrons back to: registered there, word for word.
#[must_use]
pub fn redirect_uri(config: &Config, library: &LibraryCode) -> String {
    format!("{}/me/sign-on/{library}/back", config.url())
}

/// The page at which a patron of `library` begins, for a link on the library's own pages.
#[must_use]
pub fn page(config: &Config, library: &LibraryCode) -> String {
    format!("{}/me?library={library}", config.url())
}

/// Whether `secret` can be one.
#[must_use]
pub fn is_secret(secret: &str) -> bool {
    (1..=SECRET_OCTETS_MAX).contains(&secret.len()) && !secret.chars().any(char::is_control)
}

/// The secret of the service that `library` names in `sign_on`; none where none was given for that very service and client.
///
/// # Errors
/// When the store is broken.
pub async fn secret(app: &App, library: &LibraryCode, sign_on: &SignOn) -> crate::store::Result<Option<String>> {
    let sealed = app.store.sign_on_secret(library).await?;
    let plain = sealed.and_then(|sealed| app.secret.open_sealed(&sealed, &sign_on.about(library)).ok());
    Ok(plain.and_then(|plain| String::from_utf8(plain).ok()))
}

/// Keeps the secret, sealed, for the service that is in `sign_on` now.
///
/// # Errors
/// When the store is broken.
pub async fn keep_secret(
    app: &App,
    library: &LibraryCode,
    sign_on: &SignOn,
    secret: &str,
    deed: Deed,
) -> crate::store::Result<()> {
    let sealed = app.secret.seal(secret.as_bytes(), &sign_on.about(library));
    app.store.noting(deed).put_sign_on_secret(library.clone(), sealed, clock::now()).await
}

/// Where the library's patrons sign in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignOnAnswer {
    library: String,
    /// `sign_on` of its record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    sign_on: Option<SignOn>,
    /// Whether its secret is set.
    has_secret: bool,
    /// To be registered at that service, word for word.
    redirect_uri: String,
    /// Where a patron begins: for a link on the library's own pages.
    page: String,
}

async fn answer(app: &App, library: &Library) -> crate::store::Result<Response> {
    let has_secret = match &library.sign_on {
        Some(sign_on) => secret(app, &library.code, sign_on).await?.is_some(),
        None => false,
    };
    Ok(no_store(Json(SignOnAnswer {
        library: library.code.to_string(),
        sign_on: library.sign_on.clone(),
        has_secret,
        redirect_uri: redirect_uri(&app.config, &library.code),
        page: page(&app.config, &library.code),
    })))
}

/// Where the library's patrons sign in, and what it registers at that service.
#[utoipa::path(get, path = "/v1/libraries/{library}/sign-on", tag = "libraries", params(("library" = String, Path)), responses((status = 200, body = SignOnAnswer)), security(("key" = [])))]
pub async fn show(State(app): State<Arc<App>>, caller: Caller, Path(code): Path<String>) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    Ok(answer(&app, &library).await?)
}

/// What the service gave us.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignOnSecret {
    /// The secret of the client.
    client_secret: String,
}

/// Keep the secret of the service at which the library's patrons sign in, sealed, for the issuer and client in its record now. It is never
/// shown again.
#[utoipa::path(put, path = "/v1/libraries/{library}/sign-on-secret", tag = "libraries", params(("library" = String, Path)), request_body = SignOnSecret, responses((status = 204), (status = 409, body = Problem), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn put_secret(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let body: SignOnSecret = read_json(&body)?;
    let Some(sign_on) = &library.sign_on else {
        let detail = format!("The patrons of {} sign in nowhere.", library.code);
        return Err(Problem::new("conflict", detail, "Set sign_on in the library's record first.").into());
    };
    if !is_secret(&body.client_secret) {
        let detail = format!("1 to {SECRET_OCTETS_MAX} octets, without line breaks");
        return Err(Problem::field("/client_secret", detail).fixed_by("Give the client's secret.").into());
    }
    let deed = caller.deed(Some(&library.code), SECRET_CHANGED, "");
    keep_secret(&app, &library.code, sign_on, &body.client_secret, deed).await?;
    Ok(no_store(StatusCode::NO_CONTENT))
}
