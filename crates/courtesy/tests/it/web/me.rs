//! A patron's own page: by the link in a notice, and nobody else's.

use courtesy::channel::Channel;
use courtesy::id::MessageId;
use courtesy::patron::link::token;
use courtesy::queue::State;
use courtesy::timeline::{Place, What};
use serde_json::json;

use super::Browser;
use crate::texts::{Recorded, by_twilio, texting, with_phone};
use crate::world::{World, code, read, ready};

/// Where the link in the mail to `email` leads.
pub(super) fn link_to(world: &World, email: &str) -> String {
    let mail = read(world.offered(email).last().unwrap());
    let link = regex::Regex::new(r"https://[a-z.]+(/me/[\w-]+)").unwrap();
    link.captures(&mail.text).unwrap_or_else(|| panic!("no link in {}", mail.text))[1].to_owned()
}

pub(super) async fn accepted(world: &World, event: &serde_json::Value) -> MessageId {
    let id = world.tell_one(event).await;
    world.until_state(id, State::Accepted).await;
    id
}

#[tokio::test]
async fn the_link_in_a_notice_opens_its_patrons_page_without_signing_in() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let path = link_to(&world, "patron@gmail.example");
    assert_eq!(path, format!("/me/{}", token(&world.app().secret, id)));
    assert!(path.len() < 32, "short enough for a text message: {path}");
    let browser = Browser::stranger(&world);
    let page = browser.get(&path).await;
    page.must_be(200).must_say("Amira, how should we tell you").must_say("Ready for you to pick up");
    page.must_say("The Overstory").must_say("accepted by Gmail").must_not_say("patron@gmail.example");
    assert_eq!(page.path, "/me");
    let cookie = browser.cookie("__Host-courtesy_patron").unwrap();
    assert!(!cookie.contains("21234") && !cookie.contains("MRPL"), "nobody reads the pass");
}

#[tokio::test]
async fn a_link_shows_nothing_of_another_patron_not_even_at_the_same_address() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let mut hers = ready("MRPL", "BC-HERS", "patron@gmail.example");
    let mut his = ready("MRPL", "BC-HIS", "patron@gmail.example");
    his["patron"]["ref"] = json!("777");
    his["patron"]["first_name"] = json!("Yusuf");
    his["fields"]["title"] = json!("Piranesi");
    hers["patron"]["ref"] = json!("21234");
    accepted(&world, &hers).await;
    let path = link_to(&world, "patron@gmail.example");
    let of_his = accepted(&world, &his).await;
    let elsewhere = accepted(&world, &ready("OTHR", "BC-ELSEWHERE", "patron@gmail.example")).await;
    let browser = Browser::stranger(&world);
    let page = browser.get(&path).await;
    page.must_say("BC-HERS").must_not_say("BC-HIS").must_not_say("Piranesi").must_not_say("Yusuf");
    page.must_not_say("BC-ELSEWHERE");
    for id in [of_his, elsewhere] {
        let place = format!("/me/messages/{id}/place");
        browser.send(&page, &place, &[("place", "spam")]).await.must_be(404);
        assert_eq!(world.app().store.place_of(&code("MRPL"), id).await.unwrap(), None);
    }
    // A pass of one browser opens no form of another, and none of our own makes a pass.
    let other = Browser::stranger(&world);
    let others = other.get(&format!("/me/{}", token(&world.app().secret, of_his))).await;
    others.must_say("Yusuf").must_not_say("BC-HERS");
    browser.send(&others, "/me/reach", &[("hide", "1")]).await.must_be(403);
    for guessed in ["/me/guessed", "/me/AAAAAAAAAAAAAAAAAAAAAAAA"] {
        Browser::stranger(&world).get(guessed).await.must_be(404).must_say("This link is not complete");
    }
}

#[tokio::test]
async fn what_a_patron_chooses_holds_for_the_next_notice() {
    let world = World::new().await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let browser = Browser::stranger(&world);
    let page = browser.get(&link_to(&world, "patron@gmail.example")).await;
    let chosen = [("language", "fr"), ("hide", "1"), ("quiet_from", "20"), ("quiet_to", "10")];
    browser.send(&page, "/me/reach", &chosen).await.must_say("Saved").must_not_say("The Overstory");
    let record = world.app().store.patron(&code("MRPL"), "21234").await.unwrap().unwrap();
    assert!(record.hide_titles && record.quiet.is_some());
    accepted(&world, &ready("MRPL", "BC-2", "patron@gmail.example")).await;
    let mail = read(world.offered("patron@gmail.example").last().unwrap());
    assert!(mail.text.contains("Choisir comment nous vous joignons"), "{}", mail.text);
    assert!(!mail.raw.contains("Overstory") && mail.subject.contains("document"), "{}", mail.subject);
}

