//! `/help`: how patrons keep a library's notices out of spam, for their own mail program.
//!
//! In: a provider, and which library. Out: steps in words, the addresses to copy, a contact card, a filter file for Gmail.
//! Not here: what a patron chose, or has got.

mod files;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use standards::address::Address;

use super::form::encoded;
use super::oops::Oops;
use super::shell::Shell;
use super::visit::Visit;
use super::{Answer, Web};
use crate::library::{Library, LibraryCode};
use crate::sender::SenderKind;

/// Libraries listed where several fit.
const LISTED_MAX: usize = 20;

/// Letters of what is looked for.
const FIND_LETTERS_MAX: usize = 100;

/// A mail program, by the end of its page's address: its name, and its steps.
struct Program {
    id: &'static str,
    /// Its name, or the word for it.
    name: &'static str,
    steps: &'static [&'static str],
}

const PROGRAMS: &[Program] = &[
    Program {
        id: "gmail",
        name: "Gmail",
        steps: &["help-gmail-look", "help-gmail-not-spam", "help-gmail-contact", "help-gmail-filter"],
    },
    Program {
        id: "outlook",
        name: "Outlook",
        steps: &["help-outlook-look", "help-outlook-not-junk", "help-outlook-safe", "help-outlook-phone"],
    },
    Program {
        id: "yahoo",
        name: "Yahoo",
        steps: &["help-yahoo-look", "help-yahoo-not-spam", "help-yahoo-contact", "help-yahoo-filter"],
    },
    Program {
        id: "icloud",
        name: "iCloud",
        steps: &["help-icloud-look", "help-icloud-not-junk", "help-icloud-contact", "help-icloud-rule"],
    },
    Program {
        id: "other",
        name: "help-other",
        steps: &["help-other-look", "help-other-not-spam", "help-other-contact", "help-other-ask"],
    },
];

/// Which library.
#[derive(Default, Deserialize)]
pub(super) struct Whose {
    #[serde(default)]
    library: String,
}

/// A link to the page of a program.
struct Choice {
    name: String,
    href: String,
    is_here: bool,
}

/// A library, and what its notices come from.
struct Known {
    code: String,
    name: String,
    addresses: Vec<String>,
    any_of: String,
}

#[derive(Template)]
#[template(path = "help.html")]
struct Page {
    shell: Shell,
    /// The program; none on the page that asks for it.
    program: Option<&'static str>,
    heading: String,
    choices: Vec<Choice>,
    steps: Vec<String>,
    is_gmail: bool,
    find: String,
    known: Option<Known>,
    /// Others that fit: name and query.
    others: Vec<(String, String)>,
}

/// The page that asks for the program.
pub(super) async fn index(State(web): State<Arc<Web>>, visit: Visit, Query(whose): Query<Whose>) -> Answer {
    page(&web, &visit, &whose, None)
}

/// The page of a program.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> Answer {
    let program = PROGRAMS.iter().find(|program| program.id == id).ok_or(Oops::NotFound)?;
    page(&web, &visit, &whose, Some(program))
}

fn page(web: &Web, visit: &Visit, whose: &Whose, program: Option<&'static Program>) -> Answer {
    let shell = visit.shell("help-title");
    let find: String = whose.library.trim().chars().take(FIND_LETTERS_MAX).collect();
    let mut fitting = fitting(web, &find);
    let library = if fitting.len() == 1 { fitting.pop() } else { None };
    let query = library.as_ref().map(|library| format!("?library={}", library.code)).unwrap_or_default();
    let choices = PROGRAMS.iter().map(|one| Choice {
        name: name_of(&shell, one),
        href: format!("/help/{}{query}", one.id),
        is_here: program.is_some_and(|program| program.id == one.id),
    });
    let heading = match program {
        Some(program) => shell.with("help-heading", "name", name_of(&shell, program)),
        None => shell.say("help-title"),
    };
    let path = program.map_or_else(|| "/help".to_owned(), |program| format!("/help/{}", program.id));
    let others = fitting.iter().map(|library| {
        (library.name.get(visit.language).to_owned(), format!("{path}?library={}", encoded(library.code.as_str())))
    });
    visit.page(&Page {
        program: program.map(|program| program.id),
        heading,
        choices: choices.collect(),
        steps: program.map(|program| steps(&shell, program, library.is_some())).unwrap_or_default(),
        is_gmail: program.is_some_and(|program| program.id == "gmail"),
        others: others.take(LISTED_MAX).collect(),
        known: library.map(|library| {
            let addresses = addresses(web, visit, &library);
            Known {
                code: library.code.to_string(),
                name: library.name.get(visit.language).to_owned(),
                any_of: files::any_of(&addresses),
                addresses: addresses.iter().map(ToString::to_string).collect(),
            }
        }),
        find,
        shell,
    })
}

