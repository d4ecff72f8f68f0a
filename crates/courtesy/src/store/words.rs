//! Saved words of notices: every version for good, the newest in force.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::audit::{Deed, note};
use super::engine::Row;
use super::process::changed;
use super::statement::{Statement, query};
use super::{Result, Store, outbox};
use crate::clock::{from_micros, micros};
use crate::library::LibraryCode;
use crate::webhook::Kind;

/// Which words: of a library (or the consortium, the empty text), of which notice, in which language, which version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WordsRef {
    /// A library's code, or the empty text for the consortium.
    pub library: String,
    /// The notice's code.
    pub notice: String,
    /// The language's tag.
    pub language: String,
    /// The version; the first is 1.
    pub version: i64,
}

/// One saved version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedWords {
    /// Which.
    pub of: WordsRef,
    /// The source; none: from here on the layer below is used again.
    pub source: Option<String>,
    /// When.
    pub saved_at: Timestamp,
    /// By whom.
    pub saved_by: String,
}

impl Store {
    /// The newest version of all words, of every library and the consortium.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn words_in_force(&self) -> Result<Vec<SavedWords>> {
        let rows = query(
            "select library, notice, language, version, source, saved_at, saved_by from words as w \
             where version = (select max(version) from words where library = w.library and notice = w.notice \
               and language = w.language)",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(words_from).collect()
    }

    /// The newest version of the words of `library` and of the consortium, of every notice.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn words_of(&self, library: &LibraryCode) -> Result<Vec<SavedWords>> {
        let rows = query(
            "select library, notice, language, version, source, saved_at, saved_by from words as w \
             where library in ($1, '') and version = (select max(version) from words where library = w.library \
               and notice = w.notice and language = w.language)",
        )
        .bind(library.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(words_from).collect()
    }

    /// How many libraries say each notice in words of their own now; those that nobody does are absent.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn libraries_with_own_words(&self) -> Result<BTreeMap<String, i64>> {
        let rows = query(
            "select notice, count(distinct library) from words as w where library <> '' and source is not null \
             and version = (select max(version) from words where library = w.library and notice = w.notice \
               and language = w.language) group by notice",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Every saved version of one notice in one language, the newest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn words_history(&self, library: &str, notice: &str, language: &str) -> Result<Vec<SavedWords>> {
        let rows = query(
            "select library, notice, language, version, source, saved_at, saved_by from words \
             where library = $1 and notice = $2 and language = $3 order by version desc",
        )
        .bind(library)
        .bind(notice)
        .bind(language)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(words_from).collect()
    }

    /// The source of one saved version; none when there is no such version.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn words_at(&self, of: &WordsRef) -> Result<Option<String>> {
        let query =
            query("select source from words where library = $1 and notice = $2 and language = $3 and version = $4");
        let row = bind_ref(query, of).fetch_optional(&self.readers).await?;
        Ok(row.map(|row| row.try_get::<Option<String>>(0)).transpose()?.flatten())
    }

    /// Saves a new version and gives its number. Saving what is in force already changes nothing and gives that number.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn save_words(
        &self,
        library: String,
        notice: String,
        language: String,
        source: Option<String>,
        by: String,
        now: Timestamp,
    ) -> Result<i64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let newest = query(
                        "select version, source from words where library = $1 and notice = $2 and language = $3 \
                         order by version desc limit 1",
                    )
                    .bind(&library)
                    .bind(&notice)
                    .bind(&language)
                    .fetch_optional(&mut *tx)
                    .await?;
                    let version: i64 = match newest {
                        Some(row) if row.try_get::<Option<String>>(1)? == source => return row.try_get(0),
                        Some(row) => row.try_get::<i64>(0)? + 1,
                        None => 1,
                    };
                    let of = WordsRef { library, notice, language, version };
                    let code = LibraryCode::parse(&of.library).ok();
                    let subject = format!("{} {}, {version}", of.notice, of.language);
                    let what = if source.is_some() { "words.saved" } else { "words.reset" };
                    note(tx, &Deed::new(code.as_ref(), by.as_str(), what, subject, now)).await?;
                    let query = query(
                        "insert into words (library, notice, language, version, source, saved_at, saved_by) \
                         values ($1, $2, $3, $4, $5, $6, $7)",
                    );
                    bind_ref(query, &of).bind(source).bind(micros(now)).bind(by).execute(&mut *tx).await?;
                    changed(tx, "words").await?;
                    let library = Some(of.library.as_str()).filter(|library| !library.is_empty());
                    let data = json!({ "notice": of.notice, "language": of.language, "version": version });
                    outbox::raise(tx, library, Kind::NoticePublished, data, now).await?;
                    Ok(version)
                })
            })
            .await
    }
}

fn bind_ref(query: Statement, of: &WordsRef) -> Statement {
    query.bind(&of.library).bind(&of.notice).bind(&of.language).bind(of.version)
}

fn words_from(row: &Row) -> Result<SavedWords> {
    Ok(SavedWords {
        of: WordsRef {
            library: row.try_get(0)?,
            notice: row.try_get(1)?,
            language: row.try_get(2)?,
            version: row.try_get(3)?,
        },
        source: row.try_get(4)?,
        saved_at: from_micros(row.try_get(5)?),
        saved_by: row.try_get(6)?,
    })
}
