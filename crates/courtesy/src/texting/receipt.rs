//! What a gateway tells later: whether a text message reached the telephone.

use std::time::Duration;

use jiff::Timestamp;

use super::Texts;
use crate::channel::Channel;
use crate::clock;
use crate::config::Gateway;
use crate::id::{MessageId, ReturnedId};
use crate::outcome::Cause;
use crate::store::{Consent, Follows, Joined, MessageRow, PartsStand};
use crate::timeline::{self, Entry, Returned, What};

/// How often, and how many times, a receipt is looked at again that came before we had written down what it is about: gateways are
/// quicker than disks.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const LOOKS_MAX: u32 = 20;

/// What became of a text message, or of one part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The gateway's code.
    pub gateway: &'static str,
    /// What the gateway calls it.
    pub gateway_id: String,
    /// The message it was, where the receipt names it.
    pub message: Option<MessageId>,
    /// What became of it.
    pub news: News,
    /// The gateway's own word for it.
    pub word: String,
}

/// What a receipt says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum News {
    /// The telephone has it.
    Delivered,
    /// It will not get it.
    Failed(Cause),
    /// Somebody still tries. Nothing follows.
    OnItsWay,
}

impl Texts {
    /// Joins a receipt to its message. False where it is about none that we know.
    ///
    /// # Errors
    /// When the store is broken: the gateway should tell it again.
    pub async fn receipt(&self, receipt: &Receipt) -> crate::store::Result<bool> {
        for _ in 0..LOOKS_MAX {
            match self.join(receipt).await? {
                Some(Joined::NotSettled) | None => tokio::time::sleep(LOOK_AGAIN).await,
                Some(Joined::NoSuchMessage) => return Ok(false),
                Some(_) => return Ok(true),
            }
        }
        tracing::info!(gateway = receipt.gateway, "a receipt is about no text message that we know");
        Ok(false)
    }

    /// None: what it is about is not written down, or not yet.
    async fn join(&self, receipt: &Receipt) -> crate::store::Result<Option<Joined>> {
        let Receipt { gateway, gateway_id, .. } = receipt;
        let (said, cause) = match receipt.news {
            News::OnItsWay => return Ok(Some(Joined::Known)),
            News::Delivered => (PartsStand::Delivered, Cause::of("delivered")),
            News::Failed(cause) => (PartsStand::Failed, cause),
        };
        let mut known = self.store.text_receipt((*gateway).to_owned(), gateway_id.clone(), said).await?;
        if known.is_none() && *gateway == Gateway::Smpp.code() {
            for other in super::smpp::other_names(gateway_id) {
                known = self.store.text_receipt((*gateway).to_owned(), other, said).await?;
                if known.is_some() {
                    break;
                }
            }
        }
        let (message, stand) = match (known, receipt.message) {
            (Some((message, stand)), _) => (message, stand),
            // It names the message itself.
            (None, Some(message)) => (message, said),
            (None, None) => return Ok(None),
        };
        if stand == PartsStand::Open {
            return Ok(Some(Joined::Known));
        }
        let Some(row) = self.store.message(None, message).await? else { return Ok(Some(Joined::NoSuchMessage)) };
        let now = clock::now();
        let joined = self.store.join_returned(message, entry(receipt, cause, stand, now), Follows::default()).await?;
        if matches!(joined, Joined::Written { .. }) {
            self.learn(&row, cause, now).await?;
        }
        Ok(Some(joined))
    }

    /// Notes what an answer says of the number itself: it takes no texts, or whoever has it wants none.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn learn(&self, row: &MessageRow, cause: Cause, now: Timestamp) -> crate::store::Result<()> {
        if row.channel == Channel::Text && ends_use(cause) {
            let (library, number) = (row.library.clone(), row.address.clone());
            self.store.note_refused_text(row.id, library, number, refusal(cause, now)).await?;
        }
        Ok(())
    }
}

/// Whether an answer is about the number, and not about this text message.
pub(crate) fn ends_use(cause: Cause) -> bool {
    cause.is_within("sms.invalid") || cause.is_within("sms.stop")
}

/// What is noted then.
pub(crate) fn refusal(cause: Cause, now: Timestamp) -> Consent {
    Consent { given: false, at: now, how: "gateway".to_owned(), by: cause.code().to_owned() }
}

fn entry(receipt: &Receipt, cause: Cause, stand: PartsStand, now: Timestamp) -> Entry {
    let news = if stand == PartsStand::Delivered { timeline::News::Delivered } else { timeline::News::Failed };
    let returned = Returned {
        report: ReturnedId::new(now),
        // Gateways tell the same thing twice, and of each part.
        digest: format!("{}:{}", receipt.gateway, if stand == PartsStand::Delivered { "delivered" } else { "failed" }),
        news,
        cause: cause.code().to_owned(),
        reply: None,
        status: Some(receipt.word.clone()),
        provider: None,
        words: String::new(),
        host: Some(receipt.gateway.to_owned()),
    };
    Entry { at: now, what: What::Returned(Box::new(returned)) }
}
