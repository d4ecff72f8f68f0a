//! The two databases: connections, transactions and rows of either.
//!
//! In: a [`Statement`]. Out: [`Row`]s or how many rows changed. Which database it is shows nowhere else but in
//! `schema`, `writer` and where a statement has two texts.
//!
//! On PostgreSQL, connections come and go: the server restarts, another one takes over. A statement that only reads is
//! run again on a fresh connection for [`PATIENCE`]; a write is begun again while nothing of it was done.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction,
    TypeInfo as _,
};

use super::statement::{Statement, Value};
use super::{Result, StoreError};

/// How long a call goes on trying while the database is away. A failover of a well-kept cluster takes 10 to 30 s.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The first pause between two tries; the next ones are longer.
const PAUSE_FIRST: Duration = Duration::from_millis(50);

/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A pool of connections.
#[derive(Clone)]
pub(super) enum Pool {
    /// Connections to the file.
    Sqlite(SqlitePool),
    /// Connections to the server.
    Postgres {
        pool: PgPool,
        /// Whether each transaction may meet another server connection, as with PgBouncer's transaction mode. Nothing
        /// that is prepared outlives its transaction then: its name may stand for somebody else's on the next one.
        each_apart: bool,
    },
}

/// A transaction.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres { tx: Transaction<'static, Postgres>, each_apart: bool },
}

/// A row found.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Where a statement may run: readers, or a transaction.
pub(super) trait On {
    /// Runs it and gives what it finds.
    fn all(self, statement: Statement) -> impl Future<Output = Result<Vec<Row>>> + Send;
    /// Runs it and gives how many rows it changed.
    fn change(self, statement: Statement) -> impl Future<Output = Result<u64>> + Send;
}

impl Statement {
    /// Every row it finds.
    pub(super) async fn fetch_all(self, on: impl On) -> Result<Vec<Row>> {
        on.all(self).await
    }

    /// The first row it finds.
    pub(super) async fn fetch_optional(self, on: impl On) -> Result<Option<Row>> {
        Ok(on.all(self).await?.into_iter().next())
    }

    /// The row it always finds.
    pub(super) async fn fetch_one(self, on: impl On) -> Result<Row> {
        let row = self.fetch_optional(on).await?;
        row.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
    }

    /// How many rows it changed.
    pub(super) async fn execute(self, on: impl On) -> Result<u64> {
        on.change(self).await
    }
}

impl Pool {
    /// Begins a transaction that will write. Waits while the database is away, for [`PATIENCE`].
    pub(super) async fn begin(&self) -> Result<Tx> {
        match self {
            // Not deferred: a reader that turns writer cannot wait for its turn.
            Self::Sqlite(pool) => Ok(Tx::Sqlite(pool.begin_with("begin immediate").await?)),
            Self::Postgres { pool, each_apart } => {
                let mut patience = Patience::new();
                loop {
                    match pool.begin().await {
                        Ok(tx) => return Ok(Tx::Postgres { tx, each_apart: *each_apart }),
                        Err(error) => patience.or(error.into()).await?,
                    }
                }
            }
        }
    }

    /// Begins a transaction that reads one moment's state, however long it takes.
    pub(super) async fn begin_reading(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin().await?),
            Self::Postgres { pool, each_apart } => {
                let tx = pool.begin_with("begin isolation level repeatable read read only").await?;
                Tx::Postgres { tx, each_apart: *each_apart }
            }
        })
    }

    /// Copies the log of a file into it, and empties the log; false where somebody reads in it. A server keeps its own log.
    pub(super) async fn empty_log(&self) -> Result<bool> {
        let Self::Sqlite(pool) = self else { return Ok(true) };
        let mut connection = pool.acquire().await?;
        // Who waits here for a long reader has everybody wait who writes.
        sqlx::raw_sql("pragma busy_timeout = 50").execute(&mut *connection).await?;
        let emptied = sqlx::raw_sql("pragma wal_checkpoint(truncate)").fetch_one(&mut *connection).await;
        let patience = AssertSqlSafe(format!("pragma busy_timeout = {}", super::BUSY_TIMEOUT.as_millis()));
        sqlx::raw_sql(patience).execute(&mut *connection).await?;
        Ok(emptied?.try_get::<i64, _>(0)? == 0)
    }

    /// Whether many processes may share it.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// How many connections there are.
    pub(super) fn connections(&self) -> super::Connections {
        let (open, idle) = match self {
            Self::Sqlite(pool) => (pool.size(), pool.num_idle()),
            Self::Postgres { pool, .. } => (pool.size(), pool.num_idle()),
        };
        super::Connections { open, idle: u32::try_from(idle).unwrap_or(open) }
    }

    /// Closes every connection.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }
}

