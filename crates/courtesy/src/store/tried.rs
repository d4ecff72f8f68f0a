//! How often a code was tried: counted here, so that whoever guesses has no more tries where several processes answer.
//!
//! In: a code, told from others by its nonce, which only a browser that asked for one has. Out: whether one more try is left. A row for
//! each code that is tried, and none for whoever merely asks: strangers ask without end, and a write for each is what they would like.
//! Not here: how fast tries follow each other, and how many codes are sent (`web`).

use jiff::Timestamp;

use super::statement::query;
use super::{Result, Store};
use crate::clock::micros;
use crate::library::LibraryCode;

impl Store {
    /// Whether `code` was tried at all.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn was_tried(&self, library: &LibraryCode, code: &str) -> Result<bool> {
        let found =
            query("select 1 from code_tried where library = $1 and code = $2").bind(library.as_str()).bind(code);
        Ok(found.fetch_optional(&self.readers).await?.is_some())
    }

    /// Takes one of the `most` tries of `code`. False where none is left.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn take_try(&self, library: LibraryCode, code: String, most: u32, now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "insert into code_tried (library, code, tries, at) values ($1, $2, 1, $3) \
                         on conflict (library, code) do update set tries = code_tried.tries + 1 where code_tried.tries < $4",
                    )
                    .bind(library.as_str())
                    .bind(&code)
                    .bind(micros(now))
                    .bind(i64::from(most))
                    .execute(&mut *tx)
                    .await?;
                    Ok(done > 0)
                })
            })
            .await
    }
}
