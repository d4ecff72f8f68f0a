//! The consortium's own words: edited for all libraries as a library edits its own, and never over a library's own.

use courtesy::staff::Role;

use super::Browser;
use super::editor::{form, sent};
use crate::world::{World, code, read};

const PAGE: &str = "/consortium/notices/ready_for_pickup";
const EDITOR: &str = "/staff/MRPL/ill-admin/notices/ready_for_pickup";

const BODY: &str = "Hello ((first_name??((first_name)))),\n\nYour loan ((title)) is at the desk. Bring your card.";

#[tokio::test]
async fn the_consortiums_words_reach_every_library_that_has_none_of_its_own() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let consortium = Browser::of(&world, Role::Consortium, None).await;
    consortium.get("/consortium/notices").await.must_say("Words for all libraries").must_say("Standard");
    let page = consortium.get(PAGE).await;
    page.must_be(200).must_say("for all libraries that have none of their own").must_say("Insert a field");
    let mut words = form(&page);
    words.insert("subject_en".to_owned(), "((title)) is here".to_owned());
    words.insert("body_en".to_owned(), "Hello ((nobody)).".to_owned());
    sent(&consortium, &page, "publish", &words).await.must_be(422).must_say("There is a problem");
    words.insert("body_en".to_owned(), BODY.to_owned());
    let after = sent(&consortium, &page, "publish", &words).await;
    after.must_be(200).must_say("Published");
    sent(&consortium, &after, "publish", &form(&after)).await.must_say("in force already");
    words.insert("body_en".to_owned(), "Hello again ((title)).".to_owned());
    let fresh = consortium.get(PAGE).await;
    sent(&consortium, &fresh, "publish", &words).await.must_be(422).must_say("published another version");

    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    assert!(admin.get(EDITOR).await.html.contains("Bring your card."), "a library without words has the consortium's");
    for place in ["", "/history", "/preview"] {
        admin.get(&format!("{PAGE}{place}")).await.must_be(403);
    }
    let preview = consortium.get(&format!("{PAGE}/preview")).await;
    assert!(preview.html.contains("Bring your card.") && preview.html.contains("Sample Public Library"));

    let history = consortium.get(&format!("{PAGE}/history")).await;
    history.must_say("English, version 1 In force").must_not_say("French, version");
    let compared = consortium.get(&format!("{PAGE}/history?language=en&from=shared&to=1")).await;
    compared.must_say("against the standard words").must_say("Put in:");
    let back = [("language", "en"), ("version", "shared")];
    let again = consortium.send(&history, &format!("{PAGE}/restore"), &back).await;
    again.must_say("Restored").must_say("From here on the standard words were used");
    assert!(!admin.get(EDITOR).await.html.contains("Bring your card."));
}

#[tokio::test]
async fn the_consortiums_draft_reaches_nobody_and_is_tried_in_the_name_of_a_library() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut english = (*world.app().book.library(&code("MRPL")).unwrap()).clone();
    english.code = code("ENGL");
    english.languages = vec![courtesy::notice::Language::En];
    world.put(english).await;
    let consortium = Browser::of(&world, Role::Consortium, None).await;
    let page = consortium.get(PAGE).await;
    let mut words = form(&page);
    words.insert("body_en".to_owned(), BODY.to_owned());
    words.insert("body_fr".to_owned(), "Venez chercher ((title)).".to_owned());
    words.insert("sms_en".to_owned(), "((library_name)): come and see.".to_owned());
    let checked = sent(&consortium, &page, "checks", &words).await;
    checked
        .must_say("Text message (English): one part")
        .must_say("Library: come and see.")
        .must_not_say("A draft is kept");
    let drafted = sent(&consortium, &page, "save", &words).await;
    drafted.must_say("A draft is kept, saved by A. consortium");
    consortium.get("/consortium/notices").await.must_say("A draft waits");
    assert!(consortium.get(&format!("{PAGE}/preview")).await.html.contains("Bring your card."));
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let theirs = editor.get(EDITOR).await;
    theirs.must_not_say("A draft is kept");
    assert!(!theirs.html.contains("Bring your card."), "a draft reaches no library");

    let mut words = form(&drafted);
    words.insert("test_to".to_owned(), "patron-roy@gmail.example".to_owned());
    sent(&consortium, &drafted, "test", &words).await.must_be(422).must_say("Choose the library");
    words.insert("test_as".to_owned(), "ENGL".to_owned());
    words.insert("test_language".to_owned(), "fr".to_owned());
    let page = consortium.get(PAGE).await;
    sent(&consortium, &page, "test", &words).await.must_be(422).must_say("does not write in this language");
    words.insert("test_as".to_owned(), "MRPL".to_owned());
    let tested = sent(&consortium, &page, "test", &words).await;
    tested.must_be(200).must_say("Accepted by Gmail").must_say("Sent as mrpl@").must_say("A draft is kept");
    assert!(tested.html.contains("value=\"MRPL\" selected"), "the next test is of the same library");
    let mail = read(&world.outside.mailboxes().kept()[0]);
    assert!(mail.text.contains("Venez chercher L’Océan") && !mail.text.contains("Bring"), "{}", mail.text);
    editor.get("/staff/MRPL/messages").await.must_say("Test notice");

    let discarded = sent(&consortium, &tested, "discard", &form(&tested)).await;
    discarded.must_say("The draft is gone").must_not_say("A draft is kept");
    let without = World::new().await;
    let nobody = Browser::of(&without, Role::Consortium, None).await;
    nobody.get(PAGE).await.must_say("there is none here yet");
    let french = Browser::of(&world, Role::Consortium, None).await.in_french();
    french.get(PAGE).await.must_say("Au nom de").must_say("Publier pour toutes les bibliothèques");
}

