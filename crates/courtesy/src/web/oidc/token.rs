//! Reading an ID token (OpenID Connect Core 1.0 §3.1.3.7): who it is about, if it is for us and for this sign-in.
//!
//! In: the token, the provider's keys, what was asked. Out: its claims, or why it is not believed; and the one that names somebody of staff.
//! Pure. It comes from the token endpoint over TLS, and its signature is checked all the same.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;
use standards::address::in_small_letters;

/// How far the provider's clock may be from ours, in seconds.
const CLOCKS_APART_S: i64 = 120;

/// What the token must be about.
pub(super) struct Wanted<'a> {
    /// The provider's name for itself.
    pub issuer: &'a str,
    /// Its name for us.
    pub client_id: &'a str,
    /// What we asked it to put in.
    pub nonce: &'a str,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unbelieved {
    /// It is no token.
    #[error("it is no token")]
    Unreadable,
    /// No key of the provider fits.
    #[error("no key of the provider's signed it")]
    Signature,
    /// Another provider's.
    #[error("another provider issued it")]
    Issuer,
    /// Somebody else's.
    #[error("it is not for this service")]
    Audience,
    /// Too old, or of the future.
    #[error("it is not of now")]
    Time,
    /// Of another sign-in.
    #[error("it answers another sign-in")]
    Nonce,
    /// It names nobody.
    #[error("the claim that names people is not in it")]
    Nobody,
    /// The provider has not made sure of the address.
    #[error("the provider has not verified the address")]
    Unverified,
}

/// What `token` claims, where it is for us and for this sign-in.
pub(super) fn believed(token: &str, keys: &Value, wanted: &Wanted<'_>, now: Timestamp) -> Result<Value, Unbelieved> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Unbelieved::Unreadable)?;
    let (header, claims) = signed.split_once('.').ok_or(Unbelieved::Unreadable)?;
    let (header, claims) = (json(header)?, json(claims)?);
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Unbelieved::Unreadable)?;
    if !keys["keys"].as_array().is_some_and(|keys| keys.iter().any(|key| fits(key, &header, signed, &signature))) {
        return Err(Unbelieved::Signature);
    }
    if claims["iss"].as_str() != Some(wanted.issuer) {
        return Err(Unbelieved::Issuer);
    }
    let is_us = |value: &Value| value.as_str() == Some(wanted.client_id);
    let for_us = is_us(&claims["aud"]) || claims["aud"].as_array().is_some_and(|all| all.iter().any(is_us));
    // A token for several is for whom it says it was issued to.
    let issued_to = &claims["azp"];
    if !for_us || !(issued_to.is_null() || is_us(issued_to)) {
        return Err(Unbelieved::Audience);
    }
    let now = now.as_second();
    let ends = claims["exp"].as_i64().ok_or(Unbelieved::Time)?;
    let made = claims["iat"].as_i64().ok_or(Unbelieved::Time)?;
    if ends.saturating_add(CLOCKS_APART_S) <= now || made.saturating_sub(CLOCKS_APART_S) > now {
        return Err(Unbelieved::Time);
    }
    if claims["nonce"].as_str() != Some(wanted.nonce) {
        return Err(Unbelieved::Nonce);
    }
    Ok(claims)
}

/// Whom `claims` name, lower case, by the one of this name.
pub(super) fn named(claims: &Value, claim: &str) -> Result<String, Unbelieved> {
    let name = claims[claim].as_str().filter(|name| !name.trim().is_empty()).ok_or(Unbelieved::Nobody)?;
    // Some providers let people write any address into their profile.
    if claim == "email" && claims["email_verified"] == Value::Bool(false) {
        return Err(Unbelieved::Unverified);
    }
    Ok(in_small_letters(name.trim()))
}

fn json(part: &str) -> Result<Value, Unbelieved> {
    let octets = URL_SAFE_NO_PAD.decode(part).map_err(|_| Unbelieved::Unreadable)?;
    serde_json::from_slice(&octets).map_err(|_| Unbelieved::Unreadable)
}

/// Whether this key (RFC 7517) signed. RS256, which every provider has (§15.1), and ES256; never "none".
fn fits(key: &Value, header: &Value, signed: &str, signature: &[u8]) -> bool {
    let named = header["kid"].as_str();
    if named.is_some() && key["kid"].as_str().is_some() && named != key["kid"].as_str() {
        return false;
    }
    let octets = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap_or_default()).unwrap_or_default();
    match (header["alg"].as_str(), key["kty"].as_str()) {
        (Some("RS256"), Some("RSA")) => {
            let parts = RsaPublicKeyComponents { n: octets("n"), e: octets("e") };
            parts.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), signature).is_ok()
        }
        (Some("ES256"), Some("EC")) if key["crv"] == "P-256" => {
            let point = [&[4][..], &octets("x"), &octets("y")].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), signature).is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
