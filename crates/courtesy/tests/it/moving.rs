//! Everything from one database into another: a library moves up to PostgreSQL, takes a backup and comes back from it.

use courtesy::config::Database;
use courtesy::queue::State;
use courtesy::store::{Filter, NotCopied, Store, copy};

use crate::kept::Kept;
use crate::store::{at, event, settled, with_key};
use crate::world::{code, record};

/// A database with something in every state, and words with more rows than one statement takes.
async fn lived_in(kept: &Kept) {
    kept.put_libraries(vec![record("MRPL"), record("ALDR")], "key “Žofie”".to_owned(), at(0)).await.unwrap();
    let many = (0..1200).map(|number| event("MRPL", &format!("BC-{number}"), at(number))).collect();
    kept.accept(many).await.unwrap();
    kept.accept(vec![with_key("once", 1, event("ALDR", "AL-1", at(5)))]).await.unwrap();
    let claimed = kept.claim_all(at(50)).await;
    kept.settle(vec![settled(&claimed[0], State::Accepted, at(51))]).await.unwrap();
    kept.save_words("MRPL".to_owned(), "overdue".to_owned(), "fr".to_owned(), None, "é".to_owned(), at(1))
        .await
        .unwrap();
}

async fn same(one: &Store, other: &Store) {
    let all = |store: Store| async move { store.messages(&Filter::default(), 5000).await.unwrap() };
    let messages = all(one.clone()).await;
    assert_eq!(messages.len(), 1201);
    assert_eq!(messages, all(other.clone()).await);
    for message in messages.iter().take(50) {
        assert_eq!(one.timeline(message.id).await.unwrap(), other.timeline(message.id).await.unwrap());
        let (library, event) = (&message.library, message.event);
        assert_eq!(one.event_fields(library, event).await.unwrap(), other.event_fields(library, event).await.unwrap());
    }
    assert_eq!(one.libraries().await.unwrap(), other.libraries().await.unwrap());
    assert_eq!(one.words_in_force().await.unwrap(), other.words_in_force().await.unwrap());
    assert_eq!(
        one.counts(Some(&code("MRPL")), at(60)).await.unwrap(),
        other.counts(Some(&code("MRPL")), at(60)).await.unwrap()
    );
}

practice::on_both_databases! {
    crate::kept::Kept::at;
    a_backup_of_a_working_database_restores_to_the_same,
    nothing_is_copied_over_something,
}

async fn a_backup_of_a_working_database_restores_to_the_same(kept: Kept) {
    lived_in(&kept).await;
    let folder = tempfile::tempdir().unwrap();
    let backup = Database::Sqlite(folder.path().join("backup.db"));
    let copied = copy(&kept.database, &backup).await.unwrap();
    assert!(copied.iter().any(|(table, rows)| table == "message" && *rows == 1201), "{copied:?}");
    let restored = Store::open(backup.clone()).await.unwrap();
    same(&kept, &restored).await;
    // What is accepted is known there too: the same event told again is not a second one.
    let again = restored.accept(vec![event("MRPL", "BC-7", at(99))]).await.unwrap();
    assert!(matches!(again[0], courtesy::store::Accepted::Known { .. }), "{again:?}");
    restored.close().await;
    if let Ok(url) = practice::postgres::schema() {
        let there = Database::Postgres(url);
        copy(&backup, &there).await.unwrap();
        let moved = Store::open(there).await.unwrap();
        same(&kept, &moved).await;
        moved.close().await;
    }
}

async fn nothing_is_copied_over_something(kept: Kept) {
    kept.accept(vec![event("MRPL", "BC-1", at(0))]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = Database::Sqlite(folder.path().join("other.db"));
    let store = Store::open(other.clone()).await.unwrap();
    store.accept(vec![event("MRPL", "BC-2", at(0))]).await.unwrap();
    store.close().await;
    assert!(matches!(copy(&other, &kept.database).await, Err(NotCopied::NotEmpty(_))));
    assert_eq!(kept.messages(&Filter::default(), 9).await.unwrap().len(), 1);
}
