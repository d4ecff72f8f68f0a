//! Addresses that a library no longer writes to: since when, why, on what evidence, and how that ended.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::json;
use standards::address::Address;

use super::audit::Deed;
use super::engine::{Row, Tx};
use super::statement::{Builder, Statement, query};
use super::{Result, Store, StoreError, audit, id_from, nameless, outbox};
use crate::clock::{from_micros, micros};
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::outcome::Cause;
use crate::outcome::stop::{self, ListedAddress, Strike, Weight};
use crate::webhook::Kind;

/// Addresses asked for in one statement.
const ADDRESSES_PER_STATEMENT: usize = 500;

/// An address on the list.
#[derive(Clone, Debug, PartialEq)]
pub struct DoNotSend {
    /// Whose list.
    pub library: LibraryCode,
    /// The address, in small letters.
    pub address: String,
    /// Why.
    pub cause: Cause,
    /// What was said, masked; or a person's own words.
    pub reply: String,
    /// The message it was said of.
    pub message: Option<MessageId>,
    /// `refusal`, `bounce`, `complaint`, or who put it there.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// When one message may try it again; none: only a person may end it.
    pub probe_at: Option<Timestamp>,
    /// The message that tries it.
    pub probe: Option<MessageId>,
}

/// Which addresses. Every part narrows.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// This one.
    pub address: Option<ListedAddress>,
    /// With a cause, or one below it: `addr` finds `addr.unknown`.
    pub cause: Option<String>,
    /// After this address: the cursor.
    pub after: Option<String>,
}

/// How often this process has put an address on a list.
static ADDITIONS: AtomicU64 = AtomicU64::new(0);

/// That an address was not on the list, and when that was. It holds until this process puts any address on a list: what
/// another process puts there counts from the next claim on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlisted(u64);

impl Unlisted {
    /// As of now; to be made before the list is asked.
    pub(super) fn now() -> Self {
        Self(ADDITIONS.load(Ordering::Acquire))
    }

    /// The transaction that began after this was made has ended: where an address was put on a list since, one is counted again. On PostgreSQL
    /// whoever claimed between the first count and the commit has not seen the address on the list.
    pub(super) fn seen_by_others(self) {
        if !self.holds() {
            ADDITIONS.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Whether nothing was put on a list since.
    #[must_use]
    pub fn holds(self) -> bool {
        self == Self::now()
    }
}

const OPEN: &str = "select library, address, cause, reply, message, by_whom, since, probe_at, probe from do_not_send \
    where ended_at is null";

impl Store {
    /// The stop on `address` that holds now.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn do_not_send(&self, library: &LibraryCode, address: &ListedAddress) -> Result<Option<DoNotSend>> {
        let row = query(format!("{OPEN} and library = $1 and address = $2"))
            .bind(library.as_str())
            .bind(address.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(listed_from).transpose()
    }

    /// The list of `library` by address, `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn do_not_send_list(&self, library: &LibraryCode, which: &Listed, most: u32) -> Result<Vec<DoNotSend>> {
        let mut asked = Builder::new(OPEN);
        asked.push(" and library = ").push_bind(library.as_str().to_owned());
        narrow(&mut asked, which);
        asked.push(" order by address limit ").push_bind(i64::from(most));
        asked.build().fetch_all(&self.readers).await?.iter().map(listed_from).collect()
    }

    /// Whether each of `asked` is on its library's list, in order.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn are_listed(&self, asked: &[(LibraryCode, ListedAddress)]) -> Result<Vec<bool>> {
        let mut listed = Vec::with_capacity(asked.len());
        for chunk in asked.chunks(ADDRESSES_PER_STATEMENT) {
            listed.extend(found_among(chunk, &among(chunk).fetch_all(&self.readers).await?)?);
        }
        Ok(listed)
    }

