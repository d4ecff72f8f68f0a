//! The Participant Record and the keys of a library.

use courtesy::staff::Role;

use super::Browser;
use crate::world::{World, code};

const CHANGE: &str = "/staff/MRPL/ill-admin/participant-record/change";

#[tokio::test]
async fn a_record_is_changed_and_who_changed_it_is_kept() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let form = admin.get(CHANGE).await;
    let good = [
        ("name_en", "Maple Ridge Library"),
        ("language", "fr"),
        ("other_language", "yes"),
        ("time_zone", "America/Toronto"),
        ("phone", "604-555-0100"),
        ("closures", "2026-12-24 2026-12-26 Holidays\n2027-01-01"),
        ("cc", "a@library.example; b@library.example"),
        ("reply_to", "ill@library.example"),
    ];
    admin.send(&form, CHANGE, &good).await.must_be(200).must_say("Saved").must_say("604-555-0100");
    let library = world.app().book.library(&code("MRPL")).unwrap();
    assert_eq!((library.name.en.as_str(), library.time_zone.as_str()), ("Maple Ridge Library", "America/Toronto"));
    assert_eq!((library.cc.len(), library.closures.len(), library.languages.len()), (2, 2, 2));
    assert_eq!(library.region, "default", "what the form does not show stays");
}

#[tokio::test]
async fn what_cannot_stand_is_named_at_its_field_and_kept_as_typed() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let form = admin.get(CHANGE).await;
    let bad = [("name_en", "X"), ("time_zone", "Maple/Ridge"), ("url", "library.example")];
    let again = admin.send(&form, CHANGE, &bad).await;
    again.must_be(422).must_say("Enter a time zone such as").must_say("begins with https://");
    assert!(again.html.contains("value=\"Maple/Ridge\""));
    let bad = [("name_en", ""), ("time_zone", "UTC"), ("cc", "nonsense"), ("closures", "tomorrow")];
    let again = admin.send(&form, CHANGE, &bad).await;
    again.must_be(422).must_say("Enter the library’s name").must_say("at most 20").must_say("Enter each closure");
    assert_eq!(world.app().book.library(&code("MRPL")).unwrap().time_zone, "America/Vancouver");
}

#[tokio::test]
async fn a_key_is_shown_once_opens_its_library_and_is_ended() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let page = admin.get("/staff/MRPL/ill-admin/keys").await;
    let made = admin.send(&page, "/staff/MRPL/ill-admin/keys/make", &[("name", "ILS live")]).await;
    let secret = regex::Regex::new(r"cty_live_[\w-]{32}").unwrap().find(&made.html).unwrap().as_str().to_owned();
    assert_eq!(world.request("GET", "/v1/libraries/MRPL", &secret, &[], "").await.status, 200);
    let list = admin.get("/staff/MRPL/ill-admin/keys").await;
    assert!(!list.html.contains(&secret), "it is shown only once");
    let id = regex::Regex::new(r"key_\w{26}").unwrap().find(&list.html).unwrap().as_str().to_owned();
    let ended = admin.send(&list, &format!("/staff/MRPL/ill-admin/keys/{id}/revoke"), &[]).await;
    ended.must_say("opens nothing any more").must_say("There is no key yet");
    assert_eq!(world.request("GET", "/v1/libraries/MRPL", &secret, &[], "").await.status, 401);
}
