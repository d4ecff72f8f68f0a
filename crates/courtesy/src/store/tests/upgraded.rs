//! Rules of a database that an older version wrote, and of what many processes see of each other, on both engines.

use super::*;
use crate::id::MessageId;
use crate::intake::Told;
use crate::outcome::Cause;
use crate::outcome::stop::{ListedAddress, Strike, Weight};
use crate::store::Filter;
use crate::store::do_not_send::{self, Unlisted};
use crate::store::engine::Pool;
use crate::store::schema::{Waits, update_postgres};

pub(super) struct Both {
    store: Store,
    database: crate::config::Database,
    _folder: tempfile::TempDir,
}

impl Both {
    pub(super) async fn at(url: Option<String>) -> Self {
        use crate::config::Database;
        let folder = tempfile::tempdir().unwrap();
        let database = url.map_or_else(|| Database::Sqlite(folder.path().join("courtesy.db")), Database::Postgres);
        Self { store: Store::open(database.clone()).await.unwrap(), database, _folder: folder }
    }

    async fn run(&self, text: &'static str) {
        let write = self.store.writer.write(move |tx| Box::pin(async move { query(text).execute(tx).await }));
        write.await.unwrap();
    }
}

practice::on_both_databases! {
    crate::store::tests::upgraded::Both::at;
    what_was_told_before_an_upgrade_is_found_by_name_afterwards,
    a_claim_beside_the_transaction_that_lists_an_address_does_not_pass_for_unlisted,
    a_nul_that_an_older_version_kept_goes_with_the_upgrade,
    a_migration_that_waits_for_a_backup_lets_others_work_and_says_what_it_waits_for,
}

async fn a_migration_that_waits_for_a_backup_lets_others_work_and_says_what_it_waits_for(both: Both) {
    use std::time::Duration;

    // A file has one writer at a time, and readers of it see what was before.
    let Pool::Postgres { pool, .. } = &both.store.readers else { return };
    let moments = |millis| Duration::from_millis(millis);
    let waits = Waits { queued: moments(100), between: moments(200), at_most: moments(900) };
    both.run("delete from _sqlx_migrations where description = 'climbs'").await;
    let mut dump = pool.begin().await.unwrap();
    sqlx::raw_sql("select count(*) from message").execute(&mut *dump).await.unwrap();
    let (given_up, accepted) = tokio::join!(update_postgres(pool, waits), both.store.accept(vec![event("A", 1)]));
    let said = given_up.unwrap_err().to_string();
    assert!(said.contains(" climbs waits for a table") && said.contains("backup"), "{said}");
    accepted.unwrap();

    let waits = Waits { at_most: moments(60_000), ..waits };
    let over = async {
        tokio::time::sleep(moments(500)).await;
        dump.commit().await.unwrap();
    };
    let (done, ()) = tokio::join!(update_postgres(pool, waits), over);
    done.unwrap();
    let row = query("select count(*) from _sqlx_migrations where description = 'climbs'");
    assert_eq!(row.fetch_one(&both.store.readers).await.unwrap().try_get::<i64>(0).unwrap(), 1);
}

async fn a_nul_that_an_older_version_kept_goes_with_the_upgrade(both: Both) {
    both.store.accept(vec![event("A", 1)]).await.unwrap();
    for text in [
        r#"insert into timeline (message, at, n, what) select id, 1, 0, '{"words":"no\u0000\u0000body"}' from message"#,
        r#"insert into timeline (message, at, n, what) select id, 1, 1, '{"words":"somebody"}' from message"#,
        r#"insert into patron (library, number, record, changed_at) values ('A', '1', '{"name":"Z\u0000"}', 1)"#,
        "delete from _sqlx_migrations where description = 'no nul'",
    ] {
        both.run(text).await;
    }
    let store = Store::open(both.database.clone()).await.unwrap();
    let rows = query("select what from timeline where at = 1 union select record from patron order by 1");
    let rows = rows.fetch_all(&store.readers).await.unwrap();
    let texts: Vec<String> = rows.iter().map(|row| row.try_get(0).unwrap()).collect();
    assert_eq!(texts, [r#"{"name":"Z\ufffd"}"#, r#"{"words":"no\ufffd\ufffdbody"}"#, r#"{"words":"somebody"}"#]);
    store.close().await;
}

async fn what_was_told_before_an_upgrade_is_found_by_name_afterwards(both: Both) {
    let fields = r#"{"patron":{"id":"P-1","full_name":"Jürgen Ünal"},"fields":{"title":"Odd\u0000 title"}}"#;
    let told = NewEvent { fields: fields.to_owned(), ..event("A", 1) };
    let erased = NewEvent { fields: "{}".to_owned(), messages: Vec::new(), ..event("A", 2) };
    let odd = NewEvent { fields: "none".to_owned(), ..event("A", 3) };
    both.store.accept(vec![told, erased, odd]).await.unwrap();
    // As it was before.
    for text in [
        "drop index event_found_by",
        "drop index event_unsought",
        "alter table event drop column found_by",
        "delete from _sqlx_migrations where description = 'found by'",
    ] {
        both.run(text).await;
    }
    let store = Store::open(both.database.clone()).await.unwrap();
    let found = |words: &'static str| {
        let (store, library) = (store.clone(), LibraryCode::parse("A").unwrap());
        async move { store.search(&library, words, &Filter::default(), None, 50).await.unwrap().messages.len() }
    };
    assert_eq!(found("jurgen").await, 0);
    let found_by = |fields: &str, addresses: &[String]| {
        let told: Told = serde_json::from_str(fields).unwrap_or_default();
        told.found_by(addresses.iter().map(String::as_str))
    };
    assert_eq!(store.write_found_by(2, found_by).await.unwrap(), 2);
    assert_eq!(store.write_found_by(2, found_by).await.unwrap(), 1);
    assert_eq!(store.write_found_by(2, found_by).await.unwrap(), 0, "none is looked at twice");
    for words in ["jurgen unal", "p-1", "odd title", "p1@patron", "p3@patron"] {
        assert_eq!(found(words).await, 1, "{words}");
    }
    store.close().await;
}

async fn a_claim_beside_the_transaction_that_lists_an_address_does_not_pass_for_unlisted(both: Both) {
    let strike = Strike {
        library: LibraryCode::parse("A").unwrap(),
        address: ListedAddress::of(&"p1@patron.example".parse().unwrap()),
        cause: Cause::of("mailbox.unknown"),
        weight: Weight::Stops,
        message: MessageId::new(NOW),
        reply: String::new(),
        by: "refusal",
        at: NOW,
    };
    let write = both.store.writer.write(move |tx| {
        Box::pin(async move {
            assert!(do_not_send::note(tx, &strike).await?);
            Ok(Unlisted::now())
        })
    });
    let claimed = write.await.unwrap();
    assert!(!both.store.is_shared() || !claimed.holds(), "nobody else saw the address on the list before the commit");
}
