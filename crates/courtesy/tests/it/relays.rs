//! Relays: drained, of one region and of another, looked at.

use courtesy::config::{Config, Relay};
use courtesy::library::Library;
use courtesy::queue::State;
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
    };
    config.relay = ["west", "west", "east"].into_iter().enumerate().map(relay).collect();
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
