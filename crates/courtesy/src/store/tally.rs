//! The last days in numbers. Bounded: each state is counted over a span of one index, up to a number.

use std::collections::HashMap;

use jiff::Timestamp;

use super::statement::query;
use super::{Result, Store};
use crate::library::LibraryCode;
use crate::notice::catalogue::Notice;
use crate::queue::State;

/// Messages counted at most: a page says "more than" beyond it.
pub const COUNTED_MAX: i64 = 5_000;

/// How messages of the last days stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them, each state up to [`COUNTED_MAX`].
    pub all: i64,
    /// Accepted by a receiver.
    pub accepted: i64,
    /// Could not be delivered, or stand on the do-not-send list.
    pub failed: i64,
    /// Wait for a decision.
    pub held: i64,
    /// On their way, or tried again.
    pub under_way: i64,
    /// Whether there are more than were counted.
    pub is_cut: bool,
}

impl Store {
    /// How the messages of `library` since `since` stand, each state counted up to [`COUNTED_MAX`].
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn tally(&self, library: &LibraryCode, since: Timestamp) -> Result<Tally> {
        let counts = State::ALL.map(|state| {
            format!(
                "select '{}', count(*) from (select 1 as one from message where library = $1 and state = '{}' \
                 and id >= $2 limit $3) as found",
                state.code(),
                state.code()
            )
        });
        let rows = query(counts.join(" union all "))
            .bind(library.as_str())
            .bind(first_id_at(since))
            .bind(COUNTED_MAX)
            .fetch_all(&self.readers)
            .await?;
        let mut tally = Tally::default();
        for row in rows {
            let (state, count): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            tally.all += count;
            tally.is_cut |= count >= COUNTED_MAX;
            match State::from_code(&state) {
                Some(State::Accepted) => tally.accepted += count,
                Some(State::Failed | State::Suppressed) => tally.failed += count,
                Some(State::Held) => tally.held += count,
                Some(State::Queued | State::Sending | State::Delayed) => tally.under_way += count,
                // Those told together count as the one message that they were told in.
                Some(State::Gathered) => tally.all -= count,
                Some(State::Cancelled) | None => {}
            }
        }
        Ok(tally)
    }
}

/// Messages of one notice counted at most: forty notices are counted for one page.
pub const COUNTED_OF_NOTICE_MAX: i64 = 1_000;

impl Store {
    /// How many messages of each of `notices` were made for `library` since `since`, each counted up to
    /// [`COUNTED_OF_NOTICE_MAX`]. The codes are those of the catalogue.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn sent_of_notices(
        &self,
        library: &LibraryCode,
        notices: &[Notice],
        since: Timestamp,
    ) -> Result<HashMap<String, i64>> {
        if notices.is_empty() {
            return Ok(HashMap::new());
        }
        let counts = notices.iter().map(|notice| {
            let code = notice.code();
            format!(
                "select '{code}', count(*) from (select 1 as one from message where library = $1 and notice = '{code}' \
                 and id >= $2 limit $3) as found"
            )
        });
        let rows = query(counts.collect::<Vec<_>>().join(" union all "))
            .bind(library.as_str())
            .bind(first_id_at(since))
            .bind(COUNTED_OF_NOTICE_MAX)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

/// The smallest id of `time`: ids sort by the time they were made.
pub(super) fn first_id_at(time: Timestamp) -> Vec<u8> {
    let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
    [&millis.to_be_bytes()[2..], &[0; 10]].concat()
}

impl Store {
    /// How many messages of all libraries are not at their end, by state, each counted up to [`COUNTED_MAX`].
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn unfinished(&self) -> Result<Vec<(State, i64)>> {
        let mut found = Vec::new();
        for state in State::ALL.into_iter().filter(|state| !state.is_final()) {
            let row = query("select count(*) from (select 1 as one from message where state = $1 limit $2) as these")
                .bind(state.code())
                .bind(COUNTED_MAX)
                .fetch_one(&self.readers)
                .await?;
            found.push((state, row.try_get(0)?));
        }
        Ok(found)
    }
}
