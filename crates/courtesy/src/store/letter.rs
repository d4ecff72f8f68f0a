//! Letters that wait to be posted, that somebody has printed, and that somebody has posted.

use jiff::Timestamp;

use super::arrival::{Counted, Ended};
use super::audit::{Deed, note};
use super::message::{COLUMNS, message_from};
use super::statement::query;
use super::timeline::append;
use super::{MessageRow, Result, Store};
use crate::clock::micros;
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::queue::State;
use crate::timeline::{Entry, What};

/// What a letter waits for.
const TO_POST: &str = "letter.to_post";

impl Store {
    /// The letters of `library` that wait to be posted, the oldest first, `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn letters_to_post(&self, library: &LibraryCode, most: u32) -> Result<Vec<MessageRow>> {
        let rows = query(format!(
            "{COLUMNS} where library = $1 and cause = $2 and state = 'held' and channel = 'letter' order by id limit $3"
        ))
        .bind(library.as_str())
        .bind(TO_POST)
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(message_from).collect()
    }

    /// Notes that these letters were printed: those that wait and were not before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn printed(&self, library: LibraryCode, letters: Vec<MessageId>, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for id in &letters {
                        query(
                            "update message set printed_at = $3 where id = $1 and library = $2 and channel = 'letter' \
                             and state = 'held' and cause = $4 and printed_at is null",
                        )
                        .bind(id.to_bytes().to_vec())
                        .bind(library.as_str().to_owned())
                        .bind(micros(now))
                        .bind(TO_POST)
                        .execute(&mut *tx)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Ends a letter that waits: what it says is no longer true, for `cause`. False when it was printed, posted or taken back
    /// meanwhile.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn not_posted(
        &self,
        library: LibraryCode,
        id: MessageId,
        cause: &'static str,
        now: Timestamp,
    ) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "update message set state = 'cancelled', cause = $4, due_at = null, rungs = null, climb_at = null, \
                         changed_at = $3 where id = $1 and library = $2 and channel = 'letter' and state = 'held' and cause = $5 \
                         and printed_at is null",
                    )
                    .bind(id.to_bytes().to_vec())
                    .bind(library.as_str().to_owned())
                    .bind(micros(now))
                    .bind(cause)
                    .bind(TO_POST)
                    .execute(&mut *tx)
                    .await?;
                    if done > 0 {
                        append(tx, &[(id, &Entry { at: now, what: What::NotSent { cause: cause.to_owned() } })]).await?;
                    }
                    Ok(done > 0)
                })
            })
            .await
    }

    /// Notes that somebody has posted these letters; gives how many were waiting.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn posted(
        &self,
        library: LibraryCode,
        letters: Vec<MessageId>,
        by: String,
        now: Timestamp,
    ) -> Result<u64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let entry = Entry { at: now, what: What::Posted { by: by.clone() } };
                    let (mut posted, mut counted) = (Vec::new(), Counted::default());
                    for id in &letters {
                        let row = query(
                            "update message set state = 'accepted', cause = null, due_at = null, rungs = null, \
                             climb_at = null, changed_at = $3 where id = $1 and library = $2 and channel = 'letter' \
                             and state = 'held' and cause = $4 returning created_at",
                        )
                        .bind(id.to_bytes().to_vec())
                        .bind(library.as_str().to_owned())
                        .bind(micros(now))
                        .bind(TO_POST)
                        .fetch_optional(&mut *tx)
                        .await?;
                        let Some(row) = row else { continue };
                        posted.push((*id, &entry));
                        let ended = Ended {
                            library: library.as_str(),
                            created_at: row.try_get(0)?,
                            ended_at: micros(now),
                            provider: None,
                            state: State::Accepted,
                            cause: None,
                        };
                        counted.count(&ended, 1);
                    }
                    if posted.is_empty() {
                        return Ok(0);
                    }
                    counted.write(tx).await?;
                    append(tx, &posted).await?;
                    for (id, _) in &posted {
                        let deed = Deed::new(Some(&library), by.as_str(), "letter.posted", id.to_string(), now);
                        note(tx, &deed).await?;
                    }
                    Ok(posted.len() as u64)
                })
            })
            .await
    }
}
