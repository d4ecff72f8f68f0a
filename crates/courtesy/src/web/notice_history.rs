//! The past of a notice's words: every version with who saved it and when, what one changed against another, and going back.
//!
//! In: a notice, whose words, and two versions to compare. Out: the list and the comparison. Going back publishes the old words as a new
//! version; going back to the shared words ends the library's own. Nothing is ever erased.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::diff::{Fate, lines};
use super::notice_editor::{entry_of, notice_of};
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::words::Words;
use crate::notice::{Language, builtin};
use crate::store::SavedWords;

/// What stands below the library's own words: the consortium's, or those we ship.
const SHARED: &str = "shared";

/// One saved version.
pub(super) struct Version {
    pub language: Language,
    pub tongue: String,
    pub number: i64,
    pub at: jiff::Timestamp,
    pub by: String,
    /// Whether from here on the shared words were used.
    pub is_reset: bool,
    pub is_newest: bool,
    /// What to compare it with: the version before, or the shared words.
    pub before: String,
}

/// One line of a comparison.
pub(super) struct Line {
    /// `came`, `went` or `stayed`.
    pub fate: &'static str,
    pub mark: &'static str,
    /// Read aloud before it.
    pub said: String,
    pub text: String,
}

/// Two texts compared.
pub(super) struct Compared {
    pub title: String,
    pub language: Language,
    pub lines: Vec<Line>,
    pub is_same: bool,
}

#[derive(Template)]
#[template(path = "notice_history.html")]
struct History {
    shell: Shell,
    label: String,
    versions: Vec<Version>,
    /// Languages in which the library has words of its own now, by tag and name.
    own: Vec<(&'static str, String)>,
    compared: Option<Compared>,
    /// This page, and where its forms go.
    here: String,
    restore: String,
    /// Whether what stands below these words comes with the service.
    is_consortium: bool,
}

/// `?language=fr&from=shared&to=3`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    language: String,
    from: String,
    to: String,
}

/// Every version of the words of `whose`: a library's code, or nothing for the consortium.
pub(super) async fn saved(web: &Web, whose: &str, notice: Notice) -> Result<Vec<(Language, Vec<SavedWords>)>, Oops> {
    let mut all = Vec::new();
    for language in Language::ALL {
        let of = web.store.words_history(whose, &notice.code(), language.tag()).await?;
        all.push((language, of));
    }
    Ok(all)
}

/// The words below those of `whose`.
async fn shared(web: &Web, whose: &str, notice: Notice, language: Language) -> Result<Option<String>, Oops> {
    if whose.is_empty() {
        return Ok(builtin::source(notice, language));
    }
    let consortium = web.store.words_history("", &notice.code(), language.tag()).await?;
    let newest = consortium.into_iter().next().and_then(|newest| newest.source);
    Ok(newest.or_else(|| builtin::source(notice, language)))
}

/// The page.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, code)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    let notice = notice_of(&code)?;
    let library = visit.library()?;
    let (list, path) = match notice.audience {
        Audience::Patron => ("patron-notices-title", "/ill-admin/patron-notices"),
        _ => ("staff-notices-title", "/ill-admin/staff-notices"),
    };
    let shell = visit
        .shell("history-title")
        .at(Place::Notices)
        .below("nav-ill-admin", "/ill-admin")
        .below(list, path)
        .below("editor-title", &format!("/ill-admin/notices/{notice}"));
    let saved = saved(&web, library.code.as_str(), notice).await?;
    let name = |language: Language| shell.say(&format!("language-{}", language.tag()));
    let has_own = |all: &Vec<SavedWords>| all.first().is_some_and(|newest| newest.source.is_some());
    let own = saved.iter().filter(|(_, all)| has_own(all)).map(|(language, _)| (language.tag(), name(*language)));
    let own: Vec<_> = own.collect();
    let compared = compared(&web, &shell, library.code.as_str(), notice, &asked, &saved).await?;
    let label = entry_of(notice)?.label(shell.language()).to_owned();
    let here = shell.to(&format!("/ill-admin/notices/{notice}/history"));
    let restore = shell.to(&format!("/ill-admin/notices/{notice}/restore"));
    visit.page(&History {
        label,
        versions: versions(&shell, &saved),
        own,
        compared,
        here,
        restore,
        is_consortium: false,
        shell,
    })
}

