//! Whose words of notices are edited, a library's or the consortium's for all libraries; and one notice of theirs.
//!
//! In: the path of a page. Out: all in which the two differ, as values: where the pages are and what stands above them, under
//! which name the store keeps the words, for whom they are written out, and what is said otherwise. The pages of the editor
//! (`notice_editor`, `notice_preview`, `notice_test`, `notice_history`, `notice_replace`) are the same for both. Not here: the
//! words (`notice_typed`).

use std::ops::Deref;
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
const OTHERWISE: [(&str, &str); 11] = [
    ("editor-publish", "consortium-words-publish"),
    ("editor-test-about", "consortium-words-test-about"),
    ("history-none", "history-none-consortium"),
    ("history-shared", "history-standard"),
    ("history-reset", "history-reset-standard"),
    ("history-against-shared", "history-against-standard"),
    ("history-shared-title", "history-standard-title"),
    ("history-shared-about", "history-standard-about"),
    ("history-take-shared", "history-take-standard"),
    ("replace-becomes-own", "replace-becomes-consortiums"),
    ("replace-none", "replace-none-consortium"),
];

/// Whose words are edited.
pub(super) struct Owner {
    /// For whom the words are written out: the library whose they are, or a sample where they are the consortium's.
    pub library: Arc<Library>,
    pub is_consortium: bool,
}

impl Owner {
    /// The library of the path, or the consortium where the path has none.
    fn of(visit: &Visit) -> Self {
        let library = visit.at.clone().unwrap_or_else(|| Arc::new(Library::sample()));
        Self { library, is_consortium: visit.at.is_none() }
    }

    /// Under which name the store keeps the words.
    pub(super) fn whose(&self) -> &str {
        if self.is_consortium { CONSORTIUM } else { self.library.code.as_str() }
    }

    /// The path of a page about the words, below the library's where it is one's.
    pub(super) fn path(&self, page: &str) -> String {
        format!("{}/{page}", if self.is_consortium { "/consortium/notices" } else { "/ill-admin/notices" })
    }

    /// The whole path of a page about the words.
    pub(super) fn place(&self, page: &str) -> String {
        let path = self.path(page);
        if self.is_consortium { path } else { format!("/staff/{}{path}", self.library.code) }
    }

    /// What stands around a page about words for `audience`.
    pub(super) fn shell(&self, visit: &Visit, title: &'static str, audience: Audience) -> Shell {
        let above: &[(&'static str, &str)] = match (self.is_consortium, audience) {
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
}

/// A notice whose words are edited.
pub(super) struct Edited {
    pub notice: Notice,
    owner: Owner,
}

impl Deref for Edited {
    type Target = Owner;
    fn deref(&self) -> &Owner {
        &self.owner
    }
}

impl Edited {
    /// The notice with this code.
    fn of(owner: Owner, code: &str) -> Result<Self, Oops> {
        let notice = Notice::from_code(code).map_err(|_| Oops::NotFound)?;
        let is_edited = notice.audience != Audience::Operator && !notice.status.is_asked_for();
        if is_edited { Ok(Self { notice, owner }) } else { Err(Oops::NotFound) }
    }

    /// The whole path of its editor.
    pub(super) fn editor(&self) -> String {
        self.place(&self.notice.code())
    }

    /// What stands around a page of its editor.
    pub(super) fn around(&self, visit: &Visit, title: &'static str) -> Shell {
        self.shell(visit, title, self.notice.audience)
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

impl<S: Send + Sync> FromRequestParts<S> for Owner {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Oops> {
        Ok(Self::of(&Visit::from_request_parts(parts, state).await?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Edited {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Oops> {
        let owner = Owner::from_request_parts(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Oops::NotFound)?;
        let code = params.iter().find(|(name, _)| *name == "notice").map(|(_, code)| code);
        Self::of(owner, code.ok_or(Oops::NotFound)?)
    }
}
