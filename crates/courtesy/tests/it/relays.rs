//! Relays: drained, of one region and of another, looked at.

use courtesy::config::{Config, Relay};
use courtesy::library::Library;
use courtesy::queue::State;
use courtesy::service::Service;
use practice::world::{RELAYS, SERVICE};
use serde_json::json;

use crate::world::{World, domain, ready, record};

/// Two relays of the west, and one of the east.
fn three(config: &mut Config) {
    let relay = |(turn, region): (usize, &str)| Relay {
        host: domain(&format!("out{}.{SERVICE}", turn + 1)),
        region: region.to_owned(),
        sources: vec![RELAYS[turn % RELAYS.len()].into()],
        planned: None,
        until: None,
    };
    let relays: Vec<Relay> = ["west", "west", "east"].into_iter().enumerate().map(relay).collect();
    config.relay = relays.into();
}

fn of_the_west(other_regions: bool) -> Library {
    Library { region: "west".to_owned(), other_regions, ..record("MRPL") }
}

/// The relay that a message to this patron leaves by.
async fn relay_of(world: &World, request: &str) -> String {
    let id = world.tell_one(&ready("MRPL", request, &format!("patron-{request}@gmail.example"))).await;
    assert_eq!(world.over(id).await.state, State::Accepted);
    world.attempts(id).await.pop().unwrap().relay
}

