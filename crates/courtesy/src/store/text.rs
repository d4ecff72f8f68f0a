//! Text messages beside the queue: what gateways call their parts, and who may be texted.

use jiff::{SignedDuration, Timestamp};

use super::accept::accept_all;
use super::engine::{Row, Tx};
use super::message::{COLUMNS, message_from};
use super::statement::{Builder, Statement, checked, query};
use super::{Accepted, MessageRow, NewEvent, Result, Store, id_from, nameless};
use crate::channel::Word;
use crate::clock::{from_micros, micros};
use crate::id::MessageId;
use crate::library::LibraryCode;

/// Who writes the same word again on that day knows the answer.
const ANSWERED_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Whether a telephone may be texted, with when and how that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Yes or no.
    pub given: bool,
    /// When.
    pub at: Timestamp,
    /// How: `event`, `staff`, `text`, `patron` or `gateway`.
    pub how: String,
    /// Who said so, or what.
    pub by: String,
}

/// How all parts of a text message stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartsStand {
    /// Some are still on their way.
    Open,
    /// All reached the telephone.
    Delivered,
    /// One will not, and so the message did not.
    Failed,
}

impl PartsStand {
    fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl Store {
    /// Remembers what a gateway calls the parts of a text message.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_text_parts(
        &self,
        gateway: &'static str,
        library: LibraryCode,
        message: MessageId,
        ids: Vec<String>,
        now: Timestamp,
    ) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let mut insert = Builder::new("insert into text_part (gateway, gateway_id, library, message, at) ");
                    insert.push_values(&ids, |row, id| {
                        row.push_bind(gateway)
                            .push_bind(id)
                            .push_bind(library.as_str())
                            .push_bind(message.to_bytes().to_vec())
                            .push_bind(micros(now));
                    });
                    // Gateways that begin to count anew give an old name to a new message.
                    insert.push(
                        " on conflict (gateway, gateway_id) do update set library = excluded.library, \
                         message = excluded.message, at = excluded.at, receipt = null",
                    );
                    insert.build().execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Notes what a gateway says of one part; gives its message, and how all parts of that stand. None: no such part.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn text_receipt(
        &self,
        gateway: String,
        gateway_id: String,
        said: PartsStand,
    ) -> Result<Option<(MessageId, PartsStand)>> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let row = query(
                        "update text_part set receipt = $3 where gateway = $1 and gateway_id = $2 returning message",
                    )
                    .bind(&gateway)
                    .bind(&gateway_id)
                    .bind(said.code())
                    .fetch_optional(&mut *tx)
                    .await?;
                    let Some(row) = row else { return Ok(None) };
                    let message: Vec<u8> = row.try_get(0)?;
                    let parts = query("select receipt from text_part where message = $1")
                        .bind(message.clone())
                        .fetch_all(&mut *tx)
                        .await?;
                    let mut stand = PartsStand::Delivered;
                    for part in &parts {
                        match part.try_get::<Option<String>>(0)?.as_deref() {
                            Some("failed") => stand = PartsStand::Failed,
                            None if stand == PartsStand::Delivered => stand = PartsStand::Open,
                            _ => {}
                        }
                    }
                    Ok(Some((MessageId::from_bytes(id_from(&message)?), stand)))
                })
            })
            .await
    }

    /// What is known of whether `library` may text `address`: its own patron's word, and what was said to all libraries. Of both the
    /// later counts, and a later yes to one library alone does not undo a no to all.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn consent(&self, library: &LibraryCode, address: &str) -> Result<Option<Consent>> {
        let rows =
            query("select library, given, at, how, by_whom from consent where address = $1 and library in ('', $2)")
                .bind(address)
                .bind(library.as_str())
                .fetch_all(&self.readers)
                .await?;
        let (mut of_all, mut own) = (None, None);
        for row in &rows {
            let consent = consent_from(row, 1)?;
            if row.try_get::<String>(0)?.is_empty() { of_all = Some(consent) } else { own = Some(consent) }
        }
        Ok(match (of_all, own) {
            (Some(all), _) if !all.given => Some(all),
            // A patron who wrote START takes back what they or their gateway said before.
            (Some(all), Some(own)) if all.at > own.at => Some(all),
            (all, own) => own.or(all),
        })
    }

    /// Numbers that `library` may not text, the newest first, `most` at most. What was said to all libraries is among them where
    /// the number is one that `library` has written to or knows of: no library learns of another's patrons.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn texts_refused(&self, library: &LibraryCode, most: u32) -> Result<Vec<(String, Consent)>> {
        let rows = asked_for_refused(library, most).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, consent_from(row, 1)?))).collect()
    }

    /// Notes whether `address` may be texted by `library`; none: by all.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn note_consent(&self, library: Option<LibraryCode>, address: String, consent: Consent) -> Result<()> {
        let library = library.map(String::from).unwrap_or_default();
        self.writer.write(move |tx| Box::pin(async move { put_consent(tx, &library, &address, &consent).await })).await
    }

    /// Notes that `message` was refused in a way that ends texts to its number `address`. Of a patron who is erased no number is kept, but
    /// where they themselves want none.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn note_refused_text(
        &self,
        message: MessageId,
        library: LibraryCode,
        address: String,
        refused: Consent,
    ) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let is_theirs = !refused.by.starts_with("sms.invalid");
                    if address.is_empty() || !is_theirs && nameless::is(tx, message).await? {
                        return Ok(());
                    }
                    put_consent(tx, library.as_str(), &address, &refused).await
                })
            })
            .await
    }

    /// The newest message that went to `address` by another way than mail, whoever's it was.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn last_beside_mail(&self, address: &str) -> Result<Option<MessageRow>> {
        let [stop, start, help] = Word::ALL.map(Word::notice);
        let row = query(format!(
            "{COLUMNS} where channel <> 'mail' and address = $1 and notice not in ($2, $3, $4) order by id desc limit 1"
        ))
        .bind(address)
        .bind(stop)
        .bind(start)
        .bind(help)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(message_from).transpose()
    }

    /// Whether `library` has sent a text message to `address` before that a gateway took.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn was_texted(&self, library: &LibraryCode, address: &str) -> Result<bool> {
        Ok(asked_whether_texted(library, address).fetch_optional(&self.readers).await?.is_some())
    }

    /// Keeps a text message that answers one word of whoever has the number `address`, unless that was answered within a day, or the
    /// same text message before. Gives whether it is kept.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn keep_text_answer(&self, event: NewEvent, notice: &'static str, address: String) -> Result<bool> {
        let since = event.received_at.checked_sub(ANSWERED_AGAIN_AFTER).unwrap_or(Timestamp::MIN);
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = query(
                        "select 1 from message where channel <> 'mail' and address = $1 and notice = $2 and id >= $3 limit 1",
                    )
                    .bind(&address)
                    .bind(notice)
                    .bind(MessageId::first_at(since).to_bytes())
                    .fetch_optional(&mut *tx)
                    .await?;
                    if known.is_some() {
                        return Ok(false);
                    }
                    Ok(accept_all(tx, &[event]).await?.first() == Some(&Accepted::New))
                })
            })
            .await
    }

    /// Notes a text message that came in from `writer`, and gives how many came from there since `since`, this one among them. None
    /// where it was there before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn take_text_in(
        &self,
        gateway: &'static str,
        gateway_id: String,
        library: Option<LibraryCode>,
        (writer, since): (String, Timestamp),
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let library = library.map(String::from).unwrap_or_default();
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "insert into text_in (gateway, gateway_id, library, writer, at) values ($1, $2, $3, $4, $5) \
                         on conflict (gateway, gateway_id) do nothing",
                    )
                    .bind(gateway)
                    .bind(&gateway_id)
                    .bind(&library)
                    .bind(&writer)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    if done == 0 {
                        return Ok(None);
                    }
                    let row = query("select count(*) from text_in where writer = $1 and at >= $2")
                        .bind(&writer)
                        .bind(micros(since))
                        .fetch_one(&mut *tx)
                        .await?;
                    Ok(Some(row.try_get(0)?))
                })
            })
            .await
    }

    /// Forgets what gateways called messages sent before `before`: no receipt comes so late.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_text_parts(&self, before: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from text_part where at < $1").bind(micros(before)).execute(&mut *tx).await?;
                    query("delete from text_in where at < $1").bind(micros(before)).execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }
}

