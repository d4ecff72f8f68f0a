//! Ladders of messages: which are to be climbed, and the next rung, which takes the place of the one before.

use jiff::Timestamp;

use super::erasure::hidden;
use super::message::{COLUMNS, message_from};
use super::new_message::{NewMessage, Written, insert_messages};
use super::statement::{Statement, query};
use super::timeline::append;
use super::unreached::remember_repeat;
use super::{MessageRow, Result, Store, from_json};
use crate::channel::Ladder;
use crate::clock::micros;
use crate::timeline::{Entry, What};

/// What did not arrive, and has another way left. This and the two below are each asked for alone: of an `or` SQLite would look at all
/// that waits; and that none of them is accepted is said so that it takes the index of what climbs.
const FAILED: &str = "rungs is not null and state <> 'accepted' and state in ('failed', 'suppressed')";

/// What has waited long enough. One that is being sent at this moment has not.
const LATE: &str =
    "rungs is not null and state <> 'accepted' and state in ('queued', 'delayed', 'held') and climb_at <= ";

/// A notification that a push service took also waits: for its device to say that it was shown. It has an index of its own, for the
/// messages that were accepted are many.
const UNSEEN: &str = "rungs is not null and state = 'accepted' and channel = 'push' and climb_at <= ";

/// Nothing follows for a patron who is being erased.
const HIDDEN: &str = hidden!("message.event");

/// What is asked for messages that are to be climbed: those that failed, those that wait, those that nobody saw.
pub(super) fn asked_for_climbing(now: Timestamp, most: u32) -> [Statement; 3] {
    let columns = COLUMNS.replacen(" from message", ", rungs from message", 1);
    let asked = |which: &str| {
        let order = if which == UNSEEN { "climb_at" } else { "state, climb_at" };
        let before = if which == FAILED { "" } else { " $2" };
        query(format!("{columns} where {which}{before} and not ({HIDDEN}) order by {order} limit $1"))
            .bind(i64::from(most))
    };
    [asked(FAILED), asked(LATE).bind(micros(now)), asked(UNSEEN).bind(micros(now))]
}

impl Store {
    /// Messages that did not arrive and have another way left, and those that have waited long enough for it; `most` of
    /// each kind at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn to_climb(&self, now: Timestamp, most: u32) -> Result<Vec<(MessageRow, Ladder)>> {
        let mut all = Vec::new();
        for asked in asked_for_climbing(now, most) {
            for row in asked.fetch_all(&self.readers).await? {
                all.push((message_from(&row)?, from_json(&row.try_get::<String>(22)?)?));
            }
        }
        Ok(all)
    }

    /// Ends the ladder of `old` with `next`, the message on its next rung; none: no rung is left that can be used. One that still
    /// waits is taken back in the same transaction, so that never both leave. False when somebody else was first, or it has left.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn climb(&self, old: MessageRow, next: Option<NewMessage>, now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let taken = query(format!(
                        "update message set rungs = null, climb_at = null, waits_for = null, digest_at = null, digest_of = null, \
                         due_at = case when state in ('failed', 'suppressed') then due_at else null end, \
                         state = case when state in ('failed', 'suppressed', 'accepted') then state else 'cancelled' end, \
                         changed_at = case when state = 'accepted' then changed_at else $3 end \
                         where id = $1 and library = $2 and ({FAILED} or {LATE} $3 or {UNSEEN} $3) and not ({HIDDEN}) returning state"
                    ))
                    .bind(old.id.to_bytes().to_vec())
                    .bind(old.library.as_str().to_owned())
                    .bind(micros(now))
                    .fetch_optional(&mut *tx)
                    .await?;
                    let Some(taken) = taken else { return Ok(false) };
                    let Some(next) = next else { return Ok(true) };
                    let waited = ["cancelled", "accepted"].contains(&taken.try_get::<String>(0)?.as_str());
                    let climbed = What::Climbed { again: next.id, channel: next.channel, waited };
                    let written =
                        Written { library: &old.library, event: old.event, request: &old.request, at: now, message: &next };
                    insert_messages(tx, &[written]).await?;
                    remember_repeat(tx, &old.library, old.id, next.id, "courtesy", now).await?;
                    append(tx, &[(old.id, &Entry { at: now, what: climbed })]).await?;
                    Ok(true)
                })
            })
            .await
    }
}
