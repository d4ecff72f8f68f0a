//! All SQL. One door: the rooms get values, never rows.
//!
//! Two databases, one text: SQLite in a file of our own, PostgreSQL on a server that many processes share. A function
//! of the store reads the same for both:
//!
//! ```text
//! query("select … where library = $1").bind(library.as_str()).fetch_all(&self.readers).await?      a read
//! self.writer.write(move |tx| Box::pin(async move {                                                a write
//!     query("update … where id = $1").bind(id.to_bytes()).execute(&mut *tx).await?; …
//! }))
//! ```
//!
//! [`statement`] has the text and its values, [`engine`] runs it on either database and gives rows. Statements use `$n`
//! and what both share: integers (`bigint`; flags 0 or 1; times in microseconds), text, octets. Where the texts must
//! differ, [`statement::either`] takes both.
//!
//! Writes go through [`writer`], which runs what has gathered in one transaction and answers all its callers after the
//! commit: an event is on disk before its caller hears 202, and many callers share one fsync.

mod accept;
mod arrival;
mod audit;
mod book;
mod brake;
mod certificate;
mod copies;
mod copy;
mod digest;
mod do_not_send;
mod domain_record;
mod draft;
mod engine;
mod erase;
mod erasure;
mod evidence;
mod found_by;
mod idempotency;
mod key;
mod ladder;
mod letter;
mod library;
mod list;
mod me;
mod measured;
mod message;
mod nameless;
mod new_message;
mod open;
mod outbox;
mod own_relay;
mod passkey;
mod patron;
mod pause;
mod process;
mod queue;
mod receiver_hold;
mod relay;
mod relay_state;
mod replies;
mod reported;
mod request;
mod request_facts;
mod retention;
mod returned;
mod schema;
mod search;
mod seats;
mod session;
mod settled;
mod sign_on;
mod sole;
mod staff;
mod statement;
mod sts;
mod submitted;
mod subscription;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod tls_session;
mod token;
mod tried;
mod unreached;
mod waiting;
mod webhook;
mod words;
mod writer;

use std::io;
use std::time::Duration;

use engine::Pool;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

use crate::config::Database;
use crate::id::ProcessId;
pub use accept::{Accepted, NewEvent};
pub use arrival::{Arrived, ArrivedAt, ArrivedFilter, PACES_S, monday, week};
pub use audit::{AuditFilter, AuditHolds, Audited, Change, DEEDS, Deed};
pub use book::{Book, WordsSource};
pub use brake::{BRAKE, Brake, Flow};
pub use certificate::{CertificateOrder, KeptCertificate};
pub use copies::Uncopied;
pub use copy::{NotCopied, copy};
pub use digest::Member;
pub use do_not_send::{DoNotSend, Listed, Unlisted};
pub use draft::Draft;
pub use erase::{EventSlice, KnownAs, NextSlice};
pub use erasure::{ErasedSoFar, Erases, Erasure, ErasureState, LEFT_COUNTED_MAX};
pub use evidence::{DkimKey, Incident, Observed};
pub use idempotency::Idempotency;
pub use key::{ApiKey, Scope};
pub use me::PatronEvent;
pub use measured::{Connections, MEASURED_MAX, Measured};
pub use message::{Filter, MessageRow, Repeated};
pub use new_message::{Gather, NewMessage};
pub use outbox::{Answered, ClaimedDelivery, WebhookDue};
pub use passkey::Passkey;
pub use patron::PATRON_KEPT;
pub use pause::Pause;
pub use queue::{Claimed, Counts};
pub use receiver_hold::ReceiverHold;
pub use relay::{RelayChange, RelayChanged};
pub use relay_state::{RelayDrain, RelayLook};
pub use replies::{KeptReply, NewReply, ReplyLimits, ReplyMail};
pub use reported::{ReportedDomain, ReportedSource, ReportedTls};
pub use request::{Looked, News, RequestRow};
pub use retention::{DUE_COUNTED_MAX, Erased, Kept, Retention};
pub use returned::{Follows, Joined};
pub use search::Sought;
pub use seats::NO_RELAY;
pub use session::{FormSent, NewSession, Session};
pub use settled::Settled;
pub use sole::{NotSole, Sole};
pub use staff::Staff;
pub use sts::StsPolicy;
pub use subscription::{PushKey, Subscription};
pub use tally::{COUNTED_MAX, COUNTED_OF_NOTICE_MAX, Tally};
pub use text::{Consent, PartsStand};
pub use tls_session::{TlsSessions, TlsTelling};
pub use unreached::SeenTo;
pub use webhook::{Delivery, DeliveryState, Replay, Webhook};
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
    /// Others held a table that a migration changes for as long as it was waited for.
    #[error(
        "the database could not be brought up to date: the migration {migration} waits for a table that another transaction reads; \
         is a backup (pg_dump) running? Start again when it is over"
    )]
    InUse {
        /// Which.
        migration: String,
    },
    /// A newer program has changed the database so that this one cannot work with it.
    #[error(
        "a newer version has changed the database, and this one cannot work with it (it wants schema {wanted}, this is {known}): \
         install the newer version, or restore a backup into an empty database"
    )]
    Newer {
        /// The schema that a program must know.
        wanted: i64,
        /// The newest that this one knows.
        known: i64,
    },
    /// A value in the database is not what we write there.
    #[error("the database holds something that does not belong there: {0}")]
    Corrupt(String),
    /// The writer is gone: the process is stopping.
    #[error("the store is shutting down")]
    Closed,
    /// A write that shared the transaction broke it.
    #[error("the write failed together with others: {0}")]
    Together(String),
    /// Another process wrote the same at the same moment.
    #[error("another process wrote the same at the same moment")]
    Overtaken,
}

