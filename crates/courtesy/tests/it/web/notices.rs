//! Patron Notices and Staff Notices: what is on, switching it, and what stands beside each.

use courtesy::staff::Role;

use super::Browser;
use crate::world::{World, code, ready};

const LIST: &str = "/staff/MRPL/ill-admin/patron-notices";
const SWITCH: &str = "/staff/MRPL/ill-admin/notices/switch";

fn is_on(world: &World, notice: &str) -> Option<bool> {
    world.app().book.library(&code("MRPL")).unwrap().switches.get(notice).copied()
}

#[tokio::test]
async fn a_notice_is_switched_and_switched_back() {
    let world = World::new().await;
    world.library("MRPL").await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let page = editor.get(LIST).await;
    page.must_be(200).must_say("On loan").must_say("Overdue").must_say("When the loan was due and is not back.");
    let off = editor.send(&page, SWITCH, &[("list", "patron"), ("notice", "overdue"), ("to", "off")]).await;
    off.must_say("Overdue is now off.").must_say("Undo");
    assert_eq!(is_on(&world, "overdue"), Some(false));
    assert!(off.html.contains(r#"name="notice" value="overdue""#), "the way back names it");
    editor.send(&off, SWITCH, &[("notice", "overdue"), ("to", "on")]).await.must_say("Overdue is now on.");
    assert_eq!(is_on(&world, "overdue"), Some(true));
}

#[tokio::test]
async fn many_are_switched_at_once_and_only_those_that_change_are_switched_back() {
    let world = World::new().await;
    world.library("MRPL").await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let page = editor.get(LIST).await;
    let three = [("notice", "shipped"), ("notice", "retry"), ("notice", "overdue"), ("to", "on")];
    let done = editor.send(&page, SWITCH, &three).await;
    done.must_say("2 notices are now on.");
    assert_eq!(
        (is_on(&world, "shipped"), is_on(&world, "retry"), is_on(&world, "overdue")),
        (Some(true), Some(true), None)
    );
    let none = editor.send(&editor.get(LIST).await, SWITCH, &[("to", "on")]).await;
    none.must_be(422).must_say("Select at least one notice first");
    let nonsense = editor.send(&editor.get(LIST).await, SWITCH, &[("notice", "test_notice"), ("to", "off")]).await;
    nonsense.must_be(422);
}

#[tokio::test]
async fn the_list_says_whose_words_are_used_and_when_the_consortium_changed_its_own() {
    let world = World::new().await;
    world.library("MRPL").await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    editor.get(LIST).await.must_not_say("Yours, version").must_not_say("French is not yours yet");
    let source = |words: &str| format!("---\nstatus: overdue\naudience: patron\nsubject: Late\n---\n{words}\n");
    let own = world.request("PUT", "/v1/libraries/MRPL/notices/overdue/en", &world.key, &[], &source("Ours.")).await;
    assert_eq!(own.status, 200, "{}", own.text);
    let list = editor.get(LIST).await;
    list.must_say("Yours, version 1").must_say("French is not yours yet").must_not_say("after you wrote yours");
    world.request("PUT", "/v1/libraries/_/notices/overdue/en", &world.key, &[], &source("Theirs.")).await;
    editor.get(LIST).await.must_say("The consortium changed its words after you wrote yours.");
    editor.get(&format!("{LIST}?show=changed")).await.must_say("Overdue").must_not_say("Recalled");
    editor.get(&format!("{LIST}?show=yours")).await.must_say("Overdue").must_not_say("Recalled");
    editor.get(&format!("{LIST}?show=off")).await.must_say("Shipped").must_not_say("Overdue");
}

#[tokio::test]
async fn the_list_counts_what_was_sent_of_each_notice() {
    let world = World::new().await;
    world.library("MRPL").await;
    for request in ["BC-1", "BC-2"] {
        world.tell_one(&ready("MRPL", request, "patron@gmail.example")).await;
    }
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let page = desk.get(LIST).await;
    let count = regex::Regex::new(r#"notice=ready_for_pickup">2<"#).unwrap();
    assert!(count.is_match(&page.html), "{}", page.html);
    assert!(!page.html.contains("role=\"switch\""), "the desk looks and does not switch");
}

#[tokio::test]
async fn staff_notices_have_their_switches_and_their_addresses() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let path = "/staff/MRPL/ill-admin/staff-notices";
    let page = admin.get(path).await;
    page.must_say("Staff for lending").must_say("Another library asks for an item.");
    let form = [("list", "staff"), ("notice", "shipped.borrowing"), ("to", "off")];
    let off = admin.send(&page, SWITCH, &form).await;
    off.must_say("Shipped is now off.");
    assert!(off.path.starts_with(path), "{}", off.path);
    let addresses = format!("{path}/addresses");
    let good = [("borrowing_staff", "desk@library.example, a.roy@library.example"), ("lending_staff", "")];
    admin.send(&off, &addresses, &good).await.must_say("Saved.").must_say("a.roy@library.example");
    let library = world.app().book.library(&code("MRPL")).unwrap();
    assert_eq!((library.borrowing_staff.len(), library.lending_staff.len()), (2, 0));
    let bad = [("borrowing_staff", "nobody at all"), ("lending_staff", "desk@library.example")];
    let again = admin.send(&admin.get(path).await, &addresses, &bad).await;
    again.must_be(422).must_say("at most 20 email addresses for borrowing").must_say("nobody at all");
}

#[tokio::test]
async fn a_new_library_gets_its_tasks_until_its_first_notice() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let home = admin.get("/staff/MRPL").await;
    home.must_say("Set up your notices").must_say("None is done yet.").must_not_say("Every patron was reached");
    let test = admin.send(&home, "/staff/MRPL/ill-admin/test", &[("test_to", "patron@gmail.example")]).await;
    test.must_say("Test notice").must_say("Accepted by Gmail");
    let kept = world.outside.mailboxes().kept();
    let mail = crate::world::read(kept.last().unwrap());
    assert!(mail.text.contains("This is a test. Nothing has happened to any request."), "{}", mail.text);
    admin.get("/staff/MRPL").await.must_say("One is done.");
    world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    admin.get("/staff/MRPL").await.must_not_say("Set up your notices").must_say("Last 7 days");
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    desk.get("/staff/MRPL").await.must_be(200);
}