#[tokio::test]
async fn a_library_called_as_the_sample_is_keeps_its_words_to_itself() {
    let world = World::new().await;
    world.library("SAMPLE").await;
    let source = "---\nstatus: ready_for_pickup\naudience: patron\nsubject: ((title))\n---\nSecret words: ((title))\n";
    let path = "/v1/libraries/SAMPLE/notices/ready_for_pickup/en";
    assert_eq!(world.request("PUT", path, &world.key, &[], source).await.status, 200);
    let consortium = Browser::of(&world, Role::Consortium, None).await;
    assert!(!consortium.get(PAGE).await.html.contains("Secret words"));
    assert!(!consortium.get(&format!("{PAGE}/preview")).await.html.contains("Secret words"));
}

#[tokio::test]
async fn a_library_with_words_of_its_own_keeps_them_and_is_counted() {
    let world = World::new().await;
    world.library("MRPL").await;
    let source = "---\nstatus: ready_for_pickup\naudience: patron\nsubject: ((title))\n---\nOur own: ((title))\n";
    let path = "/v1/libraries/MRPL/notices/ready_for_pickup/en";
    assert_eq!(world.request("PUT", path, &world.key, &[], source).await.status, 200);
    let path = "/v1/libraries/_/notices/ready_for_pickup/en";
    let theirs = source.replace("Our own", "The consortium says");
    assert_eq!(world.request("PUT", path, &world.key, &[], &theirs).await.status, 200);
    let operator = Browser::of(&world, Role::Operator, None).await;
    operator.get("/consortium/notices").await.must_say("The consortium’s own 1");
    operator.get(PAGE).await.must_say("One library has its own, which stay");
    let editor = operator.get("/staff/MRPL/ill-admin/notices/ready_for_pickup").await;
    assert!(editor.html.contains("Our own: ((title))"), "{}", editor.text());
}

#[tokio::test]
async fn a_text_is_replaced_in_the_consortiums_words_and_so_for_all() {
    let world = World::new().await;
    world.library("MRPL").await;
    let consortium = Browser::of(&world, Role::Consortium, None).await;
    let path = "/consortium/notices/replace";
    consortium.get("/consortium/notices").await.must_say("Replace text in many notices");
    let found = consortium.get(&format!("{path}?find=library+card&with=borrower+card")).await;
    found.must_say("Please bring your borrower card").must_say("Standard words; they become the consortium’s.");
    let wish = [("find", "library card"), ("with", "borrower card"), ("one", "ready_for_pickup en")];
    consortium.send(&found, path, &wish).await.must_say("Published in one notice.");
    let again = consortium.get(&format!("{path}?find=borrower+card&with=card")).await;
    again.must_say("Please bring your card").must_not_say("they become the consortium’s");
    consortium.get(&format!("{PAGE}/history")).await.must_say("English, version 1 In force");
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    assert!(editor.get(EDITOR).await.html.contains("borrower card"));
    editor.get(&format!("{EDITOR}/history")).await.must_say("has never changed these words");
    consortium.get(&format!("{path}?find=zzz+zzz")).await.must_say("That stands in no notice.");
}
