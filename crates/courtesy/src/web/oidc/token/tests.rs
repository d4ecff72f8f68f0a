use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn wanted() -> Wanted<'static> {
    Wanted { issuer: "https://login.example", client_id: "courtesy", nonce: "n1" }
}

fn claims() -> Value {
    json!({ "iss": "https://login.example", "aud": "courtesy", "exp": NOW + 300, "iat": NOW - 5, "nonce": "n1",
        "email": "A.Roy@library.example", "email_verified": true })
}

/// Whom `token` names, where it is believed.
fn name_in(token: &str, keys: &Value, wanted: &Wanted<'_>, now: Timestamp) -> Result<String, Unbelieved> {
    named(&believed(token, keys, wanted, now)?, "email")
}

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn keys(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({ "keys": [{ "kty": "oct" }, { "kid": "k1", "kty": "EC", "crv": "P-256", "x": part(1..33), "y": part(33..65) }] })
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

#[test]
fn a_token_for_us_and_this_sign_in_names_somebody() {
    let signer = Signer::new();
    let token = signer.token(&json!({ "alg": "ES256", "kid": "k1" }), &claims());
    assert_eq!(name_in(&token, &signer.keys(), &wanted(), now()), Ok("a.roy@library.example".to_owned()));
    let mut several = claims();
    several["aud"] = json!(["another", "courtesy"]);
    several["azp"] = json!("courtesy");
    let token = signer.token(&json!({ "alg": "ES256" }), &several);
    assert!(name_in(&token, &signer.keys(), &wanted(), now()).is_ok());
}

#[test]
fn a_token_of_others_for_others_or_of_another_time_names_nobody() {
    let signer = Signer::new();
    let header = json!({ "alg": "ES256", "kid": "k1" });
    for (name, value, expected) in [
        ("iss", json!("https://evil.example"), Unbelieved::Issuer),
        ("aud", json!("another"), Unbelieved::Audience),
        ("aud", json!(["another"]), Unbelieved::Audience),
        ("azp", json!("another"), Unbelieved::Audience),
        ("exp", json!(NOW - 121), Unbelieved::Time),
        ("exp", Value::Null, Unbelieved::Time),
        ("iat", json!(NOW + 121), Unbelieved::Time),
        ("nonce", json!("n2"), Unbelieved::Nonce),
        ("nonce", Value::Null, Unbelieved::Nonce),
        ("email", json!(" "), Unbelieved::Nobody),
        ("email_verified", json!(false), Unbelieved::Unverified),
    ] {
        let mut claims = claims();
        claims[name] = value;
        let token = signer.token(&header, &claims);
        assert_eq!(name_in(&token, &signer.keys(), &wanted(), now()), Err(expected), "{name}");
    }
    let token = signer.token(&header, &claims());
    assert_eq!(name_in(&token, &Signer::new().keys(), &wanted(), now()), Err(Unbelieved::Signature));
    for alg in ["none", "HS256", "RS256", "ES384"] {
        let token = signer.token(&json!({ "alg": alg, "kid": "k1" }), &claims());
        assert_eq!(name_in(&token, &signer.keys(), &wanted(), now()), Err(Unbelieved::Signature), "{alg}");
    }
    for wrong in ["", ".", "..", "a.b.c", &token[..token.len() - 2], &token[1..]] {
        assert!(name_in(wrong, &signer.keys(), &wanted(), now()).is_err());
    }
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert!(name_in(&format!("{signed}."), &signer.keys(), &wanted(), now()).is_err());
}
