//! Letters that wait to be posted, and that somebody has posted.

use jiff::Timestamp;

use super::accept::append;
use super::message::{COLUMNS, message_from};
use super::statement::query;
use super::{MessageRow, Result, Store};
use crate::clock::micros;
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::timeline::{Entry, What};

impl Store {
    /// The letters of `library` that wait to be posted, the oldest first, `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn letters_to_post(&self, library: &LibraryCode, most: u32) -> Result<Vec<MessageRow>> {
        let rows = query(format!(
            "{COLUMNS} where library = $1 and cause = 'letter.to_post' and state = 'held' and channel = 'letter' \
             order by id limit $2"
        ))
        .bind(library.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(message_from).collect()
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
                    let mut posted = 0;
                    for id in &letters {
                        let done = query(
                            "update message set state = 'accepted', cause = null, due_at = null, rungs = null, changed_at = $3 \
                             where id = $1 and library = $2 and channel = 'letter' and state = 'held'",
                        )
                        .bind(id.to_bytes().to_vec())
                        .bind(library.as_str().to_owned())
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await?;
                        if done > 0 {
                            append(tx, &[(*id, &entry)]).await?;
                            posted += done;
                        }
                    }
                    Ok(posted)
                })
            })
            .await
    }
}
