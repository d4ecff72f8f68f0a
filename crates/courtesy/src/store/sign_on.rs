//! The sealed secrets of the services at which libraries' patrons sign in.

use jiff::Timestamp;

use super::statement::query;
use super::{Result, Store};
use crate::clock::micros;
use crate::library::LibraryCode;

impl Store {
    /// Keeps the sealed secret of the service at which the patrons of `library` sign in, in place of an earlier one.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_sign_on_secret(&self, library: LibraryCode, sealed: Vec<u8>, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into sign_on_secret (library, sealed, changed_at) values ($1, $2, $3) \
                         on conflict (library) do update set sealed = excluded.sealed, changed_at = excluded.changed_at",
                    )
                    .bind(library.as_str())
                    .bind(&sealed)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The sealed secret of the service at which the patrons of `library` sign in.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn sign_on_secret(&self, library: &LibraryCode) -> Result<Option<Vec<u8>>> {
        let row = query("select sealed from sign_on_secret where library = $1")
            .bind(library.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| row.try_get(0)).transpose()
    }
}
