//! What needs work: patrons who were not reached, and who changed what.

use courtesy::clock::now;
use courtesy::queue::State;
use courtesy::staff::Role;
use courtesy::store::{AuditFilter, Deed, Filter};
use serde_json::json;

use super::Browser;
use crate::world::{World, address, code, ready, record};

const LIST: &str = "/staff/MRPL/unreached";

#[tokio::test]
async fn a_patron_who_was_not_reached_stands_with_the_next_step_until_somebody_has_seen_to_it() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut event = ready("MRPL", "BC-104233", "nobody@gmail.example");
    event["patron"]["surname"] = json!("Kowalczyk");
    let unknown = world.tell_one(&event).await;
    world.until_state(unknown, State::Failed).await;
    let mut event = ready("MRPL", "BC-7", "patron@gmail.example");
    // Nor is there one on record: nobody has told of this patron before.
    event["patron"].as_object_mut().unwrap().remove("email");
    event["patron"]["ref"] = "21999".into();
    let nowhere = world.tell_one(&event).await;

    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let page = desk.get(LIST).await;
    page.must_be(200).must_say("Amira Kowalczyk").must_say("This address does not exist").must_say("BC-7");
    page.must_not_say("nobody@gmail.example");
    let again = |id| format!("{LIST}/{id}/again");
    let wrong = desk.send(&page, &again(unknown), &[("to", "no address")]).await;
    wrong.must_be(422).must_say("Enter an email address");
    assert!(wrong.html.contains("value=\"no address\""), "what was typed is kept");
    desk.send(&page, &again(nowhere), &[("to", "")]).await.must_be(422);
    let sent = desk.send(&page, &again(unknown), &[("to", "patron@gmail.example")]).await;
    sent.must_be(200).must_say("On its way again").must_not_say("Kowalczyk").must_say("BC-7");
    let rows = world.app().store.messages(&Filter::default(), 10).await.unwrap();
    world.until_state(rows[0].id, State::Accepted).await;

    let told = [("how", "letter"), ("note", "Posted on Monday")];
    let done = desk.send(&sent, &format!("{LIST}/{nowhere}/resolve"), &told).await;
    done.must_say("off the list").must_say("Every patron was reached");
    let seen = world.app().store.seen_to(&code("MRPL"), nowhere).await.unwrap().unwrap();
    assert_eq!((seen.how.as_str(), seen.note.as_str()), ("letter", "Posted on Monday"));
}

#[tokio::test]
async fn those_that_are_ticked_are_dealt_with_at_once_and_those_of_others_never() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let mut ids = Vec::new();
    for (library, request) in [("MRPL", "BC-1"), ("MRPL", "BC-2"), ("MRPL", "BC-3"), ("OTHR", "XX-1")] {
        let mut event = ready(library, request, "patron@gmail.example");
        event["patron"].as_object_mut().unwrap().remove("email");
        ids.push(world.tell_one(&event).await.to_string());
    }
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await.in_french();
    let page = desk.get(LIST).await;
    page.must_say("Usagers que nous n’avons pas pu joindre").must_not_say("XX-1");
    desk.send(&page, &format!("{LIST}/many"), &[("do", "handled")]).await.must_say("Rien n’était coché");
    let page = desk.get(LIST).await;
    let ticked = [("one", ids[0].as_str()), ("one", &ids[2]), ("one", &ids[3]), ("do", "handled"), ("how", "phone")];
    let after = desk.send(&page, &format!("{LIST}/many"), &ticked).await;
    after.must_say("BC-2").must_not_say("BC-1").must_not_say("BC-3");
    let theirs = world.app().store.seen_to(&code("OTHR"), ids[3].parse().unwrap()).await.unwrap();
    assert_eq!(theirs, None, "another library's stays as it was");
}

