//! The way to one's own page without a link: by a code to the address on record, and without a word on who is known.

use courtesy::clock::now;
use courtesy::patron::{Knock, TRIES_MAX};
use serde_json::{Value, json};

use super::me::{accepted, code_to, link_to, until_sent};
use super::{Browser, Page};
use crate::world::{World, code, ready, record};

const HERS: &str = "patron@gmail.example";

/// The event of another patron at the same address.
fn his(request: &str) -> Value {
    let mut event = ready("MRPL", request, HERS);
    event["patron"]["ref"] = json!("777");
    event["patron"]["first_name"] = json!("Yusuf");
    event
}

/// Asks for a code as `whom` at MRPL.
async fn knock(browser: &Browser<'_>, whom: &str) -> Page {
    let page = browser.get("/me?library=MRPL").await;
    browser.send(&page, "/me/way-in", &[("library", "MRPL"), ("whom", whom)]).await
}

#[tokio::test]
async fn a_patron_without_a_link_comes_in_by_a_code_to_the_address_on_record() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    accepted(&world, &ready("MRPL", "BC-1", HERS)).await;
    accepted(&world, &ready("OTHR", "BC-OTHER", HERS)).await;
    let browser = Browser::stranger(&world);
    browser.get("/me").await.must_say("Your library").must_not_say("Or have a code sent");
    let page = browser.get("/me?library=mrpl").await;
    assert_eq!(page.path, "/me/way-in?library=MRPL", "a library’s own pages link here");
    page.must_say("Maple Ridge Public Library").must_say("Your page opens by the link");
    let asked = knock(&browser, " Patron@Gmail.example ").await;
    assert_eq!(asked.path, "/me/way-in/code");
    asked.must_be(200).must_say("If your library knows Patron@gmail.example").must_not_say("Amira");
    assert_eq!(browser.cookie("__Host-courtesy_patron"), None);
    until_sent(&world, "patron_code", 1).await;
    let check = "/me/way-in/code";
    browser.send(&asked, check, &[("code", "0000 0000")]).await.must_be(422).must_say("not the code");
    let opened = browser.send(&asked, check, &[("code", &code_to(&world, HERS))]).await;
    assert_eq!(opened.path, "/me");
    opened.must_say("Amira, how should we").must_say("BC-1").must_not_say("BC-OTHER");
    assert!(opened.html.contains("data-pass"), "they have shown that the address is theirs");
    browser.get("/me/contact").await.must_say(HERS);
    // With the page of one library open, the link of another leads to that one's door.
    assert_eq!(browser.get("/me?library=OTHR").await.path, "/me/way-in?library=OTHR");
}

#[tokio::test]
async fn a_code_that_was_tried_too_often_opens_nothing_whichever_process_counted() {
    let world = World::new().await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-1", HERS)).await;
    let browser = Browser::stranger(&world);
    let asked = knock(&browser, HERS).await;
    until_sent(&world, "patron_code", 1).await;
    let app = world.app();
    let sealed = browser.cookie("courtesy_knock").unwrap();
    let knock = Knock::open(&app.secret, &sealed, now()).unwrap();
    for _ in 0..TRIES_MAX {
        let name = format!("knock {}", knock.asked.nonce);
        assert!(app.store.take_try(code("MRPL"), name, TRIES_MAX, now()).await.unwrap());
    }
    let page = browser.send(&asked, "/me/way-in/code", &[("code", &code_to(&world, HERS))]).await;
    page.must_be(422).must_say("tried too often").must_not_say("Amira");
    assert_eq!(browser.cookie("__Host-courtesy_patron"), None);
}

