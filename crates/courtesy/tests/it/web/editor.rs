//! The notice editor: drafts, checks, preview, tests, publishing, the past.

use std::collections::BTreeMap;

use courtesy::staff::Role;

use super::{Browser, Page};
use crate::world::{World, code, read, ready};

const EDITOR: &str = "/staff/MRPL/ill-admin/notices/ready_for_pickup";

/// What the editor's form holds, as a browser reads it out of the page.
pub(super) fn form(page: &Page) -> BTreeMap<String, String> {
    let input = regex::Regex::new(r#"<input[^>]*name="([a-z_]+)"[^>]*value="([^"]*)""#).unwrap();
    let area = regex::Regex::new(r#"(?s)<textarea[^>]*name="([a-z_]+)"[^>]*>(.*?)</textarea>"#).unwrap();
    let plain =
        |text: &str| text.replace("&#38;", "&").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">");
    let editor = page.html.split_once("id=\"editor\"").expect("the editor's form").1;
    let found = input.captures_iter(editor).chain(area.captures_iter(editor));
    found.map(|one| (one[1].to_owned(), plain(&one[2]))).filter(|(name, _)| name != "form").collect()
}

/// The editor's form of `page`, sent to one of its buttons.
pub(super) async fn sent(browser: &Browser<'_>, page: &Page, action: &str, form: &BTreeMap<String, String>) -> Page {
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let place = regex::Regex::new(r#"id="editor" action="([^"]+)/save""#).unwrap().captures(&page.html);
    let place = &place.expect("the editor's form")[1];
    browser.send(page, &format!("{place}/{action}"), &fields).await
}

async fn world() -> World {
    let world = World::new().await;
    world.library("MRPL").await;
    world
}

fn in_force(world: &World) -> String {
    use courtesy::notice::Language;
    use courtesy::notice::catalogue::Notice;
    let notice = Notice::from_code("ready_for_pickup").unwrap();
    world.app().book.words_text("MRPL", notice, Language::En).unwrap().1
}

#[tokio::test]
async fn words_are_drafted_published_compared_and_restored() {
    let world = world().await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let page = editor.get(EDITOR).await;
    page.must_be(200).must_say("When the item waits for the patron.").must_say("Nothing to fix");
    let mut words = form(&page);
    assert!(words["body_fr"].contains("Bonne nouvelle"), "{words:?}");

    words.insert("subject_en".to_owned(), "((title)) waits for you".to_owned());
    let drafted = sent(&editor, &page, "save", &words).await;
    drafted.must_say("The draft is saved").must_say("A draft is kept, saved by A. editor");
    assert!(!in_force(&world).contains("waits for you"), "a draft is not sent");
    editor.get("/staff/MRPL/ill-admin/patron-notices").await.must_say("A draft waits");

    let published = sent(&editor, &drafted, "publish", &form(&drafted)).await;
    published.must_say("Published.").must_not_say("A draft is kept");
    assert!(in_force(&world).contains("subject: ((title)) waits for you"));
    let same = sent(&editor, &published, "publish", &form(&published)).await;
    same.must_say("These words are in force already.");

    let mut words = form(&same);
    words.insert("body_en".to_owned(), "It is here.\r\n\r\nCome and see.".to_owned());
    sent(&editor, &same, "publish", &words).await.must_say("Published.");
    let history = editor.get(&format!("{EDITOR}/history")).await;
    history.must_say("English, version 2").must_say("English, version 1").must_not_say("French, version");
    let compared = editor.get(&format!("{EDITOR}/history?language=en&from=1&to=2")).await;
    compared.must_say("Put in: It is here.").must_say("Taken out: Good news");
    let back = [("language", "en"), ("version", "1")];
    let restored = editor.send(&history, &format!("{EDITOR}/restore"), &back).await;
    restored.must_say("Restored.").must_say("English, version 3");
    assert!(in_force(&world).contains("waits for you") && in_force(&world).contains("Good news"));
    let shared = [("language", "en"), ("version", "shared")];
    editor.send(&restored, &format!("{EDITOR}/restore"), &shared).await.must_say("From here on the shared words");
    assert!(in_force(&world).contains("Ready for pickup"));
}

#[tokio::test]
async fn what_is_wrong_is_named_at_its_line_and_nothing_is_published() {
    let world = world().await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let page = editor.get(EDITOR).await;
    let mut words = form(&page);
    words.insert("body_en".to_owned(), "Hello,\n\nyour ((titel)) is here.".to_owned());
    let again = sent(&editor, &page, "publish", &words).await;
    again.must_be(422).must_say("English, message, line 3").must_say("did you mean ((title))?");
    assert!(again.html.contains("href=\"#body_en\"") && again.text().contains("your ((titel)) is here."));
    assert!(in_force(&world).contains("Good news"));
    for _ in 0..2 {
        sent(&editor, &again, "checks", &words).await.must_be(200).must_say("did you mean ((title))?");
    }
    sent(&editor, &again, "save", &words).await.must_be(200).must_say("The draft is saved");
    editor.get(EDITOR).await.must_say("Must be fixed").must_say("your ((titel)) is here.");
    let page = editor.get(EDITOR).await;
    sent(&editor, &page, "discard", &BTreeMap::new()).await.must_say("The draft is gone").must_not_say("titel");
}

#[tokio::test]
async fn whoever_published_meanwhile_is_not_overwritten_unseen() {
    let world = world().await;
    let first = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let second = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let (mine, theirs) = (first.get(EDITOR).await, second.get(EDITOR).await);
    let mut words = form(&theirs);
    words.insert("body_en".to_owned(), "Theirs.".to_owned());
    sent(&second, &theirs, "publish", &words).await.must_say("Published.");
    let mut words = form(&mine);
    words.insert("body_en".to_owned(), "Mine.".to_owned());
    let again = sent(&first, &mine, "publish", &words).await;
    again.must_be(422).must_say("A. admin published another version while you wrote").must_say("Mine.");
    assert!(in_force(&world).contains("Theirs."));
    sent(&first, &again, "publish", &form(&again)).await.must_say("Published.");
    assert!(in_force(&world).contains("Mine."));
}

#[tokio::test]
async fn a_preview_is_a_mail_in_a_sandbox_however_often_it_is_asked_for() {
    let world = world().await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let page = editor.get(EDITOR).await;
    let kept = editor.get(&format!("{EDITOR}/preview")).await;
    let policy = kept.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("sandbox") && policy.contains("frame-ancestors 'self'") && !policy.contains("script"));
    kept.must_say("Subject Ready for pickup: The Overstory").must_say("mrpl@");
    let page_policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(page_policy.contains("frame-src 'self'") && !page_policy.contains("unsafe"), "{page_policy}");
    let mut words = form(&page);
    words.insert("subject_en".to_owned(), "Here: ((title))".to_owned());
    for (sample, says) in [("long", "northern inlets"), ("rtl", "كتاب"), ("accents", "Zoë"), ("usual", "The Overstory")]
    {
        words.insert("sample".to_owned(), sample.to_owned());
        sent(&editor, &page, "preview", &words).await.must_be(200).must_say("Here: ").must_say(says);
    }
    words.insert("sample".to_owned(), "bare".to_owned());
    sent(&editor, &page, "preview", &words).await.must_be(200).must_not_say("Richard Powers").must_say("Hello,");
    words.insert("look".to_owned(), "dark".to_owned());
    let dark = sent(&editor, &page, "preview", &words).await;
    assert!(dark.html.contains("@media all") && !dark.html.contains("prefers-color-scheme"));
    words.insert("look".to_owned(), "text".to_owned());
    assert!(sent(&editor, &page, "preview", &words).await.html.contains("<pre"));
    words.insert("look_language".to_owned(), "fr".to_owned());
    sent(&editor, &page, "preview", &words).await.must_say("Bonne nouvelle");
    words.insert("subject_fr".to_owned(), "((nonsense))".to_owned());
    sent(&editor, &page, "preview", &words).await.must_say("cannot be written out yet").must_say("nonsense");
}

#[tokio::test]
async fn a_test_says_what_is_typed_and_what_became_of_it() {
    let world = world().await;
    let mut library = (*world.app().book.library(&code("MRPL")).unwrap()).clone();
    library.cc = vec![crate::world::address("copies@library.example")];
    world.put(library).await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let page = editor.get(EDITOR).await;
    let mut words = form(&page);
    words.insert("subject_en".to_owned(), "Not published: ((title))".to_owned());
    words.insert("test_to".to_owned(), "patron-roy@gmail.example".to_owned());
    let tested = sent(&editor, &page, "test", &words).await;
    tested.must_be(200).must_say("Accepted by Gmail").must_say("Sent as mrpl@").must_say("A draft is kept");
    let kept = world.outside.mailboxes().kept();
    assert_eq!(kept.len(), 1, "no copy of a test");
    let mail = read(&kept[0]);
    assert_eq!(mail.subject, "Not published: The Overstory");
    assert!(mail.text.contains("This is a test."), "{}", mail.text);
    assert!(!in_force(&world).contains("Not published"));
    editor.get("/staff/MRPL/messages").await.must_say("Test notice");

    words.insert("test_to".to_owned(), "nobody@gmail.example".to_owned());
    let page = editor.get(EDITOR).await;
    sent(&editor, &page, "test", &words).await.must_say("This address does not exist");
    words.insert("test_to".to_owned(), "nobody".to_owned());
    let page = editor.get(EDITOR).await;
    sent(&editor, &page, "test", &words).await.must_be(422).must_say("Enter an email address");
    // A test that failed leaves no patron without their notice.
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    world.tell(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    desk.get("/staff/MRPL").await.must_say("Every patron was reached");
}

#[tokio::test]
async fn only_notices_of_the_library_are_edited() {
    let world = world().await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    for notice in ["nonsense", "test_notice", "ops_queue_stuck"] {
        editor.get(&format!("/staff/MRPL/ill-admin/notices/{notice}")).await.must_be(404);
    }
    editor.get("/staff/MRPL/ill-admin/notices/overdue.borrowing").await.must_be(200).must_say("Staff Notices");
    let french = Browser::of(&world, Role::Editor, Some("MRPL")).await.in_french();
    french.get(EDITOR).await.must_be(200).must_say("Aperçu").must_say("Publier");
}

#[tokio::test]
async fn a_text_is_replaced_in_many_notices_and_nothing_wrong_is_published() {
    let world = world().await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let path = "/staff/MRPL/ill-admin/notices/replace";
    let found = editor.get(&format!("{path}?find=library+card&with=borrower+card")).await;
    found
        .must_say("Received – no attachments, English")
        .must_say("Please bring your borrower card")
        .must_not_say("French");
    let wish = [("find", "library card"), ("with", "borrower card"), ("one", "ready_for_pickup en")];
    editor.send(&found, path, &wish).await.must_say("Published in one notice.");
    assert!(in_force(&world).contains("bring your borrower card"));
    let found = editor.get(&format!("{path}?find=((title))&with=((titel))")).await;
    found.must_say("did you mean ((title))?");
    let wish = [("find", "((title))"), ("with", "((titel))"), ("one", "ready_for_pickup en")];
    editor.send(&found, path, &wish).await.must_say("Published in 0 notices.");
    assert!(!in_force(&world).contains("titel"));
    editor.get(&format!("{path}?find=x")).await.must_be(200).must_not_say("stands in no notice");
    editor.get(&format!("{path}?find=zzz+zzz")).await.must_say("stands in no notice");
}

#[tokio::test]
async fn the_text_message_has_its_own_words_and_says_what_it_costs() {
    let world = world().await;
    let editor = Browser::of(&world, Role::Editor, Some("MRPL")).await;
    let page = editor.get(EDITOR).await;
    page.must_say("your loan is ready");
    let mut words = form(&page);
    words.insert("sms_en".to_owned(), "((library_name)): it is here.".to_owned());
    let checked = sent(&editor, &page, "checks", &words).await;
    checked.must_say("Text message (English): one part").must_say("Library: it is here.");
    words.insert("sms_en".to_owned(), format!("((library_name)): {}", "it is here, and it waits. ".repeat(8)));
    sent(&editor, &page, "checks", &words).await.must_say("Text message (English): 2 parts");
    words.insert("sms_fr".to_owned(), "Votre prêt vous attend à l’accueil.".to_owned());
    sent(&editor, &page, "checks", &words).await.must_say("Because of “ê” each part holds 70 letters");
    words.insert("sms_en".to_owned(), "((library_name)): come ((nonsense))".to_owned());
    sent(&editor, &page, "checks", &words).await.must_say("text message: ");
    words.insert("sms_en".to_owned(), "((library_name)): it is here.".to_owned());
    sent(&editor, &page, "publish", &words).await.must_say("Published.");
    assert!(in_force(&world).contains("sms: ((library_name)): it is here."));
}
