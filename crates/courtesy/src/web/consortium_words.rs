//! The consortium's own words: every notice, edited in both languages, for all libraries that have none of their own.
//!
//! In: what is typed. Out: the list, with how many libraries say a notice in their own words; a notice with its preview for a
//! sample library, its versions and what each changed; a new version, which is checked first. Libraries' own words are never
//! touched: their editors say that the consortium's have changed. Not here: a library's words (`notice_editor`).

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};

use super::notice_editor::{Finding, Typed, entry_of, findings, notice_of};
use super::notice_history::{self, Asked, Back, Compared, Version};
use super::notice_preview::{Look, document};
use super::notice_samples::SAMPLES;
use super::notice_text::Parts;
use super::notices;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::store::SavedWords;

/// How the store names the consortium where a library's code would stand.
const CONSORTIUM: &str = "";

/// Lines of the letter's field.
const LINES: std::ops::RangeInclusive<usize> = 12..=30;

/// One notice of the list.
struct Line {
    code: String,
    label: String,
    when: String,
    is_own: bool,
    /// Whose words it is said in.
    words: String,
    /// Libraries that say it in words of their own.
    libraries: i64,
}

#[derive(Template)]
#[template(path = "consortium_notices.html")]
struct List {
    shell: Shell,
    groups: Vec<(String, Vec<Line>)>,
}

/// Every notice.
pub(super) async fn list(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let shell = visit.shell("consortium-words-title").at(Place::Notices);
    let libraries = web.store.libraries_with_own_words().await?;
    let sample = Library::sample();
    let line = |audience: Audience| {
        notices::of(&[audience])
            .map(|entry| {
                let code = entry.notice.code();
                let of = |language: &Language| web.book.words(&sample.code, entry.notice, *language);
                let is_own = Language::ALL.iter().filter_map(of).any(|(source, _)| source.of.is_some());
                let words = if is_own { "consortium-words-own" } else { "notices-words-standard" };
                Line {
                    label: entry.label(shell.language()).to_owned(),
                    when: shell.say(&notices::when(entry.notice)),
                    is_own,
                    words: shell.say(words),
                    libraries: libraries.get(&code).copied().unwrap_or(0),
                    code,
                }
            })
            .collect::<Vec<_>>()
    };
    let groups = [
        (Audience::Patron, "patron-notices-title"),
        (Audience::Borrowing, "staff-notices-borrowing"),
        (Audience::Lending, "staff-notices-lending"),
    ];
    let groups = groups.into_iter().map(|(audience, words)| (shell.say(words), line(audience))).collect();
    visit.page(&List { groups, shell })
}

/// One language of the page.
struct Side {
    language: Language,
    name: String,
    parts: Parts,
    /// The version that it was begun from.
    base: i64,
    lines: usize,
    /// Whether the words are the consortium's own, and not those that come with the service.
    is_own: bool,
}

#[derive(Template)]
#[template(path = "consortium_words.html")]
struct Page {
    shell: Shell,
    label: String,
    when: String,
    sides: Vec<Side>,
    samples: Vec<(&'static str, String)>,
    findings: Vec<Finding>,
    /// Field and words.
    wrong: Vec<(String, String)>,
    /// Libraries that say it in words of their own.
    libraries: i64,
    versions: Vec<Version>,
    compared: Option<Compared>,
    here: String,
    restore: String,
    is_consortium: bool,
    is_patron: bool,
}

/// What the page is shown with.
#[derive(Default)]
struct Again {
    typed: Option<Typed>,
    wrong: Vec<(String, String)>,
}

fn shell_of(visit: &Visit, is_wrong: bool) -> Shell {
    let shell = visit.shell("editor-title").at(Place::Notices);
    shell.below("consortium-words-title", "/consortium/notices").wrong(is_wrong)
}

/// The newest version in a language.
fn newest(saved: &[(Language, Vec<SavedWords>)], language: Language) -> Option<&SavedWords> {
    saved.iter().find(|(one, _)| *one == language).and_then(|(_, all)| all.first())
}

async fn page(web: &Web, visit: &Visit, notice: Notice, asked: &Asked, again: Again) -> Result<Page, Oops> {
    let shell = shell_of(visit, !again.wrong.is_empty());
    let sample = Library::sample();
    let saved = notice_history::saved(web, CONSORTIUM, notice).await?;
    let typed = match again.typed {
        Some(typed) => typed,
        None => Typed::kept(web, &sample, notice).await?,
    };
    let mut sides = Vec::new();
    let mut found = Vec::new();
    for language in Language::ALL {
        let parts = typed.parts(language).cloned().unwrap_or_default();
        found.extend(findings(web, &shell, &sample, notice, language, &parts));
        let newest = newest(&saved, language);
        sides.push(Side {
            language,
            name: shell.say(&format!("language-{}", language.tag())),
            lines: parts.body.lines().count().clamp(*LINES.start(), *LINES.end()),
            parts,
            base: newest.map_or(0, |newest| newest.of.version),
            is_own: newest.is_some_and(|newest| newest.source.is_some()),
        });
    }
    let code = notice.code();
    let here = format!("/consortium/notices/{code}");
    Ok(Page {
        label: entry_of(notice)?.label(shell.language()).to_owned(),
        when: shell.say(&notices::when(notice)),
        sides,
        samples: SAMPLES.iter().map(|(name, words)| (*name, shell.say(words))).collect(),
        findings: found,
        wrong: again.wrong,
        libraries: web.store.libraries_with_own_words().await?.get(&code).copied().unwrap_or(0),
        compared: notice_history::compared(web, &shell, CONSORTIUM, notice, asked, &saved).await?,
        versions: notice_history::versions(&shell, &saved),
        restore: format!("{here}/restore"),
        is_consortium: true,
        is_patron: notice.audience == Audience::Patron,
        here,
        shell,
    })
}

/// A notice.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    visit.page(&page(&web, &visit, notice_of(&code)?, &asked, Again::default()).await?)
}

