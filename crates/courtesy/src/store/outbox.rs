//! Events for webhooks: written in the transaction of what they tell, claimed, and what became of them.

use std::collections::HashMap;

use aws_lc_rs::digest;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::engine::{Row, Tx};
use super::statement::{Builder, either, query};
use super::{Result, Store, StoreError, id_from};
use crate::clock::{from_micros, micros};
use crate::id::{DeliveryId, EventId, MessageId, WebhookId};
use crate::library::LibraryCode;
use crate::queue::State;
use crate::timeline::Entry;
use crate::webhook::{About, Kind, Off, body, of_entry};

/// Rows of one statement: nine values each.
const ROWS_PER_STATEMENT: usize = 500;

/// An event that is ours to post until its lease ends.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// Its id: `webhook-id`, the same at every try.
    pub id: DeliveryId,
    /// The webhook.
    pub webhook: WebhookId,
    /// Whose.
    pub library: LibraryCode,
    /// What is posted.
    pub body: String,
    /// The fence: only this attempt may say what became of it.
    pub attempt: u32,
    /// The number of this try since it was written or last replayed; the first is 1.
    pub tries: u32,
}

/// A webhook that has something due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookDue {
    /// Which.
    pub id: WebhookId,
    /// Whether its last try failed.
    pub is_failing: bool,
}

/// What a try came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status; none where nobody answered.
    pub status: Option<u16>,
    /// Why it is no success; none: it is one.
    pub why: Option<String>,
    /// When it is tried again; none: it is over.
    pub again_at: Option<Timestamp>,
    /// Switch the webhook off where it has failed since before this moment.
    pub off_where_failing_since: Option<Timestamp>,
    /// Switch the webhook off in any case: the other side asked for it.
    pub gone: bool,
}

impl Store {
    /// Tells the webhooks of a library of something that stands in no timeline.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn tell_webhooks(&self, library: LibraryCode, kind: Kind, data: Value, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| Box::pin(async move { raise(tx, Some(library.as_str()), kind, data, now).await }))
            .await
    }

    /// Webhooks that are on and have something due, each once, from the one after `last` on and around; `most` at most. One index step each.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn webhooks_due(&self, now: Timestamp, last: Option<WebhookId>, most: u32) -> Result<Vec<WebhookDue>> {
        let last = last.map(|last| last.to_bytes().to_vec()).unwrap_or_default();
        let mut due = self.webhooks_due_between(now, &last, None, most).await?;
        let room = most.saturating_sub(u32::try_from(due.len()).unwrap_or(u32::MAX));
        if room > 0 && !last.is_empty() {
            due.extend(self.webhooks_due_between(now, &[], Some(last), room).await?);
        }
        Ok(due)
    }

    async fn webhooks_due_between(
        &self,
        now: Timestamp,
        after: &[u8],
        upto: Option<Vec<u8>>,
        most: u32,
    ) -> Result<Vec<WebhookDue>> {
        let mut asked = Builder::new("select id, failing_since from webhook where off_since is null and id > ");
        asked.push_bind(after);
        if let Some(upto) = upto {
            asked.push(" and id <= ").push_bind(upto);
        }
        asked.push(
            " and exists (select 1 from webhook_delivery where webhook_delivery.webhook = webhook.id \
             and due_at is not null and due_at <= ",
        );
        asked.push_bind(micros(now)).push(") order by id limit ").push_bind(i64::from(most));
        let rows = asked.build().fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let id = WebhookId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
                Ok(WebhookDue { id, is_failing: time(row, 1)?.is_some() })
            })
            .collect()
    }

    /// Claims what is due for one webhook: the attempt is counted and the next due time is past the lease, before
    /// anything is posted.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn claim_deliveries(
        &self,
        webhook: WebhookId,
        most: u32,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let rows = either(CLAIM, CLAIM_AMONG_OTHERS)
                        .bind(webhook.to_bytes())
                        .bind(micros(now))
                        .bind(micros(lease_until))
                        .bind(i64::from(most))
                        .fetch_all(&mut *tx)
                        .await?;
                    rows.iter().map(claimed_from).collect()
                })
            })
            .await
    }

    /// Writes what a try came to. True when it switched the webhook off.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn delivery_answered(&self, of: ClaimedDelivery, answered: Answered, now: Timestamp) -> Result<bool> {
        self.writer.write(move |tx| Box::pin(async move { answer(tx, &of, &answered, now).await })).await
    }

    /// Forgets events that happened before `before`, on their way or not.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_deliveries(&self, before: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from webhook_delivery where at < $1").bind(micros(before)).execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }
}

macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "update webhook_delivery set attempts = attempts + 1, due_at = $3 where id in (",
            "select id from webhook_delivery where webhook = $1 and due_at is not null and due_at <= $2 ",
            "order by due_at, id limit $4",
            $lock,
            ") returning id, webhook, library, body, attempts, base"
        )
    };
}

const CLAIM: &str = claim!("");
const CLAIM_AMONG_OTHERS: &str = claim!(" for update skip locked");

pub(super) fn claimed_from(row: &Row) -> Result<ClaimedDelivery> {
    let library: String = row.try_get(2)?;
    let (attempts, base): (i64, i64) = (row.try_get(4)?, row.try_get(5)?);
    Ok(ClaimedDelivery {
        id: DeliveryId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        webhook: WebhookId::from_bytes(id_from(&row.try_get::<Vec<u8>>(1)?)?),
        library: LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        body: row.try_get(3)?,
        attempt: u32::try_from(attempts).unwrap_or(u32::MAX),
        tries: u32::try_from(attempts - base).unwrap_or(u32::MAX),
    })
}

/// Hands new lines of timelines to the webhooks of their libraries. Where nobody has any, it costs one look into an empty
/// index.
pub(super) async fn note(tx: &mut Tx, entries: &[(MessageId, &Entry)]) -> Result<()> {
    if entries.is_empty() || !anybody_listens(tx).await? {
        return Ok(());
    }
    for chunk in entries.chunks(ROWS_PER_STATEMENT) {
        let mut asked = Builder::new(
            "select message.id, event, message.library, request, notice, state, cause, provider, attempts, \
             webhook.id, kinds, case when rungs is null then 0 else 1 end from message join webhook on webhook.library = message.library \
             and (off_why is null or off_why = 'failing') where message.id in ",
        );
        asked.push_list(chunk.iter().map(|(id, _)| id.to_bytes()));
        let mut listening: HashMap<MessageId, (About, Vec<Listener>)> = HashMap::new();
        for row in asked.build().fetch_all(&mut *tx).await? {
            let id = MessageId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
            let listener = Listener { id: row.try_get(9)?, kinds: row.try_get(10)? };
            match listening.entry(id) {
                std::collections::hash_map::Entry::Occupied(mut there) => there.get_mut().1.push(listener),
                std::collections::hash_map::Entry::Vacant(new) => {
                    new.insert((about(id, &row)?, vec![listener]));
                }
            }
        }
        let mut written = Vec::new();
        for (id, entry) in chunk {
            let Some((about, listeners)) = listening.get(id) else { continue };
            for kind in of_entry(&entry.what, about) {
                let wanting = listeners.iter().filter(|one| one.wants(kind));
                written.extend(wanting.map(|one| Posted::new(one, &about.library, kind, &about.data(), entry.at)));
            }
        }
        write(tx, &written).await?;
    }
    Ok(())
}

/// Tells the webhooks of a library, or of every library, of something that stands in no timeline.
pub(super) async fn raise(
    tx: &mut Tx,
    library: Option<&str>,
    kind: Kind,
    mut data: Value,
    now: Timestamp,
) -> Result<()> {
    let mut asked =
        Builder::new("select id, kinds, library from webhook where (off_why is null or off_why = 'failing')");
    if let Some(library) = library {
        asked.push(" and library = ").push_bind(library);
    }
    let mut written = Vec::new();
    for row in asked.build().fetch_all(&mut *tx).await? {
        let listener = Listener { id: row.try_get(0)?, kinds: row.try_get(1)? };
        if listener.wants(kind) {
            let library: String = row.try_get(2)?;
            data["library"] = json!(library);
            written.push(Posted::new(&listener, &library, kind, &data, now));
        }
    }
    write(tx, &written).await
}

async fn anybody_listens(tx: &mut Tx) -> Result<bool> {
    let one = query("select 1 from webhook where off_why is null or off_why = 'failing' limit 1");
    Ok(one.fetch_optional(&mut *tx).await?.is_some())
}

/// A webhook that is on, or that will hear what it missed once it works again.
struct Listener {
    id: Vec<u8>,
    kinds: String,
}

impl Listener {
    fn wants(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.split(',').any(|code| code == kind.code())
    }
}

/// An event for one webhook.
pub(super) struct Posted {
    pub(super) id: DeliveryId,
    webhook: Vec<u8>,
    library: String,
    kind: Kind,
    body: String,
    at: Timestamp,
}

