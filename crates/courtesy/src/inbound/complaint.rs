//! Complaints that came to an address anybody may know: which message they are about.
//!
//! In: a mail to `fbl@`, `complaints@` or `abuse@` of the shared domain, as feedback loops are registered. Out: the message
//! it is about, told by something nobody can guess: an address of ours that the report or the copy in it still has, or the
//! id in its Message-ID. A complaint that has none of these is looked at by nobody and changes nothing. Pure.

#[cfg(test)]
mod tests;

use std::str::FromStr as _;

use standards::domain::Domain;
use standards::dsn::Letter;

use crate::delivery::return_path;
use crate::id::MessageId;
use crate::secret::Secret;

/// The local parts that feedback loops may be registered for. RFC 2142 §2 has `abuse` at every domain.
pub const ROLES: [&str; 4] = ["fbl", "complaints", "feedback", "abuse"];

/// A ULID in text.
const ID_LETTERS: usize = 26;

/// Octets looked through. Reports hold the mail complained of, or its head.
const LOOKED_THROUGH_MAX: usize = 1 << 20;

/// Whether complaints are taken at this local part of the shared domain.
#[must_use]
pub fn is_role(local: &str) -> bool {
    ROLES.iter().any(|role| local.eq_ignore_ascii_case(role))
}

/// The message that a report is about. The last hint counts: the report's own head comes first, that of the mail
/// complained of after it.
#[must_use]
pub fn about(secret: &Secret, shared: &Domain, mail: &[u8], letter: &Letter) -> Option<MessageId> {
    let raw = String::from_utf8_lossy(&mail[..mail.len().min(LOOKED_THROUGH_MAX)]);
    let told = letter.feedback.as_ref().and_then(|feedback| feedback.mail_from.clone()).unwrap_or_default();
    let quoted = format!("<{}>", letter.original.message_id().unwrap_or_default().trim_matches(['<', '>']));
    let texts = [raw.as_ref(), &told, &quoted];
    let signed = texts.iter().rev().find_map(|text| signed(secret, text));
    signed.or_else(|| texts.iter().rev().find_map(|text| message_id(shared, text)))
}

/// The last address of ours in a text that names a message.
fn signed(secret: &Secret, text: &str) -> Option<MessageId> {
    let words = text.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '+' || c == '.'));
    words.filter(|word| word.contains('+')).find_map(|word| {
        // A path may be written into another address: `prvs=…=b+…`, `user=b+…`.
        let starts = word.char_indices().filter(|(at, _)| word[..*at].is_empty() || !word[..*at].contains('.'));
        starts
            .map(|(at, _)| &word[at..])
            .find_map(|local| return_path::read(secret, local).or_else(|| return_path::read_feedback(secret, local)))
    })
}

/// The last Message-ID of ours in a text.
fn message_id(shared: &Domain, text: &str) -> Option<MessageId> {
    let lower = text.to_ascii_lowercase();
    let at = format!("@{shared}>");
    let ends = lower.rmatch_indices(&at).map(|(end, _)| end);
    ends.filter_map(|end| {
        let id = lower.get(end.checked_sub(ID_LETTERS + 1)?..end)?.strip_prefix('<')?;
        MessageId::from_str(&format!("msg_{}", id.to_ascii_uppercase())).ok()
    })
    .next()
}
