//! Messages looked for by what somebody knows of them: a request's number, or parts of the patron's name, number or address,
//! or of a title.
//!
//! In: what was typed, and what else the messages must fit. Out: a page of them, the newest first, and where to look on.
//! Names and titles are looked for in one index of short texts, the newest events first and no more of them at one time
//! than [`LOOKED_THROUGH_MAX`]: a page costs the same however long the history is, and says how far back it looked.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use super::erasure::event_is_hidden;
use super::message::{COLUMNS, Filter, MessageRow, message_from};
use super::statement::{Builder, Statement, query};
use super::{Result, Store, id_from};
use crate::id::EventId;
use crate::library::LibraryCode;
use crate::patron;

/// Events looked through for one page: a quarter of a microsecond each.
const LOOKED_THROUGH_MAX: i64 = 50_000;

/// Events whose messages are read at one time.
const EVENTS: i64 = 50;

/// How often more events are read, where what else is asked for leaves out the messages of those before.
const ROUNDS_MAX: usize = 20;

/// How much later than its event a message may be written: a repeat, or the next way when one failed for good.
const LATER: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Before every event.
const NONE: [u8; 16] = [0; 16];

/// After every event.
const ALL: [u8; 16] = [0xff; 16];

/// The ids of messages of the library `$1` and of the request that follows. The request leads to its events and they to
/// their messages: asked the other way round, a database reads all messages of the library.
const OF_REQUEST: &str = "select message.id from event join message on message.event = event.id \
    where event.library = $1 and coalesce(message.library, '') = $1 and event.request =";

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sought {
    /// Messages, those of the newest events first. All of one event stand on one page.
    pub messages: Vec<MessageRow>,
    /// The last event looked at, where there are older ones.
    pub next: Option<EventId>,
    /// Whether the page ends because enough was looked through, and not because it is full.
    pub is_cut: bool,
}

/// How long a page is.
#[derive(Clone, Copy)]
struct Page {
    /// Messages that fill it.
    most: usize,
    /// Events looked through for it.
    through: i64,
}

/// Events that may be meant, the newest first.
struct Candidates {
    events: Vec<Vec<u8>>,
    /// Where to look on; none: at the end.
    next: Option<Vec<u8>>,
}

/// By what a message is looked for.
enum Known<'a> {
    Request(&'a str),
    Words(Vec<String>),
}

