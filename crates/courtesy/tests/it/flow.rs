//! A notice's whole way, from the event to what became of it, on real sockets.

use std::time::Duration;

use courtesy::id::MessageId;
use courtesy::intake::{Event, Handed, Side, Strictness, Taken, Told};
use courtesy::notice::status::Status;
use courtesy::patron::Patron;
use courtesy::queue::State;
use courtesy::store::{Filter, Store};
use courtesy::timeline::What;
use practice::dns::Data;
use practice::provider::{Decision, Trouble};
use serde_json::json;

use crate::world::{World, address, code, domain, read, ready, record, seconds};

fn tempfail() -> Trouble {
    Trouble { always_tempfail: true, ..Trouble::default() }
}

#[tokio::test]
async fn an_event_becomes_a_mail_that_its_provider_accepts() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let row = world.over(id).await;
    assert_eq!((row.state, row.cause.as_deref(), row.attempts), (State::Accepted, None, 1));
    assert_eq!(row.sender.as_deref(), Some("shared"));
    assert_eq!(row.due_at, None);
    assert_eq!(world.kinds(id).await, ["told", "attempted"]);

    let kept = world.offered("patron@gmail.example");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].decision, Decision::Accepted);
    let mail = read(&kept[0]);
    assert_eq!(mail.from.to_lowercase(), "mrpl@notices.example");
    assert_eq!(mail.subject, "Ready for pickup: The Overstory");
    assert!(mail.text.contains("Amira") && mail.text.contains("Richard Powers"), "{}", mail.text);
    assert_eq!(kept[0].message_id, format!("{}@notices.example", id.bare().to_lowercase()));
}

#[tokio::test]
async fn a_refused_address_ends_the_message_and_says_whose_job_it_is() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "nobody@gmail.example")).await;
    let row = world.over(id).await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Failed, Some("addr.unknown")));
    let shown = world.get(&format!("/v1/messages/{id}/timeline")).await;
    assert!(shown.text.contains("550") && shown.text.contains("5.1.1"), "{}", shown.text);
    assert!(!shown.text.contains("nobody@gmail.example"), "an address is masked: {}", shown.text);
    assert!(!shown.json()["message"]["cause"]["fixer"].as_str().unwrap_or_default().is_empty(), "{}", shown.text);
}

#[tokio::test]
async fn no_address_is_not_a_silent_nothing() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut event = ready("MRPL", "BC-1", "");
    event["patron"]["email"] = json!(null);
    let row = world.row(world.tell_one(&event).await).await;
    assert_eq!((row.state, row.cause.as_deref(), row.due_at), (State::Failed, Some("addr.missing"), None));
}

#[tokio::test]
async fn somebody_who_asks_us_to_wait_is_asked_again_by_the_schedule() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.outside.provider("gmail.example").unwrap().disturb(tempfail());
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let row = world.until_state(id, State::Delayed).await;
    // The first wait is a minute, and up to a fifth of it chance.
    let wait = seconds(row.changed_at, row.due_at.unwrap());
    assert!((60.0..=72.0).contains(&wait), "{wait}");
    assert_eq!(row.attempts, 1);

    world.outside.provider("gmail.example").unwrap().disturb(Trouble::default());
    let flushed = world.post("/v1/queue/flush", &json!({})).await;
    assert_eq!(flushed.json()["messages"], 1);
    let row = world.over(id).await;
    assert_eq!((row.state, row.attempts), (State::Accepted, 2));
    assert_eq!(world.kinds(id).await, ["told", "attempted", "attempted"]);
}

#[tokio::test]
async fn at_its_deadline_a_message_is_over_and_says_what_kept_it() {
    let world = World::with(|config| {
        config.deadline.at_most = Duration::from_secs(2);
        config.retry.schedule = vec![Duration::from_millis(300)];
    })
    .await;
    world.library("MRPL").await;
    world.outside.provider("gmail.example").unwrap().disturb(tempfail());
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let row = world.over(id).await;
    assert_eq!(row.state, State::Failed);
    let attempts = world.attempts(id).await;
    assert_eq!(row.cause, attempts.last().unwrap().cause, "the last reason, not merely that time ran out");
    assert_eq!(row.attempts, i64::try_from(attempts.len()).unwrap(), "running out is not an attempt");
    let last = world.timeline(id).await.pop().unwrap();
    assert!(matches!(last.what, What::Expired { .. } | What::Attempted(_)), "{last:?}");
    assert!(row.changed_at <= row.deadline + jiff::SignedDuration::from_secs(30));
}

