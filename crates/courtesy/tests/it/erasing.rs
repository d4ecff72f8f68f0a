//! Erasing as work that people watch: at once out of sight, then slice by slice, by one process at a time, whatever stops it.

use std::sync::Arc;

use courtesy::clock::{Timestamp, now};
use courtesy::erasing::Eraser;
use courtesy::id::{ErasureId, MessageId};
use courtesy::queue::State;
use courtesy::secret::Secret;
use courtesy::staff::Role;
use courtesy::store::{
    Book, Erases, Erasure, ErasureState, EventSlice, Filter, KnownAs, NewEvent, NextSlice, Retention, Settled, Store,
};
use courtesy::timeline::What;
use jiff::SignedDuration;
use serde_json::json;

use crate::kept::Kept;
use crate::store::{at, event, settled};
use crate::web::Browser;
use crate::world::{World, code, ready};

practice::on_both_databases! {
    crate::kept::Kept::at;
    from_the_moment_it_is_asked_for_nothing_is_shown_or_sent,
    a_patron_with_many_events_is_erased_in_slices_and_nobody_new_is,
    what_is_on_the_wire_is_waited_for,
    an_erasure_is_taken_once_and_goes_on_where_it_was,
    an_erasure_that_cannot_go_on_is_tried_again,
    what_has_served_its_time_is_one_erasure_a_day,
    a_patron_goes_before_old_messages,
    an_erasure_of_a_process_that_died_goes_on_elsewhere,
    two_processes_at_once_erase_each_event_once,
}

const MARK: [u8; 32] = [7; 32];

/// An event of the patron with this number, that tells who and where they are.
fn of(patron: &str, request: &str, second: i64) -> NewEvent {
    let fields = json!({
        "patron": { "id": patron, "email": format!("p{patron}@patron.example") }, "fields": { "title": "The Overstory" }
    });
    let (patron, fields) = (patron.to_owned(), fields.to_string());
    NewEvent { patron, fields, found_by: "amira overstory".to_owned(), ..event("MRPL", request, at(second)) }
}

fn known(patron: &str) -> KnownAs {
    KnownAs { keys: vec![patron.to_owned()], ..KnownAs::default() }
}

async fn ask(kept: &Store, patron: &str, second: i64) -> ErasureId {
    kept.ask_erasure(code("MRPL"), known(patron), MARK, "staff".to_owned(), at(second)).await.unwrap()
}

async fn shown(kept: &Store, id: ErasureId) -> Erasure {
    kept.erasure(None, id).await.unwrap().unwrap()
}

/// The next slice, erased.
async fn slice(kept: &Store, id: ErasureId, now: Timestamp) -> NextSlice {
    let next = kept.next_slice(id).await.unwrap();
    if let NextSlice::Of(EventSlice { events, .. }) = &next {
        let events = events.iter().map(|(id, ..)| *id).collect();
        kept.erase_events((code("MRPL"), id), events, KnownAs::default(), now, now).await.unwrap();
    }
    next
}

async fn eraser(store: &Store) -> Eraser {
    let book = Arc::new(Book::open(store.clone()).await.unwrap());
    Eraser::new(store.clone(), book, Arc::new(Secret::from_octets([7; 32])))
}

async fn from_the_moment_it_is_asked_for_nothing_is_shown_or_sent(kept: Kept) {
    let (hers, his) = (of("7", "BC-1", 0), of("8", "BC-2", 0));
    let (id, event, other) = (hers.messages[0].id, hers.id, his.messages[0].id);
    kept.accept(vec![hers, his]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await;
    for one in &claimed {
        let said = What::NotSent { cause: "addr.unknown".to_owned() };
        let mut done = settled(one, State::Delayed, at(1));
        done.entries[0].what = said;
        kept.settle(vec![Settled { due_at: Some(at(2)), ..done }]).await.unwrap();
    }
    assert_eq!(kept.search(&code("MRPL"), "amira", &Filter::default(), None, 10).await.unwrap().messages.len(), 2);
    let erasure = ask(&kept, "7", 3).await;

    let row = kept.message(None, id).await.unwrap().unwrap();
    assert_eq!(row.address, "");
    assert_eq!(kept.event_fields(&code("MRPL"), event).await.unwrap().as_deref(), Some("{}"));
    assert_eq!(kept.events_fields(&code("MRPL"), &[event]).await.unwrap()[&event], "{}");
    assert!(kept.patron_events(&code("MRPL"), "7", 10).await.unwrap().is_empty());
    assert_eq!(kept.patron_of_event(&code("MRPL"), event).await.unwrap(), None);
    let found = kept.search(&code("MRPL"), "amira", &Filter::default(), None, 10).await.unwrap().messages;
    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [other]);
    let listed = kept.messages(&Filter::default(), 10).await.unwrap();
    assert_eq!(listed.iter().filter(|row| row.address.is_empty()).count(), 1);
    // Whoever had claimed it, or claims it now, has nothing to send, and nowhere to send it to.
    let due = kept.claim_all(at(4)).await;
    let states: Vec<_> = due.iter().map(|one| (one.id == id, one.is_erased())).collect();
    assert_eq!((states.len(), states.iter().all(|(hers, erased)| hers == erased)), (2, true), "{states:?}");
    assert_eq!(shown(&kept, erasure).await.state(), ErasureState::Waiting);
}

