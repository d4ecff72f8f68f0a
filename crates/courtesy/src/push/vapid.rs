//! Saying to a push service who we are (RFC 8292): a short-lived token for its origin, signed with ES256.
//!
//! In: the key that a device is bound to, the service's origin, whom it may write to. Out: the `Authorization` field. A token is used
//! again for the same service until half of its life is over: signing costs as much as encrypting.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;

use crate::clock::Timestamp;

/// How long a token says that it holds. RFC 8292 §2: at most a day.
const LASTS: SignedDuration = SignedDuration::from_hours(12);

/// Tokens kept at most. Patrons name the services, so the list would grow with them; there are a handful in the world.
const TOKENS_MAX: usize = 1000;

/// A key that a device is bound to.
pub struct Pair {
    pair: EcdsaKeyPair,
    public: String,
}

impl Pair {
    /// A new one. None: the machine gives no chance.
    #[must_use]
    pub fn generate() -> Option<(Self, Vec<u8>)> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
        let pkcs8 = pair.to_pkcs8v1().ok()?.as_ref().to_vec();
        Some((Self::of(pair), pkcs8))
    }

    /// From PKCS #8. None: it is no key of P-256.
    #[must_use]
    pub fn from_pkcs8(octets: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, octets).ok().map(Self::of)
    }

    fn of(pair: EcdsaKeyPair) -> Self {
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Self { pair, public }
    }

    /// The public key as browsers want it.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    /// A token for the service at `origin` that holds until `until`. None: signing failed.
    #[must_use]
    pub fn token(&self, origin: &str, contact: &str, until: Timestamp) -> Option<String> {
        let claims = serde_json::json!({ "aud": origin, "exp": until.as_second(), "sub": contact });
        let head = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.pair.sign_digest(&digest(&SHA256, signed.as_bytes())).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

/// Tokens that still hold for some time, by key and service.
#[derive(Default)]
pub(super) struct Tokens {
    kept: Mutex<HashMap<(String, String), (String, Timestamp)>>,
}

impl Tokens {
    /// The `Authorization` field for the service at `origin` (RFC 8292 §3). Empty where signing failed, which the service refuses.
    pub(super) fn header(&self, pair: &Pair, origin: &str, contact: &str, now: Timestamp) -> String {
        let name = (pair.public().to_owned(), origin.to_owned());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, _)) = kept.get(&name).filter(|(_, renew_at)| now < *renew_at) {
            return vapid(token, pair.public());
        }
        let until = now.checked_add(LASTS).unwrap_or(now);
        let Some(token) = pair.token(origin, contact, until) else { return String::new() };
        if kept.len() >= TOKENS_MAX {
            kept.clear();
        }
        let header = vapid(&token, pair.public());
        let half = LASTS.checked_div(2).unwrap_or(LASTS);
        kept.insert(name, (token, now.checked_add(half).unwrap_or(now)));
        header
    }
}

fn vapid(token: &str, public: &str) -> String {
    format!("vapid t={token}, k={public}")
}
