//! Events and their messages, written together: many events, few statements.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::engine::Tx;
use super::idempotency::{Idempotency, keep_answers, keep_keys, second_with, stored_answer};
use super::new_message::{NewMessage, Written, insert_messages};
use super::request::{News, hear_all};
use super::statement::{Builder, query};
use super::{Result, Store, id_from};
use crate::clock::micros;
use crate::id::{EventId, MessageId};
use crate::library::LibraryCode;

/// Rows a statement inserts at most: ten columns each stay below SQLite's 32,766 parameters.
const ROWS_PER_STATEMENT: usize = 500;

/// An event as intake made it: checked, with its messages.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// Whose.
    pub library: LibraryCode,
    /// What makes it the same event when it is told twice.
    pub natural_key: String,
    /// The request's number.
    pub request: String,
    /// The status code.
    pub status: String,
    /// By what its patron is known (`patron::Patron::key`); empty where nobody knows.
    pub patron: String,
    /// The door it came by.
    pub source: &'static str,
    /// What the words may name, as JSON.
    pub fields: String,
    /// What people find it by, as `patron::found_by` writes it.
    pub found_by: String,
    /// When.
    pub received_at: Timestamp,
    /// One for each address that is to be told.
    pub messages: Vec<NewMessage>,
    /// The Idempotency-Key it came with, and the answer to repeat.
    pub idempotency: Option<Idempotency>,
    /// What it tells of its request, where it tells of one.
    pub news: Option<News>,
}

impl NewEvent {
    fn written(&self) -> impl Iterator<Item = Written<'_>> {
        self.messages.iter().map(|message| Written {
            library: &self.library,
            event: self.id,
            request: &self.request,
            at: self.received_at,
            message,
        })
    }
}

/// What became of an event handed in.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepted {
    /// It is on disk, with its messages.
    New,
    /// It was there already: same library and natural key.
    Known {
        /// The event that was there.
        event: EventId,
        /// Its messages.
        messages: Vec<MessageId>,
    },
    /// Its Idempotency-Key was used before for the same body: the answer of then.
    Replayed {
        /// The stored answer.
        answer: String,
    },
    /// Its Idempotency-Key was used before for another body.
    KeyReused,
}

impl Store {
    /// Writes `events`; answers after they are on disk, one answer each, in order.
    ///
    /// # Errors
    /// When the store is broken; then none of them is kept.
    pub async fn accept(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>> {
        self.writer.accept(events).await
    }
}

/// Writes `events` with their messages, in few statements; one answer each, in order.
pub(super) async fn accept_all(tx: &mut Tx, events: &[NewEvent]) -> Result<Vec<Accepted>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let mut answers: Vec<Option<Accepted>> = Vec::with_capacity(events.len());
    // Who came first with a key of this very transaction, by place: what the later ones get depends on it.
    let mut first_with: HashMap<(&str, &str), usize> = HashMap::new();
    let mut later: Vec<(usize, usize)> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let Some(given) = &event.idempotency else {
            answers.push(None);
            continue;
        };
        answers.push(stored_answer(tx, given).await?);
        let first = *first_with.entry((&given.holder, &given.key)).or_insert(place);
        if first != place && answers[place].is_none() {
            later.push((place, first));
        }
    }
    let waits: HashSet<usize> = later.iter().map(|(place, _)| *place).collect();
    let mut fresh: Vec<&NewEvent> = events
        .iter()
        .zip(&answers)
        .enumerate()
        .filter(|(place, (_, answer))| answer.is_none() && !waits.contains(place))
        .map(|(_, (event, _))| event)
        .collect();
    // In one order everywhere: processes that write the same events wait for each other, and never in a ring.
    fresh.sort_by(|a, b| (&a.library, &a.natural_key).cmp(&(&b.library, &b.natural_key)));
    let inserted = insert_events(tx, &fresh).await?;
    let new: Vec<&NewEvent> = fresh.iter().copied().filter(|event| inserted.contains(&event.id)).collect();
    let written: Vec<Written<'_>> = new.iter().flat_map(|event| event.written()).collect();
    insert_messages(tx, &written).await?;
    // In the order in which they came: of two that happened at the same moment it is the one that counts.
    let told = events.iter().filter(|event| inserted.contains(&event.id));
    let news: Vec<_> = told.filter_map(|event| Some((event.request.as_str(), event.news.as_ref()?))).collect();
    hear_all(tx, &news).await?;
    for (place, event) in events.iter().enumerate() {
        if answers[place].is_none() && !waits.contains(&place) {
            let is_new = inserted.contains(&event.id);
            answers[place] = Some(if is_new { Accepted::New } else { known(tx, event).await? });
        }
    }
    for (place, first) in later {
        answers[place] = second_with(&events[place], &events[first], answers[first].as_ref());
    }
    keep_answers(tx, &new).await?;
    let told_before = |event: &&NewEvent| !inserted.contains(&event.id);
    keep_keys(tx, &fresh.iter().copied().filter(told_before).collect::<Vec<_>>()).await?;
    Ok(answers.into_iter().flatten().collect())
}

async fn insert_events(tx: &mut Tx, events: &[&NewEvent]) -> Result<HashSet<EventId>> {
    let mut inserted = HashSet::with_capacity(events.len());
    for chunk in events.chunks(ROWS_PER_STATEMENT) {
        let mut query = Builder::new(
            "insert into event (id, library, natural_key, request, status, source, fields, found_by, received_at, patron) ",
        );
        query.push_values(chunk, |row, event| {
            row.push_bind(event.id.to_bytes().to_vec())
                .push_bind(event.library.as_str())
                .push_bind(&event.natural_key)
                .push_bind(&event.request)
                .push_bind(&event.status)
                .push_bind(event.source)
                .push_bind(&event.fields)
                .push_bind(&event.found_by)
                .push_bind(micros(event.received_at))
                .push_bind(&event.patron);
        });
        query.push(" on conflict (library, natural_key) do nothing returning id");
        for row in query.build().fetch_all(&mut *tx).await? {
            inserted.insert(EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?));
        }
    }
    Ok(inserted)
}

async fn known(tx: &mut Tx, event: &NewEvent) -> Result<Accepted> {
    let rows = query(
        "select event.id, message.id from event left join message on message.event = event.id \
         where event.library = $1 and event.natural_key = $2 order by message.id",
    )
    .bind(event.library.as_str())
    .bind(&event.natural_key)
    .fetch_all(&mut *tx)
    .await?;
    let mut messages = Vec::new();
    let mut id = event.id;
    for row in &rows {
        id = EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
        if let Some(bytes) = row.try_get::<Option<Vec<u8>>>(1)? {
            messages.push(MessageId::from_bytes(id_from(&bytes)?));
        }
    }
    // Under our own id it is what we wrote before, in a transaction whose end nobody told us.
    Ok(if id == event.id && !rows.is_empty() { Accepted::New } else { Accepted::Known { event: id, messages } })
}
