//! How TLS went with receivers, day by day, until their domains were told of it; and who is to be told.

use jiff::Timestamp;

use super::statement::{either, query};
use super::{Result, Store};
use crate::clock::micros;

/// Sessions of one kind with one receiver on one day.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsSessions {
    /// The receivers' domain.
    pub domain: String,
    /// Days since 1970.
    pub day: i64,
    /// What the domain asked for, as JSON.
    pub policy: String,
    /// Empty where it went well, else the word of RFC 8460 §4.3.
    pub result: String,
    /// The host; empty where it went well.
    pub host: String,
    /// Our address; empty where it went well.
    pub source: String,
    /// How many.
    pub sessions: u64,
}

/// A day that a domain is to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsTelling {
    /// The domain.
    pub domain: String,
    /// Days since 1970.
    pub day: i64,
    /// The number of this try; the first is 1.
    pub attempt: i64,
}

impl Store {
    /// Adds to what is counted.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn add_tls_sessions(&self, mut counted: Vec<TlsSessions>) -> Result<()> {
        // In one order everywhere: processes that add to the same rows wait for each other, and never in a ring.
        counted.sort_by(|a, b| (&a.domain, a.day, &a.policy, &a.result).cmp(&(&b.domain, b.day, &b.policy, &b.result)));
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for one in &counted {
                        query(
                            "insert into tls_session (domain, day, policy, result, host, source, sessions) \
                             values ($1, $2, $3, $4, $5, $6, $7) on conflict (domain, day, policy, result, host, source) \
                             do update set sessions = tls_session.sessions + excluded.sessions",
                        )
                        .bind(&one.domain)
                        .bind(one.day)
                        .bind(&one.policy)
                        .bind(&one.result)
                        .bind(&one.host)
                        .bind(&one.source)
                        .bind(i64::try_from(one.sessions).unwrap_or(i64::MAX))
                        .execute(&mut *tx)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// What was counted for a domain on a day.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn tls_sessions(&self, domain: &str, day: i64) -> Result<Vec<TlsSessions>> {
        let rows = query(
            "select policy, result, host, source, sessions from tls_session where domain = $1 and day = $2 \
             order by policy, result, host, source",
        )
        .bind(domain)
        .bind(day)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(TlsSessions {
                    domain: domain.to_owned(),
                    day,
                    policy: row.try_get(0)?,
                    result: row.try_get(1)?,
                    host: row.try_get(2)?,
                    source: row.try_get(3)?,
                    sessions: row.try_get::<i64>(4)?.unsigned_abs(),
                })
            })
            .collect()
    }

    /// Up to `most` days before `today` that are to be told of at `now`; nobody else gets them before `again_at`. Domains are told in
    /// the first four hours after midnight, not all at once (RFC 8460 §5.5).
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn claim_tls_tellings(
        &self,
        today: i64,
        now: Timestamp,
        again_at: Timestamp,
        most: u32,
    ) -> Result<Vec<TlsTelling>> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into tls_telling (domain, day, due_at, attempts) \
                         select distinct domain, day, \
                         (day + 1) * 86400000000 + cast(length(domain) as bigint) * 41 % 240 * 60000000, 0 \
                         from tls_session where day < $1 on conflict (domain, day) do nothing",
                    )
                    .bind(today)
                    .execute(&mut *tx)
                    .await?;
                    let claim = either(
                        "update tls_telling set due_at = $2, attempts = attempts + 1 where (domain, day) in \
                         (select domain, day from tls_telling where due_at <= $1 order by due_at, domain limit $3) \
                         returning domain, day, attempts",
                        "update tls_telling set due_at = $2, attempts = attempts + 1 where (domain, day) in \
                         (select domain, day from tls_telling where due_at <= $1 order by due_at, domain limit $3 \
                         for update skip locked) returning domain, day, attempts",
                    );
                    let rows = claim
                        .bind(micros(now))
                        .bind(micros(again_at))
                        .bind(i64::from(most))
                        .fetch_all(&mut *tx)
                        .await?;
                    rows.iter()
                        .map(|row| {
                            Ok(TlsTelling { domain: row.try_get(0)?, day: row.try_get(1)?, attempt: row.try_get(2)? })
                        })
                        .collect()
                })
            })
            .await
    }

    /// A domain was told of a day, or is not to be told of it any more: what was counted is forgotten.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_tls_sessions(&self, domain: String, day: i64) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for statement in [
                        "delete from tls_session where domain = $1 and day = $2",
                        "delete from tls_telling where domain = $1 and day = $2",
                    ] {
                        query(statement).bind(&domain).bind(day).execute(&mut *tx).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
