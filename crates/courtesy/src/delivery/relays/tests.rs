use super::*;
use crate::clock;

async fn relays() -> (Relays, Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("courtesy.db")).await.unwrap();
    (Relays::open(Arc::default(), store.clone()).await.unwrap(), store, folder)
}

fn two() -> Vec<Relay> {
    ["a.example", "b.example"]
        .map(|host| Relay {
            host: Domain::parse(host).unwrap(),
            region: "west".to_owned(),
            sources: Vec::new(),
            planned: None,
            until: None,
        })
        .to_vec()
}

fn hosts(relays: &[Relay]) -> Vec<&str> {
    relays.iter().map(|relay| relay.host.as_str()).collect()
}

#[tokio::test]
async fn a_drained_relay_is_out_of_use_until_it_is_resumed() {
    let (relays, store, _folder) = relays().await;
    let now = Instant::now();
    assert_eq!(hosts(&relays.in_use(two(), now)), ["a.example", "b.example"]);
    let drain = |host: &str| RelayDrain { host: host.to_owned(), since: clock::now(), by: "test".to_owned() };
    store.drain_relay(drain("a.example")).await.unwrap();
    relays.refresh().await.unwrap();
    assert_eq!(hosts(&relays.in_use(two(), now)), ["b.example"]);
    store.drain_relay(drain("b.example")).await.unwrap();
    relays.refresh().await.unwrap();
    assert_eq!(relays.in_use(two(), now), [], "what a person took out of use stays out");
    assert!(store.resume_relay("a.example".to_owned()).await.unwrap());
    assert!(!store.resume_relay("a.example".to_owned()).await.unwrap());
    relays.refresh().await.unwrap();
    assert_eq!(hosts(&relays.in_use(two(), now)), ["a.example"]);
}

#[tokio::test]
async fn a_relay_that_reaches_nobody_is_left_out_while_another_one_does() {
    let (relays, _store, _folder) = relays().await;
    let (now, [a, b]) = (Instant::now(), ["a.example", "b.example"].map(|host| Domain::parse(host).unwrap()));
    let sites: Vec<Site> = (0..5).map(|n| Site::of([&Domain::parse(&format!("mx{n}.example")).unwrap()])).collect();
    for _ in 0..9 {
        relays.unreached(&a, &sites[0], now);
    }
    assert_eq!(relays.in_use(two(), now).len(), 2, "one receiver that is down is no fault of the relay");
    sites.iter().for_each(|site| relays.unreached(&a, site, now));
    assert_eq!(hosts(&relays.in_use(two(), now)), ["b.example"]);
    assert!(relays.reaches_nobody(&a));
    // A minute later one message tries it, and no second one.
    let later = now + LEFT_OUT;
    assert_eq!(relays.in_use(two(), later).len(), 2);
    assert_eq!(hosts(&relays.in_use(two(), later)), ["b.example"]);
    relays.reached(&a, later);
    assert_eq!(relays.in_use(two(), later).len(), 2);
    // Where none reaches anybody it is not the relays.
    for relay in [&a, &b] {
        sites.iter().for_each(|site| relays.unreached(relay, site, later));
    }
    assert_eq!(relays.in_use(two(), later).len(), 2);
}

#[tokio::test]
async fn what_waits_for_a_relay_is_called_where_one_comes_and_not_where_one_is_well_again() {
    let (relays, store, _folder) = relays().await;
    let now = clock::now();
    let host = relays.here(now)[0].host.clone();
    let library = crate::library::LibraryCode::parse("MRPL").unwrap();
    let wait = |number: &'static str| crate::store::NewEvent {
        id: crate::id::EventId::new(now),
        library: library.clone(),
        natural_key: number.to_owned(),
        request: number.to_owned(),
        status: "overdue".to_owned(),
        patron: String::new(),
        source: "api",
        fields: "{}".to_owned(),
        found_by: String::new(),
        received_at: now,
        messages: vec![crate::store::NewMessage {
            id: crate::id::MessageId::new(now),
            notice: "overdue".to_owned(),
            language: "en",
            channel: crate::channel::Channel::Mail,
            address: format!("{number}@patron.example"),
            ladder: crate::channel::Ladder::default(),
            words_of: None,
            words_version: 0,
            state: crate::queue::State::Delayed,
            cause: Some(crate::store::NO_RELAY.to_owned()),
            due_at: Some(now + jiff::SignedDuration::from_mins(9)),
            deadline: now + jiff::SignedDuration::from_hours(9),
            gather: None,
            entries: Vec::new(),
        }],
        idempotency: None,
        news: None,
    };
    let due = async || store.libraries_due(now, "", 9).await.unwrap().len();
    store.accept(vec![wait("1")]).await.unwrap();
    assert_eq!(due().await, 0);
    relays.share(now).await.unwrap();
    assert_eq!(due().await, 1);
    let claimed =
        store.claim(vec!["MRPL".to_owned()], 9, now, now + jiff::SignedDuration::from_mins(15)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    store.accept(vec![wait("2")]).await.unwrap();
    let moment = Instant::now();
    for n in 0..5 {
        relays.unreached(&host, &Site::of([&Domain::parse(&format!("mx{n}.example")).unwrap()]), moment);
    }
    relays.share(now).await.unwrap();
    relays.reached(&host, moment);
    relays.share(now).await.unwrap();
    assert_eq!(due().await, 0, "it could send all the time");
}
