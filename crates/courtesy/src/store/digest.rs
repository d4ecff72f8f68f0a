//! Notices that wait for others of their patron's, and the one message in which they are told together.
//!
//! In: which wait, and whose time has come. Out: the message of the day with the end of those that it tells, in one transaction: never
//! both leave, and never neither. A message that tells others is an event like any other; those that it tells name that event
//! (`told_in`), so that what became of it, the next ways that were tried after it among them, is what became of each. Not here:
//! which may wait (`intake`), and what the message says of each.

use std::collections::HashMap;

use jiff::Timestamp;

use super::accept::{NewEvent, accept_all};
use super::engine::{Row, Tx};
use super::erasure::hidden;
use super::message::{COLUMNS, message_from};
use super::statement::{Builder, Statement, checked, query};
use super::timeline::append;
use super::{MessageRow, Result, Store, from_json};
use crate::channel::Ladder;
use crate::clock::micros;
use crate::id::{EventId, MessageId};
use crate::library::LibraryCode;
use crate::timeline::{Entry, What};

/// Which messages wait for others. Whatever else happens to one, a claim or a person's word, ends that. Nearly all that is queued waits
/// for nobody, so they are not found by their state.
const WAITS: &str = concat!("digest_at is not null and ", checked!("state"), " = 'queued'");

/// Nothing is made for a patron who is being erased.
const HIDDEN: &str = hidden!("message.event");

/// A message that is told together with others, or waits to be, with what it is written from.
#[derive(Clone, Debug)]
pub struct Member {
    /// The message.
    pub row: MessageRow,
    /// Its event's fields, JSON.
    pub fields: String,
    /// What was told of its request, JSON; none where nothing is known of it.
    pub life: Option<String>,
    /// What is tried when it does not arrive.
    pub ladder: Ladder,
    /// What it has in common with those that it is told with.
    pub with: Option<Vec<u8>>,
}

fn columns() -> String {
    let more = ", (select fields from event where event.id = message.event), \
         (select life from request where request.library = message.library and request.request = message.request), \
         rungs, digest_of from message";
    COLUMNS.replacen(" from message", more, 1)
}

/// What is asked for libraries with something to tell together.
pub(super) fn asked_for_gathering(now: Timestamp) -> Statement {
    query(format!("select distinct library from message where {WAITS} and digest_at <= $1 order by library"))
        .bind(micros(now))
}

fn member_from(row: &Row) -> Result<Member> {
    let rungs: Option<String> = row.try_get(24)?;
    Ok(Member {
        row: message_from(row)?,
        fields: row.try_get::<Option<String>>(22)?.unwrap_or_default(),
        life: row.try_get(23)?,
        ladder: rungs.map(|rungs| from_json(&rungs)).transpose()?.unwrap_or_default(),
        with: row.try_get(25)?,
    })
}

