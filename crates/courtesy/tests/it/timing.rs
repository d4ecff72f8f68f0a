//! Reminders by dates, and notices that are looked at again before they leave.

use courtesy::channel::Channel;
use courtesy::clock::now;
use courtesy::config::Role;
use courtesy::library::Timing;
use courtesy::queue::State;
use courtesy::store::{Filter, Kept, MessageRow};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::world::{World, code, read, ready, record};

/// An event of request BC-1's patron.
fn event(status: &str, fields: Value) -> Value {
    let mut event = ready("MRPL", "BC-1", "patron@gmail.example");
    event["status"] = json!(status);
    event["fields"] = fields;
    event["fields"]["title"] = json!("The Overstory");
    event
}

async fn paused(world: &World, is_paused: bool) {
    let what = if is_paused { "pause" } else { "resume" };
    let answer = world.post(&format!("/v1/queue/{what}"), &json!({ "library": "MRPL" })).await;
    assert!(answer.status < 300, "{}", answer.text);
}

async fn of_notice(world: &World, notice: &str) -> Vec<MessageRow> {
    let filter = Filter { library: Some(code("MRPL")), notice: Some(notice.to_owned()), ..Filter::default() };
    world.app().store.messages(&filter, 50).await.unwrap()
}

#[tokio::test]
async fn what_is_no_longer_true_at_its_turn_is_not_sent_and_says_why() {
    let world = World::new().await;
    world.library("MRPL").await;
    paused(&world, true).await;
    let first = world.tell_one(&event("ready_for_pickup", json!({ "pickup_by": "2031-12-01" }))).await;
    assert!(world.tell(&event("picked_up", json!({}))).await.is_empty(), "nobody is told of that");
    paused(&world, false).await;
    let row = world.over(first).await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Cancelled, Some("untrue.picked_up")));
    assert_eq!(world.kinds(first).await, ["told", "not_sent"]);
    let timeline = world.get(&format!("/v1/messages/{first}/timeline")).await.json();
    assert_eq!(timeline["entries"][1]["words"], "It was no longer true: the patron had already picked it up");
    assert!(world.offered("patron@gmail.example").is_empty());
}

#[tokio::test]
async fn an_event_that_comes_late_changes_nothing_that_happened_after_it() {
    let world = World::new().await;
    world.library("MRPL").await;
    let returned = event("returned", json!({}));
    world.tell(&returned).await;
    let mut late = event("ready_for_pickup", json!({ "pickup_by": "2031-12-01" }));
    late["at"] = json!((now() - SignedDuration::from_hours(30)).to_string());
    let late = world.tell_one(&late).await;
    let row = world.over(late).await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Cancelled, Some("untrue.returned")));
    // Without its time it would have happened now: the item is back on the shelf.
    let mut again = event("ready_for_pickup", json!({ "pickup_by": "2031-12-02" }));
    again["occurrence"] = json!("2");
    assert_eq!(world.over(world.tell_one(&again).await).await.state, State::Accepted);
}

#[tokio::test]
async fn a_correction_goes_only_to_who_was_told() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut undo = event("correction", json!({}));
    undo["undoes"] = json!("Received - no attachments");

    paused(&world, true).await;
    let never = world.tell_one(&event("ready_for_pickup", json!({}))).await;
    let needless = world.tell_one(&undo).await;
    paused(&world, false).await;
    assert_eq!(world.over(never).await.cause.as_deref(), Some("untrue.undone"));
    assert_eq!(world.over(needless).await.cause.as_deref(), Some("untrue.untold"));
    assert!(world.offered("patron@gmail.example").is_empty());

    let mut told = event("ready_for_pickup", json!({}));
    told["occurrence"] = json!("2");
    assert_eq!(world.over(world.tell_one(&told).await).await.state, State::Accepted);
    undo["occurrence"] = json!("2");
    assert_eq!(world.over(world.tell_one(&undo).await).await.state, State::Accepted);
    let mails = world.offered("patron@gmail.example");
    assert_eq!(mails.len(), 2);
    assert!(read(&mails[1]).text.contains("Received – no attachments"), "{}", read(&mails[1]).text);

    undo["undoes"] = json!("no such status");
    assert_eq!(world.post("/v1/events", &undo).await.status, 422);
    let mut other = event("overdue", json!({}));
    other["undoes"] = json!("recalled");
    assert_eq!(world.post("/v1/events", &other).await.status, 422);
}

/// Nine in the morning at the library, so many days before or after `day`, and half an hour more.
fn morning(day: jiff::civil::Date, days: i64) -> Timestamp {
    let day = day.checked_add(days.days()).unwrap();
    day.at(9, 30, 0, 0).in_tz("America/Vancouver").unwrap().timestamp()
}

