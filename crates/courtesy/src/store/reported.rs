//! Reports of receivers: each once, summed up by source and day.

use std::net::IpAddr;

use jiff::Timestamp;
use standards::domain::Domain;

use super::statement::query;
use super::{Result, Store};
use crate::clock::{from_micros, micros};
use crate::library::LibraryCode;
use crate::reported::{Counts, Told};

/// Sources given for one list at most: the busiest.
const SOURCES_MAX: i64 = 500;

/// Seconds of a day, for days since 1970.
const DAY_S: i64 = 86_400;

/// Who sent in a domain's name, over all days kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedSource {
    /// Whose domain; none: the shared domain.
    pub library: Option<String>,
    /// The domain.
    pub domain: String,
    /// The IP address; none: those beyond the bound together.
    pub source: Option<String>,
    /// What the DNS calls it, where that is known and leads back to it.
    pub name: Option<String>,
    /// The first day on which it was seen.
    pub since: Timestamp,
    /// The last one.
    pub last: Timestamp,
    /// How much.
    pub counts: Counts,
}

/// How TLS went for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedTls {
    /// Whose domain; none: the shared domain.
    pub library: Option<String>,
    /// The domain.
    pub domain: String,
    /// What failed; none: went well.
    pub kind: Option<String>,
    /// How many sessions.
    pub sessions: u64,
}

/// Reports about a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedDomain {
    /// Whose domain; none: the shared domain.
    pub library: Option<String>,
    /// The domain.
    pub domain: String,
    /// How many reports are kept.
    pub reports: u64,
    /// How many reporters there are.
    pub reporters: u64,
    /// When the last one came.
    pub last: Timestamp,
}

