//! Who is calling: an API key of one library or of the whole consortium.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::http::{header, request::Parts};

use super::App;
use super::problem::{Problem, Refusal};
use crate::id;
use crate::library::LibraryCode;
use crate::store::{ApiKey, Deed, Scope, Store};

/// What every secret begins with, so that a scanner for leaked secrets knows it.
const PREFIX: &str = "cty_live_";

/// Random octets in a secret: 192 bits cannot be guessed.
const SECRET_OCTETS: usize = 24;

/// Letters of a secret that are kept to tell keys apart.
const SHOWN_LETTERS: usize = 13;

/// How long a key is believed without looking it up again: a revoked key opens for at most this long elsewhere.
const REMEMBERED: Duration = Duration::from_secs(5);

/// Keys remembered at one time; more callers than that are looked up each time.
const REMEMBERED_MAX: usize = 10_000;

/// A new secret, shown once.
#[must_use]
pub fn new_secret() -> String {
    use base64::Engine as _;
    let octets: [u8; SECRET_OCTETS] = id::random_bytes();
    format!("{PREFIX}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(octets))
}

/// The first letters of a secret, to tell keys apart.
#[must_use]
pub fn shown(secret: &str) -> String {
    secret.chars().take(SHOWN_LETTERS).collect()
}

/// What the store keeps of a secret. It has 192 random bits, so a fast hash is enough.
#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 gives 32 octets")
}

/// A key, and since when it is remembered.
type Remembered = (Instant, Arc<ApiKey>);

/// Looks keys up, and remembers them for a moment.
pub struct Keys {
    store: Store,
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
}

impl Keys {
    /// Keys in `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, remembered: Mutex::default() }
    }

    /// Forgets what is remembered: a key was revoked.
    pub fn forget(&self) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The key of this secret, if it still opens.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn find(&self, secret: &str) -> crate::store::Result<Option<Arc<ApiKey>>> {
        let hash = hash(secret);
        let known = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        if let Some((since, key)) = known
            && since.elapsed() < REMEMBERED
        {
            return Ok(Some(key));
        }
        let Some(key) = self.store.key_by_hash(hash).await?.map(Arc::new) else { return Ok(None) };
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(hash, (Instant::now(), Arc::clone(&key)));
        Ok(Some(key))
    }
}

/// The caller of a request.
#[derive(Clone)]
pub struct Caller {
    /// Its key.
    pub key: Arc<ApiKey>,
}

impl Caller {
    /// How it stands in timelines and histories.
    #[must_use]
    pub fn name(&self) -> String {
        format!("key “{}”", self.key.name)
    }

    /// What it does to `subject`, for the audit: one of [`crate::store::DEEDS`].
    #[must_use]
    pub fn deed(&self, library: Option<&LibraryCode>, what: &'static str, subject: impl Into<String>) -> Deed {
        Deed::new(library, self.name(), what, subject, crate::clock::now())
    }

    /// The library a request concerns: the key's own, or the one asked for where the key speaks for all.
    ///
    /// # Errors
    /// `key-forbidden` when the key speaks for another library only.
    pub fn may_act_for(&self, library: &LibraryCode) -> Result<(), Box<Problem>> {
        match &self.key.library {
            Some(own) if own != library => Err(Problem::new(
                "key-forbidden",
                format!("This key speaks for {own} only."),
                format!("Use a key of {library}, or one of the consortium."),
            )),
            _ => Ok(()),
        }
    }

    /// The library that a query is about: the one it names, or the key's own; none where the key speaks for all.
    ///
    /// # Errors
    /// `field-invalid` for what is no code, `key-forbidden` when the key speaks for another library only.
    pub fn library_named(&self, code: Option<&str>) -> Result<Option<LibraryCode>, Box<Problem>> {
        let Some(code) = code else { return Ok(self.key.library.clone()) };
        let code = LibraryCode::parse(code).map_err(|error| Problem::field("/library", error.to_string()))?;
        self.may_act_for(&code)?;
        Ok(Some(code))
    }

    /// Only the consortium may go on.
    ///
    /// # Errors
    /// `key-forbidden` for a library's key.
    pub fn must_be_consortium(&self) -> Result<(), Box<Problem>> {
        match &self.key.library {
            None => Ok(()),
            Some(own) => Err(Problem::new(
                "key-forbidden",
                format!("This key speaks for {own}; this needs a key of the consortium."),
                "Ask the operator of the consortium.",
            )),
        }
    }
}

/// The key of an Authorization header: as a bearer token (RFC 6750), or as the password of Basic (RFC 7617), which is
/// all that some ILL systems can send.
fn secret_from(header: &str) -> Option<String> {
    use base64::Engine as _;
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
    String::from_utf8(pair).ok()?.split_once(':').map(|(_, password)| password.to_owned())
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let secret =
            parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(secret_from);
        let refuse = |detail: &str| {
            Refusal(Problem::new("key-missing", detail, "Send the header: Authorization: Bearer cty_live_…"))
        };
        let Some(secret) = secret.filter(|secret| secret.starts_with(PREFIX)) else {
            return Err(refuse("The request has no API key."));
        };
        match app.keys.find(&secret).await? {
            Some(key) if key.scope == Scope::Submit => Err(Refusal(Problem::new(
                "key-forbidden",
                "This key hands in mail by SMTP and opens nothing else.",
                "Use a key of scope all.",
            ))),
            Some(key) => Ok(Self { key }),
            None => Err(refuse("There is no such API key, or it has been revoked.")),
        }
    }
}
