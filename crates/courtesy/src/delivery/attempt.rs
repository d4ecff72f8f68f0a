//! One attempt at one message, from its row to its next state.
//!
//! In: a claimed message. Out: what becomes of it. Here is asked what every way out asks: whether it is still true, in time, and told together with
//! others. Not here: mail (`mailed`), text messages (`texted`), notifications (`pushed`), and what an answer to a mail means (`judged`).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::standing::Right;
use super::together::{self, Look};
use super::truth::{self, Untrue};
use super::{Delivery, mailed, pushed, texted};
use crate::channel::Channel;
use crate::clock;
use crate::id;
use crate::library::Library;
use crate::queue::State;
use crate::reply::Kind as ReplyKind;
use crate::sender::SenderKind;
use crate::store::{Claimed, Settled};
use crate::timeline::{Entry, What};

/// How soon a message is due again that we failed at, and its receiver did not. Not an attempt.
pub(super) const OUR_FAULT: SignedDuration = SignedDuration::from_mins(1);

/// How soon a correction is looked at again whose first notice is under way: a conversation takes seconds.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(3);

/// Why a message is not tried now.
pub(super) enum Not {
    /// It is over, or waits for a person.
    Settled(Box<Settled>),
    /// We are at fault: the words for the log.
    Ours(String),
}

impl From<Settled> for Not {
    fn from(settled: Settled) -> Self {
        Self::Settled(Box::new(settled))
    }
}

/// An error is never the receiver's word.
impl<E: std::error::Error> From<E> for Not {
    fn from(error: E) -> Self {
        Self::Ours(error.to_string())
    }
}

/// Tries `message` once, as long as the `right` it was claimed under holds, and says what becomes of it.
pub(super) async fn attempt(engine: &Delivery, mut message: Claimed, right: &Right) -> Settled {
    let now = clock::now();
    if ReplyKind::from_notice(&message.notice).is_some() {
        leave_as_shared(&mut message);
    }
    if let Some(over) = over_already(&message, now) {
        return over;
    }
    match tried(engine, &mut message, right, now).await {
        Ok(settled) => settled,
        Err(Not::Settled(settled)) => *settled,
        Err(Not::Ours(why)) => {
            tracing::error!(message = %message.id, library = %message.library, why, "a message could not be tried");
            engine.parts.metrics.put_off("ours");
            untried(&message, OUR_FAULT, now)
        }
    }
}

/// Somebody's mail passed on as the library would be a forgery; and whoever wrote to the shared address is answered by it.
fn leave_as_shared(message: &mut Claimed) {
    let before = refused(message);
    let others = [SenderKind::Own, SenderKind::Relay].into_iter().filter(|kind| !before.contains(kind));
    message.refused = codes(&before.iter().copied().chain(others).collect::<Vec<_>>());
}

/// What ends before it is tried: for an erased patron, and past its deadline.
fn over_already(message: &Claimed, now: Timestamp) -> Option<Settled> {
    let (state, cause, what) = if message.is_erased() {
        (State::Cancelled, None, What::Cancelled { by: "courtesy".to_owned() })
    } else if now >= message.deadline {
        // What kept it from going says more than that time ran out.
        let cause = message.last_cause.clone().unwrap_or_else(|| "expired".to_owned());
        (State::Failed, Some(cause.clone()), What::Expired { cause })
    } else {
        return None;
    };
    Some(Settled { tried: false, ..ended(message, state, cause, vec![Entry { at: now, what }], now) })
}

async fn tried(engine: &Delivery, message: &mut Claimed, right: &Right, now: Timestamp) -> Result<Settled, Not> {
    match truth::look(&engine.parts.store, &engine.parts.book, message, now).await? {
        None => {}
        Some(Untrue::Because(why)) => return Ok(no_longer_true(message, why.code(), now)),
        Some(Untrue::NotKnownYet) => return Ok(untried(message, UNDER_WAY, now)),
    }
    let left_out = match together::look(engine, message, now).await? {
        Look::Tells(left_out) => left_out,
        Look::Nothing(settled) => return Ok(*settled),
    };
    let sent = match message.channel {
        Channel::Mail => mailed::attempt(engine, message, right, now).await?,
        Channel::Text => texted::attempt(engine, message, right, now).await?,
        Channel::Push => pushed::attempt(engine, message, right, now).await?,
        Channel::Letter => lettered(message, now),
    };
    Ok(together::without(&left_out, sent))
}

/// Over without having left: what it says is no longer so.
fn no_longer_true(message: &Claimed, cause: &str, now: Timestamp) -> Settled {
    let entry = Entry { at: now, what: What::NotSent { cause: cause.to_owned() } };
    let ended = ended(message, State::Cancelled, Some(cause.to_owned()), vec![entry], now);
    Settled { tried: false, ..ended }
}

/// A letter is never sent by us: it waits for whoever prints and posts it.
fn lettered(message: &Claimed, now: Timestamp) -> Settled {
    let held = ended(message, State::Held, Some("letter.to_post".to_owned()), Vec::new(), now);
    Settled { due_at: Some(message.deadline), tried: false, ..held }
}

/// Whose it is.
pub(super) fn library(engine: &Delivery, message: &Claimed) -> Result<Arc<Library>, Not> {
    engine.parts.book.library(&message.library).ok_or_else(|| Not::Ours("its library is gone".to_owned()))
}

pub(super) fn ended(
    message: &Claimed,
    state: State,
    cause: Option<String>,
    entries: Vec<Entry>,
    at: Timestamp,
) -> Settled {
    Settled {
        id: message.id,
        attempt: message.attempt,
        tried: true,
        state,
        cause,
        due_at: None,
        refused: message.refused.clone(),
        sender: None,
        provider: None,
        waits_for: None,
        at,
        entries,
    }
}

/// Over, before anything was sent.
pub(super) fn not_sent(message: &Claimed, cause: &str, now: Timestamp) -> Settled {
    let entry = Entry { at: now, what: What::NotSent { cause: cause.to_owned() } };
    Settled { tried: false, ..ended(message, State::Failed, Some(cause.to_owned()), vec![entry], now) }
}

/// Hands a claimed message back, due now: we stop before its turn came.
pub(super) fn handed_back(message: &Claimed) -> Settled {
    untried(message, SignedDuration::ZERO, clock::now())
}

/// Back into the queue as if it had not been claimed.
pub(super) fn untried(message: &Claimed, wait: SignedDuration, now: Timestamp) -> Settled {
    let state = if message.attempt > 1 { State::Delayed } else { State::Queued };
    let due_at = now.checked_add(wait).unwrap_or(message.deadline).min(message.deadline);
    Settled { due_at: Some(due_at), tried: false, ..ended(message, state, message.last_cause.clone(), Vec::new(), now) }
}

/// The senders under which it was refused before.
pub(super) fn refused(message: &Claimed) -> Vec<SenderKind> {
    message.refused.split(',').filter_map(SenderKind::from_code).collect()
}

/// As the store keeps them.
pub(super) fn codes(kinds: &[SenderKind]) -> String {
    kinds.iter().map(|kind| kind.code()).collect::<Vec<_>>().join(",")
}

/// Chance in 0..1.
pub(super) fn chance() -> f64 {
    f64::from(u32::from_le_bytes(id::random_bytes())) / f64::from(u32::MAX)
}
