//! Running it: metrics, health, a stop with many under way.

use std::time::Duration;

use courtesy::queue::State;
use courtesy::store::{Filter, Store};
use practice::provider::Trouble;
use serde_json::json;

use crate::world::{World, ready};

/// The value of a line of metrics.
#[track_caller]
fn value(text: &str, line: &str) -> f64 {
    let found = text.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {line} in\n{text}")).parse().unwrap()
}

#[tokio::test]
async fn what_is_sent_is_counted_by_cause_and_provider_and_nobody_is_named() {
    let world = World::new().await;
    world.library("MRPL").await;
    for email in ["patron@gmail.example", "nobody-there@gmail.example"] {
        let id = world.tell_one(&ready("MRPL", email, email)).await;
        world.over(id).await;
    }
    let answer = world.get("/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = answer.text;
    let attempt = |cause: &str, outcome: &str| {
        format!(
            r#"courtesy_attempts_total{{cause="{cause}",outcome="{outcome}",provider="Gmail",relay="out1.notices.example"}}"#
        )
    };
    assert_eq!(value(&text, &attempt("", "accepted")), 1.0);
    assert_eq!(value(&text, &attempt("addr.unknown", "refused")), 1.0);
    assert_eq!(value(&text, r#"courtesy_events_total{source="api"}"#), 2.0);
    assert_eq!(value(&text, r#"courtesy_acceptance_seconds_count{urgency="now"}"#), 1.0);
    assert_eq!(value(&text, r#"courtesy_messages{state="queued"}"#), 0.0);
    assert_eq!(value(&text, "courtesy_oldest_due_seconds"), 0.0);
    assert_eq!(value(&text, "courtesy_database_up"), 1.0);
    for secret in ["@", "nobody-there", "Amira", "Overstory"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
}

#[tokio::test]
async fn metrics_want_the_consortiums_key_or_a_door_of_their_own() {
    let world = World::with(|config| config.listen.metrics = Some("127.0.0.1:0".parse().unwrap())).await;
    world.library("MRPL").await;
    let of_library = world.new_key(Some("MRPL")).await;
    assert_eq!(world.request("GET", "/metrics", "", &[], "").await.status, 401);
    assert_eq!(world.request("GET", "/metrics", &of_library, &[], "").await.status, 403);
    let door = world.service.metrics.expect("it has a door of its own");
    for path in ["/metrics", "/health", "/health/live", "/health/ready"] {
        let answer = reqwest::get(format!("http://{door}{path}")).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    assert_eq!(reqwest::get(format!("http://{door}/v1/queue")).await.unwrap().status(), 404, "nothing else is there");
}

#[tokio::test]
async fn whoever_is_told_to_stop_is_alive_and_not_ready_and_takes_what_still_comes() {
    let world = World::with(|config| config.limits.in_flight = 1).await;
    world.library("MRPL").await;
    let ready_now = world.get("/health/ready").await;
    assert_eq!((ready_now.status, ready_now.json()["status"].as_str()), (200, Some("pass")));
    let slow = Trouble { slow: Some(Duration::from_secs(1)), ..Trouble::default() };
    world.outside.provider("gmail.example").unwrap().disturb(slow);
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(id, State::Sending).await;

    let (http, key) = (world.service.http, world.key.clone());
    let World { service, folder, outside, .. } = world;
    let stopping = tokio::spawn(service.stop());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let at = |path: &str| format!("http://{http}{path}");
    let not_ready = loop {
        let answer = client.get(at("/health/ready")).send().await.unwrap();
        if answer.status() == 503 {
            break answer.json::<serde_json::Value>().await.unwrap();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(not_ready["missing"], json!(["stopping"]));
    assert_eq!(client.get(at("/health/live")).send().await.unwrap().status(), 200);
    let late = ready("MRPL", "BC-2", "patron@gmail.example").to_string();
    let taken = client.post(at("/v1/events")).bearer_auth(&key).body(late).send().await.unwrap();
    assert_eq!(taken.status(), 202, "what comes while the engines finish is on disk too");
    stopping.await.unwrap();

    let store = Store::open(&folder.path().join("data/courtesy.db")).await.unwrap();
    let rows = store.messages(&Filter::default(), 10).await.unwrap();
    let states: Vec<State> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states, [State::Queued, State::Accepted], "the newest first");
    assert_eq!(outside.mailboxes().count(), 1);
    store.close().await;
}

#[tokio::test]
async fn a_stop_with_hundreds_under_way_leaves_nothing_to_a_lease() {
    const MESSAGES: usize = 300;
    let world = World::with(|config| config.limits.in_flight = 100).await;
    world.library("MRPL").await;
    for provider in ["gmail.example", "yahoo.example", "icloud.example"] {
        let slow = Trouble { slow: Some(Duration::from_millis(300)), ..Trouble::default() };
        world.outside.provider(provider).unwrap().disturb(slow);
    }
    let domains = ["gmail.example", "yahoo.example", "icloud.example"];
    let lines: Vec<String> = (0..MESSAGES)
        .map(|n| ready("MRPL", &format!("BC-{n}"), &format!("patron-{n}@{}", domains[n % 3])).to_string())
        .collect();
    let answer = world.request("POST", "/v1/events:batch", &world.key, &[], &lines.join("\n")).await;
    assert!(answer.status < 300, "{}", answer.text);
    let World { outside, service, folder, .. } = world;
    // Some are through, many are under way, and many have not been claimed.
    while outside.mailboxes().count() < 20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let began = std::time::Instant::now();
    service.stop().await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());

    let store = Store::open(&folder.path().join("data/courtesy.db")).await.unwrap();
    let rows = store.messages(&Filter::default(), 1000).await.unwrap();
    assert_eq!(rows.len(), MESSAGES);
    let accepted = rows.iter().filter(|row| row.state == State::Accepted).count();
    assert_eq!(outside.mailboxes().count(), accepted, "what a provider took is written down");
    assert!(accepted < MESSAGES, "there was something to hand back");
    let left: Vec<_> = rows.iter().filter(|row| row.state == State::Sending).collect();
    assert!(left.is_empty(), "not left to a lease: {} of {MESSAGES}", left.len());
    store.close().await;
}

#[tokio::test]
async fn a_process_that_lost_a_part_of_itself_says_which() {
    let World { outside: _outside, mut service, folder: _folder, .. } = World::new().await;
    let whole = tokio::time::timeout(Duration::from_millis(200), service.broken()).await;
    assert!(whole.is_err(), "nothing is missed while all works: {whole:?}");
    service.app.store.clone().close().await;
    let part = tokio::time::timeout(Duration::from_secs(20), service.broken()).await;
    assert_eq!(part.unwrap(), "the store's writer");
    tokio::time::timeout(Duration::from_secs(20), service.stop()).await.expect("what is left of it stops");
}

/// `count` overdue notices of MRPL, as one batch.
fn overdue(count: usize) -> String {
    let line = |n: usize| {
        json!({ "library": "MRPL", "request": format!("M-{n}"), "status": "overdue",
            "patron": { "email": format!("patron-{n}@gmail.example"), "first_name": "Amira" },
            "fields": { "title": "The Overstory", "due_date": "2026-11-30" } })
        .to_string()
    };
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

async fn braked() -> World {
    let world = World::with(|config| config.brake.notices = 20).await;
    world.library("MRPL").await;
    world
}

#[tokio::test]
async fn so_many_at_once_are_held_until_a_person_lets_them_go() {
    let world = braked().await;
    let answer = world.request("POST", "/v1/events:batch", &world.key, &[], &overdue(30)).await;
    for line in answer.lines() {
        assert_eq!(line["messages"][0]["state"], "held", "{line}");
        assert_eq!(line["messages"][0]["cause"], "brake", "{line}");
    }
    // Another notice of the same library goes out.
    let pickup = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    assert_eq!(world.over(pickup).await.state, State::Accepted);
    let queue = world.get("/v1/queue").await.json();
    assert_eq!(queue["brakes"][0]["notice"], "overdue");
    assert_eq!(queue["brakes"][0]["held"], 30);
    assert_eq!(world.outside.mailboxes().count(), 1, "none of the mass has left");

    let body = json!({ "library": "MRPL", "notice": "overdue" });
    let of_another = world.new_key(Some("ALDR")).await;
    let refused = world.request("POST", "/v1/queue/let-go", &of_another, &[], &body.to_string()).await;
    assert!(matches!(refused.status, 403 | 404), "{}", refused.text);
    let gone = world.post("/v1/queue/let-go", &body).await;
    assert_eq!(gone.json()["messages"], 30, "{}", gone.text);
    let first: courtesy::id::MessageId = answer.lines()[0]["messages"][0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(world.over(first).await.state, State::Accepted);
    assert_eq!(world.kinds(first).await, ["told", "held", "released", "attempted"]);
    assert_eq!(world.get("/v1/queue").await.json()["brakes"], json!([]));
    assert_eq!(world.post("/v1/queue/let-go", &body).await.status, 200, "asked for again, it finds nothing left");
}

#[tokio::test]
async fn what_is_dropped_never_leaves_and_what_was_told_before_is_no_mass() {
    let world = braked().await;
    let mut library = crate::world::record("MRPL");
    library.borrowing_staff = vec![crate::world::address("patron-desk@yahoo.example")];
    library.switches.insert("overdue.borrowing".to_owned(), false);
    world.put(library).await;
    let few = world.request("POST", "/v1/events:batch", &world.key, &[], &overdue(15)).await;
    assert_eq!(few.lines()[0]["messages"][0]["state"], "queued");
    // The same again, and again: nothing new.
    for _ in 0..3 {
        world.request("POST", "/v1/events:batch", &world.key, &[], &overdue(15)).await;
    }
    assert_eq!(world.get("/v1/queue").await.json()["brakes"], json!([]));
    let many = world.request("POST", "/v1/events:batch", &world.key, &[], &overdue(40)).await;
    let last: courtesy::id::MessageId = many.lines()[39]["messages"][0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(world.row(last).await.state, State::Held);
    let dropped = world.post("/v1/queue/drop", &json!({ "library": "MRPL", "notice": "overdue" })).await;
    assert!(dropped.json()["messages"].as_u64().unwrap() >= 25, "{}", dropped.text);
    assert_eq!(world.row(last).await.state, State::Cancelled);
    assert_eq!(world.kinds(last).await, ["told", "held", "cancelled"]);
    crate::sender_flow::until("the desk is told", async || !world.offered("patron-desk@yahoo.example").is_empty())
        .await;
    let told: Vec<String> =
        world.offered("patron-desk@yahoo.example").iter().map(|kept| crate::world::read(kept).text).collect();
    let told = told.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("More than 20 notices") && told.contains("--library MRPL --notice overdue"), "{told}");
    let nothing = world.post("/v1/queue/drop", &json!({ "library": "MRPL", "notice": "recalled" })).await;
    assert_eq!(nothing.status, 409, "{}", nothing.text);
}

#[tokio::test]
async fn one_pickup_does_not_wait_for_another_librarys_thousands() {
    const THOUSANDS: usize = 2_000;
    let world = World::with(|config| config.brake.notices = 0).await;
    world.library("MRPL").await;
    world.library("FEW").await;
    // A receiver that takes its time: the thousands need minutes.
    let slow = Trouble { slow: Some(Duration::from_millis(100)), ..Trouble::default() };
    world.outside.provider("gmail.example").unwrap().disturb(slow);
    let answer = world.request("POST", "/v1/events:batch", &world.key, &[], &overdue(THOUSANDS)).await;
    assert!(answer.status < 300, "{}", answer.text);
    while world.outside.mailboxes().count() < 50 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (began, before) = (std::time::Instant::now(), world.outside.mailboxes().count());
    let pickup = world.tell_one(&ready("FEW", "BC-1", "patron@gmail.example")).await;
    assert_eq!(world.over(pickup).await.state, State::Accepted);
    let between = world.outside.mailboxes().count() - before;
    println!("{:?} and {between} messages of the other library later", began.elapsed());
    assert!(between < THOUSANDS / 10, "{between} of the other library went first");
}
