//! Tells libraries' systems by webhooks: claims what is due, signs it, posts it, writes down what came of it.
//!
//! In: events that the store wrote in the transaction of what they tell. Out: signed posts, at least once each, and a log.
//! A webhook that fails for days is switched off, and its library is told by a notice like any other. Several webhooks are
//! served beside each other, so that a slow one holds up none but itself. Not here: which events there are and how they are
//! signed (`webhook`), and which hosts may be reached (`net::https`).

mod off;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, Semaphore};

use crate::clock;
use crate::id::{WebhookId, random_bytes};
use crate::intake::Intake;
use crate::library::LibraryCode;
use crate::net::https::{Answer, HeaderMap, HeaderValue, Https, Method, NoAnswer, Request};
use crate::secret;
use crate::store::{Answered, ClaimedDelivery, Store, Webhook, WebhookDue};
use crate::webhook::{DISABLED_AFTER, SECRET_OCTETS, Secret, TRIES_BEFORE_DISABLING, next_try, signature};

/// Webhooks served at one time, and events posted to one of them at one time.
const WEBHOOKS_AT_ONCE: usize = 32;
const POSTS_AT_ONCE: usize = 4;

/// Events claimed for one webhook at one time. All of them end within the lease, also where each takes as long as it may.
const CLAIM_MAX: u32 = 40;

/// Events claimed for one that fails: while nobody answers, it holds its place for one time-out and not for ten, and the first success is
/// followed by as many as for any other.
const CLAIM_OF_FAILING: u32 = 4;

/// Longer than forty posts, four at a time, of fifteen seconds each.
const LEASE: SignedDuration = SignedDuration::from_mins(5);

/// The longest we sleep without looking: events come from every room, and from other processes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long to wait after the store was broken.
const AFTER_TROUBLE: Duration = Duration::from_secs(2);

/// How often old events are forgotten, and after how long.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a secret that was replaced signs as well: the other side needs a working day to take the new one up.
const OLD_SECRET_SIGNS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The engine.
pub struct Outbox {
    store: Store,
    secret: Arc<secret::Secret>,
    https: Https,
    intake: Arc<Intake>,
    wake: Notify,
    /// Being served by this process.
    busy: Mutex<HashSet<WebhookId>>,
    /// The last one that was served: each has its turn, also where those before it always have something due and never take it.
    last: Mutex<Option<WebhookId>>,
    places: Arc<Semaphore>,
}

impl Outbox {
    /// An outbox over these.
    #[must_use]
    pub fn new(store: Store, secret: Arc<secret::Secret>, https: Https, intake: Arc<Intake>) -> Self {
        let places = Arc::new(Semaphore::new(WEBHOOKS_AT_ONCE));
        Self {
            store,
            secret,
            https,
            intake,
            wake: Notify::new(),
            busy: Mutex::default(),
            last: Mutex::default(),
            places,
        }
    }

