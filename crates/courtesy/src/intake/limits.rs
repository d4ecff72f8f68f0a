//! How long what an event tells may be, whatever door it came by.
//!
//! In: an event about to be taken. Out: which of its parts are too long, for a caller who can mend them; or the event with those parts
//! cut, and their names for its timeline, where nobody reads an answer. What tells one thing from another is never just cut: a request's
//! number keeps what makes it different, and a patron's number that is none is left out, for half of it may be somebody else's.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};

use super::Event;
use crate::notice::field::{Field, Kind};
use crate::notice::value::VALUE_BYTES_MAX;
use crate::patron::import::NUMBER_LETTERS_MAX;
use crate::patron::{BY_ADDRESS, NAME_LETTERS_MAX, Patron, name_problem};

/// Longest number of a request, or occurrence, in octets: several systems' prefixes and a UUID.
pub const KEY_OCTETS_MAX: usize = 200;

/// Longest occurrence that we put together ourselves of a message's parts. Nobody reads it: it only tells two times apart.
const OCCURRENCE_OCTETS_MAX: usize = 1000;

/// RFC 5321 §4.5.3.1.3: a path has at most 256 octets, its brackets among them.
const ADDRESS_OCTETS_MAX: usize = 254;

/// Octets of the hash that keeps cut numbers apart, as text.
const APART_OCTETS: usize = 16;

/// What an event tells that has limits.
pub struct Parts<'e> {
    /// The request's number.
    pub request: &'e str,
    /// Which time its status is entered.
    pub occurrence: &'e str,
    /// The patron.
    pub patron: &'e Patron,
    /// What words may name.
    pub fields: &'e BTreeMap<String, String>,
}

impl Parts<'_> {
    /// What is too long, by its place in the event's body, each with what is wrong.
    #[must_use]
    pub fn too_long(&self) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        for (name, text) in [("request", self.request), ("occurrence", self.occurrence)] {
            if text.len() > KEY_OCTETS_MAX || text.chars().any(char::is_control) {
                wrong.push((format!("/{name}"), format!("it may have {KEY_OCTETS_MAX} octets, and no line breaks")));
            }
        }
        let patron = self.patron;
        if patron.id.as_deref().is_some_and(|id| !is_number(id)) {
            wrong.push(("/patron/ref".to_owned(), format!("at most {NUMBER_LETTERS_MAX} letters in one line")));
        }
        for (name, text) in
            [("first_name", &patron.first_name), ("surname", &patron.surname), ("full_name", &patron.full_name)]
        {
            wrong.extend(text.as_deref().and_then(name_problem).map(|detail| (format!("/patron/{name}"), detail)));
        }
        for (name, text) in self.fields {
            let pointer = || format!("/fields/{}", name.replace('~', "~0").replace('/', "~1"));
            match most(name) {
                Most::Letters(most) if text.chars().count() > most => {
                    wrong.push((pointer(), format!("at most {most} letters")));
                }
                Most::Octets(most) if text.len() > most => wrong.push((pointer(), format!("at most {most} octets"))),
                _ => {}
            }
        }
        wrong
    }
}

fn too_long(event: &Event) -> Vec<(String, String)> {
    let Event { request, occurrence, told, .. } = event;
    Parts { request, occurrence, patron: &told.patron, fields: &told.fields }.too_long()
}

/// Cuts what is too long in `event`; gives the names of what was.
pub(super) fn cut(event: &mut Event) -> Vec<String> {
    let mut parts: Vec<String> = too_long(event).into_iter().map(|(pointer, _)| pointer).collect();
    parts.retain(|pointer| pointer != "/occurrence");
    if event.occurrence.len() > OCCURRENCE_OCTETS_MAX {
        event.occurrence = kept_apart(&event.occurrence, OCCURRENCE_OCTETS_MAX);
    }
    for pointer in &parts {
        let patron = &mut event.told.patron;
        match pointer.as_str() {
            "/request" => event.request = kept_apart(&event.request, KEY_OCTETS_MAX),
            "/patron/ref" => patron.id = None,
            "/patron/first_name" => patron.first_name = patron.first_name.as_deref().map(a_name),
            "/patron/surname" => patron.surname = patron.surname.as_deref().map(a_name),
            "/patron/full_name" => patron.full_name = patron.full_name.as_deref().map(a_name),
            _ => {}
        }
    }
    for (name, text) in &mut event.told.fields {
        match most(name) {
            Most::Letters(most) if text.chars().count() > most => *text = letters(text, most),
            Most::Octets(most) if text.len() > most => *text = octets(text, most),
            _ => {}
        }
    }
    parts.iter().map(|pointer| pointer.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

/// How much of a field is kept.
enum Most {
    Letters(usize),
    Octets(usize),
    /// Lists of ours have limits of their own.
    All,
}

fn most(name: &str) -> Most {
    match Field::from_any_name(name).map(Field::kind) {
        Some(Kind::Name) => Most::Letters(NAME_LETTERS_MAX),
        Some(Kind::Lines) => Most::All,
        // Words show no more of it.
        _ => Most::Octets(VALUE_BYTES_MAX),
    }
}

/// Whoever has no number is known by their address, which is longer.
fn is_number(text: &str) -> bool {
    let most = if text.starts_with(BY_ADDRESS) { BY_ADDRESS.len() + ADDRESS_OCTETS_MAX } else { NUMBER_LETTERS_MAX };
    text.trim().chars().count() <= most && !text.trim().chars().any(char::is_control)
}

/// A name in one line, with a mark where there was more.
fn a_name(text: &str) -> String {
    let line: String = text.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    letters(&line, NAME_LETTERS_MAX)
}

fn letters(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn octets(text: &str, most: usize) -> String {
    let end = (0..=most - '…'.len_utf8()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// As much of a number as is kept, with a hash of all of it: two that begin alike stay two, and the same is the same again.
fn kept_apart(text: &str, most: usize) -> String {
    let plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if plain.len() <= most {
        return plain;
    }
    let hash: String = digest(&SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .take(APART_OCTETS / 2)
        .map(|octet| format!("{octet:02x}"))
        .collect();
    format!("{}{hash}", octets(&plain, most - APART_OCTETS))
}

#[cfg(test)]
mod tests;
