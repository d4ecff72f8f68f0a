//! An event, and the messages that follow from it.
//!
//! In: what a door read. Out: the messages: which notices are on, for whom, in which language, with whose words.
//! Pure: nothing here waits, and nothing is written down yet.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use standards::address::Address;

use super::reminders;
use crate::channel::ladder::rungs;
use crate::channel::{Channel, Ladder, Rung};
use crate::id::EventId;
use crate::library::{Copies, Library, LibraryCode};
use crate::notice::Language;
use crate::notice::catalogue::{self, Audience, Notice};
use crate::notice::field::Field;
use crate::notice::status::Status;
use crate::notice::value::{Fields, Item};
use crate::patron::{Known, Patron, found_by};
use crate::request::truth::Said;
use crate::store::Store;

/// Which part of the library a request concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It borrows for its patron.
    Borrowing,
    /// It lends to another library.
    Lending,
}

impl Side {
    /// The side that a status is about where the sender does not say: lending where only lenders are told of it.
    #[must_use]
    pub fn usual(status: Status) -> Self {
        let only_lenders = status.notices().all(|entry| entry.notice.audience == Audience::Lending);
        if only_lenders && status.notices().next().is_some() { Self::Lending } else { Self::Borrowing }
    }

    fn hears(self, audience: Audience) -> bool {
        match self {
            Self::Borrowing => matches!(audience, Audience::Patron | Audience::Borrowing | Audience::Operator),
            Self::Lending => audience == Audience::Lending,
        }
    }
}

/// Something happened to a request and reached us.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Whose.
    pub library: LibraryCode,
    /// The request's number.
    pub request: String,
    /// What happened.
    pub status: Status,
    /// Which part of the library it concerns.
    pub side: Side,
    /// Which time this status is entered, where it can be entered more than once: a counter, a date, a message's id.
    pub occurrence: String,
    /// What it told of patron and item.
    pub told: Told,
    /// The door it came by: `api`, `iso18626`, `csv`.
    pub source: &'static str,
}

impl Event {
    /// What makes it the same event when it is told twice: request, side, status, patron and occurrence. Of a reminder the patron is
    /// left out: a number or an address that comes later makes no other reminder of it.
    #[must_use]
    pub fn natural_key(&self) -> String {
        let side = match self.side {
            Side::Borrowing => "borrowing",
            Side::Lending => "lending",
        };
        let patron = match self.source {
            reminders::SOURCE => String::new(),
            _ => self.told.patron.natural_key(),
        };
        let parts = [&self.request, side, self.status.code(), &patron, &self.occurrence].map(|part: &str| {
            // The separator cannot stand inside a part, so two different events never share a key.
            part.replace('\u{1f}', " ")
        });
        parts.join("\u{1f}")
    }
}

/// What an event told of patron and item: kept with it as JSON, read again when its messages are written out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The patron.
    #[serde(default)]
    pub patron: Patron,
    /// The fields that words may name.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Whether the patron wishes that titles and authors stay out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hide_titles: bool,
    /// When it happened, where it tells of the life of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Of a correction: the status that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::request::maybe_code")]
    pub undoes: Option<Status>,
    /// Said where a mail was handed in as it is to leave, and no words of ours are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<Submitted>,
    /// Said where somebody tries words out that are not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
    /// What is told together, worked out as it is written and never kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
}

/// Words that are tried out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Their source, which was right when the test was asked for.
    pub words: String,
}

/// What is known of a mail that another system wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// Which system, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Whether it wrote it of its own accord.
    #[serde(default)]
    pub generated: bool,
}

impl Told {
    /// What the event of a message told; none where nobody knows any more.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn of(store: &Store, library: &LibraryCode, event: EventId) -> crate::store::Result<Option<Self>> {
        let fields = store.event_fields(library, event).await?;
        Ok(fields.and_then(|fields| serde_json::from_str(&fields).ok()))
    }

    /// What it says of its request that can become untrue, as an event of `status`; none where it tells of no request's life.
    #[must_use]
    pub fn said(&self, status: Status, zone: &TimeZone) -> Option<Said> {
        let at = self.at?;
        let (fields, _, _) =
            Fields::from_pairs(self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let day = |field| fields.day(field, zone);
        Some(Said {
            status,
            at,
            due: day(Field::NewDueDate).or_else(|| day(Field::DueDate)),
            pickup_by: day(Field::PickupBy),
            need_before: day(Field::NeedBefore),
            undoes: self.undoes,
        })
    }

    /// Every field that the words of this event's notices may name: the event's own, the patron's, the library's.
    #[must_use]
    pub fn all_fields(&self, library: &Library, request: &str, language: Language) -> BTreeMap<String, String> {
        let mut fields = library.fields(language);
        fields.extend(self.patron.fields());
        fields.extend(self.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        fields.entry("request_number".to_owned()).or_insert_with(|| request.to_owned());
        fields
    }

    /// Puts what is told together among the values.
    pub fn put_items(&self, fields: &mut Fields) {
        if !self.items.is_empty() {
            fields.set_items(Field::Items, self.items.clone());
            // A number fits its field.
            let _ = fields.set(Field::Count, &self.items.len().to_string());
        }
    }

    /// What the event is found by, later, by people: its patron, its title and author unless they are to stay out of
    /// sight, and where its messages go.
    #[must_use]
    pub fn found_by<'a>(&self, addresses: impl Iterator<Item = &'a str>) -> String {
        let item = ["title", "author"].into_iter().filter(|_| !self.hide_titles);
        let item = item.filter_map(|name| self.fields.get(name).cloned());
        let mut parts: Vec<String> = self.patron.known_by().chain(item).collect();
        for address in addresses {
            if !parts.iter().any(|part| part == address) {
                parts.push(address.to_owned());
            }
        }
        found_by(parts.iter().map(String::as_str))
    }
}

