//! The bytes of a mail: RFC 5322 headers, MIME parts, nothing a relay would have to mend.
//!
//! In: a [`Letter`], whose subject and parts were written by `notice`. Out: the whole message with CRLF line ends, before
//! signing. Pure: the same letter gives the same bytes, so that a message tried again is the same message. Not here: the
//! envelope, DKIM, dot-stuffing.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mail_builder::encoders::{Base64Encoder, QuotedPrintableEncoder};
use mail_builder::headers::Header as _;
use mail_builder::headers::address::EmailAddress;
use mail_builder::headers::text::Text;
use standards::address::Address;

use crate::notice::Language;

/// Why this message exists, as RFC 3834 §5 has us say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A notice: `Auto-Submitted: auto-generated`.
    Notice,
    /// Our answer to somebody's mail: `Auto-Submitted: auto-replied`, threaded under it where it has a Message-ID.
    ReplyTo(&'a str),
}

/// All that a mail says.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The sender's address, as the plan chose it.
    pub from: &'a Address,
    /// The sender's name: the library's.
    pub from_name: &'a str,
    /// Who gets it. One mail, one recipient; no name, which the patron knows and a stranger need not.
    pub to: &'a Address,
    /// Where replies go, where that is not the sender.
    pub reply_to: Option<&'a Address>,
    /// `left@right`, without `<>`.
    pub message_id: &'a str,
    /// When it was written.
    pub date: Timestamp,
    /// The language it is in.
    pub language: Language,
    /// One line.
    pub subject: &'a str,
    /// The text part, lines ended by LF.
    pub text: &'a str,
    /// The HTML part, where there is one; style sheets and comments in it are ASCII.
    pub html: Option<&'a str>,
    /// What Google's feedback loop reports complaints by: `notice:library:stream:sender`.
    pub feedback_id: &'a str,
    /// Why it exists.
    pub origin: Origin<'a>,
    /// The https address of the one-click stop of RFC 8058, on notices that can be stopped.
    pub list_unsubscribe: Option<&'a str>,
    /// Further headers; names that stand already or are none are left out.
    pub headers: &'a [(&'a str, &'a str)],
}

/// RFC 5322 §2.1.1: lines should have at most 78 characters.
const LINE_OCTETS: usize = 78;
/// RFC 5322 §2.1.1: lines must have at most 998 octets; a header we cannot fold is cut below it.
const LINE_OCTETS_MAX: usize = 990;

/// Headers this file writes itself: each stands once (RFC 5322 §3.6).
const OURS: [&str; 19] = [
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-language",
    "auto-submitted",
    "x-auto-response-suppress",
    "feedback-id",
    "dkim-signature",
];

/// Writes the mail.
///
/// An address that is not ASCII stands in its header as it is (RFC 6532 §3.2): such a letter needs SMTPUTF8 on the way.
#[must_use]
pub fn compose(letter: &Letter<'_>) -> Vec<u8> {
    let html = letter.html.unwrap_or_default();
    let mut out = Vec::with_capacity(2048 + (letter.text.len() + html.len()) * 5 / 4);
    write_headers(letter, &mut out);
    match letter.html {
        None => write_part("text/plain", letter.text, &mut out),
        Some(html) => {
            let boundary = boundary(letter.message_id);
            header("Content-Type", &format!("multipart/alternative; boundary=\"{boundary}\""), &mut out);
            // Last is best (RFC 2046 §5.1.4).
            for (media_type, body) in [("text/plain", letter.text), ("text/html", html)] {
                push(&["\r\n--", &boundary, "\r\n"], &mut out);
                write_part(media_type, body, &mut out);
            }
            push(&["\r\n--", &boundary, "--\r\n"], &mut out);
        }
    }
    out
}

fn write_headers(letter: &Letter<'_>, out: &mut Vec<u8>) {
    mailbox("From", letter.from_name, letter.from, out);
    mailbox("To", "", letter.to, out);
    if let Some(reply_to) = letter.reply_to {
        mailbox("Reply-To", "", reply_to, out);
    }
    push(&["Subject: "], out);
    Text::new(safe(letter.subject)).write_header(out, "Subject: ".len());
    let date = letter.date.to_zoned(TimeZone::UTC);
    // jiff refuses years before 0 only; `Timestamp` cannot be far from now.
    header("Date", &jiff::fmt::rfc2822::to_string(&date).unwrap_or_default(), out);
    header("Message-ID", &format!("<{}>", token(letter.message_id)), out);
    match letter.origin {
        Origin::Notice => header("Auto-Submitted", "auto-generated", out),
        Origin::ReplyTo(message_id) => {
            // RFC 5322 §3.6.4: a mail should have a Message-ID; it may have none.
            if !message_id.is_empty() {
                let replied = format!("<{}>", token(message_id));
                header("In-Reply-To", &replied, out);
                header("References", &replied, out);
            }
            header("Auto-Submitted", "auto-replied", out);
        }
    }
    // MS-OXCMAIL §2.2.3.2.14: no receipts, absence notes and automatic answers. Not `All`: that asks Exchange not to send
    // non-delivery reports either, and those we live by.
    header("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply", out);
    header("Feedback-ID", letter.feedback_id, out);
    if let Some(url) = letter.list_unsubscribe {
        header("List-Unsubscribe", &format!("<{}>", token(url)), out);
        header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click", out);
    }
    for (name, value) in letter.headers {
        let lower = name.to_ascii_lowercase();
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        if is_name && !OURS.contains(&lower.as_str()) && !lower.starts_with("list-unsubscribe") {
            header(name, value, out);
        }
    }
    header("Content-Language", letter.language.tag(), out);
    header("MIME-Version", "1.0", out);
}