async fn a_patron_with_many_events_is_erased_in_slices_and_nobody_new_is(kept: Kept) {
    let hers: Vec<NewEvent> = (0..250).map(|n| of("7", &format!("BC-{n}"), n)).collect();
    let ids: Vec<MessageId> = hers.iter().map(|event| event.messages[0].id).collect();
    kept.accept(hers).await.unwrap();
    kept.accept(vec![of("8", "BC-OTHER", 0)]).await.unwrap();
    let erasure = ask(&kept, "7", 1000).await;
    let new = of("7", "BC-NEW", 1001);
    let new_id = new.messages[0].id;
    kept.accept(vec![new]).await.unwrap();
    assert_eq!(kept.patron_events(&code("MRPL"), "7", 10).await.unwrap().len(), 1, "somebody new");
    let mut slices = Vec::new();
    for left in [250, 150, 50, 0] {
        assert_eq!(kept.events_left(erasure).await.unwrap(), left);
        slices.push(slice(&kept, erasure, at(1002)).await);
    }
    assert_eq!(slices.last(), Some(&NextSlice::Over));
    let done = shown(&kept, erasure).await;
    assert_eq!((done.done.events, done.done.messages, done.done.cancelled), (250, 250, 250));
    assert_eq!(done.state(), ErasureState::UnderWay);
    let story = format!("{:?}", kept.timeline(ids[0]).await.unwrap());
    assert!(story.contains("staff") && !story.contains("patron.example"), "{story}");
    assert!(kept.end_erasure(erasure, at(1003)).await.unwrap());
    assert!(!kept.end_erasure(erasure, at(1004)).await.unwrap(), "once");
    let over = shown(&kept, erasure).await;
    assert_eq!((over.state(), over.ended_at, over.due_at), (ErasureState::Done, Some(at(1003)), None));
    for id in ids {
        let row = kept.message(None, id).await.unwrap().unwrap();
        assert_eq!((row.address.as_str(), row.state), ("", State::Cancelled));
    }
    let row = kept.message(None, new_id).await.unwrap().unwrap();
    assert_eq!((row.address.is_empty(), row.state), (false, State::Queued));
    assert_eq!(kept.patron_events(&code("MRPL"), "8", 10).await.unwrap().len(), 1);
    let audit = kept.audit(&courtesy::store::AuditFilter::default(), 10).await.unwrap();
    let deeds: Vec<_> = audit.iter().map(|one| (one.what.as_str(), one.subject.as_str(), one.by.as_str())).collect();
    assert_eq!(deeds, [("patron.erased", "7", "staff"), ("patron.erase_asked", "7", "staff")]);
}

