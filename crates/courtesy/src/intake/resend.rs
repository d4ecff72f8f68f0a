//! The seeds of "Resend": a message sent again because a person asked.

use standards::address::Address;

use super::{Intake, event};
use crate::clock;
use crate::id::MessageId;
use crate::notice::Language;
use crate::notice::catalogue::{Notice, Patience};
use crate::queue::State;
use crate::store::{MessageRow, NewMessage};
use crate::submitted::UNKNOWN_KIND;
use crate::timeline::{Entry, What};

/// What became of the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resent {
    /// It goes out under this id: a new message, or the same one where it had not ended.
    As(MessageId),
    /// It cannot be sent again now, and why.
    NotNow(String),
}

impl Intake {
    /// Sends `row` again, to `to` where another address is given. A message that still waits is only made due; one
    /// that is over is repeated as a new message, with the words in force now and a history of its own.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn resend(&self, row: MessageRow, to: Option<Address>, by: String) -> crate::store::Result<Resent> {
        let now = clock::now();
        if row.state == State::Sending {
            return Ok(Resent::NotNow("The message is being sent at this moment.".to_owned()));
        }
        if row.state.may_be_cancelled() && to.is_none() {
            let released = self.store.release(row.library.clone(), row.id, by, now).await?;
            self.wake.notify_one();
            return Ok(if released { Resent::As(row.id) } else { Resent::NotNow("It has just left.".to_owned()) });
        }
        let address = to.map_or_else(|| row.address.clone(), |to| to.to_string());
        if address.is_empty() {
            return Ok(Resent::NotNow("There is no address to send it to; give one.".to_owned()));
        }
        let language = Language::from_tag(&row.language).unwrap_or(Language::En);
        let entry = Notice::from_code(&row.notice).ok().and_then(Notice::entry);
        if entry.is_none() && row.notice != UNKNOWN_KIND {
            return Ok(Resent::NotNow("Its notice is no longer in the catalogue.".to_owned()));
        }
        let words = entry.and_then(|entry| self.book.words(&row.library, entry.notice, language));
        let words = words.map(|(source, _)| source);
        let patience = entry.map_or(Patience::News, |entry| entry.patience);
        let id = MessageId::new(now);
        let message = NewMessage {
            id,
            notice: row.notice.clone(),
            language: language.tag(),
            address,
            words_of: words.as_ref().and_then(|source| source.of.clone()),
            words_version: words.map_or(0, |source| source.version),
            state: State::Queued,
            cause: None,
            due_at: Some(now),
            deadline: event::until(patience, now, self.at_most),
            entries: vec![Entry { at: now, what: What::Repeats { of: row.id, by: by.clone() } }],
        };
        if !self.store.repeat(row, message, by, now).await? {
            return Ok(Resent::NotNow("It has just left.".to_owned()));
        }
        self.wake.notify_one();
        Ok(Resent::As(id))
    }
}
