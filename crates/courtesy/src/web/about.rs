//! Pages of words alone: the accessibility statement, privacy, and `/.well-known/security.txt`.
//!
//! In: the settings, for whom to write to. Out: pages. What they promise is kept elsewhere: `web` and its tests for
//! accessibility, `store` and the invariants for privacy.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::{SignedDuration, Timestamp};

use super::oops::Oops;
use super::shell::Shell;
use super::visit::Visit;
use super::{Answer, Web};

/// How long `security.txt` holds (RFC 9116 §2.5.5 wants less than a year): it is made anew whenever it is asked for.
const SECURITY_HOLDS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A heading, and what stands below it.
type Section = (&'static str, &'static [&'static str]);

const ACCESSIBILITY: &[Section] = &[
    ("accessibility-how", &["accessibility-how-wcag", "accessibility-how-scripts", "accessibility-how-look"]),
    ("accessibility-mail", &["accessibility-mail-text"]),
    ("accessibility-known", &["accessibility-known-list"]),
    ("accessibility-tell", &["accessibility-tell-us"]),
];

const PRIVACY: &[Section] = &[
    ("privacy-what", &["privacy-what-notices", "privacy-what-titles"]),
    ("privacy-who", &["privacy-who-library", "privacy-who-others"]),
    ("privacy-not", &["privacy-not-track", "privacy-not-log"]),
    ("privacy-cookies", &["privacy-cookies-which"]),
    ("privacy-yours", &["privacy-yours-ask"]),
];

/// A section in words.
struct Said {
    heading: String,
    paragraphs: Vec<String>,
}

/// Whom to write to.
struct Contact {
    href: String,
    words: String,
}

#[derive(Template)]
#[template(path = "about.html")]
struct Page {
    shell: Shell,
    lead: String,
    sections: Vec<Said>,
    contact: Option<Contact>,
}

/// The accessibility statement.
pub(super) async fn accessibility(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    page(&web, &visit, "accessibility-title", "accessibility-lead", ACCESSIBILITY)
}

/// What becomes of personal data.
pub(super) async fn privacy(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    page(&web, &visit, "privacy-title", "privacy-lead", PRIVACY)
}

fn page(web: &Web, visit: &Visit, title: &'static str, lead: &str, sections: &[Section]) -> Answer {
    let shell = visit.shell(title);
    let said = |(heading, paragraphs): &Section| Said {
        heading: shell.say(heading),
        paragraphs: paragraphs.iter().map(|name| shell.say(name)).collect(),
    };
    let contact = web
        .config
        .contact
        .as_ref()
        .map(|contact| Contact { words: contact.trim_start_matches("mailto:").to_owned(), href: contact.clone() });
    visit.page(&Page { lead: shell.say(lead), sections: sections.iter().map(said).collect(), contact, shell })
}

/// Whom to tell of a weakness (RFC 9116). There is none where the settings name nobody.
pub(super) async fn security(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let contact = web.config.contact.as_ref().ok_or(Oops::NotFound)?;
    let expires = visit.now.checked_add(SECURITY_HOLDS).unwrap_or(Timestamp::MAX);
    let expires = Timestamp::from_second(expires.as_second()).unwrap_or(expires);
    let text = format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en, fr\nCanonical: {}/.well-known/security.txt\n",
        web.config.url()
    );
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
