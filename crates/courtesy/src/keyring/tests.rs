//! Keys at rest.

use std::sync::Arc;

use standards::domain::Domain;

use super::{Keyring, NotAKey, NotOpened};
use crate::secret::Secret;
use crate::store::Store;

#[tokio::test]
async fn keys_sealed_with_another_secret_are_refused_and_kept_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("courtesy.db")).await.unwrap();
    let domain = Domain::parse("library.example").unwrap();
    let right = || Arc::new(Secret::from_octets([1; 32]));
    let keys = Keyring::open(store.clone(), right()).await.unwrap();
    let made = keys.make(&domain, "na1", Some("MRPL"), true).await.unwrap();

    let wrong = Arc::new(Secret::from_octets([2; 32]));
    let refused = Keyring::open(store.clone(), wrong).await.err().expect("a key was opened with another secret");
    assert!(matches!(refused, NotOpened::Key { why: NotAKey::NotOurs(_), .. }), "{refused}");

    let again = Keyring::open(store, right()).await.unwrap();
    assert_eq!(again.get("library.example", "na1").unwrap().public, made.public);
}
