//! The link to a library's IT kit, for staff to hand on: with a letter around it.
//!
//! In: a library. Out: a page with a new link and the words to send with it. Nothing is kept of it (`sender::KitLink`).

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use jiff::Timestamp;

use super::form::encoded;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::sender::{KIT_LINK_LASTS, is_public_mailbox, kit_token};

#[derive(Template)]
#[template(path = "kit_link.html")]
struct Page {
    shell: Shell,
    domain: Option<String>,
    is_public_mailbox: bool,
    url: String,
    until: Timestamp,
    letter: String,
    mail_to: String,
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let library = visit.library()?;
    let shell = visit.shell("kit-link-title").at(Place::IllAdmin).below("nav-ill-admin", "/ill-admin");
    let until = visit.now.checked_add(KIT_LINK_LASTS).unwrap_or(Timestamp::MAX);
    let url = format!("{}/it/{}", web.config.url(), kit_token(&web.secret, &library.code, until));
    let domain = library.from.as_ref().map(standards::address::Address::domain);
    let letter = shell.with2("kit-link-letter", ("url", url.clone()), ("name", library.name.get(visit.language)));
    // RFC 6068 §5: spaces are %20, and lines end by CRLF.
    let part = |text: &str| encoded(&text.replace('\n', "\r\n")).replace('+', "%20");
    let subject = shell.with("kit-link-subject", "name", library.name.get(visit.language));
    visit.page(&Page {
        domain: domain.map(ToString::to_string),
        is_public_mailbox: domain.is_some_and(is_public_mailbox),
        mail_to: format!("mailto:?subject={}&body={}", part(&subject), part(&letter)),
        url,
        until,
        letter,
        shell,
    })
}
