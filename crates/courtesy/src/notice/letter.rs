//! A notice on paper: its parts as lines of text, for whoever sets them.
//!
//! In: a letter's written parts and its frame. Out: a [`Letter`]. Words that only mail can mean say what paper means; what a request
//! told stays as it was told. Not here: where on the page they stand (`letter`).

use super::frame::{self, Frame};
use super::render::{Listed, Runs, Written};
use super::{Language, text};

/// The longest address of a page that somebody types.
const TYPED_LETTERS_MAX: usize = 80;

/// A notice as a letter has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it is about.
    pub subject: String,
    /// Its parts, in their order.
    pub parts: Vec<Part>,
    /// How to reach the desk, a line each.
    pub contact: Vec<String>,
}

/// A part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A heading.
    Heading(String),
    /// Lines that belong together.
    Paragraph(Vec<String>),
    /// Items of a list, of one line or more.
    List(Vec<Vec<String>>),
    /// Labels and values.
    Facts(Vec<(String, String)>),
    /// A rule across.
    Divider,
}

/// The letter. A button becomes an address that can be typed, where anybody would.
pub(super) fn write(subject: String, blocks: &[Written<'_>], frame: &Frame, language: Language) -> Letter {
    let line = |runs: &Runs<'_>| on_paper(runs, language);
    let parts = blocks.iter().filter_map(|block| {
        Some(match block {
            Written::Heading(runs) => Part::Heading(line(runs)),
            Written::Paragraph(lines) => Part::Paragraph(lines.iter().map(line).collect()),
            Written::List(items) => Part::List(items.iter().map(|item| lines(item, language)).collect()),
            Written::Facts(rows) => Part::Facts(rows.iter().map(|(label, value)| (line(label), line(value))).collect()),
            Written::Button(label, url) if url.len() <= TYPED_LETTERS_MAX => {
                Part::Facts(vec![(line(label), (*url).to_owned())])
            }
            Written::Button(..) => return None,
            Written::Divider => Part::Divider,
        })
    });
    Letter { subject, parts: parts.collect(), contact: contact(frame, language) }
}

fn contact(frame: &Frame, language: Language) -> Vec<String> {
    let words = frame::words(language);
    let reach = [frame.phone.clone(), frame.email.clone(), frame.url.clone()];
    let reach = reach.into_iter().flatten().collect::<Vec<_>>().join("  ·  ");
    let hours = frame.hours.as_ref().map(|hours| format!("{} {hours}", words.hours));
    let closures = (!frame.closures.is_empty()).then(|| format!("{} {}", words.closed, frame.closures.join(", ")));
    let why = said_on_paper(frame.why(language), language);
    let lines = [Some(reach), hours, closures, Some(why)];
    lines.into_iter().flatten().filter(|line| !line.is_empty()).collect()
}

/// An item: what it says, and its facts below.
fn lines(item: &Listed<'_>, language: Language) -> Vec<String> {
    let mut facts = String::new();
    item.facts.iter().for_each(|run| text::push_isolated(run, &mut facts));
    [on_paper(&item.line, language), facts].into_iter().filter(|line| !line.is_empty()).collect()
}

fn on_paper(runs: &Runs<'_>, language: Language) -> String {
    let mut line = String::with_capacity(80);
    for run in runs {
        if run.is_value {
            text::push_isolated(run, &mut line);
        } else {
            line.push_str(&said_on_paper(&run.text, language));
        }
    }
    line.trim().to_owned()
}

/// What mail says and paper does not, the longest first. Nobody answers paper by replying.
const EN: [(&str, &str); 7] = [
    ("Reply yes or no to this message", "Write to us with a yes or no"),
    ("Reply to this message", "Write to us"),
    ("reply to this message", "write to us"),
    ("in one message", "in one letter"),
    ("our next message", "our next notice"),
    ("this message", "this letter"),
    ("This message", "This letter"),
];

/// See [`EN`].
const FR: [(&str, &str); 8] = [
    ("Répondez oui ou non à ce message", "Écrivez-nous oui ou non"),
    ("Répondez à ce message", "Écrivez-nous"),
    ("répondez à ce message", "écrivez-nous"),
    ("répondez à celui-ci", "écrivez-nous"),
    ("dans un seul message", "dans une seule lettre"),
    ("notre prochain message", "notre prochain avis"),
    ("ce message", "cette lettre"),
    ("Ce message", "Cette lettre"),
];

fn said_on_paper(words: &str, language: Language) -> String {
    let phrases: &[(&str, &str)] = match language {
        Language::En => &EN,
        Language::Fr => &FR,
    };
    phrases.iter().fold(words.to_owned(), |words, (mail, paper)| words.replace(mail, paper))
}

#[cfg(test)]
mod tests;
