//! Messages as people look at them: lists, one message, its timeline; and what people may do to one.

use std::collections::HashMap;

use jiff::Timestamp;
use standards::address::Address;

use super::audit::{Deed, note};
use super::engine::{Row, Tx};
use super::erasure::{event_is_hidden, hidden};
use super::new_message::{NewMessage, Written, insert_messages};
use super::statement::{Builder, query};
use super::timeline::append;
use super::unreached::{remember_repeat, standing_repeat, waiting_in_place};
use super::{Result, Store, StoreError, from_json, id_from, nameless};
use crate::channel::Channel;
use crate::clock::{from_micros, micros};
use crate::id::{EventId, MessageId};
use crate::library::LibraryCode;
use crate::queue::State;
use crate::timeline::{Entry, What};

/// A message as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// Whose.
    pub library: LibraryCode,
    /// The event it was written for.
    pub event: EventId,
    /// The request's number.
    pub request: String,
    /// The notice's code.
    pub notice: String,
    /// The language's tag.
    pub language: String,
    /// Which way it goes.
    pub channel: Channel,
    /// Where it goes; empty where there is no address.
    pub address: String,
    /// Whose words: a library, the empty text for the consortium, none for the built-in ones.
    pub words_of: Option<String>,
    /// Which version of them.
    pub words_version: i64,
    /// Its state.
    pub state: State,
    /// Why, where there is a reason.
    pub cause: Option<String>,
    /// When it is due; none when nothing happens by itself.
    pub due_at: Option<Timestamp>,
    /// When it ends at the latest.
    pub deadline: Timestamp,
    /// Attempts so far.
    pub attempts: i64,
    /// The sender of the last attempt.
    pub sender: Option<String>,
    /// The mailbox provider.
    pub provider: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// When somebody printed it, of a letter.
    pub printed_at: Option<Timestamp>,
    /// Until when it waits for others to be told together with; none where it waits for none.
    pub gather_at: Option<Timestamp>,
    /// The event of the message in which it was told together with others.
    pub told_in: Option<EventId>,
}

impl MessageRow {
    /// The domain it goes to; none where it goes to no mailbox.
    #[must_use]
    pub fn receiver(&self) -> Option<String> {
        Address::parse(&self.address).ok().map(|address| address.domain().to_string())
    }
}

/// What became of a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// It is written.
    Now,
    /// The same address has one already, which waits or was accepted: nothing was written.
    Before(MessageId),
    /// The old one is being sent at this moment: nothing was written.
    UnderWay,
    /// Its patron is erased, or is being: nothing was written.
    Nameless,
}

/// Which messages to list. Every part narrows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one library.
    pub library: Option<LibraryCode>,
    /// In one state.
    pub state: Option<State>,
    /// With a cause, or one below it: `auth` finds `auth.dmarc`.
    pub cause: Option<String>,
    /// Of one request.
    pub request: Option<String>,
    /// Of one notice.
    pub notice: Option<String>,
    /// Answered by one provider, by its name as the messages have it.
    pub provider: Option<String>,
    /// Made at this time or later.
    pub since: Option<Timestamp>,
    /// Made before this time.
    pub until: Option<Timestamp>,
    /// Older than this one: the cursor.
    pub before: Option<MessageId>,
}

/// Where it goes is told of nobody who is being erased.
pub(super) const COLUMNS: &str = concat!(
    "select id, library, event, request, notice, language, case when ",
    hidden!("message.event"),
    " then '' else message.address end as address, words_of, words_version, state, cause, due_at, deadline, attempts, sender, \
     provider, created_at, changed_at, channel, printed_at, digest_at, told_in from message"
);

/// The lines of a message; whether what its receiver said is nobody's business any more.
const LINES: &str = concat!(
    "select at, what, (select count(*) from message where message.id = timeline.message and ",
    hidden!("message.event"),
    ") from timeline where message = $1 order by at, n"
);

impl Store {
    /// One message of `library` (none: of any, for the consortium).
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn message(&self, library: Option<&LibraryCode>, id: MessageId) -> Result<Option<MessageRow>> {
        let row = query(format!("{COLUMNS} where id = $1"))
            .bind(id.to_bytes().to_vec())
            .fetch_optional(&self.readers)
            .await?;
        let message = row.as_ref().map(message_from).transpose()?;
        Ok(message.filter(|message| library.is_none_or(|library| message.library == *library)))
    }

