//! In whose name a library's messages leave, and why: `/v1/libraries/{library}/sender`; DKIM keys; the zone that the
//! operator publishes.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use standards::domain::Domain;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::libraries::library;
use super::problem::{Problem, Refusal, accepted_language, read_json};
use crate::clock;
use crate::delivery::own_relay;
use crate::delivery::token::Credentials;
use crate::keyring::Key;
use crate::library::{Grant, LibraryCode, OwnRelay};
use crate::published;
use crate::sender::Format;

/// In whose name a library's messages leave now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SenderAnswer {
    /// The plan, with every way that was considered and why.
    #[schema(value_type = Object)]
    plan: crate::sender::Plan,
    /// What each mailbox provider would say to the library's own address.
    #[schema(value_type = Vec<Object>)]
    verdicts: Vec<crate::sender::ProviderVerdict>,
    /// What the library's own mail system would do with notices to its staff, sent by this plan.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<crate::sender::StaffVerdict>,
    /// What is known of the library's own relay, where it has one.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<crate::sender::RelayProof>,
    /// When its records were looked at.
    #[schema(value_type = Option<String>)]
    checked_at: Option<jiff::Timestamp>,
}

/// `?fresh=true` looks at the records now, past every cache.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Fresh {
    /// Look now, past every cache.
    #[serde(default)]
    fresh: bool,
}

/// In whose name, and why.
#[utoipa::path(get, path = "/v1/libraries/{library}/sender", tag = "senders", params(("library" = String, Path), Fresh), responses((status = 200, body = SenderAnswer)), security(("key" = [])))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    Query(Fresh { fresh }): Query<Fresh>,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    if fresh {
        app.senders.look_again(&library).await;
    }
    let now = clock::now();
    let proof = library.from.as_ref().and_then(|from| app.senders.proof(from.domain(), &library.region));
    let plan = (*app.senders.plan(&library, &[], now)).clone();
    Ok(no_store(Json(SenderAnswer {
        staff: proof.as_ref().and_then(|proof| crate::sender::staff_verdict(proof, plan.sender)),
        plan,
        verdicts: proof.as_ref().map(|proof| proof.verdicts(&app.senders.observations(&library))).unwrap_or_default(),
        relay: library.relay.as_ref().and_then(|_| app.senders.relay_proof(&library.code)),
        checked_at: proof.map(|proof| proof.facts.checked_at()),
    })))
}

/// What proves us to a library's own relay: `secret`, or for a relay whose record names a token endpoint, `client_secret`
/// and `refresh_token`, as its grant needs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelaySecret {
    /// The password of the account, or an OAuth 2 access token.
    secret: Option<String>,
    /// The secret of the OAuth 2 client.
    client_secret: Option<String>,
    /// The refresh token to begin with; a new one that its issuer sends takes its place.
    refresh_token: Option<String>,
}

impl RelaySecret {
    /// What is sealed for `relay`, or what is missing or too much.
    fn plain(self, relay: &OwnRelay) -> Result<Vec<u8>, Box<Problem>> {
        let given = [
            ("/secret", &self.secret),
            ("/client_secret", &self.client_secret),
            ("/refresh_token", &self.refresh_token),
        ];
        for (pointer, text) in given {
            let Some(text) = text else { continue };
            if !(1..=RELAY_SECRET_OCTETS_MAX).contains(&text.len()) || text.chars().any(char::is_control) {
                let detail = format!("1 to {RELAY_SECRET_OCTETS_MAX} octets, without line breaks");
                return Err(Problem::field(pointer, detail));
            }
        }
        let Some(source) = &relay.tokens else {
            if self.client_secret.is_some() || self.refresh_token.is_some() {
                return Err(Problem::field("/client_secret", "the relay's record names no token endpoint (tokens)"));
            }
            let secret = self.secret.ok_or_else(|| Problem::field("/secret", "give the password or access token"))?;
            return Ok(secret.into_bytes());
        };
        let (pointer, given) = match source.grant {
            Grant::ClientCredentials => ("/client_secret", &self.client_secret),
            Grant::RefreshToken => ("/refresh_token", &self.refresh_token),
        };
        if given.is_none() || self.secret.is_some() {
            let detail = "the relay's tokens come from its token endpoint: give what that grant needs, and no secret";
            return Err(Problem::field(pointer, detail));
        }
        let credentials = Credentials { client_secret: self.client_secret, refresh_token: self.refresh_token };
        serde_json::to_vec(&credentials).map_err(|error| Problem::ours(&error))
    }
}

