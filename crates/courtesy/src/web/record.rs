//! The Participant Record: what the library is called, how its patrons reach it, whom to write to; shown and changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use jiff::civil::Date;
use serde::Deserialize;
use standards::address::Address;

use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, reach};
use crate::http::libraries::change;
use crate::library::{By, Closure, Copies, InLanguages, Library, LibraryCode};
use crate::notice::{Language, dates};
use crate::staff::Right;

/// One line of the record.
struct Fact {
    name: String,
    value: Option<String>,
}

#[derive(Template)]
#[template(path = "record.html")]
struct Record {
    shell: Shell,
    groups: Vec<(String, Vec<Fact>)>,
}

fn list(addresses: &[Address]) -> Option<String> {
    let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// The record.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let library = visit.library()?;
    let shell = visit.shell("record-title").at(Place::IllAdmin).below("nav-ill-admin", "/ill-admin");
    let fact = |name: &str, value: Option<String>| Fact { name: shell.say(name), value };
    let languages = library.languages.iter().map(|one| shell.tongue(*one));
    let symbols: Vec<_> = library.symbols.iter().map(ToString::to_string).collect();
    let closures = library.closures.iter().map(|one| {
        let days = dates::days(one.from, one.to, shell.language());
        one.why.as_ref().map_or(days.clone(), |why| format!("{days} ({})", why.get(shell.language())))
    });
    let closures: Vec<_> = closures.collect();
    let hours = |language| library.hours.as_ref().map(|hours| hours.get(language).to_owned());
    let from = library.from.as_ref().map_or_else(|| shell.say("setup-shared"), ToString::to_string);
    let groups = vec![
        (
            shell.say("record-group-library"),
            vec![
                fact("record-code", Some(library.code.to_string())),
                fact("record-symbols", Some(symbols.join(", ")).filter(|text| !text.is_empty())),
                fact("record-name-en", Some(library.name.en.clone())),
                fact("record-name-fr", library.name.fr.clone()),
                fact("record-languages", Some(languages.collect::<Vec<_>>().join(", "))),
                fact("record-time-zone", Some(library.time_zone.clone())),
                fact("record-region", Some(library.region.clone())),
                fact("record-other-regions", Some(shell.say(if library.other_regions { "yes" } else { "no" }))),
            ],
        ),
        (
            shell.say("record-group-contact"),
            vec![
                fact("record-phone", library.phone.clone()),
                fact("record-hours-en", hours(Language::En)),
                fact("record-hours-fr", library.hours.as_ref().and_then(|hours| hours.fr.clone())),
                fact("record-url", library.url.clone()),
                fact("record-closures", Some(closed(&shell, &closures))),
            ],
        ),
        (
            shell.say("record-group-notices"),
            vec![
                fact("record-from", Some(from)),
                fact("record-display-name", Some(from_name(&shell, library))),
                fact("record-reply-to", library.reply_to.as_ref().map(ToString::to_string)),
                fact("record-cc", list(&library.cc)),
                fact("record-borrowing", list(&library.borrowing_staff)),
                fact("record-lending", list(&library.lending_staff)),
                fact(
                    "record-copies",
                    Some(shell.say(match library.copies {
                        Copies::Each => "setup-copies-each",
                        Copies::Daily => "setup-copies-daily",
                    }))
                    .filter(|_| !library.cc.is_empty()),
                ),
                fact("timing-title", Some(super::timing::days_in_words(&web, &shell, library))),
                fact("record-hide-titles", Some(shell.say(if library.hide_titles { "yes" } else { "no" }))),
                fact("record-demands-tls", Some(shell.say(if library.demands_tls { "yes" } else { "no" }))),
            ],
        ),
        (
            shell.say("reach-title"),
            reach::facts(&shell, library).into_iter().map(|(name, value)| Fact { name, value }).collect(),
        ),
    ];
    visit.page(&Record { groups, shell })
}

/// The days closed, or that there are none.
fn closed(shell: &Shell, closures: &[String]) -> String {
    if closures.is_empty() { shell.say("record-no-closures") } else { closures.join("; ") }
}

