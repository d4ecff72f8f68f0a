//! What answers have in common: no cache keeps them, and long lists come a page at a time.
//!
//! In: what a handler found. Out: the response, or the page and where the next one begins; [`page`] serves the Staff Dashboard too. Not here:
//! problems (`problem`).

use std::str::FromStr;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// An answer that no cache keeps: it may speak of a patron.
pub(super) fn no_store(body: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], body).into_response()
}

/// The first `limit` of `rows`, of which one more was asked for; and the `name` of the last, where more come after it.
pub fn page<T>(mut rows: Vec<T>, limit: u32, name: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| has_more).map(name);
    (rows, next)
}

/// The row after which a page begins: the `next` of the page before.
///
/// # Errors
/// `field-invalid` where it names nothing.
pub(super) fn after<T: FromStr>(text: Option<&str>) -> Result<Option<T>, Box<Problem>> {
    let read = |text: &str| text.parse().map_err(|_| Problem::field("/after", format!("“{text}” is no id")));
    text.map(read).transpose()
}
