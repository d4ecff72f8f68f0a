//! The same mail in an honest name: From, Sender and Reply-To as the plan of this attempt allows, what is missing put in
//! (RFC 6409 §8), what concerns nobody taken out. The body and the Message-ID stay byte for byte.
//!
//! A From in the library's own domain, which the plan has proven, stays as its system wrote it, and with it the system's own DKIM
//! signature. Any other From gives way to the plan's, and replies still go where they went. Where the octets themselves could not
//! travel (letters of other scripts in a field, a line of thousands of octets in a plain text) they are encoded, which every reader
//! undoes.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mail_builder::encoders::QuotedPrintableEncoder;
use mail_builder::headers::Header as _;
use mail_builder::headers::address::EmailAddress;
use mail_builder::headers::text::Text;
use standards::address::Address;

use super::head::{Field, Head, addresses};

/// In whose name, and what we answer for.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    /// The plan's From address.
    pub from: &'a Address,
    /// The library's name.
    pub display_name: &'a str,
    /// Where replies go in the library's record.
    pub reply_to: Option<&'a Address>,
    /// Whether the proof covers any address of the domain of `from`, so that another of it may stay.
    pub whole_domain: bool,
    /// The Message-ID for a mail that has none: `left@right`, without `<>`.
    pub message_id: &'a str,
    /// The date for a mail that has none.
    pub date: Timestamp,
    /// What Google's feedback loop reports complaints by.
    pub feedback_id: &'a str,
    /// Where complaints go (RFC 9477), with its parameters.
    pub complaints: Option<&'a str>,
    /// Whether a system wrote it of its own accord: `Auto-Submitted: auto-generated` where it does not say.
    pub generated: bool,
}

/// RFC 5322 §2.1.1.
const LINE_OCTETS_MAX: usize = 998;

/// Fields that concern nobody behind us: hidden recipients (RFC 5322 §3.6.3), traces of other deliveries, our own.
const TAKEN_OUT: [&str; 7] =
    ["cfbl-address", "bcc", "resent-bcc", "return-path", "feedback-id", "x-courtesy-patron", "x-courtesy-notice"];

/// Local parts that nobody reads.
const NOBODY: [&str; 7] = ["noreply", "no-reply", "donotreply", "do-not-reply", "root", "nobody", "mailer-daemon"];

/// Fields whose letters are parts of addresses.
const ADDRESS_FIELDS: [&str; 6] = ["from", "sender", "reply-to", "to", "cc", "disposition-notification-to"];

