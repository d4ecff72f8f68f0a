//! The letters that a library has to post: one file, each letter addressed and written in its patron's language.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Intake, Told};
use crate::letter::{Addressed, pdf};
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::Notice;
use crate::notice::frame::Frame;
use crate::notice::render::render_letter;
use crate::notice::value::Fields;
use crate::store::{MessageRow, StoreError, WordsSource};

/// Letters of one file: a morning's work at the franking machine. What is beyond is in the next file.
pub const LETTERS_MAX: u32 = 200;

/// A letter that waits, as a list shows it.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its message.
    pub row: MessageRow,
    /// To whom.
    pub name: String,
    /// Their address, a line each; empty where it is not known any more.
    pub postal: Vec<String>,
    told: Told,
}

impl Intake {
    /// The letters of `library` that wait, the oldest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn letters(&self, library: &Library) -> crate::store::Result<Vec<Letter>> {
        let rows = self.store.letters_to_post(&library.code, LETTERS_MAX).await?;
        let events: Vec<_> = rows.iter().map(|row| row.event).collect();
        let fields = self.store.events_fields(&library.code, &events).await?;
        let mut letters = Vec::with_capacity(rows.len());
        for row in rows {
            let told = fields.get(&row.event).and_then(|fields| serde_json::from_str::<Told>(fields).ok());
            let mut told = told.unwrap_or_default();
            // The patron may have moved since: what is on record is newer than the event.
            if let Some(number) = &told.patron.id
                && let Some(record) = self.store.patron(&library.code, number).await?
            {
                if !record.postal.is_empty() {
                    told.patron.postal.clone_from(&record.postal);
                }
                told.hide_titles |= record.hide_titles;
            }
            let name = told.patron.fields().remove("full_name").unwrap_or_default();
            letters.push(Letter { row, name, postal: told.patron.postal.clone(), told });
        }
        Ok(letters)
    }

    /// One PDF with all of `letters`, dated with the day it is at the library.
    ///
    /// # Errors
    /// When the store is broken, or no PDF can be made.
    pub async fn letters_pdf(&self, library: &Library, letters: &[Letter], now: Timestamp) -> anyhow::Result<Vec<u8>> {
        let mut addressed = Vec::with_capacity(letters.len());
        for letter in letters {
            addressed.extend(self.set(library, letter, now).await?);
        }
        let title = library.name.get(library.language_for(None)).to_owned();
        // Setting two hundred letters keeps a thread busy for a second.
        Ok(tokio::task::spawn_blocking(move || pdf(&addressed, &title)).await??)
    }

    /// The letter with its envelope; none where it can no longer be written: its words or a value of it are gone.
    async fn set(&self, library: &Library, letter: &Letter, now: Timestamp) -> Result<Option<Addressed>, StoreError> {
        let Letter { row, told, .. } = letter;
        let language = Language::from_tag(&row.language).unwrap_or(Language::En);
        let Ok(notice) = Notice::from_code(&row.notice) else { return Ok(None) };
        let source = WordsSource { of: row.words_of.clone(), version: row.words_version };
        let Some(words) = self.book.words_at(&source, notice, language).await? else { return Ok(None) };
        let all = told.all_fields(library, &row.request, language);
        let (fields, _, _) = Fields::from_pairs(all.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let day = now.to_zoned(TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC)).date();
        let mut frame = Frame::of(library, notice.audience, language, day);
        frame.hide_titles |= told.hide_titles;
        let Ok(written) = render_letter(&words, &fields, &frame) else { return Ok(None) };
        let name = Some(letter.name.clone()).filter(|name| !name.is_empty());
        Ok(Some(Addressed {
            to: name.into_iter().chain(letter.postal.iter().cloned()).collect(),
            from_name: library.name.get(language).to_owned(),
            from: library.reach.postal.clone(),
            day,
            language,
            letter: written,
        }))
    }
}
