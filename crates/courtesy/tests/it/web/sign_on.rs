//! Patrons who sign in where they sign in to everything of their library's; and who sets that.

use courtesy::library::{Library, SignOn};
use courtesy::staff::Role;
use serde_json::{Value, json};

use super::Browser;
use super::me::accepted;
use super::oidc::{Provider, provider, visit};
use crate::world::{World, ready, record};

const WAY: (&str, &str) = ("/me/sign-on/MRPL", "/me/sign-on/MRPL/back");
const PASS: &str = "__Host-courtesy_patron";

fn service(provider: &Provider, number: Option<&str>, mail: Option<&str>) -> SignOn {
    serde_json::from_value(json!({
        "issuer": provider.issuer, "client_id": "courtesy", "name": { "en": "My Card", "fr": "Ma carte" },
        "number_claim": number, "mail_claim": mail
    }))
    .unwrap()
}

async fn secret(world: &World, key: &str) -> u16 {
    let body = json!({ "client_secret": "s&cret" }).to_string();
    world.request("PUT", "/v1/libraries/MRPL/sign-on-secret", key, &[], &body).await.status
}

/// MRPL, whose patrons sign in at `provider`, and OTHR, whose patrons do not.
async fn world(sign_on: SignOn) -> World {
    let world = World::with(|config| config.https.private = true).await;
    world.put(Library { sign_on: Some(sign_on), ..record("MRPL") }).await;
    world.library("OTHR").await;
    assert_eq!(secret(&world, &world.key).await, 204);
    accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let mut other = ready("OTHR", "BC-OTHER", "patron-other@gmail.example");
    other["patron"]["ref"] = json!("999");
    accepted(&world, &other).await;
    world
}

#[tokio::test]
async fn who_signs_in_at_their_library_has_what_a_link_gives() {
    let provider = provider().await;
    let world = world(service(&provider, Some("card"), None)).await;
    let browser = Browser::stranger(&world);
    browser.get("/me?library=MRPL").await.must_say("Sign in with My Card");
    browser.get("/me?library=OTHR").await.must_not_say("Sign in with");
    // Some providers write numbers as numbers.
    for card in [json!(" 21234 "), json!(21234)] {
        let browser = Browser::stranger(&world);
        let back = visit(&browser, &provider, WAY, json!({ "card": card, "email": "else@work.example" })).await;
        let page = browser.get(&back).await;
        assert_eq!(page.path, "/me");
        page.must_say("BC-1").must_say("Amira").must_not_say("BC-OTHER");
        assert!(!page.html.contains("data-pass"), "they have not shown that the address on record is theirs");
        browser.get("/me/contact").await.must_say("Is it you?").must_not_say("patron@gmail.example");
    }
    let record = world.app().store.patron(&crate::world::code("MRPL"), "21234").await.unwrap().unwrap();
    assert_eq!(record.patron.email, Some(crate::world::address("patron@gmail.example")), "nothing is learned of it");
}

#[tokio::test]
async fn nobody_has_the_page_of_another_library_another_browser_or_an_address_nobody_verified() {
    let provider = provider().await;
    let world = world(service(&provider, Some("card"), Some("email"))).await;
    let signs_in = async |claims: Value, words: &str| {
        let browser = Browser::stranger(&world);
        let back = visit(&browser, &provider, WAY, claims.clone()).await;
        let page = browser.get(&back).await;
        page.must_be(422).must_say(words).must_not_say("BC-").must_say("Maple Ridge Public Library");
        assert_eq!(browser.cookie(PASS), None, "{claims}");
    };
    signs_in(json!({ "card": "999" }), "has not sent you a notice yet").await;
    signs_in(json!({ "card": "mail:patron@gmail.example" }), "has not told us who you are").await;
    signs_in(json!({ "sub": "21234" }), "has not told us who you are").await;
    let mail = |is_verified: Value| json!({ "email": "Patron@gmail.example", "email_verified": is_verified });
    signs_in(mail(json!(false)), "has not told us who you are").await;
    signs_in(mail(Value::Null), "has not told us who you are").await;
    signs_in(json!({ "card": "21234", "nonce": "another" }), "could not be believed").await;
    signs_in(json!({ "card": "21234", "aud": "another" }), "could not be believed").await;
    let browser = Browser::stranger(&world);
    let back = visit(&browser, &provider, WAY, mail(json!(true))).await;
    browser.get(&back).await.must_say("BC-1");

    // Whoever sends somebody a link to their own sign-in, or one library's answer to another's door.
    let attacker = Browser::stranger(&world);
    let back = visit(&attacker, &provider, WAY, json!({ "card": "21234" })).await;
    let victim = Browser::stranger(&world);
    victim.get(&back).await.must_be(422).must_say("not begun in this browser");
    attacker.get(&format!("{back}x")).await.must_be(422).must_say("not begun in this browser");
    attacker.get(&format!("{back}&iss=https://evil.example")).await.must_be(422).must_say("not begun");
    attacker.get(&back.replace("MRPL", "OTHR")).await.must_be(404);
    attacker.get("/me/sign-on/MRPL/back?error=access_denied").await.must_be(422).must_say("broken off");
    assert_eq!((victim.cookie(PASS), attacker.cookie(PASS)), (None, None));
    // The cookies of the two kinds of sign-in are no substitute for each other, and so are the answers of two libraries.
    world.put(Library { sign_on: Some(service(&provider, Some("card"), None)), ..record("OTHR") }).await;
    let body = json!({ "client_secret": "s&cret" }).to_string();
    world.request("PUT", "/v1/libraries/OTHR/sign-on-secret", &world.key, &[], &body).await;
    attacker.get(&back.replace("MRPL", "OTHR")).await.must_be(422).must_say("not begun");
}

