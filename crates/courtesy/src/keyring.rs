//! DKIM keys: made, imported, sealed at rest, and signing with them (RFC 6376, RFC 8463).
//!
//! RSA-2048 signs. Ed25519 keys can be imported and sign beside RSA where they are switched on. Two selectors a
//! domain, so that a rotation never breaks a signature: the new key is published before it signs.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::{DkimSigner, Done};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use standards::domain::Domain;

use crate::clock;
use crate::secret::Secret;
use crate::store::{DkimKey, Store};

/// Header fields that are signed. Those that decide who it is from and what it says stand twice: a second one put in
/// on the way would break the signature (RFC 6376 §5.4.2).
const SIGNED: [&str; 17] = [
    "From",
    "From",
    "To",
    "To",
    "Subject",
    "Subject",
    "Date",
    "Date",
    "Message-ID",
    "Reply-To",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
    "Auto-Submitted",
    "Feedback-ID",
    "CFBL-Address",
];

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotAKey {
    /// Not PEM, or no private key in it.
    #[error("the file holds no private key in PEM form (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY)")]
    NotPem,
    /// Neither RSA of 2048 bits or more, nor Ed25519.
    #[error("the key is neither RSA of at least 2048 bits nor Ed25519")]
    Kind,
    /// Sealed by another installation.
    #[error(transparent)]
    NotOurs(#[from] crate::secret::NotOurs),
    /// The store is broken.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Why the keys could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// One of them cannot be used.
    #[error("the DKIM key {selector} of {domain} cannot be used, and nothing was changed: {why}")]
    Key {
        /// Its signing domain.
        domain: String,
        /// Its selector.
        selector: String,
        /// Why.
        why: NotAKey,
    },
    /// The store is broken.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

enum Signer {
    Rsa(DkimSigner<RsaKey<Sha256>, Done>),
    Ed25519(DkimSigner<Ed25519Key, Done>),
}

/// A key ready to sign, with what is public about it.
pub struct Key {
    /// The signing domain.
    pub domain: String,
    /// The selector.
    pub selector: String,
    /// The library whose domain it is; none for the shared domain.
    pub library: Option<String>,
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// The p= of its record.
    pub public: String,
    /// Whether it signs.
    pub active: bool,
    signer: Signer,
}

impl Key {
    /// The TXT record that verifiers must find.
    #[must_use]
    pub fn record(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.algorithm, self.public)
    }

    /// `mail` with this key's signature before it. None only when the key itself is broken.
    #[must_use]
    pub fn sign(&self, mail: &[u8]) -> Option<Vec<u8>> {
        let header = match &self.signer {
            Signer::Rsa(signer) => signer.sign(mail).map(|signature| signature.to_header()),
            Signer::Ed25519(signer) => signer.sign(mail).map(|signature| signature.to_header()),
        };
        let failed = |error| tracing::error!(domain = self.domain, selector = self.selector, %error, "signing failed");
        header.map(|header| [header.as_bytes(), mail].concat()).map_err(failed).ok()
    }
}

/// Every DKIM key of the installation, ready to sign.
pub struct Keyring {
    store: Store,
    secret: Arc<Secret>,
    keys: RwLock<HashMap<(String, String), Arc<Key>>>,
}

impl Keyring {
    /// Opens the keys kept in `store`.
    ///
    /// # Errors
    /// When the store is broken, or one key cannot be opened with `secret`: to go on without it would make another in
    /// its place, and what is published for it would be worth nothing from then on.
    pub async fn open(store: Store, secret: Arc<Secret>) -> Result<Self, NotOpened> {
        let keyring = Self { store, secret, keys: RwLock::default() };
        keyring.refresh().await?;
        Ok(keyring)
    }

    /// Brings in the keys that another process made or switched.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub async fn refresh(&self) -> Result<(), NotOpened> {
        let mut keys = HashMap::new();
        for kept in self.store.dkim_keys().await? {
            let name = (kept.domain.clone(), kept.selector.clone());
            let key = unsealed(&self.secret, &kept).map_err(|why| NotOpened::Key {
                domain: kept.domain,
                selector: kept.selector,
                why,
            })?;
            keys.insert(name, Arc::new(key));
        }
        // None is ever taken away, so one that was made meanwhile stays.
        self.keys.write().unwrap_or_else(PoisonError::into_inner).extend(keys);
        Ok(())
    }

    /// Makes an RSA-2048 key and keeps it, unless this domain and selector have one.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn make(
        &self,
        domain: &Domain,
        selector: &str,
        library: Option<&str>,
        active: bool,
    ) -> Result<Arc<Key>, NotAKey> {
        if let Some(key) = self.get(domain.as_str(), selector) {
            return Ok(key);
        }
        // A third of a second of computing: off the threads that serve.
        let made = tokio::task::spawn_blocking(|| {
            let pair = RsaPair::generate(KeySize::Rsa2048).map_err(|_| NotAKey::Kind)?;
            let der = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair);
            Ok::<_, NotAKey>(der.map_err(|_| NotAKey::Kind)?.as_ref().to_vec())
        });
        let der = made.await.map_err(|_| NotAKey::Kind)??;
        let kept = self.sealed(domain, selector, library, &der, active)?;
        // Another process may have made one at the same moment: the first one counts.
        if !self.store.add_dkim_key(kept).await? {
            tracing::info!(%domain, selector, "another process made this key");
        }
        for kept in self.store.dkim_keys().await? {
            if kept.domain == domain.as_str() && kept.selector == selector {
                return self.learn(kept);
            }
        }
        Err(NotAKey::Kind)
    }

    /// Keeps a key from a PEM file in place of any that this domain and selector have.
    ///
    /// # Errors
    /// When it is no key we can sign with, or the store is broken.
    pub async fn import(
        &self,
        domain: &Domain,
        selector: &str,
        library: Option<&str>,
        pem: &[u8],
        active: bool,
    ) -> Result<Arc<Key>, NotAKey> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| NotAKey::NotPem)?;
        let der = der.secret_der().to_vec();
        let kept = self.sealed(domain, selector, library, &der, active)?;
        self.store.put_dkim_key(kept.clone()).await?;
        self.learn(kept)
    }

    fn sealed(
        &self,
        domain: &Domain,
        selector: &str,
        library: Option<&str>,
        der: &[u8],
        active: bool,
    ) -> Result<DkimKey, NotAKey> {
        let (algorithm, public, _) = read(der, domain.as_str(), selector)?;
        Ok(DkimKey {
            domain: domain.to_string(),
            selector: selector.to_owned(),
            library: library.map(str::to_owned),
            algorithm: algorithm.to_owned(),
            private: self.secret.seal(der, &about(domain.as_str(), selector)),
            public,
            active,
            created_at: clock::now(),
        })
    }

    /// A kept key, ready to sign from now on.
    fn learn(&self, kept: DkimKey) -> Result<Arc<Key>, NotAKey> {
        let key = Arc::new(unsealed(&self.secret, &kept)?);
        let name = (kept.domain, kept.selector);
        self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::clone(&key));
        Ok(key)
    }

    /// Lets `selector` of `domain` sign, and no other of that domain and algorithm.
    ///
    /// # Errors
    /// When the store is broken, or there is no such key.
    pub async fn activate(&self, domain: &Domain, selector: &str) -> Result<(), NotAKey> {
        for kept in self.store.dkim_keys().await?.into_iter().filter(|key| key.domain == domain.as_str()) {
            let active = kept.selector == selector;
            self.store.put_dkim_key(DkimKey { active, ..kept.clone() }).await?;
            let key = Arc::new(unsealed(&self.secret, &DkimKey { active, ..kept.clone() })?);
            let name = (kept.domain, kept.selector);
            self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(name, key);
        }
        Ok(())
    }

    /// The key of this domain and selector.
    #[must_use]
    pub fn get(&self, domain: &str, selector: &str) -> Option<Arc<Key>> {
        let name = (domain.to_owned(), selector.to_owned());
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned()
    }

    /// Every key, by domain and selector.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Key>> {
        let mut all: Vec<_> = self.keys.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by(|a, b| (&a.domain, &a.selector).cmp(&(&b.domain, &b.selector)));
        all
    }

    /// The key to sign with, among those whose public half is found in DNS: the active one, or else the first there is.
    #[must_use]
    pub fn signing(&self, published: &[(Domain, String)]) -> Option<Arc<Key>> {
        let keys: Vec<Arc<Key>> =
            published.iter().filter_map(|(domain, selector)| self.get(domain.as_str(), selector)).collect();
        keys.iter().find(|key| key.active).or(keys.first()).cloned()
    }
}

