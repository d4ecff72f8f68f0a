//! What came back, joined to the message it is about.

use super::accept::append;
use super::statement::{either, query};
use super::{Result, Store, StoreError};
use crate::clock::micros;
use crate::id::MessageId;
use crate::queue::State;
use crate::timeline::{Entry, News, What};

/// What became of a returned mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// It is in the timeline.
    Written {
        /// Whether the message, which a receiver had accepted, has now failed.
        failed: bool,
    },
    /// It was there before.
    Known,
    /// The message is being sent: what it came to is not written yet, and must not be written over this.
    NotSettled,
    /// There is no such message.
    NoSuchMessage,
}

impl Store {
    /// Joins a line about a returned mail to the timeline of `id`, once for each mail. Where it says that somebody gave
    /// up, a message that was accepted has failed; one that still waits is tried again all the same. The library is the
    /// message's own: the return path that named it bears our signature.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn join_returned(&self, id: MessageId, entry: Entry) -> Result<Joined> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let What::Returned(returned) = &entry.what else { return Ok(Joined::Known) };
                    let Some(row) = query("select state from message where id = $1")
                        .bind(id.to_bytes().to_vec())
                        .fetch_optional(&mut *tx)
                        .await?
                    else {
                        return Ok(Joined::NoSuchMessage);
                    };
                    let known = either(
                        "select 1 from timeline where message = $1 and json_extract(what, '$.report') = $2",
                        "select 1 from timeline where message = $1 and what::json ->> 'report' = $2",
                    )
                    .bind(id.to_bytes().to_vec())
                    .bind(returned.report.to_string())
                    .fetch_optional(&mut *tx)
                    .await?;
                    if known.is_some() {
                        return Ok(Joined::Known);
                    }
                    let code: String = row.try_get(0)?;
                    let state = State::from_code(&code);
                    let state = state.ok_or_else(|| StoreError::Corrupt(format!("the state {code}")))?;
                    if returned.news == News::Failed && state == State::Sending {
                        return Ok(Joined::NotSettled);
                    }
                    append(tx, &[(id, &entry)]).await?;
                    let failed = returned.news == News::Failed && state == State::Accepted;
                    if failed {
                        query("update message set state = $2, cause = $3, changed_at = $4 where id = $1")
                            .bind(id.to_bytes().to_vec())
                            .bind(State::Failed.code())
                            .bind(&returned.cause)
                            .bind(micros(entry.at))
                            .execute(&mut *tx)
                            .await?;
                    }
                    Ok(Joined::Written { failed })
                })
            })
            .await
    }
}
