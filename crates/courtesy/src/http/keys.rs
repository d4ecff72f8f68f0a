//! `/v1/keys`: API keys. A secret is shown once, when it is made.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::{Caller, hash, new_secret, shown};
use super::problem::{Problem, Refusal, read_json};
use crate::clock;
use crate::id::KeyId;
use crate::library::LibraryCode;
use crate::store::{ApiKey, Scope};

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyAnswer {
    #[schema(value_type = String)]
    id: KeyId,
    /// The one library it speaks for; absent for the whole consortium.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    library: Option<LibraryCode>,
    /// `all`, or `submit` for handing in mail by SMTP alone.
    scope: &'static str,
    name: String,
    /// Its first letters.
    shown: String,
    #[schema(value_type = String)]
    created_at: jiff::Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    revoked_at: Option<jiff::Timestamp>,
    /// The secret: only in the answer that makes the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<ApiKey> for KeyAnswer {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            library: key.library,
            scope: key.scope.code(),
            name: key.name,
            shown: key.shown,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
            secret: None,
        }
    }
}

/// The keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    data: Vec<KeyAnswer>,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyBody {
    /// What people call it.
    #[schema(example = "ILS live")]
    name: String,
    /// The one library it speaks for; left out for the whole consortium.
    library: Option<String>,
    /// `all`, or `submit` for handing in mail by SMTP alone. Left out: `all`.
    scope: Option<String>,
}

/// Longest name of a key, in letters.
const NAME_LETTERS_MAX: usize = 100;

/// List the keys.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", responses((status = 200, body = KeyList)), security(("key" = [])))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let data = app.store.keys().await?.into_iter().map(KeyAnswer::from).collect();
    Ok(no_store(Json(KeyList { data })))
}

/// Make a key.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = KeyBody, responses((status = 201, body = KeyAnswer), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn make(State(app): State<Arc<App>>, caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let body: KeyBody = read_json(&body)?;
    let name = body.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_LETTERS_MAX || name.chars().any(char::is_control) {
        return Err(Problem::field("/name", format!("a name has 1 to {NAME_LETTERS_MAX} letters, on one line")).into());
    }
    let library = match body.library {
        Some(code) => {
            let code = LibraryCode::parse(&code).map_err(|error| Problem::field("/library", error.to_string()))?;
            if app.book.library(&code).is_none() {
                return Err(Problem::field("/library", format!("there is no library {code}")).into());
            }
            Some(code)
        }
        None => None,
    };
    let scope = body.scope.as_deref().map_or(Some(Scope::All), Scope::from_code);
    let scope = scope.ok_or_else(|| Problem::field("/scope", "a scope is all or submit"))?;
    let secret = new_secret();
    let now = clock::now();
    let key =
        ApiKey { id: KeyId::new(now), library, scope, name, shown: shown(&secret), created_at: now, revoked_at: None };
    let deed = caller.deed(key.library.as_ref(), "key.made", key.name.as_str());
    app.store.noting(deed).add_key(key.clone(), hash(&secret)).await?;
    let answer = KeyAnswer { secret: Some(secret), ..KeyAnswer::from(key) };
    Ok((StatusCode::CREATED, no_store(Json(answer))).into_response())
}

/// End a key for good.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn revoke(State(app): State<Arc<App>>, caller: Caller, Path(id): Path<String>) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let absent = || Problem::new("not-found", format!("There is no key {id} that still opens."), "");
    let key: KeyId = id.parse().map_err(|_| absent())?;
    let known = app.store.keys().await?.into_iter().find(|known| known.id == key).ok_or_else(absent)?;
    let deed = caller.deed(known.library.as_ref(), "key.ended", known.name.as_str());
    if !app.store.noting(deed).revoke_key(key, clock::now()).await? {
        return Err(absent().into());
    }
    app.keys.forget();
    Ok(StatusCode::NO_CONTENT.into_response())
}
