//! Messages that were told together with others, on pages: how they stand is how the message stands in which they were told.
//!
//! In: rows of messages. Out: the message that told each, its tag, and what a message tells together. Not here: which are gathered
//! (`intake`).

use std::collections::HashMap;

use super::Web;
use super::messages::{Row, Tag, rows};
use super::oops::Oops;
use super::shell::Shell;
use crate::id::EventId;
use crate::intake::together::is_of_several;
use crate::library::Library;
use crate::store::MessageRow;

/// The messages in which those of `found` were told, by their events: of each the last way that was tried.
pub(super) async fn told_by(
    web: &Web,
    library: &Library,
    found: &[MessageRow],
) -> Result<HashMap<EventId, MessageRow>, Oops> {
    let events: Vec<EventId> = found.iter().filter_map(|row| row.told_in).collect();
    Ok(web.store.told_by(&library.code, &events).await?)
}

/// How a message stands that was told in `by`.
pub(super) fn tag(shell: &Shell, by: &MessageRow) -> Tag {
    let receiver = by.receiver();
    let Tag { mood, words } = Tag::of_row(shell, by, by.provider.as_deref().or(receiver.as_deref()));
    Tag { mood, words: shell.with("state-together", "state", words) }
}

/// What the page of one message says of what is told together.
pub(super) struct Together {
    /// Where the message is in which this one was told, and how that stands.
    pub told_in: Option<(String, Tag)>,
    /// What this one tells.
    pub tells: Vec<Row>,
}

impl Together {
    /// What there is to say of `row`.
    pub(super) async fn of(web: &Web, shell: &Shell, library: &Library, row: &MessageRow) -> Result<Self, Oops> {
        let told_by = told_by(web, library, std::slice::from_ref(row)).await?;
        let by = row.told_in.and_then(|event| told_by.get(&event));
        let told_in = by.map(|by| (shell.to(&format!("/messages/{}", by.id)), tag(shell, by)));
        if !is_of_several(&row.notice) {
            return Ok(Self { told_in, tells: Vec::new() });
        }
        let told = web.store.gathered_in(&library.code, row.event).await?;
        let tells = rows(web, shell, library, told.into_iter().map(|one| one.row).collect()).await?;
        Ok(Self { told_in, tells })
    }
}
