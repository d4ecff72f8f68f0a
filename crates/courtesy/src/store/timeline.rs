//! The lines of timelines, appended and never changed.
//!
//! In: entries, in the transaction of what they tell. Out: rows; and the same news for the webhooks of the library. A line that is there already is not
//! written twice.

use std::collections::HashSet;

use super::engine::Tx;
use super::statement::{Builder, query};
use super::{Result, nameless, outbox, to_json};
use crate::clock::micros;
use crate::id::MessageId;
use crate::timeline::Entry;

/// Rows a statement inserts at most: four columns each stay below SQLite's 32,766 parameters.
const ROWS_PER_STATEMENT: usize = 500;

/// Appends lines to timelines, and hands them to the webhooks of their libraries. Lines of one message keep the order they
/// are given in; the message's row already is as they tell. What other servers said of a patron who is erased is left out.
pub(super) async fn append(tx: &mut Tx, entries: &[(MessageId, &Entry)]) -> Result<()> {
    let with_words: Vec<MessageId> =
        entries.iter().filter(|(_, entry)| entry.what.has_words()).map(|(message, _)| *message).collect();
    let nameless = nameless::among(tx, &with_words).await?;
    for (start, chunk) in entries.chunks(ROWS_PER_STATEMENT).enumerate() {
        let mut query = Builder::new(
            "insert into timeline (message, at, n, what) select message, at, n, what from \
             (select column1 as message, column2 as at, column3 as n, column4 as what from (",
        );
        let numbered = chunk.iter().enumerate();
        query.push_values(numbered, |row, (index, (message, entry))| {
            row.push_bind(message.to_bytes().to_vec())
                .push_bind(micros(entry.at))
                .push_bind(i64::try_from(start * ROWS_PER_STATEMENT + index).unwrap_or(i64::MAX))
                .push_bind(line(&nameless, *message, entry));
        });
        query.push(
            ") as given) as told where not exists (select 1 from timeline \
             where timeline.message = told.message and timeline.at = told.at) on conflict (message, at, n) do nothing",
        );
        let written = query.build().execute(&mut *tx).await?;
        if written < chunk.len() as u64 {
            append_after(tx, &nameless, chunk).await?;
        }
    }
    outbox::note(tx, entries).await
}

/// A line as it is kept.
fn line(nameless: &HashSet<MessageId>, message: MessageId, entry: &Entry) -> String {
    match nameless.contains(&message) {
        true => to_json(&entry.what.clone().without_words()),
        false => to_json(&entry.what),
    }
}

/// Appends those of `entries` that are not there yet after what was written in the same microsecond. A line that is there is an outcome
/// settled again after an answer that got lost.
async fn append_after(tx: &mut Tx, nameless: &HashSet<MessageId>, entries: &[(MessageId, &Entry)]) -> Result<()> {
    for (message, entry) in entries {
        query(
            "insert into timeline (message, at, n, what) select $1, $2, (select coalesce(max(n) + 1, 0) from timeline \
             where message = $1 and at = $2), $3 where not exists (select 1 from timeline where message = $1 and at = $2 \
             and what = $3) on conflict (message, at, n) do nothing",
        )
        .bind(message.to_bytes().to_vec())
        .bind(micros(entry.at))
        .bind(line(nameless, *message, entry))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
