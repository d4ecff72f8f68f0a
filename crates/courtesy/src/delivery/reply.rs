//! The mails made of somebody's mail: the one that passes it on to the library, and the one that answers its writer.
//!
//! In: the mail as it came, the plan, the library. Out: octets to be signed. A mail that is passed on keeps its body and
//! attachments octet for octet: only the header is ours, as a list's is. It comes from the shared address with the
//! writer's name, for no domain of theirs has permitted us; answers to it go to the writer.

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use mail_builder::encoders::Base64Encoder;
use mail_builder::headers::Header as _;
use mail_builder::headers::text::Text;
use standards::address::Address;

use super::compose::{Letter, Origin, boundary, compose, header, mailbox, push, safe};
use crate::library::Library;
use crate::notice::Language;
use crate::reply::{Kind, Wrote, answer, head_octets};
use crate::sender::Plan;
use crate::store::ReplyMail;

/// RFC 5322 §2.1.1: longer lines do not travel.
const LINE_OCTETS_MAX: usize = 998;

/// Message-IDs of a thread that are passed on: its beginning is of no more use to a mail program than its end.
const REFERENCES_MAX: usize = 20;

/// What such a mail is made from.
pub(super) struct Made<'a> {
    /// The mail as it came, and what is made of it.
    pub reply: &'a ReplyMail,
    /// Whose shared address it was written to.
    pub library: &'a Library,
    /// In whose name.
    pub plan: &'a Plan,
    /// Who gets it.
    pub to: &'a Address,
    /// `left@right`, without `<>`.
    pub message_id: &'a str,
    /// Its Date.
    pub date: Timestamp,
    /// The first language.
    pub language: Language,
}

/// Writes the mail; none where the one that came cannot be read any more, which it could when it was taken.
pub(super) fn write(made: &Made<'_>) -> Option<Vec<u8>> {
    let wrote = Wrote::read(&made.reply.mail)?;
    Some(match made.reply.kind {
        Kind::PassedOn => passed_on(made, &wrote),
        Kind::Answer => answered(made, &wrote),
    })
}

/// Whether the header it gets names an address that can only travel under SMTPUTF8 (RFC 6532 §3.2).
pub(super) fn needs_smtputf8(reply: &ReplyMail) -> bool {
    reply.kind == Kind::PassedOn && Wrote::read(&reply.mail).is_some_and(|wrote| wrote.reply_to.needs_smtputf8())
}

