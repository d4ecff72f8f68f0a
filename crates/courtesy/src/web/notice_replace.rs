//! One text in the place of another in many notices at once: a telephone number, a desk's name, a turn of phrase.
//!
//! In: what to look for and what to put there. Out: every notice and language in which it stands, each line as it is and as
//! it would be; then those that were ticked are published as new versions. What would not be right any more is left alone
//! and named. Words of the layer below become the owner's own where something is replaced in them.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::form::encoded;
use super::notice_edited::Owner;
use super::notice_text::Parts;
use super::notice_typed::findings;
use super::notices::of;
use super::oops::Oops;
use super::shell::Shell;
use super::visit::{Visit, lead_to};
use super::{Answer, Web};
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Entry, Notice};

/// Letters of either text.
const LETTERS_MAX: usize = 200;

/// One letter stands everywhere.
const LETTERS_MIN: usize = 2;

/// Lines shown of one notice.
const LINES_SHOWN: usize = 5;

/// One notice in one language in which the text stands.
struct Match {
    /// Notice and language, as the form sends them: `overdue en`.
    value: String,
    label: String,
    tongue: String,
    tag: &'static str,
    /// Lines as they are and as they would be.
    lines: Vec<(String, String)>,
    is_own: bool,
    /// What would be wrong with it.
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "notice_replace.html")]
struct Replace {
    shell: Shell,
    owner: Owner,
    place: String,
    find: String,
    with: String,
    is_asked: bool,
    matches: Vec<Match>,
    done: Option<String>,
}

/// What to look for, what to put there, and how many were replaced just now.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    find: String,
    with: String,
    replaced: Option<usize>,
}

/// The words with the text replaced; none where it does not stand in them.
fn replaced(parts: &Parts, find: &str, with: &str) -> Option<Parts> {
    let lines = [&parts.subject, &parts.push, &parts.sms].map(|line| line.replace(find, with));
    let new = Parts::typed(lines.each_ref().map(String::as_str), &parts.body.replace(find, with), parts.rest.clone());
    (new != *parts).then_some(new)
}

fn lines(parts: &Parts, find: &str, with: &str) -> Vec<(String, String)> {
    let all = [parts.subject.as_str(), parts.push.as_str(), parts.sms.as_str()].into_iter().chain(parts.body.lines());
    let hits = all.filter(|line| line.contains(find));
    hits.take(LINES_SHOWN).map(|line| (line.to_owned(), line.replace(find, with))).collect()
}

/// The words in force, and whether they are the owner's.
fn in_force(web: &Web, owner: &Owner, notice: Notice, language: Language) -> Option<(bool, Parts)> {
    let (source, text) = web.book.words_text(owner.whose(), notice, language)?;
    Some((source.of.is_some_and(|of| of == owner.whose()), Parts::of(&text)))
}

fn sound(text: &str) -> Option<&str> {
    let letters = text.chars().count();
    let fits = (LETTERS_MIN..=LETTERS_MAX).contains(&letters) && !text.chars().any(char::is_control);
    fits.then_some(text)
}

fn matched(web: &Web, shell: &Shell, owner: &Owner, entry: &Entry, language: Language, asked: &Asked) -> Option<Match> {
    let (is_own, parts) = in_force(web, owner, entry.notice, language)?;
    let new = replaced(&parts, &asked.find, &asked.with)?;
    let errors = findings(web, shell, &owner.library, entry.notice, language, &new).into_iter();
    Some(Match {
        value: format!("{} {}", entry.notice.code(), language.tag()),
        label: entry.label(shell.language()).to_owned(),
        tongue: shell.tongue(language),
        tag: language.tag(),
        lines: lines(&parts, &asked.find, &asked.with),
        is_own,
        error: errors.filter(|finding| finding.is_error).map(|finding| finding.words).next(),
    })
}

const AUDIENCES: [Audience; 3] = [Audience::Patron, Audience::Borrowing, Audience::Lending];

/// The page: what would be replaced.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    owner: Owner,
    Query(asked): Query<Asked>,
) -> Answer {
    let shell = owner.shell(&visit, "replace-title", Audience::Patron);
    let is_asked = sound(&asked.find).is_some() && asked.with.chars().count() <= LETTERS_MAX;
    let mut matches = Vec::new();
    if is_asked && asked.replaced.is_none() {
        for entry in of(&AUDIENCES) {
            let languages = owner.library.languages.iter();
            let each = languages.filter_map(|one| matched(&web, &shell, &owner, entry, *one, &asked));
            matches.extend(each);
        }
    }
    let done = asked.replaced.map(|count| shell.with("replace-done", "count", count));
    let is_asked = is_asked && done.is_none();
    let place = owner.place("replace");
    visit.page(&Replace { find: asked.find, with: asked.with, is_asked, matches, done, owner, place, shell })
}

/// Replaces it in those that were ticked.
pub(super) async fn apply(
    State(web): State<Arc<Web>>,
    visit: Visit,
    owner: Owner,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Answer {
    let text = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str());
    let (find, with) = (text("find"), text("with"));
    let place = owner.place("replace");
    if sound(find).is_none() || with.chars().count() > LETTERS_MAX || with.chars().any(char::is_control) {
        return Ok(lead_to(&place));
    }
    let shell = visit.shell("replace-title");
    let mut count = 0_usize;
    for (_, one) in pairs.iter().filter(|(name, _)| name == "one") {
        let (code, tag) = one.split_once(' ').unwrap_or((one, ""));
        let (Ok(notice), Some(language)) = (Notice::from_code(code), Language::from_tag(tag)) else {
            return Err(Oops::NotFound);
        };
        let is_switched = of(&AUDIENCES).any(|entry| entry.notice == notice);
        let Some((_, parts)) = in_force(&web, &owner, notice, language).filter(|_| is_switched) else { continue };
        let Some(new) = replaced(&parts, find, with) else { continue };
        if findings(&web, &shell, &owner.library, notice, language, &new).iter().any(|finding| finding.is_error) {
            continue;
        }
        let (of, tag) = (owner.whose().to_owned(), language.tag().to_owned());
        web.store.save_words(of, notice.code(), tag, Some(new.source(notice)), visit.by(), visit.now).await?;
        count += 1;
    }
    web.book.refresh().await?;
    Ok(lead_to(&format!("{place}?find={}&with={}&replaced={count}", encoded(find), encoded(with))))
}
