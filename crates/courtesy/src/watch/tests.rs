//! How long facts are used.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::look::{Good, good};

#[test]
fn facts_are_not_used_in_the_last_moment_before_they_run_out() {
    let asked: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    let after = |ttl_ms: i64, ms: i64| {
        good(asked, asked + SignedDuration::from_millis(ttl_ms), asked + SignedDuration::from_millis(ms))
    };
    assert_eq!(after(60_000, 0), Good::Yes);
    assert_eq!(after(60_000, 58_900), Good::Yes);
    assert_eq!(after(60_000, 59_400), Good::NotLong(Duration::from_millis(600)), "a second, where they hold for long");
    assert_eq!(after(2_000, 1_400), Good::Yes);
    assert_eq!(after(2_000, 1_600), Good::NotLong(Duration::from_millis(400)), "a quarter, where they do not");
    assert_eq!(after(60_000, 60_000), Good::No);
    assert_eq!(after(0, 5), Good::No, "what may not be remembered is asked for each time");
}
