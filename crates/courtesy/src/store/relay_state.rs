//! Relays taken out of use for a while, and what was found about each.

use jiff::Timestamp;

use super::process::changed;
use super::statement::query;
use super::{Result, Store};
use crate::clock::{from_micros, micros};

/// A relay that is out of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayDrain {
    /// Its host name.
    pub host: String,
    /// Since when.
    pub since: Timestamp,
    /// Who took it out of use.
    pub by: String,
}

/// What was found about a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayLook {
    /// Its host name.
    pub host: String,
    /// When.
    pub at: Timestamp,
    /// What, as JSON.
    pub findings: String,
}

impl Store {
    /// The relays that are out of use.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn relay_drains(&self) -> Result<Vec<RelayDrain>> {
        let rows = query("select host, since, by_whom from relay_drain order by host").fetch_all(&self.readers).await?;
        let drain = |row: &super::engine::Row| {
            Ok(RelayDrain { host: row.try_get(0)?, since: from_micros(row.try_get(1)?), by: row.try_get(2)? })
        };
        rows.iter().map(drain).collect()
    }

    /// Takes a relay out of use. One that is so already stays as it is.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn drain_relay(&self, drain: RelayDrain) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("insert into relay_drain (host, since, by_whom) values ($1, $2, $3) on conflict do nothing")
                        .bind(drain.host)
                        .bind(micros(drain.since))
                        .bind(drain.by)
                        .execute(&mut *tx)
                        .await?;
                    changed(tx, "relay").await
                })
            })
            .await
    }

    /// Puts a relay back into use. False where it was in use.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn resume_relay(&self, host: String) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query("delete from relay_drain where host = $1").bind(host).execute(&mut *tx).await?;
                    changed(tx, "relay").await?;
                    Ok(done > 0)
                })
            })
            .await
    }

    /// What was found last about each relay.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn relay_looks(&self) -> Result<Vec<RelayLook>> {
        let rows = query("select host, at, findings from relay_look order by host").fetch_all(&self.readers).await?;
        let look = |row: &super::engine::Row| {
            Ok(RelayLook { host: row.try_get(0)?, at: from_micros(row.try_get(1)?), findings: row.try_get(2)? })
        };
        rows.iter().map(look).collect()
    }

    /// Keeps what was found about a relay, in place of what was found before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_relay_look(&self, look: RelayLook) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into relay_look (host, at, findings) values ($1, $2, $3) \
                         on conflict (host) do update set at = excluded.at, findings = excluded.findings",
                    )
                    .bind(look.host)
                    .bind(micros(look.at))
                    .bind(look.findings)
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}
