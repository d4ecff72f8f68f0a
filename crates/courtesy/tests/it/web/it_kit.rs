//! The IT kit, which opens by a link and without an account.

use courtesy::clock::now;
use courtesy::sender::{KIT_LINK_LASTS, kit_token};
use courtesy::staff::Role;

use super::Browser;
use crate::world::{World, address, code, record};

/// A domain of the practice internet that has published nothing for us.
const STRICT: &str = "ill@alder.example";

async fn own(world: &World, name: &str, from: &str) -> String {
    let mut library = record(name);
    library.from = Some(address(from));
    library.phone = Some("604-555-0100".to_owned());
    world.put(library).await;
    format!("/it/{}", kit_token(&world.app().secret, &code(name), now() + KIT_LINK_LASTS))
}

/// What the library's IT and the operator publish.
async fn publish(world: &World, name: &str) {
    let app = world.app();
    let library = app.book.library(&code(name)).unwrap();
    let domain = library.from.as_ref().unwrap().domain().clone();
    let kit = app.senders.kit(&library, &domain).await.unwrap();
    for wanted in kit.records {
        if let Some(key) = app.keyring.get(domain.as_str(), wanted.name.labels().next().unwrap()) {
            world.outside.put_dkim(&wanted.target, &key.record());
        }
        world.outside.delegate(&wanted.name, &wanted.target);
    }
}

/// The page when the DNS has answered.
async fn seen(browser: &Browser<'_>, path: &str) -> super::Page {
    loop {
        let page = browser.get(path).await;
        if !page.html.contains("http-equiv=\"refresh\"") {
            return page;
        }
    }
}

#[tokio::test]
async fn a_link_shows_the_records_and_what_is_there_to_whoever_has_it() {
    let world = World::new().await;
    let path = own(&world, "MRPL", STRICT).await;
    let stranger = Browser::stranger(&world);
    let page = seen(&stranger, &path).await;
    page.must_be(200).must_say("DNS records for alder.example").must_say("0 of 3 records found");
    page.must_say("na1._domainkey").must_say("Not there yet").must_say("604-555-0100").must_say("of 10 DNS look-ups");
    assert!(page.html.contains("<ins>include:_spf."), "what is new in the SPF record is marked");
    for system in ["Microsoft 365", "Google Workspace", "Mimecast", "Proofpoint", "Barracuda", "Postfix"] {
        page.must_say(system);
    }
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert_eq!(page.headers["x-robots-tag"], "noindex, nofollow");
    assert!(page.html.contains("hx-trigger=\"every"), "it looks again by itself");
    let whole = seen(&stranger, &format!("{path}?names=whole")).await;
    whole.must_say("na1._domainkey.alder.example");
    let french = Browser::stranger(&world).in_french();
    seen(&french, &path).await.must_say("0 enregistrement trouvé sur 3");
}

#[tokio::test]
async fn a_finished_kit_says_so_and_stops_asking() {
    let world = World::new().await;
    let path = own(&world, "MRPL", STRICT).await;
    publish(&world, "MRPL").await;
    let stranger = Browser::stranger(&world);
    let page = seen(&stranger, &path).await;
    page.must_say("All records are found").must_say("Nothing is left to do");
    assert!(!page.html.contains("hx-trigger"));
}

#[tokio::test]
async fn the_part_that_polls_is_the_part_of_the_page() {
    let world = World::new().await;
    let path = own(&world, "MRPL", STRICT).await;
    let stranger = Browser::stranger(&world);
    let page = seen(&stranger, &path).await;
    let part = stranger.once("GET", &path, &[("hx-request", "true")], None).await;
    part.must_be(200).must_say("0 of 3 records found").must_not_say("Microsoft 365");
    assert!(page.html.contains(part.html.trim()), "the same words and ids, so that nothing jumps");
}

#[tokio::test]
async fn the_kit_comes_as_files_for_the_tools_of_it_departments() {
    let world = World::new().await;
    let path = own(&world, "MRPL", STRICT).await;
    let stranger = Browser::stranger(&world);
    seen(&stranger, &path).await;
    for (ending, says) in [
        ("txt", "Please publish these DNS records for alder.example"),
        ("zone", "na1._domainkey 3600 IN CNAME"),
        ("tf", "resource \"dns_cname_record\""),
        ("ps1", "Add-DnsServerResourceRecordCName"),
        ("json", "\"records\":["),
    ] {
        let file = stranger.once("GET", &format!("{path}.{ending}"), &[], None).await;
        assert_eq!(file.status, 200, "{ending}");
        assert!(file.html.contains(says), "{ending}: {}", file.html);
    }
    stranger.get(&format!("{path}.exe")).await.must_be(404);
}

#[tokio::test]
async fn a_link_of_another_day_or_hand_opens_nothing() {
    let world = World::new().await;
    let path = own(&world, "MRPL", STRICT).await;
    let stranger = Browser::stranger(&world);
    let old = kit_token(&world.app().secret, &code("MRPL"), now() - jiff::SignedDuration::from_secs(1));
    stranger.get(&format!("/it/{old}")).await.must_be(410).must_say("This link no longer opens");
    let other = kit_token(&courtesy::secret::Secret::from_octets([9; 32]), &code("MRPL"), now() + KIT_LINK_LASTS);
    for wrong in [other.as_str(), "guessed", &path["/it/".len()..path.len() - 2]] {
        let page = stranger.get(&format!("/it/{wrong}")).await;
        page.must_be(404).must_say("This link no longer opens").must_not_say("alder.example");
    }
    let gone = kit_token(&world.app().secret, &code("NONE"), now() + KIT_LINK_LASTS);
    stranger.get(&format!("/it/{gone}")).await.must_be(404);
}

#[tokio::test]
async fn a_library_without_a_domain_of_its_own_has_nothing_to_publish() {
    let world = World::new().await;
    world.library("MRPL").await;
    let path = format!("/it/{}", kit_token(&world.app().secret, &code("MRPL"), now() + KIT_LINK_LASTS));
    Browser::stranger(&world).get(&path).await.must_be(200).must_say("There is nothing to do");
}

#[tokio::test]
async fn staff_and_systems_make_a_link_that_opens() {
    let world = World::new().await;
    own(&world, "MRPL", STRICT).await;
    world.library("OTHR").await;
    let link = regex::Regex::new(r"/it/[\w-]+").unwrap();
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    desk.get("/staff/MRPL/ill-admin").await.must_say("IT kit");
    let page = desk.get("/staff/MRPL/ill-admin/it-kit").await;
    page.must_be(200).must_say("It needs no account");
    let path = link.find(&page.html).unwrap().as_str();
    seen(&Browser::stranger(&world), path).await.must_say("DNS records for alder.example");

    let made = world.request("POST", "/v1/libraries/MRPL/kit-link", &world.key, &[], "").await;
    assert_eq!(made.status, 201, "{}", made.text);
    let url = made.json()["url"].as_str().unwrap().to_owned();
    seen(&Browser::stranger(&world), link.find(&url).unwrap().as_str()).await.must_say("alder.example");
    let none = world.request("POST", "/v1/libraries/OTHR/kit-link", &world.key, &[], "").await;
    assert_eq!(none.status, 409, "{}", none.text);
    let other = world.new_key(Some("OTHR")).await;
    let refused = world.request("POST", "/v1/libraries/MRPL/kit-link", &other, &[], "").await;
    assert_eq!(refused.status, 403, "as every route of another library with a key: {}", refused.text);
}
