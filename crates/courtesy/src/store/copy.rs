//! Everything from one database into an empty one: moving up to PostgreSQL, backup and restore.
//!
//! One of the two is an SQLite file, which also is what a backup looks like, whatever it was made from. What is read is
//! one moment's state, and what is written is there as a whole or not at all. A server that goes on working meanwhile is
//! not disturbed, and what it writes from then on is not copied.

use super::engine::{Pool, Row, Tx};
use super::open::open;
use super::statement::{Builder, Value, query};
use super::{Result, StoreError};
use crate::config::Database;

/// Values in one statement at most: SQLite takes 32,766, and a statement of this length is read quickly.
const VALUES_PER_STATEMENT: usize = 8000;

/// Rows in one statement at most.
const ROWS_PER_STATEMENT: usize = 500;

/// Tables that tell of processes alone, and of the schema, which both have: nothing of them is worth keeping.
const LEFT_OUT: [&str; 2] = ["process", "works_with"];

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum NotCopied {
    /// The store is broken, one of the two.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something is there already.
    #[error(
        "{0} is not empty, and nothing was changed: give a database that has none of the tables yet, or empty ones"
    )]
    NotEmpty(Database),
    /// Neither of the two is a file.
    #[error("one of the two must be an SQLite file")]
    NoFile,
}

/// A table with what its rows are made of.
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
    key: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Octets,
}

/// Copies all of `from` into `to`, which is made where it is not there; gives the number of rows of each table.
///
/// # Errors
/// [`NotCopied`]; then `to` holds nothing but empty tables.
pub async fn copy(from: &Database, to: &Database) -> std::result::Result<Vec<(String, u64)>, NotCopied> {
    let ((from_readers, from_writing), (to_readers, to_writing)) = (open(from).await?, open(to).await?);
    let file = match (from, to) {
        (Database::Sqlite(_), _) => &from_readers,
        (_, Database::Sqlite(_)) => &to_readers,
        _ => return Err(NotCopied::NoFile),
    };
    let tables = tables(file).await?;
    let copied = copy_all(&tables, &from_readers, &to_writing).await;
    for pool in [from_readers, from_writing, to_readers, to_writing] {
        pool.close().await;
    }
    copied?.ok_or_else(|| NotCopied::NotEmpty(to.clone()))
}

/// Copies all tables in one transaction; none where one of them has something already.
async fn copy_all(tables: &[Table], from: &Pool, to: &Pool) -> Result<Option<Vec<(String, u64)>>> {
    let (mut reading, mut writing) = (from.begin_reading().await?, to.begin().await?);
    let mut copied = Vec::new();
    for table in tables {
        let any = query(format!("select 1 from {} limit 1", table.name)).fetch_optional(&mut writing).await?;
        if any.is_some() {
            return Ok(None);
        }
        copied.push((table.name.clone(), copy_table(table, &mut reading, &mut writing).await?));
    }
    writing.commit().await?;
    Ok(Some(copied))
}

async fn copy_table(table: &Table, reading: &mut Tx, writing: &mut Tx) -> Result<u64> {
    let at_once = (VALUES_PER_STATEMENT / table.columns.len()).clamp(1, ROWS_PER_STATEMENT);
    let mut last: Option<Vec<Value>> = None;
    let mut copied = 0;
    loop {
        let rows = table.after(last.as_deref(), at_once).fetch_all(&mut *reading).await?;
        let rows = rows.iter().map(|row| table.values(row)).collect::<Result<Vec<_>>>()?;
        let Some(newest) = rows.last() else { return Ok(copied) };
        last = Some(table.key.iter().map(|&index| newest[index].clone()).collect());
        copied += rows.len() as u64;
        let mut insert = Builder::new(format!("insert into {} ({}) ", table.name, table.names()));
        insert.push_values(rows, |list, row| {
            for value in row {
                list.push_bind(value);
            }
        });
        insert.build().execute(&mut *writing).await?;
    }
}

impl Table {
    fn names(&self) -> String {
        let quoted: Vec<String> = self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        quoted.join(", ")
    }

    /// The next rows after the one with the key `last`, in the order of keys.
    fn after(&self, last: Option<&[Value]>, most: usize) -> super::statement::Statement {
        let key: Vec<String> = self.key.iter().map(|&index| format!("\"{}\"", self.columns[index].0)).collect();
        let key = key.join(", ");
        let mut select = Builder::new(format!("select {} from {}", self.names(), self.name));
        if let Some(last) = last {
            select.push(format_args!(" where ({key}) > ")).push_list(last.iter().cloned());
        }
        select.push(format_args!(" order by {key} limit {most}"));
        select.build()
    }

    fn values(&self, row: &Row) -> Result<Vec<Value>> {
        let value = |(index, (_, kind)): (usize, &(String, Kind))| {
            Ok(match kind {
                Kind::Int => Value::Int(row.try_get(index)?),
                Kind::Text => Value::Text(row.try_get(index)?),
                Kind::Octets => Value::Octets(row.try_get(index)?),
            })
        };
        self.columns.iter().enumerate().map(value).collect()
    }
}

/// The tables of an SQLite file; those of PostgreSQL have the same names and columns.
async fn tables(file: &Pool) -> Result<Vec<Table>> {
    let names = query(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name not like '_sqlx%' \
         order by name",
    );
    let mut tables = Vec::new();
    for row in names.fetch_all(file).await? {
        let name: String = row.try_get(0)?;
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        let described = query("select name, type, pk from pragma_table_info($1) order by cid").bind(&name);
        for (index, row) in described.fetch_all(file).await?.iter().enumerate() {
            let kind = match row.try_get::<String>(1)?.to_ascii_lowercase().as_str() {
                "integer" => Kind::Int,
                "text" => Kind::Text,
                "blob" => Kind::Octets,
                other => return Err(StoreError::Corrupt(format!("the column {name}.{index} of type {other}"))),
            };
            columns.push((row.try_get(0)?, kind));
            let place: i64 = row.try_get(2)?;
            if place > 0 {
                key.push((place, index));
            }
        }
        key.sort_unstable();
        tables.push(Table { name, columns, key: key.into_iter().map(|(_, index)| index).collect() });
    }
    Ok(tables)
}