fn about(domain: &str, selector: &str) -> String {
    format!("dkim {selector} {domain}")
}

fn unsealed(secret: &Secret, kept: &DkimKey) -> Result<Key, NotAKey> {
    let der = secret.open_sealed(&kept.private, &about(&kept.domain, &kept.selector))?;
    let (algorithm, public, signer) = read(&der, &kept.domain, &kept.selector)?;
    Ok(Key {
        domain: kept.domain.clone(),
        selector: kept.selector.clone(),
        library: kept.library.clone(),
        algorithm: algorithm.to_owned(),
        public,
        active: kept.active,
        signer,
    })
}

/// Algorithm, public half and signer of a private key: PKCS #8, or PKCS #1 for RSA.
fn read(der: &[u8], domain: &str, selector: &str) -> Result<(&'static str, String, Signer), NotAKey> {
    if let Ok(pair) = RsaPair::from_pkcs8(der).or_else(|_| RsaPair::from_der(der)) {
        let public: aws_lc_rs::encoding::PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(|_| NotAKey::Kind)?;
        let pkcs8: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(|_| NotAKey::Kind)?;
        let pkcs8 = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_ref().to_vec()));
        let key = RsaKey::<Sha256>::from_key_der(pkcs8).map_err(|_| NotAKey::Kind)?;
        let signer = DkimSigner::from_key(key).domain(domain).selector(selector).headers(SIGNED);
        return Ok(("rsa", STANDARD.encode(public.as_ref()), Signer::Rsa(signer)));
    }
    let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(der).map_err(|_| NotAKey::Kind)?;
    let public = STANDARD.encode(key.public_key());
    let signer = DkimSigner::from_key(key).domain(domain).selector(selector).headers(SIGNED);
    Ok(("ed25519", public, Signer::Ed25519(signer)))
}
