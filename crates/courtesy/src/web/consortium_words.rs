//! The consortium's own words: every notice, and how many libraries say it in words of their own.
//!
//! In: nothing. Out: the list, which leads to the editor. Libraries' own words are never touched: their editors say that the
//! consortium's have changed. Not here: the editor, which is the same for both (`notice_editor`).

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::notice_edited::CONSORTIUM;
use super::notices;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::notice::Language;
use crate::notice::catalogue::Audience;

/// One notice of the list.
struct Line {
    code: String,
    label: String,
    when: String,
    is_own: bool,
    has_draft: bool,
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
    let drafts = web.store.drafts(CONSORTIUM).await?;
    let drafts: BTreeSet<String> = drafts.into_iter().map(|draft| draft.notice).collect();
    let line = |audience: Audience| {
        notices::of(&[audience])
            .map(|entry| {
                let code = entry.notice.code();
                let of = |language: &Language| web.book.words(CONSORTIUM, entry.notice, *language);
                let is_own = Language::ALL.iter().filter_map(of).any(|(source, _)| source.of.is_some());
                let words = if is_own { "consortium-words-own" } else { "notices-words-standard" };
                Line {
                    label: entry.label(shell.language()).to_owned(),
                    when: shell.say(&notices::when(entry.notice)),
                    is_own,
                    has_draft: drafts.contains(&code),
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
