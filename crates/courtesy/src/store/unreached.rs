//! Messages that did not arrive: the list that staff work off, and what was done about each.

use jiff::Timestamp;

use super::audit::{Deed, note};
use super::engine::Tx;
use super::message::{COLUMNS, message_from};
use super::statement::{Builder, query};
use super::{MessageRow, Result, Store, id_from};
use crate::clock::{from_micros, micros};
use crate::id::MessageId;
use crate::library::LibraryCode;

/// What somebody did about a message that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTo {
    /// How the patron was told: `again`, or one of [`SeenTo::HOWS`].
    pub how: String,
    /// The message that repeats it, where one does.
    pub again: Option<MessageId>,
    /// Who says so.
    pub by: String,
    /// In their own words.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

impl SeenTo {
    /// How a patron can be told otherwise.
    pub const HOWS: [&str; 5] = ["phone", "text", "letter", "in_person", "other"];

    /// The patron was told by `how`, one of [`Self::HOWS`]; what is none of them counts as `other`.
    #[must_use]
    pub fn told(how: &str, by: String, note: String, at: Timestamp) -> Self {
        let how = Self::HOWS.into_iter().find(|known| *known == how).unwrap_or("other").to_owned();
        Self { how, again: None, by, note, at }
    }
}

impl Store {
    /// Messages that did not arrive and that nobody has seen to, of `library` (none: of all), the newest first: since
    /// `since`, older than `before`, `most` at most. Staff's own messages are among them.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn unreached(
        &self,
        library: Option<&LibraryCode>,
        since: Timestamp,
        before: Option<MessageId>,
        most: u32,
    ) -> Result<Vec<MessageRow>> {
        let mut asked = Builder::new(COLUMNS);
        asked.push(" where state in ('failed', 'suppressed') and created_at >= ").push_bind(micros(since));
        if let Some(library) = library {
            asked.push(" and library = ").push_bind(library.as_str().to_owned());
        }
        if let Some(before) = before {
            asked.push(" and id < ").push_bind(before.to_bytes().to_vec());
        }
        asked.push(
            " and not exists (select 1 from seen_to where seen_to.library = message.library \
             and seen_to.message = message.id)",
        );
        asked.push(" order by id desc limit ").push_bind(i64::from(most));
        asked.build().fetch_all(&self.readers).await?.iter().map(message_from).collect()
    }

    /// How a message of `library` was seen to.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn seen_to(&self, library: &LibraryCode, message: MessageId) -> Result<Option<SeenTo>> {
        let row = query("select how, again, by_whom, note, at from seen_to where library = $1 and message = $2")
            .bind(library.as_str())
            .bind(message.to_bytes().to_vec())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let again: Option<Vec<u8>> = row.try_get(1)?;
        Ok(Some(SeenTo {
            how: row.try_get(0)?,
            again: again.map(|id| Ok::<_, super::StoreError>(MessageId::from_bytes(id_from(&id)?))).transpose()?,
            by: row.try_get(2)?,
            note: row.try_get(3)?,
            at: from_micros(row.try_get(4)?),
        }))
    }

    /// Notes that a message which did not arrive was seen to. False when it was before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn see_to(&self, library: LibraryCode, message: MessageId, seen: SeenTo) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let is_new = see_to(tx, &library, message, &seen).await?;
                    if is_new {
                        let deed = Deed::new(
                            Some(&library),
                            seen.by.as_str(),
                            "unreached.seen_to",
                            message.to_string(),
                            seen.at,
                        );
                        note(tx, &deed.because(seen.note.as_str())).await?;
                    }
                    Ok(is_new)
                })
            })
            .await
    }
}

/// Notes that a message was seen to. False when it was before.
pub(super) async fn see_to(tx: &mut Tx, library: &LibraryCode, message: MessageId, seen: &SeenTo) -> Result<bool> {
    let done = query(
        "insert into seen_to (library, message, how, again, by_whom, note, at) values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (library, message) do nothing",
    )
    .bind(library.as_str())
    .bind(message.to_bytes().to_vec())
    .bind(&seen.how)
    .bind(seen.again.map(|id| id.to_bytes().to_vec()))
    .bind(&seen.by)
    .bind(&seen.note)
    .bind(micros(seen.at))
    .execute(&mut *tx)
    .await?;
    Ok(done > 0)
}

/// The repeat of a message that has not failed: to send it again would be twice.
pub(super) async fn standing_repeat(
    tx: &mut Tx,
    library: &LibraryCode,
    message: MessageId,
) -> Result<Option<(MessageId, String)>> {
    let row = query(
        "select message.id, message.address from seen_to, message where seen_to.library = $1 and seen_to.message = $2 \
         and message.id = seen_to.again and message.state in ('queued', 'sending', 'delayed', 'held', 'accepted')",
    )
    .bind(library.as_str())
    .bind(message.to_bytes().to_vec())
    .fetch_optional(&mut *tx)
    .await?;
    row.map(|row| Ok((MessageId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?), row.try_get(1)?))).transpose()
}

/// Messages that stand in the place of `message`, one after the other, and still wait.
pub(super) async fn waiting_in_place(tx: &mut Tx, library: &LibraryCode, message: MessageId) -> Result<Vec<MessageId>> {
    /// A ladder has four rungs, and staff seldom send a message again more often than that.
    const LINKS_MAX: usize = 12;
    let (mut at, mut waiting) = (message, Vec::new());
    for _ in 0..LINKS_MAX {
        let row = query(
            "select message.id, message.state from seen_to, message where seen_to.library = $1 and seen_to.message = $2 \
             and message.id = seen_to.again and message.library = $1",
        )
        .bind(library.as_str())
        .bind(at.to_bytes().to_vec())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { break };
        at = MessageId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
        if matches!(row.try_get::<String>(1)?.as_str(), "queued" | "delayed" | "held") {
            waiting.push(at);
        }
    }
    Ok(waiting)
}

/// Remembers which message repeats `message`, in place of an earlier one.
pub(super) async fn remember_repeat(
    tx: &mut Tx,
    library: &LibraryCode,
    message: MessageId,
    again: MessageId,
    by: &str,
    at: Timestamp,
) -> Result<()> {
    query(
        "insert into seen_to (library, message, how, again, by_whom, note, at) values ($1, $2, 'again', $3, $4, '', $5) \
         on conflict (library, message) do update set again = excluded.again, how = excluded.how, \
         by_whom = excluded.by_whom, at = excluded.at",
    )
    .bind(library.as_str())
    .bind(message.to_bytes().to_vec())
    .bind(again.to_bytes().to_vec())
    .bind(by)
    .bind(micros(at))
    .execute(&mut *tx)
    .await?;
    Ok(())
}
