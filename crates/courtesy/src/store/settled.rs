//! Settling what became of claimed messages.
//!
//! In: the outcomes of attempts. Out: the messages' next states with the lines of their timelines; and which outcomes those were. Whose message
//! another process has taken over has no say in it any more and is told nowhere; but a receiver's word that it has the mail is true whoever
//! heard it, and keeps the mail from leaving once more. Not here: claiming (`queue`), and what follows an outcome (`crate::queue`).

use std::collections::HashMap;

use jiff::Timestamp;

use super::arrival::{Counted, Ended};
use super::engine::{Row, Tx};
use super::statement::{Builder, query};
use super::timeline::append;
use super::{Result, Store, StoreError, digest};
use crate::clock::micros;
use crate::id::MessageId;
use crate::queue::{State, WaitsFor};
use crate::timeline::{Entry, What};

/// Rows a settling statement changes at most: eleven parameters each.
const ROWS_PER_STATEMENT: usize = 500;

/// What a settled row gives back.
macro_rules! settled_row {
    () => {
        " returning message.library, message.created_at, message.changed_at, message.provider, message.state, message.cause, \
         message.id, message.event, message.attempts"
    };
}

/// What became of a claimed message.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Which.
    pub id: MessageId,
    /// The attempt that settles it.
    pub attempt: u32,
    /// Whether the attempt counts. One handed back untried does not.
    pub tried: bool,
    /// Its new state.
    pub state: State,
    /// Why.
    pub cause: Option<String>,
    /// When it is due again.
    pub due_at: Option<Timestamp>,
    /// Senders it was refused under, now.
    pub refused: String,
    /// The sender used.
    pub sender: Option<String>,
    /// The provider's name.
    pub provider: Option<String>,
    /// The receiver it waits for: [`Store::call`] makes it due before its time.
    pub waits_for: Option<WaitsFor>,
    /// When.
    pub at: Timestamp,
    /// New lines of its timeline.
    pub entries: Vec<Entry>,
}

impl Settled {
    /// Tells its row, as it is returned, from that of every other outcome: the message, the attempts counted, when.
    fn key(&self) -> Key {
        (self.id.to_bytes().to_vec(), i64::from(self.attempt) - i64::from(!self.tried), micros(self.at))
    }
}

type Key = (Vec<u8>, i64, i64);

impl Store {
    /// Writes what became of claimed messages; answers after it is on disk. A message whose lease has been taken
    /// over (its attempt number has moved on), or which was taken back, is left alone; only a receiver's acceptance settles it
    /// all the same, as long as it is not over. Gives for each whether it was written: what was not is told nowhere.
    ///
    /// # Errors
    /// When the store is broken; try again until it is not.
    pub async fn settle(&self, settled: Vec<Settled>) -> Result<Vec<bool>> {
        self.writer.settle(settled).await
    }
}

/// What was written, and what is counted of it.
#[derive(Default)]
struct Written {
    counted: Counted,
    /// The event of each.
    events: HashMap<Key, Vec<u8>>,
}

pub(super) async fn settle_all(tx: &mut Tx, settled: &[Settled]) -> Result<Vec<bool>> {
    let mut written = Written::default();
    for chunk in settled.chunks(ROWS_PER_STATEMENT) {
        in_time(tx, chunk, &mut written).await?;
    }
    for one in settled {
        if one.tried && one.state == State::Accepted && !written.events.contains_key(&one.key()) {
            accepted_late(tx, one, &mut written).await?;
        }
    }
    written.counted.write(tx).await?;
    let is_written: Vec<bool> = settled.iter().map(|one| written.events.contains_key(&one.key())).collect();
    let told = || settled.iter().zip(&is_written).filter_map(|(one, is_written)| is_written.then_some(one));
    let entries: Vec<(MessageId, &Entry)> =
        told().flat_map(|one| one.entries.iter().map(move |entry| (one.id, entry))).collect();
    append(tx, &entries).await?;
    let is_left_out = |entry: &Entry| matches!(entry.what, What::LeftOut { .. });
    for one in told().filter(|one| one.entries.iter().any(is_left_out)) {
        if let Some(event) = written.events.get(&one.key()) {
            digest::leave_out(tx, event, &one.entries).await?;
        }
    }
    Ok(is_written)
}

/// Settles those that are still with the attempt that says so.
async fn in_time(tx: &mut Tx, chunk: &[Settled], written: &mut Written) -> Result<()> {
    let mut query = Builder::new(
        "update message set state = v.state, cause = v.cause, due_at = v.due_at, refused = v.refused, \
         sender = coalesce(v.sender, message.sender), provider = coalesce(v.provider, message.provider), \
         changed_at = v.at, attempts = message.attempts - v.untried, waits_for = v.waits_for \
         from (select column1 as id, column2 as attempt, column3 as state, column4 as cause, column5 as due_at, \
         column6 as refused, column7 as sender, column8 as provider, column9 as at, column10 as untried, \
         column11 as waits_for from (",
    );
    query.push_values(chunk, |row, one| {
        row.push_bind(one.id.to_bytes().to_vec())
            .push_bind(i64::from(one.attempt))
            .push_bind(one.state.code())
            .push_bind(&one.cause)
            .push_bind(one.due_at.map(micros))
            .push_bind(&one.refused)
            .push_bind(&one.sender)
            .push_bind(&one.provider)
            .push_bind(micros(one.at))
            .push_bind(i64::from(!one.tried))
            .push_bind(one.waits_for.map(|receiver| receiver.0));
    });
    query.push(concat!(
        ") as given) as v where message.id = v.id and message.attempts = v.attempt and message.state = 'sending'",
        settled_row!()
    ));
    for row in query.build().fetch_all(&mut *tx).await? {
        written.note(&row, (row.try_get(6)?, row.try_get(8)?, row.try_get(2)?))?;
    }
    Ok(())
}

/// Settles a message that a receiver has, though another attempt has begun since or waits to begin. One acceptance settles once: where its
/// line stands, what came after it stays.
async fn accepted_late(tx: &mut Tx, one: &Settled, written: &mut Written) -> Result<()> {
    let row = query(concat!(
        "update message set state = $3, cause = $4, due_at = null, waits_for = null, sender = coalesce($5, sender), \
         provider = coalesce($6, provider), changed_at = $7 \
         where id = $1 and attempts >= $2 and state in ('sending', 'queued', 'delayed') \
         and not exists (select 1 from timeline where timeline.message = $1 and timeline.at = $7)",
        settled_row!()
    ))
    .bind(one.id.to_bytes().to_vec())
    .bind(i64::from(one.attempt))
    .bind(one.state.code())
    .bind(&one.cause)
    .bind(&one.sender)
    .bind(&one.provider)
    .bind(micros(one.at))
    .fetch_optional(&mut *tx)
    .await?;
    row.map_or(Ok(()), |row| written.note(&row, one.key()))
}

impl Written {
    /// Counts a message as it was settled.
    fn note(&mut self, row: &Row, key: Key) -> Result<()> {
        let library: String = row.try_get(0)?;
        let (provider, code, cause): (Option<String>, String, Option<String>) =
            (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
        let state = State::from_code(&code).ok_or_else(|| StoreError::Corrupt(format!("the state {code}")))?;
        let ended = Ended {
            library: &library,
            created_at: row.try_get(1)?,
            ended_at: row.try_get(2)?,
            provider: provider.as_deref(),
            state,
            cause: cause.as_deref(),
        };
        self.counted.count(&ended, 1);
        self.events.insert(key, row.try_get(7)?);
        Ok(())
    }
}
