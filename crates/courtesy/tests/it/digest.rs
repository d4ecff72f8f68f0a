//! Notices of a day told together: once, truly, and with what became of them seen at each.

use courtesy::channel::Channel;
use courtesy::clock::{Timestamp, now};
use courtesy::id::MessageId;
use courtesy::library::Library;
use courtesy::queue::State;
use courtesy::staff::Role;
use courtesy::store::{Filter, MessageRow};
use jiff::{SignedDuration, ToSpan as _};
use serde_json::{Value, json};

use crate::web::Browser;
use crate::world::{Read, World, code, read, ready, record};

const PATRON: &str = "patron@gmail.example";

/// A library that tells its patrons together.
fn gathering() -> Library {
    let mut library = record("MRPL");
    library.switches.insert("patron_digest".to_owned(), true);
    library
}

async fn world() -> World {
    let world = World::new().await;
    world.put(gathering()).await;
    world
}

/// An event of a request whose day is `days` from now.
fn event(status: &str, request: &str, days: i64, title: &str) -> Value {
    let mut event = ready("MRPL", request, PATRON);
    let day = now().in_tz("America/Vancouver").unwrap().date().checked_add(days.days()).unwrap().to_string();
    event["status"] = json!(status);
    event["fields"] = match status {
        "renewal_accepted" => json!({ "title": title, "new_due_date": day }),
        "pickup_reminder" => json!({ "title": title, "pickup_by": day }),
        _ => json!({ "title": title, "due_date": day }),
    };
    event
}

async fn of_notice(world: &World, notice: &str) -> Vec<MessageRow> {
    let filter = Filter { library: Some(code("MRPL")), notice: Some(notice.to_owned()), ..Filter::default() };
    world.app().store.messages(&filter, 50).await.unwrap()
}

/// Has the hour come for these, and gives the message that tells them.
async fn gathered(world: &World, waiting: &[MessageId]) -> MessageRow {
    let mut at = Timestamp::MIN;
    for id in waiting {
        at = at.max(world.row(*id).await.gather_at.expect("it waits"));
    }
    assert!(world.app().intake.gather(at).await.unwrap() >= waiting.len());
    let told = of_notice(world, "patron_digest").await;
    assert_eq!(told.len(), 1, "one message");
    told[0].clone()
}

/// Lets a message leave whose hour is tomorrow's, and waits for its end.
async fn sent(world: &World, id: MessageId) -> MessageRow {
    let answer = world.post(&format!("/v1/messages/{id}/resend"), &json!({})).await;
    assert!(answer.status < 300, "{}", answer.text);
    world.over(id).await
}

/// The kinds of lines of a history, sorted: what the hour brings has the time of tomorrow here.
async fn kinds(world: &World, id: MessageId) -> Vec<String> {
    let mut kinds = world.kinds(id).await;
    kinds.sort_unstable();
    kinds
}

fn mails(world: &World, to: &str) -> Vec<Read> {
    world.offered(to).iter().map(read).collect()
}

#[tokio::test]
async fn what_may_wait_goes_out_as_one_message_and_what_cannot_goes_at_once() {
    let world = world().await;
    let url = "https://ill.mapleridge.example/r/BC-1";
    let mut overdue = event("overdue", "BC-1", -3, "The Overstory");
    overdue["fields"]["request_url"] = json!(url);
    let plan = world.request("POST", "/v1/events?dry_run=true", &world.key, &[], &overdue.to_string()).await.json();
    assert!(plan["messages"][0]["waits_for_others_until"].is_string(), "a preview says so: {plan}");
    let waiting = [
        world.tell_one(&overdue).await,
        world.tell_one(&event("renewal_accepted", "BC-2", 30, "The Waves")).await,
        world.tell_one(&event("due_soon", "BC-3", 5, "Middlemarch")).await,
        world.tell_one(&event("overdue", "BC-5", -9, "Emma")).await,
    ];
    for id in waiting {
        assert_eq!(world.row(id).await.state, State::Queued);
        assert_eq!(world.kinds(id).await, ["told", "waits_for_others"]);
    }
    let at_once = world.tell_one(&ready("MRPL", "BC-4", PATRON)).await;
    assert_eq!(world.over(at_once).await.state, State::Accepted);

    let told = gathered(&world, &waiting).await;
    assert_eq!(sent(&world, told.id).await.state, State::Accepted);
    let mails = mails(&world, PATRON);
    assert_eq!(mails.len(), 2, "the shelf's and the day's");
    let mail = &mails[1];
    assert_eq!(mail.subject, "Today’s news about your interlibrary loans");
    let places: Vec<usize> =
        ["Please return: Emma", "Please return: The Overstory", "Due soon: Middlemarch", "Renewed: The Waves"]
            .map(|said| mail.text.find(said).unwrap_or_else(|| panic!("{said} in {}", mail.text)))
            .to_vec();
    assert!(places.is_sorted(), "what is late comes first, and the earliest of it: {}", mail.text);
    for said in ["was due", "BC-1", "BC-2", "BC-3", url, "/me/"] {
        assert!(mail.text.contains(said), "{said} in {}", mail.text);
    }
    assert!(!mail.text.contains("BC-4"));

    // Each says so, and what became of it.
    for id in waiting {
        assert_eq!(world.row(id).await.state, State::Gathered);
        assert_eq!(world.kinds(id).await, ["told", "waits_for_others", "gathered"]);
        let answer = world.get(&format!("/v1/messages/{id}")).await.json();
        assert_eq!(answer["told_in"]["id"], told.id.to_string(), "{answer}");
        assert_eq!(answer["told_in"]["state"], "accepted");
    }
    assert_eq!(kinds(&world, told.id).await, ["attempted", "gathers", "released", "told"]);
}

