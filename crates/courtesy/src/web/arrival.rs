//! Arrival: do notices arrive, where not, and why not; for a library, or for all where the path has none.
//!
//! In: the weeks looked back. Out: questions with their answers: charts with a table behind each, providers by weeks,
//! causes; every figure of a library leads to its messages, and those of all libraries to the libraries they are of. The figures are counts that the store keeps, so the page costs
//! the same with any number of messages. Where there are few, they are told and no share is.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, form, sender_setup};
use crate::http::reports::{self, Said};
use crate::notice::Language;
use crate::outcome::{Cause, Facts};
use crate::queue::State as Standing;
use crate::store::{Arrived, PACES_S, monday, week};
use crate::timeline::Place as Found;

/// From so many messages on a share is said in per cent.
pub(super) const SHARE_FROM: i64 = 20;

/// Weeks looked back unless asked otherwise, and at most.
const WEEKS: i64 = 6;
const WEEKS_MAX: i64 = 26;

/// Providers with a row of their own; the rest is summed up.
const PROVIDERS_SHOWN: usize = 8;

/// Causes shown.
const CAUSES_SHOWN: usize = 8;

/// Machines told of that send in a domain's name.
const SOURCES_SHOWN: usize = 8;

/// The charts, in units of their drawing.
const CHART_HEIGHT: i64 = 160;
/// As wide as a page at most, so that half a year is seen at once; a few weeks stand no further apart than they can be compared.
const CHART_WIDTH_MAX: i64 = 1092;
const BAR_STEP_MAX: i64 = 92;
/// At both sides: the name of a week is wider than its bar.
const CHART_MARGIN: i64 = 6;
/// Names of weeks need so much; where bars stand closer, every other has none.
const LABEL_WIDTH: i64 = 56;
const LINE_WIDTH: i64 = 400;

/// `?weeks=12`.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    weeks: Option<i64>,
}

/// How messages ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub accepted: i64,
    pub failed: i64,
}

impl Ends {
    pub(super) fn all(self) -> i64 {
        self.accepted + self.failed
    }

    fn add(&mut self, one: &Arrived) {
        if one.outcome == Standing::Accepted { self.accepted += one.messages } else { self.failed += one.messages }
    }

    /// The accepted ones: `99.4 %`, or `4 of 5` where there are too few for a share.
    pub(super) fn words(self, shell: &Shell) -> String {
        match self.all() {
            0 => "–".to_owned(),
            all if all < SHARE_FROM => shell.with2("arrival-of", ("count", self.accepted), ("all", all)),
            all => percent(self.accepted, all, shell.language()),
        }
    }

    /// How bad it is, for the colour, which the words say too.
    pub(super) fn mood(self) -> &'static str {
        match (self.all(), self.failed) {
            (0, _) => "none",
            (_, 0) => "good",
            (all, failed) if failed * 100 <= all * 2 => "good",
            (all, failed) if failed * 100 <= all * 10 => "some",
            // Two of nine are two patrons' addresses, not a fault of ours.
            (all, failed) if all < SHARE_FROM && failed * 2 <= all => "some",
            _ => "bad",
        }
    }
}

/// `99.4%`, rounded down where that keeps it from saying all.
pub(super) fn percent(part: i64, all: i64, language: Language) -> String {
    let tenths = (part * 1000) / all.max(1);
    let (whole, rest) = (tenths / 10, tenths % 10);
    match (language, rest) {
        (Language::En, 0) => format!("{whole}%"),
        (Language::En, _) => format!("{whole}.{rest}%"),
        (Language::Fr, 0) => format!("{whole}\u{a0}%"),
        (Language::Fr, _) => format!("{whole},{rest}\u{a0}%"),
    }
}

/// The first moment of a week.
pub(super) fn since_of(week: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * monday(week))
}

/// The Monday of a week.
pub(super) fn day_of(week: i64) -> Date {
    since_of(week).to_zoned(TimeZone::UTC).date()
}

/// A week of the first chart.
struct Bar {
    x: i64,
    middle: i64,
    /// Where the parts begin, and how high they are.
    accepted_y: i64,
    accepted_height: i64,
    failed_y: i64,
    failed_height: i64,
    label: String,
    /// Whether the chart has room to name it.
    is_named: bool,
    ends: Ends,
    words: String,
    href: Option<String>,
}

/// A provider, or all that are not shown.
struct Line {
    name: String,
    cells: Vec<Cell>,
}

/// What a provider did in a week.
struct Cell {
    words: String,
    mood: &'static str,
    failed: i64,
    href: Option<String>,
}

/// A cause, with its bar.
struct Reason {
    words: String,
    count: i64,
    width: i64,
    href: String,
}

/// How many were accepted within a time.
struct Pace {
    words: String,
    share: String,
    width: i64,
}