fn none_if_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Store {
    /// Keeps what a report says of a domain of `library` (none: the shared domain). False where this report is known.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn keep_report(&self, library: Option<LibraryCode>, told: Told, now: Timestamp) -> Result<bool> {
        let library = library.map(String::from).unwrap_or_default();
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let domain = told.domain.as_str().to_owned();
                    let is_new = query(
                        "insert into report (library, domain, reporter, id, kind, begin_at, end_at, received_at) \
                         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
                    )
                    .bind(&library)
                    .bind(&domain)
                    .bind(&told.reporter)
                    .bind(&told.id)
                    .bind(told.kind.code())
                    .bind(micros(told.begin))
                    .bind(micros(told.end))
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    if is_new == 0 {
                        return Ok(false);
                    }
                    for (source, counts) in &told.sources {
                        query(
                            "insert into report_source (library, domain, source, day, messages, passed, refused) \
                             values ($1, $2, $3, $4, $5, $6, $7) on conflict (library, domain, source, day) do update set \
                             messages = report_source.messages + excluded.messages, \
                             passed = report_source.passed + excluded.passed, \
                             refused = report_source.refused + excluded.refused",
                        )
                        .bind(&library)
                        .bind(&domain)
                        .bind(source.map(|ip| ip.to_string()).unwrap_or_default())
                        .bind(told.day())
                        .bind(whole(counts.messages).min(MESSAGES_MAX))
                        .bind(whole(counts.passed).min(MESSAGES_MAX))
                        .bind(whole(counts.refused).min(MESSAGES_MAX))
                        .execute(&mut *tx)
                        .await?;
                    }
                    for (kind, sessions) in &told.tls {
                        query(
                            "insert into report_tls (library, domain, kind, day, sessions) values ($1, $2, $3, $4, $5) \
                             on conflict (library, domain, kind, day) do update set \
                             sessions = report_tls.sessions + excluded.sessions",
                        )
                        .bind(&library)
                        .bind(&domain)
                        .bind(kind)
                        .bind(told.day())
                        .bind(whole(*sessions).min(MESSAGES_MAX))
                        .execute(&mut *tx)
                        .await?;
                    }
                    Ok(true)
                })
            })
            .await
    }

    /// The domains that reports are kept about: of one library, or all.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn reported_domains(&self, library: Option<&LibraryCode>) -> Result<Vec<ReportedDomain>> {
        let rows = query(
            "select library, domain, count(*), count(distinct reporter), max(received_at) from report \
             where ($1 = '' or library = $1) group by library, domain order by library, domain",
        )
        .bind(library.map(LibraryCode::as_str).unwrap_or_default())
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ReportedDomain {
                    library: none_if_empty(row.try_get(0)?),
                    domain: row.try_get(1)?,
                    reports: row.try_get::<i64>(2)?.unsigned_abs(),
                    reporters: row.try_get::<i64>(3)?.unsigned_abs(),
                    last: from_micros(row.try_get(4)?),
                })
            })
            .collect()
    }

    /// Who sent in the names of domains, the busiest first: of one library, or all.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn reported_sources(&self, library: Option<&LibraryCode>) -> Result<Vec<ReportedSource>> {
        let rows = query(
            "select library, domain, report_source.source, min(day), max(day), cast(sum(messages) as bigint), \
             cast(sum(passed) as bigint), cast(sum(refused) as bigint), coalesce(max(name), '') from report_source \
             left join source_name on source_name.source = report_source.source where ($1 = '' or library = $1) \
             group by library, domain, report_source.source order by 6 desc, report_source.source limit $2",
        )
        .bind(library.map(LibraryCode::as_str).unwrap_or_default())
        .bind(SOURCES_MAX)
        .fetch_all(&self.readers)
        .await?;
        let day = |days: i64| Timestamp::from_second(days.saturating_mul(DAY_S)).unwrap_or(Timestamp::UNIX_EPOCH);
        rows.iter()
            .map(|row| {
                Ok(ReportedSource {
                    library: none_if_empty(row.try_get(0)?),
                    domain: row.try_get(1)?,
                    source: none_if_empty(row.try_get(2)?),
                    name: none_if_empty(row.try_get(8)?),
                    since: day(row.try_get(3)?),
                    last: day(row.try_get(4)?),
                    counts: Counts {
                        messages: row.try_get::<i64>(5)?.unsigned_abs(),
                        passed: row.try_get::<i64>(6)?.unsigned_abs(),
                        refused: row.try_get::<i64>(7)?.unsigned_abs(),
                    },
                })
            })
            .collect()
    }

    /// Addresses that reports tell of and whose names were never asked for, or before `before`; `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn sources_without_name(&self, before: Timestamp, most: u32) -> Result<Vec<IpAddr>> {
        let rows = query(
            "select distinct report_source.source from report_source \
             left join source_name on source_name.source = report_source.source \
             where report_source.source <> '' and (looked_at is null or looked_at < $1) limit $2",
        )
        .bind(micros(before))
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        let mut found = Vec::new();
        for row in &rows {
            found.extend(row.try_get::<String>(0)?.parse::<IpAddr>().ok());
        }
        Ok(found)
    }

    /// Keeps what the DNS calls an address; none: nothing that leads back to it.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn name_source(&self, source: IpAddr, name: Option<Domain>, now: Timestamp) -> Result<()> {
        let name = name.map(|name| name.to_string()).unwrap_or_default();
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into source_name (source, name, looked_at) values ($1, $2, $3) \
                         on conflict (source) do update set name = excluded.name, looked_at = excluded.looked_at",
                    )
                    .bind(source.to_string())
                    .bind(name)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// How TLS went for domains: of one library, or all.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn reported_tls(&self, library: Option<&LibraryCode>) -> Result<Vec<ReportedTls>> {
        let rows = query(
            "select library, domain, kind, cast(sum(sessions) as bigint) from report_tls \
             where ($1 = '' or library = $1) group by library, domain, kind order by library, domain, 4 desc",
        )
        .bind(library.map(LibraryCode::as_str).unwrap_or_default())
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ReportedTls {
                    library: none_if_empty(row.try_get(0)?),
                    domain: row.try_get(1)?,
                    kind: none_if_empty(row.try_get(2)?),
                    sessions: row.try_get::<i64>(3)?.unsigned_abs(),
                })
            })
            .collect()
    }

    /// Forgets what reports said of days before `before`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_reports(&self, before: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let day = before.as_second().div_euclid(DAY_S);
                    query("delete from report where end_at < $1").bind(micros(before)).execute(&mut *tx).await?;
                    query("delete from report_source where day < $1").bind(day).execute(&mut *tx).await?;
                    query("delete from report_tls where day < $1").bind(day).execute(&mut *tx).await?;
                    query("delete from source_name where looked_at < $1")
                        .bind(micros(before))
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

/// What one report may say of one source at most: a number that cannot overflow a sum of a million reports.
const MESSAGES_MAX: i64 = 1_000_000_000_000;
