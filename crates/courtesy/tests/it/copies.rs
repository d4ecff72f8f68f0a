//! Copies once a day: one list for each address, of what was not copied, once whatever happens.

use std::collections::HashSet;
use std::time::Duration;

use courtesy::clock::{Timestamp, now};
use courtesy::library::Copies;
use jiff::ToSpan as _;
use jiff::tz::TimeZone;

use crate::world::{World, address, read, ready, record};

const HEAD: &str = "patron-head@gmail.example";

/// Noon of tomorrow, where the library is.
fn tomorrow() -> Timestamp {
    let local = now().to_zoned(TimeZone::get("America/Vancouver").unwrap());
    local.date().checked_add(1.day()).unwrap().at(12, 0, 0, 0).to_zoned(local.time_zone().clone()).unwrap().timestamp()
}

async fn set(world: &World, copies: Copies) {
    let mut library = record("MRPL");
    library.cc = vec![address(HEAD)];
    library.copies = copies;
    world.put(library).await;
}

/// What came to the address that gets copies, once there is so much.
async fn came(world: &World, wanted: usize) -> Vec<crate::world::Read> {
    for _ in 0..3000 {
        if world.offered(HEAD).len() >= wanted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.offered(HEAD).iter().map(read).collect()
}

#[tokio::test]
async fn a_day_of_notices_is_one_list_whatever_restarts() {
    let world = World::new().await;
    set(&world, Copies::Daily).await;
    for request in ["BC-1", "BC-2"] {
        world.tell_one(&ready("MRPL", request, "patron@gmail.example")).await;
    }
    let intake = &world.app().intake;
    let mut done = HashSet::new();
    intake.copy_days(tomorrow(), &mut done).await.unwrap();
    let list = &came(&world, 1).await[0];
    assert!(list.subject.starts_with("Notices of ") && list.subject.ends_with(": 2"), "{}", list.subject);
    for said in ["- ", "BC-1 · The Overstory", "BC-2 · The Overstory"] {
        assert!(list.text.contains(said), "{said} in {}", list.text);
    }
    // Another process, or this one after a restart.
    intake.copy_days(tomorrow(), &mut done).await.unwrap();
    intake.copy_days(tomorrow(), &mut HashSet::new()).await.unwrap();
    let all = world.get("/v1/messages?library=MRPL&notice=copies_digest").await.json();
    assert_eq!(all["data"].as_array().unwrap().len(), 1, "{all}");
}

#[tokio::test]
async fn what_was_copied_as_it_left_is_in_no_list() {
    let world = World::new().await;
    set(&world, Copies::Each).await;
    assert_eq!(world.tell(&ready("MRPL", "BC-1", "patron@gmail.example")).await.len(), 2);
    set(&world, Copies::Daily).await;
    assert_eq!(world.tell(&ready("MRPL", "BC-2", "patron@gmail.example")).await.len(), 1);
    world.app().intake.copy_days(tomorrow(), &mut HashSet::new()).await.unwrap();
    let mails = came(&world, 2).await;
    let list = mails.iter().find(|mail| mail.subject.starts_with("Notices of ")).unwrap();
    assert!(list.text.contains("BC-2") && !list.text.contains("BC-1"), "{}", list.text);
}
