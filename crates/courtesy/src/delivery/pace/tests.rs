//! The numbers a site is pressed with.

use std::time::Duration;

use tokio::time::Instant;

use super::{CROWDED_REMEMBERED, Limits, PAUSE_FIRST, PAUSE_MAX, Pace};
use crate::outcome::{Said, Stage, Trouble};

fn pace() -> Pace {
    Pace::new(Limits { start: 2, ceiling: 5, ..Limits::default() })
}

fn silence() -> Said {
    Said::Broken { stage: Stage::Connect, trouble: Trouble::TimedOut, host: None }
}

#[test]
fn one_connection_more_after_as_many_acceptances_as_connections() {
    let mut pace = pace();
    pace.accepted(true, Instant::now());
    assert_eq!(pace.limit(), 2);
    pace.accepted(true, Instant::now());
    assert_eq!(pace.limit(), 3);
    for _ in 0..3 {
        pace.accepted(true, Instant::now());
    }
    assert_eq!(pace.limit(), 4);
}

#[test]
fn the_ceiling_holds() {
    let mut pace = pace();
    for _ in 0..100 {
        pace.accepted(true, Instant::now());
    }
    assert_eq!(pace.limit(), 5);
}

#[test]
fn a_quiet_site_does_not_grow() {
    let mut pace = pace();
    for _ in 0..100 {
        pace.accepted(false, Instant::now());
    }
    assert_eq!(pace.limit(), 2);
}

#[test]
fn strain_halves_and_never_below_one() {
    let mut pace = pace();
    for _ in 0..100 {
        pace.accepted(true, Instant::now());
    }
    pace.strained();
    assert_eq!(pace.limit(), 2);
    pace.strained();
    pace.strained();
    assert_eq!(pace.limit(), 1);
}

#[test]
fn a_refused_connection_shrinks_to_what_is_open_for_a_while() {
    let mut pace = Pace::new(Limits { start: 20, ceiling: 20, ..Limits::default() });
    let now = Instant::now();
    pace.crowded(3, now);
    assert_eq!(pace.limit(), 3);
    for _ in 0..100 {
        pace.accepted(true, now);
    }
    assert_eq!(pace.limit(), 3, "not asked again at once");
    for _ in 0..3 {
        pace.accepted(true, now + CROWDED_REMEMBERED);
    }
    assert_eq!(pace.limit(), 4);
}

#[test]
fn a_site_out_of_reach_is_remembered_longer_each_time() {
    let mut pace = pace();
    let start = Instant::now();
    pace.unreachable(start, silence());
    assert_eq!(pace.paused(start).map(|(_, left)| left), Some(PAUSE_FIRST));
    assert!(pace.paused(start + PAUSE_FIRST).is_none(), "then one is let through to look");
    assert_eq!(pace.limit(), 1);
    pace.unreachable(start, silence());
    assert_eq!(pace.paused(start).map(|(_, left)| left), Some(PAUSE_FIRST * 2));
    for _ in 0..40 {
        pace.unreachable(start, silence());
    }
    assert_eq!(pace.paused(start).map(|(_, left)| left), Some(PAUSE_MAX));
    pace.reached();
    assert!(pace.paused(start).is_none());
}

#[test]
fn a_hold_is_never_shortened() {
    let mut pace = pace();
    let now = Instant::now();
    pace.hold(now + Duration::from_secs(600), silence());
    pace.hold(now + Duration::from_secs(10), silence());
    pace.reached();
    pace.unreachable(now, silence());
    assert_eq!(pace.paused(now).map(|(_, left)| left), Some(Duration::from_secs(600)));
}
