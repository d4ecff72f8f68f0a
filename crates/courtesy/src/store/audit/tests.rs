use jiff::Timestamp;

use super::{AuditFilter, Deed, differences};
use crate::library::LibraryCode;
use crate::store::Store;
use crate::store::statement::query;

const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);

/// A store with three entries of one library, and the folder it is in.
async fn store() -> (Store, LibraryCode, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("courtesy.db")).await.unwrap();
    let library = LibraryCode::parse("MRPL").unwrap();
    for subject in ["first", "second", "third"] {
        store.note(Deed::new(Some(&library), "A. Roy", "key.made", subject, NOW)).await.unwrap();
    }
    (store, library, folder)
}

async fn run(store: &Store, text: &'static str) -> super::Result<u64> {
    store.writer.write(move |tx| Box::pin(async move { query(text).execute(&mut *tx).await })).await
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_an_entry() {
    let (store, library, _folder) = store().await;
    assert!(run(&store, "update audit set by_whom = 'nobody'").await.is_err());
    assert!(run(&store, "delete from audit where n = 2").await.is_err());
    assert_eq!(store.audit_holds(Some(&library)).await.unwrap().broken_at, None);
}

#[tokio::test]
async fn what_was_altered_removed_or_cut_off_behind_its_back_is_found() {
    for (what, place) in [
        ("update audit set reason = 'another' where n = 2", 2),
        ("delete from audit where n = 1", 1),
        ("delete from audit where n = 3", 3),
        ("update audit set subject = 'first', id = zeroblob(16) where n = 3", 3),
    ] {
        let (store, library, _folder) = store().await;
        run(&store, "drop trigger audit_is_not_changed").await.unwrap();
        run(&store, "drop trigger audit_is_not_deleted").await.unwrap();
        assert_eq!(run(&store, what).await.unwrap(), 1, "{what}");
        let holds = store.audit_holds(Some(&library)).await.unwrap();
        assert_eq!(holds.broken_at, Some(place), "{what}");
    }
}

#[tokio::test]
async fn an_entry_added_by_another_hand_breaks_the_row() {
    let (store, library, _folder) = store().await;
    let forged = "insert into audit select zeroblob(16), library, 4, at, 'nobody', what, subject, changes, reason, seal \
                  from audit where n = 3";
    run(&store, forged).await.unwrap();
    assert_eq!(store.audit_holds(Some(&library)).await.unwrap().broken_at, Some(4));
    assert_eq!(store.audit(&AuditFilter::default(), 10).await.unwrap().len(), 4);
}

#[test]
fn a_record_differs_in_the_fields_that_have_another_value() {
    let was = r#"{"code":"MRPL","phone":"604-555-0100","cc":[],"name":{"en":"A"}}"#;
    let is = r#"{"code":"MRPL","cc":["a@library.example"],"name":{"en":"A"},"url":null}"#;
    let found = differences(Some(was), is).unwrap();
    let found: Vec<_> = found.iter().map(|one| (one.field.as_str(), one.was.as_str(), one.is.as_str())).collect();
    assert_eq!(found, [("cc", "[]", "[\"a@library.example\"]"), ("phone", "604-555-0100", "")]);
}
