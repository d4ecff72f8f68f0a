//! What stands in the database at one moment, in numbers for whoever watches. Bounded: each is counted over a span of one index, up to
//! a number.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::statement::{either, query};
use super::{Result, Store, StoreError};
use crate::clock::{from_micros, micros};

/// Counted at most of each kind: some milliseconds. More than so many waiting is an alarm, however many more.
pub const MEASURED_MAX: i64 = 100_000;

/// Numbers of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Messages waiting to be sent.
    pub queued: i64,
    /// Under way, over all processes.
    pub sending: i64,
    /// Waiting for their next attempt.
    pub delayed: i64,
    /// Waiting for a person.
    pub held: i64,
    /// Under way for longer than their lease.
    pub past_lease: i64,
    /// When the oldest waiting message became due; none when nothing is due. Paused queues do not count.
    pub oldest_due: Option<Timestamp>,
    /// Queues that a person has stopped.
    pub paused: i64,
    /// Receivers that asked us to stay away.
    pub receivers_held: i64,
    /// Incidents that are open.
    pub incidents: i64,
    /// Webhooks that are switched off.
    pub webhooks_off: i64,
    /// Events that wait for a webhook.
    pub webhook_events: i64,
    /// Processes that say they live; 0 where there is but one.
    pub processes: i64,
    /// How long the database took for all of it.
    pub took: Duration,
}

/// Connections to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Open.
    pub open: u32,
    /// Of these, idle.
    pub idle: u32,
}

impl Store {
    /// How things stand at `now`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn measured(&self, now: Timestamp) -> Result<Measured> {
        let began = Instant::now();
        let rows = query(
            "select 'queued', count(*) from (select 1 as one from message where state = 'queued' limit $1) as these \
             union all select 'sending', count(*) from (select 1 as one from message where state = 'sending' limit $1) as these \
             union all select 'delayed', count(*) from (select 1 as one from message where state = 'delayed' limit $1) as these \
             union all select 'held', count(*) from (select 1 as one from message where state = 'held' limit $1) as these \
             union all select 'past_lease', count(*) from message where state = 'sending' and due_at < $2 \
             union all select 'paused', count(*) from pause \
             union all select 'receivers_held', count(*) from receiver_hold where until > $2 \
             union all select 'incidents', count(*) from incident where closed_at is null \
             union all select 'webhooks_off', count(*) from webhook where off_why is not null \
             union all select 'webhook_events', count(*) from (select 1 as one from webhook_delivery where due_at is not null limit $1) as these",
        )
        .bind(MEASURED_MAX)
        .bind(micros(now))
        .fetch_all(&self.readers)
        .await?;
        let mut measured = Measured { processes: self.alive().await?, ..Measured::default() };
        for row in rows {
            let (what, count): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            let field = match what.as_str() {
                "queued" => &mut measured.queued,
                "sending" => &mut measured.sending,
                "delayed" => &mut measured.delayed,
                "held" => &mut measured.held,
                "past_lease" => &mut measured.past_lease,
                "paused" => &mut measured.paused,
                "receivers_held" => &mut measured.receivers_held,
                "incidents" => &mut measured.incidents,
                "webhooks_off" => &mut measured.webhooks_off,
                _ => &mut measured.webhook_events,
            };
            *field = count;
        }
        measured.oldest_due = self.next_due().await?.filter(|due| *due <= now);
        measured.took = began.elapsed();
        Ok(measured)
    }

    /// How many processes say that they live; 0 where there is but one.
    async fn alive(&self) -> Result<i64> {
        if !self.is_shared() {
            return Ok(0);
        }
        let rows = either(
            "select count(*) from process",
            "select count(*) from process where alive_until >= cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)",
        );
        rows.fetch_one(&self.readers).await?.try_get(0)
    }

    /// Processes that share the database: each with its name, and until when it said that it lives. The one that speaks now is
    /// among them.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn processes(&self) -> Result<Vec<(String, Timestamp)>> {
        let rows = query("select name, alive_until from process order by name, id").fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, from_micros(row.try_get(1)?)))).collect()
    }

    /// Whether the database answers at all.
    ///
    /// # Errors
    /// When it does not.
    pub async fn answers(&self) -> Result<()> {
        if self.writer.is_gone() {
            return Err(StoreError::Closed);
        }
        query("select 1").fetch_one(&self.readers).await.map(drop)
    }

    /// What the database says it is: `SQLite 3.46.0`, or `PostgreSQL 15.8`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn product(&self) -> Result<String> {
        let row = either("select 'SQLite ' || sqlite_version()", "select split_part(version(), ' on ', 1)");
        row.fetch_one(&self.readers).await?.try_get(0)
    }

    /// Connections for reading; on PostgreSQL those for writing are among them.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.readers.connections()
    }
}