impl On for &Pool {
    async fn all(self, statement: Statement) -> Result<Vec<Row>> {
        match self {
            Pool::Sqlite(pool) => sqlite_all(&mut *pool.acquire().await?, &statement).await,
            Pool::Postgres { pool, each_apart } => {
                let mut patience = Patience::new();
                loop {
                    match postgres_read(pool, *each_apart, &statement).await {
                        Ok(rows) => return Ok(rows),
                        Err(error) => patience.or(error).await?,
                    }
                }
            }
        }
    }

    /// Readers change nothing: the connections of SQLite's are read-only, and a write belongs into a transaction.
    async fn change(self, _statement: Statement) -> Result<u64> {
        Err(StoreError::Corrupt("a write outside a transaction".to_owned()))
    }
}

impl On for &mut Tx {
    async fn all(self, statement: Statement) -> Result<Vec<Row>> {
        match self {
            Tx::Sqlite(tx) => sqlite_all(tx, &statement).await,
            Tx::Postgres { tx, each_apart } => postgres_all(tx, &statement, !*each_apart).await,
        }
    }

    async fn change(self, statement: Statement) -> Result<u64> {
        Ok(match self {
            Tx::Sqlite(tx) => {
                let text = AssertSqlSafe(statement.sqlite());
                let query = sqlx::query_with(text, sqlite_arguments(&statement)?).persistent(statement.is_fixed);
                query.execute(&mut **tx).await?.rows_affected()
            }
            Tx::Postgres { tx, each_apart } => {
                let text = AssertSqlSafe(statement.postgres());
                let query = sqlx::query_with(text, postgres_arguments(&statement)?);
                let query = query.persistent(statement.is_fixed && !*each_apart);
                query.execute(&mut **tx).await?.rows_affected()
            }
        })
    }
}

impl Tx {
    /// Whether many processes may share the database.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// Puts on disk what was written.
    pub(super) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres { tx, .. } => tx.commit().await?,
        }
        Ok(())
    }
}

async fn sqlite_all(connection: &mut SqliteConnection, statement: &Statement) -> Result<Vec<Row>> {
    let text = AssertSqlSafe(statement.sqlite());
    let query = sqlx::query_with(text, sqlite_arguments(statement)?).persistent(statement.is_fixed);
    Ok(query.fetch_all(connection).await?.into_iter().map(Row::Sqlite).collect())
}

async fn postgres_all(connection: &mut PgConnection, statement: &Statement, may_keep: bool) -> Result<Vec<Row>> {
    let text = AssertSqlSafe(statement.postgres());
    let query = sqlx::query_with(text, postgres_arguments(statement)?).persistent(statement.is_fixed && may_keep);
    Ok(query.fetch_all(connection).await?.into_iter().map(Row::Postgres).collect())
}

/// One try at reading.
async fn postgres_read(pool: &PgPool, each_apart: bool, statement: &Statement) -> Result<Vec<Row>> {
    // A statement that is not kept is prepared and run in two steps, which only a transaction keeps on one server.
    if !each_apart {
        return postgres_all(&mut *pool.acquire().await?, statement, true).await;
    }
    let mut tx = pool.begin_with("begin read only").await?;
    let rows = postgres_all(&mut tx, statement, false).await?;
    tx.commit().await?;
    Ok(rows)
}