async fn what_is_on_the_wire_is_waited_for(kept: Kept) {
    let hers = of("7", "BC-1", 0);
    let id = hers.messages[0].id;
    kept.accept(vec![hers]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await;
    let erasure = ask(&kept, "7", 2).await;
    assert_eq!(slice(&kept, erasure, at(3)).await, NextSlice::Waits);
    let eraser = eraser(&kept).await;
    assert!(eraser.turn(at(3)).await.unwrap());
    let waits = shown(&kept, erasure).await;
    assert_eq!((waits.state(), waits.due_at), (ErasureState::Waiting, Some(at(5))));
    let mut answered = settled(&claimed[0], State::Accepted, at(4));
    answered.entries[0].what = What::Expired { cause: "no such patron@patron.example".to_owned() };
    kept.settle(vec![answered]).await.unwrap();
    assert!(eraser.turn(at(5)).await.unwrap());
    assert_eq!(shown(&kept, erasure).await.state(), ErasureState::Done);
    assert_eq!(kept.message(None, id).await.unwrap().unwrap().address, "");
}

async fn an_erasure_is_taken_once_and_goes_on_where_it_was(kept: Kept) {
    kept.accept((0..150).map(|n| of("7", &format!("BC-{n}"), 0)).collect()).await.unwrap();
    let erasure = ask(&kept, "7", 1).await;
    let first = kept.claim_erasure(at(2), at(32)).await.unwrap().unwrap();
    assert_eq!((first.id, first.erases), (erasure, Erases::Patron));
    assert_eq!(kept.claim_erasure(at(2), at(32)).await.unwrap(), None, "somebody is at it");
    // A slice later that process is gone. Nobody rescues it: its time runs out.
    let NextSlice::Of(done) = kept.next_slice(erasure).await.unwrap() else { panic!("there is more") };
    let events = done.events.iter().map(|(id, ..)| *id).collect();
    kept.erase_events((code("MRPL"), erasure), events, KnownAs::default(), at(40), at(10)).await.unwrap();
    assert_eq!(kept.claim_erasure(at(39), at(69)).await.unwrap(), None);
    let again = kept.claim_erasure(at(40), at(70)).await.unwrap().unwrap();
    assert_eq!((again.done.events, again.changed_at), (100, at(10)));
    assert!(
        matches!(slice(&kept, erasure, at(41)).await, NextSlice::Of(EventSlice { events, .. }) if events.len() == 50)
    );
    // The same events again count nothing.
    let NextSlice::Over = kept.next_slice(erasure).await.unwrap() else { panic!("it is over") };
    let events = done.events.iter().map(|(id, ..)| *id).collect();
    kept.erase_events((code("MRPL"), erasure), events, KnownAs::default(), at(70), at(42)).await.unwrap();
    assert_eq!(shown(&kept, erasure).await.done.events, 150);
}

async fn an_erasure_that_cannot_go_on_is_tried_again(kept: Kept) {
    let erasure = ask(&kept, "7", 1).await;
    kept.put_back_erasure(erasure, at(30), true).await.unwrap();
    kept.put_back_erasure(erasure, at(60), true).await.unwrap();
    let failing = shown(&kept, erasure).await;
    assert_eq!((failing.state(), failing.failed, failing.due_at), (ErasureState::Failing, 2, Some(at(60))));
    let eraser = eraser(&kept).await;
    assert!(!eraser.turn(at(59)).await.unwrap());
    assert!(eraser.turn(at(60)).await.unwrap());
    let done = shown(&kept, erasure).await;
    assert_eq!((done.state(), done.failed), (ErasureState::Done, 0));
}

async fn what_has_served_its_time_is_one_erasure_a_day(kept: Kept) {
    let day = 86_400;
    kept.put_libraries(vec![crate::world::record("MRPL")], "test".to_owned(), at(0)).await.unwrap();
    kept.set_retention(None, Retention { content: 30, talk: 10 }, at(0)).await.unwrap();
    kept.accept((0..3).map(|n| of("7", &format!("BC-{n}"), n)).collect()).await.unwrap();
    let eraser = eraser(&kept).await;
    assert_eq!(eraser.look_for_old("", at(5 * day)).await.unwrap(), 0, "nothing is old");
    assert_eq!(eraser.look_for_old("", at(40 * day)).await.unwrap(), 1);
    assert_eq!(eraser.look_for_old("", at(40 * day)).await.unwrap(), 0, "it is begun");
    let erasure = kept.erasures(Some(&code("MRPL")), None, 10).await.unwrap().remove(0);
    assert_eq!((erasure.erases, erasure.by.as_str()), (Erases::Retention, ""));
    assert_eq!(eraser.left(&erasure, at(40 * day)).await.unwrap(), 6);
    assert!(eraser.turn(at(40 * day)).await.unwrap());
    let done = shown(&kept, erasure.id).await;
    assert_eq!((done.state(), done.done.messages, done.done.talks), (ErasureState::Done, 3, 3));
    assert_eq!(eraser.left(&done, at(40 * day)).await.unwrap(), 0);
    // What grows old in the hours after is for the next day, unless somebody says otherwise.
    kept.accept(vec![of("7", "BC-9", 11 * day)]).await.unwrap();
    let later = at(40 * day + 3600);
    assert_eq!(eraser.look_for_old("", later).await.unwrap(), 0);
    kept.set_retention(None, Retention { content: 28, talk: 10 }, later).await.unwrap();
    eraser.ask_retention(None, "A. Admin", later).await.unwrap();
    let newest = kept.erasures(None, None, 10).await.unwrap().remove(0);
    assert_eq!((newest.by.as_str(), newest.state()), ("A. Admin", ErasureState::Waiting));
    let before = kept.erasures(None, Some(newest.id), 10).await.unwrap();
    assert_eq!(before.iter().map(|one| one.id).collect::<Vec<_>>(), [erasure.id]);
    assert!(kept.erasures(Some(&code("OTHR")), None, 10).await.unwrap().is_empty());
    assert_eq!(kept.erasure(Some(&code("OTHR")), erasure.id).await.unwrap(), None);
    kept.forget_erasures(at(400 * day), at(400 * day)).await.unwrap();
    assert_eq!(kept.erasures(None, None, 10).await.unwrap().len(), 1, "what is under way is not forgotten");
}

async fn a_patron_goes_before_old_messages(kept: Kept) {
    assert!(kept.begin_retention(code("MRPL"), String::new(), at(0), at(1)).await.unwrap());
    let erasure = ask(&kept, "7", 2).await;
    assert_eq!(kept.claim_erasure(at(3), at(33)).await.unwrap().unwrap().id, erasure);
    assert_eq!(kept.claim_erasure(at(3), at(33)).await.unwrap().unwrap().erases, Erases::Retention);
}

async fn an_erasure_of_a_process_that_died_goes_on_elsewhere(kept: Kept) {
    kept.accept((0..120).map(|n| of("7", &format!("BC-{n}"), 0)).collect()).await.unwrap();
    let erasure = ask(&kept, "7", 1).await;
    kept.claim_erasure(at(2), at(32)).await.unwrap().unwrap();
    slice(&kept, erasure, at(32)).await;
    let other = kept.again().await;
    let eraser = eraser(&other).await;
    assert!(!eraser.turn(at(31)).await.unwrap());
    assert!(eraser.turn(at(32)).await.unwrap());
    let done = shown(&other, erasure).await;
    assert_eq!((done.state(), done.done.events), (ErasureState::Done, 120));
    other.close().await;
}

async fn two_processes_at_once_erase_each_event_once(kept: Kept) {
    let patrons = ["5", "6", "7"];
    for patron in patrons {
        let events = (0..120).map(|n| of(patron, &format!("BC-{patron}-{n}"), 0));
        kept.accept(events.collect()).await.unwrap();
    }
    let other = kept.again().await;
    let (one, two) = (eraser(&kept).await, eraser(&other).await);
    let mut asked = Vec::new();
    for patron in patrons {
        asked.push(ask(&kept, patron, 1).await);
    }
    while tokio::try_join!(one.turn(at(2)), two.turn(at(2))).unwrap() != (false, false) {}
    for id in asked {
        let done = shown(&kept, id).await;
        assert_eq!((done.state(), done.done.events, done.done.messages), (ErasureState::Done, 120, 120));
    }
    other.close().await;
}

#[tokio::test]
async fn an_erasure_is_watched_over_the_api_and_by_nobody_elses_key() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(id, State::Accepted).await;
    let asked = world.request("DELETE", "/v1/patrons/MRPL/21234", &world.key, &[], "").await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let path = format!("/v1/erasures/{}", asked.json()["id"].as_str().unwrap());
    world.until_erased().await;
    let done = world.get(&path).await.json();
    assert_eq!(
        (done["state"].as_str(), done["events"].as_i64(), done["left"].as_i64()),
        (Some("done"), Some(1), Some(0))
    );
    assert!(!done.to_string().contains("21234") && !done.to_string().contains("patron@"), "{done}");
    let (own, others) = (world.new_key(Some("MRPL")).await, world.new_key(Some("OTHR")).await);
    assert_eq!(world.request("GET", &path, &own, &[], "").await.status, 200);
    assert_eq!(world.request("GET", &path, &others, &[], "").await.status, 404);
    assert_eq!(world.request("GET", "/v1/erasures?library=MRPL", &others, &[], "").await.status, 403);
    let list = async |key: &str| world.request("GET", "/v1/erasures", key, &[], "").await.json()["data"].clone();
    assert_eq!(list(&own).await.as_array().unwrap().len(), 1);
    assert_eq!(list(&others).await, json!([]));
    for wrong in ["/v1/erasures/ers_1", "/v1/erasures/x"] {
        assert_eq!(world.get(wrong).await.status, 404, "{wrong}");
    }
    assert_eq!(world.request("DELETE", "/v1/patrons/MRPL/21234", &world.key, &[], "").await.status, 404);
}

