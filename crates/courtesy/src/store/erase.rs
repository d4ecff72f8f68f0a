//! Erasing a patron: who they are, how they are reached, what their notices were about.
//!
//! In: a library, and by what it knows a patron. Out: how much was erased, a slice of events in a transaction. What stays is what counts
//! need, and what they themselves refused: a complaint and a STOP, for to forget those would be to write to them again.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::audit::{self, Deed};
use super::engine::Tx;
use super::retention::erase_content;
use super::statement::{Builder, Statement, either, query};
use super::{Result, Store};
use crate::clock::micros;
use crate::library::LibraryCode;
use crate::patron::BY_ADDRESS;

/// Events of a slice: erasing holds nobody up for long.
const SLICE: i64 = 100;

/// Messages named by one statement.
const AT_ONCE: usize = 100;

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

impl Store {
    /// Erases a slice of the events of `patron` at `library`. Gives how many events it had; less than one: there are no more.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erase_patron_events(&self, library: LibraryCode, patron: String) -> Result<usize> {
        self.writer.write(move |tx| Box::pin(async move { slice(tx, &library, &patron).await })).await
    }

    /// `known` without the addresses and numbers that other patrons of `library` have too, and with the keys under which events were
    /// filed that told an address of theirs and no number.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn not_of_others(&self, library: &LibraryCode, mut known: KnownAs) -> Result<KnownAs> {
        let key = known.keys.first().cloned().unwrap_or_default();
        for (points, by) in [(&mut known.mails, of_another_mail()), (&mut known.phones, of_another_phone())] {
            for point in std::mem::take(points) {
                // What somebody without a number chose is kept under their address, and is nobody else's.
                let other = by.clone().bind(library.as_str()).bind(&key).bind(&point);
                if other.fetch_optional(&self.readers).await?.is_none() {
                    points.insert(point);
                }
            }
        }
        for mail in &known.mails {
            let by_address = format!("{BY_ADDRESS}{mail}");
            if !known.keys.contains(&by_address) {
                known.keys.push(by_address);
            }
        }
        Ok(known)
    }

    /// Erases what is kept of the patron beside their events: record, consent to texts, addresses on the do-not-send list, and the answers
    /// to text messages of theirs, which are events of nobody.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erase_patron(&self, library: LibraryCode, known: KnownAs, deed: Deed) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for (text, points) in [
                        ("delete from patron where library = $1 and number = $2", Vec::from_iter(&known.keys)),
                        (CONSENT, Vec::from_iter(&known.phones)),
                        ("delete from text_in where library = $1 and writer = $2", Vec::from_iter(&known.phones)),
                        (STOPS, Vec::from_iter(&known.mails)),
                        (
                            "delete from address_refusal where library = $1 and address = $2",
                            Vec::from_iter(&known.mails),
                        ),
                    ] {
                        for point in points {
                            query(text).bind(library.as_str()).bind(point).execute(&mut *tx).await?;
                        }
                    }
                    for phone in &known.phones {
                        answers(tx, &library, phone).await?;
                    }
                    audit::note(tx, &deed).await
                })
            })
            .await
    }

    /// Whether the patron with this number was erased after `since`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn was_erased(&self, library: &LibraryCode, number: &str, since: Timestamp) -> Result<bool> {
        let found = query(
            "select 1 from audit where library = $1 and what = 'patron.erased' and subject = $2 and at > $3 limit 1",
        )
        .bind(library.as_str())
        .bind(number)
        .bind(micros(since))
        .fetch_optional(&self.readers)
        .await?;
        Ok(found.is_some())
    }
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

/// Erases the text messages to `phone` whose events are nobody's: answers to STOP, START and HELP.
async fn answers(tx: &mut Tx, library: &LibraryCode, phone: &str) -> Result<()> {
    let rows = query(
        "select message.id, message.event from message join event on event.id = message.event where message.library = $1 \
         and message.address = $2 and message.channel <> 'mail' and event.patron = ''",
    )
    .bind(library.as_str())
    .bind(phone)
    .fetch_all(&mut *tx)
    .await?;
    let ids = rows.iter().map(|row| row.try_get::<Vec<u8>>(0)).collect::<Result<Vec<_>>>()?;
    let events = rows.iter().map(|row| row.try_get::<Vec<u8>>(1)).collect::<Result<Vec<_>>>()?;
    for (ids, events) in ids.chunks(AT_ONCE).zip(events.chunks(AT_ONCE)) {
        erase_content(tx, library, ids, events, Timestamp::MIN).await?;
    }
    Ok(())
}

async fn slice(tx: &mut Tx, library: &LibraryCode, patron: &str) -> Result<usize> {
    let rows =
        query("select id, request from event where library = $1 and patron = $2 and patron <> '' order by id limit $3")
            .bind(library.as_str())
            .bind(patron)
            .bind(SLICE)
            .fetch_all(&mut *tx)
            .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let events = rows.iter().map(|row| row.try_get::<Vec<u8>>(0)).collect::<Result<Vec<_>>>()?;
    let mut requests = rows.iter().map(|row| row.try_get::<String>(1)).collect::<Result<Vec<_>>>()?;
    requests.sort_unstable();
    requests.dedup();
    let mut asked = Builder::new("select id from message where event in ");
    asked.push_list(&events);
    let found = asked.build().fetch_all(&mut *tx).await?;
    let ids = found.iter().map(|row| row.try_get::<Vec<u8>>(0)).collect::<Result<Vec<_>>>()?;
    // Empty lists are no SQL; and facts of requests are forgotten by their names, whatever their age.
    if ids.is_empty() {
        let mut fields = Builder::new("update event set fields = '{}', found_by = '', patron = '' where library = ");
        fields.push_bind(library.as_str()).push(" and id in ").push_list(&events);
        fields.build().execute(&mut *tx).await?;
    } else {
        erase_content(tx, library, &ids, &events, Timestamp::MIN).await?;
        for table in ["text_part", "patron_word", "reply", "seen_to"] {
            let mut beside = Builder::new(format!("delete from {table} where library = "));
            beside.push_bind(library.as_str()).push(" and message in ").push_list(&ids);
            beside.build().execute(&mut *tx).await?;
        }
    }
    let mut submitted = Builder::new("delete from submitted where library = ");
    submitted.push_bind(library.as_str()).push(" and event in ").push_list(&events);
    submitted.build().execute(&mut *tx).await?;
    // With its facts goes what would remind of it.
    for table in ["request_facts", "request"] {
        let mut facts = Builder::new(format!("delete from {table} where library = "));
        facts.push_bind(library.as_str()).push(" and request in ").push_list(requests.iter().map(String::as_str));
        facts.build().execute(&mut *tx).await?;
    }
    Ok(events.len())
}