#[tokio::test]
async fn a_clerk_who_opens_one_sees_whether_the_message_of_the_day_arrived() {
    let world = World::with(|config| config.retry.schedule = vec![std::time::Duration::from_millis(200)]).await;
    let mut library = gathering();
    library.reach.ladder = vec![Channel::Mail, Channel::Letter];
    world.put(library).await;
    let nobody = |request: &str| {
        let mut event = event("overdue", request, -3, "The Overstory");
        event["patron"]["email"] = json!("nobody@gmail.example");
        event["patron"]["address"] = json!(["12 Rue des Érables", "Maple Ridge BC  V2X 0A1"]);
        event
    };
    let waiting = [world.tell_one(&nobody("BC-1")).await, world.tell_one(&nobody("BC-2")).await];
    let told = gathered(&world, &waiting).await;
    assert_eq!(sent(&world, told.id).await.state, State::Failed);
    // The next way is the day's message's, not each notice's.
    let letter = crate::ladder::next(&world, told.id).await;
    assert_eq!((letter.channel, letter.notice.as_str()), (Channel::Letter, "patron_digest"));
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    for id in waiting {
        let page = desk.get(&format!("/staff/MRPL/messages/{id}")).await;
        page.must_say("It went out together with others.").must_say("In the message of the day");
        assert!(page.html.contains(&letter.id.to_string()), "it leads to the last way that was tried");
    }
    desk.get(&format!("/staff/MRPL/messages/{}", told.id)).await.must_say("Told together: 2").must_say("BC-2");
    let letters = world.app().intake.letters(&world.app().book.library(&code("MRPL")).unwrap(), None, now()).await;
    let letters = letters.unwrap();
    assert_eq!(letters.len(), 1, "one letter for both");
    let written = format!("{:?}", letters[0].made);
    assert!(written.contains("BC-1") && written.contains("BC-2"), "{written}");
}

#[tokio::test]
async fn one_alone_goes_as_itself() {
    let world = world().await;
    let id = world.tell_one(&event("overdue", "BC-1", -3, "The Overstory")).await;
    let at = world.row(id).await.gather_at.unwrap();
    assert_eq!(world.app().intake.gather(at - SignedDuration::from_secs(1)).await.unwrap(), 0, "not before its hour");
    assert_eq!(world.app().intake.gather(at).await.unwrap(), 1);
    assert!(of_notice(&world, "patron_digest").await.is_empty());
    assert_eq!(world.row(id).await.gather_at, None);
    assert_eq!(sent(&world, id).await.state, State::Accepted);
    assert_eq!(mails(&world, PATRON)[0].subject, "Please return: The Overstory");
}