fn answered(made: &Made<'_>, wrote: &Wrote) -> Vec<u8> {
    let zone = jiff::tz::TimeZone::get(&made.library.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let tags = made.reply.languages.split(',');
    let languages: Vec<Language> = tags.filter_map(Language::from_tag).collect();
    let answer = answer::answer(made.library, &languages, &wrote.subject, made.date.to_zoned(zone).date());
    compose(&Letter {
        from: &made.plan.from,
        from_name: &made.plan.display_name,
        to: made.to,
        reply_to: made.plan.reply_to.as_ref(),
        message_id: made.message_id,
        date: made.date,
        language: made.language,
        subject: &answer.subject,
        text: &answer.text,
        html: None,
        feedback_id: &format!("reply_answer:{}:shared:courtesy", made.library.code),
        list_unsubscribe: None,
        origin: Origin::ReplyTo(wrote.message_id.as_deref().unwrap_or_default()),
        headers: &[("X-Loop", &made.plan.from.to_string())],
    })
}

fn passed_on(made: &Made<'_>, wrote: &Wrote) -> Vec<u8> {
    let (head, body) = made.reply.mail.split_at(head_octets(&made.reply.mail));
    let mut out = Vec::with_capacity(made.reply.mail.len() + 2048);
    let name = format!("{} via {}", wrote.name, made.plan.display_name);
    mailbox("From", &name, &made.plan.from, &mut out);
    mailbox("To", "", made.to, &mut out);
    mailbox("Reply-To", "", &wrote.reply_to, &mut out);
    push(&["Subject: "], &mut out);
    Text::new(safe(&wrote.subject)).write_header(&mut out, "Subject: ".len());
    let date = made.date.to_zoned(jiff::tz::TimeZone::UTC);
    header("Date", &jiff::fmt::rfc2822::to_string(&date).unwrap_or_default(), &mut out);
    header("Message-ID", &format!("<{}>", made.message_id), &mut out);
    let thread: Vec<String> = wrote.refers_to.iter().filter_map(|id| bracketed(id)).take(REFERENCES_MAX).collect();
    if let Some(nearest) = thread.first() {
        header("In-Reply-To", nearest, &mut out);
        let oldest_first: Vec<&str> = thread.iter().rev().map(String::as_str).collect();
        header("References", &oldest_first.join(" "), &mut out);
    }
    // No Auto-Submitted: a person wrote this, and desks' ticket systems throw away what machines wrote. Nobody at the desk
    // answers it by machine all the same, and who does reaches its return path, which answers nothing.
    header("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply", &mut out);
    header("X-Loop", &made.plan.from.to_string(), &mut out);
    header("Feedback-ID", &format!("reply_passed_on:{}:shared:courtesy", made.library.code), &mut out);
    header("MIME-Version", "1.0", &mut out);
    match content_fields(head).filter(|_| travels(body)) {
        Some(fields) => {
            out.extend_from_slice(&fields);
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(body);
        }
        None => attached(made, &mut out),
    }
    out
}

/// RFC 5322 §3.6.4: what a Message-ID may be. Odd ones would break the header and thread nothing.
fn bracketed(id: &str) -> Option<String> {
    let sound =
        id.len() <= 250 && id.contains('@') && id.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>');
    sound.then(|| format!("<{id}>"))
}

/// The header fields that say how the body is to be read, each once and as they came. None where a line of them does
/// not travel.
fn content_fields(head: &[u8]) -> Option<Vec<u8>> {
    const NAMES: [&[u8]; 4] =
        [b"content-type", b"content-transfer-encoding", b"content-language", b"content-disposition"];
    let mut seen = [false; NAMES.len()];
    let mut fields = Vec::new();
    let mut keeping = false;
    for line in head.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            let name = line.split(|octet| *octet == b':').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
            let place = NAMES.iter().position(|known| *known == name.as_slice());
            keeping = place.is_some_and(|place| !std::mem::replace(&mut seen[place], true));
        }
        if keeping && !line.is_empty() {
            if line.len() > LINE_OCTETS_MAX
                || !line.iter().all(|octet| octet.is_ascii_graphic() || matches!(octet, b' ' | b'\t'))
            {
                return None;
            }
            fields.extend_from_slice(line);
            fields.extend_from_slice(b"\r\n");
        }
    }
    Some(fields)
}

/// Whether a body can go as it is (RFC 5321 §4.5.3.1.6, RFC 6152 §3).
fn travels(body: &[u8]) -> bool {
    !body.contains(&0) && body.split(|octet| *octet == b'\n').all(|line| line.len() <= LINE_OCTETS_MAX + 1)
}

/// The mail as a file, where its own body would not travel.
fn attached(made: &Made<'_>, out: &mut Vec<u8>) {
    let boundary = boundary(made.message_id);
    let words = match made.language {
        Language::En => "A message to the library is attached: it could not be passed on in any other form.",
        Language::Fr => {
            "Un message pour la =\r\nbiblioth=C3=A8que est joint : il n=E2=80=99a pas pu =C3=AAtre transmis autrement."
        }
    };
    header("Content-Type", &format!("multipart/mixed; boundary=\"{boundary}\""), out);
    push(&["\r\n--", &boundary, "\r\nContent-Type: text/plain; charset=utf-8\r\n"], out);
    push(&["Content-Transfer-Encoding: quoted-printable\r\n\r\n", words, "\r\n\r\n--", &boundary], out);
    push(&["\r\nContent-Type: application/octet-stream; name=\"message.eml\"\r\n"], out);
    push(
        &["Content-Disposition: attachment; filename=\"message.eml\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"],
        out,
    );
    Base64Encoder::new().wrap_lines().encode_into(&made.reply.mail, out);
    push(&["\r\n--", &boundary, "--\r\n"], out);
}
