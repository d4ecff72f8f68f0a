//! Events and their messages, written together: many events, few statements.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::arrival::{Counted, Ended};
use super::engine::Tx;
use super::erasure::request_is_hidden;
use super::request::{News, hear_all};
use super::statement::{Builder, query};
use super::{Result, Store, StoreError, id_from, nameless, outbox, to_json};
use crate::channel::{Channel, Ladder};
use crate::clock::micros;
use crate::id::{EventId, MessageId};
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::notice::catalogue::Urgency;
use crate::queue::State;
use crate::timeline::Entry;

/// Rows a statement inserts at most: twenty-three columns each stay below SQLite's 32,766 parameters.
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

/// An Idempotency-Key with what it stands for.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The API key that used it.
    pub holder: String,
    /// The key.
    pub key: String,
    /// Hash of the request's body.
    pub body_hash: [u8; 32],
    /// The answer, to be repeated word for word.
    pub answer: String,
}

/// With which others a message waits to be told, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gather {
    /// Until when.
    pub at: Timestamp,
    /// What stands for all that it must have in common with them.
    pub with: [u8; 16],
}

/// A message about to be kept.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// The notice's code.
    pub notice: String,
    /// The language's tag.
    pub language: &'static str,
    /// Which way it goes.
    pub channel: Channel,
    /// Where it goes; empty where there is no address.
    pub address: String,
    /// What is tried when it does not arrive.
    pub ladder: Ladder,
    /// Whose words: a library, the empty text for the consortium, none for the built-in ones.
    pub words_of: Option<String>,
    /// Which version of them.
    pub words_version: i64,
    /// Its first state.
    pub state: State,
    /// Why, where it is not simply queued.
    pub cause: Option<String>,
    /// When it is due; none where nothing happens by itself.
    pub due_at: Option<Timestamp>,
    /// When it ends at the latest.
    pub deadline: Timestamp,
    /// Set where it waits to be told together with others.
    pub gather: Option<Gather>,
    /// The first lines of its timeline.
    pub entries: Vec<Entry>,
}

impl NewMessage {
    /// A message that waits for its first attempt at `now`: by this way to this address, in no words of anybody's own, with
    /// nothing to try after it. Whoever makes one says what is otherwise.
    #[must_use]
    pub fn queued(
        notice: impl Into<String>,
        language: Language,
        (channel, address): (Channel, String),
        now: Timestamp,
        deadline: Timestamp,
    ) -> Self {
        Self {
            id: MessageId::new(now),
            notice: notice.into(),
            language: language.tag(),
            channel,
            address,
            ladder: Ladder::default(),
            words_of: None,
            words_version: 0,
            state: State::Queued,
            cause: None,
            due_at: Some(now),
            deadline,
            gather: None,
            entries: Vec::new(),
        }
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

    /// Keeps what requests told about patron and item, for later messages that do not repeat it: library, request and
    /// facts as JSON.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_request_facts(&self, facts: Vec<(LibraryCode, String, String)>, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for (library, request, facts) in &facts {
                        query(
                            "insert into request_facts (library, request, facts, at) values ($1, $2, $3, $4) \
                             on conflict (library, request) do update set facts = excluded.facts, at = excluded.at",
                        )
                        .bind(library.as_str())
                        .bind(request)
                        .bind(facts)
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Forgets answers to Idempotency-Keys that were given before `before`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_answers(&self, before: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from idempotency where at < $1").bind(micros(before)).execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// What earlier messages of this request told about patron and item.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn request_facts(&self, library: &LibraryCode, request: &str) -> Result<Option<String>> {
        let row = query(concat!(
            "select facts from request_facts where library = $1 and request = $2 and not (",
            request_is_hidden!("request_facts"),
            ")"
        ))
        .bind(library.as_str())
        .bind(request)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| row.try_get(0)).transpose()
    }
}

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