    /// The messages written for one event of `library`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn messages_of_event(&self, library: &LibraryCode, event: EventId) -> Result<Vec<MessageRow>> {
        let rows = query(format!("{COLUMNS} where event = $1 and library = $2 order by id"))
            .bind(event.to_bytes().to_vec())
            .bind(library.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(message_from).collect()
    }

    /// A message's history, the oldest first. The caller has looked at whose message it is.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn timeline(&self, id: MessageId) -> Result<Vec<Entry>> {
        let rows = query(LINES).bind(id.to_bytes().to_vec()).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let what: String = row.try_get(1)?;
                let is_hidden = row.try_get::<i64>(2)? > 0;
                let what: What = from_json(&what)?;
                let what = if is_hidden { what.without_words() } else { what };
                Ok(Entry { at: from_micros(row.try_get(0)?), what })
            })
            .collect()
    }

    /// The fields of an event of `library`, as JSON.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn event_fields(&self, library: &LibraryCode, event: EventId) -> Result<Option<String>> {
        let row = query(format!("select {FIELDS} from event where id = $1 and library = $2"))
            .bind(event.to_bytes().to_vec())
            .bind(library.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// The fields of these events of `library`, as JSON.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn events_fields(&self, library: &LibraryCode, events: &[EventId]) -> Result<HashMap<EventId, String>> {
        if events.is_empty() {
            return Ok(HashMap::new());
        }
        let mut query = Builder::new(format!("select id, {FIELDS} from event where id in "));
        query.push_list(events.iter().map(|event| event.to_bytes().to_vec()));
        // In a form that no index serves: SQLite would rather read all events of the library than a few by their ids.
        query.push(" and coalesce(library, '') = ").push_bind(library.as_str());
        let rows = query.build().fetch_all(&self.readers).await?;
        let fields = rows.iter().map(|row| {
            let id = EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
            Ok((id, row.try_get(1)?))
        });
        fields.collect()
    }

    /// Takes a waiting message back. False when it is under way or over.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn cancel(&self, library: LibraryCode, id: MessageId, by: String, now: Timestamp) -> Result<bool> {
        let deed = Deed::new(Some(&library), by.as_str(), "message.cancelled", id.to_string(), now);
        let entry = Entry { at: now, what: What::Cancelled { by } };
        self.noting(deed).change_waiting(library, id, State::Cancelled, None, entry, now).await
    }

    /// Puts a held or delayed message back into the queue, due now. False when it is under way or over.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn release(&self, library: LibraryCode, id: MessageId, by: String, now: Timestamp) -> Result<bool> {
        let deed = Deed::new(Some(&library), by.as_str(), "message.released", id.to_string(), now);
        let entry = Entry { at: now, what: What::Released { by } };
        self.noting(deed).change_waiting(library, id, State::Queued, Some(now), entry, now).await
    }

    /// Writes `message`, which repeats `old`, and says so in the history of `old`. One that still waits is taken back
    /// in the same transaction, so that never both leave. `refused`: senders it is not to go out under.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn repeat(
        &self,
        old: MessageRow,
        message: NewMessage,
        refused: String,
        by: String,
        now: Timestamp,
    ) -> Result<Repeated> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if nameless::is(tx, old.id).await? {
                        return Ok(Repeated::Nameless);
                    }
                    let standing = standing_repeat(tx, &old.library, old.id).await?;
                    if let Some((again, _)) = standing.filter(|(_, address)| *address == message.address) {
                        return Ok(Repeated::Before(again));
                    }
                    // What waits in its place, such as a letter, would tell the patron twice.
                    for id in waiting_in_place(tx, &old.library, old.id).await? {
                        if take_waiting(tx, &old.library, id, State::Cancelled, None, now).await? {
                            append(tx, &[(id, &Entry { at: now, what: What::Cancelled { by: by.clone() } })]).await?;
                        }
                    }
                    let mut entries = vec![Entry { at: now, what: What::Resent { by: by.clone(), again: message.id } }];
                    if !old.state.is_final() {
                        if !take_waiting(tx, &old.library, old.id, State::Cancelled, None, now).await? {
                            return Ok(Repeated::UnderWay);
                        }
                        entries.push(Entry { at: now, what: What::Cancelled { by: by.clone() } });
                    }
                    let written = Written {
                        library: &old.library,
                        event: old.event,
                        request: &old.request,
                        at: now,
                        message: &message,
                    };
                    insert_messages(tx, &[written]).await?;
                    refuse_under(tx, &old.library, message.id, &refused).await?;
                    hand_on_ladder(tx, &old, &message, now).await?;
                    remember_repeat(tx, &old.library, old.id, message.id, &by, now).await?;
                    let entries: Vec<_> = entries.iter().map(|entry| (old.id, entry)).collect();
                    append(tx, &entries).await?;
                    let deed = Deed::new(Some(&old.library), by.as_str(), "message.repeated", old.id.to_string(), now);
                    note(tx, &deed).await?;
                    Ok(Repeated::Now)
                })
            })
            .await
    }

    async fn change_waiting(
        &self,
        library: LibraryCode,
        id: MessageId,
        state: State,
        due_at: Option<Timestamp>,
        entry: Entry,
        now: Timestamp,
    ) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if !take_waiting(tx, &library, id, state, due_at, now).await? {
                        return Ok(false);
                    }
                    append(tx, &[(id, &entry)]).await?;
                    Ok(true)
                })
            })
            .await
    }
}