impl Posted {
    fn new(to: &Listener, library: &str, kind: Kind, data: &Value, at: Timestamp) -> Self {
        Self::to(to.id.clone(), library, kind, data, at)
    }

    /// Its id comes of what it tells: what is written again, after a commit that nobody answered, is the same event.
    pub(super) fn to(webhook: Vec<u8>, library: &str, kind: Kind, data: &Value, at: Timestamp) -> Self {
        let told = format!("{}\0{}\0{}", kind.code(), data["message"], data);
        let told = if data["message"].is_string() { format!("{}\0{}", kind.code(), data["message"]) } else { told };
        let digest =
            digest::digest(&digest::SHA256, &[webhook.as_slice(), &micros(at).to_be_bytes(), told.as_bytes()].concat());
        let mut id = DeliveryId::new(at).to_bytes();
        // The first six octets are the time, by which the log is sorted.
        id[6..].copy_from_slice(&digest.as_ref()[..10]);
        let body = body(kind, at, data);
        Self { id: DeliveryId::from_bytes(id), webhook, library: library.to_owned(), kind, body, at }
    }
}

pub(super) async fn write(tx: &mut Tx, events: &[Posted]) -> Result<()> {
    for chunk in events.chunks(ROWS_PER_STATEMENT) {
        let mut insert = Builder::new(
            "insert into webhook_delivery (id, webhook, library, kind, body, at, due_at, attempts, base, state) ",
        );
        insert.push_values(chunk, |row, one| {
            row.push_bind(one.id.to_bytes())
                .push_bind(&one.webhook)
                .push_bind(&one.library)
                .push_bind(one.kind.code())
                .push_bind(&one.body)
                .push_bind(micros(one.at))
                .push_bind(micros(one.at))
                .push_bind(0_i64)
                .push_bind(0_i64)
                .push_bind("waiting");
        });
        insert.push(" on conflict (id) do nothing");
        insert.build().execute(&mut *tx).await?;
    }
    Ok(())
}

fn about(message: MessageId, row: &Row) -> Result<About> {
    let state: String = row.try_get(5)?;
    Ok(About {
        message: message.to_string(),
        event: EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(1)?)?).to_string(),
        library: row.try_get(2)?,
        request: row.try_get(3)?,
        notice: row.try_get(4)?,
        state: State::from_code(&state).ok_or_else(|| StoreError::Corrupt(format!("the state {state}")))?,
        cause: row.try_get(6)?,
        provider: row.try_get(7)?,
        attempts: row.try_get(8)?,
        has_next: row.try_get::<i64>(11)? != 0,
    })
}

async fn answer(tx: &mut Tx, of: &ClaimedDelivery, answered: &Answered, now: Timestamp) -> Result<bool> {
    let state = match (&answered.why, answered.again_at) {
        (None, _) => "delivered",
        (Some(_), Some(_)) => "waiting",
        (Some(_), None) => "given_up",
    };
    let done = query(
        "update webhook_delivery set state = $4, answer = $5, why = $6, due_at = $7, tried_at = $8 \
         where id = $1 and webhook = $2 and attempts = $3",
    )
    .bind(of.id.to_bytes())
    .bind(of.webhook.to_bytes())
    .bind(i64::from(of.attempt))
    .bind(state)
    .bind(answered.status.map(i64::from))
    .bind(&answered.why)
    .bind(answered.again_at.map(micros))
    .bind(micros(now))
    .execute(&mut *tx)
    .await?;
    if done == 0 {
        return Ok(false);
    }
    if answered.why.is_none() {
        query("update webhook set failing_since = null where id = $1 and failing_since is not null")
            .bind(of.webhook.to_bytes())
            .execute(&mut *tx)
            .await?;
        return Ok(false);
    }
    query("update webhook set failing_since = $2 where id = $1 and failing_since is null")
        .bind(of.webhook.to_bytes())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
    let (why, since) = match (answered.gone, answered.off_where_failing_since) {
        (true, _) => (Off::Gone, now),
        (false, Some(since)) => (Off::Failing, since),
        (false, None) => return Ok(false),
    };
    let off = query(
        "update webhook set off_since = $2, off_why = $3, staff_told = 0 \
         where id = $1 and off_since is null and failing_since <= $4",
    )
    .bind(of.webhook.to_bytes())
    .bind(micros(now))
    .bind(why.code())
    .bind(micros(since))
    .execute(&mut *tx)
    .await?;
    Ok(off > 0)
}

/// A time that may be none, as a row has it.
pub(super) fn time(row: &Row, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.try_get::<Option<i64>>(column)?.map(from_micros))
}