/// What an event gets whose Idempotency-Key came with `first` in the same transaction, and was not known before.
fn second_with(event: &NewEvent, first: &NewEvent, got: Option<&Accepted>) -> Option<Accepted> {
    let (given, before) = (event.idempotency.as_ref()?, first.idempotency.as_ref()?);
    Some(match got {
        // The first was told before without this key: so was this one, if it is the same.
        Some(known @ Accepted::Known { .. }) if given.body_hash == before.body_hash => known.clone(),
        _ => repeated(given, &before.body_hash, &before.answer),
    })
}

/// What a second use of an Idempotency-Key comes to.
fn repeated(given: &Idempotency, hash: &[u8], answer: &str) -> Accepted {
    if hash == given.body_hash { Accepted::Replayed { answer: answer.to_owned() } } else { Accepted::KeyReused }
}

async fn stored_answer(tx: &mut Tx, given: &Idempotency) -> Result<Option<Accepted>> {
    let row = query("select body_hash, answer from idempotency where holder = $1 and key = $2")
        .bind(&given.holder)
        .bind(&given.key)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let answer: String = row.try_get(1)?;
    let same_body = row.try_get::<Vec<u8>>(0)? == given.body_hash;
    // The event was known before its key: what became of it is looked up again.
    if same_body && answer.is_empty() {
        return Ok(None);
    }
    // An answer names its event: this one is the event's own, written in a transaction whose end nobody told us.
    Ok(if answer == given.answer { None } else { Some(repeated(given, &row.try_get::<Vec<u8>>(0)?, &answer)) })
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

/// A message with what its row takes from the event.
pub(super) struct Written<'a> {
    pub(super) library: &'a LibraryCode,
    pub(super) event: EventId,
    pub(super) request: &'a str,
    pub(super) at: Timestamp,
    pub(super) message: &'a NewMessage,
}