#[tokio::test]
async fn what_is_no_longer_true_is_left_out_and_says_so() {
    let world = world().await;
    let waiting = [
        world.tell_one(&event("overdue", "BC-1", -3, "The Overstory")).await,
        world.tell_one(&event("overdue", "BC-2", -3, "The Waves")).await,
        world.tell_one(&event("overdue", "BC-3", -3, "Middlemarch")).await,
        world.tell_one(&event("overdue", "BC-4", -3, "Emma")).await,
    ];
    // Before its hour: it is told by none.
    world.tell(&event("returned", "BC-4", 0, "Emma")).await;
    let told = gathered(&world, &waiting).await;
    assert_eq!(world.row(waiting[3]).await.state, State::Queued, "its own turn comes, and ends it");
    // Between its hour and its leaving.
    world.tell(&event("returned", "BC-1", 0, "The Overstory")).await;
    assert_eq!(sent(&world, told.id).await.state, State::Accepted);
    let mail = &mails(&world, PATRON)[0];
    assert!(!mail.text.contains("BC-1") && mail.text.contains("BC-2") && mail.text.contains("BC-3"), "{}", mail.text);
    assert!(!mail.text.contains("BC-4"));
    let left_out = world.row(waiting[0]).await;
    assert_eq!((left_out.state, left_out.cause.as_deref()), (State::Cancelled, Some("untrue.returned")));
    assert_eq!(kinds(&world, waiting[0]).await, ["gathered", "not_sent", "told", "waits_for_others"]);
    assert_eq!(kinds(&world, told.id).await, ["attempted", "gathers", "left_out", "released", "told"]);
    assert_eq!(world.row(waiting[1]).await.state, State::Gathered);
}

#[tokio::test]
async fn where_nothing_is_true_any_more_nothing_is_sent() {
    let world = world().await;
    let waiting = [
        world.tell_one(&event("overdue", "BC-1", -3, "The Overstory")).await,
        world.tell_one(&event("overdue", "BC-2", -3, "The Waves")).await,
    ];
    let told = gathered(&world, &waiting).await;
    for request in ["BC-1", "BC-2"] {
        world.tell(&event("returned", request, 0, "x")).await;
    }
    let over = sent(&world, told.id).await;
    assert_eq!((over.state, over.cause.as_deref()), (State::Cancelled, Some("untrue.nothing_left")));
    assert!(mails(&world, PATRON).is_empty());
    for id in waiting {
        assert_eq!(world.row(id).await.cause.as_deref(), Some("untrue.returned"));
    }
}

#[tokio::test]
async fn a_correction_goes_to_whoever_was_told_together() {
    let world = world().await;
    let waiting = [
        world.tell_one(&event("renewal_accepted", "BC-1", 30, "The Overstory")).await,
        world.tell_one(&event("renewal_accepted", "BC-2", 30, "The Waves")).await,
    ];
    let told = gathered(&world, &waiting).await;
    let mut undo = event("correction", "BC-2", 3, "The Waves");
    undo["undoes"] = json!("renewal_accepted");
    // Before it left: there is nothing to correct, and it is left out.
    let needless = world.tell_one(&undo).await;
    assert_eq!(world.over(needless).await.cause.as_deref(), Some("untrue.untold"));
    assert_eq!(sent(&world, told.id).await.state, State::Accepted);
    assert!(!mails(&world, PATRON)[0].text.contains("BC-2"));
    // After it left.
    let mut undo = event("correction", "BC-1", 3, "The Overstory");
    undo["undoes"] = json!("renewal_accepted");
    let needed = world.tell_one(&undo).await;
    assert_eq!(world.over(needed).await.state, State::Accepted);
}

#[tokio::test]
async fn titles_stay_out_where_they_are_hidden() {
    let world = world().await;
    let mut library = gathering();
    library.hide_titles = true;
    world.put(library).await;
    let waiting = [
        world.tell_one(&event("overdue", "BC-1", -3, "The Overstory")).await,
        world.tell_one(&event("due_soon", "BC-2", 5, "The Waves")).await,
    ];
    let told = gathered(&world, &waiting).await;
    sent(&world, told.id).await;
    let mail = &mails(&world, PATRON)[0];
    assert!(!mail.raw.contains("Overstory") && !mail.raw.contains("Waves"), "{}", mail.raw);
    assert!(mail.text.contains("your item") && mail.text.contains("BC-2"), "{}", mail.text);
}

#[tokio::test]
async fn patrons_ways_and_languages_are_kept_apart_and_a_day_that_is_near_does_not_wait() {
    let world = world().await;
    let mut other = event("overdue", "BC-2", -3, "The Waves");
    other["patron"]["ref"] = json!("999");
    let mut french = event("overdue", "BC-3", -3, "Emma");
    french["patron"]["language"] = json!("fr");
    french["patron"]["ref"] = json!("998");
    let waiting = [
        world.tell_one(&event("overdue", "BC-1", -3, "The Overstory")).await,
        world.tell_one(&other).await,
        world.tell_one(&french).await,
    ];
    let at = world.row(waiting[0]).await.gather_at.unwrap();
    assert_eq!(world.app().intake.gather(at).await.unwrap(), 3);
    assert!(
        of_notice(&world, "patron_digest").await.is_empty(),
        "another patron at the same address is another patron"
    );
    // Its day would come before the hour.
    let near = world.tell_one(&event("due_soon", "BC-5", 0, "Persuasion")).await;
    assert_eq!(world.over(near).await.state, State::Accepted);
}

