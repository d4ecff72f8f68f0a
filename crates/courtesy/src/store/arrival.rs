//! What became of messages, counted in the transaction that writes it: by library, day, provider, outcome and cause.
//!
//! In: messages that come to an end, or leave it again. Out: sums over weeks, which cost the weeks and not the messages.
//! A message counts on the day it was made. One that a receiver had accepted and that came back is taken off again.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;

use super::engine::{Row, Tx};
use super::statement::{Builder, query};
use super::{Result, Store};
use crate::clock::micros;
use crate::id::random_bytes;
use crate::library::LibraryCode;
use crate::queue::State;

/// The longest time, in seconds, of each span that a message may take to be accepted; one more is for what took longer.
pub const PACES_S: [i64; 6] = [10, 60, 600, 3_600, 14_400, 86_400];

const MICROS_A_DAY: i64 = 86_400_000_000;
const MICROS_A_SECOND: i64 = 1_000_000;

/// Rows counted by one statement.
const ROWS_PER_STATEMENT: usize = 500;

/// How many parts the counts are kept in where processes share a database: they seldom share a part.
const PARTS: u8 = 64;

/// The part of this process.
static PART: LazyLock<i64> = LazyLock::new(|| i64::from(random_bytes::<1>()[0] % PARTS));

/// Messages of one week that ended alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The week: [`week`].
    pub week: i64,
    /// The provider, or the receiver's domain; empty where nobody was asked.
    pub provider: String,
    /// How they ended: accepted, failed or suppressed.
    pub outcome: State,
    /// Why they did not arrive; empty for those that did.
    pub cause: String,
    /// Which of [`PACES_S`] they took.
    pub pace: usize,
    /// How many.
    pub messages: i64,
}

/// How the messages of one library ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArrivedAt {
    /// Accepted by receivers.
    pub accepted: i64,
    /// Not delivered, or not sent because the address is on the do-not-send list.
    pub failed: i64,
    /// Of those, by provider.
    pub failed_by: BTreeMap<String, i64>,
    /// The last day on which a message was made, in days since 1970.
    pub last_day: i64,
}

/// The week of `time`: weeks since Monday, 29 December 1969, UTC.
#[must_use]
pub fn week(time: Timestamp) -> i64 {
    week_of(micros(time).div_euclid(MICROS_A_DAY))
}

/// The Monday on which `week` begins, in days since 1970.
#[must_use]
pub fn monday(week: i64) -> i64 {
    week * 7 - 3
}

fn week_of(day: i64) -> i64 {
    (day + 3).div_euclid(7)
}

/// What is counted: library, day, provider, outcome, cause, pace.
type Key = (String, i64, String, &'static str, String, i64);

/// Messages that came to an end, or left it.
#[derive(Default)]
pub(super) struct Counted(BTreeMap<Key, i64>);

/// A message as it is counted.
pub(super) struct Ended<'a> {
    pub(super) library: &'a str,
    /// Microseconds since 1970.
    pub(super) created_at: i64,
    /// Microseconds since 1970.
    pub(super) ended_at: i64,
    pub(super) provider: Option<&'a str>,
    pub(super) state: State,
    pub(super) cause: Option<&'a str>,
}

impl Counted {
    /// Counts `times` messages like `ended`, where it is an end that is counted; −1 takes one off again.
    pub(super) fn count(&mut self, ended: &Ended<'_>, times: i64) {
        let is_accepted = ended.state == State::Accepted;
        if !is_accepted && !matches!(ended.state, State::Failed | State::Suppressed) {
            return;
        }
        let took = (ended.ended_at - ended.created_at) / MICROS_A_SECOND;
        let pace = PACES_S.iter().position(|most| took <= *most).unwrap_or(PACES_S.len());
        let pace = if is_accepted { i64::try_from(pace).unwrap_or(0) } else { 0 };
        let cause = ended.cause.filter(|_| !is_accepted).unwrap_or_default();
        let day = ended.created_at.div_euclid(MICROS_A_DAY);
        for library in [ended.library, ""] {
            let provider = ended.provider.unwrap_or_default().to_owned();
            let key = (library.to_owned(), day, provider, ended.state.code(), cause.to_owned(), pace);
            *self.0.entry(key).or_default() += times;
        }
    }

