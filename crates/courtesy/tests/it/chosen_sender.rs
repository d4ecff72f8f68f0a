//! In whose name a message really leaves: the whole service against the practice internet.

use std::time::Duration;

use courtesy::clock;
use courtesy::intake::{Event, Handed, Side, Strictness, Taken, Told};
use courtesy::library::{Library, LibraryCode};
use courtesy::notice::status::Status;
use courtesy::patron::Patron;
use courtesy::service::Service;

use practice::dns::{Data, RecordType};
use practice::provider::{Kept, Trouble};
use practice::world::{Options, RELAYS, Running};
use standards::address::Address;
use standards::domain::Domain;

use crate::world::settings;

const PATIENCE: Duration = Duration::from_secs(60);

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// A library whose SPF record includes our relays, with a record that nobody may remember: what was known of it has
/// run out at every attempt.
async fn world() -> Running {
    let world = practice::world::start(Options::default()).await.unwrap();
    let listed = Data::txt("v=spf1 include:_spf.notices.example -all");
    world.zones().replace(&name("birch.example"), RecordType::TXT, 0, vec![listed]);
    world
}

async fn serve(world: &Running, data: &std::path::Path) -> Service {
    let service = Service::start(settings(world, data, "west", RELAYS.len())).await.unwrap();
    let library: Library = serde_json::from_value(serde_json::json!({
        "code": "BRCH", "name": { "en": "Birch Grove Regional Library" }, "time_zone": "America/Vancouver",
        "languages": ["en"], "region": "west", "from": "ill@birch.example",
    }))
    .unwrap();
    service.app.store.put_libraries(vec![library], "test".to_owned(), clock::now()).await.unwrap();
    service.app.book.refresh().await.unwrap();
    service
}

async fn tell(service: &Service, request: &str, to: &str) {
    let fields = [("title", "The Stone Diaries"), ("pickup_by", "2027-01-31")];
    let event = Event {
        library: LibraryCode::parse("BRCH").unwrap(),
        request: request.to_owned(),
        status: Status::from_code("ready_for_pickup").unwrap(),
        side: Side::Borrowing,
        occurrence: String::new(),
        told: Told {
            patron: Patron { email: Some(Address::parse(to).unwrap()), ..Patron::default() },
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Told::default()
        },
        source: "api",
    };
    let handed = Handed { event, key: None };
    let taken = service.app.intake.take(vec![handed], Strictness::Mendable, false, |_| String::new()).await.unwrap();
    assert!(matches!(taken[..], [Taken::Kept(_)]), "{taken:?}");
}

fn from(kept: &Kept) -> &str {
    kept.from_domain.as_ref().map_or("", Domain::as_str)
}

#[tokio::test]
async fn facts_asked_for_on_the_way_of_a_message_are_young_enough_for_it() {
    let (world, data) = (world().await, tempfile::tempdir().unwrap());
    let service = serve(&world, data.path()).await;
    for turn in 0..5 {
        tell(&service, &format!("BC-{turn}"), &format!("patron-{turn}@gmail.example")).await;
    }
    assert!(world.mailboxes().wait_for(5, PATIENCE).await);
    let kept = world.mailboxes().kept();
    assert_eq!(kept.iter().map(from).collect::<Vec<_>>(), ["birch.example"; 5]);
    service.stop().await;
}

#[tokio::test]
async fn a_refusal_for_authentication_costs_one_attempt_and_the_patron_has_the_notice() {
    let (world, data) = (world().await, tempfile::tempdir().unwrap());
    let service = serve(&world, data.path()).await;
    let gmail = world.provider("gmail.example").unwrap();
    gmail.disturb(Trouble { refuse_for_authentication: 1, ..Trouble::default() });
    tell(&service, "BC-1", "patron@gmail.example").await;
    assert!(world.mailboxes().wait_for(2, PATIENCE).await);
    let kept = world.mailboxes().kept();
    assert_eq!(kept.iter().map(from).collect::<Vec<_>>(), ["birch.example", "notices.example"]);
    let last = &kept[1];
    assert_eq!(last.decision, practice::provider::Decision::Accepted, "{:?}", last.reason);
    assert_eq!(kept[0].message_id, last.message_id);
    service.stop().await;
}