#[tokio::test]
async fn whoever_has_no_number_keeps_what_they_choose_by_their_address() {
    let world = World::new().await;
    world.library("MRPL").await;
    let event = |request: &str| {
        let mut event = ready("MRPL", request, "patron@gmail.example");
        event["patron"].as_object_mut().unwrap().remove("ref");
        event
    };
    accepted(&world, &event("BC-1")).await;
    let browser = Browser::stranger(&world);
    let page = browser.get(&link_to(&world, "patron@gmail.example")).await;
    browser.send(&page, "/me/reach", &[("hide", "1")]).await.must_say("Saved");
    accepted(&world, &event("BC-2")).await;
    let mail = read(world.offered("patron@gmail.example").last().unwrap());
    assert!(!mail.raw.contains("Overstory"), "{}", mail.text);
}

#[tokio::test]
async fn where_it_was_found_is_told_once_and_stands_in_the_history() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let browser = Browser::stranger(&world);
    let page = browser.get(&link_to(&world, "patron@gmail.example")).await;
    let place = format!("/me/messages/{id}/place");
    browser.send(&page, &place, &[("place", "inbox")]).await.must_say("We know now that our mail reaches you");
    let page = browser.get("/me").await;
    browser.send(&page, &place, &[("place", "inbox")]).await.must_say("You told us that it is in your inbox");
    let says = |entries: Vec<courtesy::timeline::Entry>| {
        entries.into_iter().filter(|entry| matches!(entry.what, What::PatronSays { .. })).count()
    };
    assert_eq!(says(world.timeline(id).await), 1, "said twice is said once");
    let page = browser.get("/me").await;
    browser.send(&page, &place, &[("place", "spam")]).await.must_say("keep the next one out of spam");
    assert_eq!(says(world.timeline(id).await), 2, "but another word is news");
    let store = &world.app().store;
    let places = store.places(Some(&code("MRPL")), jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(places.into_iter().collect::<Vec<_>>(), [(Place::Spam, 1)], "the last word counts");
}

/// Notes that the message was marked as spam; gives its address, which is stopped.
async fn complained(world: &World, id: MessageId) -> courtesy::outcome::stop::ListedAddress {
    let address = courtesy::outcome::stop::ListedAddress::of(&crate::world::address("patron@gmail.example"));
    let strike = courtesy::outcome::stop::Strike {
        library: code("MRPL"),
        address: address.clone(),
        cause: courtesy::outcome::Cause::of("complaint"),
        weight: courtesy::outcome::stop::Weight::Stops,
        message: id,
        reply: String::new(),
        by: "complaint",
        at: courtesy::clock::now(),
    };
    assert!(world.app().store.strike(strike).await.unwrap());
    address
}

#[tokio::test]
async fn a_patron_who_marked_our_mail_as_spam_by_mistake_undoes_it_after_a_code() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let path = link_to(&world, "patron@gmail.example");
    let browser = proven(&world, "patron@gmail.example").await;
    let store = &world.app().store;
    let address = complained(&world, id).await;
    // A link may have been forwarded, and no code goes to an address that is stopped.
    let link_alone = Browser::stranger(&world);
    let page = link_alone.get(&path).await;
    page.must_say("was marked as spam").must_say("please ask at your library").must_not_say("That was a mistake");
    link_alone.send(&page, "/me/undo-complaint", &[]).await.must_be(409).must_say("please ask at your library");
    assert!(store.do_not_send(&code("MRPL"), &address).await.unwrap().is_some());
    let page = browser.get("/me").await;
    page.must_say("was marked as spam");
    browser.send(&page, "/me/undo-complaint", &[]).await.must_say("We write to you again");
    assert_eq!(store.do_not_send(&code("MRPL"), &address).await.unwrap(), None);
}

#[tokio::test]
async fn a_test_goes_by_mail_and_not_without_end() {
    let world = World::new().await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let browser = Browser::stranger(&world);
    browser.get(&link_to(&world, "patron@gmail.example")).await;
    for _ in 0..3 {
        let page = browser.get("/me").await;
        let tested = browser.send(&page, "/me/test", &[]).await;
        tested.must_be(200).must_say("accepted by Gmail").must_say("Where is it?");
    }
    let page = browser.get("/me").await;
    browser.send(&page, "/me/test", &[]).await.must_be(409).must_say("Please wait an hour");
    let rows = world.app().store.messages(&courtesy::store::Filter::default(), 10).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.notice == "test_notice" && row.channel == Channel::Mail).count(), 3);
}

