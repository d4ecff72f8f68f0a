//! Erasing a patron: who they are, how they are reached, what their notices were about.
//!
//! In: a library, and by what it knows a patron. Out: how much was erased, a slice of events in a transaction. What stays is what counts
//! need, and what they themselves refused: a complaint and a STOP, for to forget those would be to write to them again.

use jiff::Timestamp;

use super::audit::{self, Deed};
use super::engine::Tx;
use super::retention::erase_content;
use super::statement::{Builder, query};
use super::{Result, Store};
use crate::library::LibraryCode;
use crate::patron::Patron;

/// Events of a slice: erasing holds nobody up for long.
const SLICE: i64 = 100;

impl Store {
    /// Erases a slice of the events of `patron` at `library`. Gives how many events it had; less than one: there are no more.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erase_patron_events(&self, library: LibraryCode, patron: String) -> Result<usize> {
        self.writer.write(move |tx| Box::pin(async move { slice(tx, &library, &patron).await })).await
    }

    /// Erases what is kept of the patron beside their events: record, consent to texts, addresses on the do-not-send list.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erase_patron(&self, library: LibraryCode, key: String, known: Patron, deed: Deed) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from patron where library = $1 and number = $2")
                        .bind(library.as_str())
                        .bind(&key)
                        .execute(&mut *tx)
                        .await?;
                    if let Some(phone) = known.phone.as_ref().map(ToString::to_string) {
                        query("delete from consent where library = $1 and address = $2 and given = 1")
                            .bind(library.as_str())
                            .bind(&phone)
                            .execute(&mut *tx)
                            .await?;
                        query("delete from text_in where library = $1 and writer = $2")
                            .bind(library.as_str())
                            .bind(&phone)
                            .execute(&mut *tx)
                            .await?;
                    }
                    if let Some(email) = known.email.as_ref().map(|email| email.to_string().to_lowercase()) {
                        query(
                            "delete from do_not_send where library = $1 and address = $2 \
                             and (ended_at is not null or cause not like 'complaint%')",
                        )
                        .bind(library.as_str())
                        .bind(&email)
                        .execute(&mut *tx)
                        .await?;
                        query("delete from address_refusal where library = $1 and address = $2")
                            .bind(library.as_str())
                            .bind(&email)
                            .execute(&mut *tx)
                            .await?;
                    }
                    audit::note(tx, &deed).await
                })
            })
            .await
    }
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
