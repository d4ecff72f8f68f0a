//! The schema: numbered files, forward only, embedded in the binary.

use std::borrow::Cow;

use rust_embed::RustEmbed;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqlitePool};

use super::{Result, StoreError};

#[derive(RustEmbed)]
#[folder = "../../migrations/sqlite"]
struct Files;

/// Brings the database up to date. A file that was changed after it ran is refused.
pub(super) async fn update(pool: &SqlitePool) -> Result<()> {
    let mut migrations = Vec::new();
    for name in Files::iter() {
        migrations.push(migration(&name)?);
    }
    migrations.sort_by_key(|migration| migration.version);
    let migrator = Migrator { migrations: Cow::Owned(migrations), ..Migrator::DEFAULT };
    Ok(migrator.run(pool).await?)
}

/// `0001_notices.sql` as a migration.
fn migration(name: &str) -> Result<Migration> {
    let odd = || StoreError::Corrupt(format!("the migration {name}"));
    let (number, rest) = name.split_once('_').ok_or_else(odd)?;
    let file = Files::get(name).ok_or_else(odd)?;
    let text = String::from_utf8(file.data.into_owned()).map_err(|_| odd())?;
    Ok(Migration::new(
        number.parse().map_err(|_| odd())?,
        Cow::Owned(rest.trim_end_matches(".sql").replace('_', " ")),
        MigrationType::Simple,
        sqlx::AssertSqlSafe(text).into_sql_str(),
        false,
    ))
}