#[derive(Template)]
#[template(path = "arrival.html")]
struct Page {
    shell: Shell,
    here: String,
    weeks: i64,
    told: String,
    verdict: String,
    /// What was refused in the library's own name this week, where anything was.
    refused: Option<String>,
    mood: &'static str,
    is_few: bool,
    chart_width: i64,
    bar_width: i64,
    bars: Vec<Bar>,
    heads: Vec<String>,
    lines: Vec<Line>,
    reasons: Vec<Reason>,
    paces: Vec<Pace>,
    suppressed: i64,
    /// Where patrons say that they found notices: a place in words, and how many.
    places: Vec<(String, i64)>,
    said: Vec<Said>,
}

/// The page of the library in the path, or of all.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (shell, here) = match &visit.at {
        Some(_) => {
            let shell = visit.shell("arrival-title").at(Place::Arrival);
            let here = shell.to("/arrival");
            (shell, here)
        }
        None => (visit.shell("arrival-title").at(Place::Arrival), "/consortium/arrival".to_owned()),
    };
    let weeks = asked.weeks.unwrap_or(WEEKS).clamp(1, WEEKS_MAX);
    let to = week(visit.now);
    let from = to - weeks + 1;
    let found = web.store.arrived(visit.at.as_ref().map(|library| &library.code), from, to).await?;
    let mut all = Ends::default();
    found.iter().for_each(|one| all.add(one));
    let links = Links { base: if visit.at.is_some() { shell.to("/messages") } else { format!("{here}/libraries") } };
    let (mood, verdict) = verdict(all, visit.at.is_some());
    let library = visit.at.as_ref().map(|library| &library.code);
    visit.page(&Page {
        said: reports::said(&web, library, SOURCES_SHOWN, visit.language).await?,
        here,
        weeks,
        verdict: shell.say(verdict),
        refused: visit.at.as_ref().and_then(|library| sender_setup::refused_lately(&web, &shell, library)),
        mood,
        is_few: all.all() < SHARE_FROM,
        chart_width: weeks * bar_step(weeks) + 2 * CHART_MARGIN,
        bar_width: bar_width(weeks),
        bars: bars(&shell, &found, from, to, &links),
        heads: (from..=to).rev().map(|week| short(day_of(week), shell.language())).collect(),
        lines: lines(&shell, &found, from, to, &links),
        reasons: reasons(&shell, &found, from, &links),
        paces: paces(&shell, &found),
        places: places(&shell, &web.store.places(library, since_of(from)).await?),
        suppressed: sum(found.iter().filter(|one| one.outcome == Standing::Suppressed)),
        told: shell.with2("arrival-all", ("count", all.all()), ("accepted", all.accepted)),
        shell,
    })
}

/// Each place that patrons told of, the best first.
fn places(shell: &Shell, found: &BTreeMap<Found, i64>) -> Vec<(String, i64)> {
    let words = |place: &Found| match place {
        Found::Inbox => shell.say("arrival-place-inbox"),
        Found::Spam => shell.say("arrival-place-spam"),
        Found::Nowhere => shell.say("arrival-place-nowhere"),
    };
    found.iter().map(|(place, count)| (words(place), *count)).collect()
}

fn sum<'a>(of: impl Iterator<Item = &'a Arrived>) -> i64 {
    of.map(|one| one.messages).sum()
}

/// The one sentence, to a library of its own notices, or to who runs the service of all.
fn verdict(all: Ends, is_library: bool) -> (&'static str, &'static str) {
    match (all.mood(), is_library) {
        ("none", _) => ("good", "arrival-verdict-none"),
        ("good", true) => ("good", "arrival-verdict-good"),
        ("good", false) => ("good", "arrival-verdict-all-good"),
        ("some", true) => ("warn", "arrival-verdict-some"),
        ("some", false) => ("warn", "arrival-verdict-all-some"),
        (_, true) => ("bad", "arrival-verdict-bad"),
        (_, false) => ("bad", "arrival-verdict-all-bad"),
    }
}

/// The months in few letters.
const MONTHS: [[&str; 12]; 2] = [
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
];

/// A day in few letters: `16 Nov`.
fn short(day: Date, language: Language) -> String {
    let months = MONTHS[usize::from(language == Language::Fr)];
    let place = usize::try_from(day.month() - 1).unwrap_or(0);
    format!("{}\u{a0}{}", day.day(), months[place])
}

/// Where figures lead: to messages of a library; those of all libraries, which are nobody's list, to the libraries.
struct Links {
    base: String,
}

impl Links {
    fn to(&self, from: i64, to: i64, more: &[(&str, &str)]) -> String {
        let base = &self.base;
        let more: String = more.iter().map(|(name, value)| format!("&{name}={}", form::encoded(value))).collect();
        format!("{base}?from={}&to={}{more}", day_of(from), day_of(to + 1).yesterday().unwrap_or(Date::MAX))
    }
}

/// How far bars stand from each other.
fn bar_step(weeks: i64) -> i64 {
    (CHART_WIDTH_MAX / weeks.max(1)).min(BAR_STEP_MAX)
}

fn bar_width(weeks: i64) -> i64 {
    bar_step(weeks) * 2 / 3
}

