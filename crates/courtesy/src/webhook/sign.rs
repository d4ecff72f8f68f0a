//! Secrets and signatures of Standard Webhooks 1.0.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

/// Octets of a secret: the standard has 24 to 64.
pub const SECRET_OCTETS: usize = 32;

/// What a secret begins with, where people see it.
const PREFIX: &str = "whsec_";

/// What a signature by a shared secret begins with.
const VERSION: &str = "v1,";

/// A text that is no secret of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and the base64 of 24 to 64 octets")]
pub struct NotASecret;

/// The secret that both sides know.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The secret of these octets.
    ///
    /// # Errors
    /// [`NotASecret`] where they are too few or too many.
    pub fn from_octets(octets: impl Into<Vec<u8>>) -> Result<Self, NotASecret> {
        let octets = octets.into();
        if (24..=64).contains(&octets.len()) { Ok(Self(octets)) } else { Err(NotASecret) }
    }

    /// Its octets, to be sealed.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// As it is shown, once.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// The header `webhook-signature`: one signature for each of `secrets`, so that both sides can change theirs at different
/// moments.
#[must_use]
pub fn signature(secrets: &[Secret], id: &str, at: Timestamp, body: &str) -> String {
    let signed = format!("{id}.{}.{body}", at.as_second());
    let one = |secret: &Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.0);
        format!("{VERSION}{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}
