//! Webhooks of libraries: where they want to be told, with which secret, and the log of what was told them.

use jiff::Timestamp;

use super::engine::{Row, Tx};
use super::outbox::{ClaimedDelivery, Posted, claimed_from, time, write};
use super::statement::{Builder, query};
use super::{Result, Store, StoreError, id_from};
use crate::clock::{from_micros, micros};
use crate::id::{DeliveryId, WebhookId};
use crate::library::LibraryCode;
use crate::webhook::{Kind, Off};

/// Where a library's systems want to be told of events.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose.
    pub library: LibraryCode,
    /// Where events are posted.
    pub url: String,
    /// Types of events; empty: all of them.
    pub kinds: Vec<Kind>,
    /// What people call it.
    pub note: String,
    /// The secret, sealed.
    pub secret: Vec<u8>,
    /// The secret before it, sealed, and until when it signs as well.
    pub old_secret: Option<(Vec<u8>, Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first failure since the last success.
    pub failing_since: Option<Timestamp>,
    /// Since when it is off, and why.
    pub off: Option<(Timestamp, Off)>,
}

/// Where an event on its way stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It will be posted, or posted again.
    Waiting,
    /// The other side took it.
    Delivered,
    /// It was refused for three days.
    GivenUp,
}

impl DeliveryState {
    /// The code in tables and API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Waiting, Self::Delivered, Self::GivenUp].into_iter().find(|state| state.code() == code)
    }
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its id: `webhook-id`.
    pub id: DeliveryId,
    /// The type of event.
    pub kind: String,
    /// What is posted.
    pub body: String,
    /// When it happened.
    pub at: Timestamp,
    /// Where it stands.
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: i64,
    /// When it is posted next.
    pub due_at: Option<Timestamp>,
    /// The HTTP status of the last try.
    pub answer: Option<i64>,
    /// Why the last try failed.
    pub why: Option<String>,
    /// When it was last tried.
    pub tried_at: Option<Timestamp>,
}

/// Which events are posted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// This one, whatever became of it.
    One(DeliveryId),
    /// All that happened since then and were not delivered; tests apart.
    Missed(Timestamp),
    /// All that happened since then.
    All(Timestamp),
}

const COLUMNS: &str = "select id, library, url, kinds, note, secret, old_secret, old_until, created_at, failing_since, \
    off_since, off_why from webhook";

