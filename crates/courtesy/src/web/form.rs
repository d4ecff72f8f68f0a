//! Forms: the token each carries, and reading what was sent.
//!
//! In: a form's octets. Out: whether it is one of ours, and its fields. A token is 16 random octets with our mark over
//! them and the session: it proves that a page of ours was open in this very session, and tells two clicks from two
//! wishes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::{SessionId, random_bytes};
use crate::secret::Secret;

/// The field that carries the token.
pub(super) const FIELD: &str = "form";

const RANDOM_OCTETS: usize = 16;

/// A new token for a form of `session`.
pub(super) fn token(secret: &Secret, session: Option<SessionId>) -> String {
    let octets: [u8; RANDOM_OCTETS] = random_bytes();
    let random = URL_SAFE_NO_PAD.encode(octets);
    let mark = mark(secret, session, &random);
    format!("{random}.{mark}")
}

/// Whether `token` was made for `session`.
pub(super) fn is_ours(secret: &Secret, session: Option<SessionId>, token: &str) -> bool {
    token.split_once('.').is_some_and(|(random, given)| {
        let made = mark(secret, session, random);
        aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), made.as_bytes()).is_ok()
    })
}

fn mark(secret: &Secret, session: Option<SessionId>, random: &str) -> String {
    let session = session.map_or_else(String::new, |id| id.to_string());
    URL_SAFE_NO_PAD.encode(secret.mark(&format!("{session} {random}"), "form"))
}

/// The token in a form's body, or in the query of one whose body is a file.
pub(super) fn token_of(body: &[u8], query: Option<&str>) -> Option<String> {
    let pairs = |octets: &[u8]| serde_urlencoded::from_bytes::<Vec<(String, String)>>(octets).unwrap_or_default();
    let mut all = pairs(body).into_iter().chain(pairs(query.unwrap_or_default().as_bytes()));
    all.find(|(name, _)| name == FIELD).map(|(_, value)| value)
}

/// `text` as one value of a query.
#[must_use]
pub(super) fn encoded(text: &str) -> String {
    serde_urlencoded::to_string([("", text)]).unwrap_or_default().trim_start_matches('=').to_owned()
}