#[tokio::test]
async fn a_domain_that_takes_no_mail_is_believed() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.outside.zones().put(&domain("nullmx.example"), Data::Mx(0, None));
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@nullmx.example")).await;
    let row = world.over(id).await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Failed, Some("domain.nomail")));

    let id = world.tell_one(&ready("MRPL", "BC-2", "patron@no-such-place.example")).await;
    let row = world.over(id).await;
    assert_eq!(row.state, State::Failed);
    assert!(row.cause.as_deref().unwrap().starts_with("domain."), "{row:?}");
}

#[tokio::test]
async fn a_refusal_for_authentication_goes_out_again_under_the_shared_address_by_itself() {
    let world = World::new().await;
    let mut birch = record("BRCH");
    // Its SPF includes our relays, and its DMARC policy is reject.
    birch.from = Some(address("ill@birch.example"));
    world.put(birch).await;
    world.looked_at("birch.example").await;
    let gmail = world.outside.provider("gmail.example").unwrap();
    gmail.disturb(Trouble { refuse_for_authentication: 1, ..Trouble::default() });

    let id = world.tell_one(&ready("BRCH", "BC-1", "patron@gmail.example")).await;
    let row = world.over(id).await;
    assert_eq!((row.state, row.sender.as_deref(), row.attempts), (State::Accepted, Some("shared"), 2));
    assert_eq!(world.kinds(id).await, ["told", "attempted", "sender_changed", "attempted"]);
    let attempts = world.attempts(id).await;
    assert_eq!(attempts[0].from, "ill@birch.example");
    assert_eq!(attempts[0].sender, "own");
    assert!(attempts[0].cause.as_deref().unwrap().starts_with("auth"), "{:?}", attempts[0]);
    assert_eq!(attempts[1].sender, "shared");

    let kept = world.offered("patron@gmail.example");
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0].message_id, kept[1].message_id, "the same message, once accepted");
    assert!(matches!(kept[0].decision, Decision::Refused { .. }));
    assert_eq!(kept[1].decision, Decision::Accepted);
    assert!(read(&kept[1]).raw.contains("ill@birch.example"), "replies still go to the library");
}

#[tokio::test]
async fn a_library_that_has_not_permitted_us_is_never_spoofed() {
    let world = World::new().await;
    let mut alder = record("ALDR");
    alder.from = Some(address("ill@alder.example"));
    world.put(alder).await;
    for provider in ["gmail.example", "outlook.example", "yahoo.example", "icloud.example", "plain.example"] {
        let email = format!("patron@{provider}");
        let id = world.tell_one(&ready("ALDR", provider, &email)).await;
        let row = world.over(id).await;
        assert_eq!((row.state, row.sender.as_deref()), (State::Accepted, Some("shared")), "{provider}");
    }
    for kept in world.outside.mailboxes().kept() {
        assert_eq!(kept.from_domain, Some(domain("notices.example")));
    }
}

/// An event from a door whose sender cannot mend it.
async fn lenient(world: &World, told: Told) -> MessageId {
    let event = Event {
        library: code("MRPL"),
        request: "BC-1".to_owned(),
        status: Status::ReadyForPickup,
        side: Side::Borrowing,
        occurrence: String::new(),
        told,
        source: "iso18626",
    };
    let handed = vec![Handed { event, key: None }];
    let taken = world.app().intake.take(handed, Strictness::Lenient, false, |_| String::new()).await.unwrap();
    let [Taken::Kept(receipt)] = taken.as_slice() else { panic!("{taken:?}") };
    receipt.messages[0].id
}

#[tokio::test]
async fn a_missing_value_holds_the_message_for_staff_and_not_for_ever() {
    let world = World::with(|config| config.deadline.at_most = Duration::from_secs(2)).await;
    world.library("MRPL").await;
    let patron = Patron { email: Some(address("patron@gmail.example")), ..Patron::default() };
    let id = lenient(&world, Told { patron, ..Told::default() }).await;
    let row = world.row(id).await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Held, Some("render.field")));
    assert_eq!(row.due_at, Some(row.deadline));
    let held = world.timeline(id).await.pop().unwrap().what;
    assert!(matches!(&held, What::Held { fields, .. } if fields == &["title"]), "{held:?}");

    let row = world.over(id).await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Failed, Some("render.field")));
    assert!(world.offered("patron@gmail.example").is_empty());
}

