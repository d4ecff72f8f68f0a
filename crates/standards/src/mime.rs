//! The parts of a mail, read by `mail-parser`, which gives up with a panic on some that are broken in rare ways, and
//! which nests a value in a value for each mail in a mail: so deep that dropping it overruns the stack, and no panic tells.
//!
//! In: octets of a stranger. Out: the mail, or nothing where it cannot be taken apart; never a panic, nor the end of us.

use std::panic::catch_unwind;

use mail_parser::{Message, MessageParser};
use memchr::memmem;

/// Fields named Content-Type that are taken apart: each may open another mail in the mail. People's mails have some ten, the worst
/// of bounces some thirty.
const TYPES_MAX: usize = 500;
/// Lines that may begin a part. A part takes some hundred octets of memory, and five of the mail.
const DASHED_MAX: usize = 5_000;

/// Takes a mail apart. None where it has no header, where it is broken beyond what the parser can follow, or where it is so deep
/// or has so many parts that nobody wrote it to be read.
#[must_use]
pub fn parsed(mail: &[u8]) -> Option<Message<'_>> {
    if is_a_bomb(mail) {
        return None;
    }
    catch_unwind(|| MessageParser::default().parse(mail)).ok().flatten()
}

/// Looks at the text alone, for taking it apart is the harm: what only looks like a part counts too.
fn is_a_bomb(mail: &[u8]) -> bool {
    let text = mail.to_ascii_lowercase();
    memmem::find_iter(&text, b"content-type").take(TYPES_MAX + 1).count() > TYPES_MAX
        || memmem::find_iter(&text, b"\n--").take(DASHED_MAX + 1).count() > DASHED_MAX
        || has_an_encoded_mail(&text)
}

/// Whether a mail in the mail may be encoded, which RFC 2046 §5.2.1 forbids: how deep that one is cannot be counted here. `text` is in
/// small letters.
fn has_an_encoded_mail(text: &[u8]) -> bool {
    let mut has_a_digest = false;
    let mut encoded = false;
    for block in blocks(text) {
        let types = || values(block, b"content-type");
        has_a_digest |= types().any(|value| holds(&value, "digest"));
        if values(block, b"content-transfer-encoding").any(|value| !is_plain(&value)) {
            encoded = true;
            if types().any(|value| is_a_mail(&value)) {
                return true;
            }
        }
    }
    // Each part of a digest is a mail, and needs no type to say so (RFC 2046 §5.1.5).
    has_a_digest && encoded
}

/// Pieces between empty lines: the fields of one part are in one piece.
fn blocks(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let from = rest?;
        let end = memchr::memchr_iter(b'\n', from)
            .find(|&at| from[at + 1..].starts_with(b"\n") || from[at + 1..].starts_with(b"\r\n"));
        rest = end.map(|end| &from[end + 1..]);
        Some(&from[..end.unwrap_or(from.len())])
    })
}

/// What follows `name` each time, to the end of its field.
fn values<'a>(block: &'a [u8], name: &'static [u8]) -> impl Iterator<Item = String> + 'a {
    memmem::find_iter(block, name).map(move |at| {
        let from = &block[at + name.len()..];
        let ends = |&end: &usize| !matches!(from.get(end + 1), Some(b' ' | b'\t'));
        let end = memchr::memchr_iter(b'\n', from).find(ends).unwrap_or(from.len());
        String::from_utf8_lossy(&from[..end]).into_owned()
    })
}

fn is_plain(encoding: &str) -> bool {
    let word = encoding.trim_start_matches([':', ' ', '\t']).trim_end();
    ["7bit", "8bit", "binary"].contains(&word)
}

fn is_a_mail(kind: &str) -> bool {
    holds(kind, "message") && (holds(kind, "rfc822") || holds(&kind.replace("global-", ""), "global"))
}

/// Whether `word` stands in `value` elsewhere than in the quotes of an attribute, such as a file's name.
fn holds(value: &str, word: &str) -> bool {
    let mut rest = value;
    let mut bare = String::new();
    while let Some((before, after)) = rest.split_once("=\"") {
        bare.push_str(before);
        let Some((_, after)) = after.split_once('"') else { return value.contains(word) };
        rest = after;
    }
    bare.push_str(rest);
    bare.contains(word)
}

#[cfg(test)]
mod tests;