#[tokio::test]
async fn a_copy_for_staff_carries_no_link() {
    let world = World::new().await;
    let mut library = crate::world::record("MRPL");
    library.cc = vec![crate::world::address("patron-copies@gmail.example")];
    world.put(library).await;
    let ids = world.tell(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    for id in ids {
        world.until_state(id, State::Accepted).await;
    }
    let copy = read(world.offered("patron-copies@gmail.example").last().unwrap());
    assert!(!copy.raw.contains("/me/"), "{}", copy.text);
    link_to(&world, "patron@gmail.example");
}

/// The code in the newest mail to `email`.
pub(super) fn code_to(world: &World, email: &str) -> String {
    let mail = read(world.offered(email).last().unwrap());
    let code = regex::Regex::new(r"\b(\d{4} \d{4})\b").unwrap();
    assert!(!mail.raw.contains("/me/"), "a code shows whose an address is, and a link would show too much");
    code.captures(&mail.subject).unwrap_or_else(|| panic!("no code in {}", mail.subject))[1].to_owned()
}

/// Waits until the newest message of this notice is accepted.
pub(super) async fn until_sent(world: &World, notice: &str, count: usize) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let rows = world.app().store.messages(&courtesy::store::Filter::default(), 50).await.unwrap();
        let sent = rows.iter().filter(|row| row.notice == notice && row.state == State::Accepted).count();
        if sent >= count {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{sent} of {count} {notice} were sent: {rows:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A browser that has typed the code sent to `email`.
async fn proven<'w>(world: &'w World, email: &str) -> Browser<'w> {
    let browser = Browser::stranger(world);
    browser.get(&link_to(world, email)).await;
    let page = browser.get("/me/contact").await;
    page.must_say("Is it you?").must_not_say(email);
    browser.send(&page, "/me/code", &[]).await.must_say("Enter the code");
    until_sent(world, "patron_code", 1).await;
    let page = browser.get("/me/contact").await;
    browser.send(&page, "/me/code/check", &[("code", "0000 0000")]).await.must_be(422).must_say("not the code");
    let code = code_to(world, email);
    let shown = browser.send(&page, "/me/code/check", &[("code", &code)]).await;
    shown.must_say("You can change your details now").must_say(email);
    browser
}

#[tokio::test]
async fn a_new_address_needs_a_code_to_the_old_one_and_one_to_the_new_one() {
    let world = World::new().await;
    world.library("MRPL").await;
    let first = accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let link_alone = Browser::stranger(&world);
    let page = link_alone.get(&link_to(&world, "patron@gmail.example")).await;
    let new = [("mail", "patron-new@gmail.example")];
    link_alone.send(&page, "/me/contact/mail", &new).await.must_be(409).must_say("ask for a code first");
    link_alone.get("/me/data.json").await.must_say("Is it you?");
    link_alone.send(&page, "/me/erase", &[("sure", "1")]).await.must_be(409);

    // Whoever has a forwarded link cannot have the patron's next notices come to a device of theirs.
    let page = link_alone.get("/me").await;
    page.must_say("show with a code that it is you");
    assert!(!page.html.contains("data-pass") && !page.html.contains("?pass="));
    let browser = proven(&world, "patron@gmail.example").await;
    assert!(browser.get("/me").await.html.contains("data-pass"));
    let page = browser.get("/me/contact").await;
    let slip = browser.send(&page, "/me/contact/mail", &[("mail", "patron@gmial.com")]).await;
    slip.must_be(422).must_say("Did you mean patron@gmail.com?");
    browser.send(&page, "/me/contact/mail", &new).await.must_say("Enter the code");
    until_sent(&world, "patron_code", 2).await;
    let store = &world.app().store;
    let record = store.patron(&code("MRPL"), "21234").await.unwrap().unwrap();
    assert_eq!(record.patron.email, Some(crate::world::address("patron@gmail.example")), "not before the code");
    let typed = code_to(&world, "patron-new@gmail.example");
    let page = browser.get("/me/contact").await;
    browser
        .send(&page, "/me/code/check", &[("code", &typed)])
        .await
        .must_say("Your next notice goes to the new address");

    // The library's system still tells the old one; so does a message that is sent again.
    let second = accepted(&world, &ready("MRPL", "BC-2", "patron@gmail.example")).await;
    assert_eq!(world.row(second).await.address, "patron-new@gmail.example");
    let answer = world.post(&format!("/v1/messages/{first}/resend"), &json!({})).await;
    let again: MessageId = answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).parse().unwrap();
    assert_eq!(world.row(again).await.address, "patron-new@gmail.example");
}

