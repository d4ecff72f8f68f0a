//! A notice on paper: its parts as lines of text, for whoever sets them.
//!
//! In: a letter's written parts and its frame. Out: a [`Letter`]. Not here: where on the page they stand (`letter`).

use super::Language;
use super::frame::Frame;
use super::render::{Runs, Written};

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
    /// Items of a list.
    List(Vec<String>),
    /// Labels and values.
    Facts(Vec<(String, String)>),
    /// A rule across.
    Divider,
}

/// The letter; a button is an address that can be typed.
pub(super) fn write(subject: String, blocks: &[Written<'_>], frame: &Frame, language: Language) -> Letter {
    let parts = blocks.iter().map(|block| match block {
        Written::Heading(line) => Part::Heading(plain(line)),
        Written::Paragraph(lines) => Part::Paragraph(lines.iter().map(|line| plain(line)).collect()),
        Written::List(items) => Part::List(items.iter().map(|line| plain(line)).collect()),
        Written::Facts(rows) => Part::Facts(rows.iter().map(|(label, value)| (plain(label), plain(value))).collect()),
        Written::Button(label, url) => Part::Facts(vec![(plain(label), (*url).to_owned())]),
        Written::Divider => Part::Divider,
    });
    Letter { subject, parts: parts.collect(), contact: contact(frame, language) }
}

fn contact(frame: &Frame, language: Language) -> Vec<String> {
    let reach = [frame.phone.clone(), frame.email.clone(), frame.url.clone()];
    let reach = reach.into_iter().flatten().collect::<Vec<_>>().join("  ·  ");
    let closed = match language {
        Language::En => "Closed: ",
        Language::Fr => "Fermé : ",
    };
    let closures = (!frame.closures.is_empty()).then(|| format!("{closed}{}", frame.closures.join(", ")));
    let lines = [Some(reach), frame.hours.clone(), closures, Some(frame.why(language).to_owned())];
    lines.into_iter().flatten().filter(|line| !line.is_empty()).collect()
}

fn plain(line: &Runs<'_>) -> String {
    line.iter().map(|run| &*run.text).collect::<String>().trim().to_owned()
}
