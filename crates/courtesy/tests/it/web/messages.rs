//! Messages: found, read, sent again; and the dashboard that tells of them.

use courtesy::queue::State;
use courtesy::staff::Role;
use courtesy::store::Filter;
use serde_json::json;

use super::Browser;
use crate::world::{World, code, ready, record};

#[tokio::test]
async fn a_message_that_was_refused_is_found_by_the_patrons_name_and_sent_again_to_another_address() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut event = ready("MRPL", "BC-104233", "nobody@gmail.example");
    event["patron"]["surname"] = json!("Kowalczyk");
    let id = world.tell_one(&event).await;
    world.until_state(id, State::Failed).await;

    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let home = desk.get("/staff/MRPL").await;
    home.must_say("Patrons we could not reach (1)").must_say("Amira Kowalczyk").must_say("BC-104233");
    for word in ["kowalcz", "BC-104233", "nobody@gmail", "21234", "Overstory", "KOWALCZYK%20amira"] {
        desk.get(&format!("/staff/MRPL/messages?q={word}")).await.must_say("Amira Kowalczyk");
    }
    desk.get("/staff/MRPL/messages?q=overstory%20nowak").await.must_say("No messages fit");
    desk.get("/staff/MRPL/messages?q=kowalczyk&state=accepted").await.must_say("No messages fit");
    assert_eq!(desk.get(&format!("/staff/MRPL/messages?q={id}")).await.path, format!("/staff/MRPL/messages/{id}"));

    let page = desk.get(&format!("/staff/MRPL/messages/{id}")).await;
    page.must_say("Could not be delivered")
        .must_say("This address does not exist")
        .must_not_say("nobody@gmail.example");
    let action = format!("/staff/MRPL/messages/{id}/resend");
    let wrong = desk.send(&page, &action, &[("to", "no address")]).await;
    wrong.must_be(422).must_say("Enter an email address");
    assert!(wrong.html.contains("value=\"no address\""), "what was typed is kept");
    assert!(wrong.html.contains("<title>Error: "), "the title says so");
    let again = desk.send(&page, &action, &[("to", "patron@gmail.example")]).await;
    again.must_be(200).must_say("On its way again");
    let rows = world.app().store.messages(&Filter::default(), 10).await.unwrap();
    world.until_state(rows[0].id, State::Accepted).await;
    desk.get("/staff/MRPL").await.must_say("Every patron was reached");
}

#[tokio::test]
async fn a_stopped_address_gets_nothing_more_and_the_page_says_what_to_do() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "nobody@gmail.example")).await;
    world.until_state(id, State::Failed).await;
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let page = desk.get(&format!("/staff/MRPL/messages/{id}")).await;
    let action = format!("/staff/MRPL/messages/{id}/resend");
    let stopped = desk.send(&page, &action, &[]).await;
    stopped.must_be(422).must_say("Not sent").must_say("Allow it again").must_not_say("On its way again");
    assert!(stopped.html.contains("/staff/MRPL/do-not-send?q=nobody"), "one click away");
    assert_eq!(world.app().store.messages(&Filter::default(), 10).await.unwrap().len(), 1, "no new message");

    // A later notice of the same loan waits on the same row, and leaves the list with it.
    let mut overdue = ready("MRPL", "BC-1", "nobody@gmail.example");
    overdue["status"] = json!("overdue");
    overdue["fields"]["due_date"] = json!("2026-11-10");
    let later = world.tell_one(&overdue).await;
    world.until_state(later, State::Suppressed).await;
    let list = desk.get("/staff/MRPL/unreached").await;
    assert_eq!(list.html.matches("case-what").count(), 1, "one row a patron and request");
    let done = desk.send(&list, &format!("/staff/MRPL/unreached/{later}/resolve"), &[("how", "phone")]).await;
    done.must_say("Every patron was reached");
}

#[tokio::test]
async fn a_double_click_sends_once() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(id, State::Accepted).await;
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let page = desk.get(&format!("/staff/MRPL/messages/{id}")).await;
    let action = format!("/staff/MRPL/messages/{id}/resend");
    let (first, second) = tokio::join!(desk.send(&page, &action, &[]), desk.send(&page, &action, &[]));
    assert_eq!((first.must_be(200).path.clone(), second.must_be(200).path.clone()), (first.path, second.path.clone()));
    let later = desk.send(&page, &action, &[]).await;
    assert_eq!(later.path, second.path, "Back and once more is the same click");
    assert_eq!(world.app().store.messages(&Filter::default(), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_patron_who_was_phoned_is_off_the_list() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut event = ready("MRPL", "BC-7", "patron@gmail.example");
    event["patron"].as_object_mut().unwrap().remove("email");
    let id = world.tell_one(&event).await;
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let home = desk.get("/staff/MRPL").await;
    home.must_say("No email address came with the request");
    let fields = [("how", "phone"), ("home", "1")];
    let after = desk.send(&home, &format!("/staff/MRPL/messages/{id}/handled"), &fields).await;
    after.must_say("It is off the list").must_say("Every patron was reached");
    desk.get(&format!("/staff/MRPL/messages/{id}")).await.must_say("A. desk phoned the patron");
}

#[tokio::test]
async fn a_desk_sees_no_conversation_and_the_librarys_it_no_patron() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(id, State::Accepted).await;
    let path = format!("/staff/MRPL/messages/{id}");
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    desk.get(&path).await.must_say("Accepted by Gmail").must_not_say("Technical details");
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let page = admin.get(&path).await;
    page.must_say("Technical details").must_say("MAIL FROM").must_not_say("patron@gmail.example");
    let it = Browser::of(&world, Role::It, Some("MRPL")).await;
    it.get(&path).await.must_be(403);
    let home = it.get("/staff/MRPL").await;
    home.must_be(200).must_not_say("Patrons we could not reach").must_not_say("Messages");
}

#[tokio::test]
async fn filters_narrow_and_older_pages_follow() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.put(record("OTHR")).await;
    for number in 0..30 {
        world.tell_one(&ready("MRPL", &format!("BC-{number}"), "patron@gmail.example")).await;
    }
    world.tell_one(&ready("OTHR", "XX-1", "patron@gmail.example")).await;
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let first = desk.get("/staff/MRPL/messages").await;
    first.must_say("BC-29").must_not_say("BC-4 ").must_not_say("XX-1").must_say("Older");
    let older = regex::Regex::new(r#"rel="next" href="([^"]+)""#).unwrap().captures(&first.html).unwrap()[1].to_owned();
    desk.get(&older.replace("&#38;", "&")).await.must_say("BC-0").must_not_say("BC-29").must_say("Newest");
    let none = desk.get("/staff/MRPL/messages?state=held").await;
    none.must_say("No messages fit").must_say("Remove: Held");
    desk.get("/staff/MRPL/messages?q=XX-1").await.must_say("No messages fit");
    assert_eq!(
        world
            .app()
            .store
            .messages(&Filter { library: Some(code("OTHR")), ..Filter::default() }, 9)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn the_dashboard_speaks_french() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await.in_french();
    let home = desk.get("/staff/MRPL").await;
    home.must_say("Tableau de bord").must_say("Bibliothèque de Maple Ridge").must_say("7 derniers jours");
    assert!(home.html.contains("<html lang=\"fr\">"));
    let english = desk.get("/language/en?to=/staff/MRPL").await;
    assert_eq!(english.path, "/staff/MRPL");
    english.must_say("Staff Dashboard");
}
