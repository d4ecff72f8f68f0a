//! Patrons as a library knows them: over the API, from files, and what is kept of them on both databases.

use courtesy::channel::Channel;
use courtesy::id::MessageId;
use courtesy::outcome::stop::ListedAddress;
use courtesy::patron::{Patron, Record};
use courtesy::queue::State;
use courtesy::store::{Consent, KnownAs, NewEvent, Store};
use courtesy::timeline::Place;
use serde_json::json;

use crate::kept::Kept;
use crate::store::{at, event};
use crate::world::{World, code, ready};

#[tokio::test]
async fn a_patron_is_corrected_by_hand_and_events_with_the_old_address_change_nothing() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "nobody@gmail.example")).await;
    world.until_state(id, State::Failed).await;
    let path = "/v1/patrons/MRPL/21234";
    let known = world.get(path).await.json();
    assert_eq!((known["ref"].as_str(), known["email"].as_str()), (Some("21234"), Some("nobody@gmail.example")));
    let body = json!({ "email": "patron@gmail.example", "language": "fr" }).to_string();
    let answer = world.request("PUT", path, &world.key, &[], &body).await;
    assert_eq!((answer.status, answer.json()["email"].as_str()), (200, Some("patron@gmail.example")));
    let next = world.tell_one(&ready("MRPL", "BC-2", "nobody@gmail.example")).await;
    assert_eq!(world.over(next).await.address, "patron@gmail.example");
    let again = world.post(&format!("/v1/messages/{id}/resend"), &json!({})).await.json();
    let again: MessageId = again["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(world.over(again).await.address, "patron@gmail.example");
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once_and_a_slip_is_told_of() {
    let world = World::new().await;
    world.library("MRPL").await;
    let path = "/v1/patrons/MRPL/7";
    let wrong = json!({ "email": "two words", "phone": "12", "language": "xx" }).to_string();
    let answer = world.request("PUT", path, &world.key, &[], &wrong).await;
    let pointers: Vec<_> =
        answer.json()["errors"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
    assert_eq!((answer.status, pointers), (422, vec![json!("/email"), json!("/phone"), json!("/language")]));
    assert_eq!(world.get(path).await.status, 404);
    let slip = json!({ "email": "amira@gmial.com" }).to_string();
    let answer = world.request("PUT", &format!("{path}?dry_run=true"), &world.key, &[], &slip).await;
    assert_eq!(answer.json()["probably_meant"], "amira@gmail.com");
    assert_eq!(world.get(path).await.status, 404, "a dry run keeps nothing");
}

#[tokio::test]
async fn a_name_without_an_end_is_refused_at_every_door() {
    let world = World::new().await;
    world.library("MRPL").await;
    let long = "x".repeat(200_000);
    let of = |answer: crate::world::Answer| {
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        (answer.status, errors.iter().map(|one| one["pointer"].clone()).collect::<Vec<_>>())
    };
    let body = json!({ "full_name": long, "surname": "two\nlines", "postal": vec!["a line"; 8] }).to_string();
    let answer = world.request("PUT", "/v1/patrons/MRPL/7", &world.key, &[], &body).await;
    assert_eq!(of(answer), (422, vec![json!("/surname"), json!("/full_name"), json!("/postal")]));
    let mut event = ready("MRPL", "BC-1", "patron@gmail.example");
    event["patron"]["full_name"] = json!(long);
    assert_eq!(of(world.post("/v1/events", &event).await), (422, vec![json!("/patron/full_name")]));
    let mut event = ready("MRPL", &"9".repeat(201), "patron@gmail.example");
    event["patron"]["ref"] = json!("1".repeat(101));
    event["fields"]["title"] = json!(long);
    let all = vec![json!("/fields/title"), json!("/patron/ref"), json!("/request")];
    assert_eq!(of(world.post("/v1/events", &event).await), (422, all));
    let file = format!("ref,first_name,postal\n1,{long},a;b\n2,Amira,{}\n", "x".repeat(61));
    let csv = [("content-type", "text/csv")];
    let rows = world.request("POST", "/v1/patrons/MRPL", &world.key, &csv, &file).await.json()["rows"].clone();
    let columns: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["column"].clone()).collect();
    assert_eq!(columns, [json!("first_name"), json!("postal")]);
}

#[tokio::test]
async fn a_file_is_taken_whole_or_not_at_all() {
    let world = World::new().await;
    world.library("MRPL").await;
    let import = |file: &'static str, query: &'static str| {
        let path = format!("/v1/patrons/MRPL{query}");
        let world = &world;
        async move { world.request("POST", &path, &world.key, &[("content-type", "text/csv")], file).await }
    };
    let wrong = "ref,email,phone,shoe\n1,a@b.example,,\n";
    assert_eq!(import(wrong, "").await.json()["rows"][0]["column"], "shoe");
    let wrong = "ref,email,phone\n1,nonsense,12\n,b@patron.example,\n1,c@patron.example,\n";
    let rows = import(wrong, "").await.json()["rows"].clone();
    let places: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| (row["line"].clone(), row["column"].clone())).collect();
    let place = |line: u64, column: &str| (json!(line), json!(column));
    assert_eq!(places, [place(2, "email"), place(2, "phone"), place(3, "ref"), place(4, "ref")]);
    let right = "ref,email,phone,texts,language,hide_titles\n\
                 1,amira@gmial.com,604 555 0123,yes,fr,yes\n2,b@patron.example,,,,\n";
    let tried = import(right, "?dry_run=true").await.json();
    assert_eq!((&tried["added"], &tried["suspects"][0]["probably_meant"]), (&json!(2), &json!("amira@gmail.com")));
    assert_eq!(world.get("/v1/patrons/MRPL/1").await.status, 404);
    assert_eq!(import(right, "").await.json()["added"], 2);
    let known = world.get("/v1/patrons/MRPL/1").await.json();
    assert_eq!(
        (&known["texts"], &known["language"], &known["hide_titles"]),
        (&json!(true), &json!("fr"), &json!(true))
    );
    let again = import(right, "").await.json();
    assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(1)), "whoever agrees again is noted again");
}