/// `mail` in this name.
#[must_use]
pub fn honest(mail: &[u8], name: &Name<'_>) -> Vec<u8> {
    let head = Head::of(mail);
    let written = head.first("from").map(addresses).unwrap_or_default();
    let keeps = keeps_from(&written, name);
    let mut out = Vec::with_capacity(mail.len() + 512);
    let reencoded = reencoded(&head);
    for field in &head.fields {
        let gone = TAKEN_OUT.iter().any(|taken| field.is(taken))
            || field.is("from") && !keeps
            || field.is("sender") && !(keeps && is_of(field, name.from))
            // It spoke for a From that is gone, or for octets that are.
            || field.is("dkim-signature") && !(keeps && reencoded.is_none())
            || field.is("content-transfer-encoding") && reencoded.is_some();
        if !gone {
            put(field, &mut out);
        }
    }
    if !keeps {
        mailbox("From", name.display_name, name.from, &mut out);
    }
    if head.first("reply-to").is_none()
        && let Some(reply_to) = reply_to(&head, &written, keeps, name)
    {
        mailbox("Reply-To", "", &reply_to, &mut out);
    }
    add_missing(&head, name, &mut out);
    if reencoded.is_some() {
        plain("Content-Transfer-Encoding", "quoted-printable", &mut out);
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(reencoded.as_deref().unwrap_or(head.body));
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Whether `mail` can only travel under SMTPUTF8 (RFC 6531): an address in other letters stands in its header.
#[must_use]
pub fn needs_utf8(mail: &[u8]) -> bool {
    let has = |field: &Field<'_>| addresses(field).iter().any(|(_, address)| address.needs_smtputf8());
    let head = Head::of(mail);
    head.fields.iter().filter(|field| !field.raw.is_ascii() && is_of_addresses(field)).any(has)
}

fn is_of_addresses(field: &Field<'_>) -> bool {
    ADDRESS_FIELDS.iter().any(|name| field.is(name))
}

/// Whether the system's own From may stay.
fn keeps_from(written: &[(String, Address)], name: &Name<'_>) -> bool {
    let [(_, only)] = written else { return false };
    only == name.from || name.whole_domain && only.domain() == name.from.domain()
}

fn is_of(field: &Field<'_>, from: &Address) -> bool {
    matches!(&addresses(field)[..], [(_, only)] if only.domain() == from.domain())
}

/// Where replies go when the mail does not say: to whoever it said it was from, unless nobody reads that; else to the library.
fn reply_to(head: &Head<'_>, written: &[(String, Address)], keeps: bool, name: &Name<'_>) -> Option<Address> {
    // Koha wrote the field without its hyphen for years.
    let meant = head.first("replyto").map(addresses).unwrap_or_default().into_iter().next().map(|(_, address)| address);
    if meant.is_some() || keeps {
        return meant;
    }
    let is_read = |address: &&Address| {
        let local = address.local().to_ascii_lowercase();
        let reachable = address.domain().as_str().contains('.') && !address.domain().as_str().ends_with(".localdomain");
        reachable && *address != name.from && !NOBODY.iter().any(|nobody| local.starts_with(nobody))
    };
    written.first().map(|(_, address)| address).filter(is_read).or(name.reply_to).cloned()
}

/// What RFC 6409 §8 lets us add.
fn add_missing(head: &Head<'_>, name: &Name<'_>, out: &mut Vec<u8>) {
    let lacks = |field: &str| head.first(field).is_none();
    if lacks("to") && lacks("cc") {
        plain("To", "undisclosed-recipients:;", out);
    }
    if lacks("date") {
        let date = jiff::fmt::rfc2822::to_string(&name.date.to_zoned(TimeZone::UTC)).unwrap_or_default();
        plain("Date", &date, out);
    }
    if lacks("message-id") {
        plain("Message-ID", &format!("<{}>", name.message_id), out);
    }
    if lacks("auto-submitted") && name.generated {
        plain("Auto-Submitted", "auto-generated", out);
    }
    plain("Feedback-ID", name.feedback_id, out);
    if let Some(complaints) = name.complaints {
        plain("CFBL-Address", complaints, out);
    }
    if lacks("mime-version") && (!lacks("content-type") || !head.body.is_ascii()) {
        plain("MIME-Version", "1.0", out);
    }
    if lacks("content-type") && !head.body.is_ascii() {
        // A guess, but one that a reader would have to make too.
        let charset = if std::str::from_utf8(head.body).is_ok() { "utf-8" } else { "iso-8859-1" };
        plain("Content-Type", &format!("text/plain; charset={charset}"), out);
        if lacks("content-transfer-encoding") && longest_line(head.body) <= LINE_OCTETS_MAX {
            plain("Content-Transfer-Encoding", "8bit", out);
        }
    }
}

/// The body of a text that is not encoded and has a line no server need carry, encoded. None where it travels as it is, or where it
/// has parts, whose lines are theirs.
fn reencoded(head: &Head<'_>) -> Option<Vec<u8>> {
    let value = |name: &str| head.first(name).map(|field| field.value().to_ascii_lowercase());
    let is_text = value("content-type").is_none_or(|kind| kind.starts_with("text/"));
    let is_bare =
        value("content-transfer-encoding").is_none_or(|kind| matches!(kind.as_str(), "7bit" | "8bit" | "binary" | ""));
    if !is_text || !is_bare || longest_line(head.body) <= LINE_OCTETS_MAX {
        return None;
    }
    let mut encoded = Vec::with_capacity(head.body.len() * 5 / 4);
    QuotedPrintableEncoder::new().preserve_line_breaks().encode_into(head.body, &mut encoded);
    Some(encoded)
}

fn longest_line(body: &[u8]) -> usize {
    body.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).len()).max().unwrap_or(0)
}

/// A field as it came, or in ASCII where it has other letters.
fn put(field: &Field<'_>, out: &mut Vec<u8>) {
    if field.raw.is_ascii() {
        out.extend_from_slice(field.raw);
        if !field.raw.ends_with(b"\n") {
            out.extend_from_slice(b"\r\n");
        }
        return;
    }
    if is_of_addresses(field) {
        let list = addresses(field);
        out.extend_from_slice(field.name.as_bytes());
        out.extend_from_slice(b": ");
        for (index, (display, address)) in list.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b",\r\n ");
            }
            out.extend_from_slice(one_mailbox(display, address).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        return;
    }
    out.extend_from_slice(field.name.as_bytes());
    out.extend_from_slice(b": ");
    Text::new(readable(field)).write_header(out, field.name.len() + 2);
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
}

/// The words of a field that is not ASCII: UTF-8, or the Latin-1 of old systems.
fn readable(field: &Field<'_>) -> String {
    let raw = field.after_name();
    let text: Cow<'_, str> = match std::str::from_utf8(raw) {
        Ok(text) => text.into(),
        Err(_) => raw.iter().map(|octet| char::from(*octet)).collect::<String>().into(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
}

fn mailbox(name: &str, display: &str, address: &Address, out: &mut Vec<u8>) {
    plain(name, &one_mailbox(display, address), out);
}

/// A mailbox in ASCII, but for an address that is not.
fn one_mailbox(display: &str, address: &Address) -> String {
    let display: String = display.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name = Some(display).filter(|display| !display.is_empty()).map(Cow::from);
    let mut written = Vec::new();
    EmailAddress { name, email: address.to_string().into() }.write_header(&mut written, 0);
    String::from_utf8(written).unwrap_or_default().trim_end().to_owned()
}
