//! The HTML part: a document that reads well in the dark, at 320 pixels, by ear and without images.
//!
//! In: a letter's written parts and its frame. Out: one document, with no script, no image and no address that is not in the
//! words, the frame or a url field. Everything that comes from outside is escaped here or by the template, and set apart in
//! `<bdi>`, so that a title from right to left turns nothing around. Not here: which words stand (`render`).

use askama::Template as _;

use super::Language;
use super::frame::{self, Frame, FrameWords};
use super::render::{Listed, Run, Runs, Written};

const PARAGRAPH: &str = "<p style=\"margin:0 0 16px\">";
const HEADING: &str = "<h2 style=\"margin:24px 0 8px;font-size:18px;line-height:1.3\">";
const LIST: &str = "<ul style=\"margin:0 0 16px;padding-left:24px\">";
const ITEM: &str = "<li style=\"margin:0 0 4px\">";
/// An item of two lines wants some room to the next.
const ITEM_WITH_FACTS: &str = "<li style=\"margin:0 0 12px\">";
const ITEM_FACTS: &str = "<br>\n<span class=\"quiet\" style=\"color:#4b5563\">";
const DIVIDER: &str = "<hr class=\"rule\" style=\"margin:24px 0;border:0;border-top:1px solid #d5d9de\">\n";
// The roles say again what the elements say: on a phone label and value stand below one another (`display: block`), and
// browsers then forget that they were a table.
const FACTS: &str =
    "<table role=\"table\" class=\"facts\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\">\n";
const FACT_LABEL: &str =
    "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\" align=\"left\" valign=\"top\" width=\"35%\">";
const FACT_VALUE: &str = "</th><td role=\"cell\" valign=\"top\">";
const BUTTON: &str = "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
    style=\"margin:8px 0 24px\"><tr><td class=\"button\" style=\"background:#0b5394;border-radius:6px\"><a href=\"";
const BUTTON_LABEL: &str =
    "\" style=\"display:inline-block;padding:12px 24px;color:#ffffff;font-weight:600;text-decoration:none\">";

/// The template around a letter.
#[derive(askama::Template)]
#[template(path = "mail/frame.html")]
struct Document<'a> {
    lang: &'a str,
    subject: &'a str,
    heading: &'a str,
    letter: &'a str,
    is_test: bool,
    frame: &'a Frame,
    words: &'a FrameWords,
    why: &'a str,
    request_url: Option<&'a str>,
    mailto: &'a str,
}

pub(super) fn write(
    subject: &str,
    heading: &Runs<'_>,
    blocks: &[Written<'_>],
    frame: &Frame,
    language: Language,
) -> String {
    let mut title = String::with_capacity(128);
    write_runs(heading, &mut title);
    let mut letter = String::with_capacity(4096);
    for block in blocks {
        write_block(block, &mut letter);
    }
    let document = Document {
        lang: language.tag(),
        subject,
        heading: &title,
        letter: &letter,
        is_test: frame.is_test,
        frame,
        words: frame::words(language),
        why: frame.why(language),
        request_url: frame.request_url_besides(blocks),
        mailto: &frame.email.as_deref().map(percent_encoded).unwrap_or_default(),
    };
    let mut out = String::with_capacity(letter.len() + 6144);
    // Writing into a string fails only where a value's own Display fails; ours are strings.
    let _ = document.render_into(&mut out);
    out
}

fn write_block(block: &Written<'_>, out: &mut String) {
    match block {
        Written::Heading(runs) => {
            out.push_str(HEADING);
            write_runs(runs, out);
            out.push_str("</h2>\n");
        }
        Written::Paragraph(lines) => {
            out.push_str(PARAGRAPH);
            for (index, line) in lines.iter().enumerate() {
                if index > 0 {
                    out.push_str("<br>\n");
                }
                write_runs(line, out);
            }
            out.push_str("</p>\n");
        }
        Written::List(items) => {
            out.push_str(LIST);
            items.iter().for_each(|item| write_item(item, out));
            out.push_str("</ul>\n");
        }
        Written::Facts(rows) => {
            out.push_str(FACTS);
            for (label, value) in rows {
                out.push_str(FACT_LABEL);
                write_runs(label, out);
                out.push_str(FACT_VALUE);
                write_runs(value, out);
                out.push_str("</td></tr>\n");
            }
            out.push_str("</table>\n");
        }
        Written::Button(label, url) => {
            out.push_str(BUTTON);
            escape(url, out);
            out.push_str(BUTTON_LABEL);
            write_unlinked(label, out);
            out.push_str("</a></td></tr></table>\n");
        }
        Written::Divider => out.push_str(DIVIDER),
    }
}

fn write_item(item: &Listed<'_>, out: &mut String) {
    out.push_str(if item.facts.is_some() { ITEM_WITH_FACTS } else { ITEM });
    write_runs(&item.line, out);
    if let Some(facts) = &item.facts {
        out.push_str(ITEM_FACTS);
        write_run(facts, out);
        out.push_str("</span>");
    }
    out.push_str("</li>\n");
}

fn write_runs(runs: &Runs<'_>, out: &mut String) {
    let mut open: Option<&str> = None;
    for run in runs {
        if run.link != open {
            if open.is_some() {
                out.push_str("</a>");
            }
            if let Some(url) = run.link {
                out.push_str("<a href=\"");
                escape(url, out);
                out.push_str("\">");
            }
            open = run.link;
        }
        write_run(run, out);
    }
    if open.is_some() {
        out.push_str("</a>");
    }
}

/// The label of a button, which is a link already.
fn write_unlinked(runs: &Runs<'_>, out: &mut String) {
    runs.iter().for_each(|run| write_run(run, out));
}

fn write_run(run: &Run<'_>, out: &mut String) {
    if run.bold {
        out.push_str("<strong>");
    }
    if run.is_value {
        out.push_str("<bdi>");
    }
    escape(&run.text, out);
    if run.is_value {
        out.push_str("</bdi>");
    }
    if run.bold {
        out.push_str("</strong>");
    }
}

/// Text as HTML, in content and in attributes with double quotes.
fn escape(text: &str, out: &mut String) {
    let mut from = 0;
    for (index, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.push_str(&text[from..index]);
        out.push_str(entity);
        from = index + 1;
    }
    out.push_str(&text[from..]);
}

/// A mail address in a `mailto:` link (RFC 6068 §2): what is not plain is percent-encoded.
fn percent_encoded(address: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(address.len());
    for byte in address.bytes() {
        if byte.is_ascii_alphanumeric() || b"@.-_~+".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
