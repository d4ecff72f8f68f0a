//! What a message says that tells several notices together: each in short, as its own words have it.
//!
//! In: the event of that message. Out: an item for each notice that is still true, and those that are not. Looked at when they are
//! gathered, and again at every attempt: what was renewed or returned meanwhile is not told. Not here: which wait for
//! each other (`digest`), and how items look (`notice`).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Told;
use crate::id::{EventId, MessageId};
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::field::Field;
use crate::notice::frame::Frame;
use crate::notice::render::{SUBJECT_LETTERS_MAX, render_subject};
use crate::notice::value::{Fields, Item};
use crate::notice::{short, status};
use crate::request::Life;
use crate::request::plan::today;
use crate::request::truth::{Why, untrue};
use crate::store::{Book, Member, Store, WordsSource};

/// One that is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The message that would have told it alone.
    pub message: MessageId,
    /// Its request's number.
    pub request: String,
    /// Why not.
    pub why: Why,
}

/// What is told together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Together {
    /// The notices that are true, what is late first; of one kind, the earliest day first.
    pub items: Vec<Item>,
    /// Which messages these stand for, in the same order.
    pub messages: Vec<MessageId>,
    /// Those that are not true any more.
    pub left_out: Vec<LeftOut>,
}

/// Whether the notice with this code tells others together.
#[must_use]
pub fn is_of_several(notice: &str) -> bool {
    Notice::from_code(notice).is_ok_and(|notice| notice.status == status::Status::PatronDigest)
}

/// What the messages of `event` tell at `now`, without titles where `hides`.
///
/// # Errors
/// When the store is broken.
pub async fn together(
    store: &Store,
    book: &Book,
    library: &Library,
    event: EventId,
    language: Language,
    hides: bool,
    now: Timestamp,
) -> crate::store::Result<Together> {
    let mut found = Together::default();
    let mut told = Vec::new();
    for member in store.gathered_in(&library.code, event).await? {
        match no_longer_true(&member, library, now) {
            Some(why) => {
                found.left_out.push(LeftOut { message: member.row.id, request: member.row.request.clone(), why });
            }
            None => {
                let rank = Notice::from_code(&member.row.notice).map_or(u8::MAX, |notice| short::rank(notice.status));
                let (day, item) = item(book, library, &member, language, hides, now).await?;
                told.push(((rank, day.unwrap_or(Date::MAX), member.row.id), item));
            }
        }
    }
    told.sort_by_key(|(order, _)| *order);
    (found.messages, found.items) = told.into_iter().map(|((_, _, id), item)| (id, item)).unzip();
    Ok(found)
}

/// Why what a message says is no longer true at `now`.
pub(super) fn no_longer_true(member: &Member, library: &Library, now: Timestamp) -> Option<Why> {
    let life: Life = serde_json::from_str(member.life.as_deref()?).ok()?;
    let told: Told = serde_json::from_str(&member.fields).ok()?;
    let notice = Notice::from_code(&member.row.notice).ok()?;
    let zone = TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC);
    untrue(&told.said(notice.status, &zone)?, &life, today(library, now))
}

/// A notice in short, with the day that it is about: its subject in the words that were in force when its event came, its day, its request.
async fn item(
    book: &Book,
    library: &Library,
    member: &Member,
    language: Language,
    hides: bool,
    now: Timestamp,
) -> crate::store::Result<(Option<Date>, Item)> {
    let row = &member.row;
    let told: Told = serde_json::from_str(&member.fields).unwrap_or_default();
    let all = told.all_fields(library, &row.request, language);
    let (fields, _, _) = Fields::from_pairs(all.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let Ok(notice) = Notice::from_code(&row.notice) else {
        return Ok((None, Item { said: row.notice.clone(), facts: row.request.clone(), url: None }));
    };
    let mut frame = Frame::of(library, Audience::Patron, language, today(library, now));
    frame.hide_titles |= told.hide_titles || hides;
    let source = WordsSource { of: row.words_of.clone(), version: row.words_version };
    let words = book.words_at(&source, notice, language).await?;
    let said = words.and_then(|words| render_subject(&words, &fields, &frame, SUBJECT_LETTERS_MAX).ok());
    let label = || notice.entry().map_or(row.notice.as_str(), |entry| entry.label(language)).to_owned();
    let day = short::day(notice.status, &fields, language, &frame.zone);
    let facts = day.into_iter().chain([row.request.clone()]).collect::<Vec<_>>().join(" · ");
    let url = fields.url(Field::RequestUrl).map(str::to_owned);
    Ok((short::date(notice.status, &fields, &frame.zone), Item { said: said.unwrap_or_else(label), facts, url }))
}