    /// Writes what was counted. In order of the keys, so that two transactions never wait for each other in a ring.
    pub(super) async fn write(self, tx: &mut Tx) -> Result<()> {
        let part = if tx.is_shared() { *PART } else { 0 };
        let rows: Vec<(Key, i64)> = self.0.into_iter().filter(|(_, messages)| *messages != 0).collect();
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            let mut add =
                Builder::new("insert into arrival (library, day, provider, outcome, cause, pace, part, messages) ");
            add.push_values(chunk, |row, ((library, day, provider, outcome, cause, pace), messages)| {
                row.push_bind(library)
                    .push_bind(*day)
                    .push_bind(provider)
                    .push_bind(*outcome)
                    .push_bind(cause)
                    .push_bind(*pace)
                    .push_bind(part)
                    .push_bind(*messages);
            });
            add.push(
                " on conflict (library, day, provider, outcome, cause, pace, part) \
                 do update set messages = arrival.messages + excluded.messages",
            );
            add.build().execute(&mut *tx).await?;
        }
        Ok(())
    }
}

impl Store {
    /// What became of the messages of `library` (none: of all) that were made from the week `from` to the week `to`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn arrived(&self, library: Option<&LibraryCode>, from: i64, to: i64) -> Result<Vec<Arrived>> {
        let rows = query(
            "select (day + 3) / 7, provider, outcome, cause, pace, cast(sum(messages) as bigint) from arrival \
             where library = $1 and day >= $2 and day < $3 group by 1, provider, outcome, cause, pace order by 1",
        )
        .bind(library.map_or("", LibraryCode::as_str))
        .bind(monday(from))
        .bind(monday(to + 1))
        .fetch_all(&self.readers)
        .await?;
        let found: Result<Vec<_>> = rows.iter().map(arrived_from).collect();
        Ok(found?.into_iter().filter(|one| one.messages > 0).collect())
    }

    /// How the messages of each library ended that were made since `since`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn arrived_by_library(&self, since: Timestamp) -> Result<BTreeMap<String, ArrivedAt>> {
        let rows = query(
            "select library, provider, outcome, cast(sum(messages) as bigint), max(day) from arrival \
             where day >= $1 and library <> '' group by library, provider, outcome",
        )
        .bind(micros(since).div_euclid(MICROS_A_DAY))
        .fetch_all(&self.readers)
        .await?;
        let mut found: BTreeMap<String, ArrivedAt> = BTreeMap::new();
        for row in &rows {
            let (library, provider, outcome): (String, String, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let messages: i64 = row.try_get(3)?;
            let at = found.entry(library).or_default();
            at.last_day = at.last_day.max(row.try_get(4)?);
            if outcome == State::Accepted.code() {
                at.accepted += messages;
            } else {
                at.failed += messages;
                *at.failed_by.entry(provider).or_default() += messages;
            }
        }
        Ok(found)
    }
}

/// Which messages are meant.
#[derive(Clone, Debug, Default)]
pub struct ArrivedFilter {
    /// The first week and the last.
    pub weeks: (i64, i64),
    /// To this provider.
    pub provider: Option<String>,
    /// Not accepted for this cause, or one below it.
    pub cause: Option<String>,
}

impl Store {
    /// How the messages of each library ended that fit `filter`: accepted, and not delivered.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn arrived_at_libraries(&self, filter: &ArrivedFilter) -> Result<BTreeMap<String, (i64, i64)>> {
        let mut asked = Builder::new(
            "select library, outcome, cast(sum(messages) as bigint) from arrival \
             where library <> '' and outcome <> 'suppressed' and day >= ",
        );
        asked.push_bind(monday(filter.weeks.0)).push(" and day < ").push_bind(monday(filter.weeks.1 + 1));
        if let Some(provider) = &filter.provider {
            asked.push(" and provider = ").push_bind(provider);
        }
        if let Some(cause) = &filter.cause {
            asked.push(" and (cause = ").push_bind(cause);
            asked.push(" or (cause >= ").push_bind(format!("{cause}."));
            asked.push(" and cause < ").push_bind(format!("{cause}/")).push("))");
        }
        asked.push(" group by library, outcome");
        let mut found: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for row in asked.build().fetch_all(&self.readers).await? {
            let (outcome, messages): (String, i64) = (row.try_get(1)?, row.try_get(2)?);
            let (accepted, failed) = found.entry(row.try_get(0)?).or_default();
            *if outcome == State::Accepted.code() { accepted } else { failed } += messages;
        }
        found.retain(|_, (accepted, failed)| *accepted + *failed > 0);
        Ok(found)
    }
}

fn arrived_from(row: &Row) -> Result<Arrived> {
    let outcome: String = row.try_get(2)?;
    Ok(Arrived {
        week: row.try_get(0)?,
        provider: row.try_get(1)?,
        outcome: State::from_code(&outcome).unwrap_or(State::Failed),
        cause: row.try_get(3)?,
        pace: usize::try_from(row.try_get::<i64>(4)?).unwrap_or(0).min(PACES_S.len()),
        messages: row.try_get(5)?,
    })
}
