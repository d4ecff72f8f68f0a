//! What each process that shares the database can send through, and messages that wait for want of it.

use jiff::Timestamp;

use super::engine::Tx;
use super::statement::{Builder, either, query};
use super::{Result, Store};
use crate::clock::micros;

/// The cause of a message that no process may send at the moment.
pub const NO_RELAY: &str = "relay.region";

/// Messages made due in one transaction: some tens of milliseconds, for which nobody else changes them.
const SLICE: i64 = 5000;

impl Store {
    /// Tells other processes what this one can send through, as JSON; and again whenever it says that it lives.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_seats(&self, seats: String) -> Result<()> {
        let id = self.process;
        let mut told = self.seats.lock().await;
        told.clone_from(&seats);
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

    /// Makes due now what waits because nobody could send it, a slice at a time; gives how many messages that were. What another process has
    /// in hand meanwhile is left to it.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn call_those_without_relay(&self, now: Timestamp) -> Result<u64> {
        let (mut called, mut last) = (0, Vec::new());
        loop {
            let after = std::mem::take(&mut last);
            let ids = self.writer.write(move |tx| Box::pin(call_slice(tx, after, now))).await?;
            let Some(id) = ids.last() else { return Ok(called) };
            last.clone_from(id);
            called += ids.len() as u64;
        }
    }
}

/// Calls the next ones after the message `last`, and gives their ids.
async fn call_slice(tx: &mut Tx, last: Vec<u8>, now: Timestamp) -> Result<Vec<Vec<u8>>> {
    let next = either(
        "select id from message where cause = $2 and id > $3 and state in ('queued', 'delayed') and due_at > $1 \
         order by id limit $4",
        "select id from message where cause = $2 and id > $3 and state in ('queued', 'delayed') and due_at > $1 \
         order by id limit $4 for update skip locked",
    );
    let rows = next.bind(micros(now)).bind(NO_RELAY).bind(last).bind(SLICE).fetch_all(&mut *tx).await?;
    let ids = rows.iter().map(|row| row.try_get::<Vec<u8>>(0)).collect::<Result<Vec<_>>>()?;
    if !ids.is_empty() {
        let mut due = Builder::new("update message set due_at = ");
        due.push_bind(micros(now)).push(", changed_at = ").push_bind(micros(now));
        due.push(" where id in ").push_list(ids.iter().cloned());
        due.build().execute(tx).await?;
    }
    Ok(ids)
}
