//! Events come in: checked, made into messages, on disk before the caller hears 202.
//!
//! In: [`Event`] values from any door. Out: a [`Receipt`] each, or what is wrong with it, field by field. Idempotent
//! by the event's natural key and by the caller's own key. Never waits for DNS: the plan a receipt shows is made from
//! the facts at hand, and made again at the attempt.

pub mod announce;
mod answered;
mod brake;
mod complained;
pub mod copies;
pub mod digest;
pub mod event;
pub mod iso18626;
mod known;
pub mod ladder;
pub mod letters;
mod life;
pub mod limits;
pub mod reminders;
mod resend;
mod rounds;
pub mod submission;
pub mod together;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use standards::address::Address;

pub use event::{Addressed, Event, Side, Submitted, Told, Tried};
pub use resend::{Resent, Wish};

use crate::channel::Channel;
use crate::clock;
use crate::config::Config;
use crate::id::{EventId, MessageId};
use crate::library::{Library, LibraryCode};
use crate::metrics::Metrics;
use crate::notice::Language;
use crate::notice::catalogue::Notice;
use crate::notice::frame::Frame;
use crate::notice::render::render;
use crate::notice::value::Fields;
use crate::outcome::Cause;
use crate::outcome::stop::ListedAddress;
use crate::patron::Known;
use crate::queue::State;
use crate::sender::Plan;
use crate::store::{Accepted, Book, Gather, Idempotency, MessageRow, NewEvent, NewMessage, Store};
use crate::timeline::{Entry, What};
use crate::watch::Senders;

/// What one event came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The event's id.
    pub event: EventId,
    /// Its messages.
    pub messages: Vec<Planned>,
    /// Whether it was told before: then these are the messages of that time.
    pub known_already: bool,
}

/// A message, and how it is meant to leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Its id.
    pub id: MessageId,
    /// The notice's code.
    pub notice: String,
    /// `patron`, `borrowing`, `lending` or `operator`.
    pub audience: &'static str,
    /// The language's tag.
    pub language: &'static str,
    /// Which way it goes.
    pub channel: Channel,
    /// Where it goes, masked.
    pub to: Option<String>,
    /// Its state.
    pub state: State,
    /// Why, where it is not simply queued.
    pub cause: Option<&'static str>,
    /// Until when it waits for others, to be told together with them; none: it waits for none.
    pub gather_at: Option<Timestamp>,
    /// `own` or `shared`, as things stand.
    pub sender: String,
    /// The From address, as things stand.
    pub from: String,
    /// Why that one, in English.
    pub why: String,
}

impl Planned {
    /// A message that was there already: switches and addresses may have changed since it was written.
    fn of(row: MessageRow, plan: Option<&Plan>) -> Self {
        let language = Language::from_tag(&row.language).unwrap_or(Language::En);
        Self {
            id: row.id,
            audience: Notice::from_code(&row.notice).map_or("", |notice| notice.audience.code()),
            notice: row.notice,
            language: language.tag(),
            channel: row.channel,
            to: row.channel.masked(&row.address),
            state: row.state,
            cause: row.cause.as_deref().map(|code| Cause::of(code).code()),
            gather_at: row.gather_at,
            sender: plan.map(|plan| plan.sender.code().to_owned()).unwrap_or_default(),
            from: plan.map(|plan| plan.from.to_string()).unwrap_or_default(),
            why: plan.map(|plan| plan.reason.get(Language::En).to_owned()).unwrap_or_default(),
        }
    }
}

/// Why an event was not taken: the caller can mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No such library, or none this caller speaks for.
    NoLibrary(LibraryCode),
    /// Fields that the words do not know, or values that do not fit their fields.
    Fields(Vec<(String, String)>),
    /// The words name fields that the event did not bring.
    Missing {
        /// The notice that could not be written.
        notice: String,
        /// The fields.
        fields: Vec<String>,
    },
}

/// How strict a door is with values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// The caller gets an answer and can mend what is wrong: unknown fields and missing values are refused.
    Mendable,
    /// Nobody reads the answer: what does not fit is left out, what is missing holds the message for staff.
    Lenient,
}

/// An event about to be handed in.
#[derive(Clone, Debug)]
pub struct Handed {
    /// The event.
    pub event: Event,
    /// The caller's own key for it: holder, key, hash of the body.
    pub key: Option<(String, String, [u8; 32])>,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// On disk.
    Kept(Receipt),
    /// The caller's key was used before, for the same body: the receipt of then, as JSON.
    Repeated(String),
    /// The caller's key was used before, for another body.
    KeyReused,
    /// Not taken.
    Refused(Refused),
}