#[tokio::test]
async fn what_is_kept_of_a_patron_is_saved_and_erased_over_the_api_and_nobody_elses() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let theirs = world.tell_one(&ready("OTHR", "BC-1", "patron@gmail.example")).await;
    world.until_state(id, State::Accepted).await;
    let all = world.get("/v1/patrons/MRPL/21234/everything").await.json();
    assert_eq!(all["events"][0]["told"]["fields"]["title"], "The Overstory");
    let erased = world.request("DELETE", "/v1/patrons/MRPL/21234", &world.key, &[], "").await;
    assert_eq!((erased.status, &erased.json()["erases"]), (202, &json!("patron")));
    // From this moment on, however many slices are left.
    assert_eq!(world.row(id).await.address, "");
    for path in ["/v1/patrons/MRPL/21234", "/v1/patrons/MRPL/21234/everything"] {
        assert_eq!(world.get(path).await.status, 404);
    }
    let entries = serde_json::to_string(&world.timeline(id).await).unwrap();
    assert!(!entries.contains("patron@"), "{entries}");
    world.until_erased().await;
    assert_eq!(world.row(id).await.address, "");
    let done = world.get(&format!("/v1/erasures/{}", erased.json()["id"].as_str().unwrap())).await.json();
    let counts = [&done["events"], &done["messages"], &done["left"], &done["cancelled"]].map(|n| n.as_i64().unwrap());
    assert_eq!((done["state"].as_str(), counts), (Some("done"), [1, 1, 0, 0]), "{done}");
    assert_eq!(world.row(theirs).await.address, "patron@gmail.example");
    assert_eq!(world.get("/v1/patrons/OTHR/21234").await.status, 200);
}

