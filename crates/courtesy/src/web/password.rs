//! Passwords and recovery codes: hashed, checked, made.
//!
//! In: what somebody typed. Out: a hash to keep, or whether it fits one. Hashing is slow on purpose (argon2id, RFC 9106),
//! so it runs beside the requests and only so many at a time. Not here: how often one may try (`throttle`).

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use tokio::sync::Semaphore;

use super::oops::Oops;
use crate::id::random_bytes;

/// Hashes worked on at a time: each takes 19 MiB and a processor for some ten milliseconds.
const AT_ONCE: usize = 2;

/// NIST SP 800-63B §3.1.1.2: what protects is length; no rules about kinds of letters.
pub(super) const LETTERS_MIN: usize = 12;

/// Longer than any phrase; hashing a megabyte would be work for nothing.
pub(super) const LETTERS_MAX: usize = 200;

/// Recovery codes printed at a time.
pub(super) const CODES: usize = 8;

/// Letters of a recovery code: 32 kinds each, 50 bits, and each opens once.
const CODE_LETTERS: usize = 10;

/// Letters that nobody takes for others when reading from paper (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Hashes passwords, few at a time.
pub(super) struct Passwords {
    free: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { free: Semaphore::new(AT_ONCE) }
    }
}

/// A hash of no password, worked on where there is none, so that a name nobody has takes as long as a name somebody has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y291cnRlc3kgbm9ib2R5$lqNI6D8Pa/8ljR0FbxgTcYXLF9yUnR2+e/vWn1Y2jIk";

impl Passwords {
    /// The hash to keep.
    ///
    /// # Errors
    /// When the process is stopping.
    pub(super) async fn hash(&self, password: String) -> Result<String, Oops> {
        self.work(move || {
            Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).unwrap_or_default()
        })
        .await
    }

    /// Whether `password` fits `hash`; where there is none it takes as long, and never fits.
    ///
    /// # Errors
    /// When the process is stopping.
    pub(super) async fn fits(&self, password: String, hash: Option<String>) -> Result<bool, Oops> {
        let has_one = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let fits = self
            .work(move || match PasswordHash::new(&hash) {
                Ok(parsed) => Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok(),
                Err(_) => false,
            })
            .await?;
        Ok(fits && has_one)
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Oops> {
        let _turn = self.free.acquire().await.map_err(|_| Oops::UnderWay)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Oops::UnderWay)
    }
}

/// New recovery codes as they are printed: `7K3MQ-9TX2B`.
pub(super) fn recovery_codes() -> Vec<String> {
    (0..CODES)
        .map(|_| {
            let octets: [u8; CODE_LETTERS] = random_bytes();
            let letters: String = octets.iter().map(|octet| char::from(ALPHABET[usize::from(octet % 32)])).collect();
            let (left, right) = letters.split_at(CODE_LETTERS / 2);
            format!("{left}-{right}")
        })
        .collect()
}

/// What is kept of a recovery code, however it was typed.
pub(super) fn code_hash(code: &str) -> [u8; 32] {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        })
        .collect();
    crate::http::auth::hash(&plain)
}