#[tokio::test]
async fn the_answer_is_the_same_whoever_it_is_and_whatever_is_known() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    accepted(&world, &ready("MRPL", "BC-1", HERS)).await;
    accepted(&world, &ready("OTHR", "BC-2", "patron-o@gmail.example")).await;
    let mut answers = Vec::new();
    for whom in [HERS, "nobody@gmail.example", "patron-o@gmail.example", "21234", "99999"] {
        let browser = Browser::stranger(&world);
        let page = knock(&browser, whom).await;
        assert!(browser.cookie("courtesy_knock").is_some());
        let words = page.text().replace(whom, "whom");
        answers.push((page.status, page.path, words));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    until_sent(&world, "patron_code", 2).await;
    assert!(world.offered("nobody@gmail.example").is_empty());
    assert_eq!(world.offered("patron-o@gmail.example").len(), 1, "their own library’s notice alone");
    for neither in ["", "two words@x", "mail:patron@gmail", &"9".repeat(200)] {
        knock(&Browser::stranger(&world), neither).await.must_be(422).must_say("Enter an email address");
    }
}

#[tokio::test]
async fn of_several_patrons_at_one_address_the_number_says_which_and_nothing_is_said_of_the_others() {
    let world = World::new().await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-HERS", HERS)).await;
    accepted(&world, &his("BC-HIS")).await;
    let browser = Browser::stranger(&world);
    let asked = knock(&browser, HERS).await;
    until_sent(&world, "patron_code", 1).await;
    let which = browser.send(&asked, "/me/way-in/code", &[("code", &code_to(&world, HERS))]).await;
    assert_eq!(which.path, "/me/way-in/number");
    which.must_say("Several people").must_not_say("Amira").must_not_say("Yusuf").must_not_say("777");
    assert_eq!(browser.cookie("__Host-courtesy_patron"), None, "nothing is open yet");
    for wrong in ["", "21235", "mail:patron@gmail.example"] {
        let again = browser.send(&which, "/me/way-in/number", &[("number", wrong)]).await;
        again.must_be(422).must_say("No page opens by this number").must_not_say("777");
    }
    let opened = browser.send(&which, "/me/way-in/number", &[("number", " 777 ")]).await;
    opened.must_say("Yusuf").must_say("BC-HIS").must_not_say("BC-HERS").must_not_say("Amira");
    // The number alone is enough to be sent a code, and the address is not shown for it.
    let by_number = Browser::stranger(&world);
    let asked = knock(&by_number, "777").await;
    asked.must_say("knows 777").must_not_say("gmail");
    until_sent(&world, "patron_code", 2).await;
    let opened = by_number.send(&asked, "/me/way-in/code", &[("code", &code_to(&world, HERS))]).await;
    opened.must_say("Yusuf").must_not_say("Amira");
}

