//! Letters: what no channel reached is printed, posted and done with; and the patron is told once, however slow mail is.

use std::time::Duration;

use courtesy::channel::Channel;
use courtesy::id::MessageId;
use courtesy::queue::State;
use courtesy::staff::Role;
use courtesy::store::{Filter, MessageRow};
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _};
use practice::provider::Trouble;
use serde_json::{Value, json};

use crate::texts::{call_back, texting_world, with_phone};
use crate::web::Browser;
use crate::world::{World, code};

/// An event of a patron with a postal address.
fn at_home(request: &str, email: &str) -> Value {
    let mut event = with_phone("MRPL", request, email);
    event["patron"]["address"] = json!(["12 Rue des Érables", "Maple Ridge BC  V2X 0A1"]);
    event
}

fn tomorrow(world: &World) -> Date {
    let library = world.app().book.library(&code("MRPL")).unwrap();
    library.today(courtesy::clock::now()).saturating_add(1.day())
}

async fn all(world: &World) -> Vec<MessageRow> {
    world.app().store.messages(&Filter { library: Some(code("MRPL")), ..Filter::default() }, 50).await.unwrap()
}

/// The message that is a letter, once it is there.
async fn letter(world: &World) -> MessageRow {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let found = all(world).await.into_iter().find(|row| row.channel == Channel::Letter);
        if let Some(row) = found {
            return row;
        }
        assert!(tokio::time::Instant::now() < deadline, "{:?}", all(world).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_neither_mail_nor_text_reached_is_in_tomorrows_letters_and_succeeds_once() {
    let (world, gateway) = texting_world(json!({ "ladder": ["mail", "text", "letter"] })).await;
    let mut event = at_home("BC-1", "nobody@gmail.example");
    event["patron"]["texts"] = json!(true);
    let mail = world.tell_one(&event).await;
    let failed = world.over(mail).await;
    assert_eq!((failed.state, failed.cause.as_deref()), (State::Failed, Some("addr.unknown")));

    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let text = loop {
        let found = all(&world).await.into_iter().find(|row| row.channel == Channel::Text);
        if let Some(row) = found.filter(|row| row.state == State::Accepted) {
            break row;
        }
        assert!(tokio::time::Instant::now() < deadline, "no text within a minute of the bounce");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let receipt = [("MessageSid", "SM1"), ("MessageStatus", "undelivered"), ("ErrorCode", "30005")];
    assert_eq!(call_back(&world, &format!("message={}", text.id), &receipt).await, 200);
    let letter = letter(&world).await;

    let day = tomorrow(&world);
    let list = world.get("/v1/libraries/MRPL/letters").await.json();
    let listed = &list["data"][0];
    assert_eq!(
        (listed["day"].as_str(), listed["message"].as_str()),
        (Some(&*day.to_string()), Some(&*letter.id.to_string()))
    );
    assert_eq!(world.get("/v1/libraries/MRPL/letters?day=2020-01-01").await.json()["data"], json!([]));
    let pdf = world.get(&format!("/v1/libraries/MRPL/letters.pdf?day={day}")).await;
    assert_eq!((pdf.status, pdf.headers["content-type"].to_str().unwrap()), (200, "application/pdf"));
    assert!(pdf.text.starts_with("%PDF-"));

    let posted = world.post("/v1/libraries/MRPL/letters/posted", &json!({ "day": day.to_string() })).await;
    assert_eq!(posted.json()["posted"], 1);
    assert_eq!(world.kinds(letter.id).await, ["next_way", "held", "posted"]);
    let again = world.post("/v1/libraries/MRPL/letters/posted", &json!({ "messages": [letter.id.to_string()] })).await;
    assert_eq!(again.json()["posted"], 0, "posted once");
    assert_eq!(successes(&world).await, [Channel::Letter], "the patron got it once");
    assert_eq!(gateway.forms().len(), 1);
    let audit = world.app().store.audit(&courtesy::store::AuditFilter::default(), 20).await.unwrap();
    assert!(audit.iter().any(|entry| entry.what == "letter.posted"), "{audit:?}");
}

/// The ways on which a patron was told for good.
async fn successes(world: &World) -> Vec<Channel> {
    all(world).await.into_iter().filter(|row| row.state == State::Accepted).map(|row| row.channel).collect()
}

#[tokio::test]
async fn a_mail_that_was_too_slow_never_arrives_beside_the_text_message_that_took_its_place() {
    let (world, gateway) = texting_world(json!({ "ladder": ["mail", "text"], "next_after_hours": 2 })).await;
    let provider = world.outside.provider("gmail.example").unwrap();
    provider.disturb(Trouble { always_tempfail: true, ..Trouble::default() });
    let mut event = at_home("BC-1", "patron@gmail.example");
    event["patron"]["texts"] = json!(true);
    let mail = world.tell_one(&event).await;
    world.until_state(mail, State::Delayed).await;
    let later = courtesy::clock::now() + SignedDuration::from_hours(2);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while world.row(mail).await.state != State::Cancelled {
        world.app().intake.climb(later).await.unwrap();
        assert!(tokio::time::Instant::now() < deadline, "{:?}", world.row(mail).await);
    }
    // Now the provider takes everything: too late for this mail.
    provider.disturb(Trouble::default());
    let text = all(&world).await.into_iter().find(|row| row.channel == Channel::Text).unwrap();
    assert_eq!(world.post(&format!("/v1/messages/{}/resend", text.id), &json!({})).await.status, 202);
    world.until_state(text.id, State::Accepted).await;
    assert_eq!(world.post("/v1/queue/flush", &json!({})).await.status, 200);
    assert_eq!((world.row(mail).await.state, gateway.forms().len()), (State::Cancelled, 1));
    assert_eq!(successes(&world).await, [Channel::Text]);
    let kinds = world.kinds(mail).await;
    assert_eq!(kinds.last().map(String::as_str), Some("climbed"), "its history says why it ended: {kinds:?}");
}

#[tokio::test]
async fn a_mail_that_is_on_the_wire_when_its_time_is_over_is_left_alone_and_its_success_ends_the_ladder() {
    let (world, gateway) = texting_world(json!({ "ladder": ["mail", "text", "letter"], "next_after_hours": 2 })).await;
    let provider = world.outside.provider("gmail.example").unwrap();
    provider.disturb(Trouble { slow: Some(Duration::from_secs(3)), ..Trouble::default() });
    let mut event = at_home("BC-1", "patron@gmail.example");
    event["patron"]["texts"] = json!(true);
    let mail = world.tell_one(&event).await;
    let later = courtesy::clock::now() + SignedDuration::from_hours(3);
    world.until_state(mail, State::Sending).await;
    assert_eq!(world.app().intake.climb(later).await.unwrap(), 0, "it may arrive at this very moment");
    world.until_state(mail, State::Accepted).await;
    assert_eq!(world.app().intake.climb(later).await.unwrap(), 0);
    assert_eq!((all(&world).await.len(), gateway.forms().len()), (1, 0));
    assert_eq!(successes(&world).await, [Channel::Mail]);
}

#[tokio::test]
async fn a_letter_that_waits_is_taken_back_when_staff_send_the_mail_to_a_better_address() {
    let (world, _gateway) = texting_world(json!({ "ladder": ["mail", "letter"] })).await;
    let mail = world.tell_one(&at_home("BC-1", "nobody@gmail.example")).await;
    world.until_state(mail, State::Failed).await;
    let letter = letter(&world).await;
    assert_eq!((letter.state, letter.cause.as_deref()), (State::Held, Some("letter.to_post")));
    let body = json!({ "to": "patron@gmail.example" });
    let again = world.post(&format!("/v1/messages/{mail}/resend"), &body).await;
    let again: MessageId = again.json()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(world.over(again).await.state, State::Accepted);
    assert_eq!(world.row(letter.id).await.state, State::Cancelled, "never two by accident");
    assert_eq!(world.get("/v1/libraries/MRPL/letters").await.json()["data"], json!([]));
}

#[tokio::test]
async fn staff_print_and_post_the_letters_of_a_day_and_one_that_cannot_wait() {
    let (world, _gateway) = texting_world(json!({ "ladder": ["letter"] })).await;
    let first = world.tell_one(&at_home("BC-1", "patron@gmail.example")).await;
    let mut unreadable = at_home("BC-2", "patron@gmail.example");
    unreadable["patron"]["address"] = json!(["北京路 1"]);
    unreadable["patron"]["ref"] = json!("778");
    world.tell_one(&unreadable).await;
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let page = desk.get("/staff/MRPL/letters").await;
    page.must_be(200).must_say("more may still come").must_say("cannot be printed here").must_not_say("12 Rue");
    let one = desk.get(&format!("/staff/MRPL/letters/file?message={first}")).await;
    assert!(one.status == 200 && one.html.starts_with("%PDF-"), "{}", one.status);
    let form = [("messages", &*first.to_string())];
    desk.send(&page, "/staff/MRPL/letters/posted", &form).await.must_be(200).must_say("Marked as posted");
    let row = world.row(first).await;
    assert_eq!((row.state, row.cause), (State::Accepted, None));
    desk.get(&format!("/staff/MRPL/messages/{first}")).await.must_say("Posted").must_say("printed and posted it");

    // On the day itself they are printed and marked together.
    let day = tomorrow(&world);
    let pdf = desk.get(&format!("/staff/MRPL/letters/file?day={day}")).await;
    assert_eq!(pdf.status, 404, "the only one left cannot be printed");
    let reader = Browser::of(&world, Role::Auditor, Some("MRPL")).await;
    let page = reader.get("/staff/MRPL/letters").await;
    assert!(!page.html.contains("letters/posted"), "who may only read posts nothing");
}

#[tokio::test]
async fn only_what_was_printed_is_marked_as_posted_and_it_is_not_taken_back_when_the_item_returns() {
    let (world, _gateway) = texting_world(json!({ "ladder": ["letter"] })).await;
    let first = world.tell_one(&at_home("BC-1", "patron@gmail.example")).await;
    let day = tomorrow(&world);
    let path = format!("/v1/libraries/MRPL/letters.pdf?day={day}");
    assert_eq!(world.get(&path).await.status, 200);
    let mut later = at_home("BC-2", "patron@gmail.example");
    later["patron"]["ref"] = json!("778");
    let second = world.tell_one(&later).await;
    // The patron fetches it while the letter lies in the out tray.
    let mut fetched = at_home("BC-1", "patron@gmail.example");
    fetched["status"] = json!("picked_up");
    world.tell(&fetched).await;
    let list = world.get("/v1/libraries/MRPL/letters").await.json();
    let printed: Vec<bool> =
        list["data"].as_array().unwrap().iter().map(|letter| letter["printed_at"].is_string()).collect();
    assert_eq!(printed, [true, false]);
    let posted = world.post("/v1/libraries/MRPL/letters/posted", &json!({ "day": day.to_string() })).await;
    assert_eq!(posted.json()["posted"], 1);
    assert_eq!((world.row(first).await.state, world.row(second).await.state), (State::Accepted, State::Held));

    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let page = desk.get("/staff/MRPL/letters").await;
    let form = [("day", &*day.to_string())];
    desk.send(&page, "/staff/MRPL/letters/posted", &form).await.must_be(200).must_say("Nothing was marked");
    let reader = Browser::of(&world, Role::Auditor, Some("MRPL")).await;
    assert_eq!(reader.get(&format!("/staff/MRPL/letters/file?day={day}")).await.status, 200);
    assert_eq!(world.row(second).await.printed_at, None, "who may only read posts nothing");
    assert_eq!(desk.get(&format!("/staff/MRPL/letters/file?day={day}")).await.status, 200);
    let page = desk.get("/staff/MRPL/letters").await;
    desk.send(&page, "/staff/MRPL/letters/posted", &form).await.must_be(200).must_say("Marked as posted");
    assert_eq!(world.row(second).await.state, State::Accepted);
}

#[tokio::test]
async fn a_letter_that_nobody_posts_ends_at_its_deadline_and_says_so() {
    let (world, _gateway) = texting_world(json!({ "ladder": ["letter"] })).await;
    let id = world.tell_one(&at_home("BC-1", "patron@gmail.example")).await;
    let row = world.row(id).await;
    let days = row.deadline.duration_since(row.created_at);
    assert_eq!((row.state, days, row.due_at), (State::Held, SignedDuration::from_hours(14 * 24), Some(row.deadline)));
}

#[tokio::test]
async fn how_patrons_are_reached_is_changed_on_its_page() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let path = "/staff/MRPL/ill-admin/reach";
    let form = admin.get(path).await;
    let good = [
        ("way1", "text"),
        ("way2", "mail"),
        ("way3", "letter"),
        ("ladders", "overdue: mail, letter"),
        ("next_after_hours", "6"),
        ("quiet_from", "20:30"),
        ("quiet_to", "08:00"),
        ("postal", "22470 Example Trunk Road\nMaple Ridge BC  V2X 0A0"),
        ("envelope", "din_5008_b"),
    ];
    let saved = admin.send(&form, path, &good).await;
    saved.must_be(200).must_say("Text message, Email, Letter").must_say("6 hours").must_say("DIN 5008");
    let reach = world.app().book.library(&code("MRPL")).unwrap().reach.clone();
    assert_eq!(reach.ladder, [Channel::Text, Channel::Mail, Channel::Letter]);
    assert_eq!(reach.ladders["overdue"], [Channel::Mail, Channel::Letter]);
    assert_eq!((reach.next_after_hours, reach.postal.len(), reach.envelope.code()), (6, 2, "din_5008_b"));
    // As the page names them, in either language, and as codes with spaces alone between them.
    admin.get(path).await.must_say("overdue: Email, Letter").must_say("ready_for_pickup");
    for order in ["Overdue: email, Letter", "En retard\u{a0}: Courriel; lettre", "overdue: mail letter"] {
        let mut form: Vec<(&str, &str)> = good.to_vec();
        form.retain(|(name, _)| *name != "ladders");
        form.push(("ladders", order));
        let page = admin.get(path).await;
        admin.send(&page, path, &form).await.must_be(200);
        let reach = world.app().book.library(&code("MRPL")).unwrap().reach.clone();
        assert_eq!(reach.ladders["overdue"], [Channel::Mail, Channel::Letter], "{order}");
    }
    for wrong in [("way1", ""), ("ladders", "nonsense: mail"), ("next_after_hours", "99"), ("quiet_from", "late")] {
        let mut bad: Vec<(&str, &str)> = good.to_vec();
        bad.retain(|(name, _)| *name != wrong.0 && (wrong.0 != "way1" || !name.starts_with("way")));
        bad.push(wrong);
        // A form counts once.
        let form = admin.get(path).await;
        admin.send(&form, path, &bad).await.must_be(422);
    }
}
