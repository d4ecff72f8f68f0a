//! What changed about the relays that are published.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::engine::Row;
use super::statement::query;
use super::{Result, Store, StoreError, outbox};
use crate::clock::{from_micros, micros};
use crate::webhook::Kind;

/// What became of one address of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayChanged {
    /// It will send from this day on (UTC).
    Planned(Date),
    /// It sends, and will not from this day on (UTC).
    Ending(Date),
    /// It sends.
    Added,
    /// It does not send any more, or will not after all.
    Removed,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayChange {
    /// When it was made known.
    pub at: Timestamp,
    /// The region.
    pub region: String,
    /// The relay's host name.
    pub host: String,
    /// The address; none where the host sends from whatever its system chooses.
    pub address: Option<std::net::IpAddr>,
    /// What became of it.
    pub changed: RelayChanged,
}

impl Store {
    /// Every change, the oldest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn relay_changes(&self) -> Result<Vec<RelayChange>> {
        let rows = query("select at, region, host, address, change, planned_for from relay_change order by at, n")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(change_from).collect()
    }

    /// Keeps changes, which happened in this order at their one moment.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn add_relay_changes(&self, changes: Vec<RelayChange>) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for (n, change) in (0_i64..).zip(&changes) {
                        let (word, planned_for) = match change.changed {
                            RelayChanged::Planned(day) => ("planned", Some(day.to_string())),
                            RelayChanged::Ending(day) => ("ending", Some(day.to_string())),
                            RelayChanged::Added => ("added", None),
                            RelayChanged::Removed => ("removed", None),
                        };
                        query(
                            "insert into relay_change (at, n, region, host, address, change, planned_for) \
                             values ($1, $2, $3, $4, $5, $6, $7)",
                        )
                        .bind(micros(change.at))
                        .bind(n)
                        .bind(&change.region)
                        .bind(&change.host)
                        .bind(change.address.map(|address| address.to_string()))
                        .bind(word)
                        .bind(planned_for)
                        .execute(&mut *tx)
                        .await?;
                    }
                    if let Some(last) = changes.last() {
                        let data = json!({ "changes": changes.len() });
                        outbox::raise(tx, None, Kind::RelayChanged, data, last.at).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

fn change_from(row: &Row) -> Result<RelayChange> {
    let odd = |what: &str| StoreError::Corrupt(format!("a change of relays with {what}"));
    let address: Option<String> = row.try_get(3)?;
    let word: String = row.try_get(4)?;
    let planned_for: Option<String> = row.try_get(5)?;
    let changed = match (word.as_str(), planned_for) {
        ("planned", Some(day)) => RelayChanged::Planned(day.parse().map_err(|_| odd("an odd day"))?),
        ("ending", Some(day)) => RelayChanged::Ending(day.parse().map_err(|_| odd("an odd day"))?),
        ("added", _) => RelayChanged::Added,
        ("removed", _) => RelayChanged::Removed,
        _ => return Err(odd("an odd word")),
    };
    Ok(RelayChange {
        at: from_micros(row.try_get(0)?),
        region: row.try_get(1)?,
        host: row.try_get(2)?,
        address: address.map(|text| text.parse().map_err(|_| odd("an odd address"))).transpose()?,
        changed,
    })
}