/// The name that notices come from: the library's own where no other is given.
fn from_name(shell: &Shell, library: &Library) -> String {
    match &library.display_name {
        Some(name) => name.get(shell.language()).to_owned(),
        None => shell.with("record-usual-name", "name", library.name.get(shell.language())),
    }
}

/// The form, as it was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    name_en: String,
    name_fr: String,
    language: String,
    other_language: Option<String>,
    time_zone: String,
    phone: String,
    hours_en: String,
    hours_fr: String,
    url: String,
    closures: String,
    reply_to: String,
    cc: String,
    borrowing_staff: String,
    lending_staff: String,
    hide_titles: Option<String>,
    demands_tls: Option<String>,
    /// The consortium's to say: other codes and the region.
    symbols: Option<String>,
    region: Option<String>,
    other_regions: Option<String>,
}

impl Typed {
    fn of(library: &Library) -> Self {
        let lines = |all: &[Address]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let closure = |one: &Closure| {
            let why = one.why.as_ref().map(|why| format!(" {}", why.en)).unwrap_or_default();
            format!("{} {}{why}", one.from, one.to)
        };
        Self {
            name_en: library.name.en.clone(),
            name_fr: text(library.name.fr.as_ref()),
            language: library.languages.first().map(|one| one.tag().to_owned()).unwrap_or_default(),
            other_language: (library.languages.len() > 1).then(|| "yes".to_owned()),
            time_zone: library.time_zone.clone(),
            phone: text(library.phone.as_ref()),
            hours_en: text(library.hours.as_ref().map(|hours| &hours.en)),
            hours_fr: text(library.hours.as_ref().and_then(|hours| hours.fr.as_ref())),
            url: text(library.url.as_ref()),
            closures: library.closures.iter().map(closure).collect::<Vec<_>>().join("\n"),
            reply_to: library.reply_to.as_ref().map(ToString::to_string).unwrap_or_default(),
            cc: lines(&library.cc),
            borrowing_staff: lines(&library.borrowing_staff),
            lending_staff: lines(&library.lending_staff),
            hide_titles: library.hide_titles.then(|| "yes".to_owned()),
            demands_tls: library.demands_tls.then(|| "yes".to_owned()),
            symbols: Some(library.symbols.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
            region: Some(library.region.clone()),
            other_regions: library.other_regions.then(|| "yes".to_owned()),
        }
    }

    /// What it asks for, or the fields that cannot be read.
    fn read(&self) -> Result<Wish, Vec<&'static str>> {
        let mut wrong = Vec::new();
        let mut addresses = |field, text: &str| {
            let all: Result<Vec<_>, _> = words_of(text).map(Address::parse).collect();
            all.unwrap_or_else(|_| {
                wrong.push(field);
                Vec::new()
            })
        };
        let wish = Wish {
            reply_to: addresses("reply_to", &self.reply_to).into_iter().next(),
            cc: addresses("cc", &self.cc),
            borrowing_staff: addresses("borrowing_staff", &self.borrowing_staff),
            lending_staff: addresses("lending_staff", &self.lending_staff),
            closures: self.closures.lines().filter(|line| !line.trim().is_empty()).filter_map(closure).collect(),
            symbols: self
                .symbols
                .as_deref()
                .map(|text| words_of(text).filter_map(|one| LibraryCode::parse(one).ok()).collect()),
        };
        let symbols = self.symbols.as_deref().map_or(0, |text| words_of(text).count());
        if wish.symbols.as_ref().is_some_and(|read: &Vec<LibraryCode>| read.len() != symbols) {
            wrong.push("symbols");
        }
        let lines = self.closures.lines().filter(|line| !line.trim().is_empty()).count();
        if wish.closures.len() != lines {
            wrong.push("closures");
        }
        if self.name_en.trim().is_empty() {
            wrong.push("name_en");
        }
        if wrong.is_empty() { Ok(wish) } else { Err(wrong) }
    }

