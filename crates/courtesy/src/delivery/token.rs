//! Access tokens for libraries' own relays (OAuth 2.0, RFC 6749): asked for by the client credentials grant (§4.4) or
//! with a refresh token (§6), when there is none, when it runs out, and when the relay refused it.
//!
//! In: a relay that names a token endpoint, and the sealed credentials. Out: an access token, kept in memory alone; or
//! why there is none. A new refresh token takes the place of the old one, sealed. Not here: using the token (`sign_in`).

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::own_relay::about;
use crate::library::{Grant, LibraryCode, OwnRelay, TokenSource};
use crate::net::https::{Answer, HeaderMap, HeaderValue, Https, Method, NoAnswer, Request, Url};
use crate::secret::Secret;
use crate::store::Store;

/// A token is not used in its last minutes: the conversation it opens must end before it does.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// How long a token is believed whose answer does not say (RFC 6749 §5.1 only recommends it). Too long costs one refused
/// sign-in, after which another is asked for.
const LIFE_UNSAID: SignedDuration = SignedDuration::from_mins(30);

/// How long after a failure nobody asks again: a thousand waiting messages are one question.
const AGAIN_AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(1);

/// The longest token that is taken; those of the large providers have 2 to 4 KB.
const TOKEN_OCTETS_MAX: usize = 16 * 1024;

/// Letters of an endpoint's own words that are shown.
const WORDS_SHOWN_MAX: usize = 200;

/// What a library gave us to ask for tokens with. Sealed as JSON; never shown.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Credentials {
    /// The client's secret; a public client has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// For [`Grant::RefreshToken`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// Why there is no token, in words for the library's IT. It holds nothing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoToken(pub String);

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was found last for one library.
struct Held {
    /// The sealed credentials it was asked for with: others make it worthless.
    sealed: Vec<u8>,
    got: Result<String, NoToken>,
    until: Timestamp,
}

type Turn = Arc<tokio::sync::Mutex<Option<Held>>>;

/// The tokens in hand.
pub struct Tokens {
    https: Https,
    store: Store,
    secret: Arc<Secret>,
    turns: Mutex<HashMap<LibraryCode, Turn>>,
}

impl Tokens {
    /// No token yet.
    #[must_use]
    pub fn new(https: Https, store: Store, secret: Arc<Secret>) -> Self {
        Self { https, store, secret, turns: Mutex::default() }
    }

    /// The token to sign in with at `relay`, for which `sealed` was given. Several who ask at once share one question.
    ///
    /// # Errors
    /// [`NoToken`]; it is remembered for a minute.
    pub async fn of(
        &self,
        library: &LibraryCode,
        relay: &OwnRelay,
        source: &TokenSource,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<String, NoToken> {
        let turn = self.turn(library);
        let mut held = turn.lock().await;
        if let Some(known) = held.as_ref().filter(|known| known.sealed == sealed && now < known.until) {
            return known.got.clone();
        }
        let found = self.asked(library, relay, source, sealed, now).await;
        let (got, until, sealed) = match found {
            Ok((granted, sealed)) => (Ok(granted.access_token), now + granted.life, sealed),
            Err(none) => {
                tracing::warn!(%library, why = %none, "no access token for the library's own relay");
                (Err(none), now + AGAIN_AFTER_FAILURE, sealed.to_vec())
            }
        };
        *held = Some(Held { sealed, got: got.clone(), until });
        got
    }

    /// The relay would not have `token`: another is asked for next time.
    pub async fn refused(&self, library: &LibraryCode, token: &str) {
        let turn = self.turn(library);
        let mut held = turn.lock().await;
        if held.as_ref().is_some_and(|known| known.got.as_deref() == Ok(token)) {
            *held = None;
        }
    }

    /// Why the last question gave no token; none where it gave one.
    pub async fn trouble(&self, library: &LibraryCode) -> Option<NoToken> {
        let turn = self.turn(library);
        let held = turn.lock().await;
        held.as_ref().and_then(|known| known.got.as_ref().err().cloned())
    }

    fn turn(&self, library: &LibraryCode) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(library.clone()).or_default())
    }

    async fn asked(
        &self,
        library: &LibraryCode,
        relay: &OwnRelay,
        source: &TokenSource,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<(Granted, Vec<u8>), NoToken> {
        let about = about(library, relay);
        let opened = self.secret.open_sealed(sealed, &about).ok();
        let credentials: Option<Credentials> = opened.and_then(|octets| serde_json::from_slice(&octets).ok());
        let credentials = credentials.ok_or_else(|| NoToken("the credentials are for another relay".to_owned()))?;
        let url = self.https.url(&source.token_url).map_err(|none| NoToken(none.to_string()))?;
        let answer = self.https.send(request(url, source, &credentials)).await;
        let granted = read(answer)?;
        let Some(refresh_token) = &granted.refresh_token else { return Ok((granted, sealed.to_vec())) };
        // RFC 6749 §6: a new refresh token replaces the old one, which may be worthless from now on.
        let renewed = Credentials { refresh_token: Some(refresh_token.clone()), ..credentials };
        let renewed = self.secret.seal(&serde_json::to_vec(&renewed).unwrap_or_default(), &about);
        if let Err(error) = self.store.renew_relay_secret(library, sealed.to_vec(), renewed.clone(), now).await {
            tracing::error!(%library, %error, "a new refresh token could not be kept");
        }
        Ok((granted, renewed))
    }
}

