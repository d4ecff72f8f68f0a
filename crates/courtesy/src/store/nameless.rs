//! Messages whose patron is erased, or is being: what still comes of them counts, and names nobody.
//!
//! In: messages that something is written of. Out: which of them are nameless. Servers answer for days, and some of what they say has the
//! address or the name in it: of a nameless message the cause and the state are kept, and no words, no address, no message that would
//! follow it. Not here: the erasing (`erase`, `retention`), and what is hidden meanwhile (`erasure`).

use std::collections::HashSet;

use super::engine::Tx;
use super::erasure::hidden;
use super::statement::{Builder, query};
use super::{Result, id_from};
use crate::id::MessageId;

/// Neither says any more to whom it went nor what about; or soon will not. Letters and notifications have no address, and their events
/// tell something; of mail that was passed on the event tells nothing, and the message has an address.
pub(super) const NAMELESS: &str = concat!(
    "(message.address = '' and exists (select 1 from event as told where told.id = message.event and told.fields = '{}') or ",
    hidden!("message.event"),
    ")"
);

/// Those of `messages` that are nameless.
pub(super) async fn among(tx: &mut Tx, messages: &[MessageId]) -> Result<HashSet<MessageId>> {
    if messages.is_empty() {
        return Ok(HashSet::new());
    }
    let mut asked = Builder::new("select id from message where id in ");
    asked.push_list(messages.iter().map(|id| id.to_bytes()));
    asked.push(format_args!(" and {NAMELESS}"));
    let rows = asked.build().fetch_all(&mut *tx).await?;
    rows.iter().map(|row| Ok(MessageId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?))).collect()
}

/// Whether `message` is nameless. Where it is not, no erasure takes up its event before this transaction has ended.
pub(super) async fn is(tx: &mut Tx, message: MessageId) -> Result<bool> {
    if tx.is_shared() {
        query("select 1 from event where id = (select event from message where id = $1) for share")
            .bind(message.to_bytes())
            .fetch_optional(&mut *tx)
            .await?;
    }
    Ok(!among(tx, &[message]).await?.is_empty())
}