#[tokio::test]
async fn hidden_titles_leave_in_no_part_of_the_mail() {
    let world = World::new().await;
    let mut library = record("MRPL");
    library.hide_titles = true;
    world.put(library).await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    assert_eq!(world.over(id).await.state, State::Accepted);
    let kept = world.offered("patron@gmail.example");
    let mail = mail_parser::MessageParser::default().parse(&kept[0].raw).unwrap();
    let parts = [
        mail.subject().unwrap_or_default().to_owned(),
        mail.body_text(0).unwrap().into(),
        mail.body_html(0).unwrap().into(),
    ];
    for part in parts {
        assert!(!part.contains("Overstory") && !part.contains("Powers"), "{part}");
    }
}

#[tokio::test]
async fn a_copy_is_a_message_of_its_own_that_the_patron_never_sees() {
    let world = World::new().await;
    let mut library = record("MRPL");
    library.cc = vec![address("patron-desk@plain.example"), address("nobody@plain.example")];
    world.put(library).await;
    let messages = world.tell(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    assert_eq!(messages.len(), 3);
    let mut states = Vec::new();
    for id in messages {
        let row = world.over(id).await;
        states.push((row.address, row.state));
    }
    states.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        states,
        [
            ("nobody@plain.example".to_owned(), State::Failed),
            ("patron-desk@plain.example".to_owned(), State::Accepted),
            ("patron@gmail.example".to_owned(), State::Accepted),
        ],
        "a bad copy stops nobody's notice"
    );
    let kept = world.offered("patron@gmail.example");
    assert!(!read(&kept[0]).raw.contains("plain.example"));
}

#[tokio::test]
async fn staff_who_lend_are_told_of_what_lenders_are_told() {
    let world = World::new().await;
    let mut library = record("MRPL");
    library.borrowing_staff = vec![address("patron-borrow@gmail.example")];
    library.lending_staff = vec![address("patron-lend@gmail.example")];
    world.put(library).await;
    let event = json!({ "library": "MRPL", "request": "BC-9", "status": "new_lending_request",
        "fields": { "title": "The Overstory", "partner_name": "Alder Bay" } });
    let id = world.tell_one(&event).await;
    assert_eq!(world.over(id).await.notice, "new_lending_request.lending");
    assert_eq!(world.offered("patron-lend@gmail.example").len(), 1);
    assert!(world.offered("patron-borrow@gmail.example").is_empty());
}

#[tokio::test]
async fn a_notice_that_is_off_is_not_written() {
    let world = World::new().await;
    world.library("MRPL").await;
    let path = "/v1/libraries/MRPL/notices/ready_for_pickup";
    let answer = world.request("PUT", path, &world.key, &[], r#"{"on":false}"#).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(world.tell(&ready("MRPL", "BC-1", "patron@gmail.example")).await.is_empty());
    world.request("PUT", path, &world.key, &[], r#"{"on":true}"#).await;
    assert_eq!(world.tell(&ready("MRPL", "BC-2", "patron@gmail.example")).await.len(), 1);
}

#[tokio::test]
async fn a_patron_is_written_to_in_their_language() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut event = ready("MRPL", "BC-1", "patron@gmail.example");
    event["patron"]["language"] = json!("fr");
    let row = world.over(world.tell_one(&event).await).await;
    assert_eq!((row.state, row.language.as_str()), (State::Accepted, "fr"));
    let mail = read(&world.offered("patron@gmail.example")[0]);
    assert!(mail.subject.starts_with("À venir chercher"), "{}", mail.subject);
    // Spaces that do not break stand between day, month and year.
    assert!(mail.text.replace('\u{a0}', " ").contains("1er décembre 2026"), "{}", mail.text);
    assert!(mail.text.contains("Bibliothèque de Maple Ridge"), "{}", mail.text);
}

#[tokio::test]
async fn a_message_that_waits_can_be_taken_back_and_one_that_is_over_cannot() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.outside.provider("gmail.example").unwrap().disturb(tempfail());
    let waiting = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(waiting, State::Delayed).await;
    let answer = world.post(&format!("/v1/messages/{waiting}/cancel"), &json!({})).await;
    assert_eq!((answer.status, answer.json()["state"].as_str()), (200, Some("cancelled")), "{}", answer.text);
    assert_eq!(world.kinds(waiting).await, ["told", "attempted", "cancelled"]);
    assert_eq!(world.row(waiting).await.due_at, None);

    let again = world.post(&format!("/v1/messages/{waiting}/cancel"), &json!({})).await;
    assert_eq!((again.status, again.json()["code"].as_str()), (409, Some("conflict")));
}

