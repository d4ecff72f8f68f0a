//! Keys that sign, what DNS said, what providers answered, and what is wrong at the moment.

use jiff::Timestamp;

use super::engine::Row;
use super::process::changed;
use super::statement::query;
use super::{Result, Store, StoreError, id_from};
use crate::clock::{from_micros, micros};
use crate::id::IncidentId;
use crate::library::LibraryCode;

/// A DKIM key, its private half encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct DkimKey {
    /// The signing domain, d=.
    pub domain: String,
    /// The selector, s=.
    pub selector: String,
    /// The library whose domain it is; none for the shared domain.
    pub library: Option<String>,
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// PKCS #8, encrypted under the installation's secret.
    pub private: Vec<u8>,
    /// The p= of its record.
    pub public: String,
    /// Whether it signs.
    pub active: bool,
    /// When it was made or imported.
    pub created_at: Timestamp,
}

/// What a provider answered to mail from one domain on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The library.
    pub library: LibraryCode,
    /// The domain of the From address.
    pub domain: String,
    /// The provider's name.
    pub provider: String,
    /// Messages accepted.
    pub accepted: i64,
    /// Messages refused for authentication.
    pub refused: i64,
}

/// One thing gone wrong for one library and cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// The library.
    pub library: String,
    /// The cause's code.
    pub cause: String,
    /// What there is to know: a domain, a provider.
    pub detail: String,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it was last seen.
    pub last_at: Timestamp,
    /// How often.
    pub times: i64,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
}

/// Days over which what providers answered is counted.
const OBSERVED_DAYS: i64 = 7;

const MICROS_A_DAY: i64 = 86_400_000_000;

