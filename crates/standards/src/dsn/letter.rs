//! A mail opened: header, words, report, original.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MimeHeaders, PartType};

use crate::dsn::fields::split_field;
use crate::dsn::{DeliveryReport, Feedback, Fields, LETTER_OCTETS_MAX, MAILS_MAX, PARTS_MAX, TEXT_OCTETS_MAX};
use crate::mime::parsed;

/// A mail that came back, opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// The header fields, values as written (unfolded, not decoded).
    pub header: Fields,
    /// The subject, decoded.
    pub subject: String,
    /// The first address of From, if there is one.
    pub from: Option<String>,
    /// The first address of To, if there is one.
    pub to: Option<String>,
    /// What is said in words, part by part; HTML as text.
    pub texts: Vec<String>,
    /// The delivery report, from its own part or, where the structure is broken, from the words.
    pub report: Option<DeliveryReport>,
    /// The feedback report.
    pub feedback: Option<Feedback>,
    /// What it shows of the mail it is about.
    pub original: Original,
}

/// What a returned mail shows of the mail it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Original {
    /// The header fields; empty where nothing was shown.
    pub header: Fields,
}

impl Original {
    /// The Message-ID without angle brackets. Where there are several, the last: gateways add theirs before.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.header.all("message-id").last().map(|id| id.trim().trim_matches(['<', '>']))
    }

    /// Who it was for.
    #[must_use]
    pub fn to(&self) -> Option<String> {
        self.header.first("to").and_then(bare_address)
    }

    /// Who it was from.
    #[must_use]
    pub fn from(&self) -> Option<String> {
        self.header.first("from").and_then(bare_address)
    }
}

impl Letter {
    /// Opens a mail, however broken. Reads at most [`LETTER_OCTETS_MAX`].
    #[must_use]
    pub fn open(bytes: &[u8]) -> Self {
        let bytes = without_mailbox_line(&bytes[..bytes.len().min(LETTER_OCTETS_MAX)]);
        let mut letter = Self::default();
        if let Some(message) = parsed(bytes) {
            letter.head(&message);
            letter.parts(&message, 0);
        }
        if letter.texts.is_empty() && letter.report.is_none() && letter.feedback.is_none() {
            // No part could be found: the structure is broken. All below the header is words.
            let whole = String::from_utf8_lossy(bytes);
            let body = whole.split_once("\r\n\r\n").or_else(|| whole.split_once("\n\n")).map_or("", |(_, body)| body);
            letter.keep_text(body);
        }
        for text in &mut letter.texts {
            if let Some(bare) = unquoted(text) {
                *text = bare;
            }
        }
        if letter.report.is_none() {
            letter.report = letter.texts.iter().find_map(|text| report_in(text));
        }
        if letter.feedback.is_none() {
            letter.feedback = letter.texts.iter().find_map(|text| Feedback::read(text));
        }
        letter.part_with_original();
        letter
    }

    /// The value of a header field (name in lower case).
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.header.first(name)
    }

    fn head(&mut self, message: &Message<'_>) {
        for (name, value) in message.headers_raw() {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            self.header.push(name.to_ascii_lowercase(), value);
        }
        self.subject = message.subject().unwrap_or_default().to_owned();
        let first = |address: Option<&mail_parser::Address<'_>>| {
            address.and_then(mail_parser::Address::first).and_then(|one| one.address()).map(str::to_owned)
        };
        self.from = first(message.from());
        self.to = first(message.to());
    }

    fn parts(&mut self, message: &Message<'_>, depth: u8) {
        for part in message.parts.iter().take(PARTS_MAX) {
            let kind = part.content_type().map_or_else(String::new, |kind| {
                format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase()
            });
            match &part.body {
                PartType::Message(inner) => self.inner(inner, &kind, depth),
                PartType::Text(text) => self.text(text, &kind),
                // An HTML part that repeats the words before it says nothing new.
                PartType::Html(html) if self.texts.is_empty() => self.keep_text(&html_to_text(html)),
                PartType::Binary(bytes) | PartType::InlineBinary(bytes) if kind.starts_with("message/") => {
                    self.text(&String::from_utf8_lossy(bytes), &kind);
                }
                _ => {}
            }
        }
    }

    fn text(&mut self, text: &str, kind: &str) {
        match kind {
            "message/delivery-status" | "message/global-delivery-status" => {
                self.report = self.report.take().or_else(|| DeliveryReport::read(text));
            }
            "message/feedback-report" => self.feedback = self.feedback.take().or_else(|| Feedback::read(text)),
            "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" | "message/rfc822" => {
                self.keep_original(Fields::read(text));
            }
            _ => self.keep_text(text),
        }
    }

    /// A mail inside: the original, or (from some gateways) the report once more in an envelope.
    fn inner(&mut self, inner: &Message<'_>, kind: &str, depth: u8) {
        let mut header = Fields::default();
        for (name, value) in inner.headers_raw() {
            header.push(name.to_ascii_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let is_report = inner.root_part().content_type().is_some_and(|kind| kind.subtype() == Some("report"));
        if is_report && depth == 0 && self.report.is_none() {
            self.parts(inner, depth + 1);
        } else if kind.starts_with("message/") || !header.is_empty() {
            self.keep_original(header);
        }
    }

    fn keep_original(&mut self, header: Fields) {
        if self.original.header.is_empty() {
            self.original.header = header;
        }
    }

    fn keep_text(&mut self, text: &str) {
        let used: usize = self.texts.iter().map(String::len).sum();
        let mut end = text.len().min(TEXT_OCTETS_MAX.saturating_sub(used));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if !text[..end].trim().is_empty() {
            self.texts.push(text[..end].to_owned());
        }
    }

    /// Many reports show the original inside their words. From the first run of header lines on, it is not theirs.
    fn part_with_original(&mut self) {
        let mut at = None;
        for (index, text) in self.texts.iter().enumerate() {
            if let Some(offset) = original_at(text) {
                at = Some((index, offset));
                break;
            }
        }
        let Some((index, offset)) = at else { return };
        let shown = self.texts[index].split_off(offset);
        self.texts.truncate(index + 1);
        self.keep_original(Fields::read(shown.split("\n\n").next().unwrap_or_default()));
        self.texts.retain(|text| !text.trim().is_empty());
    }
}

/// The mail address in a text such as `Ann <ann@example.com>` or `(ann@example.com)`: what stands in angle brackets, or
/// the first word with an `@`.
#[must_use]
pub fn bare_address(text: &str) -> Option<String> {
    let inside = text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inside, _)| inside.trim());
    let word = match inside.filter(|inside| inside.contains('@') && !inside.contains(char::is_whitespace)) {
        Some(inside) => inside,
        None => text.split_whitespace().find(|word| word.contains('@'))?,
    };
    let word =
        word.trim_start_matches(['<', '(', '[', '{', '\'']).trim_end_matches(|c: char| "<>()[]{},;:'.".contains(c));
    let (local, domain) = word.rsplit_once('@')?;
    (!local.is_empty() && !domain.is_empty() && word.len() <= 320).then(|| word.to_owned())
}

