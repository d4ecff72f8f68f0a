//! What an event came to: its messages and how each is meant to leave, or why it was not taken.

use jiff::Timestamp;

use super::event::Addressed;
use crate::channel::Channel;
use crate::id::{EventId, MessageId};
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::notice::catalogue::Notice;
use crate::outcome::Cause;
use crate::queue::State;
use crate::sender::Plan;
use crate::store::{MessageRow, NewMessage};

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
    /// A message just written out.
    pub(super) fn new(message: &NewMessage, one: &Addressed, plan: &Plan) -> Self {
        Self {
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
        }
    }

    /// A message that was there already: switches and addresses may have changed since it was written.
    pub(super) fn of(row: MessageRow, plan: Option<&Plan>) -> Self {
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
