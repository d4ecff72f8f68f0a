mod upgraded;

use jiff::{SignedDuration, Timestamp};

use super::brake::{self, asked_for_brakes};
use super::copies::asked_for_uncopied;
use super::digest::asked_for_gathering;
use super::ladder::asked_for_climbing;
use super::patron::forget_consents;
use super::request::asked_for_told;
use super::statement::{Statement, query};
use super::text::{asked_for_refused, asked_whether_texted};
use super::{Claimed, NewEvent, NewMessage, NotSole, Settled, Sole, Store, StoreError};
use crate::channel::Channel;
use crate::id::EventId;
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::queue::State;

const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);
const LEASE: SignedDuration = SignedDuration::from_mins(15);

fn after(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

/// A store in a folder that goes away with it.
async fn store() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Store::open(&folder.path().join("courtesy.db")).await.unwrap(), folder)
}

/// An event of `library` with one message for one patron, due at `NOW`.
fn event(library: &str, number: u32) -> NewEvent {
    let to = (Channel::Mail, format!("p{number}@patron.example"));
    let message = NewMessage::queued("ready_for_pickup", Language::En, to, NOW, after(86_400));
    NewEvent {
        id: EventId::new(NOW),
        library: LibraryCode::parse(library).unwrap(),
        natural_key: format!("{library}/{number}"),
        request: number.to_string(),
        status: "ready_for_pickup".to_owned(),
        patron: String::new(),
        source: "api",
        fields: "{}".to_owned(),
        found_by: String::new(),
        received_at: NOW,
        messages: vec![message],
        idempotency: None,
        news: None,
    }
}

/// How SQLite finds what `statement` asks for, step by step.
pub(super) async fn steps(store: &Store, statement: Statement) -> Vec<String> {
    let mut explain = query(format!("explain query plan {}", statement.sqlite()));
    explain.values = statement.values;
    let rows = explain.fetch_all(&store.readers).await.unwrap();
    rows.iter().map(|row| row.try_get::<String>(3).unwrap()).collect()
}

async fn claim(store: &Store, libraries: &[&str], each: u32, now: Timestamp) -> Vec<Claimed> {
    let libraries = libraries.iter().map(ToString::to_string).collect();
    store.claim(libraries, each, now, now + LEASE).await.unwrap()
}

fn accepted(claimed: &Claimed) -> Settled {
    Settled {
        id: claimed.id,
        attempt: claimed.attempt,
        tried: true,
        state: State::Accepted,
        cause: None,
        due_at: None,
        refused: String::new(),
        sender: Some("shared".to_owned()),
        provider: None,
        waits_for: None,
        at: NOW,
        entries: Vec::new(),
    }
}

#[test]
fn two_processes_do_not_serve_from_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("courtesy.db");
    let first = Sole::of(&file).unwrap();
    let second = Sole::of(&file);
    assert!(matches!(&second, Err(NotSole::Taken(lock)) if lock.ends_with("courtesy.db.lock")), "{second:?}");
    drop(first);
    Sole::of(&file).unwrap();
}

#[tokio::test]
async fn what_a_dead_process_had_under_way_is_due_at_once_and_keeps_its_attempt() {
    let (store, folder) = store().await;
    store.accept(vec![event("A", 1), event("A", 2)]).await.unwrap();
    let dead = claim(&store, &["A"], 1, NOW).await;
    assert_eq!(claim(&store, &["A"], 9, after(1)).await.len(), 1, "the other one; the first is leased");

    let sole = Sole::of(&folder.path().join("courtesy.db")).unwrap();
    assert_eq!(store.take_over(&sole, after(2)).await.unwrap(), 2);
    let again = claim(&store, &["A"], 9, after(2)).await;
    assert_eq!(again.len(), 2);
    assert!(again.iter().all(|message| message.attempt == 2), "the attempt that nobody settled counts");

    // The dead process's word comes too late: its attempt number has moved on.
    let failed = Settled { state: State::Failed, ..accepted(&dead[0]) };
    assert_eq!(store.settle(vec![failed]).await.unwrap(), [false]);
    let row = store.message(None, dead[0].id).await.unwrap().unwrap();
    assert_eq!(row.state, State::Sending);
}

#[tokio::test]
async fn a_store_that_cannot_write_does_not_answer() {
    let (store, _folder) = store().await;
    store.answers().await.unwrap();
    store.writer.clone().stop().await;
    store.writer_gone().await;
    assert!(matches!(store.answers().await, Err(StoreError::Closed)), "though it could be read");
}

#[tokio::test]
async fn taking_over_leaves_alone_what_waits_or_is_over() {
    let (store, folder) = store().await;
    store.accept(vec![event("A", 1), event("A", 2)]).await.unwrap();
    let over = claim(&store, &["A"], 1, NOW).await;
    store.settle(vec![accepted(&over[0])]).await.unwrap();
    let sole = Sole::of(&folder.path().join("courtesy.db")).unwrap();
    assert_eq!(store.take_over(&sole, after(2)).await.unwrap(), 0);
}