/// Who is to be told, before anything is written: one notice for one address.
#[derive(Clone, Debug, PartialEq)]
pub struct Addressed {
    /// The notice.
    pub notice: Notice,
    /// Its row of the catalogue.
    pub entry: &'static catalogue::Entry,
    /// Which way it goes.
    pub channel: Channel,
    /// Where it goes; none where nothing is known.
    pub address: Option<String>,
    /// What is tried when it does not arrive.
    pub ladder: Ladder,
    /// In which language.
    pub language: Language,
}

/// The one way of tests.
const BY_MAIL: &[Channel] = &[Channel::Mail];

/// Who is to be told of `event`: each notice that is on, for each address it goes to, each address once a notice. A patron is told by
/// one message, on the first way there is to them; `known` is what is known of the patron beside the event.
#[must_use]
pub fn addressed(event: &Event, library: &Library, known: &Known) -> Vec<Addressed> {
    let mut told = Vec::new();
    for entry in event.status.notices() {
        let notice = entry.notice;
        let on = library.sends(entry, false);
        // What tells others together is made of them, and of no event that somebody tells.
        let is_ours = notice.status == Status::PatronDigest;
        if !on || is_ours || !event.side.hears(notice.audience) {
            continue;
        }
        let staff_language = library.language_for(None);
        let put = |told: &mut Vec<Addressed>, address: Option<Address>, language| {
            let address = address.map(|address| address.to_string());
            if !told.iter().any(|one| one.notice == notice && one.address == address) {
                let (channel, ladder) = (Channel::Mail, Ladder::default());
                told.push(Addressed { notice, entry, channel, address, ladder, language });
            }
        };
        match notice.audience {
            Audience::Patron => {
                let patron = &event.told.patron;
                let language = library.language_for(patron.language);
                let mut rungs = match event.status {
                    // A test shows whether mail arrives, however else a patron wishes to be told of loans.
                    Status::TestNotice => rungs(BY_MAIL, None, &known.points(patron)),
                    Status::PatronCode => to_prove(patron),
                    _ => rungs(library.reach.order(notice), Some(&known.order), &known.points(patron)),
                };
                let is_asked_for = event.status.is_asked_for();
                let (channel, address) = match rungs.is_empty() {
                    // Nothing is known: it is said of a mail, which has no address.
                    true => (Channel::Mail, patron.email.as_ref().map(ToString::to_string)),
                    false => {
                        let first = rungs.remove(0);
                        (first.channel, Some(first.address))
                    }
                };
                let wait_s = u32::from(library.reach.next_after_hours) * 3600;
                let ladder = Ladder { rungs, wait_s: (wait_s > 0).then_some(wait_s) };
                told.push(Addressed { notice, entry, channel, address, ladder, language });
                // A copy is a message of its own: the patron never sees it, and a bad copy never stops a notice.
                for copy in library.cc.iter().filter(|_| library.copies == Copies::Each && !is_asked_for) {
                    put(&mut told, Some(copy.clone()), language);
                }
            }
            Audience::Borrowing | Audience::Operator => {
                let is_of_copies = event.status == Status::CopiesDigest;
                for address in if is_of_copies { &library.cc } else { &library.borrowing_staff } {
                    put(&mut told, Some(address.clone()), staff_language);
                }
            }
            Audience::Lending => {
                for address in &library.lending_staff {
                    put(&mut told, Some(address.clone()), staff_language);
                }
            }
        }
    }
    told
}

/// The one address that a code is sent to: whose it is, is what it is to show.
fn to_prove(patron: &Patron) -> Vec<Rung> {
    let by_mail = patron.email.as_ref().map(|email| Rung { channel: Channel::Mail, address: email.to_string() });
    let by_text = || Some(Rung { channel: Channel::Text, address: patron.phone.as_ref()?.to_string() });
    by_mail.or_else(by_text).into_iter().collect()
}

/// When we give up on a notice of `entry` made at `now`: as its kind says, `at_most` in any case.
#[must_use]
pub fn deadline(entry: &catalogue::Entry, now: Timestamp, at_most: std::time::Duration) -> Timestamp {
    until(entry.patience, now, at_most)
}

/// The end of `patience` from `now` on, `at_most` in any case.
#[must_use]
pub fn until(patience: catalogue::Patience, now: Timestamp, at_most: std::time::Duration) -> Timestamp {
    let patience = patience.duration().min(at_most);
    let patience = SignedDuration::try_from(patience).unwrap_or(SignedDuration::MAX);
    now.checked_add(patience).unwrap_or(Timestamp::MAX)
}

/// How long a letter waits to be posted: two weeks, over the longest holidays of a library.
const POSTING: SignedDuration = SignedDuration::from_hours(14 * 24);

/// When we give up on a letter that nobody posts.
#[must_use]
pub fn until_posted(now: Timestamp) -> Timestamp {
    now.checked_add(POSTING).unwrap_or(Timestamp::MAX)
}
