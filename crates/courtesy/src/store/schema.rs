//! The schema: numbered files, forward only, embedded in the binary, of the same names for both databases.

use std::borrow::Cow;
use std::time::Duration;

use rust_embed::RustEmbed;
use sqlx::migrate::{Migrate, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row as _, SqlSafeStr, SqlitePool};
use tokio::time::Instant;

use super::{Result, StoreError};

#[derive(RustEmbed)]
#[folder = "../../migrations/sqlite"]
struct Sqlite;

#[derive(RustEmbed)]
#[folder = "../../migrations/postgres"]
struct Postgres;

/// The lock under which a schema is changed, so that processes that start together do it once. Any number will do.
const SCHEMA_LOCK: &str = "select pg_advisory_xact_lock(7205759403)";

/// Where it is kept which files have run.
const TABLE: &str = "_sqlx_migrations";

const RAN: &str = "select version, checksum from _sqlx_migrations";

const KEEP: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
     values ($1, $2, true, $3, 0)";

/// How a migration waits for a table that others use. While it stands in the queue for one, every statement on it queues behind it: it gives
/// up after moments, lets them pass, and comes again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// How long it stands in the queue each time.
    pub(super) queued: Duration,
    /// How long others have the table to themselves between two tries.
    pub(super) between: Duration,
    /// When it gives up: who started us is told why, before a service manager loses its patience (`TimeoutStartSec`).
    pub(super) at_most: Duration,
}

pub(super) const WAITS: Waits =
    Waits { queued: Duration::from_secs(3), between: Duration::from_secs(10), at_most: Duration::from_secs(8 * 60) };

/// PostgreSQL's word for a lock that was waited for as long as may be.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What a program must know to work with the database.
const WORKS_WITH: &str = "select max(schema) from works_with";

/// Brings the file up to date. A migration that was changed after it ran is refused; one that a newer program ran is not, unless it
/// says that we cannot work with it.
pub(super) async fn update_sqlite(pool: &SqlitePool) -> Result<()> {
    let migrations = migrations::<Sqlite>()?;
    // There is no such table before the first start, and before the version that made it.
    let wanted = match sqlx::raw_sql(WORKS_WITH).fetch_one(pool).await {
        Ok(row) => row.try_get(0)?,
        Err(_) => None,
    };
    refuse_newer(wanted, &migrations)?;
    let mut migrator = Migrator { migrations: Cow::Owned(migrations), ..Migrator::DEFAULT };
    migrator.set_ignore_missing(true);
    Ok(migrator.run(pool).await?)
}

/// Refuses a database that wants a newer program than this one.
fn refuse_newer(wanted: Option<i64>, migrations: &[Migration]) -> Result<()> {
    let known = migrations.last().map_or(0, |migration| migration.version);
    match wanted.filter(|wanted| *wanted > known) {
        Some(wanted) => Err(StoreError::Newer { wanted, known }),
        None => Ok(()),
    }
}

/// Brings the server's database up to date. Each migration has a transaction of its own, so that none holds its tables until the last is
/// done: older processes work on meanwhile. A pooler keeps locks and statements no longer than a transaction. A migration that was changed
/// after it ran is refused.
pub(super) async fn update_postgres(pool: &PgPool, waits: Waits) -> Result<()> {
    let migrations = migrations::<Postgres>()?;
    let mut since = None;
    loop {
        match one_more(pool, &migrations, waits).await {
            Ok(true) => since = None,
            Ok(false) => return Ok(()),
            Err(StoreError::InUse { migration }) => {
                let waited = since.get_or_insert_with(Instant::now).elapsed();
                if waited >= waits.at_most {
                    return Err(StoreError::InUse { migration });
                }
                tracing::warn!(
                    migration,
                    waited_s = waited.as_secs(),
                    "a migration waits: another transaction reads the table; is a backup running? It is tried again"
                );
                tokio::time::sleep(waits.between).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Runs the first migration that has not run, if there is one, and gives whether there was. What ran is read anew under the lock: another
/// process may be at it too.
async fn one_more(pool: &PgPool, migrations: &[Migration], waits: Waits) -> Result<bool> {
    let mut tx = pool.begin().await?;
    sqlx::raw_sql(SCHEMA_LOCK).execute(&mut *tx).await?;
    tx.ensure_migrations_table(TABLE).await?;
    let rows = sqlx::raw_sql(RAN).fetch_all(&mut *tx).await?;
    let ran: Vec<(i64, Vec<u8>)> =
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<sqlx::Result<_>>()?;
    let row = sqlx::raw_sql("select to_regclass('works_with') is not null").fetch_one(&mut *tx).await?;
    if row.try_get(0)? {
        let row = sqlx::raw_sql(WORKS_WITH).fetch_one(&mut *tx).await?;
        refuse_newer(row.try_get(0)?, migrations)?;
    }
    let mut next = None;
    for migration in migrations {
        match ran.iter().find(|(version, _)| *version == migration.version) {
            None => next = next.or(Some(migration)),
            Some((_, checksum)) if *checksum == *migration.checksum => {}
            Some(_) => return Err(sqlx::migrate::MigrateError::VersionMismatch(migration.version).into()),
        }
    }
    if let Some(migration) = next {
        // Not before: another process may be at a long one of its own, and that is waited for.
        let wait = format!("set local lock_timeout = {}", waits.queued.as_millis());
        sqlx::raw_sql(AssertSqlSafe(wait)).execute(&mut *tx).await?;
        apply(&mut tx, migration).await.map_err(|error| or_in_use(error, migration))?;
    }
    tx.commit().await?;
    Ok(next.is_some())
}

/// The same error, but for a table that others did not let go of.
fn or_in_use(error: StoreError, migration: &Migration) -> StoreError {
    match &error {
        StoreError::Database(sqlx::Error::Database(said)) if said.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => {
            StoreError::InUse { migration: format!("{:04} {}", migration.version, migration.description) }
        }
        _ => error,
    }
}

/// Runs a migration, and keeps that it ran. As sqlx does it, but without a statement that stays prepared.
async fn apply(connection: &mut PgConnection, migration: &Migration) -> Result<()> {
    sqlx::raw_sql(migration.sql.clone()).execute(&mut *connection).await?;
    let keep = sqlx::query(KEEP).bind(migration.version).bind(&*migration.description).bind(&*migration.checksum);
    keep.persistent(false).execute(connection).await?;
    Ok(())
}

fn migrations<Files: RustEmbed>() -> Result<Vec<Migration>> {
    let mut migrations = Files::iter().map(|name| migration::<Files>(&name)).collect::<Result<Vec<_>>>()?;
    migrations.sort_by_key(|migration| migration.version);
    Ok(migrations)
}

/// `0001_notices.sql` as a migration.
fn migration<Files: RustEmbed>(name: &str) -> Result<Migration> {
    let odd = || StoreError::Corrupt(format!("the migration {name}"));
    let (number, rest) = name.split_once('_').ok_or_else(odd)?;
    let file = Files::get(name).ok_or_else(odd)?;
    let text = String::from_utf8(file.data.into_owned()).map_err(|_| odd())?;
    Ok(Migration::new(
        number.parse().map_err(|_| odd())?,
        Cow::Owned(rest.trim_end_matches(".sql").replace('_', " ")),
        MigrationType::Simple,
        AssertSqlSafe(text).into_sql_str(),
        false,
    ))
}