impl Store {
    /// Keeps a new webhook. False where the library has `most` of them.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn add_webhook(&self, new: Webhook, most: u32) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let there = query("select count(*) from webhook where library = $1")
                        .bind(new.library.as_str())
                        .fetch_one(&mut *tx)
                        .await?;
                    if there.try_get::<i64>(0)? >= i64::from(most) {
                        return Ok(false);
                    }
                    query(
                        "insert into webhook (id, library, url, kinds, note, secret, created_at, staff_told) \
                         values ($1, $2, $3, $4, $5, $6, $7, 1)",
                    )
                    .bind(new.id.to_bytes())
                    .bind(new.library.as_str())
                    .bind(&new.url)
                    .bind(joined(&new.kinds))
                    .bind(&new.note)
                    .bind(&new.secret)
                    .bind(micros(new.created_at))
                    .execute(&mut *tx)
                    .await?;
                    Ok(true)
                })
            })
            .await
    }

    /// The webhooks of a library, the oldest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn webhooks(&self, library: &LibraryCode) -> Result<Vec<Webhook>> {
        let rows = query(format!("{COLUMNS} where library = $1 order by id"))
            .bind(library.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(webhook_from).collect()
    }

    /// One webhook of a library.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn webhook(&self, library: &LibraryCode, id: WebhookId) -> Result<Option<Webhook>> {
        let row = query(format!("{COLUMNS} where library = $1 and id = $2"))
            .bind(library.as_str())
            .bind(id.to_bytes())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(webhook_from).transpose()
    }

    /// Changes where a webhook is posted to, what it hears of, and what people call it. False: no such webhook.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn change_webhook(&self, to: Webhook) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done =
                        query("update webhook set url = $3, kinds = $4, note = $5 where library = $1 and id = $2")
                            .bind(to.library.as_str())
                            .bind(to.id.to_bytes())
                            .bind(&to.url)
                            .bind(joined(&to.kinds))
                            .bind(&to.note)
                            .execute(&mut *tx)
                            .await?;
                    Ok(done > 0)
                })
            })
            .await
    }

    /// Switches a webhook on or off by hand. Switched on, it gets all that it missed. False: it was so already.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn switch_webhook(&self, library: LibraryCode, id: WebhookId, on: bool, now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let switch = if on {
                        query(
                            "update webhook set off_since = null, off_why = null, failing_since = null, staff_told = 1 \
                             where library = $1 and id = $2 and off_since is not null",
                        )
                    } else {
                        query(
                            "update webhook set off_since = $3, off_why = $4 \
                             where library = $1 and id = $2 and off_since is null",
                        )
                    };
                    let switch = switch.bind(library.as_str()).bind(id.to_bytes());
                    let switch = if on { switch } else { switch.bind(micros(now)).bind(Off::ByHand.code()) };
                    let done = switch.execute(&mut *tx).await? > 0;
                    if done && on {
                        again(tx, &library, id, Replay::Missed(Timestamp::MIN), now).await?;
                    }
                    Ok(done)
                })
            })
            .await
    }

    /// Gives a webhook another secret, sealed; the one it had signs as well until `old_until`. False: no such webhook.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn rotate_webhook(
        &self,
        library: LibraryCode,
        id: WebhookId,
        sealed: Vec<u8>,
        old_until: Timestamp,
    ) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "update webhook set old_secret = secret, old_until = $4, secret = $3 \
                         where library = $1 and id = $2",
                    )
                    .bind(library.as_str())
                    .bind(id.to_bytes())
                    .bind(&sealed)
                    .bind(micros(old_until))
                    .execute(&mut *tx)
                    .await?;
                    Ok(done > 0)
                })
            })
            .await
    }

    /// Ends a webhook for good, with its log. False: no such webhook.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn remove_webhook(&self, library: LibraryCode, id: WebhookId) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for (place, text) in [
                        "delete from webhook_delivery where library = $1 and webhook = $2",
                        "delete from webhook where library = $1 and id = $2",
                    ]
                    .into_iter()
                    .enumerate()
                    {
                        let done = query(text).bind(library.as_str()).bind(id.to_bytes()).execute(&mut *tx).await?;
                        if place == 1 {
                            return Ok(done > 0);
                        }
                    }
                    Ok(false)
                })
            })
            .await
    }

    /// Webhooks that were switched off and whose library has still to hear of it.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn webhooks_untold(&self) -> Result<Vec<Webhook>> {
        let rows = query(format!("{COLUMNS} where staff_told = 0 order by id")).fetch_all(&self.readers).await?;
        rows.iter().map(webhook_from).collect()
    }

    /// The library has heard that its webhook is off.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn webhook_told(&self, library: LibraryCode, id: WebhookId) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("update webhook set staff_told = 1 where library = $1 and id = $2")
                        .bind(library.as_str())
                        .bind(id.to_bytes())
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Writes a test event for one webhook, on or off, and claims it for the caller until `lease_until`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn try_out_webhook(
        &self,
        webhook: Webhook,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<ClaimedDelivery> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let data = serde_json::json!({ "library": webhook.library.as_str() });
                    let of = webhook.id.to_bytes().to_vec();
                    let event = Posted::to(of, webhook.library.as_str(), Kind::WebhookTest, &data, now);
                    let id = event.id;
                    write(tx, &[event]).await?;
                    let row = query(
                        "update webhook_delivery set attempts = attempts + 1, due_at = $2 where id = $1 \
                         returning id, webhook, library, body, attempts, base",
                    )
                    .bind(id.to_bytes())
                    .bind(micros(lease_until))
                    .fetch_one(&mut *tx)
                    .await?;
                    claimed_from(&row)
                })
            })
            .await
    }

    /// The log of a webhook, the newest first: in one state (none: in any), before `before`, `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn deliveries(
        &self,
        library: &LibraryCode,
        webhook: WebhookId,
        state: Option<DeliveryState>,
        before: Option<DeliveryId>,
        most: u32,
    ) -> Result<Vec<Delivery>> {
        let mut asked = Builder::new(
            "select id, kind, body, at, state, attempts, due_at, answer, why, tried_at from webhook_delivery \
             where library = ",
        );
        asked.push_bind(library.as_str()).push(" and webhook = ").push_bind(webhook.to_bytes());
        if let Some(state) = state {
            asked.push(" and state = ").push_bind(state.code());
        }
        if let Some(before) = before {
            asked.push(" and id < ").push_bind(before.to_bytes());
        }
        asked.push(" order by id desc limit ").push_bind(i64::from(most));
        asked.build().fetch_all(&self.readers).await?.iter().map(delivery_from).collect()
    }

    /// Has events posted again, due now. Gives how many.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn replay(&self, library: LibraryCode, webhook: WebhookId, which: Replay, now: Timestamp) -> Result<u64> {
        self.writer.write(move |tx| Box::pin(async move { again(tx, &library, webhook, which, now).await })).await
    }
}

