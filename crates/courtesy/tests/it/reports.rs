//! Reports of receivers: in by the door, counted once, told to whom they concern.

use courtesy::clock;
use serde_json::Value;

use crate::world::{World, address, record};

fn report(id: &str, domain: &str, source: &str, count: u64, spf: &str) -> Vec<u8> {
    let now = clock::now().as_second();
    let (begin, end) = (now - 90_000, now - 3_600);
    format!(
        "From: dmarc@receiver.example\r\nSubject: Report Domain: {domain}\r\nMIME-Version: 1.0\r\nContent-Type: text/xml\r\n\r\n\
         <feedback><report_metadata><org_name>Receiver</org_name><report_id>{id}</report_id><date_range><begin>{begin}</begin>\
         <end>{end}</end></date_range></report_metadata><policy_published><domain>{domain}</domain><p>none</p></policy_published>\
         <record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated><disposition>none</disposition>\
         <dkim>fail</dkim><spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>{domain}</header_from></identifiers>\
         </record></feedback>\r\n"
    )
    .into_bytes()
}

/// Hands a mail in as the door would, and gives what was done with it.
async fn hand_in(world: &World, to: &str, mail: &[u8]) -> String {
    let (_, became) = world.app().inbound.hand_in(mail, Some(vec![to.to_owned()]), None).await.unwrap();
    let became: Vec<Value> = became.iter().map(|one| serde_json::to_value(one).unwrap()).collect();
    became.first().map(|one| one["done"].as_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_report_is_counted_once_and_told_to_its_library_alone() {
    let world = World::new().await;
    let shared = world.app().config.shared.domain.to_string();
    for (code, from) in [("MRPL", "ill@mapleridge.example"), ("OTHER", "ill@other.example")] {
        let mut library = record(code);
        library.from = Some(address(from));
        world.put(library).await;
    }
    let dmarc = format!("dmarc@{shared}");
    assert_eq!(hand_in(&world, &dmarc, &report("1", "mapleridge.example", "192.0.2.7", 12, "fail")).await, "counted");
    assert_eq!(hand_in(&world, &dmarc, &report("1", "mapleridge.example", "192.0.2.7", 12, "fail")).await, "known");
    assert_eq!(hand_in(&world, &dmarc, &report("2", "mapleridge.example", "192.0.2.7", 3, "pass")).await, "counted");
    assert_eq!(hand_in(&world, &dmarc, &report("3", "nobody.example", "192.0.2.8", 9, "fail")).await, "known");
    assert_eq!(hand_in(&world, &dmarc, b"Subject: hello\r\n\r\nwords\r\n").await, "kept");

    let key = world.new_key(Some("MRPL")).await;
    let of = |code: &str| format!("/v1/libraries/{code}/reports");
    let told = world.request("GET", &of("MRPL"), &key, &[("accept-language", "fr")], "").await.json();
    let one = &told["data"][0];
    assert_eq!((one["domain"].as_str(), one["reports"].as_u64()), (Some("mapleridge.example"), Some(2)), "{told}");
    let source = &one["sources"][0];
    assert_eq!((source["messages"].as_u64(), source["passed"].as_u64()), (Some(15), Some(3)), "{told}");
    assert_eq!(source["whose"], "stranger");
    assert!(source["words"].as_str().unwrap().starts_with("Une machine à l’adresse 192.0.2.7 envoie aussi"), "{told}");

    assert_ne!(world.request("GET", &of("OTHER"), &key, &[], "").await.status, 200);
    assert_eq!(world.request("GET", "/v1/reports", &key, &[], "").await.status, 403);
    assert_eq!(world.get(&of("OTHER")).await.json()["data"].as_array().unwrap().len(), 0);
    assert_eq!(world.get("/v1/reports").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_reported_is_forgotten_in_time() {
    let world = World::new().await;
    let shared = world.app().config.shared.domain.to_string();
    assert_eq!(
        hand_in(&world, &format!("DMARC@{shared}"), &report("1", &shared, "192.0.2.7", 1, "pass")).await,
        "counted"
    );
    let store = &world.app().store;
    assert_eq!(store.reported_sources(None).await.unwrap().len(), 1);
    store.forget_reports(clock::now()).await.unwrap();
    assert_eq!(store.reported_sources(None).await.unwrap(), []);
    assert_eq!(store.reported_domains(None).await.unwrap(), []);
}