/// What every function of the store answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// How long a connection to SQLite waits for a lock held by another process (a backup, an old instance that is stopping).
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The door to the database.
#[derive(Clone)]
pub struct Store {
    readers: Pool,
    writer: writer::Writer,
    /// Who we are among those that share the database.
    process: ProcessId,
    /// What this process told last that it can send through, as JSON.
    seats: std::sync::Arc<tokio::sync::Mutex<String>>,
    /// Microseconds that the database's clock is ahead of ours, as far as we know.
    clock_ahead: std::sync::Arc<std::sync::atomic::AtomicI64>,
}

impl Store {
    /// Opens the database, making the file where it is one, and brings its schema up to date.
    ///
    /// # Errors
    /// When it cannot be opened or reached, or a migration fails.
    pub async fn open(database: impl Into<Database>) -> Result<Self> {
        let (readers, writing) = open::open(&database.into()).await?;
        let process = ProcessId::new(crate::clock::now());
        let seats = std::sync::Arc::new(tokio::sync::Mutex::new("[]".to_owned()));
        Ok(Self {
            readers,
            writer: writer::Writer::start(writing),
            process,
            seats,
            clock_ahead: std::sync::Arc::default(),
        })
    }

    /// Whether other processes may work on the same database at the same time.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.readers.is_postgres()
    }

    /// Takes what was erased out of the log of an embedded database, where older states of its pages stand. False where somebody reads in it
    /// at this moment: then it is for later.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn empty_log(&self) -> Result<bool> {
        self.writer.empty_log().await
    }

    /// Waits until the task that writes is gone: after a bug, or [`Store::close`].
    pub async fn writer_gone(&self) {
        self.writer.gone().await;
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

/// `value` as JSON without NUL: PostgreSQL keeps `\u0000` in a text and refuses the whole row once it looks into it.
fn to_json<T: serde::Serialize>(value: &T) -> String {
    let mut json = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut json, WithoutNul));
    written.expect("our own types have text keys and no failing parts");
    String::from_utf8(json).expect("JSON is text")
}

/// Writes the replacement character where a text has a NUL.
struct WithoutNul;

impl Formatter for WithoutNul {
    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        match escape {
            CharEscape::AsciiControl(0) => writer.write_all(b"\\ufffd"),
            escape => CompactFormatter.write_char_escape(writer, escape),
        }
    }
}