fn bars(shell: &Shell, found: &[Arrived], from: i64, to: i64, links: &Links) -> Vec<Bar> {
    let mut weeks: BTreeMap<i64, Ends> = (from..=to).map(|week| (week, Ends::default())).collect();
    for one in found {
        weeks.entry(one.week).or_default().add(one);
    }
    let most = weeks.values().map(|ends| ends.all()).max().unwrap_or(0).max(1);
    let height = |count: i64| if count == 0 { 0 } else { (count * CHART_HEIGHT / most).max(2) };
    let count = to - from + 1;
    let (step, width) = (bar_step(count), bar_width(count));
    let bar = |(week, ends): (i64, Ends)| {
        let (accepted_height, failed_height) = (height(ends.accepted), height(ends.failed));
        let x = CHART_MARGIN + (week - from) * step + (step - width) / 2;
        let accepted_y = CHART_HEIGHT + 4 - accepted_height;
        Bar {
            x,
            middle: x + width / 2,
            accepted_y,
            accepted_height,
            failed_y: (accepted_y - failed_height).max(0),
            failed_height,
            label: short(day_of(week), shell.language()),
            is_named: step >= LABEL_WIDTH || (to - week) % 2 == 0,
            words: ends.words(shell),
            href: Some(links.to(week, week, &[])).filter(|_| ends.all() > 0),
            ends,
        }
    };
    weeks.into_iter().map(bar).collect()
}

fn lines(shell: &Shell, found: &[Arrived], from: i64, to: i64, links: &Links) -> Vec<Line> {
    let mut providers: BTreeMap<&str, (i64, BTreeMap<i64, Ends>)> = BTreeMap::new();
    for one in found.iter().filter(|one| !one.provider.is_empty()) {
        let (all, weeks) = providers.entry(&one.provider).or_default();
        *all += one.messages;
        weeks.entry(one.week).or_default().add(one);
    }
    let mut providers: Vec<_> = providers.into_iter().collect();
    providers.sort_by_key(|(_, (all, _))| -all);
    let mut others: BTreeMap<i64, Ends> = BTreeMap::new();
    for (_, (_, weeks)) in providers.iter().skip(PROVIDERS_SHOWN) {
        for (week, ends) in weeks {
            let sum = others.entry(*week).or_default();
            (sum.accepted, sum.failed) = (sum.accepted + ends.accepted, sum.failed + ends.failed);
        }
    }
    let cells = |weeks: &BTreeMap<i64, Ends>, provider: Option<&str>| {
        let cell = |week: i64| {
            let ends = weeks.get(&week).copied().unwrap_or_default();
            let href = provider.filter(|_| ends.all() > 0).map(|name| {
                let failed = [("provider", name), ("state", "failed")];
                links.to(week, week, if ends.failed > 0 { &failed } else { &failed[..1] })
            });
            Cell { words: ends.words(shell), mood: ends.mood(), failed: ends.failed, href }
        };
        // The newest first: on a narrow screen the others are scrolled to.
        (from..=to).rev().map(cell).collect::<Vec<_>>()
    };
    let shown = providers.iter().take(PROVIDERS_SHOWN);
    let mut lines: Vec<_> =
        shown.map(|(name, (_, weeks))| Line { name: (*name).to_owned(), cells: cells(weeks, Some(name)) }).collect();
    if !others.is_empty() {
        lines.push(Line { name: shell.say("arrival-others"), cells: cells(&others, None) });
    }
    lines
}

fn reasons(shell: &Shell, found: &[Arrived], from: i64, links: &Links) -> Vec<Reason> {
    let mut causes: BTreeMap<Cause, i64> = BTreeMap::new();
    for one in found.iter().filter(|one| one.outcome == Standing::Failed) {
        *causes.entry(Cause::of(&one.cause)).or_default() += one.messages;
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|(cause, count)| (-count, *cause));
    let most = causes.first().map_or(1, |(_, count)| *count).max(1);
    let to = found.iter().map(|one| one.week).max().unwrap_or(from);
    let reason = |(cause, count): (Cause, i64)| Reason {
        words: cause.headline(shell.language(), &Facts::default()),
        count,
        width: (count * LINE_WIDTH / most).max(2),
        href: links.to(from, to, &[("state", "failed"), ("cause", cause.code())]),
    };
    causes.into_iter().take(CAUSES_SHOWN).map(reason).collect()
}

/// How fast they were accepted: how many within each span.
fn paces(shell: &Shell, found: &[Arrived]) -> Vec<Pace> {
    let accepted = |upto: usize| sum(found.iter().filter(|one| one.outcome == Standing::Accepted && one.pace <= upto));
    let all = accepted(PACES_S.len());
    if all < SHARE_FROM {
        return Vec::new();
    }
    let names = ["10s", "1m", "10m", "1h", "4h", "1d"];
    let pace = |(place, name): (usize, &&str)| Pace {
        words: shell.say(&format!("arrival-within-{name}")),
        share: percent(accepted(place), all, shell.language()),
        width: accepted(place) * LINE_WIDTH / all,
    };
    names.iter().enumerate().map(pace).collect()
}
