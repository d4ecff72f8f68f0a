//! Messages about to be kept, and the statement that keeps many of them at once.

use jiff::Timestamp;

use super::arrival::{Counted, Ended};
use super::engine::Tx;
use super::statement::Builder;
use super::timeline::append;
use super::{Result, to_json};
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

/// A message with what its row takes from the event.
pub(super) struct Written<'a> {
    pub(super) library: &'a LibraryCode,
    pub(super) event: EventId,
    pub(super) request: &'a str,
    pub(super) at: Timestamp,
    pub(super) message: &'a NewMessage,
}

/// Writes them with the first lines of their timelines, and counts those that are over already.
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
