//! Signing in and out, one's own account, colleagues.

use courtesy::clock::now;
use courtesy::staff::Role;
use courtesy::web::{link, new_operator};

use super::Browser;
use crate::world::World;

/// A password that may stand.
const PASSWORD: &str = "three words remembered";

async fn operator_link(world: &World) -> String {
    let store = &world.app().store;
    link(store, new_operator(store, now()).await.unwrap(), now()).await.unwrap()
}

#[tokio::test]
async fn a_link_signs_in_once_and_leads_to_a_password_that_signs_in_again() {
    let world = World::new().await;
    world.library("MRPL").await;
    let path = operator_link(&world).await;
    let browser = Browser::stranger(&world);
    let asked = browser.get(&path).await;
    asked.must_be(200).must_say("Hello, Operator");
    assert_eq!(browser.cookie("__Host-courtesy_session"), None, "a look at the link does not use it up");
    let account = browser.send(&asked, &path, &[]).await;
    account.must_be(200).must_say("Welcome").must_say("You sign in as operator");

    browser.send(&account, "/account/password", &[("new", "short")]).await.must_be(422).must_say("12 letters");
    browser.send(&account, "/account/password", &[("new", PASSWORD)]).await.must_say("Your password is saved");
    let page = browser.get("/staff").await;
    page.must_say("Maple Ridge Public Library");
    browser.send(&page, "/sign-out", &[]).await.must_say("You are signed out");
    assert!(browser.get("/staff").await.path.starts_with("/sign-in"));

    let form = browser.get("/sign-in?to=/account").await;
    let fields = [("login", "Operator"), ("password", "three words forgotten"), ("to", "/account")];
    browser.send(&form, "/sign-in", &fields).await.must_be(422).must_say("name or the password is not right");
    let fields = [("login", "Operator"), ("password", PASSWORD), ("to", "/account")];
    assert_eq!(browser.send(&form, "/sign-in", &fields).await.must_be(200).path, "/account");
}

#[tokio::test]
async fn a_link_opens_no_second_time_and_not_after_its_day() {
    let world = World::new().await;
    let store = &world.app().store;
    let staff = new_operator(store, now()).await.unwrap();
    let long_ago = now() - jiff::SignedDuration::from_hours(25);
    let old = link(store, staff, long_ago).await.unwrap();
    let stranger = Browser::stranger(&world);
    stranger.get(&old).await.must_say("This link no longer opens");
    stranger.get("/sign-in/link/guessed").await.must_say("This link no longer opens");

    let path = operator_link(&world).await;
    let secret = path.rsplit_once('/').unwrap().1;
    let used = now() - jiff::SignedDuration::from_secs(60);
    assert!(store.use_sign_in_link(courtesy::http::auth::hash(secret), used).await.unwrap());
    stranger.get(&path).await.must_say("This link no longer opens");
}

#[tokio::test]
async fn a_printed_code_opens_once() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let account = admin.get("/account").await;
    let shown = admin.send(&account, "/account/recovery-codes", &[]).await;
    let code = regex::Regex::new(r"<code>([0-9A-Z]{5}-[0-9A-Z]{5})</code>").unwrap();
    let code = code.captures(&shown.html).unwrap()[1].to_lowercase();
    let login = regex::Regex::new(r"You sign in as (\S+)\.").unwrap().captures(&shown.text()).unwrap()[1].to_owned();
    let other = Browser::stranger(&world);
    let form = other.get("/sign-in/recovery").await;
    let fields = [("login", login.as_str()), ("code", code.as_str())];
    other.send(&form, "/sign-in/recovery", &fields).await.must_say("You have 7 left");
    let third = Browser::stranger(&world);
    let form = third.get("/sign-in/recovery").await;
    third.send(&form, "/sign-in/recovery", &fields).await.must_be(422).must_say("was used before");
}

