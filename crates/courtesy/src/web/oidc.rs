//! Signing in at an OpenID provider (OpenID Connect Core 1.0, the code flow with PKCE).
//!
//! In: the provider of the settings, and what it says of somebody. Out: a session like any other, for people who have a
//! sign-in here by the name that the provider gives. Nobody gets one by it: staff are added by colleagues, and their roles
//! are ours. State, nonce and PKCE verifier are in a sealed cookie of the browser that began.

pub(super) mod provider;
mod token;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::guard::cookie;
use super::oops::Oops;
use super::sign_in::{self, To, begin, own_path};
use super::visit::{Visit, lead_to};
use super::{Answer, Web};
use crate::config::Oidc;
use crate::id::random_bytes;
use crate::store::Staff;
use provider::NoUse;
use token::Wanted;

/// How long signing in there may take: with a forgotten password, and a telephone in another room.
const TAKES_AT_MOST: SignedDuration = SignedDuration::from_mins(15);

/// The cookie of a sign-in under way.
const COOKIE: &str = "courtesy_oidc";

/// Octets of state, nonce and verifier: 256 bits cannot be guessed (RFC 7636 §7.1).
const RANDOM_OCTETS: usize = 32;

/// What the browser keeps for us meanwhile.
#[derive(Serialize, Deserialize)]
struct UnderWay {
    state: String,
    nonce: String,
    verifier: String,
    to: String,
    begun: Timestamp,
}

fn random() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<RANDOM_OCTETS>())
}

fn settings(web: &Web) -> Result<&Oidc, Oops> {
    Some(&web.config.oidc).filter(|oidc| !oidc.issuer.is_empty()).ok_or(Oops::NotFound)
}

fn redirect_uri(web: &Web) -> String {
    format!("{}/sign-in/oidc/back", web.config.url())
}

/// Sends somebody to the provider.
pub(super) async fn leave(State(web): State<Arc<Web>>, visit: Visit, Query(to): Query<To>) -> Answer {
    let settings = settings(&web)?;
    let to = own_path(&to.to).to_owned();
    let under_way = UnderWay { state: random(), nonce: random(), verifier: random(), to: to.clone(), begun: visit.now };
    let place = match place(&web, settings, &under_way).await {
        Ok(place) => place,
        Err(error) => {
            tracing::warn!(%error, "the OpenID provider is of no use");
            return sign_in::again(&web, &visit, to, "oidc-no-provider");
        }
    };
    let sealed = web.secret.seal(&serde_json::to_vec(&under_way).unwrap_or_default(), COOKIE);
    let mut response = lead_to(&place);
    keep(&web, &mut response, &URL_SAFE_NO_PAD.encode(sealed), TAKES_AT_MOST.as_secs());
    Ok(response)
}

async fn place(web: &Web, settings: &Oidc, under_way: &UnderWay) -> Result<String, NoUse> {
    let known = web.provider.known(&web.https, settings).await?;
    // RFC 7636 §4.2, S256.
    let hashed = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, under_way.verifier.as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(hashed);
    let redirect_uri = redirect_uri(web);
    known.sign_in_at(
        &web.https,
        &[
            ("response_type", "code"),
            ("scope", "openid email profile"),
            ("client_id", &settings.client_id),
            ("redirect_uri", &redirect_uri),
            ("state", &under_way.state),
            ("nonce", &under_way.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    )
}

/// Only for the path that needs it. Lax: the provider leads back to us from its own pages.
fn keep(web: &Web, response: &mut Response, value: &str, seconds: i64) {
    let secure = if web.config.is_https() { "; Secure" } else { "" };
    let line = format!("{COOKIE}={value}; Path=/sign-in/oidc; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(line) = HeaderValue::from_str(&line) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
}

/// What the provider sends somebody back with (§3.1.2.5; `iss`: RFC 9207).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Back {
    code: String,
    state: String,
    iss: Option<String>,
}

/// Signs in who comes back.
pub(super) async fn back(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Answer {
    let settings = settings(&web)?;
    let under_way = under_way(&web, &headers, visit.now).filter(|it| same(&it.state, &back.state));
    let from_there = back.iss.as_ref().is_none_or(|iss| *iss == settings.issuer);
    let Some(under_way) = under_way.filter(|_| from_there && !back.code.is_empty()) else {
        return sign_in::again(&web, &visit, String::new(), "oidc-not-begun");
    };
    let name = match name(&web, settings, &under_way, &back.code, visit.now).await {
        Ok(name) => name,
        Err(error) => {
            tracing::warn!(%error, "the OpenID provider’s word was not taken");
            return sign_in::again(&web, &visit, under_way.to, "oidc-not-believed");
        }
    };
    let staff: Option<Staff> = web.store.staff_by_login(&name).await?.map(|(staff, _)| staff);
    let Some(staff) = staff else { return sign_in::again(&web, &visit, under_way.to, "oidc-unknown") };
    let mut response = begin(&web, &visit, &headers, &staff, "oidc", own_path(&under_way.to)).await?;
    keep(&web, &mut response, "", 0);
    Ok(response)
}

fn under_way(web: &Web, headers: &HeaderMap, now: Timestamp) -> Option<UnderWay> {
    let sealed = URL_SAFE_NO_PAD.decode(cookie(headers, COOKIE)?).ok()?;
    let under_way: UnderWay = serde_json::from_slice(&web.secret.open_sealed(&sealed, COOKIE).ok()?).ok()?;
    let age = now.duration_since(under_way.begun);
    (!age.is_negative() && age <= TAKES_AT_MOST).then_some(under_way)
}

fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// Whom the provider names for this code.
async fn name(
    web: &Web,
    settings: &Oidc,
    under_way: &UnderWay,
    code: &str,
    now: Timestamp,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let known = web.provider.known(&web.https, settings).await?;
    let redirect_uri = redirect_uri(web);
    let asked = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri.as_str()),
        ("code_verifier", under_way.verifier.as_str()),
    ];
    let token = known.token(&web.https, settings, asked).await?;
    let wanted = Wanted {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        nonce: &under_way.nonce,
        claim: &settings.claim,
    };
    Ok(token::named(&token, &known.keys, &wanted, now)?)
}
