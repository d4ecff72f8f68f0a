//! Audit: who changed what at a library, or at the consortium, when and why; and whether the entries are whole.
//!
//! In: filters and where the last page ended. Out: a page of entries, the newest first, or all that fit as a file. Looking
//! at all seals reads all entries, so it is done only when somebody asks.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde::Deserialize;

use super::messages::Choice;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, form, words};
use crate::http::answer;
use crate::outcome::stop::file::guarded;
use crate::store::{AuditFilter, Audited, DEEDS};

/// Entries of a page, and of a file.
const PAGE: u32 = 50;
const FILE_MAX: u32 = 10_000;

/// Letters of a name that are looked at.
const BY_LETTERS_MAX: usize = 100;

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    what: String,
    by: String,
    after: String,
    check: String,
}

impl Asked {
    fn filter(&self, library: String) -> AuditFilter {
        AuditFilter {
            library: Some(library),
            what: Some(self.what.clone()).filter(|what| !what.is_empty()),
            by: Some(self.by.trim().chars().take(BY_LETTERS_MAX).collect()).filter(|by: &String| !by.is_empty()),
            before: self.after.parse().ok(),
        }
    }

    fn query(&self, after: &str) -> String {
        let all = [("what", self.what.as_str()), ("by", self.by.as_str()), ("after", after)];
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        given.map(|(name, value)| format!("{name}={}", form::encoded(value))).collect::<Vec<_>>().join("&")
    }
}

/// One entry.
struct Line {
    at: Timestamp,
    by: String,
    what: String,
    subject: String,
    changes: Vec<Changed>,
    reason: String,
}

/// A field that changed: its name, and its value before and since.
struct Changed {
    field: String,
    was: String,
    is: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    shell: Shell,
    here: String,
    asked: Asked,
    kinds: Vec<Choice>,
    lines: Vec<Line>,
    next: Option<String>,
    file: String,
    is_first: bool,
    /// Whether the entries are whole, and how many there are or where they are not.
    checked: Option<Checked>,
}

/// What looking at the seals came to.
struct Checked {
    is_whole: bool,
    /// How many entries there are; or the place of the first that is not what was written.
    count: i64,
}

/// The words of a deed.
fn deed(shell: &Shell, what: &str) -> String {
    let name = format!("deed-{}", what.replace(['.', '_'], "-"));
    words::find(shell.language(), &name, &[]).unwrap_or_else(|| what.to_owned())
}

fn line(shell: &Shell, entry: Audited) -> Line {
    let field = |name: &str| {
        let label = format!("record-{}", name.replace('_', "-"));
        words::find(shell.language(), &label, &[]).unwrap_or_else(|| name.to_owned())
    };
    let changes = entry.changes.into_iter();
    Line {
        at: entry.at,
        what: deed(shell, &entry.what),
        by: shell.who_did(&entry.by),
        subject: entry.subject,
        changes: changes.map(|one| Changed { field: field(&one.field), was: one.was, is: one.is }).collect(),
        reason: entry.reason,
    }
}

/// The entries of the library in the path, or of the consortium where it has none.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (shell, here) = shell(&visit);
    let library = visit.at.as_ref().map(|library| &library.code);
    let code = library.map(ToString::to_string).unwrap_or_default();
    let found = web.store.audit(&asked.filter(code), PAGE + 1).await?;
    let (found, next) = answer::page(found, PAGE, |last| format!("?{}", asked.query(&last.id.to_string())));
    let checked = match asked.check.as_str() {
        "" => None,
        _ => Some(web.store.audit_holds(library).await?),
    };
    visit.page(&Page {
        kinds: kinds(&shell, &asked),
        lines: found.into_iter().map(|entry| line(&shell, entry)).collect(),
        next,
        file: format!("{here}.csv?{}", asked.query("")),
        is_first: asked.after.is_empty(),
        checked: checked
            .map(|it| Checked { is_whole: it.broken_at.is_none(), count: it.broken_at.unwrap_or(it.entries) }),
        asked,
        here,
        shell,
    })
}

fn shell(visit: &Visit) -> (Shell, String) {
    let shell = visit.shell("audit-title");
    match &visit.at {
        Some(_) => {
            let here = shell.to("/ill-admin/audit");
            (shell.at(Place::IllAdmin).below("nav-ill-admin", "/ill-admin"), here)
        }
        None => (shell.at(Place::Audit), "/consortium/audit".to_owned()),
    }
}

fn kinds(shell: &Shell, asked: &Asked) -> Vec<Choice> {
    let choice =
        |what: &&str| Choice { value: (*what).to_owned(), words: deed(shell, what), is_chosen: asked.what == **what };
    DEEDS.iter().map(choice).collect()
}

/// The same as a file, which is an entry itself.
pub(super) async fn file(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (shell, _) = shell(&visit);
    let code = visit.at.as_ref().map(|library| library.code.to_string()).unwrap_or_default();
    let found = web.store.audit(&asked.filter(code), FILE_MAX).await?;
    web.store.note(visit.deed("list.exported", shell.title())).await?;
    let mut csv = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = csv.write_record(["at", "by", "what", "subject", "changes", "reason"]);
    for entry in found {
        let changes = entry.changes.iter().map(|one| format!("{}: {} > {}", one.field, one.was, one.is));
        let changes = changes.collect::<Vec<_>>().join("\n");
        let at = entry.at.to_string();
        let _ = csv.write_record([&at, &entry.by, &entry.what, &entry.subject, &changes, &entry.reason].map(plain));
    }
    Ok(as_file("audit.csv", csv.into_inner().unwrap_or_default()))
}

/// A value that no spreadsheet takes for a formula.
pub(super) fn plain(text: impl AsRef<str>) -> String {
    guarded(text.as_ref())
}

/// A CSV file to be saved.
pub(super) fn as_file(name: &str, octets: Vec<u8>) -> axum::response::Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, octets).into_response()
}
