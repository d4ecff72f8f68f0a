//! The next way to a patron: when one has failed, or has waited too long, another message takes its place.
//!
//! In: messages with rungs left. Out: the message on the next rung, in one transaction with the end of the one before. Whatever made
//! a message fail, a refusal, a bounce days later, a receipt, its deadline, its ladder is climbed here and nowhere else.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::rounds::Rounds;
use super::{Intake, event};
use crate::channel::{Channel, Ladder};
use crate::notice::catalogue::{Notice, Patience};
use crate::queue::State;
use crate::store::{MessageRow, NewMessage};
use crate::timeline::{Entry, What};

/// How often we look: a text message follows a bounce within seconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Messages climbed in one look: thousands may fail at one moment, when a receiver refuses all.
const AT_ONCE: u32 = 200;

/// How long to wait after the store was broken.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// Climbs until `stop`.
pub async fn run(intake: Arc<Intake>, stop: impl Future<Output = ()>) {
    let (every, at_once, after_trouble) = (LOOK_EVERY, AT_ONCE, AFTER_TROUBLE);
    let rounds = Rounds { every, at_once, after_trouble, trouble: "ladders could not be climbed" };
    rounds.run(stop, |now| intake.climb(now)).await;
}

impl Intake {
    /// Steps on the next rung of every message that is to be climbed at `now`; gives how many were looked at.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn climb(&self, now: Timestamp) -> crate::store::Result<usize> {
        let found = self.store.to_climb(now, AT_ONCE).await?;
        let looked_at = found.len();
        for (row, ladder) in found {
            // Other ways are looked at as they leave; a letter leaves when somebody posts it.
            let is_letter = ladder.rungs.first().is_some_and(|rung| rung.channel == Channel::Letter);
            let is_over = is_letter && self.no_longer_true(&row, now).await?.is_some();
            let next = if is_over { None } else { self.on_next_rung(&row, ladder, now) };
            let (id, is_last) = (row.id, next.is_none());
            if self.store.climb(row, next, now).await? && !is_last {
                tracing::info!(message = %id, "the next way is tried");
            }
        }
        if looked_at > 0 {
            self.wake.notify_one();
        }
        Ok(looked_at)
    }

    /// The message on the next rung; none where none is left, or its notice has left the catalogue.
    fn on_next_rung(&self, row: &MessageRow, ladder: Ladder, now: Timestamp) -> Option<NewMessage> {
        let (rung, ladder) = ladder.next()?;
        let entry = Notice::from_code(&row.notice).ok().and_then(Notice::entry);
        let patience = entry.map_or(Patience::News, |entry| entry.patience);
        let is_letter = rung.channel == Channel::Letter;
        let deadline = if is_letter { event::until_posted(now) } else { event::until(patience, now, self.at_most) };
        let message = self.repeat_of(row, (rung.channel, rung.address), now, now, deadline, "courtesy")?;
        let entries = vec![Entry { at: now, what: What::NextWay { of: row.id, channel: rung.channel } }];
        let message = NewMessage { ladder, entries, ..message };
        Some(if is_letter { to_be_posted(message, now) } else { message })
    }
}

/// A letter waits for whoever prints and posts it.
pub(super) fn to_be_posted(mut message: NewMessage, now: Timestamp) -> NewMessage {
    let what = What::Held { cause: "letter.to_post".to_owned(), fields: Vec::new() };
    message.entries.push(Entry { at: now, what });
    NewMessage {
        state: State::Held,
        cause: Some("letter.to_post".to_owned()),
        due_at: Some(message.deadline),
        ..message
    }
}