#[tokio::test]
async fn reminders_are_made_once_move_with_the_date_and_follow_new_settings() {
    // Who else makes reminders has the clock of this machine.
    let world = World::with(|config| config.roles = vec![Role::Intake]).await;
    let library = |due_soon_days: Vec<u8>, overdue_days: Vec<u8>| {
        let timing = Timing { due_soon_days, overdue_days, ..Timing::default() };
        courtesy::library::Library { timing, ..record("MRPL") }
    };
    world.put(library(vec![3], vec![])).await;
    let intake = &world.app().intake;
    intake.remind(now()).await.unwrap();
    let today = now().in_tz("America/Vancouver").unwrap().date();
    let due = today.checked_add(30.days()).unwrap();
    world.tell_one(&event("ready_for_pickup", json!({ "due_date": due.to_string() }))).await;

    assert_eq!(intake.remind(morning(due, -4)).await.unwrap(), 0, "nothing is looked at before its time");
    assert_eq!(intake.remind(morning(due, -3)).await.unwrap(), 1);
    assert_eq!(intake.remind(morning(due, -3)).await.unwrap(), 0);
    let reminders = of_notice(&world, "due_soon").await;
    assert_eq!(reminders.len(), 1);
    assert_eq!(reminders[0].due_at, Some(morning(due, -3)));
    let told = world.app().store.event_fields(&code("MRPL"), reminders[0].event).await.unwrap().unwrap();
    assert!(told.contains("The Overstory") && told.contains(&due.to_string()), "{told}");

    let later = due.checked_add(10.days()).unwrap();
    world.tell(&event("renewal_accepted", json!({ "new_due_date": later.to_string() }))).await;
    assert_eq!(intake.remind(morning(due, 1)).await.unwrap(), 0);
    assert_eq!(intake.remind(morning(later, -3)).await.unwrap(), 1);
    assert_eq!(of_notice(&world, "due_soon").await.len(), 2, "another day, another reminder");

    // The fourth day has passed under the new settings: it is not made up for.
    world.put(library(vec![4, 1], vec![2])).await;
    assert_eq!(intake.remind(morning(later, -3)).await.unwrap(), 0);
    assert_eq!(intake.remind(morning(later, -1)).await.unwrap(), 1);
    assert_eq!(intake.remind(morning(later, 2)).await.unwrap(), 1);
    assert_eq!(of_notice(&world, "due_soon").await.len(), 3);
    assert_eq!(of_notice(&world, "overdue").await.len(), 1);
    world.tell(&event("returned", json!({}))).await;
    assert_eq!(intake.remind(morning(later, 40)).await.unwrap(), 0, "what is over has no reminders");
}

#[tokio::test]
async fn a_letter_that_is_no_longer_true_is_not_printed() {
    let world = World::with(|config| config.roles = vec![Role::Intake]).await;
    let mut library = record("MRPL");
    library.reach.ladder = vec![Channel::Letter];
    world.put(library.clone()).await;
    let mut ready = event("ready_for_pickup", json!({}));
    ready["patron"]["address"] = json!(["12 Rue des Érables", "Maple Ridge BC  V2X 0A1"]);
    let letter = world.tell_one(&ready).await;
    let intake = &world.app().intake;
    assert_eq!(intake.letters(&library, None, now()).await.unwrap().len(), 1);
    world.tell(&event("picked_up", json!({}))).await;
    assert!(intake.letters(&library, None, now()).await.unwrap().is_empty());
    let row = world.row(letter).await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Cancelled, Some("untrue.picked_up")));
}

#[tokio::test]
async fn a_request_is_forgotten_with_its_messages_unless_a_reminder_is_ahead() {
    let world = World::with(|config| config.roles = vec![Role::Intake]).await;
    world.library("MRPL").await;
    let mut ahead = event("ready_for_pickup", json!({ "due_date": "2131-12-01" }));
    ahead["request"] = json!("BC-2");
    world.tell(&ahead).await;
    world.tell(&event("cancelled", json!({}))).await;
    let (store, later) = (&world.app().store, now() + SignedDuration::from_hours(24));
    let is_known = async |request: &str| store.request(&code("MRPL"), request).await.unwrap().is_some();
    assert!(is_known("BC-1").await && is_known("BC-2").await);
    store.erase_slice(code("MRPL"), Kept::Content, later, later, None).await.unwrap();
    assert!(!is_known("BC-1").await && is_known("BC-2").await);
}

