//! MTA-STS policies that were fetched: a domain's wish outlives our process and its own DNS.

use jiff::Timestamp;
use standards::domain::Domain;

use super::statement::query;
use super::{Result, Store};
use crate::clock::{from_micros, micros};

/// A policy as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StsPolicy {
    /// The id of its DNS record at that time.
    pub id: String,
    /// Its text.
    pub policy: String,
    /// Until when it counts.
    pub expires_at: Timestamp,
}

impl Store {
    /// Keeps the policy of `domain` in place of an earlier one.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_sts_policy(&self, domain: &Domain, kept: StsPolicy) -> Result<()> {
        let domain = domain.to_string();
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into sts_policy (domain, id, policy, expires_at) values ($1, $2, $3, $4) \
                         on conflict (domain) do update set id = excluded.id, policy = excluded.policy, \
                         expires_at = excluded.expires_at",
                    )
                    .bind(&domain)
                    .bind(&kept.id)
                    .bind(&kept.policy)
                    .bind(micros(kept.expires_at))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The policy of `domain` that is still in force at `now`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn sts_policy(&self, domain: &Domain, now: Timestamp) -> Result<Option<StsPolicy>> {
        let row = query("select id, policy, expires_at from sts_policy where domain = $1 and expires_at > $2")
            .bind(domain.as_str())
            .bind(micros(now))
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| {
            Ok(StsPolicy { id: row.try_get(0)?, policy: row.try_get(1)?, expires_at: from_micros(row.try_get(2)?) })
        })
        .transpose()
    }
}
