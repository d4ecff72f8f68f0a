//! Messages that were told together with others, on pages: how they stand is how the message stands in which they were told.
//!
//! In: rows of messages. Out: the message that told each, its tag, and what a message tells together. Not here: which are gathered
//! (`intake`).

use std::collections::HashMap;

use super::messages::{Row, Tag, receiver, rows};
use super::oops::Oops;
use super::shell::Shell;
use super::Web;
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
    let receiver = receiver(by);
    let Tag { mood, words } = Tag::of_row(shell, by, by.provider.as_deref().or(receiver.as_deref()));
    Tag { mood, words: shell.with("state-together", "state", words) }
}

/// What `row` tells together; nothing where it tells one thing.
pub(super) async fn of(web: &Web, shell: &Shell, library: &Library, row: &MessageRow) -> Result<Vec<Row>, Oops> {
    if !is_of_several(&row.notice) {
        return Ok(Vec::new());
    }
    let told = web.store.gathered_in(&library.code, row.event).await?;
    // Boxed: lists of messages look here too.
    Box::pin(rows(web, shell, library, told.into_iter().map(|one| one.row).collect())).await
}
