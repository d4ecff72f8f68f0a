//! What an ISO 18626 message means: whom to tell what.
//!
//! In: a message that was read, and the time zones of its two libraries. Out: [`Mapped`]: the events it stands for, or why
//! it stands for none, or the error its confirmation must carry. Pure: no look-up, no clock. What a message does not
//! say of its request (the patron, the title) comes from an earlier `request`, kept as [`RequestFacts`].
//!
//! Not here: reading and confirming (`standards::iso18626`), which of the libraries are ours, whether a notice is on,
//! and the memory of earlier messages.

mod facts;
mod fields;
mod meaning;
mod take;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use standards::address::Address;
use standards::iso18626::{AgencyId, ErrorType, Header, Message, Moment};

pub use super::event::Side;
use crate::library::LibraryCode;

pub use facts::{Remembered, RequestFacts, remembered};
use meaning::{Meaning, Telling};

/// Values for the placeholders of a notice, by placeholder.
pub type Fields = BTreeMap<String, String>;

/// Whom an event may concern. Which of them are told is the catalogue's and the library's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The patron of the borrowing library.
    Patron,
    /// The borrowing library's staff.
    BorrowingStaff,
    /// The lending library's staff.
    LendingStaff,
}

/// The time zones in which dates are told: a due date is a day, and whose day it is matters.
#[derive(Clone, Copy, Debug)]
pub struct Zones<'a> {
    /// The borrowing library's.
    pub borrowing: &'a TimeZone,
    /// The lending library's.
    pub lending: &'a TimeZone,
}

/// Something that happened to a request, for one library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Our code of it: `overdue`.
    pub status: &'static str,
    /// The library it concerns.
    pub library: LibraryCode,
    /// Which of the two libraries that is.
    pub side: Side,
    /// Whom it may concern there.
    pub audiences: &'static [Audience],
    /// The request as this library's memory knows it: see [`request_key`].
    pub request: String,
    /// What is known for placeholders.
    pub fields: Fields,
    /// The patron's address, where the message itself said it.
    pub email: Option<Address>,
    /// The message does not say which title and which patron: [`Event::complete`] it from memory.
    pub needs_request: bool,
    /// The same for the same message posted again, and different for every other.
    pub key: String,
    /// When it happened, where the message says.
    pub at: Option<Timestamp>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// It is told to these libraries. Confirmed OK.
    Events(Vec<Event>),
    /// Nobody needs to hear of it. Confirmed OK.
    Nothing {
        /// Why, for whoever reads the intake's history.
        why: &'static str,
    },
    /// It asks for something that does not exist. Confirmed ERROR.
    Refused {
        /// The standard's kind of error.
        error_type: ErrorType,
        /// What exactly, for `errorValue`.
        value: String,
    },
}

/// What a message means.
#[must_use]
pub fn event(message: &Message, zones: Zones<'_>) -> Mapped {
    let (Some(header), meaning) = (message.header(), meaning::of(message)) else {
        return Mapped::Nothing { why: "a confirmation answers a message of ours" };
    };
    let tellings = match meaning {
        Meaning::Tell(tellings) => tellings,
        Meaning::Nothing(why) => return Mapped::Nothing { why },
        Meaning::Refused(error_type, value) => return Mapped::Refused { error_type, value },
    };
    let events: Vec<Event> = tellings.iter().filter_map(|telling| told(message, header, *telling, zones)).collect();
    if events.is_empty() {
        return Mapped::Nothing { why: "its library is not named by a code that a library can have" };
    }
    Mapped::Events(events)
}

impl Event {
    /// Adds what is remembered of its request. What the message itself said stays.
    pub fn complete(&mut self, facts: &RequestFacts) {
        let facts = match self.side {
            Side::Borrowing => facts.clone(),
            // Whoever mixes up two memories shows a patron to another library; not here.
            Side::Lending => facts.clone().without_patron(),
        };
        for (name, value) in facts.fields {
            self.fields.entry(name).or_insert(value);
        }
        self.email = self.email.take().or(facts.email);
        self.needs_request = false;
    }
}