#[tokio::test]
async fn guessing_is_slowed_down_where_nobody_is_locked_out() {
    let world = World::new().await;
    let stranger = Browser::stranger(&world);
    let form = stranger.get("/sign-in").await;
    for _ in 0..5 {
        stranger.send(&form, "/sign-in", &[("login", "operator"), ("password", "guess")]).await.must_be(422);
    }
    let slowed = stranger.send(&form, "/sign-in", &[("login", "operator"), ("password", "guess")]).await;
    slowed.must_say("and try again").must_say("Wait");
    // However many ask at one moment, no more are looked at than one after the other.
    let body =
        serde_urlencoded::to_string([("form", form.token().as_str()), ("login", "nobody"), ("password", "guess")]);
    let body = body.unwrap();
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let asks = reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .post(format!("http://{}/sign-in", world.service.http));
        let asks =
            asks.header("sec-fetch-site", "same-origin").header("content-type", "application/x-www-form-urlencoded");
        let asks = asks.body(body.clone());
        asked.spawn(async move { asks.send().await.unwrap().text().await.unwrap() });
    }
    let answers = asked.join_all().await;
    let looked_at = answers.iter().filter(|html| html.contains("password is not right")).count();
    assert!((5..=6).contains(&looked_at), "{looked_at} of {} were looked at", answers.len());
    // Another way in is open all the same.
    let path = operator_link(&world).await;
    let asked = stranger.get(&path).await;
    stranger.send(&asked, &path, &[]).await.must_say("Welcome");
}

#[tokio::test]
async fn a_colleague_is_added_by_link_and_sees_what_the_role_allows() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let page = admin.get("/staff/MRPL/ill-admin/staff").await;
    let action = "/staff/MRPL/ill-admin/staff/invite";
    admin.send(&page, action, &[("login", "two words"), ("name", "L. Côté"), ("role", "desk")]).await.must_be(422);
    let fields = [("login", "L.Cote@library.example"), ("name", "L. Côté"), ("role", "desk")];
    let made = admin.send(&page, action, &fields).await;
    made.must_be(200).must_say("A link for L. Côté");
    let path = regex::Regex::new(r"/sign-in/link/[\w-]+").unwrap().find(&made.html).unwrap().as_str().to_owned();
    let page = admin.get("/staff/MRPL/ill-admin/staff").await;
    admin.send(&page, action, &fields).await.must_be(422).must_say("by that name already");

    let desk = Browser::stranger(&world);
    let asked = desk.get(&path).await;
    desk.send(&asked, &path, &[]).await.must_say("l.cote@library.example");
    assert_eq!(desk.get("/").await.must_be(200).path, "/staff/MRPL", "with one library there is nothing to choose");
    desk.get("/staff/MRPL/ill-admin/staff").await.must_be(403).must_say("Your role does not include this");
}

#[tokio::test]
async fn nobody_gets_more_by_a_link_for_a_colleague_than_they_have() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let (both, _) = super::signed_in(&world, Role::Desk, Some("MRPL")).await;
    world.app().store.set_role(both, Some(crate::world::code("OTHR")), Some(Role::Admin)).await.unwrap();
    let page = admin.get("/staff/MRPL/ill-admin/staff").await;
    let answer = admin.send(&page, &format!("/staff/MRPL/ill-admin/staff/{both}/link"), &[]).await;
    answer.must_be(409).must_say("somebody of the consortium");
    assert!(!answer.html.contains("/sign-in/link/"));
}

#[tokio::test]
async fn a_session_that_was_ended_opens_nothing() {
    let world = World::new().await;
    world.library("MRPL").await;
    let browser = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let page = browser.get("/account").await;
    page.must_say("This device");
    browser.send(&page, "/sign-out", &[]).await;
    // The cookie that the server took away, kept by a thief.
    assert!(browser.get("/staff/MRPL").await.path.starts_with("/sign-in?to="));
}

#[tokio::test]
async fn a_redirect_after_signing_in_stays_on_this_host() {
    let world = World::new().await;
    let path = operator_link(&world).await;
    let browser = Browser::stranger(&world);
    let asked = browser.get(&path).await;
    browser.send(&asked, &path, &[]).await;
    for elsewhere in ["//evil.example", "https://evil.example/", "/\\evil.example", "/\t/evil.example"] {
        let target =
            format!("/sign-in?to={}", serde_urlencoded::to_string([("", elsewhere)]).unwrap().trim_start_matches('='));
        let answer = browser.once("GET", &target, &[], None).await;
        assert_eq!(answer.headers["location"], "/staff", "{elsewhere}");
        let target = target.replace("/sign-in?", "/language/en?");
        assert_eq!(browser.once("GET", &target, &[], None).await.headers["location"], "/staff", "{elsewhere}");
    }
}
