//! Queues that a person has stopped for a while: one library's, or everybody's.
//!
//! The flag is a row, so it outlives a restart and every process sees it. Claims leave paused libraries out
//! ([`Store::libraries_due`]); an attempt that is under way is finished.

use jiff::Timestamp;

use super::audit::{Deed, note};
use super::statement::query;
use super::{Result, Store, StoreError};
use crate::clock::{from_micros, micros};
use crate::library::LibraryCode;

/// A queue that is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Whose; none: everybody's.
    pub library: Option<LibraryCode>,
    /// Since when.
    pub since: Timestamp,
    /// Who stopped it.
    pub by: String,
}

impl Store {
    /// Every pause, everybody's first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn pauses(&self) -> Result<Vec<Pause>> {
        let rows = query("select library, since, by_whom from pause order by library").fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let library: String = row.try_get(0)?;
                let library = match library.as_str() {
                    "" => None,
                    code => Some(LibraryCode::parse(code).map_err(|error| StoreError::Corrupt(error.to_string()))?),
                };
                Ok(Pause { library, since: from_micros(row.try_get(1)?), by: row.try_get(2)? })
            })
            .collect()
    }

    /// Stops the queue of `library`, or everybody's. One that is stopped already stays as it is.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn pause(&self, library: Option<LibraryCode>, by: String, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let deed = Deed::new(library.as_ref(), by.as_str(), "queue.paused", "", now);
                    let done =
                        query("insert into pause (library, since, by_whom) values ($1, $2, $3) on conflict do nothing")
                            .bind(library.map(String::from).unwrap_or_default())
                            .bind(micros(now))
                            .bind(by)
                            .execute(&mut *tx)
                            .await?;
                    if done > 0 {
                        note(tx, &deed).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Lets the queue of `library`, or everybody's, go on. False when it was not stopped. Each is its own switch: a
    /// library that was stopped by itself stays so when everybody goes on.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn resume(&self, library: Option<LibraryCode>) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query("delete from pause where library = $1")
                        .bind(library.map(String::from).unwrap_or_default())
                        .execute(&mut *tx)
                        .await?;
                    Ok(done > 0)
                })
            })
            .await
    }
}
