//! Reports of receivers: in by the door, counted once, told to whom they concern.

use courtesy::clock;
use practice::dns::Data;
use standards::domain::Domain;

use crate::world::{World, address, record};

fn report(id: &str, domain: &str, source: &str, count: u64, spf: &str) -> String {
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
}

/// Hands a report in at the inbound door; the last reply.
async fn hand_in(world: &World, to: &str, mail: &str) -> String {
    world.hand_in("dmarc@receiver.example", to, mail).await
}

async fn world() -> World {
    World::with(|config| config.listen.smtp = Some("127.0.0.1:0".parse().unwrap())).await
}

/// Once so many reports about all domains are kept.
async fn until_kept(world: &World, reports: u64) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let kept: u64 = world.app().store.reported_domains(None).await.unwrap().iter().map(|one| one.reports).sum();
        if kept >= reports {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{kept} of {reports} reports");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_report_is_counted_once_and_told_to_its_library_alone() {
    let world = world().await;
    let shared = world.app().config.shared.domain.to_string();
    for (code, from) in [("MRPL", "ill@mapleridge.example"), ("OTHER", "ill@other.example")] {
        let mut library = record(code);
        library.from = Some(address(from));
        world.put(library).await;
    }
    let dmarc = format!("dmarc@{shared}");
    for (id, domain, source, count, spf) in [
        ("1", "mapleridge.example", "192.0.2.7", 12, "fail"),
        ("1", "mapleridge.example", "192.0.2.7", 12, "fail"),
        ("9", "nobody.example", "192.0.2.8", 9, "fail"),
        ("2", "mapleridge.example", "192.0.2.7", 3, "pass"),
    ] {
        let said = hand_in(&world, &dmarc, &report(id, domain, source, count, spf)).await;
        assert!(said.starts_with("250"), "{said}");
    }
    until_kept(&world, 2).await;
    let said = hand_in(&world, &format!("nobody@{shared}"), "").await;
    assert!(said.starts_with("550"), "{said}");

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
async fn a_machine_is_called_by_its_name_where_the_name_leads_back_to_it() {
    let world = world().await;
    let shared = world.app().config.shared.domain.to_string();
    let name = |text: &str| Domain::parse(text).unwrap();
    let zones = world.outside.zones();
    // The second one's owner writes a name that is not theirs.
    for (apex, host, pointer) in
        [("2.0.192.in-addr.arpa", "7", "printer.library.example"), ("100.51.198.in-addr.arpa", "7", "gmail.example")]
    {
        zones.zone(&name(apex));
        zones.put(&name(apex).below(host).unwrap(), Data::Ptr(name(pointer)));
    }
    zones.zone(&name("library.example"));
    zones.put(&name("printer.library.example"), Data::A("192.0.2.7".parse().unwrap()));
    for (id, ip) in [("1", "192.0.2.7"), ("2", "198.51.100.7")] {
        hand_in(&world, &format!("dmarc@{shared}"), &report(id, &shared, ip, 1, "fail")).await;
    }
    until_kept(&world, 2).await;
    let (store, dns) = (&world.app().store, world.app().inbound.dns());
    while courtesy::inbound::names::round(store, dns).await.unwrap() {}
    let told = world.get("/v1/reports").await.json();
    let of = |ip: &str| {
        let sources = told["data"][0]["sources"].as_array().unwrap().clone();
        sources.into_iter().find(|one| one["source"] == ip).unwrap()
    };
    assert_eq!(of("192.0.2.7")["name"], "printer.library.example", "{told}");
    let said = of("192.0.2.7")["words"].as_str().unwrap().to_owned();
    assert!(said.starts_with("A machine at 192.0.2.7 (printer.library.example) also sends"), "{said}");
    assert_eq!(of("198.51.100.7").get("name"), None, "{told}");
    let an_hour_ago = clock::now() - jiff::SignedDuration::from_hours(1);
    assert!(store.sources_without_name(an_hour_ago, 10).await.unwrap().is_empty(), "each was asked about once");
}

#[tokio::test]
async fn what_was_reported_is_forgotten_in_time() {
    let world = world().await;
    let shared = world.app().config.shared.domain.to_string();
    hand_in(&world, &format!("DMARC@{shared}"), &report("1", &shared, "192.0.2.7", 1, "pass")).await;
    until_kept(&world, 1).await;
    let store = &world.app().store;
    assert_eq!(store.reported_sources(None).await.unwrap().len(), 1);
    store.forget_reports(clock::now()).await.unwrap();
    assert_eq!(store.reported_sources(None).await.unwrap(), []);
    assert_eq!(store.reported_domains(None).await.unwrap(), []);
}
