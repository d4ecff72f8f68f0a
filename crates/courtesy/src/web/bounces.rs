//! Bounces: what did not arrive in the last weeks, by cause, each with who can mend it, what we did and what to do.
//!
//! In: a library. Out: one part a cause, the most frequent first, with links to its messages. The numbers are counts that
//! the store keeps, so they cost the same with any number of messages. What is only delayed is not here.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::arrival::since_of;
use super::messages::{Row, rows};
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, form};
use crate::outcome::{Action, Cause, Facts, Step};
use crate::queue::State as Standing;
use crate::store::{Filter, week};

/// Weeks looked back, this one among them: a loan and what came of it.
const WEEKS: i64 = 5;

/// Newest messages shown with a cause.
const SHOWN: u32 = 5;

/// Causes shown with messages; the rarer ones have a link.
const CAUSES_WITH_MESSAGES: usize = 6;

/// Messages that did not arrive for one cause.
struct Group {
    code: &'static str,
    count: i64,
    headline: String,
    /// What was done to the address, where anything was.
    done: String,
    whose: String,
    step: &'static str,
    href: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "bounces.html")]
struct Page {
    shell: Shell,
    groups: Vec<Group>,
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let library = Arc::clone(visit.library()?);
    let shell = visit.shell("bounces-title").at(Place::Bounces);
    let this = week(visit.now);
    let mut counts: BTreeMap<Cause, i64> = BTreeMap::new();
    for one in web.store.arrived(Some(&library.code), this - WEEKS + 1, this).await? {
        if one.outcome == Standing::Failed {
            *counts.entry(Cause::of(&one.cause)).or_default() += one.messages;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(cause, count)| (-count, *cause));
    let (since, language) = (since_of(this - WEEKS + 1), visit.language);
    let mut groups = Vec::with_capacity(counts.len());
    for (place, (cause, count)) in counts.into_iter().enumerate() {
        let filter = Filter {
            library: Some(library.code.clone()),
            state: Some(Standing::Failed),
            cause: Some(cause.code().to_owned()),
            since: Some(since),
            ..Filter::default()
        };
        let wanted = place < CAUSES_WITH_MESSAGES;
        let found = if wanted { web.store.messages(&filter, SHOWN).await? } else { Vec::new() };
        let about = Facts::default();
        let day = since.to_zoned(jiff::tz::TimeZone::UTC).date();
        groups.push(Group {
            code: cause.code(),
            count,
            headline: cause.headline(language, &about),
            // All of these have ended: what we would do while one waits is not said.
            done: if cause.action() == Action::StopAddress { cause.doing(language, &about) } else { String::new() },
            whose: cause.whose_job(language, &about),
            step: Step::after(cause).words(language),
            href: shell.to(&format!("/messages?state=failed&cause={}&from={day}", form::encoded(cause.code()))),
            rows: rows(&web, &shell, &library, found).await?,
        });
    }
    visit.page(&Page { groups, shell })
}
