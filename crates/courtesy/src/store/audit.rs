//! Who changed what, and why: entries that are added and never changed, each sealed with the one before it.
//!
//! In: a [`Deed`]. Out: an entry, written in the transaction of what it tells. Store functions that know who acts write
//! it themselves ([`note`]); for the others, [`Store::noting`] gives a store whose next writes carry it. Whoever changes,
//! removes or cuts off entries behind our back is found by [`Store::audit_holds`].

#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::engine::{Row, Tx};
use super::statement::{Builder, query};
use super::{Result, Store, from_json, id_from};
use crate::clock::{from_micros, micros};
use crate::id::AuditId;
use crate::library::LibraryCode;

/// Every kind of deed. A page has words for each.
pub const DEEDS: &[&str] = &[
    "record.added",
    "record.changed",
    "words.saved",
    "words.reset",
    "queue.paused",
    "queue.resumed",
    "queue.let_go",
    "queue.dropped",
    "relay.drained",
    "relay.resumed",
    "queue.flushed",
    "address.stopped",
    "address.allowed",
    "message.cancelled",
    "message.released",
    "message.repeated",
    "letter.posted",
    "letter.printed",
    "unreached.seen_to",
    "key.made",
    "key.ended",
    "staff.added",
    "staff.role",
    "staff.role_ended",
    "staff.link",
    "account.password",
    "account.recovery_codes",
    "account.passkey",
    "account.passkey_removed",
    "webhook.added",
    "webhook.changed",
    "webhook.on",
    "webhook.off",
    "webhook.secret",
    "webhook.removed",
    "webhook.replayed",
    "webhook.tested",
    "relay_secret.changed",
    "sign_on_secret.changed",
    "dkim.changed",
    "list.exported",
    "it.reminded",
    "retention.changed",
    "retention.erased",
    "patron.changed",
    "patron.exported",
    "patron.erase_asked",
    "patron.erased",
];

/// Letters of a text of an entry: a reason is a sentence, a value that changed may be a long list.
const LETTERS_MAX: usize = 2000;

/// Entries read at one time when seals are looked at.
const READ: i64 = 1000;

/// One field that has another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub field: String,
    /// Its value before; empty where it had none.
    pub was: String,
    /// Its value now.
    pub is: String,
}

/// What somebody does.
#[derive(Clone, Debug)]
pub struct Deed {
    /// At which library; none: at the consortium, or to the installation.
    pub library: Option<LibraryCode>,
    /// Who, by name.
    pub by: String,
    /// What, one of [`DEEDS`].
    pub what: &'static str,
    /// To what.
    pub subject: String,
    /// What is different now.
    pub changes: Vec<Change>,
    /// Why, in their own words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Deed {
    /// `by` does `what` to `subject`.
    #[must_use]
    pub fn new(
        library: Option<&LibraryCode>,
        by: impl Into<String>,
        what: &'static str,
        subject: impl Into<String>,
        at: Timestamp,
    ) -> Self {
        let (by, subject) = (by.into(), subject.into());
        Self { library: library.cloned(), by, what, subject, changes: Vec::new(), reason: String::new(), at }
    }

    /// The same, with what is different now.
    #[must_use]
    pub fn with(self, changes: Vec<Change>) -> Self {
        Self { changes, ..self }
    }

    /// The same, with the reason they gave.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..self }
    }
}

/// An entry, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Its id.
    pub id: AuditId,
    /// The library; none: the consortium and the installation.
    pub library: Option<String>,
    /// Its place among those of its library.
    pub n: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    pub what: String,
    /// To what.
    pub subject: String,
    /// What was different then.
    pub changes: Vec<Change>,
    /// Why.
    pub reason: String,
}

/// Which entries. Every part narrows.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of one library, or (the empty text) of the consortium alone.
    pub library: Option<String>,
    /// Of one kind, or of those that begin with it: `key` finds `key.made`.
    pub what: Option<String>,
    /// By somebody whose name has this in it.
    pub by: Option<String>,
    /// Older than this one: the cursor.
    pub before: Option<AuditId>,
}