/// The code of a library as messages name it; a type that is repeated before the value (`ISIL:CA-X`) is left off.
///
/// `None`: it cannot be a code of ours.
#[must_use]
pub fn library_code(agency: &AgencyId) -> Option<LibraryCode> {
    let value = agency.agency_id_value.as_str();
    let bare = match (&agency.agency_id_type, value.split_once(':')) {
        (Some(kind), Some((prefix, rest))) if kind.is(prefix) => rest,
        _ => value,
    };
    LibraryCode::parse(bare.trim()).ok()
}

/// The name of a request in one library's memory. The borrowing library numbers its requests; to a lending library
/// two borrowing libraries may come with the same number, so the borrower's code is part of it.
#[must_use]
pub fn request_key(header: &Header, side: Side) -> String {
    let number = header.requesting_agency_request_id.as_str();
    match side {
        Side::Borrowing => number.to_owned(),
        Side::Lending => format!("{}:{number}", header.requesting_agency_id.agency_id_value.as_str()),
    }
}

fn told(message: &Message, header: &Header, telling: Telling, zones: Zones<'_>) -> Option<Event> {
    let agency = match telling.side {
        Side::Borrowing => Some(&header.requesting_agency_id),
        Side::Lending => header.supplying_agency_id.as_ref(),
    };
    let library = library_code(agency?)?;
    let zone = match telling.side {
        Side::Borrowing => zones.borrowing,
        Side::Lending => zones.lending,
    };
    let mut event = Event {
        status: telling.status,
        key: key(message, header, telling, &library),
        at: happened(message, header),
        library,
        side: telling.side,
        audiences: telling.audiences,
        request: request_key(header, telling.side),
        fields: fields::of(message, header, telling.side, zone),
        email: None,
        needs_request: true,
    };
    if let Message::Request(request) = message {
        event.complete(&RequestFacts::from_request(request, zone));
    }
    Some(event)
}

/// The time that a message bears: its own, or that of the change it tells of.
fn stated(message: &Message, header: &Header) -> Option<Moment> {
    header.timestamp.or_else(|| last_change(message))
}

fn last_change(message: &Message) -> Option<Moment> {
    match message {
        Message::SupplyingAgencyMessage(message) => message.status_info.as_ref().and_then(|info| info.last_change),
        _ => None,
    }
}

/// When it happened: the change that a message tells of is older than the message. A time without a zone says nothing that could be
/// compared.
fn happened(message: &Message, header: &Header) -> Option<Timestamp> {
    last_change(message).and_then(|time| time.instant()).or_else(|| header.timestamp?.instant())
}

/// A receipt is told once, however many libraries are asked in turn and whoever says so first; everything else may
/// happen again, and its time and sequence number tell the second from a repetition.
fn key(message: &Message, header: &Header, telling: Telling, library: &LibraryCode) -> String {
    let mut parts =
        vec!["iso18626".to_owned(), telling.status.to_owned(), library.to_string(), request_key(header, telling.side)];
    if telling.status != meaning::REQUEST_RECEIVED {
        let note = meaning::note(message);
        let partner = match telling.side {
            Side::Borrowing => header.supplying_agency_id.as_ref(),
            Side::Lending => Some(&header.requesting_agency_id),
        };
        let time = stated(message, header);
        parts.extend([
            partner.map_or(String::new(), |agency| agency.agency_id_value.as_str().to_owned()),
            message.kind().element().to_owned(),
            time.map_or(String::new(), |time| time.to_string()),
            note.and_then(|note| note.sequence()).map_or(String::new(), |number| number.to_string()),
        ]);
    }
    let escaped: Vec<String> = parts.iter().map(|part| part.replace('%', "%25").replace('|', "%7C")).collect();
    escaped.join("|")
}
