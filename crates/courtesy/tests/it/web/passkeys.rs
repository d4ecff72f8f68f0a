//! Passkeys, made and used by an authenticator in software.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use courtesy::staff::Role;
use practice::world::SERVICE;

use super::{Browser, Page};
use crate::world::World;

const CREDENTIAL: &[u8] = b"a credential of a phone";

fn letters(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// What the form of a page wants signed.
fn challenge(page: &Page) -> String {
    let name = regex::Regex::new(r#"name="challenge" value="([^"]+)""#).unwrap();
    name.captures(&page.html).unwrap_or_else(|| panic!("no challenge in {}", page.html))[1].to_owned()
}

fn client_data(kind: &str, challenge: &str) -> Vec<u8> {
    let origin = format!("https://{SERVICE}");
    serde_json::json!({ "type": kind, "challenge": challenge, "origin": origin }).to_string().into_bytes()
}

fn authenticator_data(flags: u8) -> Vec<u8> {
    let mut data = digest(&SHA256, SERVICE.as_bytes()).as_ref().to_vec();
    data.push(flags);
    data.extend([0; 4]);
    if flags & 0x40 != 0 {
        data.extend([0; 16]);
        data.extend(u16::try_from(CREDENTIAL.len()).unwrap().to_be_bytes());
        data.extend(CREDENTIAL);
    }
    data
}

async fn add(browser: &Browser<'_>, key: &EcdsaKeyPair, name: &str) -> Page {
    let page = browser.get("/account").await;
    let challenge = challenge(&page);
    let fields = [
        ("challenge", challenge.clone()),
        ("credential", letters(CREDENTIAL)),
        ("client_data", letters(&client_data("webauthn.create", &challenge))),
        ("authenticator_data", letters(&authenticator_data(0x45))),
        ("public_key", letters(key.public_key().as_der().unwrap().as_ref())),
        ("algorithm", "-7".to_owned()),
        ("name", name.to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.send(&page, "/account/passkeys/add", &fields).await
}

fn assertion(key: &EcdsaKeyPair, challenge: &str) -> Vec<(&'static str, String)> {
    let (said, data) = (client_data("webauthn.get", challenge), authenticator_data(0x05));
    let message = [data.as_slice(), digest(&SHA256, &said).as_ref()].concat();
    let signature = key.sign(&SystemRandom::new(), &message).unwrap();
    vec![
        ("challenge", challenge.to_owned()),
        ("credential", letters(CREDENTIAL)),
        ("client_data", letters(&said)),
        ("authenticator_data", letters(&data)),
        ("signature", letters(signature.as_ref())),
        ("to", "/account".to_owned()),
    ]
}

async fn sign_in(browser: &Browser<'_>, page: &Page, fields: &[(&'static str, String)]) -> Page {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.send(page, "/sign-in/passkey", &fields).await
}

#[tokio::test]
async fn a_passkey_is_added_named_signs_in_once_for_each_challenge_and_is_removed() {
    let world = World::new().await;
    world.library("MRPL").await;
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    add(&desk, &key, "Desk computer").await.must_be(200).must_say("Your passkey is saved");
    add(&desk, &key, "Again").await.must_be(422).must_say("could not be kept");

    let phone = Browser::stranger(&world);
    let form = phone.get("/sign-in").await;
    let fields = assertion(&key, &challenge(&form));
    let page = sign_in(&phone, &form, &fields).await;
    assert_eq!(page.must_be(200).path, "/account", "and leads where it should");
    page.must_say("Desk computer").must_say("This device").must_say("Last used just now");

    let thief = Browser::stranger(&world);
    let form = thief.get("/sign-in").await;
    sign_in(&thief, &form, &fields).await.must_be(422).must_say("This passkey does not open here");
    let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    sign_in(&thief, &form, &assertion(&other, &challenge(&form))).await.must_be(422);
    assert!(thief.get("/account").await.path.starts_with("/sign-in"));

    let page = desk.get("/account").await;
    let credential = letters(CREDENTIAL);
    let fields = [("credential", credential.as_str()), ("name", "Phone of A. Roy")];
    let named = desk.send(&page, "/account/passkeys/name", &fields).await;
    assert!(named.html.contains("value=\"Phone of A. Roy\""), "{}", named.html);
    let colleague = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let theirs = colleague.get("/account").await;
    colleague.send(&theirs, "/account/passkeys/remove", &fields).await.must_be(404);
    let page = desk.get("/account").await;
    desk.send(&page, "/account/passkeys/remove", &fields).await.must_say("The passkey is removed");
    let form = phone.get("/account").await;
    phone.send(&form, "/sign-out", &[]).await;
    let form = phone.get("/sign-in").await;
    sign_in(&phone, &form, &assertion(&key, &challenge(&form))).await.must_be(422);
}

#[tokio::test]
async fn where_browsers_make_no_passkeys_none_is_offered_and_all_else_works() {
    let world = World::with(|config| config.public_url = Some("http://127.0.0.1:8025".to_owned())).await;
    let page = Browser::stranger(&world).get("/sign-in").await;
    page.must_be(200).must_say("Password").must_not_say("passkey");
    assert!(!page.html.contains("passkey.js"));
}
