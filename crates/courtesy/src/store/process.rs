//! Processes that share one database: who lives, and what they must read again.
//!
//! A process says every few seconds that it lives; the database's own clock judges, so that the machines' clocks may
//! differ. What one that fell silent had under way is due at once. It has stopped sending by then: its right to send
//! ends by its own clock a little before (`delivery::standing`). Leases of messages end by the database's clock too.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::engine::Tx;
use super::statement::{either, query};
use super::{Result, Store};
use crate::clock::{from_micros, micros};

/// How long a process that fell silent is remembered: others must see that its messages are free.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

impl Store {
    /// Says that this process lives, and will for `lease`, and can send through what it told last. `name` is for people. Gives the time by
    /// the database's clock.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn stay_alive(&self, name: String, lease: Duration, now: Timestamp) -> Result<Timestamp> {
        let id = self.process;
        // Held until it is written, so that what is told meanwhile is not overwritten by what was told before.
        let told = self.seats.lock().await;
        let seats = told.clone();
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let now_there = now_there(tx, now).await?;
                    query(
                        "insert into process (id, name, alive_until, seats) values ($1, $2, $3, $4) \
                         on conflict (id) do update set alive_until = excluded.alive_until, seats = excluded.seats",
                    )
                    .bind(id.to_bytes())
                    .bind(name)
                    .bind(now_there + whole_micros(lease))
                    .bind(seats)
                    .execute(&mut *tx)
                    .await?;
                    Ok(from_micros(now_there))
                })
            })
            .await
    }

    /// Says that this process has nothing under way and goes.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn leave(&self) -> Result<()> {
        let id = self.process;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from process where id = $1").bind(id.to_bytes()).execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Makes due now what silent processes had under way; gives how many that were. Their attempts stay counted.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn take_over_from_silent(&self, now: Timestamp) -> Result<u64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let now_there = now_there(tx, now).await?;
                    // Leases are looked for by our clock, and end by the database's: it is past by both.
                    let freed = query(
                        "update message set due_at = $3, changed_at = $1 where state = 'sending' and due_at > $3 \
                         and claimed_by in (select id from process where alive_until < $2)",
                    )
                    .bind(micros(now))
                    .bind(now_there)
                    .bind(now_there.min(micros(now)))
                    .execute(&mut *tx)
                    .await?;
                    query("delete from process where alive_until < $1")
                        .bind(now_there - whole_micros(REMEMBERED))
                        .execute(&mut *tx)
                        .await?;
                    Ok(freed)
                })
            })
            .await
    }

    /// Takes note how far the database's clock is `ahead` of ours, which leases are counted by from now on.
    pub fn note_clock(&self, ahead: SignedDuration) {
        let ahead = i64::try_from(ahead.as_micros()).unwrap_or_default();
        self.clock_ahead.store(ahead, Ordering::Relaxed);
    }

    /// How far the database's clock is ahead of ours, as far as we know.
    #[must_use]
    pub fn clock_ahead(&self) -> SignedDuration {
        SignedDuration::from_micros(self.clock_ahead.load(Ordering::Relaxed))
    }

    /// How often what processes keep in memory has changed, all in all.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn times_changed(&self) -> Result<i64> {
        let row = query("select cast(coalesce(sum(times), 0) as bigint) from changed").fetch_one(&self.readers).await?;
        row.try_get(0)
    }
}

/// The time by the database's clock; SQLite has none but ours.
async fn now_there(tx: &mut Tx, now: Timestamp) -> Result<i64> {
    let there = either("select $1", "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)");
    there.bind(micros(now)).fetch_one(tx).await?.try_get(0)
}

/// Notes that `subject` has changed, which others keep in memory.
pub(super) async fn changed(tx: &mut Tx, subject: &'static str) -> Result<()> {
    query(
        "insert into changed (subject, times) values ($1, 1) \
         on conflict (subject) do update set times = changed.times + 1",
    )
    .bind(subject)
    .execute(tx)
    .await?;
    Ok(())
}

fn whole_micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 2)
}
