//! The letters that a library has to post: each addressed and written in its patron's language, together as one file a day.
//!
//! In: messages on paper that wait. Out: [`Letter`]s, and their PDF. A letter belongs to the day after the one on which it was made, at
//! the library: so a day's letters are complete when it begins. What was printed may be in the post: it is taken back no more, and
//! of a day's letters those that were printed are marked as posted. Not here: how letters look (`letter`), and who may print them (`http`, `web`).

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::together::together;
use super::{Intake, Told};
use crate::letter::{Addressed, Batch, Item, Sides, is_printable, pdf};
use crate::library::{Library, LibraryCode};
use crate::notice::Language;
use crate::notice::catalogue::Notice;
use crate::notice::frame::Frame;
use crate::notice::render::render_letter;
use crate::notice::status::Status;
use crate::notice::value::Fields;
use crate::patron::Record;
use crate::store::{MessageRow, StoreError, WordsSource};

/// Letters looked at together: more than a library of ours ever had waiting. What is beyond is seen once those are posted.
pub const LETTERS_MAX: u32 = 1000;

/// Why a letter cannot be posted as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// No postal address is known.
    NoAddress,
    /// What it would say is gone, or was never complete.
    Unwritten,
    /// Our fonts lack a letter of the name or the address: the post could not read it.
    Unprintable,
}

impl Wrong {
    /// The code in answers and page words.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::Unwritten => "unwritten",
            Self::Unprintable => "unprintable",
        }
    }
}

/// A letter, as a list shows it.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its message.
    pub row: MessageRow,
    /// To whom.
    pub name: String,
    /// The day whose letters it belongs to.
    pub day: Date,
    /// The letter with its envelope, or why there is none.
    pub made: Result<Box<Addressed>, Wrong>,
}

impl Library {
    /// The day that it is at the library.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Date {
        now.to_zoned(TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)).date()
    }
}

