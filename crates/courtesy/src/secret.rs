//! The installation's secret: encrypts keys at rest, and signs what we hand out and must recognise again.
//!
//! In: 32 random octets in a file that only the operator may read. Out: sealed bytes, and codes that only we can make.
//! Not here: API keys (hashed, never kept), passwords.

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::id::random_bytes;

const KEY_OCTETS: usize = 32;

/// The name of the installation's secret in the data folder.
pub const SECRET_FILE: &str = "secret.key";

/// Keys derived from the installation's secret, one for each use (RFC 5869).
pub struct Secret {
    sealing: LessSafeKey,
    marking: hmac::Key,
}

/// Something sealed that cannot be opened: another installation's, or damaged.
#[derive(Debug, thiserror::Error)]
#[error("it was not sealed with this installation's secret (the file secret.key of the data folder)")]
pub struct NotOurs;

impl Secret {
    /// Reads the secret at `file`, or makes it where there is none yet.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is not a secret of ours.
    pub fn open(file: &Path) -> io::Result<Self> {
        match std::fs::read(file) {
            Ok(octets) => {
                let octets: [u8; KEY_OCTETS] = octets.try_into().map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("{} is not {KEY_OCTETS} octets", file.display()))
                })?;
                Ok(Self::from_octets(octets))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let octets = random_bytes();
                write_private(file, &octets)?;
                Ok(Self::from_octets(octets))
            }
            Err(error) => Err(error),
        }
    }

    /// The secret of these octets.
    #[must_use]
    pub fn from_octets(octets: [u8; KEY_OCTETS]) -> Self {
        let sealing = UnboundKey::new(&AES_256_GCM, &derive(&octets, b"seal")).expect("32 octets are an AES-256 key");
        Self {
            sealing: LessSafeKey::new(sealing),
            marking: hmac::Key::new(hmac::HMAC_SHA256, &derive(&octets, b"mark")),
        }
    }

    /// Encrypts `plain`; `about` binds it to its place, so that one sealed thing cannot stand in for another.
    #[must_use]
    pub fn seal(&self, plain: &[u8], about: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random_bytes();
        let mut sealed = plain.to_vec();
        self.sealing
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), &mut sealed)
            .expect("keys are far below the length that AES-GCM allows");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what [`Secret::seal`] made for the same `about`.
    ///
    /// # Errors
    /// [`NotOurs`].
    pub fn open_sealed(&self, sealed: &[u8], about: &str) -> Result<Vec<u8>, NotOurs> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(NotOurs)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotOurs)?;
        let mut rest = rest.to_vec();
        let plain = self.sealing.open_in_place(nonce, Aad::from(about), &mut rest).map_err(|_| NotOurs)?;
        Ok(plain.to_vec())
    }

    /// `plain` as JSON, sealed into a text that fits a cookie or a link.
    #[must_use]
    pub fn seal_text(&self, plain: &impl Serialize, about: &str) -> String {
        let plain = serde_json::to_vec(plain).expect("texts and times become JSON");
        URL_SAFE_NO_PAD.encode(self.seal(&plain, about))
    }

    /// What [`Secret::seal_text`] made for the same `about`; none where it is not ours.
    #[must_use]
    pub fn open_text<T: DeserializeOwned>(&self, sealed: &str, about: &str) -> Option<T> {
        let octets = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let plain = self.open_sealed(&octets, about).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// The code by which we recognise `text` as given out by us, for the use `about`.
    #[must_use]
    pub fn mark(&self, text: &str, about: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.marking, format!("{about}\0{text}").as_bytes());
        tag.as_ref().try_into().expect("SHA-256 gives 32 octets")
    }
}

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        KEY_OCTETS
    }
}

fn derive(octets: &[u8], label: &[u8]) -> [u8; KEY_OCTETS] {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"courtesy").extract(octets);
    let mut key = [0; KEY_OCTETS];
    extracted
        .expand(&[label], KeyLength)
        .and_then(|expanded| expanded.fill(&mut key))
        .expect("32 octets are what HKDF-SHA256 gives at least");
    key
}

/// Writes a file that only its owner may read, whole or not at all: a crash leaves no half a secret behind.
///
/// # Errors
/// When it cannot be written, or exists already.
pub fn write_private(file: &Path, octets: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?; // mode 0600
    new.write_all(octets)?;
    new.as_file().sync_all()?;
    new.persist_noclobber(file)?;
    Ok(())
}