async fn again(tx: &mut Tx, library: &LibraryCode, webhook: WebhookId, which: Replay, now: Timestamp) -> Result<u64> {
    let mut change = Builder::new("update webhook_delivery set state = 'waiting', base = attempts, due_at = ");
    change.push_bind(micros(now)).push(" where library = ").push_bind(library.as_str());
    change.push(" and webhook = ").push_bind(webhook.to_bytes());
    match which {
        Replay::One(id) => change.push(" and id = ").push_bind(id.to_bytes()),
        Replay::All(since) => change.push(" and at >= ").push_bind(micros(since)),
        Replay::Missed(since) => {
            change.push(" and state <> 'delivered' and kind <> ").push_bind(Kind::WebhookTest.code());
            change.push(" and at >= ").push_bind(micros(since))
        }
    };
    change.build().execute(&mut *tx).await
}

fn joined(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.code()).collect::<Vec<_>>().join(",")
}

fn webhook_from(row: &Row) -> Result<Webhook> {
    let library: String = row.try_get(1)?;
    let kinds: String = row.try_get(3)?;
    let why: Option<String> = row.try_get(11)?;
    let why = why.as_deref().and_then(Off::from_code);
    Ok(Webhook {
        id: WebhookId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        library: LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        url: row.try_get(2)?,
        // A type that no longer exists is told to nobody.
        kinds: kinds.split(',').filter_map(Kind::from_code).collect(),
        note: row.try_get(4)?,
        secret: row.try_get(5)?,
        old_secret: row.try_get::<Option<Vec<u8>>>(6)?.zip(time(row, 7)?),
        created_at: from_micros(row.try_get(8)?),
        failing_since: time(row, 9)?,
        off: time(row, 10)?.zip(why),
    })
}

fn delivery_from(row: &Row) -> Result<Delivery> {
    let state: String = row.try_get(4)?;
    Ok(Delivery {
        id: DeliveryId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        kind: row.try_get(1)?,
        body: row.try_get(2)?,
        at: from_micros(row.try_get(3)?),
        state: DeliveryState::from_code(&state)
            .ok_or_else(|| StoreError::Corrupt(format!("an event in the state {state}")))?,
        attempts: row.try_get(5)?,
        due_at: time(row, 6)?,
        answer: row.try_get(7)?,
        why: row.try_get(8)?,
        tried_at: time(row, 9)?,
    })
}
