//! Erasing a patron: who they are, how they are reached, what their notices were about, a slice of events in a transaction.
//!
//! In: an erasure, and by what its patron is known. Out: slices erased, the newest events first, and how much that was. What stays is
//! what counts need, and what they themselves refused: a complaint and a STOP, for to forget those would be to write to them again.
//! Not here: who asked, and how far it has come (`erasure`).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::engine::Tx;
use super::erasure::{ErasedSoFar, add, hide, went_on};
use super::replies::forget_passed_on;
use super::retention::erase_content;
use super::statement::{Builder, Statement, either, query};
use super::timeline::append;
use super::{Result, Store, id_from};
use crate::clock::micros;
use crate::id::{ErasureId, EventId, MessageId};
use crate::library::LibraryCode;
use crate::patron::BY_ADDRESS;
use crate::reply::Kind;
use crate::timeline::{Entry, What};

/// Events of a slice: erasing holds nobody up for long.
const SLICE: i64 = 100;

/// Events of a patron that are looked through at once for what waits: more than anybody has under way.
const NEWEST: i64 = 1_000;

/// Messages that are taken back in one transaction.
const AT_ONCE: i64 = 200;

/// What they refused stays.
const CONSENT: &str = "delete from consent where library = $1 and address = $2 and given = 1";
const STOPS: &str = "delete from do_not_send where library = $1 and address = $2 \
     and (ended_at is not null or cause not like 'complaint%')";

/// By what a patron is known at a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownAs {
    /// What their events are filed under; the first is their own.
    pub keys: Vec<String>,
    /// Their addresses, now and before, as the do-not-send list has them.
    pub mails: BTreeSet<String>,
    /// Their telephone numbers, now and before.
    pub phones: BTreeSet<String>,
}

/// The next events of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextSlice {
    /// These.
    Of(EventSlice),
    /// What is left has a message on the wire, whose answer is yet to be written down.
    Waits,
    /// There are none.
    Over,
}

/// Some events of one patron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSlice {
    /// What they are filed under.
    pub key: String,
    /// Whether that is what the erasure was asked for, and not an address that led to more of theirs.
    pub is_own: bool,
    /// Each with its status and what it told, as JSON; the newest first.
    pub events: Vec<(EventId, String, String)>,
}

