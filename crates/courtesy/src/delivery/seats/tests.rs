//! Rules of who sends for whom.

use serde_json::json;
use standards::domain::Domain;

use super::Whose::{Nobodys, Others, Ours};
use super::*;

fn library(other_regions: bool) -> Library {
    serde_json::from_value(json!({
        "code": "MRPL", "name": { "en": "Maple Ridge" }, "time_zone": "America/Vancouver", "languages": ["en"],
        "region": "west", "other_regions": other_regions
    }))
    .unwrap()
}

fn west() -> Vec<Relay> {
    ["w1.example", "w2.example"]
        .map(|host| Relay {
            host: Domain::parse(host).unwrap(),
            region: "west".to_owned(),
            sources: Vec::new(),
            planned: None,
            until: None,
        })
        .to_vec()
}

fn seat(host: &str, is_well: bool) -> Seat {
    Seat { host: host.to_owned(), region: String::new(), is_well }
}

#[test]
fn machines_of_a_region_share_its_messages() {
    let (one, two) = ([seat("w1.example", true)], [seat("w2.example", true)]);
    assert_eq!(whose(&library(false), &west(), &one, &two), Ours);
    assert_eq!(whose(&library(false), &west(), &two, &one), Ours);
}

#[test]
fn a_machine_whose_relays_are_gone_leaves_its_messages_to_another_of_the_region() {
    assert_eq!(whose(&library(false), &west(), &[], &[seat("w2.example", true)]), Others);
    assert_eq!(whose(&library(false), &west(), &[seat("w1.example", false)], &[seat("w2.example", true)]), Others);
    assert_eq!(whose(&library(false), &west(), &[seat("w2.example", true)], &[]), Ours, "and that one takes them");
}

#[test]
fn where_all_of_a_region_reach_nobody_they_go_on_trying() {
    let (one, two) = ([seat("w1.example", false)], [seat("w2.example", false)]);
    assert_eq!(whose(&library(false), &west(), &one, &two), Ours);
    assert_eq!(whose(&library(false), &west(), &two, &one), Ours);
}

#[test]
fn nothing_crosses_into_another_region_unless_the_library_allows_it() {
    let east = [seat("e1.example", true)];
    assert_eq!(whose(&library(false), &west(), &east, &[]), Nobodys);
    assert_eq!(whose(&library(false), &west(), &[], &east), Nobodys);
    assert_eq!(whose(&library(true), &west(), &east, &[]), Ours);
    assert_eq!(whose(&library(true), &west(), &[], &east), Others);
    let west_again = [seat("w1.example", true)];
    assert_eq!(whose(&library(true), &west(), &east, &west_again), Others, "its own region comes first");
}

#[test]
fn a_process_that_sends_for_one_region_alone_helps_another_only_where_the_library_allows_it() {
    let east_only = [Seat { region: "east".to_owned(), ..seat("w1.example", true) }];
    assert_eq!(whose(&library(false), &west(), &east_only, &[]), Nobodys);
    assert_eq!(whose(&library(true), &west(), &east_only, &[]), Ours);
}