impl Store {
    /// Keeps a DKIM key, in place of one of the same domain and selector.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_dkim_key(&self, key: DkimKey) -> Result<()> {
        self.insert_dkim_key(
            key,
            "insert into dkim_key (domain, selector, library, algorithm, private, public, active, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (domain, selector) do update set \
             library = excluded.library, algorithm = excluded.algorithm, private = excluded.private, \
             public = excluded.public, active = excluded.active, created_at = excluded.created_at",
        )
        .await
        .map(|_| ())
    }

    /// Keeps a new DKIM key. False when there is one of the same domain and selector, which stays.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn add_dkim_key(&self, key: DkimKey) -> Result<bool> {
        self.insert_dkim_key(
            key,
            "insert into dkim_key (domain, selector, library, algorithm, private, public, active, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (domain, selector) do nothing",
        )
        .await
    }

    async fn insert_dkim_key(&self, key: DkimKey, how: &'static str) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let kept = query(how)
                        .bind(&key.domain)
                        .bind(&key.selector)
                        .bind(&key.library)
                        .bind(&key.algorithm)
                        .bind(&key.private)
                        .bind(&key.public)
                        .bind(i64::from(key.active))
                        .bind(micros(key.created_at))
                        .execute(&mut *tx)
                        .await?;
                    changed(tx, "keys").await?;
                    Ok(kept > 0)
                })
            })
            .await
    }

    /// All DKIM keys.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn dkim_keys(&self) -> Result<Vec<DkimKey>> {
        let rows = query(
            "select domain, selector, library, algorithm, private, public, active, created_at from dkim_key \
             order by domain, selector",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(dkim_from).collect()
    }

    /// Keeps what DNS said about a library's domain.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_proof(
        &self,
        library: LibraryCode,
        domain: String,
        facts: String,
        checked_at: Timestamp,
    ) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into proof (domain, library, facts, checked_at) values ($1, $2, $3, $4) \
                         on conflict (library, domain) do update set facts = excluded.facts, \
                         checked_at = excluded.checked_at",
                    )
                    .bind(&domain)
                    .bind(library.as_str().to_owned())
                    .bind(&facts)
                    .bind(micros(checked_at))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// All proofs kept: library, domain, facts as JSON.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn proofs(&self) -> Result<Vec<(String, String, String)>> {
        let rows = query("select library, domain, facts from proof").fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
    }

    /// Counts what a provider answered.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn count_observed(&self, seen: Vec<Observed>, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for one in &seen {
                        query(
                            "insert into observed (library, domain, provider, day, accepted, refused) \
                             values ($1, $2, $3, $4, $5, $6) on conflict (library, domain, provider, day) do update set \
                             accepted = observed.accepted + excluded.accepted, \
                             refused = observed.refused + excluded.refused",
                        )
                        .bind(one.library.as_str())
                        .bind(&one.domain)
                        .bind(&one.provider)
                        .bind(micros(now) / MICROS_A_DAY)
                        .bind(one.accepted)
                        .bind(one.refused)
                        .execute(&mut *tx)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// What providers answered in the last seven days.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn observed(&self, now: Timestamp) -> Result<Vec<Observed>> {
        let rows = query(
            "select library, domain, provider, cast(sum(accepted) as bigint), cast(sum(refused) as bigint) from observed where day > $1 \
             group by library, domain, provider",
        )
        .bind(micros(now) / MICROS_A_DAY - OBSERVED_DAYS)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let library: String = row.try_get(0)?;
                Ok(Observed {
                    library: LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?,
                    domain: row.try_get(1)?,
                    provider: row.try_get(2)?,
                    accepted: row.try_get(3)?,
                    refused: row.try_get(4)?,
                })
            })
            .collect()
    }

    /// Opens an incident, or counts one more on the open one of this library and cause. True when it is new.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn incident(&self, library: String, cause: String, detail: String, now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let counted = query(
                        "update incident set times = times + 1, last_at = $3, detail = $4 \
                         where library = $1 and cause = $2 and closed_at is null",
                    )
                    .bind(&library)
                    .bind(&cause)
                    .bind(micros(now))
                    .bind(&detail)
                    .execute(&mut *tx)
                    .await?;
                    if counted > 0 {
                        return Ok(false);
                    }
                    let opened = query(
                        "insert into incident (id, library, cause, detail, opened_at, last_at, times) \
                         values ($1, $2, $3, $4, $5, $5, 1) on conflict (library, cause) where closed_at is null do nothing",
                    )
                    .bind(IncidentId::new(now).to_bytes().to_vec())
                    .bind(&library)
                    .bind(&cause)
                    .bind(&detail)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(opened > 0)
                })
            })
            .await
    }

    /// Closes the open incident of this library and cause. True when there was one.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn close_incident(&self, library: String, cause: String, now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let closed = query(
                        "update incident set closed_at = $3 where library = $1 and cause = $2 and closed_at is null",
                    )
                    .bind(&library)
                    .bind(&cause)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(closed > 0)
                })
            })
            .await
    }

    /// Incidents of `library` (none: of all), the newest first, `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn incidents(&self, library: Option<&LibraryCode>, most: u32) -> Result<Vec<Incident>> {
        let rows = query(
            "select id, library, cause, detail, opened_at, last_at, times, closed_at from incident \
             where $1 is null or library = $1 order by opened_at desc limit $2",
        )
        .bind(library.map(|library| library.as_str().to_owned()))
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(incident_from).collect()
    }
}

fn dkim_from(row: &Row) -> Result<DkimKey> {
    Ok(DkimKey {
        domain: row.try_get(0)?,
        selector: row.try_get(1)?,
        library: row.try_get(2)?,
        algorithm: row.try_get(3)?,
        private: row.try_get(4)?,
        public: row.try_get(5)?,
        active: row.try_get::<i64>(6)? != 0,
        created_at: from_micros(row.try_get(7)?),
    })
}

fn incident_from(row: &Row) -> Result<Incident> {
    Ok(Incident {
        id: IncidentId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        library: row.try_get(1)?,
        cause: row.try_get(2)?,
        detail: row.try_get(3)?,
        opened_at: from_micros(row.try_get(4)?),
        last_at: from_micros(row.try_get(5)?),
        times: row.try_get(6)?,
        closed_at: row.try_get::<Option<i64>>(7)?.map(from_micros),
    })
}
