//! An event made into its messages: addressed, with the words in force, each with its first state and line of history.
//!
//! In: a checked event, what is known of its patron, its library. Out: what is to be kept, and the receipt; or which values are missing or do not
//! fit. Asks neither DNS nor the database.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::event::{self, Addressed, Event};
use super::receipt::{Planned, Receipt, Refused};
use super::{Intake, Strictness, digest, ladder, life};
use crate::channel::Channel;
use crate::id::{EventId, MessageId};
use crate::library::Library;
use crate::notice::catalogue::Notice;
use crate::notice::field::Field;
use crate::notice::frame::Frame;
use crate::notice::render::render;
use crate::notice::value::Fields;
use crate::patron::Known;
use crate::queue::State;
use crate::store::{Gather, NewEvent, NewMessage};
use crate::timeline::{Entry, What};

impl Intake {
    /// The event with its messages, checked and not yet kept.
    pub(super) fn write_out(
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
            planned.push(Planned::new(&message, &one, &plan));
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

/// The same message, which waits to be told together with others; a copy of it waits as long, and is told alone.
fn waiting(
    message: NewMessage,
    one: &Addressed,
    gather: Gather,
    is_copy: bool,
    at_most: Duration,
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
            let hint = Field::nearest(name);
            let words = hint.map_or_else(String::new, |field| format!("; did you mean {}?", field.name()));
            (name.to_owned(), format!("there is no field {name}{words}"))
        })
        .collect();
    wrong.extend(unfit.into_iter().map(|unfit| (unfit.field.name().to_owned(), unfit.to_string())));
    if wrong.is_empty() { Ok(()) } else { Err(Refused::Fields(wrong)) }
}