#[tokio::test]
async fn every_library_has_its_turn_however_many_have_work() {
    let (store, _folder) = store().await;
    store.accept(["A", "B", "C", "D"].map(|library| event(library, 1)).to_vec()).await.unwrap();
    let due = |last: &'static str, most| {
        let store = &store;
        async move { store.libraries_due(NOW, last, most).await.unwrap() }
    };
    assert_eq!(due("", 2).await, ["A", "B"]);
    assert_eq!(due("B", 2).await, ["C", "D"]);
    assert_eq!(due("C", 3).await, ["D", "A", "B"]);
    assert_eq!(due("B", 9).await, ["C", "D", "A", "B"]);
    assert!(store.libraries_due(after(-1), "", 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_newer_schema_is_worked_with_unless_it_says_that_older_programs_cannot() {
    let (store, folder) = store().await;
    let file = folder.path().join("courtesy.db");
    let run = |store: &Store, text: &'static str| {
        let store = store.clone();
        async move { store.writer.write(move |tx| Box::pin(async move { query(text).execute(tx).await })).await.unwrap() }
    };
    run(
        &store,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (9000, 'of a newer version', true, x'00', 0)",
    )
    .await;
    store.close().await;
    let store = Store::open(&file).await.expect("a column more is no harm");
    run(&store, "insert into works_with (schema) values (9000)").await;
    store.close().await;
    let refused = Store::open(&file).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Newer { wanted: 9000, .. })), "{refused:?}");
}

/// A million may wait, and nearly all of them for nothing but their turn.
#[tokio::test]
async fn what_is_to_climb_or_to_be_told_together_is_found_by_its_own_index() {
    let (store, _folder) = store().await;
    let [failed, late, unseen] = asked_for_climbing(NOW, 100);
    for (statement, index) in [
        (failed, "_climbs (state=?)"),
        (late, "_climbs (state=? AND climb_at<?)"),
        (unseen, "_unseen (state=? AND climb_at<?)"),
        (asked_for_gathering(NOW), "_digest_at (digest_at>? AND digest_at<?)"),
    ] {
        assert_found_by(&store, statement, &[index]).await;
    }
}

/// That `statement` finds messages by these indexes (`message…`) alone, in this order.
async fn assert_found_by(store: &Store, statement: Statement, indexes: &[&str]) {
    let steps = steps(store, statement).await;
    let by: Vec<_> =
        steps.iter().filter_map(|step| step.split_once(" INDEX message").map(|(_, index)| index)).collect();
    assert_eq!(by, indexes, "{steps:#?}");
    let scanned = steps.iter().any(|step| ["SCAN message", "SCAN copy", "SCAN told"].contains(&step.as_str()));
    assert!(!scanned, "{steps:#?}");
}

/// An address, an event or a cause has few messages; a library, a notice or a state may have all of them.
#[tokio::test]
async fn what_is_asked_of_one_event_address_or_brake_walks_no_librarys_messages() {
    let (store, _folder) = store().await;
    let library = LibraryCode::parse("A").unwrap();
    let of_event = "_of_event (event=?)";
    let copied_to = ["staff@library.example".to_owned()];
    let uncopied = asked_for_uncopied(&library, NOW, after(86_400), &copied_to, 1000);
    assert_found_by(&store, uncopied, &["_of_library (library=? AND id>? AND id<?)", of_event]).await;
    let told = asked_for_told(&library, "1", "ready_for_pickup", "ready_for_pickup");
    assert_found_by(&store, told, &[of_event, "_of_event (event=?) LEFT-JOIN"]).await;
    let beside_mail = "_beside_mail (address=?)";
    assert_found_by(&store, asked_whether_texted(&library, "+16045550100"), &[beside_mail]).await;
    assert_found_by(&store, asked_for_refused(&library, 50), &[beside_mail]).await;
    assert_found_by(&store, forget_consents(NOW), &[beside_mail]).await;
    let of_brake = "_with_cause (library=? AND cause=?)";
    assert_found_by(&store, asked_for_brakes(None), &[of_brake, of_brake]).await;
    let next = |which| brake::piece("A", "overdue", which, &[0; 16]).bind("x").bind("x").bind(0_i64).bind(0_i64);
    for (which, index) in [
        (brake::HELD, "_with_cause (library=? AND cause=? AND id>?)"),
        (brake::WAITING, "_in_state (library=? AND state=? AND id>?)"),
    ] {
        let steps = steps(&store, next(which)).await;
        let found = steps.iter().find(|step| step.contains("id>?")).expect("the inner look begins behind an id");
        assert!(found.ends_with(&format!("INDEX message{index}")), "{steps:#?}");
        assert!(steps.iter().all(|step| !step.contains("SCAN message")), "{steps:#?}");
    }
}