#[tokio::test]
async fn who_changed_what_is_kept_with_what_it_was_and_cannot_be_altered() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let change = "/staff/MRPL/ill-admin/participant-record/change";
    let form = admin.get(change).await;
    let fields = [("name_en", "Ridge Library"), ("language", "en"), ("time_zone", "America/Toronto")];
    admin.send(&form, change, &fields).await.must_be(200);
    let keys = admin.get("/staff/MRPL/ill-admin/keys").await;
    admin.send(&keys, "/staff/MRPL/ill-admin/keys/make", &[("name", "ILS live")]).await.must_be(200);
    let stop = json!({ "addresses": ["patron@gmail.example"], "reason": "She moved" });
    assert_eq!(world.post("/v1/libraries/MRPL/do-not-send", &stop).await.status, 200);

    let page = admin.get("/staff/MRPL/ill-admin/audit").await;
    page.must_say("A. admin").must_say("Changed the Participant Record").must_say("Time zone");
    page.must_say("America/Vancouver America/Toronto").must_say("Made an API key ILS live");
    page.must_say("key “operator”").must_say("Because: She moved").must_not_say("patron@gmail.example");
    let french = Browser::of(&world, Role::Admin, Some("MRPL")).await.in_french();
    french.get("/staff/MRPL/ill-admin/audit").await.must_say("clé « operator »");
    let narrowed = admin.get("/staff/MRPL/ill-admin/audit?what=key.made&by=ADMIN").await;
    narrowed.must_say("ILS live").must_not_say("She moved");
    admin.get("/staff/MRPL/ill-admin/audit?check=yes").await.must_say("as they were written");
    let file = admin.get("/staff/MRPL/ill-admin/audit.csv").await;
    assert!(file.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    assert!(file.html.contains("record.changed") && file.html.contains("She moved"));
    let store = &world.app().store;
    let theirs = AuditFilter { library: Some("OTHR".to_owned()), ..AuditFilter::default() };
    let theirs: Vec<_> = store.audit(&theirs, 50).await.unwrap().into_iter().map(|entry| entry.what).collect();
    assert_eq!(theirs, ["record.added"]);

    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    desk.get("/staff/MRPL/ill-admin/audit").await.must_be(403);
    admin.get("/consortium/audit").await.must_be(403);
    store.note(Deed::new(None, "A. Roy", "dkim.changed", "a._domainkey", now())).await.unwrap();
    Browser::of(&world, Role::Auditor, None).await.get("/consortium/audit").await.must_say("a._domainkey");
}

#[tokio::test]
async fn an_address_is_stopped_found_and_used_again_with_a_reason() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "nobody@gmail.example")).await;
    world.until_state(id, State::Failed).await;
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let bounces = desk.get("/staff/MRPL/bounces").await;
    bounces.must_be(200).must_say("This address does not exist").must_say("One message").must_say("BC-1");
    let list = "/staff/MRPL/do-not-send";
    let page = desk.get(list).await;
    page.must_say("nobody@gmail.example").must_say("Its provider refused a notice");
    desk.get(&format!("{list}?q=patron@gmail.example")).await.must_say("is not on the list");
    desk.get(&format!("{list}?q=nonsense")).await.must_say("Enter a whole email address");
    let tick = [("one", "nobody@gmail.example"), ("reason", " ")];
    desk.send(&page, &format!("{list}/release"), &tick).await.must_be(422).must_say("Say why");
    let tick = [("one", "nobody@gmail.example"), ("reason", "She has opened it again")];
    let after = desk.send(&page, &format!("{list}/release"), &tick).await;
    after.must_say("goes there again").must_say("No address is stopped");

    let lines = "address,reason\nann@gmail.example\n\"bea@gmail.example\", moved away\nnonsense";
    let added = [("addresses", lines), ("reason", "From our list")];
    let wrong = desk.send(&after, &format!("{list}/add"), &added).await;
    wrong.must_be(422).must_say("This line has no email address: nonsense");
    let added = [("addresses", lines.trim_end_matches("nonsense")), ("reason", "From our list")];
    let after = desk.send(&after, &format!("{list}/add"), &added).await;
    after.must_say("no longer writes there").must_say("ann@gmail.example").must_say("From our list");
    after.must_say("bea@gmail.example").must_say("moved away");
    let file = desk.get(&format!("{list}.csv")).await;
    assert!(file.html.contains("bea@gmail.example,moved away"), "{}", file.html);

    let auditor = Browser::of(&world, Role::Auditor, Some("MRPL")).await;
    auditor.get(list).await.must_not_say("ann@gmail.example").must_say("moved away").must_not_say("Use again");
    let audit = auditor.get("/staff/MRPL/ill-admin/audit").await;
    audit.must_say("Because: She has opened it again").must_say("Saved a list as a file");
}

