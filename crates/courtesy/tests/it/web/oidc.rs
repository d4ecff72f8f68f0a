//! Signing in at an OpenID provider: a small one of our own, over real sockets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use courtesy::staff::Role;
use practice::world::SERVICE;
use serde_json::{Value, json};

use super::{Browser, Page, signed_in};
use crate::world::World;

/// The provider: who is signed in there, and what was asked of it.
pub(super) struct Provider {
    pub(super) issuer: String,
    key: EcdsaKeyPair,
    /// The claims it puts into the next token, beside its own.
    claims: Mutex<Value>,
    /// Nonce and challenge of the sign-in under way.
    asked: Mutex<BTreeMap<String, String>>,
}

fn letters(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

async fn document(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let issuer = &provider.issuer;
    Json(json!({ "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys") }))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let point = provider.key.public_key().as_ref();
    Json(
        json!({ "keys": [{ "kid": "1", "kty": "EC", "crv": "P-256", "x": letters(&point[1..33]), "y": letters(&point[33..65]) }] }),
    )
}

async fn token(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let asked = provider.asked.lock().unwrap().clone();
    let challenge = letters(digest(&SHA256, form["code_verifier"].as_bytes()).as_ref());
    let is_us = headers["authorization"].to_str().unwrap() == format!("Basic {}", STANDARD.encode("courtesy:s%26cret"));
    if !is_us
        || form["code"] != "the-code"
        || challenge != asked["code_challenge"]
        || form["redirect_uri"] != asked["redirect_uri"]
    {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
    }
    let now = courtesy::clock::now().as_second();
    let mut claims =
        json!({ "iss": provider.issuer, "aud": "courtesy", "exp": now + 300, "iat": now, "nonce": asked["nonce"] });
    for (name, value) in provider.claims.lock().unwrap().as_object().unwrap() {
        claims[name] = value.clone();
    }
    let part = |value: &Value| letters(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "kid": "1" })), part(&claims));
    let signature = provider.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", letters(signature.as_ref()));
    (StatusCode::OK, Json(json!({ "token_type": "Bearer", "access_token": "a", "id_token": token })))
}

pub(super) async fn provider() -> Arc<Provider> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let provider = Arc::new(Provider { issuer, key, claims: Mutex::new(json!({})), asked: Mutex::default() });
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(document))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(Arc::clone(&provider));
    tokio::spawn(async move { axum::serve(listener, router).await });
    provider
}

async fn world(provider: &Provider) -> World {
    let issuer = provider.issuer.clone();
    World::with(|config| {
        config.https.private = true;
        config.oidc.issuer = issuer;
        config.oidc.client_id = "courtesy".to_owned();
        config.oidc.client_secret = "s&cret".to_owned();
        config.oidc.name = "Consortium".to_owned();
    })
    .await
}

/// Begins, and signs in at the provider as somebody with these claims; gives the path that it leads back to.
async fn at_provider(browser: &Browser<'_>, provider: &Provider, claims: Value) -> String {
    visit(browser, provider, ("/sign-in/oidc?to=/account", "/sign-in/oidc/back"), claims).await
}

/// The same from the page `begins`, to be sent back to `ends`.
pub(super) async fn visit(
    browser: &Browser<'_>,
    provider: &Provider,
    (begins, ends): (&str, &str),
    claims: Value,
) -> String {
    let left = browser.once("GET", begins, &[], None).await;
    assert_eq!(left.status, 303, "{}", left.text());
    let place = left.headers["location"].to_str().unwrap().to_owned();
    let (there, query) = place.split_once('?').unwrap();
    assert_eq!(there, format!("{}/authorize", provider.issuer));
    let asked: BTreeMap<String, String> = serde_urlencoded::from_str(query).unwrap();
    assert_eq!(asked["redirect_uri"], format!("https://{SERVICE}{ends}"));
    assert_eq!((asked["code_challenge_method"].as_str(), asked["response_type"].as_str()), ("S256", "code"));
    let state = asked["state"].clone();
    *provider.asked.lock().unwrap() = asked;
    *provider.claims.lock().unwrap() = claims;
    format!("{ends}?code=the-code&state={state}")
}

async fn login_of(world: &World, role: Role, library: &str) -> String {
    let (id, _) = signed_in(world, role, Some(library)).await;
    world.app().store.staff(id).await.unwrap().unwrap().login
}

#[tokio::test]
async fn who_is_known_here_by_the_providers_name_is_signed_in() {
    let provider = provider().await;
    let world = world(&provider).await;
    world.library("MRPL").await;
    let login = login_of(&world, Role::Desk, "MRPL").await;
    let browser = Browser::stranger(&world);
    browser.get("/sign-in").await.must_say("Sign in with Consortium");
    let back = at_provider(&browser, &provider, json!({ "email": login.to_uppercase(), "email_verified": true })).await;
    let page = browser.get(&back).await;
    assert_eq!(page.must_be(200).path, "/account");
    page.must_say(&format!("You sign in as {login}")).must_say("This device");
    browser.get("/staff/MRPL").await.must_be(200);
}

#[tokio::test]
async fn nobody_gets_in_by_anothers_sign_in_an_old_one_or_an_unverified_address() {
    let provider = provider().await;
    let world = world(&provider).await;
    world.library("MRPL").await;
    let login = login_of(&world, Role::Admin, "MRPL").await;
    let good = || json!({ "email": login, "email_verified": true });
    let must = |page: &Page, words: &str| {
        page.must_be(422).must_say(words);
    };
    // Whoever sends somebody a link to their own sign-in.
    let attacker = Browser::stranger(&world);
    let back = at_provider(&attacker, &provider, good()).await;
    let victim = Browser::stranger(&world);
    must(&victim.get(&back).await, "not begun in this browser");
    must(&victim.get("/sign-in/oidc/back").await, "not begun in this browser");
    must(&attacker.get(&format!("{back}x")).await, "not begun in this browser");
    must(&attacker.get(&format!("{back}&iss=https://evil.example")).await, "not begun in this browser");
    for (claims, words) in [
        (json!({ "email": login, "email_verified": false }), "could not be verified"),
        (json!({ "sub": "17" }), "could not be verified"),
        (json!({ "email": login, "aud": "another" }), "could not be verified"),
        (json!({ "email": login, "nonce": "another" }), "could not be verified"),
        (json!({ "email": login, "exp": 1 }), "could not be verified"),
        (json!({ "email": "nobody@library.example" }), "You are known there, and have no sign-in here"),
    ] {
        let browser = Browser::stranger(&world);
        let back = at_provider(&browser, &provider, claims).await;
        must(&browser.get(&back).await, words);
        assert_eq!(browser.cookie("__Host-courtesy_session"), None);
    }
    let browser = Browser::stranger(&world);
    let back = at_provider(&browser, &provider, good()).await;
    must(&browser.get(&back.replace("the-code", "another")).await, "could not be verified");
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way_and_one_that_is_down_is_said_so() {
    let world = World::new().await;
    let stranger = Browser::stranger(&world);
    stranger.get("/sign-in/oidc").await.must_be(404);
    assert!(!stranger.get("/sign-in").await.html.contains("/sign-in/oidc"));
    let down = World::with(|config| {
        config.https.private = true;
        config.oidc.issuer = "http://127.0.0.1:1".to_owned();
        config.oidc.client_id = "courtesy".to_owned();
        config.oidc.client_secret = "secret".to_owned();
    })
    .await;
    Browser::stranger(&down).get("/sign-in/oidc").await.must_be(422).must_say("does not answer");
}