#[tokio::test]
async fn what_is_saved_for_a_patron_has_no_message_to_staff_nor_a_copy_for_them() {
    let world = World::new().await;
    let mut library = crate::world::record("MRPL");
    library.cc = vec![crate::world::address("desk@mrpl.example"), crate::world::address("patron-clerk@gmail.example")];
    library.borrowing_staff = vec![crate::world::address("ill@mrpl.example")];
    world.put(library).await;
    let ids = world.tell(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    assert!(ids.len() >= 3, "the patron and two copies at least: {ids:?}");
    let all = world.get("/v1/patrons/MRPL/21234/everything").await;
    let messages = all.json()["events"][0]["messages"].clone();
    let to: Vec<_> = messages.as_array().unwrap().iter().map(|one| one["address"].clone()).collect();
    assert_eq!(to, [json!("patron@gmail.example")]);
    for staff in ["desk@", "patron-clerk@", "ill@"] {
        assert!(!all.text.contains(staff), "{staff}");
    }
    // Who works at the library borrows there too: what went to them is theirs, although copies go to that address.
    let mut theirs = ready("MRPL", "BC-2", "patron-clerk@gmail.example");
    theirs["patron"]["ref"] = json!("777");
    world.tell(&theirs).await;
    let all = world.get("/v1/patrons/MRPL/777/everything").await.json();
    let to = all["events"][0]["messages"].as_array().unwrap().iter().map(|one| one["address"].clone());
    assert_eq!(to.collect::<Vec<_>>(), [json!("patron-clerk@gmail.example")]);
}

#[tokio::test]
async fn a_name_that_nobody_can_mend_is_cut_and_the_history_says_so() {
    let world = World::new().await;
    world.library("MRPL").await;
    let event = courtesy::intake::Event {
        library: code("MRPL"),
        request: "BC-1".to_owned(),
        status: courtesy::notice::status::Status::ReadyForPickup,
        side: courtesy::intake::Side::Borrowing,
        occurrence: String::new(),
        told: courtesy::intake::Told {
            patron: courtesy::patron::Patron {
                id: Some("21234".to_owned()),
                email: Some(crate::world::address("patron@gmail.example")),
                full_name: Some("x".repeat(200_000)),
                ..Default::default()
            },
            ..Default::default()
        },
        source: "iso18626",
    };
    let handed = courtesy::intake::Handed { event, key: None };
    let lenient = courtesy::intake::Strictness::Lenient;
    world.app().intake.take(vec![handed], lenient, false, |_| String::new()).await.unwrap();
    let known = world.app().store.patron(&code("MRPL"), "21234").await.unwrap().unwrap();
    assert_eq!(known.patron.full_name.unwrap().chars().count(), courtesy::patron::NAME_LETTERS_MAX);
    let row = world.app().store.messages_of_request(&code("MRPL"), "BC-1").await.unwrap().remove(0);
    assert!(world.kinds(row.id).await.contains(&"cut".to_owned()));
    let desk = crate::web::Browser::of(&world, courtesy::staff::Role::Desk, Some("MRPL")).await;
    desk.get(&format!("/staff/MRPL/messages/{}", row.id)).await.must_say("was cut: full_name");
}

practice::on_both_databases! {
    crate::kept::Kept::at;
    a_patron_has_their_own_events_and_no_others,
    where_a_message_is_counts_once_with_its_last_word,
    what_stands_under_an_address_or_nobody_is_erased_with_its_patron_unless_another_has_it,
    a_patron_of_whom_nothing_was_heard_is_forgotten_but_not_a_refusal,
    numbers_that_refuse_texts_are_listed_for_the_libraries_that_know_them,
    patrons_are_found_by_the_address_on_record_now_at_their_own_library,
    the_secret_of_a_sign_on_takes_the_place_of_the_one_before,
    a_code_has_so_many_tries_by_whichever_process_they_come,
}

async fn patrons_are_found_by_the_address_on_record_now_at_their_own_library(kept: Kept) {
    let with = |mail: &str| {
        let patron = Patron { email: Some(crate::world::address(mail)), ..Patron::default() };
        Record { patron, ..Record::default() }
    };
    let put = |library: &str, number: &str, mail: &str| (code(library), number.to_owned(), with(mail));
    let all = vec![
        put("MRPL", "7", "Household@patron.example"),
        put("MRPL", "8", "household@patron.example"),
        put("MRPL", "9", "JÜRGEN@patron.example"),
        put("OTHR", "7", "household@patron.example"),
        (code("MRPL"), "10".to_owned(), Record::default()),
    ];
    kept.put_patrons(all, at(0)).await.unwrap();
    let at_mail = |library: &'static str, mail: &'static str| {
        let (kept, mail) = (&kept, ListedAddress::of(&crate::world::address(mail)));
        async move { kept.patrons_with_mail(&code(library), &mail).await.unwrap() }
    };
    assert_eq!(at_mail("MRPL", "household@PATRON.example").await, ["7", "8"]);
    assert_eq!(at_mail("OTHR", "household@patron.example").await, ["7"]);
    assert_eq!(at_mail("MRPL", "jürgen@patron.example").await, ["9"]);
    kept.put_patrons(vec![put("MRPL", "7", "new@patron.example")], at(1)).await.unwrap();
    assert_eq!(at_mail("MRPL", "household@patron.example").await, ["8"]);
    assert_eq!(at_mail("MRPL", "new@patron.example").await, ["7"]);
    kept.forget_patron(code("MRPL"), "8".to_owned()).await.unwrap();
    assert!(at_mail("MRPL", "household@patron.example").await.is_empty());
}

async fn the_secret_of_a_sign_on_takes_the_place_of_the_one_before(kept: Kept) {
    assert_eq!(kept.sign_on_secret(&code("MRPL")).await.unwrap(), None);
    kept.put_sign_on_secret(code("MRPL"), vec![1, 2], at(0)).await.unwrap();
    kept.put_sign_on_secret(code("MRPL"), vec![3], at(1)).await.unwrap();
    assert_eq!(kept.sign_on_secret(&code("MRPL")).await.unwrap(), Some(vec![3]));
    assert_eq!(kept.sign_on_secret(&code("OTHR")).await.unwrap(), None);
}

async fn a_code_has_so_many_tries_by_whichever_process_they_come(kept: Kept) {
    let other = kept.again().await;
    let take = async |store: &Store, code: &str| {
        store.take_try(crate::world::code("MRPL"), code.to_owned(), 3, at(0)).await.unwrap()
    };
    assert!(take(&kept, "one").await && take(&other, "one").await && take(&kept, "one").await);
    assert!(!take(&other, "one").await && !take(&kept, "one").await, "three are all");
    assert!(take(&other, "two").await, "another code has its own");
    kept.forget_visits(at(1), at(1)).await.unwrap();
    assert!(take(&kept, "one").await, "what is long over is forgotten");
    other.close().await;
}

fn of(patron: &str, request: &str, second: i64) -> NewEvent {
    NewEvent { patron: patron.to_owned(), ..event("MRPL", request, at(second)) }
}

async fn a_patron_has_their_own_events_and_no_others(kept: Kept) {
    let (one, two) = (of("7", "BC-1", 0), of("8", "BC-2", 1));
    let like = one.messages[0].id;
    kept.accept(vec![one, two, of("", "BC-3", 2), of("7", "BC-4", 3)]).await.unwrap();
    let requests = |events: Vec<courtesy::store::PatronEvent>| -> Vec<String> {
        events.into_iter().map(|event| format!("{} {}", event.request, event.messages.len())).collect()
    };
    assert_eq!(requests(kept.patron_events(&code("MRPL"), "7", 10).await.unwrap()), ["BC-4 1", "BC-1 1"]);
    assert_eq!(requests(kept.patron_events(&code("MRPL"), "7", 1).await.unwrap()), ["BC-4 1"]);
    assert_eq!(kept.patron_events_but(&code("MRPL"), "7", "overdue", 10).await.unwrap(), []);
    assert!(kept.patron_events(&code("OTHR"), "7", 10).await.unwrap().is_empty());
    assert!(kept.patron_events(&code("MRPL"), "", 10).await.unwrap().is_empty(), "nobody is no patron");
    let found = kept.messages_like((like, like)).await.unwrap();
    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [like]);
    let mrpl = code("MRPL");
    let since = |request: &'static str| kept.patron_events_since(&mrpl, "7", (request, "overdue"), at(2));
    assert_eq!((since("BC-4").await.unwrap(), since("BC-1").await.unwrap()), (1, 0));
}