#[tokio::test]
async fn codes_are_few_and_guesses_are_slowed() {
    let world = World::new().await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let browser = Browser::stranger(&world);
    browser.get(&link_to(&world, "patron@gmail.example")).await;
    for _ in 0..5 {
        let page = browser.get("/me/contact").await;
        browser.send(&page, "/me/code", &[]).await.must_be(200);
    }
    let page = browser.get("/me/contact").await;
    browser.send(&page, "/me/code", &[]).await.must_be(409).must_say("Please wait an hour");
    for _ in 0..5 {
        let page = browser.get("/me/contact").await;
        browser.send(&page, "/me/code/check", &[("code", "12345678")]).await.must_be(422).must_say("not the code");
    }
    let page = browser.get("/me/contact").await;
    browser.send(&page, "/me/code/check", &[("code", "12345678")]).await.must_be(422).must_say("Wait");
}

#[tokio::test]
async fn a_patron_saves_all_that_is_kept_and_has_it_erased() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let mut others = ready("MRPL", "BC-2", "patron@gmail.example");
    others["patron"]["ref"] = json!("777");
    let other = accepted(&world, &others).await;
    let link = format!("/me/{}", token(&world.app().secret, id));
    let browser = Browser::stranger(&world);
    browser.get(&link).await;
    let page = browser.get("/me/contact").await;
    browser.send(&page, "/me/code", &[]).await;
    until_sent(&world, "patron_code", 1).await;
    let typed = code_to(&world, "patron@gmail.example");
    let page = browser.get("/me/contact").await;
    browser.send(&page, "/me/code/check", &[("code", &typed)]).await.must_say("You can change");

    let file = browser.get("/me/data.json").await;
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"patron.json\"");
    let all: serde_json::Value = serde_json::from_str(&file.html).unwrap();
    let requests: Vec<_> = all["events"].as_array().unwrap().iter().map(|event| event["request"].clone()).collect();
    assert_eq!(requests, ["CODE", "BC-1"], "theirs, and nobody else's");
    assert_eq!(all["events"][0]["told"]["fields"].get("code"), None);
    let attempt = &all["events"][1]["messages"][0]["history"][1];
    assert_eq!(attempt["outcome"], "accepted", "{attempt}");
    for ours in ["relay", "source", "return_path", "transcript"] {
        assert_eq!(attempt.get(ours), None);
    }
    assert_eq!(all["record"]["patron"]["email"], "patron@gmail.example");

    let page = browser.get("/me/contact").await;
    browser.send(&page, "/me/erase", &[]).await.must_be(409).must_say("Tick that you want it erased");
    browser.send(&page, "/me/erase", &[("sure", "1")]).await.must_say("is erased");
    let store = &world.app().store;
    assert_eq!(store.patron(&code("MRPL"), "21234").await.unwrap(), None);
    let row = world.row(id).await;
    assert_eq!(row.address, "");
    world.until_erased().await;
    assert_eq!(store.event_fields(&code("MRPL"), row.event).await.unwrap().as_deref(), Some("{}"));
    assert_eq!(world.row(other).await.address, "patron@gmail.example", "another patron at the address stays");
    browser.get("/me").await.must_say("Your page opens by the link");
    browser.get(&link).await.must_be(410).must_say("no longer opens");
    let audit = store.audit(&courtesy::store::AuditFilter::default(), 20).await.unwrap();
    let deeds: Vec<_> =
        audit.iter().map(|entry| entry.what.as_str()).filter(|what| what.starts_with("patron")).collect();
    assert_eq!(deeds, ["patron.erased", "patron.erase_asked", "patron.exported"]);
}

#[tokio::test]
async fn a_page_that_is_open_while_its_patron_is_erased_shows_nothing_of_whoever_has_the_number_next() {
    let world = World::new().await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let link = link_to(&world, "patron@gmail.example");
    let browser = Browser::stranger(&world);
    let page = browser.get(&link).await;
    page.must_say("BC-1");
    assert_eq!(world.request("DELETE", "/v1/patrons/MRPL/21234", &world.key, &[], "").await.status, 202);
    browser.get("/me").await.must_say("Your page opens by the link");
    accepted(&world, &ready("MRPL", "BC-2", "patron-new@gmail.example")).await;
    browser.get("/me").await.must_say("Your page opens by the link").must_not_say("BC-2");
    browser.send(&page, "/me/reach", &[("hide", "1")]).await.must_not_say("Saved");
    browser.get(&link).await.must_be(410);
    let record = world.app().store.patron(&code("MRPL"), "21234").await.unwrap().unwrap();
    assert!(!record.hide_titles);
    let theirs = Browser::stranger(&world);
    theirs.get(&link_to(&world, "patron-new@gmail.example")).await.must_be(200).must_say("BC-2").must_not_say("BC-1");
}