/// The notice as a patron of a sample library gets it, in the words that are kept.
pub(super) async fn kept(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(code): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
) -> Answer {
    let (notice, sample) = (notice_of(&code)?, Library::sample());
    let typed = Typed::kept(&web, &sample, notice).await?;
    document(&web, &visit, &sample, notice, &typed, &Look::of(&asked, &sample))
}

/// The same in the words that are typed.
pub(super) async fn typed(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(code): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let (notice, sample) = (notice_of(&code)?, Library::sample());
    let typed = Typed::of_form(&web, &sample, notice, &form);
    document(&web, &visit, &sample, notice, &typed, &Look::of(&form, &sample))
}

/// Publishes what is typed: a new version in each language that says something new.
pub(super) async fn publish(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(code): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let (notice, sample) = (notice_of(&code)?, Library::sample());
    let typed = Typed::of_form(&web, &sample, notice, &form);
    let shell = shell_of(&visit, true);
    let mut wrong = Vec::new();
    for language in Language::ALL {
        let parts = typed.parts(language).cloned().unwrap_or_default();
        let errors = findings(&web, &shell, &sample, notice, language, &parts);
        wrong.extend(errors.into_iter().filter(|one| one.is_error).map(|one| (one.field, one.words)));
    }
    let saved = notice_history::saved(&web, CONSORTIUM, notice).await?;
    if wrong.is_empty() {
        let begun_from = |language: Language| {
            form.get(&format!("base_{}", language.tag())).and_then(|base| base.parse::<i64>().ok()).unwrap_or(0)
        };
        let meanwhile =
            |language: &Language| newest(&saved, *language).filter(|newest| newest.of.version > begun_from(*language));
        wrong.extend(Language::ALL.iter().find_map(meanwhile).map(|newest| {
            let words = shell.with("editor-changed-meanwhile", "by", newest.saved_by.clone());
            (format!("body_{}", newest.of.language), words)
        }));
    }
    if !wrong.is_empty() {
        let again = Again { typed: Some(typed), wrong };
        return visit.again(&page(&web, &visit, notice, &Asked::default(), again).await?);
    }
    let place = format!("/consortium/notices/{notice}");
    let mut is_new = false;
    for language in Language::ALL {
        let Some(parts) = typed.parts(language) else { continue };
        let in_force = web.book.words_text(&sample.code, notice, language).map(|(_, source)| Parts::of(&source));
        if in_force.as_ref() != Some(parts) {
            let (tag, source) = (language.tag().to_owned(), Some(parts.source(notice)));
            let of = CONSORTIUM.to_owned();
            web.store.save_words(of, notice.code(), tag, source, visit.by(), visit.now).await?;
            is_new = true;
        }
    }
    web.book.refresh().await?;
    visit.done(&place, if is_new { "notice-published" } else { "notice-same" })
}

/// Goes back to an old version, or to the words that come with the service.
pub(super) async fn restore(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(code): Path<String>,
    Form(back): Form<Back>,
) -> Answer {
    let notice = notice_of(&code)?;
    notice_history::go_back(&web, &visit, CONSORTIUM, notice, &back).await?;
    visit.done(&format!("/consortium/notices/{notice}"), "notice-restored")
}