/// What an event told; of nobody who is being erased.
const FIELDS: &str = concat!("case when ", event_is_hidden!(), " then '{}' else event.fields end");

/// Leaves senders out for a message that was just written.
async fn refuse_under(tx: &mut Tx, library: &LibraryCode, id: MessageId, refused: &str) -> Result<()> {
    query("update message set refused = $3 where id = $1 and library = $2 and refused <> $3")
        .bind(id.to_bytes().to_vec())
        .bind(library.as_str().to_owned())
        .bind(refused)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// Gives the ways that are left to the message that repeats `old`, where it goes the same way; `old` has none from now on.
async fn hand_on_ladder(tx: &mut Tx, old: &MessageRow, new: &NewMessage, now: Timestamp) -> Result<()> {
    if old.channel == new.channel {
        // The next way follows after as long a wait as before, counted from now on.
        query(
            "update message set rungs = (select rungs from message where id = $2), \
             climb_at = (select climb_at - created_at from message where id = $2) + $4 where id = $1 and library = $3",
        )
        .bind(new.id.to_bytes().to_vec())
        .bind(old.id.to_bytes().to_vec())
        .bind(old.library.as_str().to_owned())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
    }
    query("update message set rungs = null, climb_at = null where id = $1 and library = $2")
        .bind(old.id.to_bytes().to_vec())
        .bind(old.library.as_str().to_owned())
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// Gives a message that waits another state. False when it is under way or over. What kept one from leaving is history
/// once it is back in the queue.
async fn take_waiting(
    tx: &mut Tx,
    library: &LibraryCode,
    id: MessageId,
    state: State,
    due_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool> {
    let done = query(
        "update message set state = $3, due_at = $4, changed_at = $5, waits_for = null, digest_at = null, digest_of = null, \
             cause = case when $3 = 'queued' then null else cause end \
         where id = $1 and library = $2 and state in ('queued', 'delayed', 'held')",
    )
    .bind(id.to_bytes().to_vec())
    .bind(library.as_str().to_owned())
    .bind(state.code())
    .bind(due_at.map(micros))
    .bind(micros(now))
    .execute(&mut *tx)
    .await?;
    Ok(done > 0)
}

pub(super) fn channel_from(code: &str) -> Result<Channel> {
    Channel::from_code(code).ok_or_else(|| StoreError::Corrupt(format!("the channel {code}")))
}

pub(super) fn message_from(row: &Row) -> Result<MessageRow> {
    let library: String = row.try_get(1)?;
    let state: String = row.try_get(9)?;
    let told_in: Option<Vec<u8>> = row.try_get(21)?;
    Ok(MessageRow {
        id: MessageId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        library: LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        event: EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(2)?)?),
        request: row.try_get(3)?,
        notice: row.try_get(4)?,
        language: row.try_get(5)?,
        channel: channel_from(&row.try_get::<String>(18)?)?,
        address: row.try_get(6)?,
        words_of: row.try_get(7)?,
        words_version: row.try_get(8)?,
        state: State::from_code(&state).ok_or_else(|| StoreError::Corrupt(format!("the state {state}")))?,
        cause: row.try_get(10)?,
        due_at: row.try_get::<Option<i64>>(11)?.map(from_micros),
        deadline: from_micros(row.try_get(12)?),
        attempts: row.try_get(13)?,
        sender: row.try_get(14)?,
        provider: row.try_get(15)?,
        created_at: from_micros(row.try_get(16)?),
        changed_at: from_micros(row.try_get(17)?),
        printed_at: row.try_get::<Option<i64>>(19)?.map(from_micros),
        gather_at: row.try_get::<Option<i64>>(20)?.map(from_micros),
        told_in: told_in.map(|id| Ok::<_, StoreError>(EventId::from_bytes(id_from(&id)?))).transpose()?,
    })
}
