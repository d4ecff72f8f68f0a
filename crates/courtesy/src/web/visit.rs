//! One request of a browser, as a page sees it: who it is, at which library, in which language.
//!
//! In: what the guard found out. Out: what a handler answers with: a page, the page again with what was wrong, or a
//! redirect that says what was done. Not here: whether they may (`guard`).

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::oops::Oops;
use super::shell::Shell;
use super::{Answer, Web};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::library::Library;
use crate::notice::Language;
use crate::patron::Pass;
use crate::staff::Right;
use crate::store::{Deed, Session, Staff};

/// One request.
#[derive(Clone)]
pub struct Visit {
    /// What there is to work with.
    pub web: Arc<Web>,
    /// Who is signed in.
    pub staff: Option<Arc<Staff>>,
    /// On which device.
    pub session: Option<Arc<Session>>,
    /// Whose patron's page it is.
    pub patron: Option<Arc<Pass>>,
    /// The library of the path, or that of the patron.
    pub at: Option<Arc<Library>>,
    /// The language to answer in.
    pub language: Language,
    /// Path and query.
    pub path: String,
    /// When it came.
    pub now: Timestamp,
}

impl Visit {
    /// The library of the path.
    ///
    /// # Errors
    /// [`Oops::NotFound`] where the path has none.
    pub fn library(&self) -> Result<&Arc<Library>, Oops> {
        self.at.as_ref().ok_or(Oops::NotFound)
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// [`Oops::NotFound`] where nobody is: the guard let nobody through who is not.
    pub fn staff(&self) -> Result<&Arc<Staff>, Oops> {
        self.staff.as_ref().ok_or(Oops::NotFound)
    }

    /// What the forms of a page are bound to.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        let of_staff = self.session.as_ref().map(|session| session.id);
        of_staff.or(self.patron.as_ref().map(|pass| pass.session))
    }

    /// Whether they have `right` at the library of the path.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        let library = self.at.as_ref().map(|library| &library.code);
        self.staff.as_ref().is_some_and(|staff| staff.roles.may(right, library))
    }

    /// How they stand in timelines and histories.
    #[must_use]
    pub fn by(&self) -> String {
        self.staff.as_ref().map(|staff| staff.name.clone()).unwrap_or_default()
    }

    /// What they do to `subject`, for the audit: one of [`crate::store::DEEDS`].
    #[must_use]
    pub fn deed(&self, what: &'static str, subject: impl Into<String>) -> Deed {
        Deed::new(self.at.as_ref().map(|library| &library.code), self.by(), what, subject, self.now)
    }

    /// The shell of a page with the title `title`, a name of words.
    #[must_use]
    pub fn shell(&self, title: &'static str) -> Shell {
        Shell::new(self.clone(), title)
    }

    /// The page.
    ///
    /// # Errors
    /// When a template cannot be written out.
    pub fn page(&self, page: &impl Template) -> Answer {
        Ok(Html(page.render()?).into_response())
    }

    /// The page again, because what was sent with it cannot stand.
    ///
    /// # Errors
    /// When a template cannot be written out.
    pub fn again(&self, page: &impl Template) -> Answer {
        Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response())
    }

    /// Leads to `path`, where the words `done-…` are said.
    ///
    /// # Errors
    /// None; an answer like any other.
    pub fn done(&self, path: &str, what: &str) -> Answer {
        let joint = if path.contains('?') { '&' } else { '?' };
        Ok(lead_to(&format!("{path}{joint}done={what}")))
    }
}

/// After a form: the browser gets the page at `path`.
pub(super) fn lead_to(path: &str) -> Response {
    let place = header::HeaderValue::from_str(path).unwrap_or(header::HeaderValue::from_static("/staff"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Oops> {
        parts.extensions.get::<Self>().cloned().ok_or(Oops::NotFound)
    }
}
