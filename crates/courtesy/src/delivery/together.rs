//! A message that tells several notices together, right before it leaves: what it says, and what it leaves out.
//!
//! In: a claimed message. Out: the same with its items, or that nothing of it is true any more; and once a receiver took it, which were
//! not in it. Not here: what an item says (`intake/together.rs`).

use jiff::Timestamp;

use super::Delivery;
use super::attempt::ended;
use crate::channel::Channel;
use crate::intake::Told;
use crate::intake::together::{LeftOut, is_of_several, together};
use crate::notice::Language;
use crate::queue::State;
use crate::request::truth::Why;
use crate::store::{Claimed, Settled};
use crate::timeline::{Entry, What};

/// What a look gives.
pub(super) enum Look {
    /// It may leave, without these.
    Tells(Vec<LeftOut>),
    /// It is over.
    Nothing(Box<Settled>),
}

/// Puts into `message` what it tells together, where it is one that does.
///
/// # Errors
/// When the store is broken.
pub(super) async fn look(engine: &Delivery, message: &mut Claimed, now: Timestamp) -> crate::store::Result<Look> {
    let library = engine.parts.book.library(&message.library).filter(|_| is_of_several(&message.notice));
    // Where its library is gone, that is said later.
    let Some(library) = library else { return Ok(Look::Tells(Vec::new())) };
    let language = Language::from_tag(&message.language).unwrap_or(Language::En);
    // A lock screen and a text message are read by others too.
    let hides = matches!(message.channel, Channel::Text | Channel::Push);
    let (store, book) = (&engine.parts.store, &engine.parts.book);
    let found = together(store, book, &library, message.event, language, hides, now).await?;
    if found.items.is_empty() {
        let mut entries = lines(&found.left_out, now);
        let cause = Why::NothingLeft.code().to_owned();
        entries.push(Entry { at: now, what: What::NotSent { cause: cause.clone() } });
        let over = ended(message, State::Cancelled, Some(cause), entries, now);
        return Ok(Look::Nothing(Box::new(Settled { tried: false, ..over })));
    }
    let mut told: Told = serde_json::from_str(&message.fields).unwrap_or_default();
    told.items = found.items;
    message.fields = serde_json::to_string(&told).unwrap_or_default();
    Ok(Look::Tells(found.left_out))
}

/// What a message came to, with the end of those that it left out once it has left.
pub(super) fn without(left_out: &[LeftOut], mut settled: Settled) -> Settled {
    if settled.state == State::Accepted {
        settled.entries.extend(lines(left_out, settled.at));
    }
    settled
}

fn lines(left_out: &[LeftOut], at: Timestamp) -> Vec<Entry> {
    let line = |one: &LeftOut| {
        let (message, request, cause) = (one.message, one.request.clone(), one.why.code().to_owned());
        Entry { at, what: What::LeftOut { message, request, cause } }
    };
    left_out.iter().map(line).collect()
}
