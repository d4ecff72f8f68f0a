//! What waits for a receiver that was full or out of reach, and what waits for its next try.
//!
//! Each change is made in slices, a transaction each: a million waiting messages must not hold up the one writer.

use jiff::Timestamp;

use super::statement::query;
use super::{Result, Store};
use crate::clock::micros;
use crate::library::LibraryCode;
use crate::queue::WaitsFor;

/// The lanes of a library's queue; the queue of all libraries is gone through once, whatever the lane.
const LANES: [i64; 3] = [0, 1, 2];

/// Messages made due in one transaction: some milliseconds of the writer's time.
const SLICE: i64 = 5000;

/// Messages called to find out whether a receiver is back: a line full of them.
const FIRST_CALLED: u32 = 200;

impl Store {
    /// The receivers that any message waits for. One index step each.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn waited_for(&self) -> Result<Vec<WaitsFor>> {
        let rows = query(
            "with recursive next (receiver) as (\
               select min(waits_for) from message where waits_for is not null \
               union all \
               select (select min(waits_for) from message where waits_for > next.receiver) \
               from next where next.receiver is not null) \
             select receiver from next where receiver is not null",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok(WaitsFor(row.try_get(0)?))).collect()
    }

    /// Makes up to `most` messages that wait for `receiver` due now, the most urgent first; gives how many that were.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn call(&self, receiver: WaitsFor, most: u32, now: Timestamp) -> Result<u64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "update message set waits_for = null, due_at = $2 where id in (select id from message \
                         where waits_for = $1 order by lane, due_at limit $3) and waits_for = $1",
                    )
                    .bind(receiver.0)
                    .bind(micros(now))
                    .bind(i64::from(most))
                    .execute(&mut *tx)
                    .await?;
                    Ok(done)
                })
            })
            .await
    }

    /// Makes everything that waits for its next try due now, and of what waits for a receiver enough to find out whether
    /// it can be reached: the rest is called when it answers. Gives how many are tried again now or called then.
    ///
    /// # Errors
    /// When the store is broken; then some of it may be due now.
    pub async fn flush(&self, library: Option<LibraryCode>, now: Timestamp) -> Result<u64> {
        let mut flushed = 0;
        for lane in LANES.iter().filter(|lane| library.is_some() || **lane == LANES[0]) {
            let mut after = micros(now);
            while let Some(upto) = self.end_of_slice(library.as_ref(), *lane, after).await? {
                flushed += self.flush_between(library.clone(), *lane, after, upto, now).await?;
                after = upto;
            }
        }
        if library.is_some() {
            return Ok(flushed);
        }
        let rows = query("select count(*) from message where waits_for is not null").fetch_one(&self.readers).await?;
        for receiver in self.waited_for().await? {
            self.call(receiver, FIRST_CALLED, now).await?;
        }
        Ok(flushed + u64::try_from(rows.try_get::<i64>(0)?).unwrap_or(0))
    }

    /// When the slice of waiting messages that begins after `after` ends; none when there is none.
    async fn end_of_slice(&self, library: Option<&LibraryCode>, lane: i64, after: i64) -> Result<Option<i64>> {
        let (of_all, of_one) = (
            "select max(due_at) from (select due_at from message \
             where due_at > $1 and waits_for is null order by due_at limit $2) as slice",
            "select max(due_at) from (select due_at from message \
             where library = $3 and lane = $4 and due_at > $1 order by due_at limit $2) as slice",
        );
        let slice = query(if library.is_some() { of_one } else { of_all }).bind(after).bind(SLICE);
        let slice = match library {
            Some(library) => slice.bind(library.as_str()).bind(lane),
            None => slice,
        };
        slice.fetch_one(&self.readers).await?.try_get(0)
    }

    async fn flush_between(
        &self,
        library: Option<LibraryCode>,
        lane: i64,
        after: i64,
        upto: i64,
        now: Timestamp,
    ) -> Result<u64> {
        let (of_all, of_one) = (
            "update message set due_at = $3 where id in (select id from message \
             where due_at > $1 and due_at <= $2 and waits_for is null) and coalesce(state, '') = 'delayed'",
            "update message set waits_for = null, due_at = $3 where id in (select id from message \
             where library = $4 and lane = $5 and due_at > $1 and due_at <= $2) and coalesce(state, '') = 'delayed'",
        );
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let slice = query(if library.is_some() { of_one } else { of_all });
                    let slice = slice.bind(after).bind(upto).bind(micros(now));
                    let slice = match library {
                        Some(library) => slice.bind(String::from(library)).bind(lane),
                        None => slice,
                    };
                    slice.execute(&mut *tx).await
                })
            })
            .await
    }
}