#[tokio::test]
async fn of_several_with_the_address_that_a_service_names_nobody_is_chosen() {
    let provider = provider().await;
    let world = world(service(&provider, None, Some("mail"))).await;
    let mut his = ready("MRPL", "BC-HIS", "patron@gmail.example");
    his["patron"]["ref"] = json!("777");
    accepted(&world, &his).await;
    let browser = Browser::stranger(&world);
    let back = visit(&browser, &provider, WAY, json!({ "mail": "patron@gmail.example" })).await;
    browser.get(&back).await.must_be(422).must_say("Several people").must_not_say("BC-");
    assert_eq!(browser.cookie(PASS), None);
}

#[tokio::test]
async fn a_secret_is_for_the_service_it_was_given_for_and_is_never_shown() {
    let provider = provider().await;
    let world = World::with(|config| config.https.private = true).await;
    world.library("MRPL").await;
    let key = world.new_key(Some("MRPL")).await;
    let get = async || world.request("GET", "/v1/libraries/MRPL/sign-on", &key, &[], "").await;
    let told = get().await.json();
    assert_eq!((told["has_secret"].as_bool(), told.get("sign_on")), (Some(false), None));
    assert!(told["redirect_uri"].as_str().unwrap().ends_with("/me/sign-on/MRPL/back"), "{told}");
    assert_eq!(secret(&world, &key).await, 409, "for which service?");
    let put = async |sign_on: Value| {
        let mut whole = serde_json::to_value(record("MRPL")).unwrap();
        whole["sign_on"] = sign_on;
        world.request("PUT", "/v1/libraries/MRPL", &key, &[], &whole.to_string()).await
    };
    let good = serde_json::to_value(service(&provider, Some("card"), None)).unwrap();
    let with = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        changed
    };
    for (wrong, field) in [
        (with("issuer", json!("http://login.library.example")), "issuer"),
        (with("client_id", json!("")), "client_id"),
        (with("number_claim", Value::Null), "number_claim"),
        (with("name", json!({ "en": " " })), "name"),
    ] {
        let answer = put(wrong).await;
        let pointer = answer.json()["errors"][0]["pointer"].clone();
        assert_eq!((answer.status, pointer), (422, json!(format!("/sign_on.{field}"))));
    }
    assert_eq!(put(good.clone()).await.status, 200);
    assert_eq!((secret(&world, &key).await, get().await.json()["has_secret"].as_bool()), (204, Some(true)));
    assert!(!get().await.text.contains("s&cret"));
    let kept = world.app().store.sign_on_secret(&crate::world::code("MRPL")).await.unwrap().unwrap();
    assert!(!kept.windows(6).any(|octets| octets == b"s&cret"));
    assert_eq!(put(with("client_id", json!("another"))).await.status, 200);
    assert_eq!(get().await.json()["has_secret"], false, "it is not sent as another client");
    Browser::stranger(&world).get("/me/sign-on/MRPL").await.must_be(404);
    assert_eq!(put(good.clone()).await.status, 200);
    assert_eq!(get().await.json()["has_secret"], true);
    let others = world.new_key(Some("OTHR")).await;
    assert!(matches!(secret(&world, &others).await, 403 | 404));
    let audit = world.app().store.audit(&courtesy::store::AuditFilter::default(), 20).await.unwrap();
    assert!(audit.iter().any(|entry| entry.what == "sign_on_secret.changed"));
}