/// All versions of both languages, the newest first.
pub(super) fn versions(shell: &Shell, saved: &[(Language, Vec<SavedWords>)]) -> Vec<Version> {
    let name = |language: Language| shell.say(&format!("language-{}", language.tag()));
    let version = |language: Language, of: &SavedWords, newest: i64| Version {
        language,
        tongue: name(language),
        number: of.of.version,
        at: of.saved_at,
        by: of.saved_by.clone(),
        is_reset: of.source.is_none(),
        is_newest: of.of.version == newest,
        before: if of.of.version > 1 { (of.of.version - 1).to_string() } else { SHARED.to_owned() },
    };
    let mut versions: Vec<Version> = saved
        .iter()
        .flat_map(|(language, all)| {
            let newest = all.first().map_or(0, |newest| newest.of.version);
            all.iter().map(move |one| (*language, one, newest))
        })
        .map(|(language, one, newest)| version(language, one, newest))
        .collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version.at));
    versions
}

/// The two texts that `asked` names, compared: of the words of `whose`, or those below them.
pub(super) async fn compared(
    web: &Web,
    shell: &Shell,
    whose: &str,
    notice: Notice,
    asked: &Asked,
    saved: &[(Language, Vec<SavedWords>)],
) -> Result<Option<Compared>, Oops> {
    let wanted = Language::from_tag(&asked.language);
    let Some((language, all)) = saved.iter().find(|(language, _)| wanted == Some(*language)) else { return Ok(None) };
    let shared = shared(web, whose, notice, *language).await?.unwrap_or_default();
    let text = |name: &str| {
        if name == SHARED {
            return Some(shared.clone());
        }
        let number: i64 = name.parse().ok()?;
        let version = all.iter().find(|one| one.of.version == number)?;
        // A version without words took up the shared ones.
        Some(version.source.clone().unwrap_or_else(|| shared.clone()))
    };
    let (Some(from), Some(to)) = (text(&asked.from), text(&asked.to)) else { return Ok(None) };
    let named = |name: &str| match name.parse::<i64>() {
        Ok(number) => shell.with("history-version", "version", number),
        Err(_) if whose.is_empty() => shell.say("history-standard"),
        Err(_) => shell.say("history-shared"),
    };
    let line = |(fate, text): (Fate, &str)| {
        let (fate, mark, said) = match fate {
            Fate::Stayed => ("stayed", " ", String::new()),
            Fate::Went => ("went", "−", shell.say("history-went")),
            Fate::Came => ("came", "+", shell.say("history-came")),
        };
        Line { fate, mark, said, text: text.to_owned() }
    };
    let tongue = shell.say(&format!("language-{}", language.tag()));
    let pair = shell.with2("history-compared", ("from", named(&asked.from)), ("to", named(&asked.to)));
    Ok(Some(Compared {
        title: format!("{tongue} – {pair}"),
        language: *language,
        is_same: from == to,
        lines: lines(&from, &to).into_iter().map(line).collect(),
    }))
}

/// Which version to go back to.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Back {
    language: String,
    version: String,
}

/// Goes back to an old version, or to the shared words.
pub(super) async fn restore(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, code)): Path<(String, String)>,
    Form(back): Form<Back>,
) -> Answer {
    let notice = notice_of(&code)?;
    let library = visit.library()?;
    go_back(&web, &visit, library.code.as_str(), notice, &back).await?;
    visit.done(&format!("/staff/{}/ill-admin/notices/{notice}/history", library.code), "notice-restored")
}

/// Has `whose` words say again what they said, or what stands below them.
pub(super) async fn go_back(web: &Web, visit: &Visit, whose: &str, notice: Notice, back: &Back) -> Result<(), Oops> {
    let language = Language::from_tag(&back.language).ok_or(Oops::NotFound)?;
    let source = if back.version == SHARED {
        None
    } else {
        let all = web.store.words_history(whose, &notice.code(), language.tag()).await?;
        let number: i64 = back.version.parse().map_err(|_| Oops::NotFound)?;
        let version = all.into_iter().find(|one| one.of.version == number).ok_or(Oops::NotFound)?;
        version.source
    };
    // What was right when it was saved may name a field that is gone since.
    if source.as_ref().is_some_and(|source| Words::parse(source, language).is_err()) {
        return Err(Oops::NotNow("history-no-longer-right"));
    }
    let (of, tag) = (whose.to_owned(), language.tag().to_owned());
    web.store.save_words(of, notice.code(), tag, source, visit.by(), visit.now).await?;
    Ok(web.book.refresh().await?)
}