/// An address header. Names that are not ASCII become encoded words (RFC 2047 §5).
pub(super) fn mailbox(name: &str, display: &str, address: &Address, out: &mut Vec<u8>) {
    push(&[name, ": "], out);
    let display = safe(display);
    let address = address.to_string();
    let display = Some(display.as_str()).filter(|display| !display.is_empty());
    EmailAddress { name: display.map(Into::into), email: address.into() }.write_header(out, name.len() + 2);
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
}

/// A header of plain words, folded at spaces (RFC 5322 §2.2.3).
pub(super) fn header(name: &str, value: &str, out: &mut Vec<u8>) {
    push(&[name, ":"], out);
    let mut used = name.len() + 1;
    let value = safe(value);
    for (index, word) in value.split(' ').filter(|word| !word.is_empty()).enumerate() {
        let word = &word[..word.floor_char_boundary(LINE_OCTETS_MAX)];
        if used + 1 + word.len() > LINE_OCTETS && (index > 0 || word.len() > LINE_OCTETS / 2) {
            out.extend_from_slice(b"\r\n");
            used = 0;
        }
        push(&[" ", word], out);
        used += 1 + word.len();
    }
    out.extend_from_slice(b"\r\n");
}

/// Text that stays in its header: no controls, and so no line of its own.
pub(super) fn safe(text: &str) -> String {
    let printable = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.trim().chars().map(printable).collect()
}

/// What may stand between `<` and `>`.
fn token(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect()
}

/// RFC 2046 §5.1.1: at most 70 characters that stand in no part. `=_` cannot stand in quoted-printable or base64, and lines that begin
/// with it are not sent as they are.
pub(super) fn boundary(message_id: &str) -> String {
    let id: String = message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("=_{id}_=")
}

fn write_part(media_type: &str, body: &str, out: &mut Vec<u8>) {
    // DKIM with relaxed body canonicalization drops empty lines at the end (RFC 6376 §3.4.4), and implementations differ
    // over lines of spaces: none is left to differ over.
    let body = body.trim_end();
    push(&["Content-Type: ", media_type, "; charset=utf-8\r\n"], out);
    let ascii = if media_type == "text/html" { as_references(body) } else { Cow::Borrowed(body) };
    if as_it_is(&ascii, out) {
        return;
    }
    let high = body.bytes().filter(|b| !b.is_ascii()).count();
    if high * 6 > body.len() {
        // Quoted-printable triples what is not ASCII, base64 adds a third to everything.
        push(&["Content-Transfer-Encoding: base64\r\n\r\n"], out);
        let body = body.replace('\n', "\r\n") + "\r\n";
        Base64Encoder::new().wrap_lines().encode_into(body.as_bytes(), out);
    } else {
        push(&["Content-Transfer-Encoding: quoted-printable\r\n\r\n"], out);
        QuotedPrintableEncoder::new().preserve_line_breaks().encode_into(body.as_bytes(), out);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
}

/// Writes a part without encoding it, or nothing where a line of it could not go as it is: RFC 5321 §4.5.3.1.6 allows 998
/// octets of ASCII, some relays take spaces from the ends of lines, and old mailboxes put `>` before `From `, each of
/// which would break a signature; and a boundary would end the part.
fn as_it_is(body: &str, out: &mut Vec<u8>) -> bool {
    if !body.is_ascii() || body.as_bytes().contains(&0) {
        return false;
    }
    let before = out.len();
    push(&["Content-Transfer-Encoding: 7bit\r\n\r\n"], out);
    for line in body.split('\n') {
        let travels = line.len() <= LINE_OCTETS_MAX
            && !line.ends_with([' ', '\t', '\r'])
            && !line.starts_with("From ")
            && !line.starts_with("--=_");
        if !travels {
            out.truncate(before);
            return false;
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    true
}

/// HTML in ASCII: every other letter as a character reference, which HTML reads as the letter itself. It then needs no
/// transfer encoding, in which each attribute's `=` would cost three octets.
fn as_references(html: &str) -> Cow<'_, str> {
    if html.is_ascii() {
        return Cow::Borrowed(html);
    }
    let mut ascii = String::with_capacity(html.len() * 5 / 4);
    let mut rest = html;
    loop {
        let plain = ascii_prefix(rest);
        let Some(letter) = rest[plain..].chars().next() else { break };
        // Writing into a string does not fail.
        let _ = write!(ascii, "{}&#{};", &rest[..plain], u32::from(letter));
        rest = &rest[plain + letter.len_utf8()..];
    }
    ascii.push_str(rest);
    Cow::Owned(ascii)
}

/// How many octets of `text` come before its first letter that is not ASCII; in blocks, which the compiler makes wide.
fn ascii_prefix(text: &str) -> usize {
    const BLOCK: usize = 32;
    let whole: usize = text.as_bytes().chunks(BLOCK).take_while(|block| block.is_ascii()).map(<[u8]>::len).sum();
    text.as_bytes()[whole..].iter().position(|b| !b.is_ascii()).map_or(text.len(), |index| whole + index)
}

pub(super) fn push(parts: &[&str], out: &mut Vec<u8>) {
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
}

#[cfg(test)]
mod tests;
