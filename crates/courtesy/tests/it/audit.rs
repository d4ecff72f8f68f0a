//! Who changed what, as both databases keep it.

use courtesy::id::KeyId;
use courtesy::store::{ApiKey, AuditFilter, Deed, Scope, WordsRef};

use crate::kept::Kept;
use crate::store::at;
use crate::world::{code, record};

practice::on_both_databases! {
    crate::kept::Kept::at;
    a_deed_is_written_with_what_it_does_and_not_without,
    entries_are_found_by_library_kind_and_person_the_newest_first,
    entries_written_at_the_same_time_keep_one_row,
}

fn key(second: i64) -> ApiKey {
    ApiKey {
        id: KeyId::new(at(second)),
        library: Some(code("MRPL")),
        scope: Scope::All,
        name: "ILS live".to_owned(),
        shown: "cty_live_abcd".to_owned(),
        created_at: at(second),
        revoked_at: None,
    }
}

fn deed(what: &'static str, second: i64) -> Deed {
    Deed::new(Some(&code("MRPL")), "A. Roy", what, "ILS live", at(second))
}

async fn a_deed_is_written_with_what_it_does_and_not_without(kept: Kept) {
    let key = key(1);
    kept.noting(deed("key.made", 1)).add_key(key.clone(), [1; 32]).await.unwrap();
    assert!(kept.noting(deed("key.made", 2)).add_key(key.clone(), [2; 32]).await.is_err(), "the same id again");
    assert!(kept.noting(deed("key.ended", 3)).revoke_key(key.id, at(3)).await.unwrap());
    assert!(!kept.noting(deed("key.ended", 4)).revoke_key(key.id, at(4)).await.unwrap(), "it had ended");
    let found = kept.audit(&AuditFilter::default(), 10).await.unwrap();
    let found: Vec<_> = found.iter().map(|entry| (entry.n, entry.what.as_str(), entry.at)).collect();
    assert_eq!(found, [(2, "key.ended", at(3)), (1, "key.made", at(1))]);
    assert_eq!(kept.audit_holds(Some(&code("MRPL"))).await.unwrap().broken_at, None);
}

async fn entries_are_found_by_library_kind_and_person_the_newest_first(kept: Kept) {
    kept.put_libraries(vec![record("MRPL"), record("OTHR")], "key “operator”".to_owned(), at(0)).await.unwrap();
    let mut changed = record("MRPL");
    changed.phone = Some("604-555-0100".to_owned());
    kept.put_libraries(vec![changed, record("OTHR")], "A. Roy".to_owned(), at(1)).await.unwrap();
    kept.pause(Some(code("MRPL")), "L. Côté_%!".to_owned(), at(2)).await.unwrap();
    kept.pause(Some(code("MRPL")), "L. Côté_%!".to_owned(), at(3)).await.unwrap();
    let of = WordsRef { library: String::new(), notice: "overdue".into(), language: "en".into(), version: 1 };
    let source = Some("subject: x".to_owned());
    kept.save_words(of.library, of.notice, of.language, source, "A. Roy".to_owned(), at(4)).await.unwrap();
    let whats = async |filter: AuditFilter| {
        let found = kept.audit(&filter, 10).await.unwrap();
        found.into_iter().map(|entry| entry.what).collect::<Vec<_>>()
    };
    let of = |library: &str| AuditFilter { library: Some(library.to_owned()), ..AuditFilter::default() };
    assert_eq!(whats(of("MRPL")).await, ["queue.paused", "record.changed", "record.added"]);
    assert_eq!(whats(of("OTHR")).await, ["record.added"], "what did not change is no entry");
    assert_eq!(whats(of("")).await, ["words.saved"]);
    let kind = |what: &str| AuditFilter { what: Some(what.to_owned()), ..of("MRPL") };
    assert_eq!(whats(kind("record")).await, ["record.changed", "record.added"]);
    assert_eq!(whats(kind("record.added")).await, ["record.added"]);
    assert!(whats(kind("rec")).await.is_empty());
    let by = |name: &str| AuditFilter { by: Some(name.to_owned()), ..AuditFilter::default() };
    assert_eq!(whats(by("roy")).await, ["words.saved", "record.changed"]);
    assert_eq!(whats(by("_%!")).await, ["queue.paused"]);
    let newest = kept.audit(&of("MRPL"), 1).await.unwrap();
    let change = &kept.audit(&AuditFilter { before: Some(newest[0].id), ..of("MRPL") }, 1).await.unwrap()[0];
    assert_eq!((change.changes.len(), change.changes[0].field.as_str()), (1, "phone"));
    assert_eq!((change.changes[0].was.as_str(), change.changes[0].is.as_str()), ("", "604-555-0100"));
}

async fn entries_written_at_the_same_time_keep_one_row(kept: Kept) {
    let many = (0..20).map(|second| kept.note(deed("webhook.tested", second)));
    for done in futures_util::future::join_all(many).await {
        done.unwrap();
    }
    let holds = kept.audit_holds(Some(&code("MRPL"))).await.unwrap();
    assert_eq!((holds.entries, holds.broken_at), (20, None));
}
