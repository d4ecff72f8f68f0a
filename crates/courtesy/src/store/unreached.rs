//! What pages count and list: patrons we could not reach, the last days in numbers, and messages of one patron.
//!
//! Every statement is bounded: it walks one index over a span or a number of rows that does not grow with the years.

use jiff::Timestamp;

use super::message::{COLUMNS, message_from};
use super::statement::query;
use super::{MessageRow, Result, Store};
use crate::clock::micros;
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::queue::State;

/// Messages counted at most: a page says "more than" beyond it.
pub const COUNTED_MAX: i64 = 5_000;

/// Messages among which a patron's name is looked for.
const SEARCHED_MAX: i64 = 20_000;

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
    /// Patron messages of `library` since `since` that ended or stopped without reaching anybody, that were not sent
    /// again since and that nobody has marked as handled; the newest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn unreached(&self, library: &LibraryCode, since: Timestamp, most: i64) -> Result<Vec<MessageRow>> {
        let text = format!(
            "{COLUMNS} where library = $1 and state in ('failed', 'held', 'suppressed') and id >= $2 \
             and notice not like '%.borrowing' and notice not like '%.lending' and notice not like '%.operator' \
             and not exists (select 1 from handled where handled.message = message.id) \
             and not exists (select 1 from message as later where later.event = message.event \
                 and later.notice = message.notice and later.created_at > message.created_at) \
             order by id desc limit $3"
        );
        let rows =
            query(text).bind(library.as_str()).bind(first_id_at(since)).bind(most).fetch_all(&self.readers).await?;
        rows.iter().map(message_from).collect()
    }

    /// Notes that somebody has taken care of a message that did not arrive, and how.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn handled(
        &self,
        library: LibraryCode,
        id: MessageId,
        how: &'static str,
        by: String,
        now: Timestamp,
    ) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into handled (message, library, how, by_whom, at) values ($1, $2, $3, $4, $5) \
                         on conflict (message) do nothing",
                    )
                    .bind(id.to_bytes().to_vec())
                    .bind(library.as_str())
                    .bind(how)
                    .bind(&by)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// How a message was taken care of: how, by whom, when.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn handled_how(
        &self,
        library: &LibraryCode,
        id: MessageId,
    ) -> Result<Option<(String, String, Timestamp)>> {
        let row = query("select how, by_whom, at from handled where message = $1 and library = $2")
            .bind(id.to_bytes().to_vec())
            .bind(library.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?, crate::clock::from_micros(row.try_get(2)?)))).transpose()
    }

    /// How the messages of `library` since `since` stand, each state counted up to [`COUNTED_MAX`].
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn tally(&self, library: &LibraryCode, since: Timestamp) -> Result<Tally> {
        let counts = State::ALL.map(|state| {
            format!(
                "select '{}', count(*) from (select 1 as one from message where library = $1 and state = '{}' \
                 and id >= $2 limit $3) as some",
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
                Some(State::Cancelled) | None => {}
            }
        }
        Ok(tally)
    }

    /// Messages of `library` that `what` may mean, the newest first: the request's number, the patron's address, or a
    /// part of the patron's name or number among the newest messages.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn search(
        &self,
        library: &LibraryCode,
        what: &str,
        before: Option<MessageId>,
        most: i64,
    ) -> Result<Vec<MessageRow>> {
        let before = before.map_or_else(|| vec![0xff; 16], |id| id.to_bytes().to_vec());
        let exact = format!(
            "{COLUMNS} where library = $1 and id < $2 and event in \
             (select event.id from event where event.library = $1 and event.request = $3) order by id desc limit $4"
        );
        let rows =
            query(exact).bind(library.as_str()).bind(&before).bind(what).bind(most).fetch_all(&self.readers).await?;
        if !rows.is_empty() {
            return rows.iter().map(message_from).collect();
        }
        let named = format!(
            "{COLUMNS} where library = $1 and id in (select newest.id from \
                 (select id, event, address from message where library = $1 and id < $2 order by id desc limit $3) \
                 as newest join event on event.id = newest.event \
                 where lower(newest.address) like $4 escape '!' or lower(event.fields) like $5 escape '!') \
             order by id desc limit $6"
        );
        let like = what.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let rows = query(named)
            .bind(library.as_str())
            .bind(&before)
            .bind(SEARCHED_MAX)
            .bind(format!("%{like}%"))
            // The patron stands before the fields of the item in an event's JSON.
            .bind(format!("{{\"patron\":{{%{like}%\"fields\":{{%"))
            .bind(most)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(message_from).collect()
    }

    /// Messages of one request of `library`, the newest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn messages_of_request(&self, library: &LibraryCode, request: &str) -> Result<Vec<MessageRow>> {
        /// More notices than a loan has.
        const MOST: i64 = 50;
        let text = format!(
            "{COLUMNS} where library = $1 and event in \
             (select event.id from event where event.library = $1 and event.request = $2) order by id desc limit $3"
        );
        let rows = query(text).bind(library.as_str()).bind(request).bind(MOST).fetch_all(&self.readers).await?;
        rows.iter().map(message_from).collect()
    }
}

/// The smallest id of `time`: ids sort by the time they were made.
fn first_id_at(time: Timestamp) -> Vec<u8> {
    let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
    [&millis.to_be_bytes()[2..], &[0; 10]].concat()
}
