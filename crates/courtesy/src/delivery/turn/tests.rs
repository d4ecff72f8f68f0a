use std::time::Duration;

use tokio::time::Instant;

use super::{Turns, WAIT_MAX, WAIT_MIN};
use crate::notice::catalogue::Urgency::{Now, Soon};

/// Turns of a site that serves one message every `each`.
fn at_pace(each: Duration, now: &mut Instant) -> Turns {
    let mut turns = Turns::new();
    for _ in 0..200 {
        turns.served(true, *now);
        *now += each;
    }
    turns
}

#[test]
fn turns_follow_the_pace_of_the_site_one_after_the_other() {
    let mut now = Instant::now();
    let mut turns = at_pace(Duration::from_millis(100), &mut now);
    let waits: Vec<u128> = (0..4).map(|_| turns.give(Soon, 100, now).as_millis()).collect();
    assert!((9_500..10_500).contains(&waits[0]), "the line of 100 goes first: {waits:?}");
    assert!(waits.is_sorted() && (60..90).contains(&(waits[1] - waits[0])), "some too many: {waits:?}");
}

#[test]
fn nobody_waits_longer_than_the_limit_however_many_wait() {
    let mut now = Instant::now();
    let mut turns = at_pace(Duration::from_secs(4), &mut now);
    let longest = (0..10_000).map(|_| turns.give(Soon, 200, now)).max();
    assert_eq!(longest, Some(WAIT_MAX));
}

#[test]
fn a_fast_site_is_asked_again_soon() {
    let mut now = Instant::now();
    let mut turns = at_pace(Duration::from_micros(100), &mut now);
    assert_eq!(turns.give(Soon, 200, now), WAIT_MIN);
}

#[test]
fn the_time_in_which_nobody_waited_tells_nothing() {
    let mut now = Instant::now();
    let mut turns = at_pace(Duration::from_millis(1), &mut now);
    turns.served(false, now);
    turns.served(true, now + Duration::from_secs(60));
    assert_eq!(turns.give(Soon, 50, now + Duration::from_secs(60)), WAIT_MIN);
}

#[test]
fn what_somebody_waits_for_has_its_turn_before_a_mass_that_came_earlier() {
    let mut now = Instant::now();
    let mut turns = at_pace(Duration::from_millis(1), &mut now);
    let last_of_the_mass = (0..100_000).map(|_| turns.give(Soon, 200, now)).max();
    assert!(last_of_the_mass > Some(Duration::from_secs(60)), "{last_of_the_mass:?}");
    assert!(turns.give(Now, 200, now) < Duration::from_secs(1));
}
