//! The keys that push services know us by: made at the first use, sealed at rest, kept as long as a device is bound to them.
//!
//! A device is bound to the key that its browser was given when it was turned on, and takes nothing signed with another. So a new key is
//! for new devices alone, and every device remembers its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::vapid::Pair;
use crate::clock::Timestamp;
use crate::secret::{NotOurs, Secret};
use crate::store::{PushKey, Store, StoreError};

/// There is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum NoKey {
    /// It cannot be made, or is none.
    #[error("the key for push services cannot be used")]
    Broken,
    /// Sealed by another installation.
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
    /// The store is broken.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) struct Keys {
    store: Store,
    secret: Arc<Secret>,
    opened: Mutex<HashMap<String, Arc<Pair>>>,
}

impl Keys {
    pub(super) fn new(store: Store, secret: Arc<Secret>) -> Self {
        Self { store, secret, opened: Mutex::default() }
    }

    /// The public key for new devices.
    pub(super) async fn active(&self, now: Timestamp) -> Result<String, NoKey> {
        if let Some(public) = self.store.active_push_key().await? {
            return Ok(public);
        }
        // Two processes may make one at the same moment: the store keeps the first, and both use it.
        self.make(now, false).await
    }

    /// A new one in place of the active one.
    pub(super) async fn rotate(&self, now: Timestamp) -> Result<String, NoKey> {
        self.make(now, true).await
    }

    async fn make(&self, now: Timestamp, replace: bool) -> Result<String, NoKey> {
        let (pair, pkcs8) = Pair::generate().ok_or(NoKey::Broken)?;
        let public = pair.public().to_owned();
        let sealed = self.secret.seal(&pkcs8, &place(&public));
        Ok(self.store.put_push_key(PushKey { public, sealed }, replace, now).await?)
    }

    /// The pair of this public key.
    pub(super) async fn pair(&self, public: &str) -> Result<Arc<Pair>, NoKey> {
        if let Some(pair) = self.opened().get(public) {
            return Ok(Arc::clone(pair));
        }
        let sealed = self.store.push_key(public).await?.ok_or(NoKey::Broken)?;
        let pkcs8 = self.secret.open_sealed(&sealed, &place(public))?;
        let pair = Arc::new(Pair::from_pkcs8(&pkcs8).ok_or(NoKey::Broken)?);
        self.opened().insert(public.to_owned(), Arc::clone(&pair));
        Ok(pair)
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Pair>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where it belongs, so that one sealed thing cannot stand in for another.
fn place(public: &str) -> String {
    format!("push key {public}")
}
