//! Patrons, by library and the library's number for them.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::statement::{Builder, Statement, checked, query};
use super::{Result, Store, from_json, to_json};
use crate::clock::micros;
use crate::library::LibraryCode;
use crate::outcome::stop::ListedAddress;
use crate::patron::Record;

/// How long a patron is known who borrows nothing: two years, over a sabbatical and a library card that is renewed late.
pub const PATRON_KEPT: SignedDuration = SignedDuration::from_hours(730 * 24);

/// Patrons asked for, or written, by one statement.
const AT_ONCE: usize = 500;

/// Patrons with one address that are looked at: a family, and a ward of a hospital.
const WITH_ONE_MAIL: i64 = 50;

impl Store {
    /// What `library` knows of one patron.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn patron(&self, library: &LibraryCode, number: &str) -> Result<Option<Record>> {
        Ok(self.patrons(library, &[number.to_owned()]).await?.remove(number))
    }

    /// What `library` knows of these patrons, by their numbers.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn patrons(&self, library: &LibraryCode, numbers: &[String]) -> Result<HashMap<String, Record>> {
        let mut known = HashMap::with_capacity(numbers.len());
        for chunk in numbers.chunks(AT_ONCE) {
            let mut asked = Builder::new("select number, record from patron where library = ");
            asked.push_bind(library.as_str().to_owned()).push(" and number in ");
            asked.push_list(chunk.iter().cloned());
            for row in asked.build().fetch_all(&self.readers).await? {
                known.insert(row.try_get(0)?, from_json(&row.try_get::<String>(1)?)?);
            }
        }
        Ok(known)
    }

    /// The numbers of the patrons of `library` who have this mail address on record.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn patrons_with_mail(&self, library: &LibraryCode, mail: &ListedAddress) -> Result<Vec<String>> {
        let rows = query("select number from patron where library = $1 and mail = $2 order by number limit $3")
            .bind(library.as_str())
            .bind(mail.as_str())
            .bind(WITH_ONE_MAIL)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// Keeps what is known of patrons, in place of what was.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_patrons(&self, patrons: Vec<(LibraryCode, String, Record)>, now: Timestamp) -> Result<()> {
        if patrons.is_empty() {
            return Ok(());
        }
        // What was told last of a patron; in order, so that two transactions never wait for each other in a ring.
        let kept = |record: &Record| {
            let mail = record.patron.email.as_ref().map(|mail| ListedAddress::of(mail).as_str().to_owned());
            (to_json(record), mail)
        };
        let last: BTreeMap<(LibraryCode, String), (String, Option<String>)> =
            patrons.into_iter().map(|(library, number, record)| ((library, number), kept(&record))).collect();
        let rows: Vec<_> = last.into_iter().collect();
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for chunk in rows.chunks(AT_ONCE) {
                        let mut put = Builder::new("insert into patron (library, number, record, mail, changed_at) ");
                        put.push_values(chunk, |row, ((library, number), (record, mail))| {
                            row.push_bind(library.as_str()).push_bind(number).push_bind(record);
                            row.push_bind(mail).push_bind(micros(now));
                        });
                        put.push(
                            " on conflict (library, number) do update set record = excluded.record, \
                             mail = excluded.mail, changed_at = excluded.changed_at",
                        );
                        put.build().execute(&mut *tx).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Forgets patrons of whom nothing was heard since `before` and of whose notices nothing is kept, and their consent to texts. What
    /// they refused is kept: to forget it would be to write to them again. Gives how many were forgotten.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_patrons(&self, before: Timestamp) -> Result<u64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let patrons = query(
                        "delete from patron where changed_at < $1 and not exists (select 1 from event \
                         where event.library = patron.library and event.patron = patron.number and event.patron <> '')",
                    )
                    .bind(micros(before))
                    .execute(&mut *tx)
                    .await?;
                    forget_consents(before).execute(&mut *tx).await?;
                    Ok(patrons)
                })
            })
            .await
    }

    /// Forgets a patron. False where nothing was known.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_patron(&self, library: LibraryCode, number: String) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query("delete from patron where library = $1 and number = $2")
                        .bind(library.as_str().to_owned())
                        .bind(&number)
                        .execute(&mut *tx)
                        .await?;
                    Ok(done > 0)
                })
            })
            .await
    }
}

/// Consents are to texts: what went to such an address went by another way than mail.
pub(super) fn forget_consents(before: Timestamp) -> Statement {
    query(concat!(
        "delete from consent where given = 1 and at < $1 and not exists (select 1 from message \
         where message.channel <> 'mail' and message.address = consent.address and ",
        checked!("message.library"),
        " = consent.library)"
    ))
    .bind(micros(before))
}