#[tokio::test]
async fn what_an_iso_18626_message_tells_of_a_loan_reminds_too() {
    let world = World::with(|config| config.roles = vec![Role::Intake]).await;
    world.put(record("MRPL")).await;
    let intake = &world.app().intake;
    intake.remind(now()).await.unwrap();
    let due = now().in_tz("America/Vancouver").unwrap().date().checked_add(20.days()).unwrap();
    let message = |inside: &str| {
        format!(
            "<ISO18626Message xmlns=\"http://illtransactions.org/2013/iso18626\" version=\"1.2\">{inside}</ISO18626Message>"
        )
    };
    let header = "<header><supplyingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>RLL</agencyIdValue></supplyingAgencyId>\
        <requestingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>MRPL</agencyIdValue></requestingAgencyId>\
        <timestamp>2026-11-01T10:00:00Z</timestamp><requestingAgencyRequestId>BC-9</requestingAgencyRequestId></header>";
    let request = message(&format!(
        "<request>{header}<bibliographicInfo><title>The Overstory</title></bibliographicInfo><serviceInfo><requestType>New</requestType>\
         <serviceType>Loan</serviceType></serviceInfo><patronInfo><patronId>7</patronId><surname>Okafor</surname><address><electronicAddress>\
         <electronicAddressType>Email</electronicAddressType><electronicAddressData>patron@gmail.example</electronicAddressData>\
         </electronicAddress></address></patronInfo></request>"
    ));
    let loaned = message(&format!(
        "<supplyingAgencyMessage>{header}<messageInfo><reasonForMessage>StatusChange</reasonForMessage></messageInfo><statusInfo>\
         <status>Loaned</status><dueDate>{due}T00:00:00Z</dueDate><lastChange>2026-11-02T10:00:00Z</lastChange></statusInfo></supplyingAgencyMessage>"
    ));
    let received = message(&format!(
        "<requestingAgencyMessage>{}<action>Received</action></requestingAgencyMessage>",
        header.replace("2026-11-01T10", "2026-11-04T10")
    ));
    for xml in [&request, &loaned, &received] {
        if xml == &received {
            let mut moved = ready("MRPL", "BC-10", "patron-new@gmail.example");
            moved["patron"]["ref"] = json!("7");
            world.tell(&moved).await;
        }
        let headers = [("content-type", "application/xml")];
        let answer = world.request("POST", "/iso18626", &world.key, &headers, xml).await;
        assert!(answer.status == 200 && answer.text.contains("OK"), "{} {}", answer.status, answer.text);
    }
    intake.remind(morning(due, -3)).await.unwrap();
    let reminders = of_notice(&world, "due_soon").await;
    assert_eq!(reminders.len(), 1);
    let place = (reminders[0].request.as_str(), reminders[0].address.as_str());
    assert_eq!(place, ("BC-9", "patron-new@gmail.example"), "not where the request of then said");
    assert_eq!(mail_of(&world, "7").await, "patron-new@gmail.example");
}

/// The address on record of a patron.
async fn mail_of(world: &World, number: &str) -> String {
    let record = world.app().store.patron(&code("MRPL"), number).await.unwrap();
    record.unwrap().patron.email.unwrap().to_string()
}

/// A world where only the test makes reminders, whose library says three days before that a loan is due.
async fn reminding() -> (World, jiff::civil::Date) {
    let world = World::with(|config| config.roles = vec![Role::Intake]).await;
    let timing = Timing { due_soon_days: vec![3], overdue_days: vec![], ..Timing::default() };
    world.put(courtesy::library::Library { timing, ..record("MRPL") }).await;
    world.app().intake.remind(now()).await.unwrap();
    let today = now().in_tz("America/Vancouver").unwrap().date();
    (world, today.checked_add(30.days()).unwrap())
}

#[tokio::test]
async fn a_reminder_goes_to_the_newest_address_and_teaches_no_older_one() {
    let (world, due) = reminding().await;
    world.tell(&event("ready_for_pickup", json!({ "due_date": due.to_string() }))).await;
    let mut other = event("shipped", json!({}));
    (other["request"], other["patron"]["email"]) = (json!("BC-2"), json!("patron-new@gmail.example"));
    world.tell(&other).await;
    assert_eq!(world.app().intake.remind(morning(due, -3)).await.unwrap(), 1);
    let reminders = of_notice(&world, "due_soon").await;
    assert_eq!((reminders.len(), reminders[0].address.as_str()), (1, "patron-new@gmail.example"));
    assert_eq!(mail_of(&world, "21234").await, "patron-new@gmail.example");
}

#[tokio::test]
async fn a_reminder_is_not_made_again_for_a_corrected_address() {
    let (world, due) = reminding().await;
    let mut told = event("ready_for_pickup", json!({ "due_date": due.to_string() }));
    told["patron"] = json!({ "email": "patron@gmail.example" });
    world.tell(&told).await;
    let intake = &world.app().intake;
    assert_eq!(intake.remind(morning(due, -3)).await.unwrap(), 1);
    for patron in [json!({ "email": "patron-new@gmail.example" }), json!({ "ref": "21234" })] {
        let mut told = event("picked_up", json!({}));
        told["patron"] = patron;
        world.tell(&told).await;
        assert_eq!(intake.remind(morning(due, -3)).await.unwrap(), 1, "it is looked at again");
        assert_eq!(of_notice(&world, "due_soon").await.len(), 1);
    }
}

#[tokio::test]
async fn new_settings_forget_no_reminder_that_was_due_before_them() {
    let (world, due) = reminding().await;
    world.tell(&event("ready_for_pickup", json!({ "due_date": due.to_string() }))).await;
    let timing = Timing { due_soon_days: vec![3], overdue_days: vec![1], ..Timing::default() };
    world.put(courtesy::library::Library { timing, ..record("MRPL") }).await;
    assert_eq!(world.app().intake.remind(morning(due, -3)).await.unwrap(), 1);
    assert_eq!(of_notice(&world, "due_soon").await.len(), 1);
    assert_eq!(world.app().intake.remind(morning(due, 1)).await.unwrap(), 1);
    assert_eq!(of_notice(&world, "overdue").await.len(), 1);
}