impl Store {
    /// Libraries with messages whose time to be told together has come.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn libraries_to_gather(&self, now: Timestamp) -> Result<Vec<String>> {
        let rows = asked_for_gathering(now).fetch_all(&self.readers).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// Messages of `library` whose time to be told together has come, those that belong together one after the other; `most` at
    /// most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn to_gather(&self, library: &str, now: Timestamp, most: u32) -> Result<Vec<Member>> {
        let rows = query(format!(
            "{} where library = $1 and digest_of is not null and {WAITS} and digest_at <= $2 order by digest_of, id limit $3",
            columns()
        ))
        .bind(library)
        .bind(micros(now))
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(member_from).collect()
    }

    /// The messages that the messages of `event` tell together.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn gathered_in(&self, library: &LibraryCode, event: EventId) -> Result<Vec<Member>> {
        let rows = query(format!("{} where told_in = $1 and library = $2 order by id", columns()))
            .bind(event.to_bytes().to_vec())
            .bind(library.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(member_from).collect()
    }

    /// How it stands with the messages in which others were told, by their events: of each the last way that was tried.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn told_by(&self, library: &LibraryCode, events: &[EventId]) -> Result<HashMap<EventId, MessageRow>> {
        if events.is_empty() {
            return Ok(HashMap::new());
        }
        let mut asked = Builder::new(COLUMNS);
        asked.push(" where event in ");
        asked.push_list(events.iter().map(|event| event.to_bytes().to_vec()));
        // In a form that no index serves: a database is to look for the few events.
        asked.push(" and coalesce(library, '') = ").push_bind(library.as_str());
        // Not those that another message has taken the place of.
        asked.push(
            " and not exists (select 1 from seen_to where seen_to.library = message.library \
             and seen_to.message = message.id and seen_to.again is not null) order by id",
        );
        let rows = asked.build().fetch_all(&self.readers).await?;
        rows.iter().map(|row| message_from(row).map(|row| (row.event, row))).collect()
    }

    /// Makes messages that waited for others due now, each by itself.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn let_alone(&self, ids: Vec<MessageId>, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let mut alone = Builder::new("update message set digest_at = null, digest_of = null, due_at = ");
                    alone.push_bind(micros(now)).push(format_args!(" where {WAITS} and id in "));
                    alone.push_list(ids.iter().map(|id| id.to_bytes().to_vec()));
                    alone.build().execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Writes `event`, whose one message tells what the messages `ids` would have told, and ends these: all of it or nothing. False when
    /// one of them has left or was taken back meanwhile.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn gather(&self, event: NewEvent, ids: Vec<MessageId>, now: Timestamp) -> Result<bool> {
        let Some(into) = event.messages.first().map(|message| message.id) else { return Ok(false) };
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if !all_wait(tx, &ids).await? {
                        return Ok(false);
                    }
                    let mut end = Builder::new(
                        "update message set state = 'gathered', due_at = null, digest_at = null, digest_of = null, \
                         rungs = null, climb_at = null, waits_for = null, told_in = ",
                    );
                    end.push_bind(event.id.to_bytes().to_vec()).push(", changed_at = ").push_bind(micros(now));
                    end.push(format_args!(" where {WAITS} and library = ")).push_bind(event.library.as_str());
                    end.push(" and id in ").push_list(ids.iter().map(|id| id.to_bytes().to_vec()));
                    end.build().execute(&mut *tx).await?;
                    accept_all(tx, std::slice::from_ref(&event)).await?;
                    let entry = Entry { at: now, what: What::Gathered { into } };
                    append(tx, &ids.iter().map(|id| (*id, &entry)).collect::<Vec<_>>()).await?;
                    Ok(true)
                })
            })
            .await
    }
}

/// Whether all of them wait still, and of nobody who is being erased. On a shared database nobody else takes one from here on.
async fn all_wait(tx: &mut Tx, ids: &[MessageId]) -> Result<bool> {
    let mut asked = Builder::new(format!("select id from message where {WAITS} and not ({HIDDEN}) and id in "));
    asked.push_list(ids.iter().map(|id| id.to_bytes().to_vec())).push(" order by id");
    if tx.is_shared() {
        asked.push(" for update");
    }
    Ok(asked.build().fetch_all(&mut *tx).await?.len() == ids.len())
}

/// Ends those that the message of `event` left out when it was settled: what they would have told was no longer true.
pub(super) async fn leave_out(tx: &mut Tx, event: &[u8], entries: &[Entry]) -> Result<()> {
    for entry in entries {
        let What::LeftOut { message, cause, .. } = &entry.what else { continue };
        let done = query(
            "update message set state = 'cancelled', cause = $3, told_in = null, changed_at = $4 \
             where id = $1 and told_in = $2 and state = 'gathered'",
        )
        .bind(message.to_bytes().to_vec())
        .bind(event.to_vec())
        .bind(cause)
        .bind(micros(entry.at))
        .execute(&mut *tx)
        .await?;
        if done > 0 {
            append(tx, &[(*message, &Entry { at: entry.at, what: What::NotSent { cause: cause.clone() } })]).await?;
        }
    }
    Ok(())
}