impl Store {
    /// The next events to be erased.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn next_slice(&self, erasure: ErasureId) -> Result<NextSlice> {
        let keys =
            query("select library, patron, upto, is_own from erasing where erasure = $1 order by is_own desc, patron")
                .bind(erasure.to_bytes())
                .fetch_all(&self.readers)
                .await?;
        let mut waits = false;
        for row in &keys {
            let (library, key): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let upto: Vec<u8> = row.try_get(2)?;
            // One on the wire would write what its receiver said after its words were erased.
            let rows = query(
                "select id, status, fields, (select count(*) from message where message.event = event.id \
                 and coalesce(message.state, '') = 'sending') from event \
                 where library = $1 and patron = $2 and patron <> '' and id <= $3 order by id desc limit $4",
            )
            .bind(library)
            .bind(&key)
            .bind(upto)
            .bind(SLICE)
            .fetch_all(&self.readers)
            .await?;
            let mut events = Vec::with_capacity(rows.len());
            for row in &rows {
                if row.try_get::<i64>(3)? > 0 {
                    waits = true;
                    continue;
                }
                events.push((
                    EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
                    row.try_get(1)?,
                    row.try_get(2)?,
                ));
            }
            if !events.is_empty() {
                let is_own = row.try_get::<i64>(3)? == 1;
                return Ok(NextSlice::Of(EventSlice { key, is_own, events }));
            }
        }
        Ok(if waits { NextSlice::Waits } else { NextSlice::Over })
    }

    /// Takes back what waits of the newest events of an erasure, a slice of it. Gives how many messages that were.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn cancel_of_erasure(&self, library: LibraryCode, erasure: ErasureId, now: Timestamp) -> Result<u64> {
        let rows = query(
            "select message.id from (select event.id as id from erasing join event on event.library = erasing.library \
             and event.patron = erasing.patron and event.patron <> '' and event.id <= erasing.upto \
             where erasing.erasure = $1 order by event.id desc limit $2) as newest \
             join message on message.event = newest.id where coalesce(message.state, '') in ('queued', 'delayed', 'held') limit $3",
        )
        .bind(erasure.to_bytes())
        .bind(NEWEST)
        .bind(AT_ONCE)
        .fetch_all(&self.readers)
        .await?;
        let ids = rows.iter().map(|row| row.try_get::<Vec<u8>>(0)).collect::<Result<Vec<_>>>()?;
        if ids.is_empty() {
            return Ok(0);
        }
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let cancelled = cancel(tx, &library, erasure, &ids, now).await?;
                    add(tx, erasure, ErasedSoFar { cancelled, ..ErasedSoFar::default() }).await?;
                    Ok(cancelled.unsigned_abs())
                })
            })
            .await
    }

    /// Erases `events` of the erasure `erasure` of `library`, and what these events showed to be their patron's: `known`, whose keys lead to
    /// more events. Whoever is at it stays until `lease_until`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erase_events(
        &self,
        (library, erasure): (LibraryCode, ErasureId),
        events: Vec<EventId>,
        known: KnownAs,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let events: Vec<Vec<u8>> = events.iter().map(|event| event.to_bytes().to_vec()).collect();
                    let mut done = slice(tx, &library, erasure, &events, now).await?;
                    done.beside = forget_points(tx, &library, &known).await?;
                    for key in &known.keys {
                        hide(tx, &library, erasure, key, false, erasure.made_at()).await?;
                    }
                    add(tx, erasure, done).await?;
                    went_on(tx, erasure, lease_until, now).await
                })
            })
            .await
    }

    /// `known` without the addresses and numbers that patrons of `library` other than the one with the key `own` have too, and with the
    /// keys under which events were filed that told an address of theirs and no number.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn not_of_others(&self, library: &LibraryCode, own: &str, mut known: KnownAs) -> Result<KnownAs> {
        for (points, by) in [(&mut known.mails, of_another_mail()), (&mut known.phones, of_another_phone())] {
            for point in std::mem::take(points) {
                // What somebody without a number chose is kept under their address, and is nobody else's.
                let other = by.clone().bind(library.as_str()).bind(own).bind(&point);
                if other.fetch_optional(&self.readers).await?.is_none() {
                    points.insert(point);
                }
            }
        }
        for mail in &known.mails {
            let by_address = format!("{BY_ADDRESS}{mail}");
            if by_address != own && !known.keys.contains(&by_address) {
                known.keys.push(by_address);
            }
        }
        Ok(known)
    }

    /// Erases a slice of the messages to `point`, an address or a number, whose events are nobody's: what answers STOP, START and HELP, and
    /// mail to the shared address. Gives whether there are more.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erase_answers(&self, library: LibraryCode, point: String) -> Result<bool> {
        self.writer.write(move |tx| Box::pin(async move { answers(tx, &library, &point).await })).await
    }
}

/// Forgets a patron's record, devices, consent to texts, addresses on the do-not-send list, and what they texted. Gives how many rows
/// that were.
pub(super) async fn forget_points(tx: &mut Tx, library: &LibraryCode, known: &KnownAs) -> Result<i64> {
    let mut forgotten = 0;
    for (text, points) in [
        ("delete from patron where library = $1 and number = $2", Vec::from_iter(&known.keys)),
        ("delete from push_device where library = $1 and number = $2", Vec::from_iter(&known.keys)),
        (CONSENT, Vec::from_iter(&known.phones)),
        ("delete from text_in where library = $1 and writer = $2", Vec::from_iter(&known.phones)),
        (STOPS, Vec::from_iter(&known.mails)),
        ("delete from address_refusal where library = $1 and address = $2", Vec::from_iter(&known.mails)),
    ] {
        for point in points {
            forgotten += query(text).bind(library.as_str()).bind(point).execute(&mut *tx).await?;
        }
    }
    Ok(i64::try_from(forgotten).unwrap_or(i64::MAX))
}

/// Another patron's record with this address.
fn of_another_mail() -> Statement {
    either(
        "select 1 from patron where library = $1 and number <> $2 and lower(json_extract(record, '$.patron.email')) = $3 limit 1",
        "select 1 from patron where library = $1 and number <> $2 and lower(record::json -> 'patron' ->> 'email') = $3 limit 1",
    )
}

/// Another patron's record with this telephone number.
fn of_another_phone() -> Statement {
    either(
        "select 1 from patron where library = $1 and number <> $2 and json_extract(record, '$.patron.phone') = $3 limit 1",
        "select 1 from patron where library = $1 and number <> $2 and record::json -> 'patron' ->> 'phone' = $3 limit 1",
    )
}

