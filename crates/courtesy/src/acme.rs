//! The certificate of our own doors, ordered from an authority (RFC 8555), kept sealed in the store and renewed in time.
//!
//! In: the authority's directory and our names, as the settings say them. Out: the doors have the certificate; what the authority asks at our
//! names over HTTP (§8.3) lies in the store, so that whichever process it comes to can answer. Of many processes one orders at a time, all take
//! up what came. An order in vain is tried again later and later, and the certificate that there is stays in use. Not here: the doors
//! (`net::serving`), and answering (`http`).

mod client;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::clock;
use crate::config::Config;
use crate::net::https::Https;
use crate::net::serving::Certificate;
use crate::net::validity::validity;
use crate::secret::Secret;
use crate::store::{KeptCertificate, Store};

/// How often it is looked whether another process has brought a certificate, and whether it is time for a new one.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How long an order may take: past it another process may try.
const ORDER_MAX: SignedDuration = SignedDuration::from_mins(10);

/// How long the authority may take for each of its steps: it asks at our names from several places.
const STEP_MAX: Duration = Duration::from_secs(120);

/// How soon an order in vain is tried again; twice as long after each further one. Let's Encrypt allows five failures an hour.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);

/// The longest time between two tries.
const AGAIN_MAX: SignedDuration = SignedDuration::from_hours(12);

/// Letters of trouble that are kept.
const TROUBLE_LETTERS_MAX: usize = 500;

/// The certificate and its authority.
pub struct Acme {
    directory: String,
    contact: Option<String>,
    /// With spaces between them, as they are kept.
    names: String,
    store: Store,
    secret: Arc<Secret>,
    https: Https,
    certificate: Arc<Certificate>,
    /// The certificate that the doors have.
    taken: Mutex<Option<KeptCertificate>>,
}

/// How things stand with the certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its names, with spaces between them.
    pub names: String,
    /// Until when the one in use is good; none where there is none.
    pub ends_at: Option<Timestamp>,
    /// Why the last order was in vain; none where it was not.
    pub trouble: Option<String>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
