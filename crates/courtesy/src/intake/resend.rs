//! The seeds of "Resend": a message sent again because a person asked, or because there was reason to wait.

use jiff::Timestamp;
use standards::address::Address;

use super::{Intake, event};
use crate::clock;
use crate::id::MessageId;
use crate::notice::Language;
use crate::notice::catalogue::{Notice, Patience};
use crate::queue::State;
use crate::sender::SenderKind;
use crate::store::{MessageRow, NewMessage, Repeated};
use crate::submitted::UNKNOWN_KIND;
use crate::timeline::{Entry, What};

/// How a message is to be sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Another address, this once.
    pub to: Option<Address>,
    /// From the shared address, whatever is proven.
    pub shared: bool,
}

/// What became of the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resent {
    /// It goes out under this id: a new message, or the same one where it had not ended.
    As(MessageId),
    /// It was sent again before, to the same address, and that one waits or was accepted.
    Before(MessageId),
    /// It cannot be sent again now, and why.
    NotNow(String),
}

impl Intake {
    /// Sends `row` again as `wish` has it. A message that still waits is only made due; one that is over is repeated as a
    /// new message, with the words in force now and a history of its own. Asked twice, it is sent once.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn resend(&self, row: MessageRow, wish: Wish, by: String) -> crate::store::Result<Resent> {
        let now = clock::now();
        if row.state == State::Sending {
            return Ok(Resent::NotNow("The message is being sent at this moment.".to_owned()));
        }
        if row.state.may_be_cancelled() && wish == Wish::default() {
            let released = self.store.release(row.library.clone(), row.id, by, now).await?;
            self.wake.notify_one();
            return Ok(if released { Resent::As(row.id) } else { Resent::NotNow("It has just left.".to_owned()) });
        }
        let address = wish.to.map_or_else(|| row.address.clone(), |to| to.to_string());
        if address.is_empty() {
            return Ok(Resent::NotNow("There is no address to send it to; give one.".to_owned()));
        }
        let entry = Notice::from_code(&row.notice).ok().and_then(Notice::entry);
        let deadline = event::until(entry.map_or(Patience::News, |entry| entry.patience), now, self.at_most);
        let Some(message) = self.repeat_of(&row, address, now, now, deadline, &by) else {
            return Ok(Resent::NotNow("Its notice is no longer in the catalogue.".to_owned()));
        };
        let id = message.id;
        let own = [SenderKind::Own.code(), SenderKind::Relay.code()].join(",");
        let refused = if wish.shared { own } else { String::new() };
        Ok(match self.store.repeat(row, message, refused, by, now).await? {
            Repeated::Now => {
                self.wake.notify_one();
                Resent::As(id)
            }
            Repeated::Before(again) => Resent::Before(again),
            Repeated::UnderWay => Resent::NotNow("It has just left.".to_owned()),
        })
    }

    /// A message that says the same as `row` to `address`, due at `due_at`. None where its notice has left the catalogue.
    #[must_use]
    pub fn repeat_of(
        &self,
        row: &MessageRow,
        address: String,
        now: Timestamp,
        due_at: Timestamp,
        deadline: Timestamp,
        by: &str,
    ) -> Option<NewMessage> {
        let notice = Notice::from_code(&row.notice).ok();
        if notice.is_none() && row.notice != UNKNOWN_KIND {
            return None;
        }
        let language = Language::from_tag(&row.language)?;
        let words = notice.and_then(|notice| self.book.words(&row.library, notice, language)).map(|(source, _)| source);
        Some(NewMessage {
            id: MessageId::new(now),
            notice: row.notice.clone(),
            language: language.tag(),
            address,
            words_of: words.as_ref().and_then(|source| source.of.clone()),
            words_version: words.map_or(0, |source| source.version),
            state: State::Queued,
            cause: None,
            due_at: Some(due_at),
            deadline,
            entries: vec![Entry { at: now, what: What::Repeats { of: row.id, by: by.to_owned() } }],
        })
    }
}
