//! The past of a notice's words: every version with who saved it and when, what one changed against another, and going back.
//!
//! In: a notice and whose words, and two versions to compare. Out: the list and the comparison. Going back publishes the old words as a new
//! version; going back to the shared words ends the library's own. Nothing is ever erased.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::diff::{Fate, lines};
use super::notice_edited::{CONSORTIUM, Edited};
use super::oops::Oops;
use super::shell::Shell;
use super::visit::Visit;
use super::{Answer, Web};
use crate::notice::words::Words;
use crate::notice::{Language, builtin};
use crate::store::SavedWords;

/// What stands below the library's own words: the consortium's, or those we ship.
const SHARED: &str = "shared";

/// One saved version.
struct Version {
    language: Language,
    tongue: String,
    number: i64,
    at: jiff::Timestamp,
    by: String,
    /// Whether from here on the shared words were used.
    is_reset: bool,
    is_newest: bool,
    /// What to compare it with: the version before, or the shared words.
    before: String,
}

/// One line of a comparison.
struct Line {
    /// `came`, `went` or `stayed`.
    fate: &'static str,
    mark: &'static str,
    /// Read aloud before it.
    said: String,
    text: String,
}

/// Two texts compared.
struct Compared {
    title: String,
    language: Language,
    lines: Vec<Line>,
    is_same: bool,
}

#[derive(Template)]
#[template(path = "notice_history.html")]
struct History {
    shell: Shell,
    edited: Edited,
    place: String,
    label: String,
    versions: Vec<Version>,
    /// Languages that have words of the owner's now, by tag and name.
    own: Vec<(&'static str, String)>,
    compared: Option<Compared>,
}

/// `?language=fr&from=shared&to=3`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    language: String,
    from: String,
    to: String,
}

/// Every version of the words that are edited, the newest first in each language.
pub(super) async fn saved(web: &Web, edited: &Edited) -> Result<Vec<(Language, Vec<SavedWords>)>, Oops> {
    let mut all = Vec::new();
    for language in Language::ALL {
        let of = web.store.words_history(edited.whose(), &edited.notice.code(), language.tag()).await?;
        all.push((language, of));
    }
    Ok(all)
}

/// The words below those that are edited.
async fn shared(web: &Web, edited: &Edited, language: Language) -> Result<Option<String>, Oops> {
    let standard = builtin::source(edited.notice, language);
    if edited.is_consortium {
        return Ok(standard);
    }
    let consortium = web.store.words_history(CONSORTIUM, &edited.notice.code(), language.tag()).await?;
    Ok(consortium.into_iter().next().and_then(|newest| newest.source).or(standard))
}

/// The page.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    edited: Edited,
    Query(asked): Query<Asked>,
) -> Answer {
    let shell = edited.around(&visit, "history-title");
    let label = edited.label(shell.language())?;
    let shell = shell.below_named(label.clone(), &edited.path(&edited.notice.code()));
    let saved = saved(&web, &edited).await?;
    let has_own = |all: &Vec<SavedWords>| all.first().is_some_and(|newest| newest.source.is_some());
    let own = saved.iter().filter(|(_, all)| has_own(all));
    let own = own.map(|(language, _)| (language.tag(), shell.tongue(*language))).collect();
    visit.page(&History {
        place: edited.editor(),
        label,
        versions: versions(&shell, &saved),
        own,
        compared: compared(&web, &shell, &edited, &asked, &saved).await?,
        edited,
        shell,
    })
}

/// All versions of both languages, the newest first.
fn versions(shell: &Shell, saved: &[(Language, Vec<SavedWords>)]) -> Vec<Version> {
    let version = |language: Language, of: &SavedWords, newest: i64| Version {
        language,
        tongue: shell.tongue(language),
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

/// The two texts that `asked` names, compared: of the words that are edited, or those below them.
async fn compared(
    web: &Web,
    shell: &Shell,
    edited: &Edited,
    asked: &Asked,
    saved: &[(Language, Vec<SavedWords>)],
) -> Result<Option<Compared>, Oops> {
    let wanted = Language::from_tag(&asked.language);
    let Some((language, all)) = saved.iter().find(|(language, _)| wanted == Some(*language)) else { return Ok(None) };
    let shared = shared(web, edited, *language).await?.unwrap_or_default();
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
        Err(_) => edited.say(shell, "history-shared"),
    };
    let line = |(fate, text): (Fate, &str)| {
        let (fate, mark, said) = match fate {
            Fate::Stayed => ("stayed", " ", String::new()),
            Fate::Went => ("went", "−", shell.say("history-went")),
            Fate::Came => ("came", "+", shell.say("history-came")),
        };
        Line { fate, mark, said, text: text.to_owned() }
    };
    let pair = shell.with2("history-compared", ("from", named(&asked.from)), ("to", named(&asked.to)));
    Ok(Some(Compared {
        title: format!("{} – {pair}", shell.tongue(*language)),
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
    edited: Edited,
    Form(back): Form<Back>,
) -> Answer {
    let language = Language::from_tag(&back.language).ok_or(Oops::NotFound)?;
    let (of, code, tag) = (edited.whose().to_owned(), edited.notice.code(), language.tag());
    let source = if back.version == SHARED {
        None
    } else {
        let all = web.store.words_history(&of, &code, tag).await?;
        let number: i64 = back.version.parse().map_err(|_| Oops::NotFound)?;
        all.into_iter().find(|one| one.of.version == number).ok_or(Oops::NotFound)?.source
    };
    // What was right when it was saved may name a field that is gone since.
    if source.as_ref().is_some_and(|source| Words::parse(source, language).is_err()) {
        return Err(Oops::NotNow("history-no-longer-right"));
    }
    web.store.save_words(of, code, tag.to_owned(), source, visit.by(), visit.now).await?;
    web.book.refresh().await?;
    visit.done(&format!("{}/history", edited.editor()), "notice-restored")
}
