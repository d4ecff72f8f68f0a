//! How patrons are reached: which way first and which next, at what hours, and how letters look; shown and changed.
//!
//! In: a library's `reach`, or a form of it. Out: its lines for the Participant Record, the page, or what is wrong with what was typed.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use jiff::civil::Time;
use serde::Deserialize;

use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, words};
use crate::channel::Channel;
use crate::http::libraries::change;
use crate::library::{By, Envelope, Library, Reach};
use crate::notice::catalogue::{Audience, NOTICES};
use crate::notice::{Language, dates};
use crate::staff::Right;

/// Ways that can be chosen one after another.
const WAYS: usize = Channel::ALL.len();

/// The lines of the Participant Record: names and values.
pub(super) fn facts(shell: &Shell, library: &Library) -> Vec<(String, Option<String>)> {
    let reach = &library.reach;
    let time = |time: Time| dates::time(time, shell.language());
    let quiet = (reach.quiet_from != reach.quiet_to)
        .then(|| shell.with2("reach-quiet-hours", ("from", time(reach.quiet_from)), ("to", time(reach.quiet_to))));
    let after = (reach.next_after_hours > 0)
        .then(|| shell.with("reach-after-hours", "count", i64::from(reach.next_after_hours)));
    let way = |channel: &Channel| shell.say(&format!("reach-way-{channel}"));
    let order = |ways: &[Channel]| ways.iter().map(way).collect::<Vec<_>>().join(", ");
    vec![
        (shell.say("reach-ways"), Some(order(&reach.ladder))),
        (shell.say("reach-next-after"), Some(after.unwrap_or_else(|| shell.say("reach-when-failed")))),
        (shell.say("reach-quiet"), quiet),
        (shell.say("reach-postal"), (!reach.postal.is_empty()).then(|| reach.postal.join(", "))),
        (shell.say("reach-envelope"), Some(shell.say(&envelope_words(reach.envelope)))),
    ]
}

/// As the form has it: `21:00`.
fn hour(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

fn envelope_words(envelope: Envelope) -> String {
    format!("envelope-{}", envelope.code().replace('_', "-"))
}

/// The form, as it was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    way1: String,
    way2: String,
    way3: String,
    way4: String,
    ladders: String,
    next_after_hours: String,
    quiet_from: String,
    quiet_to: String,
    quiet_when_closed: Option<String>,
    postal: String,
    envelope: String,
}

impl Typed {
    fn of(reach: &Reach, language: Language) -> Self {
        let way = |n: usize| reach.ladder.get(n).map(|way| way.code().to_owned()).unwrap_or_default();
        let labels = |ways: &[Channel]| ways.iter().map(|way| label(*way, language)).collect::<Vec<_>>().join(", ");
        Self {
            way1: way(0),
            way2: way(1),
            way3: way(2),
            way4: way(3),
            ladders: reach
                .ladders
                .iter()
                .map(|(notice, ways)| format!("{notice}: {}", labels(ways)))
                .collect::<Vec<_>>()
                .join("\n"),
            next_after_hours: reach.next_after_hours.to_string(),
            quiet_from: hour(reach.quiet_from),
            quiet_to: hour(reach.quiet_to),
            quiet_when_closed: reach.quiet_when_closed.then(|| "yes".to_owned()),
            postal: reach.postal.join("\n"),
            envelope: reach.envelope.code().to_owned(),
        }
    }

    /// The ways in their places, empty where none is chosen.
    fn ways(&self) -> [&str; WAYS] {
        [&self.way1, &self.way2, &self.way3, &self.way4]
    }

    /// What it asks for, or the fields that cannot be read.
    fn read(&self) -> Result<Reach, Vec<&'static str>> {
        let mut wrong = Vec::new();
        let mut ladder: Vec<Channel> = Vec::new();
        for way in self.ways().into_iter().filter_map(Channel::from_code) {
            if !ladder.contains(&way) {
                ladder.push(way);
            }
        }
        if ladder.is_empty() {
            wrong.push("ladder");
        }
        let lines = self.ladders.lines().filter(|line| !line.trim().is_empty());
        let ladders = lines.map(of_notice).collect::<Option<BTreeMap<_, _>>>().unwrap_or_else(|| {
            wrong.push("ladders");
            BTreeMap::new()
        });
        let hours = self.next_after_hours.trim();
        let next_after_hours = if hours.is_empty() { Ok(0) } else { hours.parse() };
        let next_after_hours = next_after_hours.unwrap_or_else(|_| {
            wrong.push("next_after_hours");
            0
        });
        let mut time = |text: &str, usual: Time| {
            let read = text.trim().parse::<Time>();
            read.unwrap_or_else(|_| {
                wrong.push("quiet_from");
                usual
            })
        };
        let usual = Reach::default();
        let (quiet_from, quiet_to) = (time(&self.quiet_from, usual.quiet_from), time(&self.quiet_to, usual.quiet_to));
        let postal = self.postal.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let envelope = Envelope::from_code(&self.envelope).unwrap_or_default();
        let quiet_when_closed = self.quiet_when_closed.is_some();
        let reach =
            Reach { ladder, ladders, next_after_hours, quiet_from, quiet_to, quiet_when_closed, postal, envelope };
        if wrong.is_empty() { Ok(reach) } else { Err(wrong) }
    }
}

