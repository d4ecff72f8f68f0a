//! Receivers that asked us to stay away for a while: kept, so that a restart does not begin where it hurt.

use jiff::Timestamp;

use super::statement::query;
use super::{Result, Store};
use crate::clock::{from_micros, micros};

/// A receiver that one of our relays leaves alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverHold {
    /// Our relay's host name.
    pub relay: String,
    /// The receiver's mail hosts.
    pub site: String,
    /// The mailbox provider, or the domain.
    pub provider: String,
    /// Why, as a cause.
    pub cause: String,
    /// What it said, masked.
    pub reply: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The how manieth in a row.
    pub times: i64,
}

impl Store {
    /// Keeps a hold in place of the last one of this relay and receiver.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_receiver_hold(&self, hold: ReceiverHold) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into receiver_hold (relay, site, provider, cause, reply, since, until, times) \
                         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (relay, site) do update set \
                         provider = excluded.provider, cause = excluded.cause, reply = excluded.reply, \
                         since = excluded.since, until = excluded.until, times = excluded.times",
                    )
                    .bind(&hold.relay)
                    .bind(&hold.site)
                    .bind(&hold.provider)
                    .bind(&hold.cause)
                    .bind(&hold.reply)
                    .bind(micros(hold.since))
                    .bind(micros(hold.until))
                    .bind(hold.times)
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The holds that last beyond `after`, or have ended since.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn receiver_holds(&self, after: Timestamp) -> Result<Vec<ReceiverHold>> {
        let rows = query(
            "select relay, site, provider, cause, reply, since, until, times from receiver_hold where until > $1 \
             order by relay, site",
        )
        .bind(micros(after))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ReceiverHold {
                    relay: row.try_get(0)?,
                    site: row.try_get(1)?,
                    provider: row.try_get(2)?,
                    cause: row.try_get(3)?,
                    reply: row.try_get(4)?,
                    since: from_micros(row.try_get(5)?),
                    until: from_micros(row.try_get(6)?),
                    times: row.try_get(7)?,
                })
            })
            .collect()
    }
}
