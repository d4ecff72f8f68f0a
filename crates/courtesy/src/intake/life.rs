//! What an event tells of its request: kept with it, so that the next notice is true and reminders are made.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::together::together;
use super::{Event, Intake, Side, Told, reminders};
use crate::clock::{from_micros, micros};
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::Notice;
use crate::notice::status::Status;
use crate::request::plan::today;
use crate::request::truth::{Why, untrue};
use crate::request::{Facts, Heard, is_of_life};
use crate::store::{MessageRow, News};

/// Says when `event` happened, where it tells of the life of a request that we borrow for: when it says, or `now`. A clock that goes
/// fast would else be believed against all that comes after.
pub(super) fn dated(event: &mut Event, now: Timestamp) {
    let told = &mut event.told;
    if event.side != Side::Borrowing || !is_of_life(event.status) {
        (told.at, told.undoes) = (None, None);
        return;
    }
    // To the microsecond, as the store keeps it: a correction finds what it takes back by its time.
    told.at = Some(told.at.map_or(now, |at| from_micros(micros(at)).min(now)));
    if event.status != Status::Correction {
        told.undoes = None;
    }
    // What was told before, in the words of its notice.
    if let Some(undone) = told.undoes {
        let notice = Notice { status: undone, audience: undone.first_audience() };
        let language = told.patron.language.unwrap_or(crate::notice::Language::En);
        let label = notice.entry().map_or(undone.code(), |entry| entry.label(language));
        told.fields.entry("old_status".to_owned()).or_insert_with(|| label.to_owned());
    }
}

/// What `event` tells of its request; none where that is nothing, or where it only says what follows from what is known.
pub(super) fn news(event: &Event, library: &Arc<Library>, now: Timestamp) -> Option<News> {
    if event.source == reminders::SOURCE {
        return None;
    }
    let zone = TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC);
    let said = event.told.said(event.status, &zone)?;
    let heard = Heard {
        at: said.at,
        on: now,
        status: event.status,
        due: said.due,
        pickup_by: said.pickup_by,
        need_before: said.need_before,
        undoes: said.undoes,
    };
    let told = &event.told;
    let facts = Facts { patron: told.patron.clone(), fields: told.fields.clone(), hide_titles: told.hide_titles };
    Some(News { heard, facts, library: Arc::clone(library) })
}

impl Intake {
    /// Why what a message says is no longer true at `now`; none where it is, or where it tells of no request's life. For whoever makes
    /// something of a message outside of the queue, as letters are.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn no_longer_true(&self, row: &MessageRow, now: Timestamp) -> crate::store::Result<Option<Why>> {
        let (Some(library), Ok(notice)) = (self.book.library(&row.library), Notice::from_code(&row.notice)) else {
            return Ok(None);
        };
        if notice.status == Status::PatronDigest {
            let language = Language::from_tag(&row.language).unwrap_or(Language::En);
            let told = together(&self.store, &self.book, &library, row.event, language, false, now).await?;
            return Ok(told.items.is_empty().then_some(Why::NothingLeft));
        }
        let Some(request) = self.store.request(&row.library, &row.request).await? else { return Ok(None) };
        let told = Told::of(&self.store, &row.library, row.event).await?.unwrap_or_default();
        let zone = TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC);
        let said = told.said(notice.status, &zone);
        Ok(said.and_then(|said| untrue(&said, &request.life, today(&library, now))))
    }
}
