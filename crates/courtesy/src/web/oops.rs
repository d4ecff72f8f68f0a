//! What a page answers when it cannot: which is never a dead end.
//!
//! In: why. Out: a page with what happened, what still works and what to do, made by the guard, which knows the visitor.

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::shell::Shell;
use super::visit::Visit;
use crate::http::problem::accepted_language;
use crate::notice::Language;
use crate::staff::Right;
use crate::store::StoreError;

/// Why there is no page.
#[derive(Clone, Debug)]
pub enum Oops {
    /// There is no such thing, or none that this person may know of.
    NotFound,
    /// They are signed in, and lack this right.
    Forbidden(Right),
    /// The form did not come from one of our pages, or from one that is too old.
    StaleForm,
    /// The same form is under way already.
    UnderWay,
    /// What they asked for cannot be done now; a name of words says why.
    NotNow(&'static str),
    /// Our own fault; it has been logged under this reference.
    Ours(String),
}

impl Oops {
    /// Our own fault: logged here, once.
    pub(super) fn ours(error: &dyn std::error::Error) -> Self {
        let reference = format!("{:08X}", u32::from_le_bytes(crate::id::random_bytes()));
        tracing::error!(%error, %reference, "a page failed on our side");
        Self::Ours(reference)
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::StaleForm => StatusCode::FORBIDDEN,
            Self::UnderWay | Self::NotNow(_) => StatusCode::CONFLICT,
            Self::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The words: title, what happened, what to do.
    fn words(&self) -> [&'static str; 3] {
        match self {
            Self::NotFound => ["oops-not-found-title", "oops-not-found", "oops-not-found-do"],
            Self::Forbidden(_) => ["oops-forbidden-title", "oops-forbidden", "oops-forbidden-do"],
            Self::StaleForm => ["oops-stale-title", "oops-stale", "oops-stale-do"],
            Self::UnderWay => ["oops-under-way-title", "oops-under-way", "oops-under-way-do"],
            Self::NotNow(why) => ["oops-not-now-title", why, "oops-not-now-do"],
            Self::Ours(_) => ["oops-ours-title", "oops-ours", "oops-ours-do"],
        }
    }

    /// The page.
    pub(super) fn page(&self, visit: &Visit) -> Response {
        let [title, what, fix] = self.words();
        let reference = match self {
            Self::Ours(reference) => Some(reference.clone()),
            _ => None,
        };
        let page = Page { shell: visit.shell(title), what, fix, reference };
        match page.render() {
            Ok(html) => (self.status(), Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "an error page could not be written");
                self.status().into_response()
            }
        }
    }
}

#[derive(Template)]
#[template(path = "oops.html")]
struct Page {
    shell: Shell,
    what: &'static str,
    fix: &'static str,
    reference: Option<String>,
}

impl From<StoreError> for Oops {
    fn from(error: StoreError) -> Self {
        Self::ours(&error)
    }
}

impl From<askama::Error> for Oops {
    fn from(error: askama::Error) -> Self {
        Self::ours(&error)
    }
}

impl IntoResponse for Oops {
    /// Without words, which the guard adds.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A person at an address where nothing is.
pub(super) struct Lost {
    language: Language,
}

impl Lost {
    /// Of a browser: a program asks for JSON.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let headers: &HeaderMap = request.headers();
        let wants = headers.get(header::ACCEPT)?.to_str().ok()?;
        wants.contains("text/html").then(|| Self { language: accepted_language(headers) })
    }
}

#[derive(Template)]
#[template(path = "lost.html")]
struct LostPage {
    language: Language,
}

impl LostPage {
    fn say(&self, name: &str) -> String {
        super::words::say(self.language, name)
    }
}

impl IntoResponse for Lost {
    fn into_response(self) -> Response {
        let html = LostPage { language: self.language }.render().unwrap_or_default();
        let mut response = (StatusCode::NOT_FOUND, Html(html)).into_response();
        super::guard::protect(response.headers_mut());
        response
    }
}