#[tokio::test]
async fn a_link_that_is_old_opens_after_a_code_to_the_address_on_record() {
    let world = World::new().await;
    world.library("MRPL").await;
    let store = &world.app().store;
    let past = courtesy::clock::now() - jiff::SignedDuration::from_hours(20 * 24);
    let told = json!({ "patron": { "id": "21234", "email": "patron@gmail.example", "first_name": "Amira" } });
    let old = courtesy::store::NewEvent {
        patron: "21234".to_owned(),
        fields: told.to_string(),
        ..crate::store::event("MRPL", "BC-OLD", past)
    };
    let path = format!("/me/{}", token(&world.app().secret, old.messages[0].id));
    store.accept(vec![old]).await.unwrap();

    let browser = Browser::stranger(&world);
    let page = browser.get(&path).await;
    page.must_be(410).must_say("no longer opens").must_not_say("BC-OLD").must_not_say("patron@gmail.example");
    let asked = browser.send(&page, &format!("{path}/code"), &[]).await;
    asked.must_be(200).must_say("eight digits");
    browser.get("/me").await.must_say("Your page opens by the link");
    until_sent(&world, "patron_code", 1).await;
    let page = browser.get(&format!("{path}/code")).await;
    let check = format!("{path}/code/check");
    browser.send(&page, &check, &[("code", "11111111")]).await.must_be(422).must_say("not the code");
    let typed = code_to(&world, "patron@gmail.example");
    browser.send(&page, &check, &[("code", &typed)]).await.must_say("BC-OLD").must_say("Amira");
    // Another browser has nothing of it.
    Browser::stranger(&world).get(&format!("{path}/code")).await.must_say("Your page opens by the link");
}

#[tokio::test]
async fn a_code_for_an_old_link_goes_to_where_the_patron_is_reached_now() {
    let world = World::new().await;
    world.library("MRPL").await;
    let told = |request: &str, email: &str, days: i64| {
        let then = courtesy::clock::now() - jiff::SignedDuration::from_hours(days * 24);
        let told = json!({ "patron": { "id": "21234", "email": email } });
        let (patron, fields) = ("21234".to_owned(), told.to_string());
        courtesy::store::NewEvent { patron, fields, ..crate::store::event("MRPL", request, then) }
    };
    let old = told("BC-OLD", "patron-before@gmail.example", 30);
    let path = format!("/me/{}", token(&world.app().secret, old.messages[0].id));
    world.app().store.accept(vec![old, told("BC-NEW", "patron@gmail.example", 10)]).await.unwrap();
    let browser = Browser::stranger(&world);
    let page = browser.get(&path).await;
    browser.send(&page, &format!("{path}/code"), &[]).await.must_be(200).must_say("eight digits");
    until_sent(&world, "patron_code", 1).await;
    code_to(&world, "patron@gmail.example");
    assert!(world.offered("patron-before@gmail.example").is_empty(), "the mailbox they had before");
}

#[tokio::test]
async fn codes_by_text_to_whoever_has_no_number_are_counted_too() {
    let (_gateway, url) = Recorded::start().await;
    let world = World::with(|config| by_twilio(config, &url)).await;
    world.put(texting("MRPL", json!({}))).await;
    let mut event = with_phone("MRPL", "BC-1", "patron@gmail.example");
    event["patron"].as_object_mut().unwrap().remove("ref");
    let id = accepted(&world, &event).await;
    let path = link_to(&world, "patron@gmail.example");
    complained(&world, id).await;
    let consent = courtesy::store::Consent {
        given: true,
        at: courtesy::clock::now(),
        how: "text".to_owned(),
        by: "patron".to_owned(),
    };
    world.app().store.note_consent(Some(code("MRPL")), "+16045550123".to_owned(), consent).await.unwrap();
    let browser = Browser::stranger(&world);
    browser.get(&path).await;
    for _ in 0..5 {
        let page = browser.get("/me/contact").await;
        browser.send(&page, "/me/code", &[]).await.must_be(200).must_say("Enter the code");
    }
    let page = browser.get("/me/contact").await;
    browser.send(&page, "/me/code", &[]).await.must_be(409).must_say("Please wait an hour");
}
