use jiff::Timestamp;

use super::{Lead, Seen, causes, page};
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::queue::State;
use crate::store::statement::{Statement, query};
use crate::store::{Filter, Store};

/// How the database would find what `statement` asks for.
async fn plan(store: &Store, statement: Statement) -> Vec<String> {
    let mut explain = query(format!("explain query plan {}", statement.sqlite()));
    explain.values = statement.values;
    let rows = explain.fetch_all(&store.readers).await.unwrap();
    rows.iter().map(|row| row.try_get::<String>(3).unwrap()).collect()
}

/// Every filter there can be, with and without a cursor.
fn filters() -> Vec<Filter> {
    let before = MessageId::new(Timestamp::constant(1_900_000_000, 0));
    let mut all = Vec::new();
    for bits in 0..64_u32 {
        let has = |bit: u32| bits & (1 << bit) != 0;
        let base = Filter {
            library: has(0).then(|| LibraryCode::parse("MRPL").unwrap()),
            cause: has(1).then(|| "auth".to_owned()),
            request: has(2).then(|| "BC-1".to_owned()),
            notice: has(3).then(|| "ready_for_pickup".to_owned()),
            before: has(4).then_some(before),
            ..Filter::default()
        };
        let states = if has(5) { vec![Some(State::Failed), Some(State::Accepted)] } else { vec![None] };
        all.extend(states.into_iter().map(|state| Filter { state, ..base.clone() }));
    }
    all
}

#[tokio::test]
async fn every_list_is_found_by_the_index_of_what_leads() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("courtesy.db")).await.unwrap();
    for filter in filters() {
        let lead = Lead::of(&filter);
        let plan =
            plan(&store, page(&filter, lead, &["auth.dmarc".to_owned(), "auth.spf".to_owned()], Seen::Any, 51)).await;
        let index = match (lead, filter.library.is_some()) {
            (Lead::Request, _) => "message_of_event (event=?",
            (Lead::Cause, true) => "message_with_cause (library=? AND cause=?",
            (Lead::Cause, false) => "message_with_cause_of_all (cause=?",
            (Lead::State, true) => "message_in_state (library=? AND state=?",
            (Lead::State, false) => "message_in_state_of_all (state=?",
            (Lead::Notice, true) => "message_by_notice (library=? AND notice=?",
            (Lead::Notice, false) => "message_by_notice_of_all (notice=?",
            (Lead::Time, true) => "message_of_library (library=?",
            (Lead::Time, false) => continue,
        };
        assert!(plan.iter().any(|step| step.contains(index)), "{filter:?} wants {index}: {plan:#?}");
        let reads_all = |step: &&String| step.starts_with("SCAN message");
        assert_eq!(plan.iter().find(reads_all), None, "{filter:?}: {plan:#?}");
    }
}

#[tokio::test]
async fn the_causes_there_are_are_found_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("courtesy.db")).await.unwrap();
    for of_one_library in [true, false] {
        let statement = causes(of_one_library).bind("auth").bind("auth/");
        let statement = if of_one_library { statement.bind("MRPL") } else { statement };
        let plan = plan(&store, statement).await;
        let steps: Vec<&String> = plan.iter().filter(|step| step.contains("message")).collect();
        assert!(
            !steps.is_empty() && steps.iter().all(|step| step.starts_with("SEARCH message USING COVERING INDEX")),
            "{plan:#?}"
        );
    }
}
