//! Copies once a day: the notice `copies_digest`, with the notices of the day before as a list.
//!
//! In: the notices that a library's patrons got on one of its days, in its time zone. Out: one message for each address
//! that gets copies. It is an event like any other, named by library and day: made once, whatever restarts and however
//! many processes look. Notices of which somebody got a copy as they left are not in it.

use std::collections::HashSet;
use std::time::Duration;

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::{Event, Intake, Side, Told};
use crate::clock;
use crate::library::{Copies, Library, LibraryCode};
use crate::notice::catalogue::{Audience, Entry, Notice};
use crate::notice::status::Status;
use crate::notice::value::LINES_MAX;
use crate::notice::{Language, dates};
use crate::store::Uncopied;

/// How often days are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5 * 60);

/// The hour of the library's day at which the list is made: it is there when the desk opens.
const AT_HOUR: i8 = 6;

/// Days looked back: a weekend of standing still loses no list.
const DAYS_BACK: i64 = 3;

/// Messages looked at for one list: a day of the largest library. What is beyond is counted by nobody.
const MESSAGES_MAX: u32 = 20_000;

/// Looks for days that are over until `stop`.
pub async fn run(intake: Arc<Intake>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    // What was made or was empty; a process that starts looks again, and finds it made.
    let mut done = HashSet::new();
    loop {
        if let Err(error) = intake.copy_days(clock::now(), &mut done).await {
            tracing::error!(%error, "lists of copies could not be made");
        }
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

impl Intake {
    /// Makes the lists that are due at `now` and not `done`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn copy_days(&self, now: Timestamp, done: &mut HashSet<(LibraryCode, Date)>) -> crate::store::Result<()> {
        for library in self.book.libraries() {
            let Ok(zone) = TimeZone::get(&library.time_zone) else { continue };
            let local = now.to_zoned(zone.clone());
            if library.copies != Copies::Daily || library.cc.is_empty() || local.hour() < AT_HOUR {
                continue;
            }
            let days = (1..=DAYS_BACK).rev().filter_map(|back| local.date().checked_sub(back.days()).ok());
            for day in days {
                if !done.contains(&(library.code.clone(), day)) {
                    self.copy_day(&library, day, &zone).await?;
                    done.insert((library.code.clone(), day));
                }
            }
        }
        done.retain(|(_, day)| now.to_zoned(TimeZone::UTC).date().since(*day).is_ok_and(|span| span.get_days() < 7));
        Ok(())
    }

    async fn copy_day(&self, library: &Library, day: Date, zone: &TimeZone) -> crate::store::Result<()> {
        let start = |day: Date| day.to_zoned(zone.clone()).map(|start| start.timestamp()).ok();
        let Some((begin, end)) = start(day).zip(day.tomorrow().ok().and_then(start)) else { return Ok(()) };
        let copied_to: Vec<String> = library.cc.iter().map(ToString::to_string).collect();
        let found = self.store.not_copied(&library.code, begin, end, &copied_to, MESSAGES_MAX).await?;
        let Some(event) = list_of(library, day, zone, &found) else { return Ok(()) };
        self.tell(event).await?;
        Ok(())
    }
}

/// The event of a day; none where patrons were told nothing.
fn list_of(library: &Library, day: Date, zone: &TimeZone, found: &[Uncopied]) -> Option<Event> {
    let language = library.language_for(None);
    let to_patron = |one: &&Uncopied| {
        // What was told together stands in the list one by one.
        let is_of_several = |notice: &Notice| notice.status == Status::PatronDigest;
        let counts = |notice: &Notice| {
            notice.audience == Audience::Patron && !notice.status.is_asked_for() && !is_of_several(notice)
        };
        Notice::from_code(&one.notice).ok().filter(counts)?.entry()
    };
    let told: Vec<(&Uncopied, &Entry)> = found.iter().filter_map(|one| Some((one, to_patron(&one)?))).collect();
    if told.is_empty() {
        return None;
    }
    let shown = if told.len() > LINES_MAX { LINES_MAX - 1 } else { told.len() };
    let mut lines: Vec<String> =
        told[..shown].iter().map(|(one, entry)| line(library, language, zone, one, entry)).collect();
    let more = told.len() - shown;
    if more > 0 {
        lines.push(match language {
            Language::En => format!("and {more} more"),
            Language::Fr => format!("et {more} autres"),
        });
    }
    let mut fields = Told::default();
    fields.fields.insert("list_day".to_owned(), day.to_string());
    fields.fields.insert("count".to_owned(), told.len().to_string());
    fields.fields.insert("notices".to_owned(), lines.join("\n"));
    Some(Event {
        library: library.code.clone(),
        request: day.to_string(),
        status: Status::CopiesDigest,
        side: Side::Borrowing,
        occurrence: day.to_string(),
        told: fields,
        source: "copies",
    })
}

/// When, what, which request, and what it is called unless the library hides that.
fn line(library: &Library, language: Language, zone: &TimeZone, one: &Uncopied, entry: &Entry) -> String {
    let told: Told = serde_json::from_str(&one.fields).unwrap_or_default();
    let time = dates::time(one.at.to_zoned(zone.clone()).time(), language);
    let mut parts = vec![time, entry.label(language).to_owned(), one.request.clone()];
    if !library.hide_titles {
        parts.extend(told.fields.get("title").cloned());
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests;