    /// Writes it into `library`.
    fn put(self, wish: Wish, is_consortium: bool, library: &mut Library) {
        let some = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        library.name = InLanguages { en: self.name_en.trim().to_owned(), fr: some(self.name_fr) };
        let first = Language::from_tag(&self.language).unwrap_or(Language::En);
        library.languages = vec![first];
        if self.other_language.is_some() {
            library.languages.extend(Language::ALL.into_iter().filter(|one| *one != first));
        }
        library.time_zone = self.time_zone.trim().to_owned();
        library.phone = some(self.phone);
        library.hours = some(self.hours_en).map(|en| InLanguages { en, fr: some(self.hours_fr) });
        library.url = some(self.url);
        library.closures = wish.closures;
        library.reply_to = wish.reply_to;
        library.cc = wish.cc;
        library.borrowing_staff = wish.borrowing_staff;
        library.lending_staff = wish.lending_staff;
        library.hide_titles = self.hide_titles.is_some();
        library.demands_tls = self.demands_tls.is_some();
        if is_consortium {
            library.other_regions = self.other_regions.is_some();
            library.region = self.region.and_then(some).unwrap_or_else(|| library.region.clone());
            library.symbols = wish.symbols.unwrap_or_else(|| library.symbols.clone());
        }
    }
}

/// What was typed, as values.
struct Wish {
    reply_to: Option<Address>,
    cc: Vec<Address>,
    borrowing_staff: Vec<Address>,
    lending_staff: Vec<Address>,
    closures: Vec<Closure>,
    symbols: Option<Vec<LibraryCode>>,
}

/// Addresses of a field: one a line, or with commas or semicolons as mail programs write them.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '\n', '\r', ' ', '\t']).map(str::trim).filter(|word| !word.is_empty())
}

/// `2026-12-24 2026-12-26 Holidays`: the first day, the last day where it is another, and why.
fn closure(line: &str) -> Option<Closure> {
    let (first, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let from: Date = first.parse().ok()?;
    let rest = rest.trim();
    let (second, words) = rest.split_once(' ').unwrap_or((rest, ""));
    let (to, why) = match second.parse::<Date>() {
        Ok(to) => (to, words.trim()),
        Err(_) => (from, rest),
    };
    let why = (!why.is_empty()).then(|| InLanguages { en: why.to_owned(), fr: None });
    Some(Closure { from, to, why })
}

#[derive(Template)]
#[template(path = "record_change.html")]
struct Change {
    shell: Shell,
    typed: Typed,
    wrong: BTreeMap<&'static str, String>,
}

impl Change {
    fn of(visit: &Visit, typed: Typed, wrong: &[&'static str]) -> Self {
        let shell = visit
            .shell("record-change-title")
            .at(Place::IllAdmin)
            .below("nav-ill-admin", "/ill-admin")
            .below("record-title", "/ill-admin/participant-record")
            .wrong(!wrong.is_empty());
        let wrong = wrong.iter().map(|field| (*field, shell.say(&format!("record-wrong-{}", field.replace('_', "-")))));
        Self { wrong: wrong.collect(), typed, shell }
    }

    /// What is wrong with a field.
    fn wrong_with(&self, field: &str) -> Option<&String> {
        self.wrong.get(field)
    }
}

/// The form.
pub(super) async fn edit(visit: Visit) -> Answer {
    let typed = Typed::of(visit.library()?);
    visit.page(&Change::of(&visit, typed, &[]))
}

/// Keeps what was typed.
pub(super) async fn save(State(web): State<Arc<Web>>, visit: Visit, Form(typed): Form<Typed>) -> Answer {
    let library = visit.library()?;
    let wish = match typed.read() {
        Ok(wish) => wish,
        Err(wrong) => return visit.again(&Change::of(&visit, typed, &wrong)),
    };
    let is_consortium = visit.may(Right::Consortium);
    let by = if is_consortium { By::Consortium } else { By::Library };
    let put = typed.clone();
    let problems = change(&web, &library.code, by, visit.by(), |library| put.put(wish, is_consortium, library)).await?;
    if !problems.is_empty() {
        let wrong: Vec<_> = problems.iter().map(|problem| problem.field).collect();
        return visit.again(&Change::of(&visit, typed, &wrong));
    }
    visit.done(&format!("/staff/{}/ill-admin/participant-record", library.code), "saved")
}
