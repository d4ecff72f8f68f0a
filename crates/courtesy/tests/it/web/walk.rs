//! Every route, with every role and at another library; and what every page has in common.

use courtesy::staff::{Right, Role, Roles};
use courtesy::web::{Audience, routes};

use super::Browser;
use crate::world::{World, ready};

/// A path of the table with something in its places.
fn filled(path: &str, library: &str, message: &str) -> String {
    path.replace("{library}", library)
        .replace("{id}", message)
        .replace("{notice}", "ready_for_pickup")
        .replace("{person}", "stf_01K9YYYYYYYYYYYYYYYYYYYYYY")
        .replace("{key}", "key_01K9YYYYYYYYYYYYYYYYYYYYYY")
        .replace("{webhook}", "whk_01K9YYYYYYYYYYYYYYYYYYYYYY")
        .replace("{delivery}", "dlv_01K9YYYYYYYYYYYYYYYYYYYYYY")
        .replace("{secret}", "guessed")
        .replace("{tag}", "fr")
        .replace("{token}", "guessed")
        .replace("{pass}", "guessed")
        .replace("{word}", "guessed")
        .replace("{provider}", "gmail")
        .replace("{at}", library)
}

#[tokio::test]
async fn every_route_opens_to_its_audience() {
    let world = World::new().await;
    world.library("MRPL").await;
    let ours = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await.to_string();
    let places = Role::ALL.into_iter().map(|role| (role, Role::OF_LIBRARY.contains(&role).then_some("MRPL")));
    let everywhere = Role::OF_CONSORTIUM.into_iter().map(|role| (role, None));
    for (role, at) in places.chain(everywhere) {
        let browser = Browser::of(&world, role, at).await;
        let roles = Roles::new(vec![(at.map(crate::world::code), role)]);
        for route in routes() {
            if route.path == "/sign-out" {
                continue;
            }
            let token = browser.once("GET", "/account", &[], None).await.token();
            let body = (route.method == "POST").then(|| format!("form={token}"));
            let place = route.path.contains("{library}").then(|| crate::world::code("MRPL"));
            let at_home = browser.once(route.method, &filled(route.path, "MRPL", &ours), &[], body).await;
            let (status, asked) = (at_home.status, format!("{role} at {at:?} {} {}", route.method, route.path));
            match route.audience {
                Audience::Staff(right) if !roles.may(right, place.as_ref()) => assert_eq!(status, 403, "{asked}"),
                _ => assert!(status < 500 && status != 403, "{asked} {status}"),
            }
        }
    }
}

#[tokio::test]
async fn a_stranger_is_led_to_the_sign_in_page_and_back() {
    let world = World::new().await;
    world.library("MRPL").await;
    let stranger = Browser::stranger(&world);
    for route in routes().iter().filter(|route| route.audience != Audience::Public) {
        let path = filled(route.path, "MRPL", "msg_01K9YYYYYYYYYYYYYYYYYYYYYY");
        let answer = stranger.once(route.method, &path, &[], Some(String::new())).await;
        assert_eq!(answer.status, 303, "{} {path}", route.method);
        let way_in = if route.audience == Audience::Patron { "/me/way-in" } else { "/sign-in" };
        assert!(answer.headers["location"].to_str().unwrap().starts_with(way_in), "{path}");
    }
}

#[tokio::test]
async fn a_form_that_is_not_ours_changes_nothing() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let other = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let action = "/staff/MRPL/ill-admin/keys/make";
    let token = admin.get("/account").await.token();
    let others = other.get("/account").await.token();
    let form = |token: &str| Some(format!("form={token}&name=evil"));
    for (headers, body) in [
        (vec![], Some("name=evil".to_owned())),
        (vec![], form("guessed.guessed")),
        (vec![], form(&others)),
        (vec![("sec-fetch-site", "cross-site")], form(&token)),
        (vec![("sec-fetch-site", "same-site")], form(&token)),
        (vec![("origin", "https://evil.example")], form(&token)),
        (vec![("origin", "null")], form(&token)),
    ] {
        let answer = admin.once("POST", action, &headers, body).await;
        answer.must_be(403).must_say("Nothing was changed");
    }
    assert_eq!(world.app().store.keys().await.unwrap().len(), 1, "the operator's alone");
}

#[tokio::test]
async fn every_page_is_whole_without_scripts_and_asks_no_other_host() {
    let world = World::new().await;
    world.library("MRPL").await;
    let message = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await.to_string();
    let operator = Browser::of(&world, Role::Operator, None).await;
    let stranger = Browser::stranger(&world);
    let inline = regex::Regex::new(r"(?i)<style|\sstyle=|\son[a-z]+=|javascript:|hx-on").unwrap();
    let script = regex::Regex::new(r"<script([^>]*)>").unwrap();
    let elsewhere = regex::Regex::new(r#"(?:src|href|action)="(?:https?:)?//"#).unwrap();
    let ids = regex::Regex::new(r#"\sid="([^"]+)""#).unwrap();
    // A preview is a mail and no page: its own test is in `editor`.
    let is_page = |route: &&courtesy::web::Route| route.method == "GET" && !route.path.ends_with("/preview");
    for route in routes().iter().filter(is_page) {
        for browser in [&operator, &stranger] {
            let page = browser.get(&filled(route.path, "MRPL", &message)).await;
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(page.headers["cache-control"], "no-store", "{}", page.path);
            if !page.headers["content-type"].to_str().unwrap().starts_with("text/html") {
                continue;
            }
            assert!(!inline.is_match(&page.html), "{}: {:?}", page.path, inline.find(&page.html));
            for found in script.captures_iter(&page.html) {
                assert!(found[1].contains("src=\"/assets/"), "{} {}", page.path, &found[0]);
            }
            assert!(!elsewhere.is_match(&page.html), "{}", page.path);
            let kind = page.headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
            if !kind.starts_with("text/html") {
                continue;
            }
            assert_eq!(page.html.matches("<h1").count(), 1, "{} has one heading", page.path);
            let mut seen = std::collections::BTreeSet::new();
            for id in ids.captures_iter(&page.html) {
                assert!(seen.insert(id[1].to_owned()), "{}: the id {} stands twice", page.path, &id[1]);
            }
        }
    }
}

#[tokio::test]
async fn assets_are_compressed_and_kept_for_good() {
    let world = World::new().await;
    let stranger = Browser::stranger(&world);
    let page = stranger.get("/sign-in").await;
    let css = regex::Regex::new(r#"/assets/app\.[0-9a-f]{12}\.css"#).unwrap().find(&page.html).unwrap().as_str();
    let asset = stranger.once("GET", css, &[("accept-encoding", "gzip, br")], None).await;
    assert_eq!((asset.status, asset.headers["content-encoding"].as_bytes()), (200, b"br".as_slice()));
    assert!(asset.headers["cache-control"].to_str().unwrap().contains("immutable"));
    assert!(asset.headers["content-length"].to_str().unwrap().parse::<usize>().unwrap() < 20_000);
    let gone = stranger.once("GET", "/assets/app.000000000000.css", &[], None).await;
    assert_eq!(gone.status, 404);
}

#[test]
fn a_librarys_right_is_asked_for_on_every_route_of_a_library() {
    for route in routes().iter().filter(|route| route.path.contains("{library}")) {
        assert!(matches!(route.audience, Audience::Staff(_)), "{}", route.path);
        let changes = route.method == "POST";
        assert!(!changes || route.audience != Audience::Staff(Right::Look), "{} changes something", route.path);
    }
}
