//! Rules of trouble.

use std::time::Duration;

use standards::address::Address;
use tokio::time::Instant;

use super::{State, Trouble};
use crate::provider::Envelope;

fn state(trouble: Trouble) -> State {
    let mut state = State::default();
    state.begin(trouble);
    state
}

#[test]
fn greylisting_ends_after_its_time_for_the_same_three() {
    let mut state = state(Trouble { greylist: Some(Duration::from_secs(5)), ..Trouble::default() });
    let envelope = Envelope::new([127, 77, 2, 21].into());
    let patron = Address::parse("patron@gmail.example").unwrap();
    let other = Address::parse("patron-2@gmail.example").unwrap();
    let start = Instant::now();
    let late = start + Duration::from_secs(5);
    assert_eq!(state.at_rcpt(&envelope, &patron, start).unwrap().code, 451);
    assert_eq!(state.at_rcpt(&envelope, &patron, start + Duration::from_secs(4)).unwrap().code, 451);
    assert!(state.at_rcpt(&envelope, &patron, late).is_none());
    assert_eq!(state.at_rcpt(&envelope, &other, late).unwrap().code, 451);
}

#[test]
fn a_throttle_counts_the_last_minute_of_each_client() {
    let mut state = state(Trouble { messages_per_minute: Some(2), ..Trouble::default() });
    let (one, two) = ([127, 77, 2, 21].into(), [127, 77, 2, 22].into());
    let start = Instant::now();
    assert!(!state.is_throttled(one, start));
    assert!(!state.is_throttled(one, start + Duration::from_secs(30)));
    assert!(state.is_throttled(one, start + Duration::from_secs(59)));
    assert!(!state.is_throttled(two, start + Duration::from_secs(59)));
    assert!(!state.is_throttled(one, start + Duration::from_secs(60)));
}

#[test]
fn misjudging_stops_after_its_count() {
    let mut state = state(Trouble { refuse_for_authentication: 1, ..Trouble::default() });
    assert!(state.takes_for_unauthenticated());
    assert!(!state.takes_for_unauthenticated());
}