#[tokio::test]
async fn the_page_of_retention_says_what_is_erased_and_how_far_it_has_come() {
    let world = World::new().await;
    world.library("MRPL").await;
    let here = "/staff/MRPL/ill-admin/retention";
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    admin.get(here).await.must_say("Nothing has been erased so far");
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(id, State::Accepted).await;
    let page = admin.get("/staff/MRPL/patrons?ref=21234").await;
    let done = admin.send(&page, "/staff/MRPL/patrons/erase", &[("ref", "21234"), ("sure", "1")]).await;
    done.must_say("The patron is erased").must_not_say("patron@gmail.example");
    admin.get(&format!("/staff/MRPL/messages/{id}")).await.must_be(200).must_not_say("Amira").must_not_say("patron@");
    world.until_erased().await;
    let page = admin.get(here).await;
    page.must_say("A patron").must_say("asked for by A. admin").must_say("Done").must_say("One event without a name");
    page.must_not_say("21234").must_not_say("Amira");
    let store = &world.app().store;
    loop {
        let stuck = store.ask_erasure(code("MRPL"), known("8"), MARK, "A. admin".to_owned(), now()).await.unwrap();
        store.put_back_erasure(stuck, now() + SignedDuration::from_hours(1), true).await.unwrap();
        // The engine may have been faster.
        if shown(store, stuck).await.state() == ErasureState::Failing {
            break;
        }
    }
    let doctor = world.get("/v1/doctor").await.text;
    assert!(doctor.contains("could not go on") && doctor.contains("of MRPL"), "{doctor}");
    let french = Browser::of(&world, Role::Admin, Some("MRPL")).await.in_french();
    let page = french.get(here).await;
    page.must_say("N’a pas pu continuer").must_say("sans abandonner").must_say("Un événement sans nom");
    assert!(page.html.contains("http-equiv=\"refresh\"") && page.html.contains("hx-get"), "it is live");
    Browser::of(&world, Role::Operator, None).await.get("/consortium/retention").await.must_say("A patron (MRPL)");
}

