//! Reminders: how many days before and after a date a library's patrons are reminded, and at which hour.
//!
//! In: a library. Out: the settings as they are typed, days with commas between them. Not here: what follows from them (`request`), and
//! whether a notice is on at all (`notices`).

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use jiff::civil::Time;
use serde::Deserialize;

use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::http::libraries::change;
use crate::library::{By, Library, Timing};
use crate::notice::dates;
use crate::notice::status::Status;
use crate::staff::Right;

/// The fields of days, with their words.
const FIELDS: [(&str, &str, &str); 3] = [
    ("due_soon_days", "timing-due-soon", "timing-due-soon-hint"),
    ("overdue_days", "timing-overdue", "timing-overdue-hint"),
    ("pickup_days", "timing-pickup", "timing-pickup-hint"),
];

/// One field of days.
struct Field {
    id: &'static str,
    label: String,
    hint: String,
    typed: String,
    wrong: Option<String>,
}

/// One hour to choose.
struct Hour {
    value: i8,
    words: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "timing.html")]
struct Page {
    shell: Shell,
    fields: Vec<Field>,
    hours: Vec<Hour>,
    need_by: bool,
    /// Whether patrons are told together what may wait.
    digest: bool,
    may_edit: bool,
    zone: String,
    is_wrong: bool,
}

/// The form, as it was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    due_soon_days: String,
    overdue_days: String,
    pickup_days: String,
    need_by: Option<String>,
    digest: Option<String>,
    hour: String,
}

impl Typed {
    fn of(web: &Web, library: &Library) -> Self {
        let timing = &library.timing;
        Self {
            digest: library.gathers(web.config.digest.by_default).then(|| "yes".to_owned()),
            due_soon_days: days(&timing.due_soon_days),
            overdue_days: days(&timing.overdue_days),
            pickup_days: days(&timing.pickup_days),
            need_by: timing.need_by.then(|| "yes".to_owned()),
            hour: timing.hour.to_string(),
        }
    }

    fn of_field(&self, id: &str) -> &str {
        match id {
            "due_soon_days" => &self.due_soon_days,
            "overdue_days" => &self.overdue_days,
            _ => &self.pickup_days,
        }
    }

    /// What it asks for, or the fields that cannot be read.
    fn read(&self) -> Result<Timing, Vec<&'static str>> {
        let mut wrong = Vec::new();
        let mut read = |id: &'static str| {
            let parts = self.of_field(id).split([',', ';', ' ']).map(str::trim).filter(|part| !part.is_empty());
            parts.map(str::parse).collect::<Result<Vec<u8>, _>>().unwrap_or_else(|_| {
                wrong.push(id);
                Vec::new()
            })
        };
        let (due_soon_days, overdue_days, pickup_days) =
            (read("due_soon_days"), read("overdue_days"), read("pickup_days"));
        let hour = self.hour.trim().parse().unwrap_or(Timing::default().hour);
        let timing = Timing { due_soon_days, overdue_days, pickup_days, need_by: self.need_by.is_some(), hour };
        if wrong.is_empty() { Ok(timing) } else { Err(wrong) }
    }
}

/// Days as they are typed: `7, 2`.
fn days(all: &[u8]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// When a library reminds its patrons, in a sentence of its own.
pub(super) fn in_words(web: &Web, shell: &Shell, library: &Library) -> String {
    said(web, shell, library, ["timing-says", "timing-says-none"])
}

/// The same beside a label that says what it is about.
pub(super) fn days_in_words(web: &Web, shell: &Shell, library: &Library) -> String {
    said(web, shell, library, ["timing-days", "timing-days-none"])
}

fn said(web: &Web, shell: &Shell, library: &Library, [some_days, none]: [&'static str; 2]) -> String {
    let timing = &library.timing;
    let some = [
        ("timing-says-due-soon", &timing.due_soon_days),
        ("timing-says-overdue", &timing.overdue_days),
        ("timing-says-pickup", &timing.pickup_days),
    ];
    let said =
        some.into_iter().filter(|(_, all)| !all.is_empty()).map(|(words, all)| shell.with(words, "days", days(all)));
    let said: Vec<String> = said.collect();
    let reminds = match said.is_empty() {
        true => shell.say(none),
        false => shell.with(some_days, "when", said.join("; ")),
    };
    match library.gathers(web.config.digest.by_default) {
        true => format!("{reminds} {}", shell.say("timing-says-digest")),
        false => reminds,
    }
}

fn page(visit: &Visit, typed: &Typed, mut wrong: BTreeMap<&'static str, String>) -> Result<Page, super::oops::Oops> {
    let shell = visit
        .shell("timing-title")
        .at(Place::Notices)
        .below("nav-ill-admin", "/ill-admin")
        .below("record-title", "/ill-admin/participant-record")
        .below("patron-notices-title", "/ill-admin/patron-notices")
        .wrong(!wrong.is_empty());
    let is_wrong = !wrong.is_empty();
    let fields = FIELDS.map(|(id, label, hint)| Field {
        id,
        label: shell.say(label),
        hint: shell.say(hint),
        typed: typed.of_field(id).to_owned(),
        wrong: wrong.remove(id),
    });
    let hours = (0..24_i8).filter_map(|value| {
        let words = dates::time(Time::new(value, 0, 0, 0).ok()?, shell.language());
        Some(Hour { value, words, is_chosen: typed.hour == value.to_string() })
    });
    Ok(Page {
        fields: fields.into(),
        hours: hours.collect(),
        need_by: typed.need_by.is_some(),
        digest: typed.digest.is_some(),
        may_edit: visit.may(Right::EditNotices),
        zone: visit.library()?.time_zone.clone(),
        is_wrong,
        shell,
    })
}

/// The settings.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let typed = Typed::of(&web, visit.library()?);
    visit.page(&page(&visit, &typed, BTreeMap::new())?)
}

/// Keeps them.
pub(super) async fn save(State(web): State<Arc<Web>>, visit: Visit, Form(typed): Form<Typed>) -> Answer {
    let library = Arc::clone(visit.library()?);
    let shell = visit.shell("timing-title");
    let timing = match typed.read() {
        Ok(timing) => timing,
        Err(wrong) => {
            let wrong = wrong.into_iter().map(|field| (field, shell.say("timing-wrong")));
            return visit.again(&page(&visit, &typed, wrong.collect())?);
        }
    };
    let by = if visit.may(Right::Consortium) { By::Consortium } else { By::Library };
    let (gathers, by_default) = (typed.digest.is_some(), web.config.digest.by_default);
    let problems = change(&web, &library.code, by, visit.by(), |library| {
        library.timing = timing;
        // What was never said stays unsaid: the consortium's choice holds then.
        if library.gathers(by_default) != gathers {
            library.switches.insert(Status::PatronDigest.code().to_owned(), gathers);
        }
    })
    .await?;
    let field = |problem: &crate::library::RecordProblem| {
        FIELDS.iter().map(|(id, _, _)| *id).find(|id| problem.field.ends_with(id))
    };
    let wrong: BTreeMap<_, _> = problems.iter().filter_map(field).map(|id| (id, shell.say("timing-wrong"))).collect();
    if !problems.is_empty() {
        return visit.again(&page(&visit, &typed, wrong)?);
    }
    visit.done(&format!("/staff/{}/ill-admin/patron-notices/timing", library.code), "saved")
}
