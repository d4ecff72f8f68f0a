//! An ISO 18626 message taken in: remembered, mapped, told, confirmed.

use jiff::tz::TimeZone;
use standards::iso18626::{Document, ErrorType, Message, confirm};

use super::{Event as Meant, Mapped, RequestFacts, Zones, event, library_code, remembered};
use crate::clock::{self, Timestamp};
use crate::intake::{Event, Handed, Intake, Strictness, Told};
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::notice::status::Status;
use crate::patron::Patron;
use crate::store;

/// Fields that name the patron: they are kept with the patron, not among the item's.
const OF_PATRON: [&str; 4] = ["first_name", "surname", "full_name", "patron_id"];

/// Fields that hold the new day of a loan whose day has changed; the old one would mislead.
const DAY_CHANGED: [&str; 2] = ["recalled", "renewal_accepted"];

impl Intake {
    /// Takes in a message for the libraries that `may` speaks for, and gives the confirmation it is answered with;
    /// none for a message that is itself a confirmation.
    ///
    /// # Errors
    /// When the store is broken; then the sender should post it again.
    pub async fn take_iso18626(
        &self,
        document: &Document,
        may: impl Fn(&LibraryCode) -> bool,
    ) -> store::Result<Option<Document>> {
        let now = clock::now();
        let message = &document.message;
        let (borrowing, lending) = self.zones(message);
        let zones = Zones { borrowing: &borrowing, lending: &lending };
        // The library that a message's agency is, by its code or by its symbol in the sender's system.
        let ours = |name: &LibraryCode| {
            let library = self.book.library_known_as(name)?;
            may(&library.code).then(|| library.code.clone())
        };
        self.remember(message, zones, &ours, now).await?;
        match event(message, zones) {
            Mapped::Nothing { .. } => Ok(confirm::accepted(document, now)),
            Mapped::Refused { error_type, value } => Ok(confirm::refused(document, now, error_type, &value)),
            Mapped::Events(events) => {
                let known = |event: Meant| Some(Meant { library: ours(&event.library)?, ..event });
                let mine: Vec<Meant> = events.into_iter().filter_map(known).collect();
                if mine.is_empty() {
                    let sentence = "none of the agencies is a library of this key";
                    return Ok(confirm::refused(document, now, ErrorType::UnrecognisedDataValue, sentence));
                }
                let mut handed = Vec::with_capacity(mine.len());
                for meant in mine {
                    handed.push(Handed { event: self.completed(meant).await?, key: None });
                }
                self.take(handed, Strictness::Lenient, false, |_| String::new()).await?;
                Ok(confirm::accepted(document, now))
            }
        }
    }

    fn zones(&self, message: &Message) -> (TimeZone, TimeZone) {
        let zone = |code: Option<LibraryCode>| {
            let library = code.and_then(|code| self.book.library_known_as(&code));
            library.and_then(|library| TimeZone::get(&library.time_zone).ok()).unwrap_or(TimeZone::UTC)
        };
        let header = message.header();
        (
            zone(header.and_then(|header| library_code(&header.requesting_agency_id))),
            zone(header.and_then(|header| header.supplying_agency_id.as_ref()).and_then(library_code)),
        )
    }

    /// Keeps what a request tells of patron and item; later messages of it do not repeat that.
    async fn remember(
        &self,
        message: &Message,
        zones: Zones<'_>,
        ours: &impl Fn(&LibraryCode) -> Option<LibraryCode>,
        now: Timestamp,
    ) -> store::Result<()> {
        let Message::Request(request) = message else { return Ok(()) };
        let mut keep = Vec::new();
        for one in remembered(request, zones) {
            let Some(library) = ours(&one.library) else { continue };
            let mut facts = self.facts(&library, &one.request).await?.unwrap_or_default();
            facts.merge(one.facts);
            keep.push((library, one.request, serde_json::to_string(&facts).unwrap_or_default()));
        }
        if keep.is_empty() { Ok(()) } else { self.store.put_request_facts(keep, now).await }
    }

    async fn facts(&self, library: &LibraryCode, request: &str) -> store::Result<Option<RequestFacts>> {
        let text = self.store.request_facts(library, request).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The event, with what an earlier request told where this message does not.
    async fn completed(&self, mut meant: Meant) -> store::Result<Event> {
        let says_address = meant.email.is_some();
        if meant.needs_request
            && let Some(facts) = self.facts(&meant.library, &meant.request).await?
        {
            meant.complete(&facts);
        }
        let mut fields = meant.fields;
        let mut of_patron = OF_PATRON.map(|name| fields.remove(name)).into_iter();
        let mut next = || of_patron.next().flatten();
        let mut patron = Patron {
            first_name: next(),
            surname: next(),
            full_name: next(),
            id: next(),
            email: meant.email,
            language: fields.get("language").and_then(|tag| Language::from_tag(tag)),
            ..Patron::default()
        };
        // An address from memory is as old as the request: what was heard of the patron since comes first.
        if !says_address && let Some(number) = patron.number().map(str::to_owned) {
            let mut known = self.store.patrons(&meant.library, std::slice::from_ref(&number)).await?;
            patron.email = known.remove(&number).and_then(|record| record.patron.email).or(patron.email);
        }
        if DAY_CHANGED.contains(&meant.status)
            && let Some(day) = fields.remove("due_date")
        {
            fields.insert("new_due_date".to_owned(), day);
        }
        let request = fields.get("request_number").cloned().unwrap_or_else(|| meant.request.clone());
        Ok(Event {
            library: meant.library,
            request,
            status: Status::from_code(meant.status).expect("a test reads every status that messages give"),
            side: meant.side,
            occurrence: meant.key,
            told: Told { patron, fields, at: meant.at, ..Told::default() },
            source: "iso18626",
        })
    }
}
