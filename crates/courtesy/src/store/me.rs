//! What a patron sees of themselves: their events with their messages, and where they say that a message is.
//!
//! In: a library, and by what it knows a patron (`patron::Patron::key`). Out: theirs, and never another's. Not here: what they
//! chose (`patron`).

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::erasure::event_is_hidden;
use super::message::{COLUMNS, message_from};
use super::statement::{Builder, query};
use super::timeline::append;
use super::{MessageRow, Result, Store, id_from};
use crate::clock::{from_micros, micros};
use crate::id::{EventId, MessageId};
use crate::library::LibraryCode;
use crate::timeline::{Entry, Place, What};

/// Messages that a link may be of: they were made in the same millisecond.
const LIKE_MAX: i64 = 8;

/// Of the patron `$2` of the library `$1`: after what is being erased, or after `$none`. A place in the index, and no look at each event.
macro_rules! after_erasing {
    ($none:literal) => {
        concat!(
            "id > coalesce((select upto from erasing where erasing.library = $1 and erasing.patron = $2), ",
            $none,
            ")"
        )
    };
}

/// Before every event.
const NONE: [u8; 16] = [0; 16];

/// What happened to a request of a patron.
#[derive(Clone, Debug, PartialEq)]
pub struct PatronEvent {
    /// Its id.
    pub id: EventId,
    /// The request's number.
    pub request: String,
    /// The status code.
    pub status: String,
    /// What it told, as JSON.
    pub fields: String,
    /// When.
    pub received_at: Timestamp,
    /// What was made of it, copies and notices for staff among them.
    pub messages: Vec<MessageRow>,
}

impl Store {
    /// The messages with ids in `range`, of any library: those that a link may be of. The caller knows by its mark of which.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn messages_like(&self, range: (MessageId, MessageId)) -> Result<Vec<MessageRow>> {
        let rows = query(format!("{COLUMNS} where id >= $1 and id <= $2 order by id limit $3"))
            .bind(range.0.to_bytes())
            .bind(range.1.to_bytes())
            .bind(LIKE_MAX)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(message_from).collect()
    }

    /// The newest events of `patron` at `library`, `most` at most, with their messages.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn patron_events(&self, library: &LibraryCode, patron: &str, most: u32) -> Result<Vec<PatronEvent>> {
        self.patron_events_but(library, patron, "", most).await
    }

    /// The same, without those of a status.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn patron_events_but(
        &self,
        library: &LibraryCode,
        patron: &str,
        status: &str,
        most: u32,
    ) -> Result<Vec<PatronEvent>> {
        let rows = query(concat!(
            "select id, request, status, fields, received_at from event \
             where library = $1 and patron = $2 and patron <> '' and status <> $3 and ",
            after_erasing!("$5"),
            " order by id desc limit $4"
        ))
        .bind(library.as_str())
        .bind(patron.to_owned())
        .bind(status.to_owned())
        .bind(i64::from(most))
        .bind(NONE)
        .fetch_all(&self.readers)
        .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            events.push(PatronEvent {
                id: EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
                request: row.try_get(1)?,
                status: row.try_get(2)?,
                fields: row.try_get(3)?,
                received_at: from_micros(row.try_get(4)?),
                messages: Vec::new(),
            });
        }
        if events.is_empty() {
            return Ok(events);
        }
        let mut asked = Builder::new(COLUMNS);
        asked.push(" where event in ").push_list(events.iter().map(|event| event.id.to_bytes().to_vec()));
        asked.push(" order by id");
        let mut of_event: HashMap<EventId, Vec<MessageRow>> = HashMap::new();
        for row in &asked.build().fetch_all(&self.readers).await? {
            let message = message_from(row)?;
            if message.library == *library {
                of_event.entry(message.event).or_default().push(message);
            }
        }
        for event in &mut events {
            event.messages = of_event.remove(&event.id).unwrap_or_default();
        }
        Ok(events)
    }

    /// How many events of `request` with this status `patron` had at `library` since `since`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn patron_events_since(
        &self,
        library: &LibraryCode,
        patron: &str,
        (request, status): (&str, &str),
        since: Timestamp,
    ) -> Result<i64> {
        let row = query(concat!(
            "select count(*) from event where library = $1 and patron = $2 and patron <> '' and id >= $3 and status = $4 \
             and request = $5 and ",
            after_erasing!("$6")
        ))
        .bind(library.as_str())
        .bind(patron.to_owned())
        .bind(EventId::first_at(since).to_bytes())
        .bind(status.to_owned())
        .bind(request.to_owned())
        .bind(NONE)
        .fetch_one(&self.readers)
        .await?;
        row.try_get(0)
    }

    /// By what the patron of an event of `library` is known; none where nobody knows, or no longer.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn patron_of_event(&self, library: &LibraryCode, event: EventId) -> Result<Option<String>> {
        let row =
            query(concat!("select patron from event where id = $1 and library = $2 and not ", event_is_hidden!()))
                .bind(event.to_bytes())
                .bind(library.as_str())
                .fetch_optional(&self.readers)
                .await?;
        let patron: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
        Ok(patron.filter(|patron| !patron.is_empty()))
    }

    /// Notes where its patron says that `row` is. Said twice, it is noted once. Gives whether it is news.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn note_place(&self, row: &MessageRow, place: Place, now: Timestamp) -> Result<bool> {
        let (library, id) = (row.library.clone(), row.id);
        let provider = row.provider.clone().unwrap_or_default();
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "insert into patron_word (message, library, provider, place, at) values ($1, $2, $3, $4, $5) \
                         on conflict (message) do update set place = excluded.place, at = excluded.at \
                         where patron_word.place <> excluded.place",
                    )
                    .bind(id.to_bytes())
                    .bind(library.as_str())
                    .bind(&provider)
                    .bind(place.code())
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    if done > 0 {
                        let entry = Entry { at: now, what: What::PatronSays { place } };
                        append(tx, &[(id, &entry)]).await?;
                    }
                    Ok(done > 0)
                })
            })
            .await
    }

    /// Where the patron said that the message is.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn place_of(&self, library: &LibraryCode, id: MessageId) -> Result<Option<Place>> {
        let row = query("select place from patron_word where message = $1 and library = $2")
            .bind(id.to_bytes())
            .bind(library.as_str())
            .fetch_optional(&self.readers)
            .await?;
        let place: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
        Ok(place.as_deref().and_then(Place::from_code))
    }

    /// How often patrons of `library` (none: of all) said since `since` that a message was where.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn places(&self, library: Option<&LibraryCode>, since: Timestamp) -> Result<BTreeMap<Place, i64>> {
        let rows = query(
            "select place, count(*) from patron_word where ($1 = '' or library = $1) and at >= $2 group by place",
        )
        .bind(library.map_or("", LibraryCode::as_str))
        .bind(micros(since))
        .fetch_all(&self.readers)
        .await?;
        let mut found = BTreeMap::new();
        for row in &rows {
            if let Some(place) = Place::from_code(&row.try_get::<String>(0)?) {
                found.insert(place, row.try_get(1)?);
            }
        }
        Ok(found)
    }
}
