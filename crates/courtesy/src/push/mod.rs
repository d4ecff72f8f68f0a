//! Notifications on patrons' telephones and computers, through the push services of their browsers (RFC 8030), or through a
//! UnifiedPush server of their own, which takes the same request.
//!
//! In: a device that a patron turned on, and what is to show there. Out: what the push service said, as an [`Outcome`]. What is said
//! is encrypted for that one device ([`encrypt`], RFC 8291), and signed with a key that the service knows us by ([`vapid`], RFC 8292):
//! the service learns neither the patron nor the words. Not here: what a notification says (`notice`), when it leaves and what
//! follows (`delivery`, `queue`), the page that turns it on (`web`).

pub mod device;
pub mod encrypt;
mod keys;
pub mod pass;
mod payload;
pub mod receipt;
#[cfg(test)]
mod tests;
pub mod vapid;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Semaphore;

use crate::clock;
use crate::config::Config;
use crate::id::random_bytes;
use crate::net::https::{HeaderMap, HeaderValue, Https, Method, NoAnswer, Request};
use crate::outcome::{Cause, Outcome};
use crate::secret::Secret;
use crate::store::{Store, Subscription};

pub use device::{Device, NotADevice};
pub use keys::NoKey;
pub use payload::{Shown, TEXT_OCTETS_MAX};
pub use verdict::Verdict;

/// Requests to push services under way at one time: each may take as long as [`crate::net::https::EXCHANGE_TIMEOUT`].
const AT_ONCE: usize = 64;

/// The longest a push service keeps what it cannot hand over at once: four weeks is what they all take.
const TTL_MAX: Duration = Duration::from_secs(28 * 24 * 3600);

/// The engine.
pub struct Pushes {
    secret: Arc<Secret>,
    https: Https,
    /// Whom a push service may write to about us.
    contact: String,
    keys: keys::Keys,
    tokens: vapid::Tokens,
    places: Semaphore,
}

/// A notification about to leave.
#[derive(Clone, Copy, Debug)]
pub struct OutPush<'a> {
    /// What shows.
    pub shown: &'a Shown,
    /// What it replaces where it still waits at the service: see [`Pushes::topic`].
    pub topic: &'a str,
    /// `very-low`, `low`, `normal` or `high` (RFC 8030 §5.3): whether it may wake a telephone that saves its battery.
    pub urgency: &'static str,
    /// How long the service keeps it for a device that is off.
    pub keep: Duration,
}

/// What a service said to it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Where the device's push service is.
    pub host: String,
    /// What that comes to.
    pub outcome: Outcome,
    /// The device is gone and is not to be used again.
    pub is_gone: bool,
    /// How long the service asks to be left alone.
    pub wait: Option<Duration>,
    /// What was said, for the timeline: no path of the endpoint, which is a secret between device and us.
    pub said: String,
}

impl Pushes {
    /// Over the settings.
    #[must_use]
    pub fn new(config: &Config, store: Store, secret: Arc<Secret>, https: Https) -> Self {
        Self {
            contact: contact(config),
            keys: keys::Keys::new(store, Arc::clone(&secret)),
            tokens: vapid::Tokens::default(),
            places: Semaphore::new(AT_ONCE),
            secret,
            https,
        }
    }

    /// The public key that browsers are to bind new devices to, as `applicationServerKey` wants it. Made where there is none yet.
    ///
    /// # Errors
    /// [`NoKey`].
    pub async fn public_key(&self) -> Result<String, NoKey> {
        self.keys.active(clock::now()).await
    }

    /// Makes a new key for devices that are turned on from now on. Those bound to an earlier one keep it.
    ///
    /// # Errors
    /// [`NoKey`].
    pub async fn rotate(&self) -> Result<String, NoKey> {
        self.keys.rotate(clock::now()).await
    }

    /// Reads what a browser said of itself, and whether we may speak to its push service.
    ///
    /// # Errors
    /// [`NotADevice`].
    pub fn device(&self, endpoint: &str, p256dh: &str, auth: &str) -> Result<Device, NotADevice> {
        let device = Device::read(endpoint, p256dh, auth)?;
        self.https.url(&device.endpoint).map_err(|error| NotADevice::Endpoint(error.to_string()))?;
        Ok(device)
    }

