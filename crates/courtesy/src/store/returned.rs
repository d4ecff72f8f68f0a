//! What came back, joined to the message it is about, with all that follows from it in one transaction.

use jiff::Timestamp;

use super::arrival::{Counted, Ended};
use super::do_not_send::note;
use super::engine::{Row, Tx};
use super::new_message::{NewMessage, Written, insert_messages};
use super::statement::{either, query};
use super::timeline::append;
use super::unreached::remember_repeat;
use super::{Result, Store, StoreError, id_from, nameless};
use crate::clock::micros;
use crate::id::{EventId, MessageId};
use crate::library::LibraryCode;
use crate::outcome::stop::Strike;
use crate::queue::State;
use crate::sender::SenderKind;
use crate::timeline::{Entry, News, Returned, What};

/// What became of a returned mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// It is in the timeline.
    Written {
        /// Whether the message, which a receiver had accepted, has now failed.
        failed: bool,
        /// Whether it goes out again under another sender.
        again: bool,
        /// Whether the address was put on the do-not-send list.
        stopped: bool,
    },
    /// It was there before.
    Known,
    /// Its patron is erased, or is being: it counts, and what was said is not kept.
    Counted {
        /// Whether the message, which a receiver had accepted, has now failed.
        failed: bool,
    },
    /// The message is being sent: what it came to is not written yet, and must not be written over this.
    NotSettled,
    /// There is no such message.
    NoSuchMessage,
}

/// What follows for a message that a receiver had accepted. The rest is in its timeline alone.
#[derive(Clone, Debug, Default)]
pub struct Follows {
    /// The senders it was refused under, where it goes out again under another.
    pub refused: Option<String>,
    /// What is said against its address.
    pub strike: Option<Strike>,
    /// The message that repeats it later.
    pub repeat: Option<NewMessage>,
}

impl Store {
    /// Joins a line about a returned mail to the timeline of `id`, once for each mail, and does what follows. Where it says
    /// that somebody gave up, a message that was accepted has failed, or goes out again; one that still waits is tried
    /// again all the same. The library is the message's own: the address that named it bears our signature.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn join_returned(&self, id: MessageId, entry: Entry, follows: Follows) -> Result<Joined> {
        self.writer.write(move |tx| Box::pin(async move { join(tx, id, entry, follows).await })).await
    }

    /// The senders that a message was refused under. The caller has looked at whose message it is.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn refused_under(&self, id: MessageId) -> Result<Vec<SenderKind>> {
        let row = query("select refused from message where id = $1")
            .bind(id.to_bytes().to_vec())
            .fetch_optional(&self.readers)
            .await?;
        let refused: String = row.map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
        Ok(refused.split(',').filter_map(SenderKind::from_code).collect())
    }
}

macro_rules! row_for_join {
    ($lock:literal) => {
        concat!(
            "select state, library, event, request, created_at, changed_at, provider, \
             case when rungs is null then 0 else 1 end from message where id = $1",
            $lock
        )
    };
}

