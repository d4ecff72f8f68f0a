//! Libraries' own relays: the sealed secrets, and what test messages came to.

use jiff::Timestamp;

use super::process::changed;
use super::statement::query;
use super::{Result, Store, StoreError, from_json, to_json};
use crate::clock::micros;
use crate::library::LibraryCode;
use crate::sender::RelayProof;

impl Store {
    /// Keeps the sealed secret of a library's own relay, in place of an earlier one. What was proven with that one is
    /// forgotten.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_relay_secret(&self, library: LibraryCode, sealed: Vec<u8>, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into relay_secret (library, sealed, changed_at) values ($1, $2, $3) \
                         on conflict (library) do update set sealed = excluded.sealed, changed_at = excluded.changed_at",
                    )
                    .bind(library.as_str().to_owned())
                    .bind(&sealed)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    query("delete from relay_proof where library = $1")
                        .bind(library.as_str().to_owned())
                        .execute(&mut *tx)
                        .await?;
                    changed(tx, "relays").await?;
                    Ok(())
                })
            })
            .await
    }

    /// The sealed secret of a library's own relay.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn relay_secret(&self, library: &LibraryCode) -> Result<Option<Vec<u8>>> {
        let row = query("select sealed from relay_secret where library = $1")
            .bind(library.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// Keeps what is known of a library's own relay.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_relay_proof(&self, library: LibraryCode, proof: &RelayProof, now: Timestamp) -> Result<()> {
        let proof = to_json(proof);
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into relay_proof (library, proof, changed_at) values ($1, $2, $3) \
                         on conflict (library) do update set proof = excluded.proof, changed_at = excluded.changed_at",
                    )
                    .bind(library.as_str().to_owned())
                    .bind(&proof)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    changed(tx, "relays").await?;
                    Ok(())
                })
            })
            .await
    }

    /// What is known of every library's own relay: for the watch, which keeps it in memory.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn relay_proofs(&self) -> Result<Vec<(LibraryCode, RelayProof)>> {
        let rows = query("select library, proof from relay_proof").fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let library: String = row.try_get(0)?;
                let library = LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                Ok((library, from_json(&row.try_get::<String>(1)?)?))
            })
            .collect()
    }
}