/// Octets of a secret: access tokens have up to some 4 KB.
const RELAY_SECRET_OCTETS_MAX: usize = 8 * 1024;

/// Keep the secret of the library's own relay, sealed, for the relay and account in its record now. It is never shown
/// again; a test message goes out at once.
#[utoipa::path(put, path = "/v1/libraries/{library}/relay-secret", tag = "senders", params(("library" = String, Path)), request_body = RelaySecret, responses((status = 204), (status = 409, body = Problem), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn relay_secret(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let body: RelaySecret = read_json(&body)?;
    let Some(relay) = &library.relay else {
        let detail = format!("{} has no mail relay of its own.", library.code);
        return Err(Problem::new("conflict", detail, "Set relay in the library's record first.").into());
    };
    let sealed = app.secret.seal(&body.plain(relay)?, &own_relay::about(&library.code, relay));
    let deed = caller.deed(Some(&library.code), "relay_secret.changed", "");
    app.store.noting(deed).put_relay_secret(library.code.clone(), sealed, clock::now()).await?;
    app.senders.forget_relay(&library.code);
    Ok(no_store(StatusCode::NO_CONTENT))
}

/// `?format=` of the kit.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct KitFormat {
    /// table, zone, powershell, terraform or letter; JSON without it.
    format: Option<String>,
}

/// The records that the library's IT department publishes, each compared with live DNS.
#[utoipa::path(get, path = "/v1/libraries/{library}/kit", tag = "senders", params(("library" = String, Path), KitFormat), responses((status = 200, body = Object), (status = 409, body = Problem)), security(("key" = [])))]
pub async fn kit(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    Query(KitFormat { format }): Query<KitFormat>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let format = format.map(|text| Format::from_code(&text).ok_or(text)).transpose().map_err(|text| {
        let all = Format::ALL.map(Format::code).join(", ");
        Problem::field("/format", format!("“{text}” is no format; use {all}"))
    })?;
    let Some(from) = &library.from else {
        let detail =
            format!("{} sends from the shared address, which needs nothing of its IT department.", library.code);
        return Err(Problem::new("conflict", detail, "Set its From address first.").into());
    };
    let Some(kit) = app.senders.kit(&library, from.domain()).await else {
        return Err(Problem::new("unavailable", "The DNS did not answer in time.", "Ask again in a minute.").into());
    };
    Ok(match format {
        None => no_store(Json(kit)),
        Some(format) => {
            let text = kit.render(format, accepted_language(&headers));
            no_store(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text))
        }
    })
}

/// What is wrong at the moment, or was.
#[utoipa::path(get, path = "/v1/libraries/{library}/incidents", tag = "senders", params(("library" = String, Path)), responses((status = 200, body = Object)), security(("key" = [])))]
pub async fn incidents(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Response, Refusal> {
    /// Incidents listed at most.
    const MOST: u32 = 200;
    let library = library(&app, &caller, &code)?;
    let found = app.store.incidents(Some(&library.code), MOST).await?;
    let data: Vec<serde_json::Value> = found
        .into_iter()
        .map(|one| {
            serde_json::json!({ "id": one.id, "cause": one.cause, "detail": one.detail, "opened_at": one.opened_at,
                "last_at": one.last_at, "times": one.times, "closed_at": one.closed_at })
        })
        .collect();
    Ok(no_store(Json(serde_json::json!({ "data": data }))))
}

/// A DKIM key, without its private half.
#[derive(Debug, Serialize, ToSchema)]
pub struct DkimAnswer {
    domain: String,
    selector: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    library: Option<String>,
    algorithm: String,
    /// Whether it signs.
    active: bool,
    /// The TXT record that verifiers must find.
    record: String,
}

impl From<&Key> for DkimAnswer {
    fn from(key: &Key) -> Self {
        Self {
            domain: key.domain.clone(),
            selector: key.selector.clone(),
            library: key.library.clone(),
            algorithm: key.algorithm.clone(),
            active: key.active,
            record: key.record(),
        }
    }
}

/// The DKIM keys.
#[utoipa::path(get, path = "/v1/dkim", tag = "senders", responses((status = 200, body = Vec<DkimAnswer>)), security(("key" = [])))]
pub async fn dkim_list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    Ok(no_store(Json(app.keyring.all().iter().map(|key| DkimAnswer::from(&**key)).collect::<Vec<_>>())))
}

