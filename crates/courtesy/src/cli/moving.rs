//! `courtesy migrate`, `backup` and `restore`: everything from one database into another.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::json;

use super::init::{KEY_FILE, operator_key_of};
use super::table::{answer, answer_json};
use super::{Common, Exit};
use crate::config::Database;
use crate::service;
use crate::store::{Sole, Store, copy};

/// Options of `migrate`.
#[derive(Args)]
pub(super) struct Migrate {
    /// Where everything goes: a PostgreSQL database without anything in it
    #[arg(long, value_name = "postgres://NAME:PASSWORD@HOST/DATABASE")]
    to: String,
}

/// Options of `backup` and `restore`.
#[derive(Args)]
pub(super) struct File {
    /// The backup: an SQLite file, whatever the database is
    file: PathBuf,
}

/// From the SQLite of the settings to PostgreSQL. The server must stand still, or what it takes in meanwhile stays behind.
pub(super) async fn migrate(args: &Migrate, common: &Common) -> Result<Exit> {
    let config = common.settings()?;
    let Database::Sqlite(file) = config.database_at() else { bail!("the settings name PostgreSQL already") };
    let to = Database::at(&args.to).context("--to: write it as postgres://name:password@host/database")?;
    if !file.exists() {
        bail!("there is no database at {}", file.display());
    }
    let _sole = Sole::of(&file)?;
    let copied = copy(&Database::Sqlite(file), &to).await?;
    let next = "Next: set `database` to that URL in the settings, and start `courtesy serve` again. On each further machine \
                put the same settings, and secret.key from the data folder.";
    told(&copied, &to.to_string(), next, common)
}

/// A copy of this moment, while the server works.
pub(super) async fn backup(args: &File, common: &Common) -> Result<Exit> {
    let from = common.settings()?.database_at();
    if args.file.exists() {
        bail!("{} exists, and was not touched", args.file.display());
    }
    if let Database::Sqlite(file) = &from
        && !file.exists()
    {
        bail!("there is no database at {}", file.display());
    }
    let folder = args.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!("there is no folder {}; make it first: mkdir -m 700 -p {0}", folder.display());
    }
    // All of it is in there: whoever runs this alone may read it.
    service::make_private_file(&args.file)?;
    let copied = match copy(&from, &Database::Sqlite(args.file.clone())).await {
        Ok(copied) => copied,
        Err(error) => {
            // What is there is ours and holds nothing.
            let _ = std::fs::remove_file(&args.file);
            return Err(error.into());
        }
    };
    let next = "Keep secret.key of the data folder too, in another place: without it the keys in the backup are worth nothing, and \
                with it whoever has both has them. operator.key need not be kept: courtesy restore makes another one.";
    told(&copied, &args.file.display().to_string(), next, common)
}

/// A backup into the empty database of the settings.
pub(super) async fn restore(args: &File, common: &Common) -> Result<Exit> {
    let config = common.settings()?;
    let to = config.database_at();
    if !args.file.is_file() {
        bail!("there is no backup at {}", args.file.display());
    }
    service::make_folder(&config.data)?;
    let _sole = match &to {
        Database::Sqlite(file) => Some(Sole::of(file)?),
        Database::Postgres(_) => None,
    };
    if let Database::Sqlite(file) = &to {
        service::make_private_file(file)?;
    }
    let copied = copy(&Database::Sqlite(args.file.clone()), &to).await?;
    let store = Store::open(to.clone()).await?;
    let made = operator_key_of(&store, &config.data).await;
    store.close().await;
    let key = match made? {
        true => format!(
            "{KEY_FILE} in the data folder is a new operator's key; courtesy keys list shows those of before.\n"
        ),
        false => String::new(),
    };
    let next =
        format!("{key}Put the secret.key that belongs to it into the data folder before you start `courtesy serve`.");
    told(&copied, &to.to_string(), &next, common)
}

fn told(copied: &[(String, u64)], to: &str, next: &str, common: &Common) -> Result<Exit> {
    let rows: u64 = copied.iter().map(|(_, rows)| rows).sum();
    if common.json {
        let tables: serde_json::Map<_, _> = copied.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
        answer_json(&json!({ "to": to, "rows": rows, "tables": tables }))?;
    } else {
        let of = |table| copied.iter().find(|(name, _)| name == table).map_or(0, |(_, rows)| *rows);
        let (libraries, messages) = (of("library"), of("message"));
        answer(&format!(
            "{rows} rows are in {to}, among them {libraries} libraries and {messages} messages.\n{next}\n"
        ))?;
    }
    Ok(Exit::Good)
}
