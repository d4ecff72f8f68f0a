use std::collections::HashMap;

use standards::domain::Domain;

use super::*;

fn relay(host: &str, planned: Option<&str>) -> Relay {
    Relay {
        host: Domain::parse(host).unwrap(),
        region: "west".to_owned(),
        sources: Vec::new(),
        planned: planned.map(|day| day.parse().unwrap()),
        until: None,
    }
}

fn at(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().unwrap()
}

/// How many of 10,000 messages each relay gets.
fn dealt(relays: &[Relay], days: u32, now: Timestamp) -> HashMap<String, usize> {
    let mut dealt = HashMap::new();
    for id in 0..10_000_u32 {
        let with_share = relays.iter().map(|relay| (relay, share(relay, days, now)));
        let chosen = choose(&id.to_be_bytes(), with_share).unwrap();
        *dealt.entry(chosen.host.to_string()).or_default() += 1;
    }
    dealt
}

#[test]
fn relays_that_are_known_share_alike() {
    let relays = [relay("a.example", None), relay("b.example", Some("2020-01-01"))];
    let dealt = dealt(&relays, 21, at("2027-01-15"));
    assert!((4_800..5_200).contains(&dealt["a.example"]), "{dealt:?}");
}

#[test]
fn a_new_relay_gets_little_at_first_and_more_each_day() {
    let relays = [relay("a.example", None), relay("new.example", Some("2027-01-01"))];
    let of_day =
        |day: u32| dealt(&relays, 21, at(&format!("2027-01-{:02}", day + 1))).remove("new.example").unwrap_or(0);
    let first = of_day(0);
    assert!((50..160).contains(&first), "about one in a hundred: {first}");
    let days: Vec<usize> = [0, 5, 10, 15, 20, 21].map(of_day).to_vec();
    assert!(days.windows(2).all(|pair| pair[0] < pair[1]), "{days:?}");
    assert!((4_800..5_200).contains(&days[5]), "after three weeks it is one of them: {days:?}");
}

#[test]
fn a_relay_that_goes_moves_its_own_messages_alone() {
    let all = [relay("a.example", None), relay("b.example", None), relay("c.example", None)];
    let chosen = |id: u32, among: &[Relay]| {
        choose(&id.to_be_bytes(), among.iter().map(|relay| (relay, 1.0))).unwrap().host.to_string()
    };
    for id in 0..1_000 {
        let before = chosen(id, &all);
        let after = chosen(id, &all[..2]);
        assert!(before == after || before == "c.example", "{id}: {before}, {after}");
    }
}

#[test]
fn the_only_relay_has_it_all_however_new() {
    let new = relay("new.example", Some("2027-01-01"));
    let chosen = choose(b"message", [(&new, share(&new, 21, at("2027-01-01")))]);
    assert_eq!(chosen.map(|relay| relay.host.as_str()), Some("new.example"));
    assert_eq!(choose(b"message", []), None);
}
