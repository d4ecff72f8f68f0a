use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::{Page, Sought, of_request, with_words};
use crate::channel::Channel;
use crate::id::EventId;
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::patron;
use crate::queue::State;
use crate::store::tests::steps;
use crate::store::{Filter, NewEvent, NewMessage, Store};

const START: Timestamp = Timestamp::constant(1_900_000_000, 0);

fn code(text: &str) -> LibraryCode {
    LibraryCode::parse(text).unwrap()
}

/// One event an hour, each with a message in a state of its own.
async fn with_events(told: &[(&str, &str, State)]) -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("courtesy.db")).await.unwrap();
    for (hour, (library, words, state)) in told.iter().enumerate() {
        let at = START + SignedDuration::from_hours(i64::try_from(hour).unwrap());
        let to = (Channel::Mail, format!("p{hour}@patron.example"));
        let queued = NewMessage::queued("overdue", Language::En, to, at, at);
        let message = NewMessage { state: *state, due_at: None, ..queued };
        let event = NewEvent {
            id: EventId::new(at),
            library: code(library),
            natural_key: hour.to_string(),
            request: format!("BC-{hour}"),
            status: "overdue".to_owned(),
            patron: String::new(),
            source: "api",
            fields: "{}".to_owned(),
            found_by: patron::found_by([*words, &format!("p{hour}@patron.example")]),
            received_at: at,
            messages: vec![message],
            idempotency: None,
            news: None,
        };
        store.accept(vec![event]).await.unwrap();
    }
    (store, folder)
}

fn requests(sought: &Sought) -> Vec<&str> {
    sought.messages.iter().map(|message| message.request.as_str()).collect()
}

#[tokio::test]
async fn every_word_must_be_there_in_any_order_and_with_or_without_accents() {
    let told = [
        ("MRPL", "Jürgen Müller", State::Accepted),
        ("MRPL", "Jurgen Osei", State::Failed),
        ("OTHR", "Jürgen Müller", State::Accepted),
        ("MRPL", "100%_wool!", State::Accepted),
    ];
    let (store, _folder) = with_events(&told).await;
    let all = Filter::default();
    for (typed, found) in [
        ("jürgen", vec!["BC-1", "BC-0"]),
        ("MULLER jur", vec!["BC-0"]),
        ("müller osei", vec![]),
        ("100%_wool!", vec!["BC-3"]),
        ("0_wool", vec![]),
        ("   ", vec![]),
        ("BC-1", vec!["BC-1"]),
        ("p1@patron.example", vec!["BC-1"]),
        // Another library's.
        ("BC-2", vec![]),
        ("p2@patron.example", vec![]),
    ] {
        let sought = store.search(&code("MRPL"), typed, &all, None, 25).await.unwrap();
        assert_eq!(requests(&sought), found, "{typed}");
        assert_eq!((sought.next, sought.is_cut), (None, false), "{typed}");
    }
    let failed = Filter { state: Some(State::Failed), ..Filter::default() };
    assert_eq!(requests(&store.search(&code("MRPL"), "jurgen", &failed, None, 25).await.unwrap()), ["BC-1"]);
}

#[tokio::test]
async fn pages_follow_each_other_and_what_is_further_back_is_found_by_looking_on() {
    let told: Vec<_> = (0..30)
        .map(|number| ("MRPL", if number % 10 == 0 { "Amira Osei" } else { "Kwame Asante" }, State::Accepted))
        .collect();
    let (store, _folder) = with_events(&told).await;
    let (library, all) = (code("MRPL"), Filter::default());
    let first = store.search(&library, "osei", &all, None, 2).await.unwrap();
    assert_eq!((requests(&first), first.is_cut), (vec!["BC-20", "BC-10"], false));
    let second = store.search(&library, "osei", &all, first.next, 2).await.unwrap();
    assert_eq!((requests(&second), second.next), (vec!["BC-0"], None));

    let page = Page { most: 25, through: 12 };
    let mut found = Vec::new();
    let (mut next, mut pages) = (None, 0);
    loop {
        let sought = store.looked_for(&library, "osei", &all, next, page).await.unwrap();
        found.extend(requests(&sought).into_iter().map(str::to_owned));
        assert_eq!(sought.is_cut, sought.next.is_some());
        pages += 1;
        next = sought.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (vec!["BC-20".to_owned(), "BC-10".to_owned(), "BC-0".to_owned()], 3));
}

#[tokio::test]
async fn what_else_is_asked_for_may_leave_out_many_and_the_rest_is_found() {
    let told: Vec<_> = (0..150)
        .map(|number| ("MRPL", "Amira Osei", if number == 3 { State::Failed } else { State::Accepted }))
        .collect();
    let (store, _folder) = with_events(&told).await;
    let failed = Filter { state: Some(State::Failed), ..Filter::default() };
    let sought = store.search(&code("MRPL"), "osei", &failed, None, 25).await.unwrap();
    assert_eq!((requests(&sought), sought.next), (vec!["BC-3"], None));
}

#[tokio::test]
async fn a_search_reads_indices_alone() {
    let (store, _folder) = with_events(&[]).await;
    let last = [0xff_u8; 16];
    let library = code("MRPL");
    let of_words = with_words(&library, &["osei".to_owned()], &last, &[0; 16]);
    for (statement, index) in [
        (of_request().bind("MRPL").bind(last).bind("BC-1"), "event_request (request=? AND library=?)"),
        (of_words, "COVERING INDEX event_found_by (library=? AND id>? AND id<?)"),
    ] {
        let steps = steps(&store, statement).await;
        assert!(steps.iter().any(|step| step.contains(index)), "{index}: {steps:#?}");
        assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:#?}");
    }
}