#[tokio::test]
async fn a_message_sent_again_to_a_better_address_has_a_history_of_its_own() {
    let world = World::new().await;
    world.library("MRPL").await;
    let first = world.tell_one(&ready("MRPL", "BC-1", "nobody@gmail.example")).await;
    world.over(first).await;
    let to = json!({ "to": "patron-right@gmail.example" });
    let answer = world.post(&format!("/v1/messages/{first}/resend"), &to).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let second: MessageId = answer.json()["id"].as_str().unwrap().parse().unwrap();
    assert_ne!(first, second);
    assert_eq!(world.over(second).await.state, State::Accepted);
    assert_eq!(world.kinds(first).await, ["told", "attempted", "address_stopped", "resent"]);
    assert_eq!(world.kinds(second).await, ["repeats", "attempted"]);
    assert_eq!(world.row(first).await.state, State::Failed, "what became of the first stays told");
}

#[tokio::test]
async fn a_waiting_message_sent_elsewhere_is_taken_back_and_says_both() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.outside.provider("gmail.example").unwrap().disturb(tempfail());
    let first = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(first, State::Delayed).await;
    let answer = world.post(&format!("/v1/messages/{first}/resend"), &json!({ "to": "patron@yahoo.example" })).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let second: MessageId = answer.json()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(world.over(second).await.state, State::Accepted);
    assert_eq!(world.row(first).await.state, State::Cancelled);
    assert_eq!(world.kinds(first).await, ["told", "attempted", "resent", "cancelled"]);
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_hands_the_rest_back() {
    let world = World::with(|config| config.limits.in_flight = 1).await;
    world.library("MRPL").await;
    let slow = Trouble { slow: Some(Duration::from_millis(700)), ..Trouble::default() };
    world.outside.provider("gmail.example").unwrap().disturb(slow);
    for number in 0..12 {
        let email = format!("patron-{number}@gmail.example");
        world.tell_one(&ready("MRPL", &format!("BC-{number}"), &email)).await;
    }
    let World { outside, service, folder, .. } = world;
    let began = std::time::Instant::now();
    service.stop().await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "a stop waits for conversations and for nothing else: {took:?}");

    let store = Store::open(&folder.path().join("data/courtesy.db")).await.unwrap();
    let rows = store.messages(&Filter::default(), 100).await.unwrap();
    assert_eq!(rows.len(), 12);
    let accepted = rows.iter().filter(|row| row.state == State::Accepted).count();
    assert_eq!(outside.mailboxes().count(), accepted, "what a provider took is written down");
    assert!(accepted < 12, "there was something to hand back");
    for row in rows.iter().filter(|row| row.state != State::Accepted) {
        assert_eq!((row.state, row.attempts), (State::Queued, 0), "not left to a lease: {row:?}");
    }
    store.close().await;
}

#[tokio::test]
async fn what_was_accepted_before_a_stop_leaves_after_the_next_start() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.outside.provider("gmail.example").unwrap().disturb(tempfail());
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(id, State::Delayed).await;
    let config = (*world.app().config).clone();
    let World { outside, service, .. } = world;
    service.stop().await;
    outside.provider("gmail.example").unwrap().disturb(Trouble::default());

    let service = courtesy::service::Service::start(config).await.unwrap();
    service.app.store.flush(None, courtesy::clock::now()).await.unwrap();
    service.app.wake.notify_one();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let row = service.app.store.message(None, id).await.unwrap().unwrap();
        if row.state == State::Accepted {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{row:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    service.stop().await;
}