pub(super) async fn insert_messages(tx: &mut Tx, messages: &[Written<'_>]) -> Result<()> {
    for chunk in messages.chunks(ROWS_PER_STATEMENT) {
        let mut query = Builder::new(
            "insert into message (id, library, event, request, notice, language, address, words_of, words_version, \
             state, cause, due_at, deadline, attempts, refused, created_at, changed_at, channel, rungs, climb_at, \
             lane, digest_at, digest_of) ",
        );
        query.push_values(chunk, |row, Written { library, event, request, at, message }| {
            row.push_bind(message.id.to_bytes().to_vec())
                .push_bind(library.as_str())
                .push_bind(event.to_bytes().to_vec())
                .push_bind(*request)
                .push_bind(&message.notice)
                .push_bind(message.language)
                .push_bind(&message.address)
                .push_bind(&message.words_of)
                .push_bind(message.words_version)
                .push_bind(message.state.code())
                .push_bind(&message.cause)
                .push_bind(message.due_at.map(micros))
                .push_bind(micros(message.deadline))
                .push_bind(0_i64)
                .push_bind("")
                .push_bind(micros(*at))
                .push_bind(micros(*at))
                .push_bind(message.channel.code())
                .push_bind((!message.ladder.rungs.is_empty()).then(|| to_json(&message.ladder)))
                .push_bind(message.ladder.climb_at(message.channel, message.due_at.unwrap_or(*at)).map(micros))
                .push_bind(Urgency::of(&message.notice).lane())
                // What is held waits for nobody, and remembers with whom it was to be told.
                .push_bind(message.gather.filter(|_| message.state == State::Queued).map(|gather| micros(gather.at)))
                .push_bind(message.gather.map(|gather| gather.with.to_vec()));
        });
        query.build().execute(&mut *tx).await?;
    }
    let mut counted = Counted::default();
    for Written { library, at, message, .. } in messages {
        let (created_at, cause) = (micros(*at), message.cause.as_deref());
        let (library, state) = (library.as_str(), message.state);
        counted.count(&Ended { library, created_at, ended_at: created_at, provider: None, state, cause }, 1);
    }
    counted.write(tx).await?;
    let entries: Vec<(MessageId, &Entry)> =
        messages.iter().flat_map(|one| one.message.entries.iter().map(move |entry| (one.message.id, entry))).collect();
    append(tx, &entries).await
}

/// Appends lines to timelines, and hands them to the webhooks of their libraries. Lines of one message keep the order they
/// are given in; the message's row already is as they tell. What other servers said of a patron who is erased is left out.
pub(super) async fn append(tx: &mut Tx, entries: &[(MessageId, &Entry)]) -> Result<()> {
    let with_words: Vec<MessageId> =
        entries.iter().filter(|(_, entry)| entry.what.has_words()).map(|(message, _)| *message).collect();
    let nameless = nameless::among(tx, &with_words).await?;
    for (start, chunk) in entries.chunks(ROWS_PER_STATEMENT).enumerate() {
        let mut query = Builder::new(
            "insert into timeline (message, at, n, what) select message, at, n, what from \
             (select column1 as message, column2 as at, column3 as n, column4 as what from (",
        );
        let numbered = chunk.iter().enumerate();
        query.push_values(numbered, |row, (index, (message, entry))| {
            row.push_bind(message.to_bytes().to_vec())
                .push_bind(micros(entry.at))
                .push_bind(i64::try_from(start * ROWS_PER_STATEMENT + index).unwrap_or(i64::MAX))
                .push_bind(line(&nameless, *message, entry));
        });
        query.push(
            ") as given) as told where not exists (select 1 from timeline \
             where timeline.message = told.message and timeline.at = told.at) on conflict (message, at, n) do nothing",
        );
        let written = query.build().execute(&mut *tx).await?;
        if written < chunk.len() as u64 {
            append_after(tx, &nameless, chunk).await?;
        }
    }
    outbox::note(tx, entries).await
}

/// A line as it is kept.
fn line(nameless: &HashSet<MessageId>, message: MessageId, entry: &Entry) -> String {
    match nameless.contains(&message) {
        true => to_json(&entry.what.clone().without_words()),
        false => to_json(&entry.what),
    }
}

/// Appends those of `entries` that are not there yet after what was written in the same microsecond. A line that is there is an outcome
/// settled again after an answer that got lost.
async fn append_after(tx: &mut Tx, nameless: &HashSet<MessageId>, entries: &[(MessageId, &Entry)]) -> Result<()> {
    for (message, entry) in entries {
        query(
            "insert into timeline (message, at, n, what) select $1, $2, (select coalesce(max(n) + 1, 0) from timeline \
             where message = $1 and at = $2), $3 where not exists (select 1 from timeline where message = $1 and at = $2 \
             and what = $3) on conflict (message, at, n) do nothing",
        )
        .bind(message.to_bytes().to_vec())
        .bind(micros(entry.at))
        .bind(line(nameless, *message, entry))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
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

/// Keeps Idempotency-Keys that came with an event told before, so that no other event goes by them. They have no answer of
/// their own: the event is looked up each time.
async fn keep_keys(tx: &mut Tx, events: &[&NewEvent]) -> Result<()> {
    for event in events {
        let Some(given) = &event.idempotency else { continue };
        query(
            "insert into idempotency (holder, key, body_hash, answer, at) values ($1, $2, $3, '', $4) \
             on conflict (holder, key) do nothing",
        )
        .bind(&given.holder)
        .bind(&given.key)
        .bind(given.body_hash)
        .bind(micros(event.received_at))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn keep_answers(tx: &mut Tx, events: &[&NewEvent]) -> Result<()> {
    for event in events {
        let Some(given) = &event.idempotency else { continue };
        let kept = query(
            "insert into idempotency (holder, key, body_hash, answer, at) values ($1, $2, $3, $4, $5) \
             on conflict (holder, key) do update set at = excluded.at where idempotency.answer = excluded.answer",
        )
        .bind(&given.holder)
        .bind(&given.key)
        .bind(given.body_hash)
        .bind(&given.answer)
        .bind(micros(event.received_at))
        .execute(&mut *tx)
        .await?;
        if kept == 0 {
            return Err(StoreError::Overtaken);
        }
    }
    Ok(())
}
