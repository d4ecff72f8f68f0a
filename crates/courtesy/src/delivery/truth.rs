//! Whether a message is still true at its attempt: its request may have been renewed, returned or cancelled since it was written.
//!
//! In: a claimed message, with what is known of its request. Out: why it is not to leave, or nothing. Not here: what makes a notice
//! untrue (`request/truth.rs`).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::intake::Told;
use crate::notice::Language;
use crate::notice::catalogue::Notice;
use crate::notice::status::Status;
use crate::queue::State;
use crate::request::Life;
use crate::request::plan::today;
use crate::request::truth::{Said, Why, untrue};
use crate::store::{Book, Claimed, Store};

/// Why a message does not leave now.
pub enum Untrue {
    /// It is over.
    Because(Why),
    /// Whether there is anything to correct is decided at this moment.
    NotKnownYet,
}

/// Looks whether `message` is still true at `now`: why it is not to leave, or none.
///
/// # Errors
/// When the store is broken.
pub async fn look(
    store: &Store,
    book: &Book,
    message: &Claimed,
    now: Timestamp,
) -> crate::store::Result<Option<Untrue>> {
    let Some(life) = message.life.as_deref().and_then(|life| serde_json::from_str::<Life>(life).ok()) else {
        return Ok(None);
    };
    let (Ok(notice), Some(library)) = (Notice::from_code(&message.notice), book.library(&message.library)) else {
        return Ok(None);
    };
    // Nearly all: nothing has come since. What is about a day may have passed all the same, and what corrects needs something to correct.
    let needs_more = matches!(notice.status, Status::DueSoon | Status::PickupReminder | Status::Correction);
    if life.is_only(notice.status) && !needs_more {
        return Ok(None);
    }
    let Ok(told) = serde_json::from_str::<Told>(&message.fields) else { return Ok(None) };
    let zone = TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC);
    let Some(said) = told.said(notice.status, &zone) else { return Ok(None) };
    if let Some(why) = untrue(&said, &life, today(&library, now)) {
        return Ok(Some(Untrue::Because(why)));
    }
    match said.undoes {
        Some(undone) if said.status == Status::Correction => {
            to_correct(store, message, notice, undone, &said, &life).await
        }
        _ => Ok(None),
    }
}

/// How the request of `message` stands, in the words of its newest status; none where nothing is known of it.
pub(super) fn stands(message: &Claimed, language: Language) -> Option<String> {
    let life: Life = serde_json::from_str(message.life.as_deref()?).ok()?;
    let status = life.stands().last?;
    let notice = Notice { status, audience: status.first_audience() };
    notice.entry().map(|entry| entry.label(language).to_owned())
}

/// Whether there is anything to correct: only who was told something wrong hears that it was.
async fn to_correct(
    store: &Store,
    message: &Claimed,
    correction: Notice,
    undone: Status,
    said: &Said,
    life: &Life,
) -> crate::store::Result<Option<Untrue>> {
    let first = Notice { status: undone, audience: correction.audience };
    let told = store.told_of(&message.library, &message.request, undone.code(), &first.code()).await?;
    let at = life.taken_back_by(undone, said.at);
    let of_it = told.into_iter().filter(|(fields, _)| {
        let told = serde_json::from_str::<Told>(fields).ok().and_then(|told| told.at);
        at.is_none() || told == at
    });
    let states: Vec<State> = of_it.map(|(_, state)| state).collect();
    Ok(if states.contains(&State::Accepted) {
        None
    } else if states.contains(&State::Sending) {
        Some(Untrue::NotKnownYet)
    } else {
        Some(Untrue::Because(Why::Untold))
    })
}
