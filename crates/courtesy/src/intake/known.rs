//! What is known of patrons beside what an event tells: looked up before messages are made, and kept after.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::{Event, Intake, reminders};
use crate::channel::Channel;
use crate::library::LibraryCode;
use crate::notice::status::Status;
use crate::patron::{Known, Record};
use crate::store::Consent;

/// What is to be kept of patrons once their events are.
pub(super) type Learned = Vec<(LibraryCode, String, Record)>;

/// Whether what an event says of its patron is what an older one told: a reminder is written long after whoever told of the loan, and
/// a text message is answered by whoever an earlier notice, or a code that proves nothing yet, went to.
fn is_old_news(event: &Event) -> bool {
    event.source == reminders::SOURCE || event.status == Status::TextReply
}

impl Intake {
    /// Completes the patrons of `events` by what is known of them: an event without an address goes to the one on record. Gives what
    /// else is known of each, in order, and what is new.
    pub(super) async fn know(
        &self,
        events: &mut [&mut Event],
        now: Timestamp,
        dry_run: bool,
    ) -> crate::store::Result<(Vec<Known>, Learned)> {
        let mut numbers: HashMap<LibraryCode, Vec<String>> = HashMap::new();
        for event in events.iter() {
            if let Some(key) = event.told.patron.key() {
                numbers.entry(event.library.clone()).or_default().push(key);
            }
        }
        let mut records: HashMap<(LibraryCode, String), Record> = HashMap::new();
        for (library, numbers) in &numbers {
            let found = self.store.patrons(library, numbers).await?;
            records.extend(found.into_iter().map(|(number, record)| ((library.clone(), number), record)));
        }
        let mut learned: HashMap<(LibraryCode, String), Record> = HashMap::new();
        let with_device = self.with_device(&numbers, &records).await?;
        let mut known = Vec::with_capacity(events.len());
        for event in events.iter_mut() {
            let mut one = Known::default();
            // Where a code is sent is not yet known to be theirs: nothing is learned of it.
            if event.status == Status::PatronCode {
                known.push(one);
                continue;
            }
            if let Some(number) = event.told.patron.key() {
                let is_kept = event.told.patron.number().is_some();
                let key = (event.library.clone(), number);
                let record = records.get(&key).cloned().unwrap_or_default();
                let (newer, patron) = match is_old_news(event) {
                    true => (record.clone(), record.recall(&event.told.patron)),
                    false => (record.with(&event.told.patron), record.complete(&event.told.patron)),
                };
                event.told.patron = patron;
                event.told.hide_titles |= record.hide_titles;
                one.order.clone_from(&record.order);
                one.digest = record.digest;
                one.has_push = with_device.contains(&key);
                // Of whoever has no number nothing is kept but what they chose on their own page.
                if newer != record && is_kept {
                    records.insert(key.clone(), newer.clone());
                    learned.insert(key, newer);
                }
            }
            one.may_text = self.may_text(event, now, dry_run).await?;
            known.push(one);
        }
        let learned = learned.into_iter().map(|((library, number), record)| (library, number, record)).collect();
        Ok((known, learned))
    }

    /// Those patrons who turned notifications on, where any may go that way.
    async fn with_device(
        &self,
        numbers: &HashMap<LibraryCode, Vec<String>>,
        records: &HashMap<(LibraryCode, String), Record>,
    ) -> crate::store::Result<HashSet<(LibraryCode, String)>> {
        let mut with_device = HashSet::new();
        for (library, numbers) in numbers {
            let uses = self.book.library(library).is_some_and(|library| library.reach.uses(Channel::Push));
            let wishes = |number: &&String| {
                let record = records.get(&(library.clone(), (*number).clone()));
                record.is_some_and(|record| record.order.contains(&Channel::Push))
            };
            let asked: Vec<String> = numbers.iter().filter(|number| uses || wishes(number)).cloned().collect();
            let found = self.store.subscribed(library, &asked).await?;
            with_device.extend(found.into_iter().map(|number| (library.clone(), number)));
        }
        Ok(with_device)
    }

    /// Whether the patron's telephone may be texted. What the event says of it is kept with its time, where nobody has said anything
    /// yet: a library's system does not undo what a patron said themselves.
    async fn may_text(&self, event: &Event, now: Timestamp, dry_run: bool) -> crate::store::Result<bool> {
        let Some(phone) = &event.told.patron.phone else { return Ok(false) };
        let uses = self.book.library(&event.library).is_some_and(|library| library.reach.uses(Channel::Text));
        if !uses && event.told.patron.texts.is_none() {
            return Ok(false);
        }
        let known = self.store.consent(&event.library, phone.as_str()).await?;
        match (known, event.told.patron.texts) {
            (Some(known), None) => Ok(known.given),
            (Some(known), Some(told)) if known.given == told || known.how != "event" => Ok(known.given),
            (_, Some(given)) => {
                let consent = Consent { given, at: now, how: "event".to_owned(), by: event.source.to_owned() };
                if !dry_run {
                    self.store.note_consent(Some(event.library.clone()), phone.to_string(), consent).await?;
                }
                Ok(given)
            }
            (None, None) => Ok(false),
        }
    }
}
