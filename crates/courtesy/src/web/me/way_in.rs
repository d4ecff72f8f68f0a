//! The way to one's own page without a link: which library, then a code, or that library's sign-in.
//!
//! In: a library, which libraries' own pages name in a link here. Out: the page that asks who one is. Not here: what follows from the
//! answer (`knock`, `sign_on`).

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _};
use serde::Deserialize;

use super::{WAY_IN, quiet, sign_on};
use crate::library::{Library, LibraryCode};
use crate::web::form::encoded;
use crate::web::oops::Oops;
use crate::web::shell::Shell;
use crate::web::visit::Visit;
use crate::web::{Answer, Web};

/// The library that somebody comes from, or chose.
struct At {
    code: String,
    name: String,
    /// What its own sign-in is called, and where it begins.
    sign_on: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "me_way_in.html")]
pub(super) struct WayIn {
    shell: Shell,
    /// What brought them here, where something went wrong.
    why: Option<String>,
    at: Option<At>,
    /// Code and name of those that can be chosen; empty where there is one alone.
    libraries: Vec<(String, String)>,
    typed: String,
    /// What is wrong with what was typed.
    wrong: Option<String>,
}

/// Which library.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Whose {
    pub(super) library: String,
}

/// The library with this code, in any case; or the only one there is.
pub(super) fn library_of(web: &Web, code: &str) -> Option<Arc<Library>> {
    if let Ok(code) = LibraryCode::parse(code.trim()) {
        return web.book.library(&code);
    }
    let mut all = web.book.libraries().into_iter();
    all.next().filter(|_| all.next().is_none())
}

/// Where `path`, which only patrons open, leads whoever has no pass: the library it names goes along.
pub(in crate::web) fn instead_of(path: &str) -> String {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let whose: Whose = serde_urlencoded::from_str(query).unwrap_or_default();
    match LibraryCode::parse(&whose.library) {
        Ok(library) => format!("{WAY_IN}?library={library}"),
        Err(_) => WAY_IN.to_owned(),
    }
}

/// Whether `code` names another library than `library`: a page of that one led here.
pub(super) fn is_other(code: &str, library: &Library) -> bool {
    LibraryCode::parse(code).is_ok_and(|code| code != library.code)
}

impl WayIn {
    pub(super) async fn of(web: &Web, visit: &Visit, library: Option<&Library>) -> Result<Self, Oops> {
        let at = match library {
            Some(library) => Some(At {
                code: library.code.to_string(),
                name: library.name.get(visit.language).to_owned(),
                sign_on: sign_on::client(web, library).await?.map(|(sign_on, _)| {
                    (sign_on.name.get(visit.language).to_owned(), format!("/me/sign-on/{}", library.code))
                }),
            }),
            None => None,
        };
        let all = web.book.libraries();
        let named = all.iter().map(|one| (one.code.to_string(), one.name.get(visit.language).to_owned()));
        let mut libraries: Vec<_> = named.filter(|_| all.len() > 1).collect();
        libraries.sort_by_cached_key(|(_, name)| crate::patron::folded(name));
        let shell = visit.shell("me-way-in-title");
        Ok(Self { why: None, at, libraries, typed: String::new(), wrong: None, shell })
    }

    /// The same, shown again because what was typed cannot stand.
    pub(super) fn again(self, typed: String, wrong: String) -> Self {
        Self { shell: self.shell.wrong(true), typed, wrong: Some(wrong), ..self }
    }
}

/// The page.
pub(in crate::web) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(whose): Query<Whose>) -> Answer {
    let library = library_of(&web, &whose.library);
    visit.page(&WayIn::of(&web, &visit, library.as_deref()).await?)
}

/// The page with the words that say why there is no other.
pub(super) async fn because(
    web: &Web,
    visit: &Visit,
    library: Option<&Library>,
    status: StatusCode,
    why: String,
) -> Answer {
    let page = WayIn { why: Some(why), ..WayIn::of(web, visit, library).await? };
    Ok(quiet((status, Html(page.render()?)).into_response()))
}

/// Where one begins at `library`.
pub(super) fn at(library: &Library) -> String {
    format!("{WAY_IN}?library={}", encoded(library.code.as_str()))
}
