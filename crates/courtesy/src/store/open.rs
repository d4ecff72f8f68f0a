//! Opening either database.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};

use super::engine::{PATIENCE, Pool};
use super::{BUSY_TIMEOUT, Result, StoreError, schema};
use crate::config::Database;

/// Readers of SQLite at one time. They do not block the writer in WAL mode.
const READERS: u32 = 4;

/// Pages of the log (4 KiB each) after which SQLite copies them into the file: four times its own rule, for the same
/// pages are written again and again while a queue moves, and only their last state is copied.
const CHECKPOINT_PAGES: &str = "4000";
/// SQLite pages kept in memory per connection, in KiB (negative as its pragma wants it).
const CACHE_KIB: &str = "-16384";

/// Connections to PostgreSQL of one process at most: a server of usual settings takes a hundred in all.
const CONNECTIONS: u32 = 12;

/// Statements kept prepared on each connection to PostgreSQL.
const PREPARED: usize = 200;

/// How often it is looked for a pooler: one look may miss it where other clients are busy.
const LOOKS: u32 = 3;

/// How long a look waits. A pooler with but one connection to the server lets the second of two wait for ever.
const LOOK: Duration = Duration::from_secs(3);

/// Our name in `pg_stat_activity`.
const NAME: &str = "courtesy";

/// Opens the database: the pool for reading, and the one for writing.
pub(super) async fn open(database: &Database) -> Result<(Pool, Pool)> {
    match database {
        Database::Sqlite(file) => open_sqlite(file).await,
        Database::Postgres(url) => {
            let pool = open_postgres(url).await?;
            Ok((pool.clone(), pool))
        }
    }
}

/// Rows that SQLite's thread may find ahead of whoever takes them: a full line costs a change of threads for each row.
const ROWS_AHEAD: usize = 1000;

async fn open_sqlite(file: &Path) -> Result<(Pool, Pool)> {
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
        .pragma("temp_store", "memory")
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        // What is erased is gone from the file, and does not stand in it as free space. It costs accepting nothing that could be measured.
        .pragma("secure_delete", "on")
        .row_buffer_size(ROWS_AHEAD);
    // A file does not hang up: asking each time whether it is still there would double the cost of a short statement.
    let pool = || SqlitePoolOptions::new().test_before_acquire(false);
    let writing = pool().max_connections(1).connect_with(options.clone()).await?;
    schema::update_sqlite(&writing).await?;
    let readers = pool().max_connections(READERS).connect_with(options.read_only(true)).await?;
    Ok((Pool::Sqlite(readers), Pool::Sqlite(writing)))
}

async fn open_postgres(url: &str) -> Result<Pool> {
    // A pooler refuses settings of a session that it does not know.
    let options = PgConnectOptions::from_str(url)?.application_name(NAME).extra_float_digits(None);
    let each_apart = is_pooled(&options).await?;
    let options = options.statement_cache_capacity(if each_apart { 0 } else { PREPARED });
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        // A dead connection shows itself by its first statement, which is then run again: no question before each.
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                // After a failover the old address may lead to a standby for a while.
                let row = sqlx::raw_sql("select pg_is_in_recovery()").fetch_one(connection).await?;
                if row.try_get::<bool, _>(0)? {
                    return Err(sqlx::Error::Configuration("this server is a standby, which takes no writes".into()));
                }
                Ok(())
            })
        })
        .connect_with(options)
        .await?;
    schema::update_postgres(&pool, schema::WAITS).await?;
    Ok(Pool::Postgres { pool, each_apart })
}

/// Whether a pooler gives each transaction whatever connection is free, as PgBouncer does in transaction mode: then
/// what one connection of ours sets, another one finds, or it does not find it itself.
async fn is_pooled(options: &PgConnectOptions) -> Result<bool> {
    let [mut one, mut other] = [options.connect().await?, options.connect().await?];
    for look in 0..LOOKS {
        let word = format!("{}.{look}", std::process::id());
        sqlx::raw_sql(AssertSqlSafe(format!("set courtesy.look = '{word}'"))).execute(&mut one).await?;
        // Holds, of a pooler's connections, the one that has become free last.
        sqlx::raw_sql("begin").execute(&mut other).await?;
        let by_other = setting(&mut other).await?;
        let by_one = match tokio::time::timeout(LOOK, setting(&mut one)).await {
            Ok(found) => found?,
            Err(_) => return Ok(true),
        };
        sqlx::raw_sql("rollback").execute(&mut other).await?;
        if by_other.as_ref() == Some(&word) || by_one.as_ref() != Some(&word) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn setting(connection: &mut PgConnection) -> Result<Option<String>> {
    let row = sqlx::raw_sql("select current_setting('courtesy.look', true)").fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}
