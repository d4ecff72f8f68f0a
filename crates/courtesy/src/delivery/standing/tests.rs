//! How long what was claimed may be sent.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{Standing, ahead, is_off};
use crate::clock;

const LEASE: Duration = Duration::from_secs(900);

/// One that the database has heard a moment ago.
fn heard() -> Standing {
    let standing = Standing::among_others();
    standing.heard(Instant::now(), clock::now());
    standing
}

#[test]
fn who_was_silent_and_is_heard_again_may_send_what_it_claims_from_then_on_alone() {
    let standing = heard();
    let before = standing.right(Some(LEASE));
    assert!(standing.holds() && before.holds());
    // As by a machine that slept: the running clock stands, the wall's has gone on.
    standing.heard(Instant::now(), Timestamp::UNIX_EPOCH);
    assert!(!standing.holds() && !before.holds());
    let meanwhile = standing.right(Some(LEASE));
    standing.heard(Instant::now(), clock::now());
    assert!(standing.holds());
    assert!(!before.holds(), "another may have taken it over");
    assert!(!meanwhile.holds(), "it was claimed without a right");
    assert!(standing.right(Some(LEASE)).holds());
}

#[test]
fn who_is_heard_in_time_keeps_what_it_has() {
    let standing = heard();
    let right = standing.right(Some(LEASE));
    for _ in 0..3 {
        standing.heard(Instant::now(), clock::now());
        assert!(right.holds());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_claimed_is_ours_no_longer_than_its_lease() {
    for standing in [Standing::default(), heard()] {
        let right = standing.right(Some(LEASE));
        assert!(right.holds() && right.ends().is_some_and(|ends| ends < Instant::now() + LEASE));
        for _ in 0..LEASE.as_secs() / 10 {
            tokio::time::advance(Duration::from_secs(10)).await;
            standing.heard(Instant::now(), clock::now());
        }
        assert!(!right.holds() && standing.holds());
        assert!(standing.right(None).holds());
    }
}

#[test]
fn an_answer_that_took_long_is_no_difference_of_clocks() {
    let at = |second| Timestamp::from_second(1_900_000_000 + second).unwrap();
    let seconds = |ahead: SignedDuration| ahead.as_secs();
    assert_eq!(seconds(ahead((at(0), at(100)), at(70))), 0);
    assert_eq!(seconds(ahead((at(0), at(1)), at(601))), 600);
    assert_eq!(seconds(ahead((at(0), at(100)), at(-600))), -600);
    assert!(is_off(SignedDuration::from_secs(-61)) && !is_off(SignedDuration::from_secs(60)));
}