#[tokio::test]
async fn turning_it_off_erases_its_secret() {
    let provider = provider().await;
    let world = world(service(&provider, Some("card"), None)).await;
    let kept = async || world.app().store.sign_on_secret(&crate::world::code("MRPL")).await.unwrap();
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let here = "/staff/MRPL/ill-admin/sign-on";
    let page = admin.get(here).await;
    page.must_say("Turning it off also erases the secret");
    assert!(kept().await.is_some());
    admin.send(&page, here, &[("off", "1")]).await.must_say("the secret is erased").must_not_say("Turning it off");
    assert_eq!(kept().await, None);
    let french = Browser::of(&world, Role::Admin, Some("MRPL")).await.in_french();
    world.put(Library { sign_on: Some(service(&provider, Some("card"), None)), ..record("MRPL") }).await;
    french.get(here).await.must_say("La désactivation efface aussi le secret").must_say("Entrez le secret");
    assert_eq!(secret(&world, &world.key).await, 204);
    // The same whoever leaves it out of the record, by whatever door.
    world.put(record("MRPL")).await;
    assert_eq!(kept().await, None);
}

#[tokio::test]
async fn an_admin_sets_it_on_a_page_tries_it_and_turns_it_off() {
    let provider = provider().await;
    let world = World::with(|config| config.https.private = true).await;
    world.library("MRPL").await;
    accepted(&world, &ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let here = "/staff/MRPL/ill-admin/sign-on";
    admin.get("/staff/MRPL/ill-admin").await.must_say("Patrons’ sign-in");
    let page = admin.get(here).await;
    page.must_say("Off").must_say("/me/sign-on/MRPL/back").must_say("/me?library=MRPL");
    let wrong = admin.send(&page, here, &[("issuer", "login.library.example"), ("name_en", "My Card")]).await;
    wrong.must_be(422).must_say("it begins with https://").must_say("Enter the client ID").must_say("Enter the claim");
    wrong.must_say("Enter the client secret");
    let typed = |issuer: &str, secret: &str| {
        [
            ("issuer", issuer.to_owned()),
            ("client_id", "courtesy".to_owned()),
            ("client_secret", secret.to_owned()),
            ("number_claim", "card".to_owned()),
            ("name_en", "My Card".to_owned()),
        ]
    };
    let send = async |fields: &[(&str, String)]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // Each form counts once.
        admin.send(&admin.get(here).await, here, &fields).await
    };
    send(&typed("http://127.0.0.1:1", "s&cret")).await.must_be(200).must_say("no OpenID service answers");
    let page_now = send(&typed(&provider.issuer, "")).await;
    page_now.must_be(422).must_say("Enter the client secret for this issuer");
    let page_now = send(&typed(&provider.issuer, "s&cret")).await;
    page_now.must_say("the service answers").must_say("Patrons can sign in").must_say("It is kept.");
    assert!(!page_now.html.contains("s&cret") && !page_now.html.contains("s&#38;cret"));
    send(&typed(&provider.issuer, "")).await.must_be(200).must_say("Patrons can sign in");
    let patron = Browser::stranger(&world);
    let back = visit(&patron, &provider, WAY, json!({ "card": "21234" })).await;
    patron.get(&back).await.must_say("BC-1");
    send(&[("off", "1".to_owned())]).await.must_say("Patrons no longer sign in");
    patron.get("/me/sign-on/MRPL").await.must_be(404);
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    desk.get(here).await.must_be(403);
}

#[tokio::test]
async fn a_service_that_is_down_is_said_so_and_a_code_still_opens() {
    let provider = provider().await;
    let down = SignOn { issuer: "http://127.0.0.1:1".to_owned(), ..service(&provider, Some("card"), None) };
    let world = world(down).await;
    let page = Browser::stranger(&world).get("/me/sign-on/MRPL").await;
    page.must_be(422).must_say("My Card does not answer just now").must_say("Or have a code sent to you");
}