#[tokio::test]
async fn a_code_opens_in_the_browser_that_asked_for_it_and_the_number_is_asked_after_it_alone() {
    let world = World::new().await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-HERS", HERS)).await;
    accepted(&world, &his("BC-HIS")).await;
    let (victim, thief) = (Browser::stranger(&world), Browser::stranger(&world));
    knock(&victim, HERS).await;
    until_sent(&world, "patron_code", 1).await;
    let stolen = code_to(&world, HERS);
    let page = knock(&thief, HERS).await;
    until_sent(&world, "patron_code", 2).await;
    thief.send(&page, "/me/way-in/code", &[("code", &stolen)]).await.must_be(422);
    let number = thief.send(&page, "/me/way-in/number", &[("number", "777")]).await;
    assert_eq!(number.path, "/me/way-in", "the code comes first");
    assert_eq!(thief.get("/me/way-in/number").await.path, "/me/way-in/code");
    assert_eq!(Browser::stranger(&world).get("/me/way-in/code").await.path, "/me/way-in");
    // What a browser keeps at the door is no pass.
    let headers = [("cookie", format!("__Host-courtesy_patron={}", thief.cookie("courtesy_knock").unwrap()))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let shut = Browser::stranger(&world).once("GET", "/me", &headers, None).await;
    assert_eq!((shut.status, shut.headers["location"].to_str().unwrap()), (303, "/me/way-in"));
}

#[tokio::test]
async fn who_asks_too_often_waits_whoever_they_ask_for_and_keeps_out_nobody_with_a_link() {
    let world = World::new().await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-1", HERS)).await;
    let link = link_to(&world, HERS);
    for whom in [HERS, "nobody@gmail.example"] {
        for _ in 0..5 {
            knock(&Browser::stranger(&world), whom).await.must_be(200);
        }
        let sixth = knock(&Browser::stranger(&world), whom).await;
        sixth.must_be(422).must_say("Several codes were asked for already").must_say("Please wait 60 minutes");
        assert!(sixth.html.contains(&format!("value=\"{whom}\"")), "what was typed stays");
    }
    until_sent(&world, "patron_code", 5).await;
    let browser = Browser::stranger(&world);
    browser.get(&link).await.must_say("BC-1");
    let page = browser.get("/me/contact").await;
    browser.send(&page, "/me/code", &[]).await.must_be(200).must_say("Enter the code");
    // Guesses at one code are slowed.
    let browser = Browser::stranger(&world);
    let page = knock(&browser, "21234").await;
    for _ in 0..5 {
        browser.send(&page, "/me/way-in/code", &[("code", "12345678")]).await.must_be(422).must_say("not the code");
    }
    browser.send(&page, "/me/way-in/code", &[("code", "12345678")]).await.must_be(422).must_say("Wait");
}

#[tokio::test]
async fn a_patron_without_a_number_or_whom_a_file_told_of_comes_in_too() {
    let world = World::new().await;
    world.put(record("MRPL")).await;
    let mut event = ready("MRPL", "BC-1", HERS);
    event["patron"].as_object_mut().unwrap().remove("ref");
    accepted(&world, &event).await;
    let browser = Browser::stranger(&world);
    let page = browser.get("/me/way-in").await;
    page.must_not_say("Your library").must_say("Or have a code sent");
    let page = browser.send(&page, "/me/way-in", &[("whom", HERS)]).await;
    until_sent(&world, "patron_code", 1).await;
    browser.send(&page, "/me/way-in/code", &[("code", &code_to(&world, HERS))]).await.must_say("BC-1");

    let imported =
        json!({ "email": "patron-file@gmail.example", "first_name": "Noémie", "language": "fr" }).to_string();
    assert_eq!(world.request("PUT", "/v1/patrons/MRPL/555", &world.key, &[], &imported).await.status, 200);
    let browser = Browser::stranger(&world).in_french();
    let page = knock(&browser, "patron-file@gmail.example").await;
    page.must_say("Si votre bibliothèque connaît");
    until_sent(&world, "patron_code", 2).await;
    let opened =
        browser.send(&page, "/me/way-in/code", &[("code", &code_to(&world, "patron-file@gmail.example"))]).await;
    opened.must_say("Noémie, comment").must_say("Pas encore d’avis");
}

#[tokio::test]
async fn a_code_opens_once_and_a_pass_that_was_left_opens_nothing() {
    let world = World::new().await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-1", HERS)).await;
    let (hers, later) = (Browser::stranger(&world), Browser::stranger(&world));
    let asked = knock(&hers, HERS).await;
    until_sent(&world, "patron_code", 1).await;
    let (sealed, digits) = (hers.cookie("courtesy_knock").unwrap(), code_to(&world, HERS));
    let opened = hers.send(&asked, "/me/way-in/code", &[("code", &digits)]).await;
    assert_eq!(opened.path, "/me");
    // Whoever has the computer next has the cookie and the code.
    later.cookies.lock().unwrap().insert("courtesy_knock".to_owned(), sealed);
    let page = later.get("/me/way-in/code").await;
    let again = later.send(&page, "/me/way-in/code", &[("code", &digits)]).await;
    again.must_be(422).must_say("was used already");
    assert_eq!(later.cookie("__Host-courtesy_patron"), None);
    let pass = hers.cookie("__Host-courtesy_patron").unwrap();
    hers.send(&opened, "/me/leave", &[]).await;
    later.cookies.lock().unwrap().insert("__Host-courtesy_patron".to_owned(), pass);
    assert_eq!(later.get("/me").await.path, "/me/way-in");
}
