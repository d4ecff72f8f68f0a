//! Which libraries a figure of the consortium's *Arrival* is of.
//!
//! In: days, perhaps a provider and a cause, as that page's links have them. Out: the libraries, those with the most that did
//! not arrive first, each leading to its messages. The figures are the same counts, so the page costs its weeks.

use std::cmp::Reverse;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::arrival::{Ends, day_of};
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, form};
use crate::library::LibraryCode;
use crate::notice::dates;
use crate::outcome::{Cause, Facts};
use crate::store::{ArrivedFilter, week};

/// Libraries shown: more than anybody reads.
const SHOWN: usize = 200;

/// Weeks of one question at most: as many as *Arrival* shows.
const WEEKS_MAX: i64 = 26;

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The first day and the last, UTC; whole weeks are shown.
    from: String,
    to: String,
    provider: String,
    cause: String,
    /// `failed`, where only those are meant.
    state: String,
}

impl Asked {
    /// The query of a library's messages that are meant.
    fn query(&self, from: Date, to: Date) -> String {
        let all = [("state", &self.state), ("provider", &self.provider), ("cause", &self.cause)];
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        let given: String = given.map(|(name, value)| format!("&{name}={}", form::encoded(value))).collect();
        format!("?from={from}&to={to}{given}")
    }
}

/// A library.
struct Line {
    name: String,
    code: String,
    ends: Ends,
    words: String,
    href: String,
}

#[derive(Template)]
#[template(path = "arrival_libraries.html")]
struct Page {
    shell: Shell,
    span: String,
    provider: String,
    cause: Option<String>,
    lines: Vec<Line>,
    more: usize,
}

/// The libraries.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let week_of = |text: &str| {
        let day: Option<Date> = text.parse().ok();
        day.and_then(|day| day.to_zoned(TimeZone::UTC).ok()).map(|day| week(day.timestamp()))
    };
    let to = week_of(&asked.to).unwrap_or_else(|| week(visit.now)).min(week(visit.now));
    let from = week_of(&asked.from).unwrap_or(to).clamp(to - WEEKS_MAX + 1, to);
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let filter = ArrivedFilter { weeks: (from, to), provider: given(&asked.provider), cause: given(&asked.cause) };
    let found = web.store.arrived_at_libraries(&filter).await?;
    let shell = visit.shell("arrival-libraries-title").at(Place::Arrival).below("arrival-title", "/consortium/arrival");
    let (first, last) = (day_of(from), day_of(to + 1).yesterday().unwrap_or(Date::MAX));
    let query = asked.query(first, last);
    let only_failed = asked.state == "failed" || !asked.cause.is_empty();
    let mut lines: Vec<Line> = found
        .into_iter()
        .map(|(code, (accepted, failed))| (code, Ends { accepted, failed }))
        .filter(|(_, ends)| !only_failed || ends.failed > 0)
        .map(|(code, ends)| {
            let library = LibraryCode::parse(&code).ok().and_then(|code| web.book.library(&code));
            let name = library.map_or_else(|| code.clone(), |library| library.name.get(visit.language).to_owned());
            Line { name, words: ends.words(&shell), href: format!("/staff/{code}/messages{query}"), code, ends }
        })
        .collect();
    lines.sort_by_key(|line| (Reverse(line.ends.failed), Reverse(line.ends.accepted), line.code.clone()));
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    visit.page(&Page {
        span: shell.with2(
            "arrival-libraries-span",
            ("from", dates::day(first, visit.language)),
            ("to", dates::day(last, visit.language)),
        ),
        cause: given(&asked.cause).map(|code| Cause::of(&code).headline(visit.language, &Facts::default())),
        provider: asked.provider,
        lines,
        more,
        shell,
    })
}