fn sqlite_arguments(statement: &Statement) -> Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for value in &statement.values {
        match value.clone() {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Octets(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres_arguments(statement: &Statement) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for value in &statement.values {
        match value {
            Value::Int(value) => arguments.add(value),
            // PostgreSQL keeps no NUL in a text, and one of them would refuse all that shares its transaction.
            Value::Text(Some(text)) if text.contains('\0') => arguments.add(text.replace('\0', "\u{FFFD}")),
            Value::Text(value) => arguments.add(value),
            Value::Octets(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// What a column may be read as.
pub(super) trait Column: Sized {
    fn of_sqlite(row: &SqliteRow, index: usize) -> sqlx::Result<Self>;
    fn of_postgres(row: &PgRow, index: usize) -> sqlx::Result<Self>;
}

macro_rules! column {
    ($($kind:ty),+) => {$(
        impl Column for $kind {
            fn of_sqlite(row: &SqliteRow, index: usize) -> sqlx::Result<Self> {
                row.try_get(index)
            }
            fn of_postgres(row: &PgRow, index: usize) -> sqlx::Result<Self> {
                row.try_get(index)
            }
        }
    )+};
}

column!(String, Option<String>, Vec<u8>, Option<Vec<u8>>);

impl Column for Option<i64> {
    fn of_sqlite(row: &SqliteRow, index: usize) -> sqlx::Result<Self> {
        row.try_get(index)
    }

    /// PostgreSQL's integers have sizes: a literal has four octets, a column eight.
    fn of_postgres(row: &PgRow, index: usize) -> sqlx::Result<Self> {
        match row.try_column(index)?.type_info().name() {
            "INT4" => Ok(row.try_get::<Option<i32>, _>(index)?.map(i64::from)),
            _ => row.try_get(index),
        }
    }
}

impl Column for i64 {
    fn of_sqlite(row: &SqliteRow, index: usize) -> sqlx::Result<Self> {
        row.try_get(index)
    }

    fn of_postgres(row: &PgRow, index: usize) -> sqlx::Result<Self> {
        let null = || sqlx::Error::ColumnDecode { index: index.to_string(), source: "null".into() };
        Option::<Self>::of_postgres(row, index)?.ok_or_else(null)
    }
}

impl Row {
    /// The value of a column.
    pub(super) fn try_get<T: Column>(&self, index: usize) -> Result<T> {
        Ok(match self {
            Self::Sqlite(row) => T::of_sqlite(row, index)?,
            Self::Postgres(row) => T::of_postgres(row, index)?,
        })
    }
}

/// Pauses that grow, until they have lasted long enough.
pub(super) struct Patience {
    pause: Duration,
    until: tokio::time::Instant,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { pause: PAUSE_FIRST, until: tokio::time::Instant::now() + PATIENCE }
    }

    /// Waits a little after `error`, where trying again can help and there is time; otherwise gives it back.
    pub(super) async fn or(&mut self, error: StoreError) -> Result<()> {
        if !error.is_passing() || tokio::time::Instant::now() + self.pause > self.until {
            return Err(error);
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        Ok(())
    }
}

impl StoreError {
    /// Whether the same may work in a moment: the connection or the server is gone, or another process came between.
    pub(super) fn is_passing(&self) -> bool {
        let error = match self {
            Self::Database(error) => error,
            Self::Overtaken => return true,
            _ => return false,
        };
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
            sqlx::Error::Database(said) => {
                said.code().is_some_and(|code| PASSING.iter().any(|of| code.starts_with(of)))
            }
            _ => false,
        }
    }
}

/// SQLSTATEs after which the same may work in a moment.
const PASSING: [&str; 8] = [
    "08",    // the connection
    "57P",   // the server is stopping, starting, or was told to end this session
    "25006", // it is a standby now
    "40001", // not serializable
    "40P01", // a deadlock
    "23505", // another process wrote the same key first
    "53300", // too many connections
    "26000", // what was prepared is gone
];