async fn join(tx: &mut Tx, id: MessageId, entry: Entry, mut follows: Follows) -> Result<Joined> {
    let What::Returned(returned) = &entry.what else { return Ok(Joined::Known) };
    let is_nameless = nameless::is(tx, id).await?;
    if is_nameless {
        // Nothing goes out again to somebody who is erased.
        follows = Follows { strike: follows.strike, ..Follows::default() };
    }
    // Locked where others may write: what is decided here is about the message as it stands.
    let Some(row) = either(row_for_join!(""), row_for_join!(" for update"))
        .bind(id.to_bytes().to_vec())
        .fetch_optional(&mut *tx)
        .await?
    else {
        return Ok(Joined::NoSuchMessage);
    };
    if is_known(tx, id, returned).await? {
        return Ok(Joined::Known);
    }
    let code: String = row.try_get(0)?;
    let state = State::from_code(&code).ok_or_else(|| StoreError::Corrupt(format!("the state {code}")))?;
    if returned.news == News::Failed && state == State::Sending {
        return Ok(Joined::NotSettled);
    }
    let library: String = row.try_get(1)?;
    let library = LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let mut entries = vec![entry.clone()];
    let mut more = |what| entries.push(Entry { at: entry.at, what });
    let stopped = match &follows.strike {
        Some(strike) => note(tx, strike).await?,
        None => false,
    };
    if stopped {
        more(What::AddressStopped { cause: returned.cause.clone() });
    }
    let over = returned.news == News::Failed && state == State::Accepted;
    let again = over && follows.refused.is_some();
    if again {
        more(What::SenderChanged { cause: returned.cause.clone() });
    }
    // Another way is quicker than waiting for this one.
    let has_next = row.try_get::<i64>(7)? != 0;
    if let (true, false, false, Some(repeat)) = (over, again, has_next, &follows.repeat) {
        let by = "courtesy".to_owned();
        more(What::Resent { by: by.clone(), again: repeat.id });
        let event = EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(2)?)?);
        let request: String = row.try_get(3)?;
        let written = Written { library: &library, event, request: &request, at: entry.at, message: repeat };
        insert_messages(tx, &[written]).await?;
        remember_repeat(tx, &library, id, repeat.id, &by, entry.at).await?;
    }
    if over || returned.news == News::Complaint && state == State::Accepted {
        if over {
            uncount(tx, &row, &library, (!again).then_some(returned.cause.as_str()), entry.at).await?;
        }
        now_is(tx, id, &entry, &returned.cause, follows.refused.filter(|_| over), over).await?;
    }
    let lines: Vec<(MessageId, &Entry)> = entries.iter().map(|entry| (id, entry)).collect();
    append(tx, &lines).await?;
    if is_nameless {
        return Ok(Joined::Counted { failed: over });
    }
    Ok(Joined::Written { failed: over && !again, again, stopped })
}

/// A message counts as accepted no more; and as failed where it has a `cause`.
async fn uncount(tx: &mut Tx, row: &Row, library: &LibraryCode, cause: Option<&str>, at: Timestamp) -> Result<()> {
    let provider: Option<String> = row.try_get(6)?;
    let accepted = Ended {
        library: library.as_str(),
        created_at: row.try_get(4)?,
        ended_at: row.try_get(5)?,
        provider: provider.as_deref(),
        state: State::Accepted,
        cause: None,
    };
    let mut counted = Counted::default();
    counted.count(&accepted, -1);
    if cause.is_some() {
        counted.count(&Ended { ended_at: micros(at), state: State::Failed, cause, ..accepted }, 1);
    }
    counted.write(tx).await
}

/// Gives a message that was accepted its next state: it failed, or goes out again, or stays with what was complained of.
async fn now_is(
    tx: &mut Tx,
    id: MessageId,
    entry: &Entry,
    cause: &str,
    refused: Option<String>,
    over: bool,
) -> Result<()> {
    let (state, due_at) = match (over, &refused) {
        (false, _) => (State::Accepted, None),
        (true, Some(_)) => (State::Queued, Some(micros(entry.at))),
        (true, None) => (State::Failed, None),
    };
    query(
        "update message set state = $2, cause = $3, changed_at = $4, due_at = $5, refused = coalesce($6, refused) \
         where id = $1 and state = 'accepted'",
    )
    .bind(id.to_bytes().to_vec())
    .bind(state.code())
    .bind(cause)
    .bind(micros(entry.at))
    .bind(due_at)
    .bind(refused)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The same mail under its id; or under another, where a server handed it in twice because our 250 got lost.
async fn is_known(tx: &mut Tx, id: MessageId, returned: &Returned) -> Result<bool> {
    let known = either(
        "select 1 from timeline where message = $1 \
         and (json_extract(what, '$.report') = $2 or json_extract(what, '$.digest') = $3)",
        "select 1 from timeline where message = $1 \
         and (what::json ->> 'report' = $2 or what::json ->> 'digest' = $3)",
    )
    .bind(id.to_bytes().to_vec())
    .bind(returned.report.to_string())
    .bind(&returned.digest)
    .fetch_optional(&mut *tx)
    .await?;
    Ok(known.is_some())
}
