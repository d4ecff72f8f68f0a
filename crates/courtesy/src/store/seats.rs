//! What each process that shares the database can send through, and messages that wait for want of it.

use jiff::Timestamp;

use super::statement::{either, query};
use super::{Result, Store};
use crate::clock::micros;

/// The cause of a message that no process may send at the moment.
pub const NO_RELAY: &str = "relay.region";

impl Store {
    /// Tells other processes what this one can send through, as JSON.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_seats(&self, seats: String) -> Result<()> {
        let id = self.process;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("update process set seats = $2 where id = $1")
                        .bind(id.to_bytes())
                        .bind(seats)
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// What other processes that live can send through: the name of each, and what it told.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn seats_of_others(&self) -> Result<Vec<(String, String)>> {
        let rows = either(
            "select name, seats from process where id <> $1 order by name, id",
            "select name, seats from process where id <> $1 \
             and alive_until >= cast(extract(epoch from clock_timestamp()) * 1000000 as bigint) order by name, id",
        );
        let rows = rows.bind(self.process.to_bytes()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Makes due now what waits because nobody could send it; gives how many messages that were.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn call_those_without_relay(&self, now: Timestamp) -> Result<u64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "update message set due_at = $1, changed_at = $1 \
                         where state in ('queued', 'delayed') and cause = $2 and due_at > $1",
                    )
                    .bind(micros(now))
                    .bind(NO_RELAY)
                    .execute(&mut *tx)
                    .await
                })
            })
            .await
    }
}
