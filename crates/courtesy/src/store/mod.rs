//! All SQL. One door: the rooms get values, never rows.
//!
//! Reads go to a pool of readers. Writes go through one writer ([`writer`]) that runs whatever has gathered in one
//! transaction and answers all its callers after the commit: an event is on disk before its caller hears 202, and
//! many callers share one fsync. Statements use `$n` and types that SQLite and PostgreSQL share: integers, text,
//! blobs; times in microseconds.

mod accept;
mod book;
mod evidence;
mod key;
mod library;
mod message;
mod own_relay;
mod pause;
mod queue;
mod relay;
mod returned;
mod schema;
mod sole;
mod sts;
mod submitted;
#[cfg(test)]
mod tests;
mod words;
mod writer;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

pub use accept::{Accepted, Idempotency, NewEvent, NewMessage};
pub use book::{Book, WordsSource};
pub use evidence::{DkimKey, Incident, Observed};
pub use key::{ApiKey, Scope};
pub use message::{Filter, MessageRow};
pub use pause::Pause;
pub use queue::{Claimed, Counts, Settled};
pub use relay::{RelayChange, RelayChanged};
pub use returned::Joined;
pub use sole::{NotSole, Sole};
pub use sts::StsPolicy;
pub use words::{SavedWords, WordsRef};

/// The store is broken: disk, database, bug. Never a reason to fail a message.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("the database said: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A value in the database is not what we write there.
    #[error("the database holds something that does not belong there: {0}")]
    Corrupt(String),
    /// The writer is gone: the process is stopping.
    #[error("the store is shutting down")]
    Closed,
    /// A write that shared the transaction broke it.
    #[error("the write failed together with others: {0}")]
    Together(String),
}

/// What every function of the store answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Readers at one time. SQLite readers do not block the writer in WAL mode.
const READERS: u32 = 4;

/// How long a connection waits for a lock held by another process (a backup, an old instance that is stopping).
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// SQLite pages kept in memory per connection, in KiB (negative as its pragma wants it).
const CACHE_KIB: &str = "-16384";

/// The door to the database.
#[derive(Clone)]
pub struct Store {
    readers: SqlitePool,
    writer: writer::Writer,
}

impl Store {
    /// Opens the SQLite database at `file`, making it and bringing its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or a migration fails.
    pub async fn open(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::from_str("sqlite:")
            .map_err(StoreError::Database)?
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // We answer 202 after the commit: it must be on the disk then.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("cache_size", CACHE_KIB)
            .pragma("temp_store", "memory");
        let writing = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        schema::update(&writing).await?;
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { readers, writer: writer::Writer::start(writing) })
    }

    /// Waits until everything handed to the writer is on disk, and closes the database.
    pub async fn close(self) {
        self.writer.stop().await;
        self.readers.close().await;
    }
}

fn id_from(bytes: &[u8]) -> Result<[u8; 16]> {
    bytes.try_into().map_err(|_| StoreError::Corrupt(format!("an id of {} octets", bytes.len())))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types have text keys and no failing parts")
}