/// The mails in a mailbox file (RFC 4155), or the one mail that this is.
#[must_use]
pub fn mails(bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while found.len() + 1 < MAILS_MAX
        && let Some(end) = next_mail(rest)
    {
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
    found.push(rest);
    found
}

/// Where the next mail of a mailbox file begins: after an empty line or the last boundary of the mail before, a `From `
/// line with a time in it, followed by a header field (RFC 4155, appendix A).
fn next_mail(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.windows(6).position(|window| window == b"\nFrom ") {
        let start = from + at + 1;
        let line_end = start + bytes[start..].iter().position(|b| *b == b'\n')?;
        let line = &bytes[start..line_end];
        let before = &bytes[..start - 1];
        let before = &before[before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1)..];
        let before = before.trim_ascii();
        let boundary = before.starts_with(b"--") && before.ends_with(b"--") && before.iter().any(|b| *b != b'-');
        let ended = before.is_empty() || boundary;
        let dated = line.iter().filter(|b| **b == b':').count() >= 2 && line.len() < 200;
        let next: Vec<u8> = bytes[line_end + 1..].iter().copied().take_while(|b| *b != b'\n').take(200).collect();
        if ended && dated && split_field(String::from_utf8_lossy(&next).trim_end()).is_some() {
            return Some(start);
        }
        from = start;
    }
    None
}

/// A mail that somebody passed on with every line quoted, without the marks.
fn unquoted(text: &str) -> Option<String> {
    let (mut quoted, mut all) = (0_usize, 0_usize);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        all += 1;
        quoted += usize::from(line.starts_with('>'));
    }
    let mostly = quoted >= 10 && quoted * 10 >= all * 8;
    mostly.then(|| {
        let bare = |line: &str| line.strip_prefix("> ").or_else(|| line.strip_prefix('>')).unwrap_or(line).to_owned();
        text.lines().map(bare).collect::<Vec<_>>().join("\n")
    })
}

/// The `From ` line that mailbox files put before each mail.
fn without_mailbox_line(bytes: &[u8]) -> &[u8] {
    if !bytes.starts_with(b"From ") {
        return bytes;
    }
    bytes.iter().position(|b| *b == b'\n').map_or(bytes, |end| &bytes[end + 1..])
}

/// A report's fields among words (the part's own type was lost).
fn report_in(text: &str) -> Option<DeliveryReport> {
    let lower = text.to_ascii_lowercase();
    let has = |name: &str| lower.starts_with(name) || lower.contains(&format!("\n{name}"));
    (has("final-recipient:") || has("original-recipient:")).then(|| DeliveryReport::read(text)).flatten()
}

/// Where the original begins in a text: at the first of several header lines in a row, among them one that only mail
/// that has travelled has.
fn original_at(text: &str) -> Option<usize> {
    let mut offset = 0;
    let mut run_start = None;
    let (mut run, mut travelled) = (0_u8, false);
    for line in text.split_inclusive('\n') {
        let is_continuation = line.starts_with([' ', '\t']) && !line.trim().is_empty();
        match split_field(line.trim_end()) {
            Some((name, _)) => {
                run_start = run_start.or(Some(offset));
                run = run.saturating_add(1);
                travelled |= matches!(
                    name.to_ascii_lowercase().as_str(),
                    "received"
                        | "return-path"
                        | "message-id"
                        | "mime-version"
                        | "x-mailer"
                        | "dkim-signature"
                        | "x-originating-ip"
                );
                if run >= 3 && travelled {
                    return run_start;
                }
            }
            None if is_continuation && run > 0 => {}
            None => {
                run_start = None;
                run = 0;
                travelled = false;
            }
        }
        offset += line.len();
    }
    None
}