impl Intake {
    /// The letters of `library` that wait, the oldest first; `of`: only those of one day.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn letters(
        &self,
        library: &Library,
        of: Option<Date>,
        now: Timestamp,
    ) -> crate::store::Result<Vec<Letter>> {
        let mut rows = self.store.letters_to_post(&library.code, LETTERS_MAX).await?;
        rows.retain(|row| of.is_none_or(|day| day_of(library, row) == day));
        let mut to_post = Vec::with_capacity(rows.len());
        for row in rows {
            // A letter leaves when somebody posts it: what is no longer true by then is not printed. What was printed may have left.
            if row.printed_at.is_some() {
                to_post.push(row);
                continue;
            }
            match self.no_longer_true(&row, now).await? {
                None => to_post.push(row),
                Some(why) => drop(self.store.not_posted(library.code.clone(), row.id, why.code(), now).await?),
            }
        }
        self.made(library, to_post, now).await
    }

    /// One letter, whether it waits or was posted; none where `row` is no letter of `library`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn letter(
        &self,
        library: &Library,
        row: MessageRow,
        now: Timestamp,
    ) -> crate::store::Result<Option<Letter>> {
        let is_one = row.library == library.code && row.channel == crate::channel::Channel::Letter;
        if !is_one {
            return Ok(None);
        }
        Ok(self.made(library, vec![row], now).await?.pop())
    }

    async fn made(
        &self,
        library: &Library,
        rows: Vec<MessageRow>,
        now: Timestamp,
    ) -> crate::store::Result<Vec<Letter>> {
        let events: Vec<_> = rows.iter().map(|row| row.event).collect();
        let fields = self.store.events_fields(&library.code, &events).await?;
        let told: Vec<Told> = rows
            .iter()
            .map(|row| fields.get(&row.event).and_then(|told| serde_json::from_str(told).ok()).unwrap_or_default())
            .collect();
        let numbers: Vec<String> = told.iter().filter_map(|told| told.patron.id.clone()).collect();
        let records = self.store.patrons(&library.code, &numbers).await?;
        let mut letters = Vec::with_capacity(rows.len());
        for (row, told) in rows.into_iter().zip(told) {
            let told = as_known(told, &records);
            let name = told.patron.fields().remove("full_name").unwrap_or_default();
            let made = self.addressed(library, &row, &told, &name, now).await?;
            letters.push(Letter { day: day_of(library, &row), row, name, made });
        }
        Ok(letters)
    }

    /// The letter with its envelope, or why there is none.
    async fn addressed(
        &self,
        library: &Library,
        row: &MessageRow,
        told: &Told,
        name: &str,
        now: Timestamp,
    ) -> Result<Result<Box<Addressed>, Wrong>, StoreError> {
        if told.patron.postal.is_empty() {
            return Ok(Err(Wrong::NoAddress));
        }
        let to: Vec<String> =
            [name].into_iter().chain(told.patron.postal.iter().map(String::as_str)).map(str::to_owned).collect();
        let to: Vec<String> = to.into_iter().filter(|line| !line.trim().is_empty()).collect();
        if !is_printable(&to.iter().map(String::as_str).collect::<Vec<_>>()) {
            return Ok(Err(Wrong::Unprintable));
        }
        let language = Language::from_tag(&row.language).unwrap_or(Language::En);
        let Ok(notice) = Notice::from_code(&row.notice) else { return Ok(Err(Wrong::Unwritten)) };
        let source = WordsSource { of: row.words_of.clone(), version: row.words_version };
        let Some(words) = self.book.words_at(&source, notice, language).await? else {
            return Ok(Err(Wrong::Unwritten));
        };
        let all = told.all_fields(library, &row.request, language);
        let (mut fields, _, _) = Fields::from_pairs(all.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if notice.status == Status::PatronDigest {
            let found = together(&self.store, &self.book, library, row.event, language, told.hide_titles, now).await?;
            Told { items: found.items, ..Told::default() }.put_items(&mut fields);
        }
        let day = library.today(now);
        let mut frame = Frame::of(library, notice.audience, language, day);
        frame.hide_titles |= told.hide_titles;
        let Ok(letter) = render_letter(&words, &fields, &frame) else { return Ok(Err(Wrong::Unwritten)) };
        Ok(Ok(Box::new(Addressed {
            to,
            from_name: library.name.get(language).to_owned(),
            from: library.reach.postal.clone(),
            day,
            language,
            letter,
        })))
    }

    /// One PDF with those of `letters` that can be posted; none where there is none. With `day`, the list of that day lies on top.
    ///
    /// # Errors
    /// When no PDF can be made.
    pub async fn letters_pdf(
        &self,
        library: &Library,
        letters: &[Letter],
        day: Option<Date>,
        sides: Sides,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        let language = library.language_for(None);
        let mut addressed = Vec::with_capacity(letters.len());
        let mut items = Vec::with_capacity(letters.len());
        for letter in letters {
            let Ok(made) = &letter.made else { continue };
            let entry = Notice::from_code(&letter.row.notice).ok().and_then(Notice::entry);
            items.push(Item {
                name: letter.name.clone(),
                notice: entry.map_or_else(|| letter.row.notice.clone(), |entry| entry.label(language).to_owned()),
                request: letter.row.request.clone(),
            });
            addressed.push(made.as_ref().clone());
        }
        if addressed.is_empty() {
            return Ok(None);
        }
        let name = library.name.get(language).to_owned();
        let list = day.map(|day| Batch { library: name, day, language, items });
        let envelope = library.reach.envelope;
        // Setting hundreds of letters keeps a thread busy for seconds.
        let pdf = tokio::task::spawn_blocking(move || pdf(&addressed, list.as_ref(), envelope, sides));
        Ok(Some(pdf.await??))
    }

    /// Notes that those of `letters` that can be printed were.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn printed(&self, library: LibraryCode, letters: &[Letter], now: Timestamp) -> crate::store::Result<()> {
        let ids = letters.iter().filter(|letter| letter.made.is_ok()).map(|letter| letter.row.id).collect();
        self.store.printed(library, ids, now).await
    }

    /// Notes that the letters of `day` are in the post: those that were printed, whatever has become of their loans since. Gives how
    /// many were waiting.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn posted(&self, library: &Library, day: Date, by: String, now: Timestamp) -> crate::store::Result<u64> {
        let rows = self.store.letters_to_post(&library.code, LETTERS_MAX).await?;
        let printed = rows.iter().filter(|row| row.printed_at.is_some() && day_of(library, row) == day);
        let ids = printed.map(|row| row.id).collect();
        self.store.posted(library.code.clone(), ids, by, now).await
    }
}

/// The day whose letters `row` belongs to.
fn day_of(library: &Library, row: &MessageRow) -> Date {
    library.today(row.created_at).saturating_add(1.day())
}

/// What an event told, with what is known since: the patron may have moved.
fn as_known(mut told: Told, records: &HashMap<String, Record>) -> Told {
    if let Some(record) = told.patron.id.as_ref().and_then(|number| records.get(number)) {
        if !record.postal.is_empty() {
            told.patron.postal.clone_from(&record.postal);
        }
        told.hide_titles |= record.hide_titles;
    }
    told
}
