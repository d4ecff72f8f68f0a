//! Words of notices that somebody is still writing. A draft is never sent but as a test; publishing saves it as a version
//! (`words`) and ends it here.

use jiff::Timestamp;

use super::engine::Row;
use super::statement::query;
use super::{Result, Store};
use crate::clock::{from_micros, micros};

/// A draft of one notice in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The notice's code.
    pub notice: String,
    /// The language's tag.
    pub language: String,
    /// The source, which need not be right yet.
    pub source: String,
    /// When.
    pub saved_at: Timestamp,
    /// By whom.
    pub saved_by: String,
}

impl Store {
    /// The drafts of `library` (its code, or the empty text for the consortium), of all its notices.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn drafts(&self, library: &str) -> Result<Vec<Draft>> {
        let rows = query(
            "select notice, language, source, saved_at, saved_by from draft where library = $1 \
             order by notice, language",
        )
        .bind(library)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(draft_from).collect()
    }

    /// Keeps drafts of `library`, each in place of the one before, all or none.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_drafts(&self, library: String, drafts: Vec<Draft>) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for draft in &drafts {
                        query(
                            "insert into draft (library, notice, language, source, saved_at, saved_by) \
                             values ($1, $2, $3, $4, $5, $6) on conflict (library, notice, language) do update set \
                             source = excluded.source, saved_at = excluded.saved_at, saved_by = excluded.saved_by",
                        )
                        .bind(&library)
                        .bind(&draft.notice)
                        .bind(&draft.language)
                        .bind(&draft.source)
                        .bind(micros(draft.saved_at))
                        .bind(&draft.saved_by)
                        .execute(&mut *tx)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Ends the drafts of one notice of `library`, in every language.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn drop_drafts(&self, library: String, notice: String) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from draft where library = $1 and notice = $2")
                        .bind(&library)
                        .bind(&notice)
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

fn draft_from(row: &Row) -> Result<Draft> {
    Ok(Draft {
        notice: row.try_get(0)?,
        language: row.try_get(1)?,
        source: row.try_get(2)?,
        saved_at: from_micros(row.try_get(3)?),
        saved_by: row.try_get(4)?,
    })
}