/// A DKIM key to be imported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DkimImport {
    /// The signing domain.
    domain: String,
    /// The selector.
    selector: String,
    /// The library whose domain it is; left out for the shared domain.
    library: Option<String>,
    /// The private key, PEM.
    private_key: String,
    /// Whether it signs at once.
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

/// Keep a DKIM key made elsewhere.
#[utoipa::path(post, path = "/v1/dkim/import", tag = "senders", request_body = DkimImport, responses((status = 201, body = DkimAnswer), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn dkim_import(State(app): State<Arc<App>>, caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let body: DkimImport = read_json(&body)?;
    let domain = Domain::parse(&body.domain).map_err(|error| Problem::field("/domain", error.to_string()))?;
    Domain::parse(&body.selector).map_err(|_| Problem::field("/selector", "a selector is a DNS label"))?;
    let imported = app
        .keyring
        .import(&domain, &body.selector, body.library.as_deref(), body.private_key.as_bytes(), body.active)
        .await;
    match imported {
        Ok(key) => {
            let of = body.library.as_deref().and_then(|code| LibraryCode::parse(code).ok());
            let subject = format!("{}._domainkey.{domain}", body.selector);
            app.store.note(caller.deed(of.as_ref(), "dkim.changed", subject)).await?;
            app.senders.nudge();
            Ok((StatusCode::CREATED, no_store(Json(DkimAnswer::from(&*key)))).into_response())
        }
        Err(crate::keyring::NotAKey::Store(error)) => Err(error.into()),
        Err(error) => Err(Problem::field("/private_key", error.to_string()).into()),
    }
}

/// A rotation wished for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DkimRotate {
    /// The signing domain.
    domain: String,
}

/// Let the other selector's key sign, once DNS shows that it is published.
#[utoipa::path(post, path = "/v1/dkim/rotate", tag = "senders", request_body = DkimRotate, responses((status = 200, body = Vec<DkimAnswer>), (status = 409, body = Problem)), security(("key" = [])))]
pub async fn dkim_rotate(State(app): State<Arc<App>>, caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let body: DkimRotate = read_json(&body)?;
    let domain = Domain::parse(&body.domain).map_err(|error| Problem::field("/domain", error.to_string()))?;
    let of_domain: Vec<_> = app.keyring.all().into_iter().filter(|key| key.domain == domain.as_str()).collect();
    let next = of_domain.iter().find(|key| !key.active && key.algorithm == "rsa");
    let Some(next) = next else {
        let detail = format!("{domain} has no second key to change to.");
        return Err(Problem::new("conflict", detail, "").into());
    };
    let found = app.senders.key_is_published(&domain, &next.selector, &next.public).await;
    if !found {
        let detail =
            format!("DNS does not show the key {}._domainkey.{domain} yet; nothing was changed.", next.selector);
        let fix = "Publish it (courtesy dkim list shows the record), wait for its TTL, and rotate again.";
        return Err(Problem::new("conflict", detail, fix).into());
    }
    app.keyring.activate(&domain, &next.selector).await.map_err(|error| Problem::ours(&error))?;
    let subject = format!("{}._domainkey.{domain}", next.selector);
    app.store.note(caller.deed(None, "dkim.changed", subject)).await?;
    app.senders.nudge();
    dkim_list(State(app), caller).await
}

/// The records that the operator publishes for the shared domain, as a zone file.
#[utoipa::path(get, path = "/v1/zone", tag = "senders", responses((status = 200, content_type = "text/plain", body = String)), security(("key" = [])))]
pub async fn zone(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let text = published::zone(&app.config, &app.keyring.all(), clock::now());
    Ok(no_store(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)))
}