#[tokio::test]
async fn a_file_of_addresses_is_shown_with_all_that_is_wrong_before_anything_is_stopped() {
    let world = World::new().await;
    world.library("MRPL").await;
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let (list, bring) = ("/staff/MRPL/do-not-send", "/staff/MRPL/do-not-send/file");
    let page = desk.get(list).await;
    desk.bring(&page, bring, "").await.must_be(422).must_say("no address in this file");
    let file = "address;reason\r\nann@gmail.example;moved, far away\r\nnonsense;x\r\n;y\r\nbea@gmail.example;\r\n";
    let seen = desk.bring(&page, bring, file).await;
    seen.must_be(200).must_say("2 addresses can be stopped").must_say("2 rows cannot be used");
    seen.must_say("3 nonsense This is not an email address").must_say("4 There is no address");
    desk.get(list).await.must_say("No address is stopped");

    let hidden = regex::Regex::new(r#"(?s)name="addresses" value="([^"]+)""#).unwrap();
    let lines = hidden.captures(&seen.html).unwrap()[1].to_owned();
    let without = desk.send(&seen, &format!("{list}/add"), &[("addresses", &lines)]).await;
    without.must_be(422).must_say("Say why");
    let after =
        desk.send(&seen, &format!("{list}/add"), &[("addresses", &lines), ("reason", "Our list of 2026")]).await;
    after.must_be(200).must_say("moved, far away").must_say("Our list of 2026").must_say("bea@gmail.example");
    let again = desk.bring(&after, bring, "ANN@gmail.example\nann@gmail.example\n").await;
    again.must_say("No address of this file is left").must_say("One is on the list already");
    again.must_say("One row says an address a second time");
    Browser::of(&world, Role::Auditor, Some("MRPL")).await.get(list).await.must_not_say("Stop the addresses of a file");
}

#[tokio::test]
async fn arrival_counts_what_was_accepted_and_what_was_not_and_leads_to_the_messages() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let mut ids = Vec::new();
    for (library, address) in [("MRPL", "patron"), ("MRPL", "patron-1"), ("MRPL", "nobody"), ("OTHR", "nobody")] {
        let event = ready(library, &format!("BC-{}", ids.len()), &format!("{address}@gmail.example"));
        ids.push(world.tell_one(&event).await);
    }
    for id in &ids {
        world.over(*id).await;
    }
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let page = desk.get("/staff/MRPL/arrival").await;
    page.must_be(200).must_say("We know what became of 3 messages; receivers accepted 2").must_say("2 of 3");
    page.must_say("Percentages appear after 20 messages").must_say("This address does not exist");
    let link_of = regex::Regex::new(r#"<td class="heat-some"><a href="([^"]+)""#).unwrap();
    let link = link_of.captures(&page.html).unwrap()[1].replace("&#38;", "&");
    desk.get(&link).await.must_say("BC-2").must_not_say("BC-0").must_not_say("BC-3").must_say("Remove: Gmail");
    desk.get("/staff/MRPL/messages?to=2020-01-01").await.must_say("No messages fit");
    desk.get("/consortium/arrival").await.must_be(403);

    let operator = Browser::of(&world, Role::Consortium, None).await;
    let arrival = operator.get("/consortium/arrival").await;
    arrival.must_say("We know what became of 4 messages; receivers accepted 2");
    let link = link_of.captures(&arrival.html).unwrap()[1].replace("&#38;", "&");
    let libraries = operator.get(&link).await;
    libraries
        .must_say("Which libraries these are")
        .must_say("OTHR 1 0 of 1")
        .must_say("MRPL 1 2 of 3")
        .must_say("Gmail");
    let messages = regex::Regex::new(r#"href="(/staff/OTHR/messages[^"]+)""#).unwrap();
    let messages = messages.captures(&libraries.html).unwrap()[1].replace("&#38;", "&");
    operator.get(&messages).await.must_say("BC-3").must_not_say("BC-0").must_say("Remove: Gmail");
    operator.get("/consortium/arrival/libraries?cause=auth").await.must_say("No library has such messages");
    operator.get("/consortium/arrival/libraries?from=1990-01-01&to=x&cause=addr").await.must_say("MRPL 1");
    desk.get("/consortium/arrival/libraries").await.must_be(403);
    let home = operator.get("/consortium").await;
    home.must_say("Libraries of the consortium").must_say("Shared address").must_say("0 of 1");
    assert!(home.html.find("/staff/OTHR\"") < home.html.find("/staff/MRPL\""), "the worst first");
    operator.get("/consortium?show=quiet").await.must_not_say("MRPL");
    operator.get("/consortium?show=waiting&q=ridge").await.must_say("No library fits");
    let found = operator.get("/consortium/find?q=BC-3").await;
    found.must_say("Maple Ridge Public Library").must_say("BC-3").must_not_say("BC-2");
    let message = operator.get(&format!("/consortium/find?q={}", ids[3])).await;
    assert_eq!(message.path, format!("/staff/OTHR/messages/{}", ids[3]));
    operator.get("/consortium/find?q=nothing").await.must_say("No request has this number");
    let file = operator.get("/consortium.csv").await;
    assert!(file.html.contains("OTHR,") && file.html.contains(",0,1,0%,Gmail (1)"), "{}", file.html);
}

#[tokio::test]
async fn staff_of_a_library_whose_records_are_missing_are_reminded_once_a_day() {
    let world = World::new().await;
    let mut library = record("MRPL");
    library.from = Some(address("ill@closed.example"));
    library.borrowing_staff = vec![address("patron-staff@gmail.example")];
    world.put(library).await;
    let operator = Browser::of(&world, Role::Operator, None).await;
    let page = operator.get("/consortium?show=waiting").await;
    page.must_say("Shared until DNS is ready");
    let before = world.app().store.messages(&Filter::default(), 10).await.unwrap().len();
    for _ in 0..2 {
        let page = operator.get("/consortium?show=waiting").await;
        operator.send(&page, "/consortium/remind", &[("one", "MRPL")]).await.must_say("Reminded");
    }
    let after = world.app().store.messages(&Filter::default(), 10).await.unwrap();
    assert_eq!(after.len(), before + 1);
    assert!(after[0].notice.starts_with("ops_domain_broken"));
    let page = operator.get("/consortium").await;
    operator.send(&page, "/consortium/remind", &[]).await.must_say("Nothing was ticked");
}
