//! The library's own relay: below every way that DNS proves, above the shared address, and only on a test message.

use jiff::{SignedDuration, Timestamp};

use super::super::{Plan, RelayFound, RelayProof, Rung, SenderKind, Situation, Standing, plan, relay_standing};
use super::{library, now, ours, situation};
use crate::library::{Library, OwnRelay, RelayAuth, RelayTls};

fn own_relay() -> OwnRelay {
    OwnRelay {
        host: super::name("smtp.library.example"),
        port: 587,
        tls: RelayTls::Starttls,
        user: "ill@library.example".to_owned(),
        auth: RelayAuth::Plain,
        tokens: None,
    }
}

fn with_relay(from: &str) -> Library {
    Library { relay: Some(own_relay()), ..library(Some(from)) }
}

fn came_through(at: Timestamp) -> RelayProof {
    RelayProof {
        relay: own_relay().name(),
        from: library(Some("ill@library.example")).from.unwrap(),
        canary: None,
        proven_at: Some(at),
        found: RelayFound::CameThrough { saw: "SPF pass".to_owned() },
        at,
    }
}

fn planned(library: &Library, relay: Option<&RelayProof>, exclude: &[SenderKind]) -> Plan {
    let ours = ours();
    plan(&Situation { relay, exclude, ..situation(library, &[], &ours) }, now())
}

#[test]
fn a_relay_that_a_test_message_came_through_is_used_where_dns_proves_nothing() {
    let library = with_relay("ill@library.example");
    let plan = planned(&library, Some(&came_through(now())), &[]);
    assert_eq!((plan.rung, plan.sender, plan.reason.code), (Rung::OwnRelay, SenderKind::Relay, "own_relay"));
    assert_eq!((&plan.return_path_mailbox, &Some(plan.from.clone())), (&library.from, &library.from));
    assert!(plan.dkim.is_empty());
    let rungs: Vec<Rung> = plan.considered.iter().map(|way| way.rung).collect();
    assert_eq!(rungs[4..], [Rung::OwnRelay, Rung::Shared], "after the four that DNS proves");
}

#[test]
fn nothing_less_than_a_test_message_proves_a_relay() {
    let library = with_relay("ill@library.example");
    let known = came_through(now());
    let other_host = RelayProof { relay: "smtp.other.example:587 x".to_owned(), ..known.clone() };
    let old = came_through(now() - SignedDuration::from_hours(48));
    let waiting = RelayProof { found: RelayFound::Waiting, proven_at: None, ..known.clone() };
    let lost = RelayProof { found: RelayFound::Waiting, at: now() - SignedDuration::from_hours(1), ..known.clone() };
    let refused = RelayProof { found: RelayFound::Refused { reply: "535".to_owned() }, ..known.clone() };
    for proof in [None, Some(&other_host), Some(&old), Some(&waiting), Some(&lost), Some(&refused)] {
        assert_eq!(planned(&library, proof, &[]).rung, Rung::Shared, "{proof:?}");
    }
    let again = RelayProof { found: RelayFound::Waiting, ..known.clone() };
    assert_eq!(planned(&library, Some(&again), &[]).rung, Rung::OwnRelay, "the daily test does not interrupt");
    let changed = Library { from: crate::sender::tests::library(Some("desk@library.example")).from, ..library };
    assert_eq!(planned(&changed, Some(&known), &[]).rung, Rung::Shared, "proven for another address");
}

#[test]
fn a_relay_is_left_where_it_refused_this_message_or_the_library_wants_to_hear_of_bounces() {
    let known = came_through(now());
    let library = with_relay("ill@library.example");
    assert_eq!(planned(&library, Some(&known), &[SenderKind::Relay]).rung, Rung::Shared);
    let hearing = Library { prefer_shared_over_own_bounces: true, ..library };
    assert_eq!(planned(&hearing, Some(&known), &[]).rung, Rung::Shared);
    let ours = with_relay("mrpl@notices.example");
    let forged = RelayProof { from: ours.from.clone().unwrap(), ..known };
    assert_eq!(planned(&ours, Some(&forged), &[]).rung, Rung::Shared, "our own domain is nobody's");
}

#[test]
fn a_canary_goes_out_at_once_then_daily_and_sooner_after_bad_news() {
    let (relay, known) = (own_relay(), came_through(now()));
    let due = |known: &RelayProof, hours| {
        RelayProof::is_due(Some(known), &relay, &known.from, now() + SignedDuration::from_hours(hours))
    };
    assert!(RelayProof::is_due(None, &relay, &known.from, now()));
    assert!(!due(&known, 23) && due(&known, 24));
    let refused = RelayProof { found: RelayFound::Refused { reply: String::new() }, ..known };
    assert!(!due(&refused, 0) && due(&refused, 1));
}

#[test]
fn every_finding_has_its_words_in_both_languages() {
    let known = came_through(now());
    let text = || "535".to_owned();
    let founds = [
        RelayFound::NoSecret,
        RelayFound::Waiting,
        RelayFound::CameThrough { saw: text() },
        RelayFound::NotAuthenticated { saw: text() },
        RelayFound::Refused { reply: text() },
        RelayFound::Unreachable { why: text() },
    ];
    let mut codes = std::collections::BTreeSet::new();
    for found in founds {
        let good = matches!(found, RelayFound::CameThrough { .. });
        let proof = RelayProof { found, proven_at: good.then(now), ..known.clone() };
        let (standing, reason) = relay_standing(Some(&proof), &own_relay(), &known.from, now());
        assert_eq!(standing == Standing::Holds, good);
        assert!(reason.en.contains("smtp.library.example") && reason.fr.contains("smtp.library.example"));
        assert!(reason.en != reason.fr && codes.insert(reason.code));
    }
}