/// Whether the entries of a library are as they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHolds {
    /// Entries looked at.
    pub entries: i64,
    /// The place of the first that is missing or is not what was written.
    pub broken_at: Option<i64>,
}

const COLUMNS: &str = "select id, library, n, at, by_whom, what, subject, changes, reason, seal from audit where 1 = 1";

impl Store {
    /// A store whose every write, where it changes anything, is noted as `deed` in the same transaction.
    #[must_use]
    pub fn noting(&self, deed: Deed) -> Self {
        Self { writer: self.writer.clone().noting(deed), ..self.clone() }
    }

    /// Notes a deed that changes nothing here, such as a file that was taken out.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn note(&self, deed: Deed) -> Result<()> {
        self.writer.write(move |tx| Box::pin(async move { note(tx, &deed).await })).await
    }

    /// Entries that fit `filter`, the newest first, `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn audit(&self, filter: &AuditFilter, most: u32) -> Result<Vec<Audited>> {
        let mut asked = Builder::new(COLUMNS);
        if let Some(library) = &filter.library {
            asked.push(" and library = ").push_bind(library);
        }
        if let Some(what) = &filter.what {
            asked.push(" and (what = ").push_bind(what);
            asked.push(" or (what >= ").push_bind(format!("{what}."));
            asked.push(" and what < ").push_bind(format!("{what}/")).push("))");
        }
        if let Some(by) = &filter.by {
            let by = by.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
            asked.push(" and lower(by_whom) like ").push_bind(format!("%{by}%")).push(" escape '!'");
        }
        if let Some(before) = filter.before {
            asked.push(" and id < ").push_bind(before.to_bytes());
        }
        asked.push(" order by id desc limit ").push_bind(i64::from(most));
        let rows = asked.build().fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(entry_from(row)?.0)).collect()
    }

    /// Looks at the seals of all entries of `library` (none: of the consortium).
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn audit_holds(&self, library: Option<&LibraryCode>) -> Result<AuditHolds> {
        let library = library.map_or("", LibraryCode::as_str);
        // First, so that what is written meanwhile is only ever further on.
        let end = query("select n, seal from audit_end where library = $1").bind(library);
        let (last, end) = match end.fetch_optional(&self.readers).await? {
            Some(row) => (row.try_get(0)?, row.try_get(1)?),
            None => (0, Vec::new()),
        };
        let (mut n, mut seal): (i64, Vec<u8>) = (0, Vec::new());
        loop {
            let mut asked = Builder::new(COLUMNS);
            asked.push(" and library = ").push_bind(library).push(" and n > ").push_bind(n);
            asked.push(" order by n limit ").push_bind(READ);
            let rows = asked.build().fetch_all(&self.readers).await?;
            for row in &rows {
                let (entry, kept) = entry_from(row)?;
                let is_another_end = entry.n == last && kept != end;
                if entry.n != n + 1 || kept != sealed(&entry, &seal) || is_another_end {
                    return Ok(AuditHolds { entries: n, broken_at: Some(n + 1) });
                }
                (n, seal) = (entry.n, kept);
            }
            if rows.is_empty() {
                return Ok(AuditHolds { entries: n, broken_at: (n < last).then_some(n + 1) });
            }
        }
    }
}

/// Notes `deed` where a write that gave `value` changed anything: what gives `false` or 0 did not.
pub(super) async fn noted<T: 'static>(tx: &mut Tx, value: T, deed: Option<Arc<Deed>>) -> Result<T> {
    let any: &dyn Any = &value;
    let is_nothing = any.downcast_ref() == Some(&false) || any.downcast_ref() == Some(&0_u64);
    if let Some(deed) = deed.filter(|_| !is_nothing) {
        note(tx, &deed).await?;
    }
    Ok(value)
}