/// The question. The client's name and secret go in the body (RFC 6749 §2.3.1), which the large providers document; how
/// they are to be escaped in a Basic header is read in several ways.
fn request(url: Url, source: &TokenSource, credentials: &Credentials) -> Request {
    let mut pairs = vec![("client_id", source.client_id.as_str())];
    match source.grant {
        Grant::ClientCredentials => pairs.push(("grant_type", "client_credentials")),
        Grant::RefreshToken => {
            pairs.push(("grant_type", "refresh_token"));
            pairs.push(("refresh_token", credentials.refresh_token.as_deref().unwrap_or_default()));
        }
    }
    pairs.extend(credentials.client_secret.as_deref().map(|secret| ("client_secret", secret)));
    pairs.extend(source.scope.as_deref().map(|scope| ("scope", scope)));
    // A URL's query is written as forms are (application/x-www-form-urlencoded).
    let mut form = url.clone();
    form.query_pairs_mut().clear().extend_pairs(pairs);
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert("accept", HeaderValue::from_static("application/json"));
    Request { method: Method::POST, body: form.query().unwrap_or_default().as_bytes().to_vec(), url, headers }
}

struct Granted {
    access_token: String,
    refresh_token: Option<String>,
    life: SignedDuration,
}

/// RFC 6749 §5.1 and §5.2.
fn read(answer: Result<Answer, NoAnswer>) -> Result<Granted, NoToken> {
    let answer = answer.map_err(|none| NoToken(format!("the token endpoint: {none}")))?;
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = |name: &str| json[name].as_str().map(shown).filter(|words| !words.is_empty());
    if answer.status != 200 {
        let words = [said("error"), said("error_description")].into_iter().flatten().collect::<Vec<_>>().join(": ");
        return Err(NoToken(format!("the token endpoint answered {} {words}", answer.status).trim_end().to_owned()));
    }
    let fits = |token: &&str| {
        // RFC 6749 §A.12: printable ASCII; and it goes into one SMTP line.
        (1..=TOKEN_OCTETS_MAX).contains(&token.len()) && token.bytes().all(|octet| (0x20..0x7f).contains(&octet))
    };
    let token = |name: &str| json[name].as_str().filter(fits).map(str::to_owned);
    let is_bearer = json["token_type"].as_str().is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let access_token = token("access_token").filter(|_| is_bearer);
    let access_token = access_token.ok_or_else(|| NoToken("the token endpoint gave no bearer token".to_owned()))?;
    // Some write the number as a text.
    let seconds = json["expires_in"].as_i64().or_else(|| json["expires_in"].as_str()?.parse().ok());
    let whole = seconds.filter(|seconds| *seconds > 0).map_or(LIFE_UNSAID, SignedDuration::from_secs);
    // A token of a few minutes is used for half of them.
    let life = (whole - MARGIN).max(whole / 2).min(SignedDuration::from_hours(24));
    Ok(Granted { access_token, refresh_token: token("refresh_token"), life })
}

/// An endpoint's own words, on one line and not too many.
fn shown(words: &str) -> String {
    let plain = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(WORDS_SHOWN_MAX).collect::<String>().trim().to_owned()
}
