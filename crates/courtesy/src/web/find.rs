//! Looking for a message in all libraries, by its id or by its request's number.
//!
//! In: what somebody at the consortium typed. Out: the message, or the messages of that request, each with its library.
//! Patrons are looked for at their library: nobody looks through all patrons of all libraries.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::messages::{Row, rows};
use super::shell::{Place, Shell};
use super::visit::{Visit, lead_to};
use super::{Answer, Web};
use crate::id::MessageId;
use crate::store::{Filter, MessageRow};

/// Messages shown, and letters looked at.
const SHOWN: u32 = 50;
const LETTERS_MAX: usize = 100;

/// What is looked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
}

/// A message with its library.
struct Found {
    library: String,
    row: Row,
}

#[derive(Template)]
#[template(path = "find.html")]
struct Page {
    shell: Shell,
    q: String,
    found: Vec<Found>,
}

/// What was found.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let q: String = asked.q.trim().chars().take(LETTERS_MAX).collect();
    let at = |row: &MessageRow| format!("/staff/{}/messages/{}", row.library, row.id);
    if let Ok(id) = q.parse::<MessageId>()
        && let Some(row) = web.store.message(None, id).await?
    {
        return Ok(lead_to(&at(&row)));
    }
    let shell = visit.shell("find-title").at(Place::Home).below("nav-consortium", "/consortium");
    let filter = Filter { request: Some(q.clone()), ..Filter::default() };
    let messages = if q.is_empty() { Vec::new() } else { web.store.messages(&filter, SHOWN).await? };
    let mut found = Vec::with_capacity(messages.len());
    for message in messages {
        let Some(library) = web.book.library(&message.library) else { continue };
        let href = at(&message);
        for row in rows(&web, &shell, &library, vec![message]).await? {
            let name = library.name.get(visit.language).to_owned();
            found.push(Found { library: name, row: Row { href: href.clone(), ..row } });
        }
    }
    visit.page(&Page { q, found, shell })
}