/// Writes an entry, in the transaction of what it tells.
pub(super) async fn note(tx: &mut Tx, deed: &Deed) -> Result<()> {
    let cut = |text: &str| text.chars().take(LETTERS_MAX).collect::<String>();
    let library = deed.library.as_ref().map(|code| code.as_str().to_owned());
    // Two processes never write the same place: whoever comes second waits here.
    let end = query(
        "insert into audit_end (library, n, seal) values ($1, 1, $2) \
         on conflict (library) do update set n = audit_end.n + 1 returning n, seal",
    );
    let end = end.bind(library.as_deref().unwrap_or_default()).bind(Vec::new()).fetch_one(&mut *tx).await?;
    let changes = deed.changes.iter();
    let changes = changes.map(|one| Change { field: one.field.clone(), was: cut(&one.was), is: cut(&one.is) });
    let entry = Audited {
        id: AuditId::new(deed.at),
        library,
        n: end.try_get(0)?,
        at: deed.at,
        by: cut(&deed.by),
        what: deed.what.to_owned(),
        subject: cut(&deed.subject),
        changes: changes.collect(),
        reason: cut(&deed.reason),
    };
    let seal = sealed(&entry, &end.try_get::<Vec<u8>>(1)?);
    let library = entry.library.as_deref().unwrap_or_default();
    query(
        "insert into audit (id, library, n, at, by_whom, what, subject, changes, reason, seal) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(entry.id.to_bytes())
    .bind(library)
    .bind(entry.n)
    .bind(micros(entry.at))
    .bind(&entry.by)
    .bind(&entry.what)
    .bind(&entry.subject)
    .bind(json_of(&entry.changes))
    .bind(&entry.reason)
    .bind(&seal)
    .execute(&mut *tx)
    .await?;
    query("update audit_end set seal = $2 where library = $1").bind(library).bind(&seal).execute(&mut *tx).await?;
    Ok(())
}

/// The seal of an entry: no part of it, and none before it, can be another with the same seal.
fn sealed(entry: &Audited, before: &[u8]) -> Vec<u8> {
    let Audited { id, library, n, at, by, what, subject, changes, reason } = entry;
    let library = library.as_deref().unwrap_or_default();
    // PostgreSQL keeps no NUL in a text.
    let plain = |text: &str| text.replace('\0', "\u{FFFD}");
    let changes = plain(&json_of(changes));
    let parts =
        (id.to_string(), library, n, micros(*at), plain(by), plain(what), plain(subject), changes, plain(reason));
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    context.update(before);
    context.update(json_of(&parts).as_bytes());
    context.finish().as_ref().to_vec()
}

/// As it came: what was sealed with a NUL in it keeps its seal. Nothing looks into it as JSON.
fn json_of<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types have text keys and no failing parts")
}

fn entry_from(row: &Row) -> Result<(Audited, Vec<u8>)> {
    let library: String = row.try_get(1)?;
    let entry = Audited {
        id: AuditId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        library: Some(library).filter(|code| !code.is_empty()),
        n: row.try_get(2)?,
        at: from_micros(row.try_get(3)?),
        by: row.try_get(4)?,
        what: row.try_get(5)?,
        subject: row.try_get(6)?,
        changes: from_json(&row.try_get::<String>(7)?)?,
        reason: row.try_get(8)?,
    };
    Ok((entry, row.try_get(9)?))
}

/// The fields in which two objects of JSON differ.
pub(super) fn differences(was: Option<&str>, is: &str) -> Result<Vec<Change>> {
    let fields = |text: &str| from_json::<serde_json::Map<String, serde_json::Value>>(text);
    let (was, is) = (was.map(fields).transpose()?.unwrap_or_default(), fields(is)?);
    let shown = |value: Option<&serde_json::Value>| match value {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let mut names: Vec<&String> = was.keys().chain(is.keys()).collect();
    names.sort();
    names.dedup();
    let changes = names.into_iter().map(|name| Change {
        field: name.clone(),
        was: shown(was.get(name)),
        is: shown(is.get(name)),
    });
    Ok(changes.filter(|change| change.was != change.is).collect())
}