    /// Notes an answer against an address. True when it put the address on the list.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn strike(&self, strike: Strike) -> Result<bool> {
        self.writer.write(move |tx| Box::pin(async move { note(tx, &strike).await })).await
    }

    /// Puts addresses of one library on the list by hand; those on it stay as they are. Gives how many are new.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn add_do_not_send(&self, added: Vec<DoNotSend>) -> Result<u64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let mut new = 0;
                    for one in &added {
                        new += insert(tx, one).await?;
                    }
                    if let Some(first) = added.first().filter(|_| new > 0) {
                        let subject = subject(new, added.iter().map(|one| one.address.as_str()));
                        let deed =
                            Deed::new(Some(&first.library), first.by.as_str(), "address.stopped", subject, first.since);
                        audit::note(tx, &deed.because(first.reply.as_str())).await?;
                        let data = json!({ "addresses": new });
                        let library = Some(first.library.as_str());
                        outbox::raise(tx, library, Kind::AddressSuppressed, data, first.since).await?;
                    }
                    Ok(new)
                })
            })
            .await
    }

    /// Lets `message` try an address whose time has come; the next may after another such time. False when another
    /// message was first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn take_probe(
        &self,
        library: LibraryCode,
        address: ListedAddress,
        message: MessageId,
        now: Timestamp,
    ) -> Result<bool> {
        let next = now.checked_add(stop::PROBE_AFTER).unwrap_or(Timestamp::MAX);
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "update do_not_send set probe = $3, probe_at = $4 where library = $1 and address = $2 \
                         and ended_at is null and probe_at <= $5",
                    )
                    .bind(library.as_str())
                    .bind(address.as_str())
                    .bind(message.to_bytes().to_vec())
                    .bind(micros(next))
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(done > 0)
                })
            })
            .await
    }

    /// Takes addresses of `library` off the list, and forgets what counted against them. Gives how many.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn release_do_not_send(
        &self,
        library: LibraryCode,
        which: Vec<Listed>,
        by: String,
        why: String,
        now: Timestamp,
    ) -> Result<u64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let mut released = 0;
                    for one in &which {
                        released += release(tx, &library, one, &by, &why, now).await?;
                    }
                    if released > 0 {
                        let named = which.iter().filter_map(|one| one.address.as_ref());
                        let subject = subject(released, named.map(ListedAddress::as_str));
                        let deed = Deed::new(Some(&library), by.as_str(), "address.allowed", subject, now);
                        audit::note(tx, &deed.because(why.as_str())).await?;
                        let data = json!({ "addresses": released });
                        outbox::raise(tx, Some(library.as_str()), Kind::AddressAllowed, data, now).await?;
                    }
                    Ok(released)
                })
            })
            .await
    }

    /// Forgets refusals that are too old to count.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_refusals(&self, before: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from address_refusal where at < $1").bind(micros(before)).execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Addresses as the audit names them, which is kept for longer than they are: one masked, of more their number.
fn subject<'a>(count: u64, mut addresses: impl Iterator<Item = &'a str>) -> String {
    let only = addresses.next().filter(|_| count == 1 && addresses.next().is_none());
    only.and_then(|text| Address::parse(text).ok()).map_or_else(|| count.to_string(), |address| address.masked())
}

fn narrow(asked: &mut Builder, which: &Listed) {
    if let Some(address) = &which.address {
        asked.push(" and address = ").push_bind(address.as_str().to_owned());
    }
    if let Some(cause) = &which.cause {
        asked.push(" and (cause = ").push_bind(cause.clone());
        asked.push(" or (cause >= ").push_bind(format!("{cause}."));
        asked.push(" and cause < ").push_bind(format!("{cause}/")).push("))");
    }
    if let Some(after) = &which.after {
        asked.push(" and address > ").push_bind(after.clone());
    }
}

async fn release(
    tx: &mut Tx,
    library: &LibraryCode,
    which: &Listed,
    by: &str,
    why: &str,
    now: Timestamp,
) -> Result<u64> {
    let mut asked = Builder::new("delete from address_refusal where library = ");
    asked.push_bind(library.as_str().to_owned());
    asked.push(" and address in (select address from do_not_send where ended_at is null and library = ");
    asked.push_bind(library.as_str().to_owned());
    narrow(&mut asked, which);
    asked.push(")");
    asked.build().execute(&mut *tx).await?;
    let mut asked = Builder::new("update do_not_send set ended_at = ");
    asked.push_bind(micros(now)).push(", ended_by = ").push_bind(by.to_owned());
    asked.push(", ended_why = ").push_bind(why.to_owned());
    asked.push(" where ended_at is null and library = ").push_bind(library.as_str().to_owned());
    narrow(&mut asked, which);
    asked.build().execute(&mut *tx).await
}

/// Notes an answer against an address. True when it put the address on the list.
pub(super) async fn note(tx: &mut Tx, strike: &Strike) -> Result<bool> {
    if strike.weight == Weight::Nothing {
        return Ok(false);
    }
    let is_nameless = nameless::is(tx, strike.message).await?;
    // No address of theirs comes on the list any more, but for what they refused themselves: to forget that would be to write again.
    if is_nameless && !strike.cause.is_within("complaint") {
        return Ok(false);
    }
    let stops = match strike.weight {
        Weight::Nothing => false,
        Weight::Stops => true,
        Weight::Counts => is_second(tx, strike).await?,
    };
    if !stops {
        return Ok(false);
    }
    let listed = DoNotSend {
        library: strike.library.clone(),
        address: strike.address.as_str().to_owned(),
        cause: strike.cause,
        reply: if is_nameless { String::new() } else { strike.reply.clone() },
        message: Some(strike.message),
        by: strike.by.to_owned(),
        since: strike.at,
        probe_at: stop::probe_at(strike.cause, strike.at),
        probe: None,
    };
    Ok(insert(tx, &listed).await? > 0)
}

