//! What a patron answered by text message: passed on to the library's staff as the notice `text_reply`, or, where it is a word that
//! rules our text messages, answered.

use jiff::SignedDuration;

use super::{Event, Intake, Side, Told};
use crate::channel::{Channel, Word};
use crate::clock;
use crate::id::EventId;
use crate::notice::Language;
use crate::notice::status::Status;
use crate::patron::found_by;
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
        let mut told = Told::of(&self.store, &row.library, row.event).await?.unwrap_or_default();
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
        self.tell(event).await?;
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
        let to = (Channel::Text, row.address.clone());
        let message = NewMessage {
            entries: vec![Entry { at: now, what: told }],
            ..NewMessage::queued(word.notice(), language, to, now, deadline)
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