/// `overdue: Email, Letter`: a notice's code or name, and its ways by the names that the page has for them, or their codes.
fn of_notice(line: &str) -> Option<(String, Vec<Channel>)> {
    let (notice, ways) = line.split_once(':')?;
    let mut order = Vec::new();
    for part in ways.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        match way_called(part) {
            Some(way) => order.push(way),
            // Codes were always taken with nothing but spaces between them, too.
            None => order.extend(part.split_whitespace().map(way_called).collect::<Option<Vec<_>>>()?),
        }
    }
    Some((notice_called(notice.trim()), order))
}

fn label(way: Channel, language: Language) -> String {
    words::say(language, &format!("reach-way-{way}"))
}

/// The way of this code, or of this name in any language.
fn way_called(text: &str) -> Option<Channel> {
    let is_called = |way: &Channel| Language::ALL.iter().any(|language| is_same(&label(*way, *language), text));
    Channel::from_code(text).or_else(|| Channel::ALL.into_iter().find(is_called))
}

/// The code of the patron's notice of this name in any language; else what was typed, which is then looked at as a code.
fn notice_called(text: &str) -> String {
    let mut to_patrons = NOTICES.iter().filter(|entry| entry.notice.audience == Audience::Patron);
    let called = to_patrons.find(|entry| Language::ALL.iter().any(|language| is_same(entry.label(*language), text)));
    called.map_or_else(|| text.to_owned(), |entry| entry.notice.code())
}

fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// A value to choose, its words, and whether it is chosen.
type Choice = (&'static str, String, bool);

#[derive(Template)]
#[template(path = "reach.html")]
struct Change {
    shell: Shell,
    typed: Typed,
    /// The places of the order, each with its choices.
    places: Vec<(usize, String, Vec<Choice>)>,
    envelopes: Vec<Choice>,
    /// The notices to patrons: name and code.
    notices: Vec<(&'static str, String)>,
    /// Whether a gateway takes text messages.
    has_texts: bool,
    wrong: BTreeMap<&'static str, String>,
}

impl Change {
    fn of(web: &Web, visit: &Visit, typed: Typed, wrong: &[&'static str]) -> Self {
        let shell = visit
            .shell("reach-title")
            .at(Place::IllAdmin)
            .below("nav-ill-admin", "/ill-admin")
            .below("record-title", "/ill-admin/participant-record")
            .wrong(!wrong.is_empty());
        let wrong = wrong.iter().map(|field| (*field, shell.say(&format!("reach-wrong-{}", field.replace('_', "-")))));
        let place = |n: usize, chosen: &str| {
            let none = ("", shell.say("reach-none"), chosen.is_empty());
            let ways =
                Channel::ALL.map(|way| (way.code(), shell.say(&format!("reach-way-{way}")), way.code() == chosen));
            let name = shell.with("reach-place", "number", i64::try_from(n + 1).unwrap_or(1));
            (n + 1, name, std::iter::once(none).filter(|_| n > 0).chain(ways).collect())
        };
        let envelope =
            |one: Envelope| (one.code(), shell.say(&envelope_words(one)), one.code() == typed.envelope.as_str());
        Self {
            places: typed.ways().into_iter().enumerate().map(|(n, chosen)| place(n, chosen)).collect(),
            envelopes: Envelope::ALL.map(envelope).into(),
            notices: NOTICES
                .iter()
                .filter(|entry| entry.notice.audience == Audience::Patron)
                .map(|entry| (entry.label(shell.language()), entry.notice.code()))
                .collect(),
            has_texts: web.texts.gateway().is_some(),
            wrong: wrong.collect(),
            typed,
            shell,
        }
    }

    /// What is wrong with a field.
    fn wrong_with(&self, field: &str) -> Option<&String> {
        self.wrong.get(field)
    }
}

/// The form.
pub(super) async fn edit(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let typed = Typed::of(&visit.library()?.reach, visit.language);
    visit.page(&Change::of(&web, &visit, typed, &[]))
}

/// Keeps what was typed.
pub(super) async fn save(State(web): State<Arc<Web>>, visit: Visit, Form(typed): Form<Typed>) -> Answer {
    let library = visit.library()?;
    let reach = match typed.read() {
        Ok(reach) => reach,
        Err(wrong) => return visit.again(&Change::of(&web, &visit, typed, &wrong)),
    };
    let by = if visit.may(Right::Consortium) { By::Consortium } else { By::Library };
    let problems = change(&web, &library.code, by, visit.by(), |library| library.reach = reach).await?;
    let wrong: Vec<_> = problems.iter().filter_map(|problem| problem.field.strip_prefix("reach.")).collect();
    if !wrong.is_empty() {
        return visit.again(&Change::of(&web, &visit, typed, &wrong));
    }
    visit.done(&format!("/staff/{}/ill-admin/participant-record", library.code), "saved")
}