/// The engine.
pub struct Intake {
    store: Store,
    book: Arc<Book>,
    senders: Arc<Senders>,
    at_most: std::time::Duration,
    /// Whether patrons of libraries that never said so are told together what may wait.
    gathers: bool,
    /// Woken when something is due now.
    wake: Arc<tokio::sync::Notify>,
    metrics: Arc<Metrics>,
    brake: Mutex<crate::config::Brake>,
    flows: brake::Flows,
}

impl Intake {
    /// An intake over these.
    #[must_use]
    pub fn new(
        config: &Config,
        store: Store,
        book: Arc<Book>,
        senders: Arc<Senders>,
        wake: Arc<tokio::sync::Notify>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (at_most, brake) = (config.deadline.at_most, Mutex::new(config.brake));
        let gathers = config.digest.by_default;
        Self { store, book, senders, at_most, gathers, wake, metrics, brake, flows: brake::Flows::default() }
    }

    /// The language in which a library's staff are written to; none where there is no such library.
    #[must_use]
    pub fn language_of(&self, library: &LibraryCode) -> Option<Language> {
        Some(self.book.library(library)?.language_for(None))
    }

    /// Checks and writes `events`; answers after they are on disk, one answer each, in order. `answer` makes the text
    /// that a repeated key is answered with. With `dry_run` everything is checked and planned, and nothing kept.
    ///
    /// # Errors
    /// When the store is broken; then nothing was taken.
    pub async fn take(
        &self,
        events: Vec<Handed>,
        strictness: Strictness,
        dry_run: bool,
        answer: impl Fn(&Receipt) -> String,
    ) -> crate::store::Result<Vec<Taken>> {
        self.take_at(events, strictness, dry_run, answer, clock::now()).await
    }

