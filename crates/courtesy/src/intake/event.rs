//! An event, and the messages that follow from it.
//!
//! In: what a door read. Out: the messages: which notices are on, for whom, in which language, with whose words.
//! Pure: nothing here waits, and nothing is written down yet.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use standards::address::Address;

use crate::library::{Copies, Library, LibraryCode};
use crate::notice::Language;
use crate::notice::catalogue::{self, Audience, Notice};
use crate::notice::status::Status;
use crate::patron::Patron;

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
    /// What makes it the same event when it is told twice: request, side, status, patron and occurrence.
    #[must_use]
    pub fn natural_key(&self) -> String {
        let side = match self.side {
            Side::Borrowing => "borrowing",
            Side::Lending => "lending",
        };
        let parts = [&self.request, side, self.status.code(), &self.told.patron.natural_key(), &self.occurrence].map(
            |part: &str| {
                // The separator cannot stand inside a part, so two different events never share a key.
                part.replace('\u{1f}', " ")
            },
        );
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
    /// Said where a mail was handed in as it is to leave, and no words of ours are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<Submitted>,
    /// Said where somebody tries words out that are not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
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
    /// Every field that the words of this event's notices may name: the event's own, the patron's, the library's.
    #[must_use]
    pub fn all_fields(&self, library: &Library, request: &str, language: Language) -> BTreeMap<String, String> {
        let mut fields = library.fields(language);
        fields.extend(self.patron.fields());
        fields.extend(self.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        fields.entry("request_number".to_owned()).or_insert_with(|| request.to_owned());
        fields
    }
}

/// Who is to be told, before anything is written: one notice for one address.
#[derive(Clone, Debug, PartialEq)]
pub struct Addressed {
    /// The notice.
    pub notice: Notice,
    /// Its row of the catalogue.
    pub entry: &'static catalogue::Entry,
    /// Where it goes; none where the event brought no address.
    pub address: Option<Address>,
    /// In which language.
    pub language: Language,
}

/// Who is to be told of `event`: each notice that is on, for each address it goes to, each address once a notice.
#[must_use]
pub fn addressed(event: &Event, library: &Library) -> Vec<Addressed> {
    let mut told = Vec::new();
    for entry in event.status.notices() {
        let notice = entry.notice;
        let on = library.switches.get(&notice.code()).copied().unwrap_or(entry.on_by_default);
        if !on || !event.side.hears(notice.audience) {
            continue;
        }
        let staff_language = library.language_for(None);
        let mut put = |address: Option<Address>, language| {
            if !told.iter().any(|one: &Addressed| one.notice == notice && one.address == address) {
                told.push(Addressed { notice, entry, address, language });
            }
        };
        match notice.audience {
            Audience::Patron => {
                let language = library.language_for(event.told.patron.language);
                put(event.told.patron.email.clone(), language);
                // A copy is a message of its own: the patron never sees it, and a bad copy never stops a notice.
                let is_test = event.status == Status::TestNotice;
                for copy in library.cc.iter().filter(|_| library.copies == Copies::Each && !is_test) {
                    put(Some(copy.clone()), language);
                }
            }
            Audience::Borrowing | Audience::Operator => {
                let is_of_copies = event.status == Status::CopiesDigest;
                for address in if is_of_copies { &library.cc } else { &library.borrowing_staff } {
                    put(Some(address.clone()), staff_language);
                }
            }
            Audience::Lending => {
                for address in &library.lending_staff {
                    put(Some(address.clone()), staff_language);
                }
            }
        }
    }
    told
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