enum NoCertificate {
    #[error("{0}")]
    Acme(#[from] instant_acme::Error),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

impl From<String> for NoCertificate {
    fn from(why: String) -> Self {
        Self::Refused(why)
    }
}

impl Acme {
    /// None where the settings name no authority.
    #[must_use]
    pub fn new(
        config: &Config,
        store: Store,
        secret: Arc<Secret>,
        https: Https,
        certificate: Arc<Certificate>,
    ) -> Option<Self> {
        let settings = &config.acme;
        let mut names: Vec<String> = settings.names.iter().map(ToString::to_string).collect();
        if names.is_empty() {
            names.push(config.public_host.to_string());
        }
        let directory = settings.directory.clone()?;
        let (contact, names, taken) = (settings.contact.clone(), names.join(" "), Mutex::default());
        Some(Self { directory, contact, names, store, secret, https, certificate, taken })
    }

    /// Gives the doors the certificate that is kept, where there is one.
    ///
    /// # Errors
    /// When the store is broken, or the certificate was sealed by another installation.
    pub async fn take_up(&self) -> anyhow::Result<()> {
        let Some(kept) = self.store.certificate(&self.names).await? else { return Ok(()) };
        if self.taken().as_ref() == Some(&kept) {
            return Ok(());
        }
        let key = self.secret.open_sealed(&kept.key, &about(&self.names))?;
        self.certificate.hold(&kept.chain, &key)?;
        *self.taken() = Some(kept);
        Ok(())
    }

    /// Takes up what others have brought, and orders a new one where it is time.
    pub async fn look(&self, now: Timestamp) {
        if let Err(error) = self.take_up().await {
            tracing::error!("the certificate that is kept is not used: {error:#}");
        }
        if let Err(error) = self.renew(now).await {
            tracing::error!(%error, "whether it is time for a new certificate could not be told");
        }
    }

    /// Looks until `stop`.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            self.look(clock::now()).await;
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// How things stand.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn standing(&self) -> crate::store::Result<Standing> {
        let trouble = self.store.certificate_order(&self.names).await?.trouble;
        Ok(Standing { names: self.names.clone(), ends_at: self.taken().as_ref().map(|kept| kept.ends_at), trouble })
    }

    /// Orders a certificate where the doors have none of the authority, or where two thirds of its time are over. One that is kept and cannot
    /// be used counts for nothing.
    async fn renew(&self, now: Timestamp) -> crate::store::Result<()> {
        if self.taken().as_ref().is_some_and(|taken| now < renewed_at(taken)) {
            return Ok(());
        }
        let until = now.checked_add(ORDER_MAX).unwrap_or(Timestamp::MAX);
        if !self.store.claim_certificate_order(self.names.clone(), now, until).await? {
            return Ok(());
        }
        let ordered = tokio::time::timeout(ORDER_MAX.unsigned_abs(), self.order(now)).await;
        match ordered.unwrap_or_else(|_| Err(NoCertificate::Refused("the authority took too long".to_owned()))) {
            Ok(kept) => {
                let end = kept.ends_at;
                self.store.put_certificate(self.names.clone(), kept).await?;
                tracing::info!(names = self.names, %end, "a new certificate came");
                if let Err(error) = self.take_up().await {
                    tracing::error!("the new certificate is not used: {error:#}");
                }
            }
            Err(NoCertificate::Store(error)) => return Err(error),
            Err(why) => {
                let trouble: String = why.to_string().chars().take(TROUBLE_LETTERS_MAX).collect();
                let tries = self.store.certificate_order(&self.names).await?.tries;
                let again_at = now.checked_add(again(tries)).unwrap_or(Timestamp::MAX);
                tracing::error!(names = self.names, trouble, %again_at, "no certificate came");
                self.store.certificate_order_failed(self.names.clone(), trouble, again_at).await?;
            }
        }
        Ok(())
    }

    async fn order(&self, now: Timestamp) -> Result<KeptCertificate, NoCertificate> {
        let account = self.account().await?;
        let names: Vec<Identifier> =
            self.names.split_ascii_whitespace().map(|name| Identifier::Dns(name.to_owned())).collect();
        let mut order = account.new_order(&NewOrder::new(&names)).await?;
        self.answer(&mut order, now).await?;
        let patience = RetryPolicy::new().timeout(STEP_MAX);
        if order.poll_ready(&patience).await? != OrderStatus::Ready {
            return Err(refusal(&mut order).await.into());
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&patience).await?;
        let first = CertificateDer::from_pem_slice(chain.as_bytes()).map_err(|error| error.to_string())?;
        let (begins_at, ends_at) = validity(&first).ok_or_else(|| "the certificate cannot be read".to_owned())?;
        // Tried before the one that works is overwritten.
        self.certificate.hold(&chain, key.as_bytes()).map_err(|error| format!("it cannot be used: {error:#}"))?;
        let key = self.secret.seal(key.as_bytes(), &about(&self.names));
        Ok(KeptCertificate { chain, key, begins_at, ends_at })
    }

    /// Lays out what the authority will ask for at our names, and says so.
    async fn answer(&self, order: &mut Order, now: Timestamp) -> Result<(), NoCertificate> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            match authorization.status {
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Pending => {}
                status => return Err(format!("the authority's authorization is {status:?}").into()),
            }
            let challenge = authorization.challenge(ChallengeType::Http01);
            let mut challenge = challenge.ok_or_else(|| "the authority does not ask over HTTP (http-01)".to_owned())?;
            let answer = challenge.key_authorization().as_str().to_owned();
            self.store.put_acme_challenge(challenge.token.clone(), answer, now).await?;
            challenge.set_ready().await?;
        }
        Ok(())
    }

    /// Our account with the authority, made where there is none yet.
    async fn account(&self) -> Result<Account, NoCertificate> {
        let about = format!("acme account {}", self.directory);
        let builder = || Account::builder_with_http(Box::new(client::Client(self.https.clone())));
        if let Some(sealed) = self.store.acme_account(&self.directory).await? {
            let plain = self.secret.open_sealed(&sealed, &about).map_err(|error| error.to_string())?;
            let credentials: AccountCredentials = serde_json::from_slice(&plain).map_err(|error| error.to_string())?;
            return Ok(builder().from_credentials(credentials).await?);
        }
        let contact: Vec<&str> = self.contact.as_deref().into_iter().collect();
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder().create(&new, self.directory.clone(), None).await?;
        let plain = serde_json::to_vec(&credentials).map_err(|error| error.to_string())?;
        self.store.put_acme_account(self.directory.clone(), self.secret.seal(&plain, &about)).await?;
        Ok(account)
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Option<KeptCertificate>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What sealing binds the key to.
fn about(names: &str) -> String {
    format!("certificate {names}")
}

/// When two thirds of its time are over.
fn renewed_at(kept: &KeptCertificate) -> Timestamp {
    let life = kept.ends_at.duration_since(kept.begins_at);
    kept.begins_at.checked_add(life * 2 / 3).unwrap_or(kept.ends_at)
}

/// How long after the try that follows `tries` others in vain the next one comes.
fn again(tries: i64) -> SignedDuration {
    let times = u32::try_from(tries).unwrap_or(u32::MAX).min(16);
    (AGAIN * 2_i32.pow(times)).min(AGAIN_MAX)
}

/// What the authority did not like, in its words.
async fn refusal(order: &mut Order) -> String {
    let mut words: Vec<String> = order.state().error.iter().map(ToString::to_string).collect();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        // What is remembered of it is from before it was asked.
        if authorization.refresh().await.is_err() {
            continue;
        }
        words.extend(
            authorization.challenges.iter().filter_map(|challenge| challenge.error.as_ref()).map(|e| e.to_string()),
        );
    }
    if words.is_empty() { "the authority refused the order without a word".to_owned() } else { words.join("; ") }
}

#[cfg(test)]
mod tests;