#[tokio::test]
async fn nobody_who_is_being_erased_is_reminded() {
    let world = World::with(|config| config.roles = vec![courtesy::config::Role::Intake]).await;
    world.library("MRPL").await;
    let mut told = ready("MRPL", "BC-1", "patron@gmail.example");
    told["fields"]["due_date"] = json!("2131-12-01");
    world.tell(&told).await;
    let store = &world.app().store;
    let due = "2131-12-02T12:00:00Z".parse().unwrap();
    assert_eq!(store.requests_due(due, 10).await.unwrap().len(), 1);
    let erasure = store.ask_erasure(code("MRPL"), known("21234"), MARK, "staff".to_owned(), now()).await.unwrap();
    // Before any slice: hold it, so that the engine does none.
    store.put_back_erasure(erasure, now() + SignedDuration::from_hours(1), true).await.unwrap();
    assert!(store.requests_due(due, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_erased_stands_in_no_octet_of_the_database() {
    const WORDS: [&str; 3] = ["patron-zorro.unique", "Zorrofirst", "ZZTITLE"];
    let world = World::new().await;
    world.library("MRPL").await;
    for number in 0..40 {
        let mut told = ready("MRPL", &format!("BC-{number}"), "patron-zorro.unique@gmail.example");
        told["patron"]["ref"] = "900001".into();
        told["patron"]["first_name"] = "Zorrofirst".into();
        told["fields"]["title"] = format!("ZZTITLE {number}").into();
        world.tell_one(&told).await;
        world.tell_one(&ready("MRPL", &format!("OTHER-{number}"), "patron@gmail.example")).await;
    }
    let stands = || {
        let octets = ["courtesy.db", "courtesy.db-wal"].map(|file| {
            let file = world.folder.path().join("data").join(file);
            String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
        });
        WORDS.into_iter().filter(|word| octets.iter().any(|octets| octets.contains(word))).collect::<Vec<_>>()
    };
    assert_eq!(stands(), WORDS, "it is looked for where it stands");
    let asked = world.request("DELETE", "/v1/patrons/MRPL/900001", &world.key, &[], "").await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    world.until_erased().await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while !stands().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "{:?} still stand there", stands());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
