//! API keys: the hash of each secret, whose it is, and whether it still opens.

use jiff::Timestamp;

use super::engine::Row;
use super::statement::query;
use super::{Result, Store, StoreError, id_from};
use crate::clock::{from_micros, micros};
use crate::id::KeyId;
use crate::library::LibraryCode;

/// What a key opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All that its library, or the consortium, may do.
    #[default]
    All,
    /// Handing in mail at the submission door, and nothing else: for a system that stands in a corner with its password in plain
    /// view.
    Submit,
}

impl Scope {
    /// The word in the store and the API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Submit => "submit",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::All, Self::Submit].into_iter().find(|scope| scope.code() == code)
    }
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// The one library it speaks for; none: the whole consortium.
    pub library: Option<LibraryCode>,
    /// What it opens.
    pub scope: Scope,
    /// What people call it.
    pub name: String,
    /// The first letters of the secret.
    pub shown: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

const COLUMNS: &str = "select id, library, name, shown, created_at, revoked_at, scope from api_key ";

impl Store {
    /// Keeps a new key by the hash of its secret.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn add_key(&self, key: ApiKey, secret_hash: [u8; 32]) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into api_key (id, library, name, secret_hash, shown, created_at, revoked_at, scope) \
                         values ($1, $2, $3, $4, $5, $6, null, $7)",
                    )
                    .bind(key.id.to_bytes().to_vec())
                    .bind(key.library.as_ref().map(|code| code.as_str().to_owned()))
                    .bind(&key.name)
                    .bind(secret_hash.to_vec())
                    .bind(&key.shown)
                    .bind(micros(key.created_at))
                    .bind(key.scope.code())
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The key with this secret's hash, if it still opens.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn key_by_hash(&self, secret_hash: [u8; 32]) -> Result<Option<ApiKey>> {
        let row = query(format!("{COLUMNS} where secret_hash = $1 and revoked_at is null"))
            .bind(secret_hash.to_vec())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(key_from).transpose()
    }

    /// All keys, the newest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn keys(&self) -> Result<Vec<ApiKey>> {
        let rows = query(format!("{COLUMNS} order by id desc")).fetch_all(&self.readers).await?;
        rows.iter().map(key_from).collect()
    }

    /// Ends a key. False when there is none of that id, or it has ended before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn revoke_key(&self, id: KeyId, now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query("update api_key set revoked_at = $2 where id = $1 and revoked_at is null")
                        .bind(id.to_bytes().to_vec())
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await?;
                    Ok(done > 0)
                })
            })
            .await
    }
}

fn key_from(row: &Row) -> Result<ApiKey> {
    let library: Option<String> = row.try_get(1)?;
    let scope: String = row.try_get(6)?;
    Ok(ApiKey {
        id: KeyId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        library: library
            .map(|code| LibraryCode::parse(&code).map_err(|error| StoreError::Corrupt(error.to_string())))
            .transpose()?,
        scope: Scope::from_code(&scope).ok_or_else(|| StoreError::Corrupt(format!("the scope {scope}")))?,
        name: row.try_get(2)?,
        shown: row.try_get(3)?,
        created_at: from_micros(row.try_get(4)?),
        revoked_at: row.try_get::<Option<i64>>(5)?.map(from_micros),
    })
}