    /// Says whether events may be posted to this URL at all, for whoever sets one.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn may_post_to(&self, url: &str) -> Result<(), NoAnswer> {
        self.https.url(url).map(drop)
    }

    /// A new secret, and as the store keeps it.
    #[must_use]
    pub fn new_secret(&self, of: WebhookId) -> (Secret, Vec<u8>) {
        let octets: [u8; SECRET_OCTETS] = random_bytes();
        let secret = Secret::from_octets(octets).expect("so many octets are a secret");
        let sealed = self.secret.seal(&octets, &place(of));
        (secret, sealed)
    }

    /// Gives a webhook another secret; the one it had signs as well for a day. None: no such webhook.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn rotate(&self, library: LibraryCode, of: WebhookId) -> crate::store::Result<Option<Secret>> {
        let (secret, sealed) = self.new_secret(of);
        let until = clock::now().checked_add(OLD_SECRET_SIGNS_FOR).unwrap_or(Timestamp::MAX);
        Ok(self.store.rotate_webhook(library, of, sealed, until).await?.then_some(secret))
    }

    /// Posts a test event now, also to a webhook that is off, and gives what came of it.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn try_out(&self, webhook: &Webhook) -> crate::store::Result<Answered> {
        let now = clock::now();
        let claimed = self.store.try_out_webhook(webhook.clone(), now, lease_from(now)).await?;
        let mut answered = self.post(webhook, &claimed).await;
        // Whoever tests looks at the answer: nobody is told a second time, and nothing is switched off by it.
        answered = Answered { again_at: None, off_where_failing_since: None, gone: false, ..answered };
        self.store.delivery_answered(claimed, answered.clone(), clock::now()).await?;
        Ok(answered)
    }

    /// Looks at once whether something is due.
    pub fn nudge(&self) {
        self.wake.notify_one();
    }

    /// Works until `stop`; what is under way then is posted to its end.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut forgotten = tokio::time::Instant::now();
        loop {
            let pause = match Arc::clone(&self).round().await {
                Ok(()) => LOOK_AGAIN,
                Err(error) => {
                    tracing::error!(%error, "events could not be claimed for webhooks");
                    AFTER_TROUBLE
                }
            };
            if forgotten.elapsed() > FORGET_EVERY {
                forgotten = tokio::time::Instant::now();
                let before = clock::now().checked_sub(KEPT_FOR).unwrap_or(Timestamp::MIN);
                if let Err(error) = self.store.forget_deliveries(before).await {
                    tracing::error!(%error, "old events for webhooks could not be forgotten");
                }
            }
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        // Everybody who posts holds a place.
        let all = u32::try_from(WEBHOOKS_AT_ONCE).unwrap_or(u32::MAX);
        let _ = self.places.acquire_many(all).await;
    }

    async fn round(self: Arc<Self>) -> crate::store::Result<()> {
        self.tell_of_those_off().await?;
        // Twice as many as there are places: some of them are free where any is.
        let most = u32::try_from(WEBHOOKS_AT_ONCE * 2).unwrap_or(u32::MAX);
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        for due in self.store.webhooks_due(clock::now(), last, most).await? {
            let id = due.id;
            if !self.busy().insert(id) {
                continue;
            }
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                self.busy().remove(&id);
                return Ok(());
            };
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
            let outbox = Arc::clone(&self);
            tokio::spawn(async move {
                if let Err(error) = outbox.serve(due).await {
                    tracing::error!(%error, webhook = %id, "a webhook could not be served");
                }
                outbox.busy().remove(&id);
                outbox.wake.notify_one();
                drop(place);
            });
        }
        Ok(())
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, HashSet<WebhookId>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts what is due for one webhook.
    async fn serve(&self, WebhookDue { id, is_failing }: WebhookDue) -> crate::store::Result<()> {
        let now = clock::now();
        let most = if is_failing { CLAIM_OF_FAILING } else { CLAIM_MAX };
        let claimed = self.store.claim_deliveries(id, most, now, lease_from(now)).await?;
        let Some(first) = claimed.first() else { return Ok(()) };
        let Some(webhook) = self.store.webhook(&first.library, id).await? else { return Ok(()) };
        let posts = futures_util::stream::iter(claimed).map(|one| {
            let webhook = &webhook;
            async move {
                let answered = self.post(webhook, &one).await;
                self.store.delivery_answered(one, answered, clock::now()).await
            }
        });
        let mut posts = posts.buffer_unordered(POSTS_AT_ONCE);
        while let Some(written) = posts.next().await {
            written?;
        }
        Ok(())
    }

    /// One try.
    async fn post(&self, webhook: &Webhook, event: &ClaimedDelivery) -> Answered {
        let now = clock::now();
        let answer = match self.request(webhook, event, now) {
            Ok(request) => self.https.send(request).await.map_err(|error| error.to_string()),
            Err(why) => Err(why),
        };
        judged(answer, event.tries, clock::now(), random_bytes::<1>()[0])
    }

    fn request(&self, webhook: &Webhook, event: &ClaimedDelivery, now: Timestamp) -> Result<Request, String> {
        let id = event.id.to_string();
        let sealed = webhook.old_secret.iter().filter(|(_, until)| now < *until).map(|(sealed, _)| sealed);
        let opened = std::iter::once(&webhook.secret).chain(sealed).map(|sealed| {
            let octets = self.secret.open_sealed(sealed, &place(webhook.id)).map_err(|error| error.to_string())?;
            Secret::from_octets(octets).map_err(|error| error.to_string())
        });
        let secrets = opened.collect::<Result<Vec<_>, String>>()?;
        let mut headers = HeaderMap::new();
        let mut put = |name, value: &str| {
            headers.insert(name, HeaderValue::from_str(value).expect("ids, numbers and base64 are ASCII"));
        };
        put("content-type", "application/json");
        put("webhook-id", &id);
        put("webhook-timestamp", &now.as_second().to_string());
        put("webhook-signature", &signature(&secrets, &id, now, &event.body));
        let url = self.https.url(&webhook.url).map_err(|error| error.to_string())?;
        Ok(Request { method: Method::POST, url, headers, body: event.body.clone().into_bytes() })
    }
}

/// The other side asks to be told no more.
const GONE: u16 = 410;

/// What an answer means. Any 2xx is a success; a redirect is none, for we follow none.
fn judged(answer: Result<Answer, String>, tries: u32, now: Timestamp, chance: u8) -> Answered {
    let (status, why) = match answer {
        Ok(answer) if (200..300).contains(&answer.status) => (Some(answer.status), None),
        Ok(answer) => (Some(answer.status), Some(format!("it answered {}", answer.status))),
        Err(why) => (None, Some(why)),
    };
    let gone = status == Some(GONE);
    let failed = why.is_some();
    Answered {
        status,
        why,
        again_at: if failed && !gone { next_try(tries, now, chance) } else { None },
        off_where_failing_since: (failed && tries >= TRIES_BEFORE_DISABLING)
            .then(|| now.checked_sub(DISABLED_AFTER).unwrap_or(Timestamp::MIN)),
        gone,
    }
}

fn lease_from(now: Timestamp) -> Timestamp {
    now.checked_add(LEASE).unwrap_or(Timestamp::MAX)
}

/// Where a secret belongs, so that one sealed thing cannot stand in for another.
fn place(of: WebhookId) -> String {
    format!("webhook {of}")
}
