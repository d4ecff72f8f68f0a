//! Mail that systems handed in, kept with its event until nobody can ask for it again.

use jiff::Timestamp;

use super::accept::accept_all;
use super::statement::query;
use super::{Accepted, NewEvent, Result, Store, StoreError};
use crate::clock::micros;
use crate::id::EventId;
use crate::library::LibraryCode;

impl Store {
    /// Keeps `event` with the mail that its messages are written from; answers after both are on disk.
    ///
    /// # Errors
    /// When the store is broken; then neither is kept.
    pub async fn submit(&self, event: NewEvent, mail: Vec<u8>) -> Result<Accepted> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let (id, library, at) = (event.id, event.library.clone(), event.received_at);
                    let accepted = accept_all(tx, &[event]).await?.pop().ok_or(StoreError::Closed)?;
                    if accepted == Accepted::New {
                        query("insert into submitted (event, library, mail, received_at) values ($1, $2, $3, $4)")
                            .bind(id.to_bytes().to_vec())
                            .bind(library.as_str().to_owned())
                            .bind(&mail)
                            .bind(micros(at))
                            .execute(&mut *tx)
                            .await?;
                    }
                    Ok(accepted)
                })
            })
            .await
    }

    /// The mail that `library` handed in as `event`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn submitted(&self, library: &LibraryCode, event: EventId) -> Result<Option<Vec<u8>>> {
        let row = query("select mail from submitted where event = $1 and library = $2")
            .bind(event.to_bytes().to_vec())
            .bind(library.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// Forgets mail that came in before `before` and of which nothing waits any more.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_submitted(&self, before: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "delete from submitted where received_at < $1 and not exists (\
                           select 1 from message where message.event = submitted.event and due_at is not null)",
                    )
                    .bind(micros(before))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}
