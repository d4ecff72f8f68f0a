//! The text part: written as text, not made from HTML.
//!
//! In: a letter's written parts and its frame. Out: lines of at most [`COLUMNS`] columns, facts aligned, links as their
//! addresses, values from right to left between U+2068 and U+2069 (Unicode Standard Annex 9). Not here: which words stand.

use super::Language;
use super::frame::{self, Frame};
use super::render::{Listed, Run, Runs, Written};
use super::typography;

/// RFC 5322 §2.1.1 recommends 78; 72 leaves room for `> ` in replies.
pub const COLUMNS: usize = 72;
/// Wide enough for every label we ship; a wider one gets a line of its own, or values would have no room.
const LABEL_COLUMNS_MAX: usize = 30;
const RULE: &str = "----------------------------------------";

pub(super) fn write(blocks: &[Written<'_>], frame: &Frame, language: Language) -> String {
    let words = frame::words(language);
    let mut out = String::with_capacity(2048);
    if frame.is_test {
        wrap(words.test, 0, &mut out);
        out.push('\n');
    }
    for block in blocks {
        write_block(block, language, &mut out);
        out.push('\n');
    }
    write_frame(blocks, frame, language, &mut out);
    out
}

fn write_block(block: &Written<'_>, language: Language, out: &mut String) {
    match block {
        Written::Heading(runs) => {
            let heading = plain(runs);
            wrap(&heading, 0, out);
            let columns = typography::columns(&heading).min(COLUMNS);
            out.extend(std::iter::repeat_n('-', columns));
            out.push('\n');
        }
        Written::Paragraph(lines) => lines.iter().for_each(|line| wrap(plain(line).trim(), 0, out)),
        Written::List(items) => {
            items.iter().for_each(|item| write_item(item, out));
        }
        Written::Facts(rows) => write_facts(rows, language, out),
        Written::Button(label, url) => {
            wrap(&labelled(label, language), 0, out);
            out.push_str(url);
            out.push('\n');
        }
        Written::Divider => {
            out.push_str(RULE);
            out.push('\n');
        }
    }
}

/// An item; what it says, its facts and its address stand below one another where it has facts.
fn write_item(item: &Listed<'_>, out: &mut String) {
    out.push_str("- ");
    let Some(facts) = &item.facts else { return wrap_from(plain(&item.line).trim(), 2, 2, out) };
    let mut said = String::with_capacity(120);
    item.line.iter().for_each(|run| push_isolated(run, &mut said));
    wrap_from(said.trim(), 2, 2, out);
    let mut below = String::with_capacity(80);
    push_isolated(facts, &mut below);
    for line in [Some(below.as_str()), item.line.iter().find_map(|run| run.link)].into_iter().flatten() {
        out.push_str("  ");
        wrap_from(line, 2, 2, out);
    }
}

fn write_facts(rows: &[(Runs<'_>, Runs<'_>)], language: Language, out: &mut String) {
    let rows: Vec<(String, String)> =
        rows.iter().map(|(label, value)| (labelled(label, language), plain(value))).collect();
    let widest = rows.iter().map(|(label, _)| typography::columns(label)).max().unwrap_or(0);
    let indent = widest.min(LABEL_COLUMNS_MAX) + 2;
    for (label, value) in &rows {
        out.push_str(label);
        let used = typography::columns(label);
        if used + 2 > indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
        } else {
            out.extend(std::iter::repeat_n(' ', indent - used));
        }
        wrap_from(value.trim(), indent, indent, out);
    }
}

fn write_frame(blocks: &[Written<'_>], frame: &Frame, language: Language, out: &mut String) {
    let words = frame::words(language);
    out.push_str(RULE);
    out.push('\n');
    wrap(&frame.library_name, 0, out);
    let closures = frame.closures.iter().map(|closure| (words.closed, Some(closure)));
    let contact = [
        (words.phone, frame.phone.as_ref()),
        (words.email, frame.email.as_ref()),
        (words.web, frame.url.as_ref()),
        (words.hours, frame.hours.as_ref()),
    ];
    for (label, value) in contact.into_iter().chain(closures) {
        if let Some(value) = value {
            out.push_str(label);
            out.push(' ');
            wrap_from(value, typography::columns(label) + 1, 2, out);
        }
    }
    out.push('\n');
    if frame.invites_replies() {
        wrap(words.reply, 0, out);
    }
    wrap(frame.why(language), 0, out);
    let links =
        [(words.request, frame.request_url_besides(blocks)), (words.preferences, frame.preferences_url.as_deref())];
    for (label, url) in links {
        if let Some(url) = url {
            out.push('\n');
            out.push_str(label);
            out.push_str(colon(language));
            out.push('\n');
            out.push_str(url);
            out.push('\n');
        }
    }
}

fn colon(language: Language) -> &'static str {
    match language {
        Language::En => ":",
        Language::Fr => "\u{a0}:",
    }
}

/// A label with its colon, unless it has one.
fn labelled(label: &Runs<'_>, language: Language) -> String {
    let label = plain(label);
    let label = label.trim();
    if label.ends_with(':') { label.to_owned() } else { format!("{label}{}", colon(language)) }
}

/// A run as text, between isolates where it is a value that runs from right to left.
pub(super) fn push_isolated(run: &Run<'_>, out: &mut String) {
    if run.is_value && typography::has_right_to_left(&run.text) {
        out.push('\u{2068}');
        out.push_str(&run.text);
        out.push('\u{2069}');
    } else {
        out.push_str(&run.text);
    }
}

/// A line as text; linked words are followed by their address in `<>` (RFC 3986 Appendix C).
fn plain(runs: &Runs<'_>) -> String {
    let mut line = String::with_capacity(80);
    for (index, run) in runs.iter().enumerate() {
        push_isolated(run, &mut line);
        let Some(url) = run.link else { continue };
        let goes_on = runs.get(index + 1).is_some_and(|next| next.link == run.link);
        if !goes_on && run.text != url {
            line.push_str(" <");
            line.push_str(url);
            line.push('>');
        }
    }
    line
}

fn wrap(line: &str, indent: usize, out: &mut String) {
    wrap_from(line, indent, indent, out);
}

/// Writes a line that starts at column `used`, broken at spaces; further lines start at column `indent`. A word longer than
/// a line stays whole, so that addresses can be followed.
fn wrap_from(line: &str, mut used: usize, indent: usize, out: &mut String) {
    let mut first = true;
    for word in line.split([' ', '\t']).filter(|word| !word.is_empty()) {
        let columns = typography::columns(word);
        if !first && used + 1 + columns > COLUMNS {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if !first {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += columns;
        first = false;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests;
