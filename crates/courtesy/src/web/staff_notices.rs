//! Staff Notices: what the borrowing and the lending desk are told, and at which addresses.
//!
//! In: a library. Out: both lists with their switches, and the addresses as they are typed, one a line. Not here: the
//! switches' handler, which Patron Notices has too (`notices`).

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use serde::Deserialize;
use standards::address::Address;

use super::notices::{self, Asked, Line, Turned, lines, turned};
use super::oops::Oops;
use super::record::words_of;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::http::libraries::change;
use crate::library::{By, Library};
use crate::notice::catalogue::Audience;
use crate::staff::Right;

/// One desk: its addresses and its notices.
struct Desk {
    /// The field of its addresses.
    field: &'static str,
    title: String,
    about: String,
    typed: String,
    wrong: Option<String>,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "staff_notices.html")]
struct StaffNotices {
    shell: Shell,
    desks: Vec<Desk>,
    /// What the library's own mail system would do with them, where that is not "takes them".
    warning: Option<[String; 2]>,
    turned: Option<Turned>,
    wrong: Option<String>,
    may_edit: bool,
}

/// Addresses as they were typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    borrowing_staff: String,
    lending_staff: String,
}

impl Typed {
    fn of(library: &Library) -> Self {
        let text = |all: &[Address]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        Self { borrowing_staff: text(&library.borrowing_staff), lending_staff: text(&library.lending_staff) }
    }
}

const DESKS: [(&str, &str, &str, Audience); 2] = [
    ("borrowing_staff", "staff-notices-borrowing", "staff-notices-borrowing-hint", Audience::Borrowing),
    ("lending_staff", "staff-notices-lending", "staff-notices-lending-hint", Audience::Lending),
];

async fn page(
    web: &Web,
    visit: &Visit,
    asked: &Asked,
    typed: Typed,
    mut bad: BTreeMap<&'static str, String>,
    wrong: Option<String>,
) -> Result<StaffNotices, Oops> {
    let library = visit.library()?;
    let shell = visit
        .shell("staff-notices-title")
        .at(Place::Notices)
        .below("nav-ill-admin", "/ill-admin")
        .below("record-title", "/ill-admin/participant-record")
        .wrong(wrong.is_some());
    let mut desks = Vec::new();
    for (field, title, about, audience) in DESKS {
        let entries: Vec<_> = notices::of(&[audience]).collect();
        desks.push(Desk {
            field,
            title: shell.say(title),
            about: shell.say(about),
            typed: if field == "borrowing_staff" { typed.borrowing_staff.clone() } else { typed.lending_staff.clone() },
            wrong: bad.remove(field),
            lines: lines(web, visit, &shell, &entries).await?,
        });
    }
    let proof = library.from.as_ref().and_then(|from| web.senders.proof(from.domain(), &library.region));
    let plan = web.senders.plan(library, &[], visit.now);
    let verdict = proof.and_then(|proof| crate::sender::staff_verdict(&proof, plan.sender));
    let warning = verdict.and_then(|verdict| {
        let fix = verdict.fix?.get(shell.language()).to_owned();
        Some([verdict.headline.get(shell.language()).to_owned(), fix])
    });
    let may_edit = visit.may(Right::EditNotices);
    Ok(StaffNotices { desks, warning, turned: turned(&shell, asked), wrong, may_edit, shell })
}

/// The lists.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let typed = Typed::of(visit.library()?);
    visit.page(&page(&web, &visit, &asked, typed, BTreeMap::new(), None).await?)
}

/// The lists again, with what was wrong.
pub(super) async fn again(web: &Web, visit: &Visit, wrong: String) -> Answer {
    let typed = Typed::of(visit.library()?);
    visit.again(&page(web, visit, &Asked::default(), typed, BTreeMap::new(), Some(wrong)).await?)
}

/// Keeps the addresses.
pub(super) async fn addresses(State(web): State<Arc<Web>>, visit: Visit, Form(typed): Form<Typed>) -> Answer {
    let library = Arc::clone(visit.library()?);
    let read = |text: &str| words_of(text).map(Address::parse).collect::<Result<Vec<_>, _>>();
    let shell = visit.shell("staff-notices-title");
    let mut bad = BTreeMap::new();
    let (borrowing, lending) = (read(&typed.borrowing_staff), read(&typed.lending_staff));
    if borrowing.is_err() {
        bad.insert("borrowing_staff", shell.say("record-wrong-borrowing-staff"));
    }
    if lending.is_err() {
        bad.insert("lending_staff", shell.say("record-wrong-lending-staff"));
    }
    if let (Ok(borrowing), Ok(lending)) = (borrowing, lending) {
        let by = if visit.may(Right::Consortium) { By::Consortium } else { By::Library };
        let problems = change(&web, &library.code, by, visit.by(), |library| {
            library.borrowing_staff = borrowing;
            library.lending_staff = lending;
        })
        .await?;
        if problems.is_empty() {
            return visit.done(&format!("/staff/{}/ill-admin/staff-notices", library.code), "saved");
        }
        for problem in problems {
            bad.insert(problem.field, shell.say(&format!("record-wrong-{}", problem.field.replace('_', "-"))));
        }
    }
    let wrong = bad.values().next().cloned();
    visit.again(&page(&web, &visit, &Asked::default(), typed, bad, wrong).await?)
}
