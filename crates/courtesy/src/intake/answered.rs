//! What a patron answered by text message: passed on to the library's staff as the notice `text_reply`, or, where it is a word that
//! rules our text messages, answered.

use jiff::SignedDuration;

use super::{Event, Handed, Intake, Side, Strictness, Told};
use crate::channel::{Channel, Ladder, Word};
use crate::clock;
use crate::id::{EventId, MessageId};
use crate::notice::Language;
use crate::notice::status::Status;
use crate::patron::found_by;
use crate::queue::State;
use crate::store::{MessageRow, NewEvent, NewMessage};
use crate::timeline::{Entry, What};

/// An answer is worth nothing later: whoever asked has put the telephone away.
const ANSWER_WITHIN: SignedDuration = SignedDuration::from_hours(2);

impl Intake {
    /// Tells the staff of the library of `row`, the last text message to that number, what its patron wrote: once for each text
    /// message that came in.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn tell_of_text(&self, row: &MessageRow, id: &str, text: &str) -> crate::store::Result<()> {
        let told = self.store.event_fields(&row.library, row.event).await?;
        let mut told: Told = told.and_then(|fields| serde_json::from_str(&fields).ok()).unwrap_or_default();
        told.fields.insert("note".to_owned(), text.to_owned());
        let event = Event {
            library: row.library.clone(),
            request: row.request.clone(),
            status: Status::TextReply,
            side: Side::Borrowing,
            occurrence: id.to_owned(),
            told,
            source: "text",
        };
        self.take(vec![Handed { event, key: None }], Strictness::Lenient, false, |_| String::new()).await?;
        Ok(())
    }

    /// Answers whoever wrote `word` to us by text message, after `row`, the last one that went to them. Each word is answered once a day.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn answer_text(
        &self,
        row: &MessageRow,
        id: &str,
        word: Word,
        language: Option<Language>,
    ) -> crate::store::Result<()> {
        let now = clock::now();
        let event = EventId::new(now);
        let language = language.or_else(|| Language::from_tag(&row.language)).unwrap_or(Language::En);
        let told = What::Told { event, source: "text".to_owned(), status: word.notice().to_owned() };
        let deadline = now.checked_add(ANSWER_WITHIN).unwrap_or(now);
        let message = NewMessage {
            id: MessageId::new(now),
            notice: word.notice().to_owned(),
            language: language.tag(),
            channel: Channel::Text,
            address: row.address.clone(),
            ladder: Ladder::default(),
            words_of: None,
            words_version: 0,
            state: State::Queued,
            cause: None,
            due_at: Some(now),
            deadline,
            gather: None,
            entries: vec![Entry { at: now, what: told }],
        };
        let event = NewEvent {
            id: event,
            library: row.library.clone(),
            natural_key: format!("text\u{1f}{id}"),
            request: row.request.clone(),
            status: word.notice().to_owned(),
            patron: String::new(),
            source: "text",
            fields: "{}".to_owned(),
            found_by: found_by([row.address.as_str()]),
            news: None,
            received_at: now,
            messages: vec![message],
            idempotency: None,
        };
        if self.store.keep_text_answer(event, word.notice(), row.address.clone()).await? {
            self.wake.notify_one();
        }
        Ok(())
    }
}