async fn drain(world: &World, host: &str, verb: &str) {
    let answer = world.post(&format!("/v1/relays/{host}.{SERVICE}/{verb}"), &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_drained_relay_sends_nothing_and_the_other_of_its_region_does() {
    let world = World::with(three).await;
    world.put(of_the_west(true)).await;
    drain(&world, "out1", "drain").await;
    for n in 0..4 {
        assert_eq!(relay_of(&world, &format!("BC-{n}")).await, "out2.notices.example");
    }
    let listed = world.get("/v1/relays").await.json();
    assert_eq!(listed["data"][0]["state"], "drained");
    assert_eq!(listed["data"][0]["drained"]["by"], "key “operator”");
    assert_eq!(listed["data"][1]["state"], "sends");
    assert!(world.get("/v1/doctor").await.text.contains("courtesy relays resume out1.notices.example"));
    drain(&world, "out1", "resume").await;
    let relays = futures_util::future::join_all((0..12).map(|n| {
        let world = &world;
        async move { relay_of(world, &format!("BD-{n}")).await }
    }));
    let relays = relays.await;
    assert!(relays.iter().any(|relay| relay == "out1.notices.example"), "{relays:?}");
    assert!(!relays.iter().any(|relay| relay == "out3.notices.example"), "nothing crosses: {relays:?}");
}

#[tokio::test]
async fn nothing_crosses_regions_unless_its_library_allows_it() {
    let world = World::with(three).await;
    world.put(of_the_west(false)).await;
    drain(&world, "out1", "drain").await;
    drain(&world, "out2", "drain").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let row = world.until_state(id, State::Delayed).await;
    assert_eq!((row.cause.as_deref(), row.attempts), (Some("relay.region"), 0), "it waits, and no attempt is lost");
    assert_eq!(world.outside.mailboxes().count(), 0);
    world.put(of_the_west(true)).await;
    assert_eq!(relay_of(&world, "BC-2").await, "out3.notices.example");
}

#[tokio::test]
async fn relays_are_looked_at_as_receivers_do() {
    let world = World::with(|config| {
        three(config);
        config.relays.block_lists = vec![domain("blocks.notices.example")];
    })
    .await;
    let listed = RELAYS[1].octets();
    let name = format!("{}.{}.{}.{}.blocks.notices.example", listed[3], listed[2], listed[1], listed[0]);
    world.outside.zones().put(&domain(&name), practice::dns::Data::A([127, 0, 0, 2].into()));
    world.service.delivery.look_at_relays(courtesy::clock::now()).await;
    let relays = world.get("/v1/relays").await.json();
    let status = |relay: usize, check: &str| {
        let findings = relays["data"][relay]["findings"].as_array().unwrap().clone();
        let found = findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{relays}"));
        found["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(0, "block_list blocks.notices.example"), "pass", "{relays}");
    assert_eq!(status(1, "block_list blocks.notices.example"), "fail", "{relays}");
    // Whoever asks for the name of a loopback address is told `localhost` (RFC 6761 §6.3).
    assert_eq!(status(0, "ptr"), "fail", "{relays}");
    assert_eq!(status(0, "helo"), "pass", "{relays}");
    assert_eq!(status(0, "port_25"), "unknown", "{relays}");
    let metrics = world.get("/metrics").await.text;
    let line = r#"courtesy_relay_check{check="block_list blocks.notices.example",relay="out2.notices.example"} 0"#;
    assert!(metrics.contains(line), "{metrics}");
    assert!(world.get("/v1/doctor").await.text.contains("blocks.notices.example lists"), "the doctor says so");
}

/// Waits until so many other machines are known to have the second relay.
async fn until_machines(world: &World, machines: usize) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let listed = world.get("/v1/relays").await.json();
        if listed["data"][1]["machines"].as_array().unwrap().len() == machines {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{listed}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Two machines of the west with a relay each, on one database; none where there is no PostgreSQL.
async fn two_machines() -> Option<(World, Service)> {
    let url = practice::postgres::schema().map_err(|why| println!("skipped: {why}")).ok()?;
    let here = |host: &str| vec![domain(&format!("{host}.{SERVICE}"))];
    let world = World::with(|config| {
        three(config);
        config.database = url;
        config.relays.here = here("out1").into();
    })
    .await;
    world.put(of_the_west(false)).await;
    let other = world.beside(|config| config.relays.here = here("out2").into()).await;
    until_machines(&world, 1).await;
    Some((world, other))
}

#[tokio::test]
async fn another_machine_of_the_region_takes_over_what_one_cannot_send() {
    let Some((world, other)) = two_machines().await else { return };
    drain(&world, "out1", "drain").await;
    for n in 0..3 {
        assert_eq!(relay_of(&world, &format!("BC-{n}")).await, "out2.notices.example");
    }
    // It says goodbye, and nobody is left who may send: it waits, and says why.
    other.stop().await;
    let id = world.tell_one(&ready("MRPL", "BC-9", "patron@gmail.example")).await;
    let row = world.until(id, "waiting for a relay", |row| row.cause.as_deref() == Some("relay.region")).await;
    assert_eq!((row.state, row.attempts), (State::Delayed, 0), "no attempt is lost");
    // The other machine is back: what waits leaves by it at once.
    let here = vec![domain(&format!("out2.{SERVICE}"))];
    let other = world.beside(|config| config.relays.here = here.into()).await;
    assert_eq!(world.over(id).await.state, State::Accepted);
    assert_eq!(world.attempts(id).await.pop().unwrap().relay, "out2.notices.example");
    other.stop().await;
}

#[tokio::test]
async fn a_relay_that_no_machine_has_is_seen_as_such() {
    let Some((world, other)) = two_machines().await else { return };
    let relay = relay_of(&world, "BC-1").await;
    assert!(
        ["out1.notices.example", "out2.notices.example"].contains(&relay.as_str()),
        "nothing crosses into the east: {relay}"
    );
    let listed = world.get("/v1/relays").await.json();
    assert_eq!(listed["data"][2]["state"], "no_machine", "{listed}");
    other.stop().await;
    until_machines(&world, 0).await;
    assert_eq!(world.get("/v1/relays").await.json()["data"][1]["state"], "no_machine");
}

#[tokio::test]
async fn a_library_without_a_relay_is_told_so_once_and_again_when_one_is_back() {
    let world = World::with(three).await;
    world.put(of_the_west(false)).await;
    for relay in ["out1", "out2"] {
        drain(&world, relay, "drain").await;
    }
    let open = async || {
        let answer = world.get("/v1/libraries/MRPL/incidents").await.json();
        let all = answer["data"].as_array().unwrap().clone();
        all.iter().filter(|one| one["cause"] == "relay.region" && one["closed_at"].is_null()).count()
    };
    let now = courtesy::clock::now();
    world.service.look_for_missing_relays(now).await.unwrap();
    assert_eq!(open().await, 0, "a process that is started again is back sooner");
    let later = now + jiff::SignedDuration::from_secs(61);
    world.service.look_for_missing_relays(later).await.unwrap();
    assert_eq!(open().await, 1);
    assert!(world.get("/v1/doctor").await.text.contains("no machine can send for MRPL (region west)"));
    let waits = world.get("/metrics").await.text;
    assert!(waits.contains("courtesy_libraries_without_relay 1"), "{waits}");
    drain(&world, "out2", "resume").await;
    world.service.look_for_missing_relays(later).await.unwrap();
    assert_eq!(open().await, 0);
}

#[tokio::test]
async fn a_relay_that_is_added_or_ends_needs_no_restart() {
    let world = World::with(three).await;
    world.put(of_the_west(false)).await;
    let mut new = Config::clone(&world.app().config);
    let mut relays = new.relay.now().to_vec();
    // The first ends today; the third moves into the west.
    let today = courtesy::clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    relays[0].until = Some(today);
    relays.remove(1);
    relays[1].region = "west".to_owned();
    new.relay = relays.into();
    assert_eq!(world.service.reload(&new).await, [""; 0], "nothing of it wants a restart");
    for n in 0..3 {
        assert_eq!(relay_of(&world, &format!("BC-{n}")).await, "out3.notices.example");
    }
    let listed = world.get("/v1/relays").await.json();
    assert_eq!((listed["data"][0]["state"].as_str(), listed["data"].as_array().unwrap().len()), (Some("over"), 2));
    let feed = world.get("/relays/changes.atom").await.text;
    assert!(feed.contains("out2.notices.example) no longer sends"), "{feed}");
}

#[tokio::test]
async fn whoever_permits_addresses_one_by_one_is_warned_before_relays_come_and_after_they_go() {
    let world = World::with(three).await;
    let mut of_west = of_the_west(false);
    of_west.from = Some(crate::world::address("ill@alone.example"));
    world.put(of_west).await;
    let [first, second] = [RELAYS[0], RELAYS[1]];
    // It allows both of today's addresses, one by one, and its policy is strict: no signature, no include.
    world.outside.publish_txt(&domain("alone.example"), &[&format!("v=spf1 ip4:{first} ip4:{second} -all")]);
    world.outside.zones().put(&domain("alone.example"), practice::dns::Data::A([127, 0, 0, 1].into()));
    world.outside.publish_txt(&domain("_dmarc.alone.example"), &["v=DMARC1; p=reject"]);
    let open = async |cause: &str| {
        let answer = world.get("/v1/libraries/MRPL/incidents").await.json();
        let all = answer["data"].as_array().unwrap().clone();
        all.iter().filter(|one| one["cause"] == cause && one["closed_at"].is_null()).count()
    };
    let now = courtesy::clock::now();
    world.service.foresee(now).await.unwrap();
    assert_eq!(open("sender.relay_coming").await + open("sender.relay_gone").await, 0, "nothing is announced");
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut new = Config::clone(&world.app().config);
    let mut relays = new.relay.now().to_vec();
    relays[0].until = Some(today);
    relays.push(Relay {
        host: domain(&format!("out4.{SERVICE}")),
        region: "west".to_owned(),
        sources: vec!["192.0.2.99".parse().unwrap()],
        planned: Some(today.saturating_add(jiff::Span::new().days(30))),
        until: None,
    });
    new.relay = relays.into();
    world.service.reload(&new).await;
    world.service.foresee(now).await.unwrap();
    assert_eq!((open("sender.relay_coming").await, open("sender.relay_gone").await), (1, 1));
    world.outside.publish_txt(&domain("alone.example"), &[&format!("v=spf1 ip4:{second} ip4:192.0.2.99 -all")]);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while open("sender.relay_coming").await + open("sender.relay_gone").await > 0 {
        assert!(tokio::time::Instant::now() < deadline, "{}", world.get("/v1/libraries/MRPL/incidents").await.text);
        world.service.foresee(now).await.unwrap();
    }
}
