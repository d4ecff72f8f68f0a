//! Consortium home: every library, the worst first: in whose name it sends, whether its notices arrive, what it waits for.
//!
//! In: a part of a name, and which libraries to show. Out: a table of them, and the same as a file. Those whose IT has not
//! published the records are reminded from here: their staff get the notice that says what is missing, once a day at most.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Deserialize;

use super::arrival::{Ends, percent};
use super::audit::{as_file, plain};
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, form};
use crate::intake::announce;
use crate::library::{Library, LibraryCode};
use crate::sender::SenderKind;
use crate::store::ArrivedAt;

/// Days that the figures are of.
const DAYS: i64 = 7;

/// Libraries shown; the search finds the others.
const SHOWN: usize = 200;

/// Which libraries to show.
const FILTERS: [&str; 4] = ["", "failing", "waiting", "quiet"];

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    show: String,
}

/// One library.
struct Line {
    code: String,
    name: String,
    from: String,
    /// The word for how it sends.
    sender: &'static str,
    /// Whether it wants its own address and cannot have it yet.
    waits: bool,
    why: String,
    ends: Ends,
    mood: &'static str,
    words: String,
    worst: Option<String>,
    last: Option<String>,
}

/// A choice of libraries, with how many there are.
struct Chip {
    words: String,
    href: String,
    is_here: bool,
}

#[derive(Template)]
#[template(path = "consortium.html")]
struct Page {
    shell: Shell,
    asked: Asked,
    chips: Vec<Chip>,
    lines: Vec<Line>,
    more: usize,
    file: String,
}

/// The table.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let shell = visit.shell("consortium-title").at(Place::Home);
    let all = lines(&web, &visit, &shell, &asked.q).await?;
    let chips = FILTERS.map(|show| Chip {
        words: {
            let word = if show.is_empty() { "all" } else { show };
            let count = all.iter().filter(|line| fits(line, show)).count();
            shell.with(&format!("consortium-show-{word}"), "count", count)
        },
        href: format!("/consortium?show={show}&q={}", form::encoded(&asked.q)),
        is_here: asked.show == show,
    });
    let mut lines: Vec<_> = all.into_iter().filter(|line| fits(line, &asked.show)).collect();
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    let file = format!("/consortium.csv?show={}&q={}", form::encoded(&asked.show), form::encoded(&asked.q));
    visit.page(&Page { chips: chips.into(), lines, more, file, asked, shell })
}

fn fits(line: &Line, show: &str) -> bool {
    match show {
        "failing" => matches!(line.mood, "some" | "bad"),
        "waiting" => line.waits,
        "quiet" => line.ends.all() == 0,
        _ => true,
    }
}

/// The libraries that `q` finds, the worst first.
async fn lines(web: &Web, visit: &Visit, shell: &Shell, q: &str) -> Result<Vec<Line>, Oops> {
    let since = visit.now.checked_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(visit.now);
    let arrived = web.store.arrived_by_library(since).await?;
    let wanted = q.trim().to_lowercase();
    let named = |library: &Library| {
        let name = library.name.get(visit.language).to_lowercase();
        wanted.is_empty() || library.code.as_str().to_lowercase().contains(&wanted) || name.contains(&wanted)
    };
    let libraries = web.book.libraries().into_iter().filter(|library| named(library));
    let mut lines: Vec<_> =
        libraries.map(|library| line(web, visit, shell, &library, arrived.get(library.code.as_str()))).collect();
    let bad = |line: &Line| ["bad", "some"].iter().position(|mood| *mood == line.mood).unwrap_or(2);
    let share = |line: &Line| line.ends.failed * 1000 / line.ends.all().max(1);
    lines.sort_by_key(|line| (bad(line), Reverse(share(line)), !line.waits, line.code.clone()));
    Ok(lines)
}

fn line(web: &Web, visit: &Visit, shell: &Shell, library: &Library, arrived: Option<&ArrivedAt>) -> Line {
    let plan = web.senders.plan(library, &[], visit.now);
    let is_shared = plan.sender == SenderKind::Shared;
    let waits = is_shared && library.from.is_some();
    let ends = arrived.map_or_else(Ends::default, |at| Ends { accepted: at.accepted, failed: at.failed });
    let worst = arrived.and_then(|at| worst(&at.failed_by));
    let day = |days: i64| Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(days)).ok();
    Line {
        code: library.code.to_string(),
        name: library.name.get(visit.language).to_owned(),
        from: plan.from.to_string(),
        sender: match (is_shared, waits) {
            (false, _) => "consortium-own",
            (true, true) => "consortium-waits",
            (true, false) => "consortium-shared",
        },
        waits,
        why: if waits { plan.reason.get(visit.language).to_owned() } else { String::new() },
        ends,
        mood: ends.mood(),
        words: ends.words(shell),
        worst,
        last: arrived.and_then(|at| day(at.last_day)).map(|day| crate::notice::dates::day(day, visit.language)),
    }
}

/// The provider that took the least.
fn worst(failed_by: &BTreeMap<String, i64>) -> Option<String> {
    let named = failed_by.iter().filter(|(name, count)| !name.is_empty() && **count > 0);
    named.max_by_key(|(_, count)| **count).map(|(name, count)| format!("{name} ({count})"))
}

/// The same as a file, which the audit tells of.
pub(super) async fn file(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let shell = visit.shell("consortium-title");
    let found = lines(&web, &visit, &shell, &asked.q).await?;
    web.store.note(visit.deed("list.exported", shell.title())).await?;
    let mut csv = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let heads =
        ["code", "name", "from", "own_address", "accepted", "failed", "accepted_share", "worst_provider", "why"];
    let _ = csv.write_record(heads);
    for line in found.into_iter().filter(|line| fits(line, &asked.show)) {
        let own = line.sender.trim_start_matches("consortium-").to_owned();
        let share = percent(line.ends.accepted, line.ends.all(), visit.language);
        let share = if line.ends.all() == 0 { String::new() } else { share };
        let (accepted, failed) = (line.ends.accepted.to_string(), line.ends.failed.to_string());
        let worst = line.worst.unwrap_or_default();
        let fields = [line.code, line.name, line.from, own, accepted, failed, share, worst, line.why];
        let _ = csv.write_record(fields.iter().map(plain));
    }
    Ok(as_file("libraries.csv", csv.into_inner().unwrap_or_default()))
}

/// Reminds the ticked libraries of the records that their IT departments have still to publish.
pub(super) async fn remind(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let ticked = fields.iter().filter(|(name, _)| name == "one");
    let codes: Vec<LibraryCode> = ticked.filter_map(|(_, code)| LibraryCode::parse(code).ok()).take(SHOWN).collect();
    if codes.is_empty() {
        return visit.done("/consortium?show=waiting", "none-chosen");
    }
    for code in codes {
        let Some(library) = web.book.library(&code) else { continue };
        let plan = web.senders.plan(&library, &[], visit.now);
        let Some(from) = library.from.as_ref().filter(|_| plan.sender == SenderKind::Shared) else { continue };
        announce::remind(&web.intake, &library, from.domain(), &plan.reason, visit.now).await?;
        let deed =
            crate::store::Deed::new(Some(&code), visit.by(), "it.reminded", from.domain().to_string(), visit.now);
        web.store.note(deed).await?;
    }
    visit.done("/consortium?show=waiting", "reminded")
}
