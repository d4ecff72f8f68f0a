//! One visit to an OpenID provider: there with state, nonce and PKCE, and back with a code (OpenID Connect Core 1.0 §3.1).
//!
//! In: who we are at the provider. Out: what it says of somebody, believed. What the browser keeps meanwhile is sealed into a cookie of its
//! own for each use. Not here: who that is here (`oidc` for staff, `me::sign_on` for patrons).

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::provider::NoUse;
use super::token::{self, Wanted};
use crate::id::random_bytes;
use crate::web::Web;
use crate::web::guard::cookie;
use crate::web::visit::lead_to;

/// How long signing in there may take: with a forgotten password, and a telephone in another room.
const TAKES_AT_MOST: SignedDuration = SignedDuration::from_mins(15);

/// Octets of state, nonce and verifier: 256 bits cannot be guessed (RFC 7636 §7.1).
const RANDOM_OCTETS: usize = 32;

/// Who we are at a provider.
pub(in crate::web) struct Client {
    /// The provider's name for itself.
    pub issuer: String,
    /// Its name for us.
    pub client_id: String,
    /// What shows it that it is us.
    pub client_secret: String,
    /// Where it sends people back to. Each provider has its own, so that none is given another's code (RFC 9700 §4.4.2.2).
    pub redirect_uri: String,
}

/// Where a browser keeps what is under way: a cookie, for the paths that need it.
pub(in crate::web) struct Flow {
    pub cookie: &'static str,
    pub path: &'static str,
}

/// What the browser keeps for us meanwhile.
#[derive(Serialize, Deserialize)]
pub(in crate::web) struct UnderWay {
    state: String,
    nonce: String,
    verifier: String,
    /// What it was begun for.
    pub to: String,
    begun: Timestamp,
}

/// What the provider sends somebody back with (§3.1.2.5; `iss`: RFC 9207).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Back {
    code: String,
    state: String,
    iss: Option<String>,
}

fn random() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<RANDOM_OCTETS>())
}

impl Flow {
    /// Sends somebody to the provider.
    ///
    /// # Errors
    /// When the provider is of no use.
    pub(in crate::web) async fn leave(
        &self,
        web: &Web,
        client: &Client,
        to: String,
        now: Timestamp,
    ) -> Result<Response, NoUse> {
        let under_way = UnderWay { state: random(), nonce: random(), verifier: random(), to, begun: now };
        let place = place(web, client, &under_way).await?;
        let mut response = lead_to(&place);
        self.keep(web, &mut response, &web.secret.seal_text(&under_way, self.cookie), TAKES_AT_MOST.as_secs());
        Ok(response)
    }

    /// What was begun in this browser and is answered by `back`; none where it was not, or where another provider answers.
    pub(in crate::web) fn answered(
        &self,
        web: &Web,
        headers: &HeaderMap,
        client: &Client,
        back: &Back,
        now: Timestamp,
    ) -> Option<UnderWay> {
        let under_way: UnderWay = web.secret.open_text(cookie(headers, self.cookie)?, self.cookie)?;
        let age = now.duration_since(under_way.begun);
        let is_young = !age.is_negative() && age <= TAKES_AT_MOST;
        let from_there = back.iss.as_ref().is_none_or(|iss| *iss == client.issuer);
        (is_young && from_there && !back.code.is_empty() && same(&under_way.state, &back.state)).then_some(under_way)
    }

    /// Takes it from this browser.
    pub(in crate::web) fn forget(&self, web: &Web, response: &mut Response) {
        self.keep(web, response, "", 0);
    }

    /// Only for the paths that need it. Lax: the provider leads back to us from its own pages.
    fn keep(&self, web: &Web, response: &mut Response, value: &str, seconds: i64) {
        let secure = if web.config.is_https() { "; Secure" } else { "" };
        let (name, path) = (self.cookie, self.path);
        let line = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        if let Ok(line) = HeaderValue::from_str(&line) {
            response.headers_mut().append(header::SET_COOKIE, line);
        }
    }
}

/// Whether there is a provider with this issuer.
pub(in crate::web) async fn answers(web: &Web, issuer: &str) -> bool {
    let known = web.providers.known(&web.https, issuer).await;
    if let Err(error) = &known {
        tracing::info!(%error, "an OpenID provider that was set is of no use");
    }
    known.is_ok()
}

async fn place(web: &Web, client: &Client, under_way: &UnderWay) -> Result<String, NoUse> {
    let known = web.providers.known(&web.https, &client.issuer).await?;
    // RFC 7636 §4.2, S256.
    let hashed = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, under_way.verifier.as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(hashed);
    known.sign_in_at(
        &web.https,
        &[
            ("response_type", "code"),
            ("scope", "openid email profile"),
            ("client_id", &client.client_id),
            ("redirect_uri", &client.redirect_uri),
            ("state", &under_way.state),
            ("nonce", &under_way.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    )
}

fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// What the provider says of whoever came back with this code.
///
/// # Errors
/// When it gives no token, or one that is not believed.
pub(in crate::web) async fn claims(
    web: &Web,
    client: &Client,
    under_way: &UnderWay,
    back: &Back,
    now: Timestamp,
) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    let known = web.providers.known(&web.https, &client.issuer).await?;
    let asked = vec![
        ("grant_type", "authorization_code"),
        ("code", back.code.as_str()),
        ("redirect_uri", client.redirect_uri.as_str()),
        ("code_verifier", under_way.verifier.as_str()),
    ];
    let token = known.token(&web.https, client, asked).await?;
    let wanted = Wanted { issuer: &client.issuer, client_id: &client.client_id, nonce: &under_way.nonce };
    Ok(token::believed(&token, &known.keys, &wanted, now)?)
}
