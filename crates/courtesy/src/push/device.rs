//! A device that a patron turned on: where its push service takes requests for it, and the key that what we say is encrypted for.
//!
//! In: what a browser's `PushSubscription` says, or an app that uses UnifiedPush. Out: a [`Device`], checked, and the same sealed: the
//! endpoint is a secret, for whoever has it and the key may write on that screen.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use super::encrypt::{AUTH_OCTETS, PUBLIC_OCTETS, encrypt};
use crate::library::LibraryCode;
use crate::secret::Secret;
use crate::store::Subscription;

/// The longest endpoint that is taken: those of today have some 200 letters.
const ENDPOINT_OCTETS_MAX: usize = 2048;

/// The longest name of a device that is kept.
const NAME_LETTERS_MAX: usize = 60;

/// Browsers leave the padding away, and some apps do not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A device, ready to be written to.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    /// Where its push service takes requests for it.
    pub endpoint: String,
    /// Its public key.
    pub p256dh: [u8; PUBLIC_OCTETS],
    /// Its secret.
    pub auth: [u8; AUTH_OCTETS],
}

/// What a browser said cannot be a device of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADevice {
    /// We may not, or cannot, speak to its push service.
    #[error("the push service cannot be used: {0}")]
    Endpoint(String),
    /// Its key is no point of P-256.
    #[error("p256dh is not a public key of P-256, 65 octets in base64url")]
    Key,
    /// Its secret is none.
    #[error("auth is not 16 octets in base64url")]
    Auth,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    endpoint: String,
    p256dh: String,
    auth: String,
}

impl Device {
    /// Reads what a browser said. Whether we may speak to the endpoint is asked elsewhere.
    pub(super) fn read(endpoint: &str, p256dh: &str, auth: &str) -> Result<Self, NotADevice> {
        if endpoint.len() > ENDPOINT_OCTETS_MAX || endpoint.chars().any(char::is_control) {
            return Err(NotADevice::Endpoint("its address is too long".to_owned()));
        }
        let p256dh = octets(p256dh).ok_or(NotADevice::Key)?;
        let auth = octets(auth).ok_or(NotADevice::Auth)?;
        let device = Self { endpoint: endpoint.to_owned(), p256dh, auth };
        // A point that is not on the curve is found out by trying it.
        let tried = PrivateKey::generate(&ECDH_P256).ok();
        let is_key = tried.is_none_or(|ours| encrypt(b"", &device.p256dh, &device.auth, &ours, [0; 16]).is_some());
        if is_key { Ok(device) } else { Err(NotADevice::Key) }
    }

    /// What tells this device from every other, and says nothing of it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        digest_of(&self.endpoint)
    }

    /// As the store keeps it.
    #[must_use]
    pub fn seal(&self, secret: &Secret, library: &LibraryCode) -> Vec<u8> {
        let kept = Kept {
            endpoint: self.endpoint.clone(),
            p256dh: LENIENT.encode(self.p256dh),
            auth: LENIENT.encode(self.auth),
        };
        let text = serde_json::to_vec(&kept).expect("texts become JSON");
        secret.seal(&text, &place(library))
    }

    /// From the store. None: sealed with another secret.
    #[must_use]
    pub fn open(secret: &Secret, kept: &Subscription) -> Option<Self> {
        let text = secret.open_sealed(&kept.sealed, &place(&kept.library)).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        Some(Self { p256dh: octets(&kept.p256dh)?, auth: octets(&kept.auth)?, endpoint: kept.endpoint })
    }
}

/// See [`Device::digest`].
#[must_use]
pub fn digest_of(endpoint: &str) -> [u8; 32] {
    let hashed = digest(&SHA256, endpoint.as_bytes());
    hashed.as_ref().try_into().expect("SHA-256 gives 32 octets")
}

/// A name for a device as its owner knows it: what they, or their browser, call it.
#[must_use]
pub fn name(said: &str) -> String {
    let plain: String = said.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    plain.trim().chars().take(NAME_LETTERS_MAX).collect()
}

fn octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    LENIENT.decode(text.trim()).ok()?.try_into().ok()
}

/// Where it belongs, so that one sealed thing cannot stand in for another.
fn place(library: &LibraryCode) -> String {
    format!("push device {library}")
}
