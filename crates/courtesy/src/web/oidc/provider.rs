//! OpenID providers: what each says of itself, and its answer to a code.
//!
//! In: an issuer, a code. Out: where to send people, and an ID token with the keys it must be signed by. Everything comes
//! over TLS from hosts that the issuer's own document names. Not here: whether a token is believed (`token`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::flow::Client;
use crate::net::https::{HeaderMap, HeaderValue, Https, Method, Request, Url};

/// How long what a provider says of itself is believed: keys change rarely, and a new one signs at once.
const BELIEVED_FOR: Duration = Duration::from_secs(300);

/// How long one that was of no use is not asked again: whoever presses a button does not have us knock at a dead door each time.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(10);

/// Providers remembered; beyond it those that are asked again anyway go.
const REMEMBERED_MAX: usize = 1_000;

/// Why the provider was of no use.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::web) struct NoUse(String);

/// Letters of why: part of it is the provider's own words, which go to the log.
const WHY_LETTERS_MAX: usize = 300;

impl NoUse {
    fn because(why: &str) -> Self {
        Self(why.chars().filter(|letter| !letter.is_control()).take(WHY_LETTERS_MAX).collect())
    }
}

/// What it says of itself (OpenID Connect Discovery 1.0 §3).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What is known of it now.
pub(super) struct Known {
    metadata: Metadata,
    /// Its keys.
    pub keys: Value,
}

/// What was found of a provider, and when.
#[derive(Clone)]
struct Found {
    at: Instant,
    known: Result<Arc<Known>, NoUse>,
}

impl Found {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < if self.known.is_ok() { BELIEVED_FOR } else { LEFT_ALONE_FOR }
    }
}

/// The providers, and what was found of each a moment ago, by its issuer.
#[derive(Default)]
pub(in crate::web) struct Providers {
    found: Mutex<HashMap<String, Found>>,
}

impl Providers {
    /// What it says of itself.
    pub(super) async fn known(&self, https: &Https, issuer: &str) -> Result<Arc<Known>, NoUse> {
        let remembered = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned();
        if let Some(found) = remembered.filter(Found::is_fresh) {
            return found.known;
        }
        let known = Known::of(https, issuer).await.map(Arc::new);
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX {
            all.retain(|_, found| found.is_fresh());
        }
        if all.len() < REMEMBERED_MAX {
            all.insert(issuer.to_owned(), Found { at: Instant::now(), known: known.clone() });
        }
        known
    }
}

impl Known {
    /// Asks the provider with this issuer.
    async fn of(https: &Https, issuer: &str) -> Result<Self, NoUse> {
        let found = get(https, &format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))).await?;
        let metadata: Metadata = serde_json::from_value(found)
            .map_err(|error| NoUse::because(&format!("its document is not one: {error}")))?;
        // Discovery §4.3: a document of another issuer would let that one sign people in.
        if metadata.issuer != issuer {
            return Err(NoUse::because(&format!("its document names the issuer {}", metadata.issuer)));
        }
        let keys = get(https, &metadata.jwks_uri).await?;
        Ok(Self { metadata, keys })
    }

    /// Where somebody signs in (§3.1.2.1, RFC 7636 §4.3).
    pub(super) fn sign_in_at(&self, https: &Https, asked: &[(&str, &str)]) -> Result<String, NoUse> {
        let mut url =
            https.url(&self.metadata.authorization_endpoint).map_err(|none| NoUse::because(&none.to_string()))?;
        url.query_pairs_mut().extend_pairs(asked);
        Ok(url.into())
    }

    /// The ID token for a code (§3.1.3).
    pub(super) async fn token(
        &self,
        https: &Https,
        client: &Client,
        mut asked: Vec<(&str, &str)>,
    ) -> Result<String, NoUse> {
        let url = https.url(&self.metadata.token_endpoint).map_err(|none| NoUse::because(&none.to_string()))?;
        let mut headers = HeaderMap::new();
        let in_body = self.metadata.token_endpoint_auth_methods_supported.iter().any(|it| it == "client_secret_post");
        asked.push(("client_id", &client.client_id));
        if in_body {
            asked.push(("client_secret", &client.client_secret));
        } else {
            // RFC 6749 §2.3.1: both escaped as in forms, then as a password.
            let pair = format!("{}:{}", escaped(&client.client_id), escaped(&client.client_secret));
            let basic = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)));
            headers.insert("authorization", basic.map_err(|_| NoUse::because("the client’s secret cannot be sent"))?);
        }
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        let body = form(&url, asked);
        let answer = send(https, Request { method: Method::POST, url, headers, body }).await?;
        let token = answer["id_token"].as_str().map(str::to_owned);
        token.ok_or_else(|| NoUse::because("its token endpoint gave no ID token"))
    }
}

fn escaped(text: &str) -> String {
    super::super::form::encoded(text)
}

/// A URL's query is written as forms are (application/x-www-form-urlencoded).
fn form(url: &Url, pairs: Vec<(&str, &str)>) -> Vec<u8> {
    let mut form = url.clone();
    form.query_pairs_mut().clear().extend_pairs(pairs);
    form.query().unwrap_or_default().as_bytes().to_vec()
}

async fn get(https: &Https, url: &str) -> Result<Value, NoUse> {
    let url = https.url(url).map_err(|none| NoUse::because(&none.to_string()))?;
    send(https, Request { method: Method::GET, url, headers: HeaderMap::new(), body: Vec::new() }).await
}

async fn send(https: &Https, mut request: Request) -> Result<Value, NoUse> {
    let host = request.url.host_str().unwrap_or_default().to_owned();
    request.headers.insert("accept", HeaderValue::from_static("application/json"));
    let answer = https.send(request).await.map_err(|none| NoUse::because(&format!("{host}: {none}")))?;
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status != 200 {
        let words: String = json["error"].as_str().unwrap_or_default().chars().take(100).collect();
        return Err(NoUse::because(&format!("{host} answered {} {words}", answer.status)));
    }
    Ok(json)
}
