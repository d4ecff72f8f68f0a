//! Participant Records, and who changed them.

use jiff::Timestamp;

use super::audit::{Deed, differences, note};
use super::process::changed;
use super::statement::query;
use super::{Result, Store, from_json, to_json};
use crate::clock::micros;
use crate::library::Library;

impl Store {
    /// Every library, by code.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn libraries(&self) -> Result<Vec<Library>> {
        let rows = query("select record from library order by library").fetch_all(&self.readers).await?;
        rows.iter().map(|row| from_json(&row.try_get::<String>(0)?)).collect()
    }

    /// Keeps these Participant Records, new or changed, all or none, and what they were before. Where patrons no longer sign in
    /// anywhere, the secret for it goes with its settings.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_libraries(&self, libraries: Vec<Library>, by_whom: String, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for library in &libraries {
                        let code = library.code.as_str();
                        let record = to_json(library);
                        let was: Option<String> = query("select record from library where library = $1")
                            .bind(code)
                            .fetch_optional(&mut *tx)
                            .await?
                            .map(|row| row.try_get(0))
                            .transpose()?;
                        if was.as_deref() == Some(record.as_str()) {
                            continue;
                        }
                        query(
                            "insert into library (library, record, changed_at) values ($1, $2, $3) \
                             on conflict (library) do update set record = excluded.record, changed_at = excluded.changed_at",
                        )
                        .bind(code)
                        .bind(&record)
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await?;
                        query(
                            "insert into library_change (library, at, by_whom, was) values ($1, $2, $3, $4) \
                             on conflict (library, at) do nothing",
                        )
                        .bind(code)
                        .bind(micros(now))
                        .bind(&by_whom)
                        .bind(&was)
                        .execute(&mut *tx)
                        .await?;
                        if library.sign_on.is_none() {
                            query("delete from sign_on_secret where library = $1").bind(code).execute(&mut *tx).await?;
                        }
                        let (what, changes) = match &was {
                            Some(was) => ("record.changed", differences(Some(was), &record)?),
                            None => ("record.added", Vec::new()),
                        };
                        let deed = Deed::new(Some(&library.code), by_whom.as_str(), what, code, now);
                        note(tx, &deed.with(changes)).await?;
                    }
                    changed(tx, "libraries").await?;
                    Ok(())
                })
            })
            .await
    }
}