#[tokio::test]
async fn a_message_that_waits_can_be_sent_now_or_taken_back() {
    let world = world().await;
    let mut waiting = Vec::new();
    for request in ["BC-1", "BC-2", "BC-3", "BC-4"] {
        waiting.push(world.tell_one(&event("overdue", request, -3, request)).await);
    }
    let at = world.row(waiting[0]).await.gather_at.unwrap();
    assert_eq!(sent(&world, waiting[0]).await.state, State::Accepted);
    assert_eq!(world.post(&format!("/v1/messages/{}/cancel", waiting[1]), &json!({})).await.status, 200);
    let told = gathered(&world, &waiting[2..]).await;
    assert_eq!(world.app().store.gathered_in(&code("MRPL"), told.event).await.unwrap().len(), 2);
    assert_eq!(world.app().intake.gather(at).await.unwrap(), 0, "once");
    assert_eq!(world.row(waiting[1]).await.state, State::Cancelled);
}

#[tokio::test]
async fn a_library_switches_it_on_where_it_sets_the_hour() {
    const HERE: &str = "/staff/MRPL/ill-admin/patron-notices/timing";
    let world = World::new().await;
    world.library("MRPL").await;
    let at_once = world.tell_one(&event("overdue", "BC-1", -3, "The Overstory")).await;
    assert_eq!(world.over(at_once).await.state, State::Accepted, "off unless a library wants it");
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let form = admin.get(HERE).await;
    form.must_say("Tell patrons once a day, in one message");
    let fields = [("due_soon_days", "3"), ("overdue_days", ""), ("pickup_days", ""), ("hour", "8"), ("digest", "yes")];
    admin.send(&form, HERE, &fields).await.must_be(200).must_say("Saved");
    let library = world.app().book.library(&code("MRPL")).unwrap();
    assert_eq!((library.timing.hour, library.gathers(false)), (8, true));
    admin.get("/staff/MRPL/ill-admin/patron-notices").await.must_say("Notices that can wait go out once a day");
    let waits = world.tell_one(&event("overdue", "BC-2", -3, "The Waves")).await;
    let local = world.row(waits).await.gather_at.unwrap().in_tz("America/Vancouver").unwrap();
    assert_eq!((local.hour(), local.minute()), (8, 10));
    let form = admin.get(HERE).await;
    admin.send(&form, HERE, &fields[..4]).await.must_be(200);
    assert!(!world.app().book.library(&code("MRPL")).unwrap().gathers(true), "its own word counts");
}

#[tokio::test]
async fn a_patron_may_wish_otherwise_than_their_library() {
    let world = World::new().await;
    world.library("MRPL").await;
    let wishes = async |digest: Option<bool>| {
        let store = &world.app().store;
        let mut record = store.patron(&code("MRPL"), "21234").await.unwrap().unwrap_or_default();
        record.digest = digest;
        store.put_patrons(vec![(code("MRPL"), "21234".to_owned(), record)], now()).await.unwrap();
    };
    wishes(Some(true)).await;
    let waits = world.tell_one(&event("overdue", "BC-1", -3, "The Overstory")).await;
    assert!(world.row(waits).await.gather_at.is_some());
    world.put(gathering()).await;
    wishes(Some(false)).await;
    let at_once = world.tell_one(&event("overdue", "BC-2", -3, "The Waves")).await;
    assert_eq!(world.over(at_once).await.state, State::Accepted);
}

#[tokio::test]
async fn copies_leave_at_the_same_hour_one_by_one() {
    let world = World::new().await;
    let mut library = gathering();
    library.cc = vec![crate::world::address("patron-head@gmail.example")];
    world.put(library).await;
    let mut both = Vec::new();
    for request in ["BC-1", "BC-2"] {
        let messages = world.tell(&event("overdue", request, -3, "The Overstory")).await;
        assert_eq!(messages.len(), 2);
        let (patrons, copy) = (world.row(messages[0]).await, world.row(messages[1]).await);
        assert_eq!((copy.due_at, copy.gather_at), (patrons.gather_at, None));
        both.push(messages);
    }
    let told = gathered(&world, &[both[0][0], both[1][0]]).await;
    assert_eq!(
        world.app().store.messages_of_event(&code("MRPL"), told.event).await.unwrap().len(),
        1,
        "nobody gets a copy of it"
    );
    assert_eq!(world.row(both[0][1]).await.state, State::Queued);
}