    /// A name for all that is said of one request, which tells a push service nothing (RFC 8030 §5.4): what still waits there for a
    /// device is replaced by what comes later under the same name, and so is what shows on the screen.
    #[must_use]
    pub fn topic(&self, library: &str, request: &str) -> String {
        /// 24 octets are the 32 letters that a topic may have.
        const OCTETS: usize = 24;
        let mark = self.secret.mark(&format!("{library}\0{request}"), "push topic");
        URL_SAFE_NO_PAD.encode(&mark[..OCTETS])
    }

    /// Hands `push` to the service of one device.
    ///
    /// # Errors
    /// When our own store or keys are broken.
    pub async fn send(&self, to: &Subscription, push: &OutPush<'_>) -> Result<Sent, NoKey> {
        let Some(device) = Device::open(&self.secret, to) else {
            // Sealed by another installation: nobody can use it any more.
            return Ok(Sent::gone("", "a device that was turned on with another secret.key"));
        };
        let url = match self.https.url(&device.endpoint) {
            Ok(url) => url,
            Err(why) => return Ok(Sent::unasked("", &why)),
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let plain = push.shown.to_json();
        let Some(body) = self.encrypted(&device, &plain) else {
            return Ok(Sent::gone(&host, "a device whose key is none"));
        };
        let pair = self.keys.pair(&to.key).await?;
        let authorization = self.tokens.header(&pair, &url.origin().ascii_serialization(), &self.contact, clock::now());
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        put("authorization", &authorization);
        put("content-encoding", "aes128gcm");
        put("content-type", "application/octet-stream");
        put("ttl", &push.keep.min(TTL_MAX).as_secs().to_string());
        put("topic", push.topic);
        put("urgency", push.urgency);
        let octets = body.len();
        let _place = self.places.acquire().await;
        let answer = self.https.send(Request { method: Method::POST, url, headers, body }).await;
        Ok(match answer {
            Ok(answer) => Sent::answered(&host, octets, &verdict::of(&answer, clock::now())),
            Err(why) => Sent::unasked(&host, &why),
        })
    }

    fn encrypted(&self, device: &Device, plain: &[u8]) -> Option<Vec<u8>> {
        let ours = PrivateKey::generate(&ECDH_P256).ok()?;
        encrypt::encrypt(plain, &device.p256dh, &device.auth, &ours, random_bytes())
    }
}

impl Sent {
    fn answered(host: &str, octets: usize, verdict: &Verdict) -> Self {
        let said = format!("POST https://{host}/… ({octets} octets)\n{}", verdict.said);
        let Verdict { outcome, is_gone, wait, .. } = verdict.clone();
        Self { host: host.to_owned(), outcome, is_gone, wait, said }
    }

    /// Nobody answered, or we may not ask there.
    fn unasked(host: &str, why: &NoAnswer) -> Self {
        let cause = match why {
            NoAnswer::NotAllowed(_) => "push.service",
            _ => "temp",
        };
        let outcome = match why {
            NoAnswer::NotAllowed(_) => Outcome::Refused { cause: Cause::of(cause), reply: None },
            _ => Outcome::Deferred { cause: Cause::of(cause), reply: None },
        };
        let said = format!("POST https://{host}/…\n{why}");
        Self { host: host.to_owned(), outcome, is_gone: false, wait: None, said }
    }

    /// Nothing was sent: there is no key to sign with now.
    pub(crate) fn unsigned(why: &NoKey) -> Self {
        tracing::error!(error = %why, "a notification could not be signed");
        let outcome = Outcome::Deferred { cause: Cause::of("temp"), reply: None };
        Self { host: String::new(), outcome, is_gone: false, wait: None, said: why.to_string() }
    }

    fn gone(host: &str, why: &str) -> Self {
        let outcome = Outcome::Refused { cause: Cause::of("push.expired"), reply: None };
        Self { host: host.to_owned(), outcome, is_gone: true, wait: None, said: why.to_owned() }
    }
}

/// Whom push services may write to (RFC 8292 §2.1): the operator, or the postmaster of the shared domain.
fn contact(config: &Config) -> String {
    config.contact.clone().unwrap_or_else(|| format!("mailto:postmaster@{}", config.shared.domain))
}
