use axum::http::HeaderMap;
use futures_util::FutureExt as _;

use super::*;

const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);

fn after(minutes: i64) -> Timestamp {
    NOW + SignedDuration::from_mins(minutes)
}

fn from(ip: &str) -> Network {
    Network::of(Some(ip.parse().unwrap()), &HeaderMap::new())
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
    let many = (31..).take_while(|n| ask(*n, &format!("10.0.{}.1", n % 250)).is_ok()).count();
    assert_eq!(many, 300 - 31);
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

#[tokio::test]
async fn few_are_looked_up_at_one_time_and_a_class_waits_for_its_turn() {
    let knocks = Knocks::default();
    let places: Vec<_> = std::iter::from_fn(|| knocks.place()).take(1000).collect();
    assert_eq!(places.len(), IN_LINE);
    let mut turns = Vec::new();
    for place in &places[..AT_ONCE] {
        turns.push(place.turn().await.unwrap());
    }
    assert!(places[AT_ONCE].turn().now_or_never().is_none(), "all are taken");
    turns.pop();
    assert!(places[AT_ONCE].turn().now_or_never().is_some(), "the next has its turn");
    drop(turns);
    drop(places);
    assert!(knocks.place().is_some());
}