async fn where_a_message_is_counts_once_with_its_last_word(kept: Kept) {
    let new = of("7", "BC-1", 0);
    let id = new.messages[0].id;
    kept.accept(vec![new]).await.unwrap();
    let row = kept.message(None, id).await.unwrap().unwrap();
    assert!(kept.note_place(&row, Place::Inbox, at(1)).await.unwrap());
    assert!(!kept.note_place(&row, Place::Inbox, at(2)).await.unwrap());
    assert!(kept.note_place(&row, Place::Spam, at(3)).await.unwrap());
    assert_eq!(kept.place_of(&code("MRPL"), id).await.unwrap(), Some(Place::Spam));
    assert_eq!(kept.place_of(&code("OTHR"), id).await.unwrap(), None);
    for library in [Some(code("MRPL")), None] {
        let places = kept.places(library.as_ref(), at(0)).await.unwrap();
        assert_eq!(places.into_iter().collect::<Vec<_>>(), [(Place::Spam, 1)]);
    }
    assert!(kept.places(Some(&code("OTHR")), at(0)).await.unwrap().is_empty());
}

async fn what_stands_under_an_address_or_nobody_is_erased_with_its_patron_unless_another_has_it(kept: Kept) {
    let (old, shared, phone) = ("old@patron.example", "Shared@patron.example", "+16045550101");
    let mut other = courtesy::patron::Record::default();
    other.correct_mail(crate::world::address(shared));
    kept.put_patrons(vec![(code("MRPL"), "8".to_owned(), other)], at(0)).await.unwrap();
    let (mails, phones) = ([old, "shared@patron.example"].map(str::to_owned), [phone.to_owned()]);
    let known = KnownAs { keys: vec!["7".to_owned()], mails: mails.into(), phones: phones.into() };
    let known = kept.not_of_others(&code("MRPL"), "7", known).await.unwrap();
    assert_eq!(known.keys, ["7", "mail:old@patron.example"]);
    assert_eq!(Vec::from_iter(&known.mails), [old]);
    assert_eq!(known.phones.len(), 1);

    let answer = |patron: &str, request: &str| {
        let mut answer = of(patron, request, 1);
        (answer.messages[0].channel, answer.messages[0].address) = (Channel::Text, phone.to_owned());
        answer.found_by = phone.to_owned();
        answer
    };
    let (nobodys, anothers) = (answer("", "BC-1"), answer("8", "BC-2"));
    let (erased, stays) = (nobodys.messages[0].id, anothers.messages[0].id);
    kept.accept(vec![nobodys, anothers]).await.unwrap();
    assert!(kept.erase_answers(code("MRPL"), phone.to_owned()).await.unwrap());
    assert!(!kept.erase_answers(code("MRPL"), phone.to_owned()).await.unwrap());
    assert_eq!(kept.message(None, erased).await.unwrap().unwrap().address, "");
    assert_eq!(kept.message(None, stays).await.unwrap().unwrap().address, phone);
    let mark = [7; 32];
    kept.ask_erasure(code("MRPL"), known, mark, "staff".to_owned(), at(5)).await.unwrap();
    let is_gone = async |library: &str, mark, second| kept.is_gone(&code(library), mark, at(second)).await.unwrap();
    assert!(is_gone("MRPL", mark, 5).await && !is_gone("MRPL", mark, 6).await);
    assert!(!is_gone("MRPL", [8; 32], 4).await && !is_gone("OTHR", mark, 4).await);
}