/// Whether this is another refusal than one within the last days. A message that was under way when the first was heard
/// tells nothing new.
async fn is_second(tx: &mut Tx, strike: &Strike) -> Result<bool> {
    query(
        "insert into address_refusal (library, address, message, cause, at) values ($1, $2, $3, $4, $5) \
         on conflict (library, address, message) do nothing",
    )
    .bind(strike.library.as_str())
    .bind(strike.address.as_str())
    .bind(strike.message.to_bytes().to_vec())
    .bind(strike.cause.code())
    .bind(micros(strike.at))
    .execute(&mut *tx)
    .await?;
    let since = strike.at.checked_sub(stop::TWICE_WITHIN).unwrap_or(Timestamp::MIN);
    let earlier = query(
        "select 1 from address_refusal where library = $1 and address = $2 and message <> $3 and at >= $4 \
         and at <= (select created_at from message where id = $3) limit 1",
    )
    .bind(strike.library.as_str())
    .bind(strike.address.as_str())
    .bind(strike.message.to_bytes().to_vec())
    .bind(micros(since))
    .fetch_optional(&mut *tx)
    .await?;
    Ok(earlier.is_some())
}

async fn insert(tx: &mut Tx, one: &DoNotSend) -> Result<u64> {
    ADDITIONS.fetch_add(1, Ordering::AcqRel);
    let done = query(
        "insert into do_not_send (library, address, cause, reply, message, by_whom, since, probe_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
    )
    .bind(one.library.as_str())
    .bind(&one.address)
    .bind(one.cause.code())
    .bind(&one.reply)
    .bind(one.message.map(|id| id.to_bytes().to_vec()))
    .bind(&one.by)
    .bind(micros(one.since))
    .bind(one.probe_at.map(micros))
    .execute(&mut *tx)
    .await?;
    Ok(done)
}

/// The same within a transaction.
pub(super) async fn are_listed(tx: &mut Tx, asked: &[(LibraryCode, ListedAddress)]) -> Result<Vec<bool>> {
    let mut listed = Vec::with_capacity(asked.len());
    for chunk in asked.chunks(ADDRESSES_PER_STATEMENT) {
        listed.extend(found_among(chunk, &among(chunk).fetch_all(&mut *tx).await?)?);
    }
    Ok(listed)
}

/// Finds those of `asked` that are on a list: one index step each.
fn among(asked: &[(LibraryCode, ListedAddress)]) -> Statement {
    let mut query = Builder::new(
        "select listed.library, listed.address from (select column1 as library, column2 as address from (",
    );
    query.push_values(asked, |row, (library, address)| {
        row.push_bind(library.as_str()).push_bind(address.as_str());
    });
    query.push(
        ") as given) as wanted join do_not_send as listed on listed.library = wanted.library \
         and listed.address = wanted.address and listed.ended_at is null",
    );
    query.build()
}

fn found_among(asked: &[(LibraryCode, ListedAddress)], rows: &[Row]) -> Result<Vec<bool>> {
    let mut found: HashSet<(String, String)> = HashSet::with_capacity(rows.len());
    for row in rows {
        found.insert((row.try_get(0)?, row.try_get(1)?));
    }
    let is_found = |(library, address): &(LibraryCode, ListedAddress)| {
        !found.is_empty() && found.contains(&(library.as_str().to_owned(), address.as_str().to_owned()))
    };
    Ok(asked.iter().map(is_found).collect())
}

fn listed_from(row: &Row) -> Result<DoNotSend> {
    let library: String = row.try_get(0)?;
    let cause: String = row.try_get(2)?;
    let id = |bytes: Option<Vec<u8>>| bytes.map(|bytes| id_from(&bytes).map(MessageId::from_bytes)).transpose();
    Ok(DoNotSend {
        library: LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        address: row.try_get(1)?,
        cause: Cause::of(&cause),
        reply: row.try_get(3)?,
        message: id(row.try_get(4)?)?,
        by: row.try_get(5)?,
        since: from_micros(row.try_get(6)?),
        probe_at: row.try_get::<Option<i64>>(7)?.map(from_micros),
        probe: id(row.try_get(8)?)?,
    })
}