async fn answers(tx: &mut Tx, library: &LibraryCode, point: &str) -> Result<bool> {
    let rows = query(
        "select message.id, message.event from message join event on event.id = message.event where message.library = $1 \
         and message.address = $2 and (message.channel <> 'mail' or message.notice = $4) and event.patron = '' limit $3",
    )
    .bind(library.as_str())
    .bind(point)
    .bind(SLICE)
    .bind(Kind::Answer.notice())
    .fetch_all(&mut *tx)
    .await?;
    if rows.is_empty() {
        return Ok(false);
    }
    let ids = rows.iter().map(|row| row.try_get::<Vec<u8>>(0)).collect::<Result<Vec<_>>>()?;
    let events = rows.iter().map(|row| row.try_get::<Vec<u8>>(1)).collect::<Result<Vec<_>>>()?;
    erase_content(tx, library, &ids, &events, Timestamp::MIN).await?;
    Ok(true)
}

/// Takes back those of these messages that wait; gives how many that were.
async fn cancel(
    tx: &mut Tx,
    library: &LibraryCode,
    erasure: ErasureId,
    ids: &[Vec<u8>],
    now: Timestamp,
) -> Result<i64> {
    let mut taken = Builder::new(
        "update message set state = 'cancelled', due_at = null, waits_for = null, rungs = null, \
         climb_at = null, changed_at = ",
    );
    taken.push_bind(micros(now)).push(" where library = ").push_bind(library.as_str());
    taken.push(" and state in ('queued', 'delayed', 'held') and id in ").push_list(ids).push(" returning id");
    let rows = taken.build().fetch_all(&mut *tx).await?;
    let by =
        query("select by_whom from erasure where id = $1").bind(erasure.to_bytes()).fetch_optional(&mut *tx).await?;
    let by: String = by.map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
    let entry = Entry { at: now, what: What::Cancelled { by } };
    let ids = rows.iter().map(|row| Ok(MessageId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?)));
    let ids = ids.collect::<Result<Vec<_>>>()?;
    append(tx, &ids.iter().map(|id| (*id, &entry)).collect::<Vec<_>>()).await?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Erases these events, and takes back what waits of them.
async fn slice(
    tx: &mut Tx,
    library: &LibraryCode,
    erasure: ErasureId,
    events: &[Vec<u8>],
    now: Timestamp,
) -> Result<ErasedSoFar> {
    let mut asked = Builder::new("select request from event where library = ");
    asked.push_bind(library.as_str()).push(" and patron <> '' and id in ").push_list(events);
    if tx.is_shared() {
        // Whoever writes of one of them at this moment is waited for, and what they wrote is erased with the rest.
        asked.push(" order by id for update");
    }
    let rows = asked.build().fetch_all(&mut *tx).await?;
    let mut requests = rows.iter().map(|row| row.try_get::<String>(0)).collect::<Result<Vec<_>>>()?;
    requests.sort_unstable();
    requests.dedup();
    let mut asked = Builder::new("select id from message where event in ");
    asked.push_list(events);
    let found = asked.build().fetch_all(&mut *tx).await?;
    let ids = found.iter().map(|row| row.try_get::<Vec<u8>>(0)).collect::<Result<Vec<_>>>()?;
    let cancelled = cancel(tx, library, erasure, &ids, now).await?;
    erase_content(tx, library, &ids, events, Timestamp::MIN).await?;
    for table in ["text_part", "patron_word", "reply", "seen_to"] {
        let mut beside = Builder::new(format!("delete from {table} where library = "));
        beside.push_bind(library.as_str()).push(" and message in ").push_list(&ids);
        beside.build().execute(&mut *tx).await?;
    }
    forget_passed_on(tx, library, &ids).await?;
    // What a device has not shown yet leads nowhere else.
    let mut rungs = Builder::new("update message set rungs = null, climb_at = null where rungs is not null and id in ");
    rungs.push_list(&ids);
    rungs.build().execute(&mut *tx).await?;
    let mut submitted = Builder::new("delete from submitted where library = ");
    submitted.push_bind(library.as_str()).push(" and event in ").push_list(events);
    submitted.build().execute(&mut *tx).await?;
    // With its facts goes what would remind of it.
    for table in ["request_facts", "request"] {
        let mut facts = Builder::new(format!("delete from {table} where library = "));
        facts.push_bind(library.as_str()).push(" and request in ").push_list(requests.iter().map(String::as_str));
        facts.build().execute(&mut *tx).await?;
    }
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(ErasedSoFar { events: count(rows.len()), messages: count(ids.len()), cancelled, ..ErasedSoFar::default() })
}