async fn a_patron_of_whom_nothing_was_heard_is_forgotten_but_not_a_refusal(kept: Kept) {
    let record = courtesy::patron::Record::default();
    for (number, second) in [("old", 0), ("new", 100), ("borrows", 0)] {
        kept.put_patrons(vec![(code("MRPL"), number.to_owned(), record.clone())], at(second)).await.unwrap();
    }
    kept.accept(vec![of("borrows", "BC-1", 0)]).await.unwrap();
    for (number, given) in [("+16045550101", true), ("+16045550102", false)] {
        let consent = Consent { given, at: at(0), how: "text".to_owned(), by: "patron".to_owned() };
        kept.note_consent(Some(code("MRPL")), number.to_owned(), consent).await.unwrap();
    }
    assert_eq!(kept.forget_patrons(at(50)).await.unwrap(), 1);
    let mut known = Vec::new();
    for number in ["old", "new", "borrows"] {
        known.extend(kept.patron(&code("MRPL"), number).await.unwrap().map(|_| number));
    }
    assert_eq!(known, ["new", "borrows"]);
    assert_eq!(kept.consent(&code("MRPL"), "+16045550101").await.unwrap(), None);
    assert!(
        kept.consent(&code("MRPL"), "+16045550102").await.unwrap().is_some(),
        "to forget it would be to text again"
    );
}

async fn numbers_that_refuse_texts_are_listed_for_the_libraries_that_know_them(kept: Kept) {
    let say = async |library: Option<&str>, number: &str, given: bool, second: i64| {
        let consent = Consent { given, at: at(second), how: "text".to_owned(), by: "patron".to_owned() };
        kept.note_consent(library.map(code), number.to_owned(), consent).await.unwrap();
    };
    let refused = async |library: &str| {
        let all = kept.texts_refused(&code(library), 10).await.unwrap();
        all.into_iter().map(|(number, consent)| (number, consent.at)).collect::<Vec<_>>()
    };
    let [known, unknown, own, taken_back] = ["+16045550101", "+16045550102", "+16045550103", "+16045550104"];
    let mut texted = event("MRPL", "BC-1", at(0));
    (texted.messages[0].channel, texted.messages[0].address) = (Channel::Text, known.to_owned());
    kept.accept(vec![texted]).await.unwrap();
    say(None, known, false, 1).await;
    say(None, unknown, false, 2).await;
    say(Some("MRPL"), own, false, 3).await;
    say(Some("MRPL"), taken_back, false, 4).await;
    say(None, taken_back, true, 5).await;
    assert_eq!(refused("MRPL").await, [(own.to_owned(), at(3)), (known.to_owned(), at(1))]);
    assert_eq!(refused("OTHR").await, []);
    say(None, own, false, 6).await;
    assert_eq!(refused("MRPL").await, [(own.to_owned(), at(6)), (known.to_owned(), at(1))], "each once");
    say(None, own, true, 7).await;
    say(None, known, true, 8).await;
    assert_eq!(refused("MRPL").await, []);
    assert_eq!(kept.texts_refused(&code("MRPL"), 0).await.unwrap(), []);
}