    /// The same at `now`.
    ///
    /// # Errors
    /// When the store is broken; then nothing was taken.
    pub async fn take_at(
        &self,
        mut events: Vec<Handed>,
        strictness: Strictness,
        dry_run: bool,
        answer: impl Fn(&Receipt) -> String,
        now: Timestamp,
    ) -> crate::store::Result<Vec<Taken>> {
        let cut = prepared(&mut events, strictness, now);
        let mut taken: Vec<Option<Taken>> = Vec::with_capacity(events.len());
        let mut new = Vec::with_capacity(events.len());
        let mut receipts = Vec::with_capacity(events.len());
        let (known, learned) =
            self.know(&mut events.iter_mut().map(|handed| &mut handed.event).collect::<Vec<_>>(), now, dry_run).await?;
        let mut written: Vec<_> = events
            .into_iter()
            .zip(known.into_iter().zip(cut))
            .map(|(handed, (known, cut))| (self.write_out(&handed.event, &known, (strictness, cut), now), handed.key))
            .collect();
        self.foretell(written.iter_mut().filter_map(|(written, _)| written.as_mut().ok())).await?;
        let braked = match dry_run {
            true => Vec::new(),
            false => self.brake(written.iter_mut().filter_map(|(one, _)| one.as_mut().ok()).collect(), now).await?,
        };
        for (written, key) in written {
            match written {
                Err(refused) => taken.push(Some(Taken::Refused(refused))),
                Ok((receipt, _)) if dry_run => taken.push(Some(Taken::Kept(receipt))),
                Ok((receipt, mut event)) => {
                    event.idempotency = key.map(|(holder, key, body_hash)| Idempotency {
                        holder,
                        key,
                        body_hash,
                        answer: answer(&receipt),
                    });
                    taken.push(None);
                    new.push(event);
                    receipts.push(receipt);
                }
            }
        }
        if new.is_empty() {
            return Ok(taken.into_iter().flatten().collect());
        }
        let of: Vec<(LibraryCode, &'static str)> =
            new.iter().map(|event| (event.library.clone(), event.source)).collect();
        // Together: they share one fsync.
        let (kept, patrons) = tokio::join!(self.store.accept(new), self.store.put_patrons(learned, now));
        let kept = kept?;
        if let Err(error) = patrons {
            // The next event tells it again.
            tracing::error!(%error, "what events told of patrons could not be kept");
        }
        self.wake.notify_one();
        self.tell_of_brakes(braked, now).await?;
        let mut kept = kept.into_iter().zip(receipts).zip(of);
        let mut answers = Vec::with_capacity(taken.len());
        for one in taken {
            answers.push(match one {
                Some(known) => known,
                None => {
                    let Some(((accepted, receipt), (library, source))) = kept.next() else {
                        return Err(crate::store::StoreError::Closed);
                    };
                    self.told(accepted, receipt, &library, source).await?
                }
            });
        }
        Ok(answers)
    }

    /// Says of messages to addresses on the do-not-send list that they will not leave. The list decides at the attempt.
    async fn foretell(&self, written: impl Iterator<Item = &mut (Receipt, NewEvent)>) -> crate::store::Result<()> {
        let (mut asked, mut planned) = (Vec::new(), Vec::new());
        for (receipt, event) in written {
            let queued = receipt.messages.iter_mut().zip(&event.messages);
            for (one, message) in queued.filter(|(one, _)| one.state == State::Queued) {
                if let Ok(address) = Address::parse(&message.address) {
                    asked.push((event.library.clone(), ListedAddress::of(&address)));
                    planned.push(one);
                }
            }
        }
        for (one, is_listed) in planned.into_iter().zip(self.store.are_listed(&asked).await?) {
            if is_listed {
                one.cause = Some(Cause::of("addr.stopped").code());
            }
        }
        Ok(())
    }

    async fn told(
        &self,
        accepted: Accepted,
        receipt: Receipt,
        library: &LibraryCode,
        source: &'static str,
    ) -> crate::store::Result<Taken> {
        Ok(match accepted {
            Accepted::New => {
                self.metrics.event(source);
                Taken::Kept(receipt)
            }
            Accepted::Replayed { answer } => Taken::Repeated(answer),
            Accepted::KeyReused => Taken::KeyReused,
            Accepted::Known { event, .. } => {
                let rows = self.store.messages_of_event(library, event).await?;
                let plan = self.book.library(library).map(|library| self.senders.plan(&library, &[], clock::now()));
                let messages = rows.into_iter().map(|row| Planned::of(row, plan.as_deref())).collect();
                Taken::Kept(Receipt { event, messages, known_already: true })
            }
        })
    }

    /// The event with its messages, checked and not yet kept.
    fn write_out(
        &self,
        event: &Event,
        known: &Known,
        (strictness, cut): (Strictness, Vec<String>),
        now: Timestamp,
    ) -> Result<(Receipt, NewEvent), Refused> {
        let library = self.book.library(&event.library).ok_or_else(|| Refused::NoLibrary(event.library.clone()))?;
        if strictness == Strictness::Mendable {
            fields_fit(event)?;
        }
        let id = EventId::new(now);
        let plan = self.senders.plan(&library, &[], now);
        let mut messages = Vec::new();
        let mut planned = Vec::new();
        let mut waits: BTreeMap<Notice, Option<Gather>> = BTreeMap::new();
        for one in event::addressed(event, &library, known) {
            let mut message = self.message(id, event, &library, &one, strictness, now)?;
            if !cut.is_empty() {
                message.entries.push(Entry { at: now, what: What::Cut { fields: cut.clone() } });
            }
            // The first is the patron's. Copies leave when it does, and one by one.
            let is_copy = waits.contains_key(&one.notice);
            let wait = *waits.entry(one.notice).or_insert_with(|| self.waits(event, &library, &one, known, now));
            let message = match wait.filter(|_| message.state == State::Queued) {
                Some(gather) => waiting(message, &one, gather, is_copy, self.at_most, now),
                None => message,
            };
            planned.push(Planned {
                id: message.id,
                notice: message.notice.clone(),
                audience: one.notice.audience.code(),
                language: one.language.tag(),
                channel: one.channel,
                to: one.address.as_deref().and_then(|address| one.channel.masked(address)),
                state: message.state,
                cause: message.cause.as_deref().map(|code| Cause::of(code).code()),
                gather_at: message.gather.map(|gather| gather.at),
                sender: plan.sender.code().to_owned(),
                from: plan.from.to_string(),
                why: plan.reason.get(Language::En).to_owned(),
            });
            messages.push(message);
        }
        let new = NewEvent {
            id,
            library: event.library.clone(),
            natural_key: event.natural_key(),
            request: event.request.clone(),
            status: event.status.code().to_owned(),
            patron: event.told.patron.key().unwrap_or_default(),
            source: event.source,
            fields: serde_json::to_string(&event.told).expect("texts become JSON"),
            found_by: event.told.found_by(messages.iter().map(|message| message.address.as_str())),
            received_at: now,
            messages,
            idempotency: None,
            news: life::news(event, &library, now),
        };
        Ok((Receipt { event: id, messages: planned, known_already: false }, new))
    }

    fn message(
        &self,
        event_id: EventId,
        event: &Event,
        library: &Library,
        one: &Addressed,
        strictness: Strictness,
        now: Timestamp,
    ) -> Result<NewMessage, Refused> {
        let missing = self.missing(event, library, one, now);
        if !missing.is_empty() && strictness == Strictness::Mendable {
            return Err(Refused::Missing { notice: one.notice.code(), fields: missing });
        }
        let told =
            What::Told { event: event_id, source: event.source.to_owned(), status: event.status.code().to_owned() };
        let mut entries = vec![Entry { at: now, what: told }];
        let (state, cause) = if one.address.is_none() {
            entries.push(Entry { at: now, what: What::NotSent { cause: "addr.missing".to_owned() } });
            (State::Failed, Some("addr.missing"))
        } else if missing.is_empty() {
            (State::Queued, None)
        } else {
            entries.push(Entry { at: now, what: What::Held { cause: "render.field".to_owned(), fields: missing } });
            (State::Held, Some("render.field"))
        };
        let is_letter = one.channel == Channel::Letter;
        let deadline = if is_letter { event::until_posted(now) } else { event::deadline(one.entry, now, self.at_most) };
        let words = self.book.words(library.code.as_str(), one.notice, one.language).map(|(source, _)| source);
        let message = NewMessage {
            id: MessageId::new(now),
            notice: one.notice.code(),
            language: one.language.tag(),
            channel: one.channel,
            ladder: one.ladder.clone(),
            address: one.address.clone().unwrap_or_default(),
            words_of: words.as_ref().and_then(|source| source.of.clone()),
            words_version: words.map_or(0, |source| source.version),
            state,
            cause: cause.map(str::to_owned),
            due_at: match state {
                State::Queued => Some(now),
                // Held, it still ends at its deadline.
                State::Held => Some(deadline),
                _ => None,
            },
            deadline,
            gather: None,
            entries,
        };
        Ok(if is_letter && state == State::Queued { ladder::to_be_posted(message, now) } else { message })
    }

    /// The fields that the words name and the event did not bring.
    fn missing(&self, event: &Event, library: &Library, one: &Addressed, now: Timestamp) -> Vec<String> {
        let Some((_, words)) = self.book.words(library.code.as_str(), one.notice, one.language) else {
            return Vec::new();
        };
        let all = event.told.all_fields(library, &event.request, one.language);
        let (fields, _, _) = Fields::from_pairs(all.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let mut frame = Frame::of(library, one.notice.audience, one.language, today);
        frame.hide_titles |= event.told.hide_titles;
        match render(&words, &fields, &frame) {
            Ok(_) => Vec::new(),
            Err(missing) => missing.fields.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Dates events, and cuts what is too long in those that nobody can mend; gives the names of what was, for each.
fn prepared(events: &mut [Handed], strictness: Strictness, now: Timestamp) -> Vec<Vec<String>> {
    let each = events.iter_mut().map(|Handed { event, .. }| {
        life::dated(event, now);
        match strictness {
            Strictness::Mendable => Vec::new(),
            Strictness::Lenient => limits::cut(event),
        }
    });
    each.collect()
}

/// The same message, which waits to be told together with others; a copy of it waits as long, and is told alone.
fn waiting(
    message: NewMessage,
    one: &Addressed,
    gather: Gather,
    is_copy: bool,
    at_most: std::time::Duration,
    now: Timestamp,
) -> NewMessage {
    let mut entries = message.entries;
    let until = gather.at;
    let what = if is_copy { What::Waits { until } } else { What::WaitsForOthers { until } };
    entries.push(Entry { at: now, what });
    let by_itself = until.checked_add(digest::BY_ITSELF_AFTER).unwrap_or(until);
    NewMessage {
        entries,
        due_at: Some(if is_copy { until } else { by_itself }),
        // It is as patient as if it had been made when its hour comes.
        deadline: event::deadline(one.entry, until, at_most),
        gather: Some(gather).filter(|_| !is_copy),
        ..message
    }
}

/// Refuses names of no field and values that do not fit.
fn fields_fit(event: &Event) -> Result<(), Refused> {
    let pairs = event.told.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let (_, unknown, unfit) = Fields::from_pairs(pairs);
    let mut wrong: Vec<(String, String)> = unknown
        .into_iter()
        .map(|name| {
            let hint = crate::notice::field::Field::nearest(name);
            let words = hint.map_or_else(String::new, |field| format!("; did you mean {}?", field.name()));
            (name.to_owned(), format!("there is no field {name}{words}"))
        })
        .collect();
    wrong.extend(unfit.into_iter().map(|unfit| (unfit.field.name().to_owned(), unfit.to_string())));
    if wrong.is_empty() { Ok(()) } else { Err(Refused::Fields(wrong)) }
}