pub(super) fn asked_whether_texted(library: &LibraryCode, address: &str) -> Statement {
    query(concat!(
        "select 1 from message where channel <> 'mail' and address = $1 and ",
        checked!("library"),
        " = $2 and ",
        checked!("state"),
        " = 'accepted' limit 1"
    ))
    .bind(address)
    .bind(library.as_str())
}

pub(super) fn asked_for_refused(library: &LibraryCode, most: u32) -> Statement {
    query(concat!(
        "select address, given, at, how, by_whom from consent as said where given = 0 and ( \
           library = '' and (exists (select 1 from message where channel <> 'mail' and address = said.address and ",
        checked!("library"),
        " = $1) \
             or exists (select 1 from consent where library = $1 and address = said.address)) \
           or library = $1 and not exists (select 1 from consent where library = '' and address = said.address \
             and (given = 0 or at > said.at))) \
         order by at desc, address limit $2"
    ))
    .bind(library.as_str())
    .bind(i64::from(most))
}

/// What stands from column `first` on: given, at, how, by whom.
fn consent_from(row: &Row, first: usize) -> Result<Consent> {
    Ok(Consent {
        given: row.try_get::<i64>(first)? != 0,
        at: from_micros(row.try_get(first + 1)?),
        how: row.try_get(first + 2)?,
        by: row.try_get(first + 3)?,
    })
}

pub(super) async fn put_consent(tx: &mut Tx, library: &str, address: &str, consent: &Consent) -> Result<()> {
    query(
        "insert into consent (library, address, given, at, how, by_whom) values ($1, $2, $3, $4, $5, $6) \
         on conflict (library, address) do update set given = excluded.given, at = excluded.at, how = excluded.how, \
         by_whom = excluded.by_whom",
    )
    .bind(library)
    .bind(address)
    .bind(i64::from(consent.given))
    .bind(micros(consent.at))
    .bind(&consent.how)
    .bind(&consent.by)
    .execute(&mut *tx)
    .await?;
    Ok(())
}