/// The steps. Where no library is chosen there are no addresses, no contact card and no filter file to speak of.
fn steps(shell: &Shell, program: &Program, is_known: bool) -> Vec<String> {
    let alone = |step: &'static str| match step {
        "help-gmail-contact" | "help-icloud-contact" => "help-yahoo-contact",
        "help-gmail-filter" => "help-gmail-filter-alone",
        step => step,
    };
    program.steps.iter().map(|step| shell.say(if is_known { step } else { alone(step) })).collect()
}

/// The page for whoever reads mail at `provider`, by its name.
pub(super) fn program_of(provider: &str) -> &'static str {
    let provider = provider.to_ascii_lowercase();
    let is = |names: &[&str]| names.iter().any(|name| provider.contains(name));
    if is(&["gmail", "google"]) {
        "gmail"
    } else if is(&["outlook", "microsoft", "hotmail"]) {
        "outlook"
    } else if is(&["yahoo", "aol"]) {
        "yahoo"
    } else if is(&["icloud", "apple"]) {
        "icloud"
    } else {
        "other"
    }
}

fn name_of(shell: &Shell, program: &Program) -> String {
    if program.id == "other" { shell.say("help-other") } else { program.name.to_owned() }
}

/// The library of this code, or those whose name has this in it.
fn fitting(web: &Web, find: &str) -> Vec<Arc<Library>> {
    if find.is_empty() {
        return Vec::new();
    }
    if let Some(library) = LibraryCode::parse(find).ok().and_then(|code| web.book.library(&code)) {
        return vec![library];
    }
    let wanted = find.to_lowercase();
    let has = |name: &str| name.to_lowercase().contains(&wanted);
    let fits = |library: &Arc<Library>| has(&library.name.en) || library.name.fr.as_deref().is_some_and(has);
    web.book.libraries().into_iter().filter(fits).take(LISTED_MAX).collect()
}

/// The addresses that a library's notices come from: the one of now first.
fn addresses(web: &Web, visit: &Visit, library: &Library) -> Vec<Address> {
    let now = web.senders.plan(library, &[], visit.now).from.clone();
    let shared = web.senders.plan(library, &[SenderKind::Own, SenderKind::Relay], visit.now).from.clone();
    let mut all = vec![now];
    for other in [Some(shared), library.from.clone()].into_iter().flatten() {
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all
}

fn one(web: &Web, whose: &Whose) -> Result<Arc<Library>, Oops> {
    LibraryCode::parse(&whose.library).ok().and_then(|code| web.book.library(&code)).ok_or(Oops::NotFound)
}

/// The contact card of a library.
pub(super) async fn card(State(web): State<Arc<Web>>, visit: Visit, Query(whose): Query<Whose>) -> Answer {
    let library = one(&web, &whose)?;
    let addresses = addresses(&web, &visit, &library);
    let contact = files::Contact {
        name: library.name.get(visit.language),
        code: library.code.as_str(),
        addresses: &addresses,
        phone: library.phone.as_deref(),
        url: library.url.as_deref(),
    };
    let card = files::card(&contact, web.config.public_host.as_str());
    Ok(download("text/vcard; charset=utf-8", &format!("{}.vcf", library.code), card))
}

/// The filter for Gmail of a library.
pub(super) async fn filter(State(web): State<Arc<Web>>, visit: Visit, Query(whose): Query<Whose>) -> Answer {
    let library = one(&web, &whose)?;
    let filter = files::gmail_filter(&addresses(&web, &visit, &library));
    Ok(download("application/xml", &format!("{}-gmail.xml", library.code), filter))
}

fn download(kind: &'static str, name: &str, text: String) -> axum::response::Response {
    let place = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, place)], text).into_response()
}
