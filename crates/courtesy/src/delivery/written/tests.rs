//! What leaves signed, and what does not leave.

use std::sync::Arc;

use standards::domain::Domain;

use super::signed;
use crate::keyring::Keyring;
use crate::secret::Secret;
use crate::store::Store;

#[tokio::test]
async fn what_is_to_be_signed_never_leaves_unsigned() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("courtesy.db")).await.unwrap();
    let keys = Keyring::open(store, Arc::new(Secret::from_octets([1; 32]))).await.unwrap();
    let key = keys.make(&Domain::parse("alder.example").unwrap(), "na1", None, true).await.unwrap();
    let mail = b"From: <ill@alder.example>\r\nSubject: Your loan\r\n\r\nIt is here.\r\n".to_vec();
    let sign = |mail: &[u8]| key.sign(mail);
    let with = signed(Some(sign), mail.clone()).expect("it can be signed");
    assert!(with.starts_with(b"DKIM-Signature:") && with.ends_with(&mail));
    assert_eq!(signed(Some(|_: &[u8]| None), mail.clone()), None, "the key fails");
    assert_eq!(
        signed(None::<fn(&[u8]) -> Option<Vec<u8>>>, mail.clone()),
        Some(mail),
        "nothing of ours vouches for it"
    );
}
