//! Credentials for a library's own relay that were renewed by their issuer.

use jiff::Timestamp;

use super::statement::query;
use super::{Result, Store};
use crate::clock::micros;
use crate::library::LibraryCode;

impl Store {
    /// Keeps sealed credentials in place of those they were renewed from. What was proven with those still holds. Where
    /// others have been set meanwhile, those stay.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn renew_relay_secret(
        &self,
        library: &LibraryCode,
        from: Vec<u8>,
        to: Vec<u8>,
        now: Timestamp,
    ) -> Result<()> {
        let library = library.as_str().to_owned();
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("update relay_secret set sealed = $1, changed_at = $2 where library = $3 and sealed = $4")
                        .bind(&to)
                        .bind(micros(now))
                        .bind(&library)
                        .bind(&from)
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
