use axum::http::HeaderMap;
use futures_util::FutureExt as _;

use super::*;
use crate::http::peer::Peer;

const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);

fn after(minutes: i64) -> Timestamp {
    NOW + SignedDuration::from_mins(minutes)
}

fn from(ip: &str) -> Network {
    Network::of(Some(&Peer::at(ip.parse().unwrap(), Arc::new([]))), &HeaderMap::new())
}

fn library(code: &str) -> LibraryCode {
    LibraryCode::parse(code).unwrap()
}

#[test]
fn a_stranger_who_asks_for_somebody_keeps_them_out_from_no_other_network() {
    let (knocks, mrpl) = (Knocks::default(), library("MRPL"));
    let ask = |ip: &str, minutes: i64| knocks.ask(&mrpl, "amira@patron.example", from(ip), after(minutes));
    for minute in 0..5 {
        assert_eq!(ask("192.0.2.1", minute), Ok(()));
    }
    assert_eq!(ask("192.0.2.1", 5), Err(SignedDuration::from_mins(55)));
    assert_eq!(ask("192.0.2.77", 5), Err(SignedDuration::from_mins(55)), "a neighbour");
    assert_eq!(ask("198.51.100.1", 5), Ok(()));
    assert_eq!(knocks.ask(&library("OTHR"), "amira@patron.example", from("192.0.2.1"), after(5)), Ok(()));
    assert_eq!(ask("192.0.2.1", 60), Ok(()), "an hour after the first");
}

#[test]
fn a_mailbox_is_sent_few_codes_however_many_networks_ask() {
    let (knocks, mrpl) = (Knocks::default(), library("MRPL"));
    let ask = |n: usize| knocks.ask(&mrpl, "amira@patron.example", from(&format!("10.0.{n}.1")), NOW);
    assert!((0..20).all(|n| ask(n).is_ok()));
    assert_eq!(ask(20), Err(SignedDuration::from_hours(1)));
    assert_eq!(knocks.ask(&mrpl, "yusuf@patron.example", from("10.0.20.1"), NOW), Ok(()));
}

#[test]
fn whoever_tries_a_list_of_addresses_is_slowed_by_network_and_by_library() {
    let (knocks, mrpl) = (Knocks::default(), library("MRPL"));
    let ask = |n: usize, ip: &str| knocks.ask(&mrpl, &format!("p{n}@patron.example"), from(ip), NOW);
    assert!((0..30).all(|n| ask(n, "192.0.2.1").is_ok()));
    assert_eq!(ask(30, "192.0.2.1"), Err(SignedDuration::from_mins(10)));
    assert_eq!(ask(30, "198.51.100.1"), Ok(()));
    // Ten networks with thirty asks each use up what the library has for all.
    let ask_much =
        |network: usize| (0..30).filter(|n| ask(network * 100 + n, &format!("10.0.{network}.1")).is_ok()).count();
    assert_eq!((1..=9).map(ask_much).sum::<usize>(), 300 - 31);
    assert_eq!(ask(9000, "10.0.1.1"), Err(SignedDuration::from_mins(10)));
    let honest = (9001..9010).take_while(|n| ask(*n, "10.0.99.1").is_ok()).count();
    assert_eq!(honest, 3, "an honest household comes in");
    let other = knocks.ask(&library("OTHR"), "p1@patron.example", from("203.0.113.1"), NOW);
    assert_eq!(other, Ok(()), "another library is not held up");
}

#[test]
fn who_has_to_wait_is_not_counted() {
    let (knocks, mrpl) = (Knocks::default(), library("MRPL"));
    let ask = |minutes: i64| knocks.ask(&mrpl, "amira@patron.example", from("192.0.2.1"), after(minutes));
    assert!((0..5).all(|minute| ask(minute).is_ok()));
    assert!((5..60).all(|minute| ask(minute).is_err()));
    assert_eq!((ask(60), ask(61)), (Ok(()), Ok(())));
}

#[test]
fn nobody_waits_because_others_asked_for_many_at_many_libraries() {
    let knocks = Knocks::default();
    let ask = |n: usize| {
        let (library, ip) = (library(&format!("L{}", n / 250)), format!("10.{}.{}.1", n / 5000, n / 20 % 250));
        knocks.ask(&library, &format!("p{n}@patron.example"), from(&ip), NOW)
    };
    let mrpl = library("MRPL");
    let guessed = |_: usize| knocks.ask(&mrpl, "amira@patron.example", from("192.0.2.1"), NOW);
    assert_eq!((0..6).map(guessed).filter(Result::is_ok).count(), 5);
    assert_eq!((0..80_000).filter(|n| ask(*n).is_err()).count(), 0);
    assert!(knocks.asked.lock().unwrap().len() <= NAMES_MAX + 5);
    assert!(guessed(6).is_err(), "and whoever asked too often is not forgotten");
}

#[tokio::test]
async fn few_are_looked_up_at_one_time_and_a_class_waits_for_its_turn() {
    let knocks = Knocks::default();
    let mut places: Vec<_> = std::iter::from_fn(|| knocks.place()).take(1000).collect();
    assert_eq!(places.len(), IN_LINE);
    let mut turns = Vec::new();
    for place in places.drain(..AT_ONCE) {
        turns.push(place.turn().await.unwrap());
    }
    assert!(places.remove(0).turn().now_or_never().is_none(), "all are taken");
    turns.pop();
    assert!(places.remove(0).turn().now_or_never().is_some(), "the next has its turn");
    drop(places);
    assert!(knocks.place().is_some());
}

#[tokio::test]
async fn a_place_in_the_line_is_taken_as_long_whoever_was_looked_for() {
    let knocks = Knocks::default();
    let places: Vec<_> = std::iter::from_fn(|| knocks.place()).collect();
    for place in places {
        // Whoever is not known is done with at once.
        drop(place.turn().await.unwrap());
    }
    assert!(knocks.place().is_none(), "that nobody was found does not show");
}