impl Store {
    /// Messages of `library` that `what` may mean and that fit `filter`, about `most` of them: of the request with this
    /// number, else those with all of these words. `before`: where the last page ended.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn search(
        &self,
        library: &LibraryCode,
        what: &str,
        filter: &Filter,
        before: Option<EventId>,
        most: usize,
    ) -> Result<Sought> {
        self.looked_for(library, what, filter, before, Page { most, through: LOOKED_THROUGH_MAX }).await
    }

    async fn looked_for(
        &self,
        library: &LibraryCode,
        what: &str,
        filter: &Filter,
        before: Option<EventId>,
        page: Page,
    ) -> Result<Sought> {
        let until = filter.until.map_or(ALL, |until| EventId::first_at(until).to_bytes());
        let before = before.map_or(ALL, EventId::to_bytes).min(until).to_vec();
        let of_request = self.seek(library, &Known::Request(what), filter, before.clone(), page).await?;
        if !of_request.messages.is_empty() {
            return Ok(of_request);
        }
        self.seek(library, &Known::Words(patron::words(what)), filter, before, page).await
    }

    async fn seek(
        &self,
        library: &LibraryCode,
        known: &Known<'_>,
        filter: &Filter,
        mut before: Vec<u8>,
        page: Page,
    ) -> Result<Sought> {
        // The same for all rounds, so that all of them together look no further.
        let floor = match known {
            Known::Words(_) => self.floor(library, &before, filter.since, page.through).await?,
            Known::Request(_) => Floor { event: NONE.to_vec(), is_cut: false },
        };
        let mut found = Sought::default();
        for _ in 0..ROUNDS_MAX {
            let candidates = self.candidates(library, known, &before, &floor.event).await?;
            for row in self.messages_of_events(library, &candidates.events).await? {
                let is_next = found.messages.last().is_some_and(|last| last.event != row.event);
                if is_next && found.messages.len() >= page.most {
                    found.next = found.messages.last().map(|last| last.event);
                    return Ok(found);
                }
                found.messages.extend(Some(row).filter(|row| filter.fits(row)));
            }
            let Some(next) = candidates.next else {
                found.is_cut = floor.is_cut;
                found.next = floor.is_cut.then(|| id_from(&floor.event).map(EventId::from_bytes)).transpose()?;
                return Ok(found);
            };
            before = next;
        }
        found.next = Some(EventId::from_bytes(id_from(&before)?));
        found.is_cut = true;
        Ok(found)
    }

    /// How far back is looked from `before` on.
    async fn floor(
        &self,
        library: &LibraryCode,
        before: &[u8],
        since: Option<Timestamp>,
        through: i64,
    ) -> Result<Floor> {
        let row = query("select id from event where library = $1 and id < $2 order by id desc limit 1 offset $3")
            .bind(library.as_str())
            .bind(before)
            .bind(through - 1)
            .fetch_optional(&self.readers)
            .await?;
        let since = since.and_then(|since| since.checked_sub(LATER).ok());
        let since = since.map_or(NONE, |since| EventId::first_at(since).to_bytes()).to_vec();
        let event: Option<Vec<u8>> = row.map(|row| row.try_get(0)).transpose()?;
        Ok(match event {
            Some(event) if event > since => Floor { event, is_cut: true },
            _ => Floor { event: since, is_cut: false },
        })
    }

    async fn candidates(
        &self,
        library: &LibraryCode,
        known: &Known<'_>,
        before: &[u8],
        floor: &[u8],
    ) -> Result<Candidates> {
        let statement = match known {
            Known::Request(number) => of_request().bind(library.as_str()).bind(before).bind(*number),
            Known::Words(words) if words.is_empty() => return Ok(Candidates { events: Vec::new(), next: None }),
            Known::Words(words) => with_words(library, words, before, floor),
        };
        let rows = statement.fetch_all(&self.readers).await?;
        let events = rows.iter().map(|row| row.try_get::<Vec<u8>>(0)).collect::<Result<Vec<_>>>()?;
        let is_full = i64::try_from(events.len()).is_ok_and(|count| count == EVENTS);
        Ok(Candidates { next: events.last().filter(|_| is_full).cloned(), events })
    }

    /// The messages of these events, those of the newest event first.
    async fn messages_of_events(&self, library: &LibraryCode, events: &[Vec<u8>]) -> Result<Vec<MessageRow>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let mut asked = Builder::new(COLUMNS);
        asked.push(" where event in ").push_list(events);
        // In a form that no index serves: a database would rather read all messages of the library than of a few events.
        asked.push(" and coalesce(library, '') = ").push_bind(library.as_str());
        asked.push(" order by event desc, id desc");
        asked.build().fetch_all(&self.readers).await?.iter().map(message_from).collect()
    }

    /// Messages of one request of `library`, the newest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn messages_of_request(&self, library: &LibraryCode, request: &str) -> Result<Vec<MessageRow>> {
        /// More notices than a loan has.
        const MOST: i64 = 50;
        let text = format!("{COLUMNS} where id in ({OF_REQUEST} $2) order by id desc limit $3");
        let rows = query(text).bind(library.as_str()).bind(request).bind(MOST).fetch_all(&self.readers).await?;
        rows.iter().map(message_from).collect()
    }
}

/// How far back is looked: the last event, and whether there are older ones.
struct Floor {
    event: Vec<u8>,
    is_cut: bool,
}

fn of_request() -> Statement {
    query(format!(
        "select id from event where id in (select id from event where library = $1 and request = $3) and id < $2 \
         order by id desc limit {EVENTS}"
    ))
}

fn with_words(library: &LibraryCode, words: &[String], before: &[u8], floor: &[u8]) -> Statement {
    let mut asked = Builder::new("select id from event where library = ");
    asked.push_bind(library.as_str()).push(" and id < ").push_bind(before).push(" and id >= ").push_bind(floor);
    for word in words {
        let like = word.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        asked.push(" and found_by like ").push_bind(format!("%{like}%")).push(" escape '!'");
    }
    asked.push(concat!(" and not ", event_is_hidden!(), " order by id desc limit ")).push_bind(EVENTS);
    asked.build()
}

impl Filter {
    /// Whether `row` is one of what this asks for, of which library and request it is aside.
    fn fits(&self, row: &MessageRow) -> bool {
        let is_cause = |wanted: &String| {
            let rest = row.cause.as_deref().and_then(|cause| cause.strip_prefix(wanted.as_str()));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.state.is_none_or(|state| state == row.state)
            && self.cause.as_ref().is_none_or(is_cause)
            && self.notice.as_ref().is_none_or(|notice| *notice == row.notice)
            && self.provider.as_ref().is_none_or(|provider| row.provider.as_ref() == Some(provider))
            && self.since.is_none_or(|since| row.created_at >= since)
            && self.until.is_none_or(|until| row.created_at < until)
    }
}
