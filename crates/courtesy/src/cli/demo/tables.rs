//! The two tables and their reasons, as text.
//!
//! In: the rows of the story. Out: text of at most [`WIDTH`] columns. Not here: the sentences (`words`).

use practice::world::{LIBRARIES, Library as Place};

use super::story::{Fate, Judged, Row};
use super::words::{self, either};
use crate::notice::Language;

/// Columns: what a terminal shows without being made larger.
pub(super) const WIDTH: usize = 98;

/// The widest name of a town and the widest situation, with a space behind each.
const TOWN: usize = 15;
const SITUATION: usize = 32;

/// Counts of one way of sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// All.
    pub sent: usize,
    /// In the inbox.
    pub inbox: usize,
    /// Filed as spam.
    pub junk: usize,
    /// Refused.
    pub refused: usize,
}

impl Counts {
    /// Counts these.
    pub fn of<'a>(all: impl IntoIterator<Item = &'a Judged>) -> Self {
        let mut counts = Self::default();
        for judged in all {
            counts.sent += 1;
            match judged.fate {
                Fate::Inbox => counts.inbox += 1,
                Fate::Junk => counts.junk += 1,
                Fate::Refused => counts.refused += 1,
                Fate::Waiting => {}
            }
        }
        counts
    }

    /// One line of them.
    pub fn line(&self, language: Language) -> String {
        let Self { sent, inbox, junk, refused } = self;
        either(
            language,
            format!("{sent} sent: {inbox} in the inbox, {junk} in spam, {refused} refused."),
            format!("{sent} envoyés : {inbox} en boîte de réception, {junk} en pourriel, {refused} refusés."),
        )
    }
}

/// The table: a row for each library, a column for each provider, totals below.
pub(super) fn table(rows: &[Row], judged: impl Fn(&Row) -> &Judged, language: Language) -> String {
    let of_first = rows.iter().take_while(|row| row.case.place == rows[0].case.place);
    let columns: Vec<&str> = of_first.map(|row| words::provider(row.case.family, language)).collect();
    let mut text = String::new();
    let mut line = |first: &str, second: &str, cells: Vec<String>| {
        let cells: String = cells.iter().zip(&columns).map(|(cell, name)| centred(cell, width(name))).collect();
        text.push_str(format!("  {first:TOWN$}{second:SITUATION$}{cells}").trim_end());
        text.push('\n');
    };
    let (library, dns) = either(language, ("Library", "what its DNS says"), ("Bibliothèque", "ce que dit son DNS"));
    line(library, dns, columns.iter().map(|name| (*name).to_owned()).collect());
    for place in LIBRARIES {
        let of_place = rows.iter().filter(|row| row.case.place == place);
        let marks = of_place.map(|row| mark(judged(row).fate).to_owned()).collect();
        line(place.town, words::situation(place.situation, language), marks);
    }
    for (fate, en, fr) in [
        (Fate::Inbox, "in the inbox", "en réception"),
        (Fate::Junk, "in spam", "en pourriel"),
        (Fate::Refused, "refused", "refusés"),
    ] {
        let count = |index: usize| {
            let of_provider = rows.iter().skip(index).step_by(columns.len());
            of_provider.filter(|row| judged(row).fate == fate).count().to_string()
        };
        line(
            "",
            &format!("{:>width$} ", either(language, en, fr), width = SITUATION - 1),
            (0..columns.len()).map(count).collect(),
        );
    }
    text
}

/// What the marks mean.
pub(super) fn legend(language: Language) -> &'static str {
    either(language, "  ✔ in the inbox   ▲ filed as spam   ✖ refused", "  ✔ boîte de réception   ▲ pourriel   ✖ refusé")
}

/// Providers that did what they did for the same reason.
struct Group {
    why: String,
    did: Vec<(Fate, Vec<&'static str>)>,
}

/// Why, library by library, the providers did what they did to the spoofed notices.
pub(super) fn reasons_before(rows: &[Row], language: Language) -> String {
    of_each(rows, |place, rows| {
        let mut groups: Vec<Group> = Vec::new();
        for row in rows {
            let why = words::why_before(place.domain, place.situation, row.before.reason, language);
            let name = words::provider_said(row.case.family, language);
            let known = groups.iter_mut().find(|group| group.why == why);
            match known.map(|group| (group.did.iter().position(|(fate, _)| *fate == row.before.fate), group)) {
                Some((Some(index), group)) => group.did[index].1.push(name),
                Some((None, group)) => group.did.push((row.before.fate, vec![name])),
                None => groups.push(Group { why, did: vec![(row.before.fate, vec![name])] }),
            }
        }
        let said = groups.iter().map(|Group { why, did }| {
            let who = did.iter().map(|(fate, names)| words::who_did(names, names.len() == rows.len(), *fate, language));
            let who = who.collect::<Vec<_>>().join(", ");
            capital(&either(language, format!("{who}: {why}."), format!("{who} : {why}.")))
        });
        said.collect::<Vec<_>>().join(" ")
    })
}

/// In whose name Courtesy sent, library by library, and why.
pub(super) fn reasons_after(rows: &[Row], language: Language) -> String {
    of_each(rows, |place, rows| {
        let mut all: Vec<String> =
            rows.iter().map(|row| words::why_after(place.domain, &row.after, language)).collect();
        all.dedup();
        all.iter().map(|why| capital(&format!("{why}."))).collect::<Vec<_>>().join(" ")
    })
}

/// One paragraph for each library, under its town.
fn of_each(rows: &[Row], said: impl Fn(&Place, &[&Row]) -> String) -> String {
    let mut text = String::new();
    for place in &LIBRARIES {
        let of_place: Vec<&Row> = rows.iter().filter(|row| row.case.place == *place).collect();
        for (index, line) in wrapped(&said(place, &of_place), WIDTH - TOWN - 2).iter().enumerate() {
            let town = if index == 0 { place.town } else { "" };
            text.push_str(&format!("  {town:TOWN$}{line}\n"));
        }
    }
    text
}

/// Lines of at most `width` columns.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}

fn mark(fate: Fate) -> &'static str {
    match fate {
        Fate::Inbox => "✔",
        Fate::Junk => "▲",
        Fate::Refused => "✖",
        Fate::Waiting => "…",
    }
}

/// A column is as wide as its name, with a space on each side.
fn width(name: &str) -> usize {
    name.chars().count() + 2
}

fn centred(text: &str, width: usize) -> String {
    format!("{text:^width$}")
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    // An address or a domain stays as it is written.
    match letters.next() {
        Some(first) if !sentence.split(' ').next().unwrap_or_default().contains('.') => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => sentence.to_owned(),
    }
}
