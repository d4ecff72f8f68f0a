//! One notice whose words are edited, and whose words they are: a library's, or the consortium's for all libraries.
//!
//! In: the path of a page. Out: all in which the two differ, as values: where the pages are and what stands above them, under
//! which name the store keeps the words, for whom they are written out, and what is said otherwise. The pages of the editor
//! (`notice_editor`, `notice_preview`, `notice_test`, `notice_history`) are the same for both. Not here: the words (`notice_typed`).

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Web, notices};
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Entry, Notice};

/// Under which name the store keeps the consortium's words.
pub(super) const CONSORTIUM: &str = "";

/// Pages above an editor: their words and paths.
const ILL_ADMIN: (&str, &str) = ("nav-ill-admin", "/ill-admin");
const RECORD: (&str, &str) = ("record-title", "/ill-admin/participant-record");
const OF_PATRONS: (&str, &str) = ("patron-notices-title", "/ill-admin/patron-notices");
const OF_STAFF: (&str, &str) = ("staff-notices-title", "/ill-admin/staff-notices");
const OF_CONSORTIUM: (&str, &str) = ("consortium-words-title", "/consortium/notices");

/// What is said otherwise of the consortium's words, below which are none but those that come with the service.
const OTHERWISE: [(&str, &str); 9] = [
    ("editor-publish", "consortium-words-publish"),
    ("editor-test-about", "consortium-words-test-about"),
    ("history-none", "history-none-consortium"),
    ("history-shared", "history-standard"),
    ("history-reset", "history-reset-standard"),
    ("history-against-shared", "history-against-standard"),
    ("history-shared-title", "history-standard-title"),
    ("history-shared-about", "history-standard-about"),
    ("history-take-shared", "history-take-standard"),
];

/// A notice whose words are edited.
pub(super) struct Edited {
    pub notice: Notice,
    /// For whom the words are written out: the library whose they are, or a sample where they are the consortium's.
    pub library: Arc<Library>,
    pub is_consortium: bool,
}

impl Edited {
    /// The notice with this code, of the library of the path, or of the consortium where the path has none.
    fn of(visit: &Visit, code: &str) -> Result<Self, Oops> {
        let notice = Notice::from_code(code).map_err(|_| Oops::NotFound)?;
        if notice.audience == Audience::Operator || notice.status.is_asked_for() {
            return Err(Oops::NotFound);
        }
        let library = visit.at.clone().unwrap_or_else(|| Arc::new(Library::sample()));
        Ok(Self { notice, library, is_consortium: visit.at.is_none() })
    }

    /// Under which name the store keeps the words.
    pub(super) fn whose(&self) -> &str {
        if self.is_consortium { CONSORTIUM } else { self.library.code.as_str() }
    }

    /// The path of the editor, below the library's where it is one's.
    pub(super) fn path(&self) -> String {
        format!("{}/{}", if self.is_consortium { "/consortium/notices" } else { "/ill-admin/notices" }, self.notice)
    }

    /// The whole path of the editor.
    pub(super) fn place(&self) -> String {
        if self.is_consortium { self.path() } else { format!("/staff/{}{}", self.library.code, self.path()) }
    }

    /// What stands around a page of the editor.
    pub(super) fn shell(&self, visit: &Visit, title: &'static str) -> Shell {
        let above: &[(&'static str, &str)] = match (self.is_consortium, self.notice.audience) {
            (true, _) => &[OF_CONSORTIUM],
            (false, Audience::Patron) => &[ILL_ADMIN, RECORD, OF_PATRONS],
            (false, _) => &[ILL_ADMIN, RECORD, OF_STAFF],
        };
        let shell = visit.shell(title).at(Place::Notices);
        above.iter().fold(shell, |shell, (words, path)| shell.below(words, path))
    }

    /// The words named `name`, or those that stand for them where the consortium's words are edited.
    pub(super) fn say(&self, shell: &Shell, name: &str) -> String {
        let otherwise = OTHERWISE.iter().find(|(usual, _)| self.is_consortium && *usual == name);
        shell.say(otherwise.map_or(name, |(_, words)| words))
    }

    fn entry(&self) -> Result<&'static Entry, Oops> {
        self.notice.entry().ok_or(Oops::NotFound)
    }

    /// What the notice is called.
    pub(super) fn label(&self, language: Language) -> Result<String, Oops> {
        Ok(self.entry()?.label(language).to_owned())
    }

    /// When the notice is sent; and of the consortium's words, to whom they go.
    pub(super) async fn about(&self, web: &Web, shell: &Shell) -> Result<String, Oops> {
        let mut about = vec![shell.say(&notices::when(self.notice))];
        if self.is_consortium {
            about.push(shell.say("consortium-words-for-all"));
            let with_own = web.store.libraries_with_own_words().await?.get(&self.notice.code()).copied();
            about.extend(with_own.map(|count| shell.with("consortium-words-but", "count", count)));
        }
        Ok(about.join(" "))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Edited {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Oops> {
        let visit = Visit::from_request_parts(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Oops::NotFound)?;
        let code = params.iter().find(|(name, _)| *name == "notice").map(|(_, code)| code);
        Self::of(&visit, code.ok_or(Oops::NotFound)?)
    }
}
