use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{any, proptest};
use standards::reply::Reply;

use super::{Schedule, Settlement, State, next_due, settle};
use crate::outcome::{Cause, Outcome};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn schedule(seconds: &[u64]) -> Schedule {
    Schedule::new(seconds.iter().copied().map(Duration::from_secs).collect())
}

fn later(cause: &str) -> Outcome {
    Outcome::Deferred { cause: Cause::from_code(cause).unwrap(), reply: None }
}

fn refused(cause: &str) -> Outcome {
    Outcome::Refused { cause: Cause::from_code(cause).unwrap(), reply: None }
}

/// Settled after the first attempt, at second 0, with an hour left.
fn settled(outcome: &Outcome, another_sender: bool) -> Settlement {
    settle(outcome, 1, at(0), at(3600), &schedule(&[60]), another_sender, 0.0)
}

#[test]
fn waiting_times_follow_the_schedule_and_the_last_repeats() {
    let schedule = schedule(&[60, 120, 300]);
    let waits: Vec<u64> = (1..=6).map(|attempts| schedule.wait(attempts, 0.0).as_secs()).collect();
    assert_eq!(waits, [60, 120, 300, 300, 300, 300]);
    assert_eq!(schedule.wait(u32::MAX, 0.0).as_secs(), 300);
}

#[test]
fn chance_stretches_a_wait_by_a_fifth_at_most_and_never_shortens_it() {
    let schedule = schedule(&[100]);
    assert_eq!(schedule.wait(1, 0.0), Duration::from_secs(100));
    assert_eq!(schedule.wait(1, 0.5), Duration::from_secs(110));
    assert_eq!(schedule.wait(1, 1.0), Duration::from_secs(120));
    assert_eq!(schedule.wait(1, 7.0), Duration::from_secs(120));
    assert_eq!(schedule.wait(1, -7.0), Duration::from_secs(100));
}

#[test]
fn a_wait_past_the_deadline_ends_at_the_deadline() {
    let schedule = schedule(&[600]);
    assert_eq!(next_due(&schedule, 1, at(0), at(3600), 0.0), Some(at(600)));
    assert_eq!(next_due(&schedule, 1, at(3590), at(3600), 0.0), Some(at(3600)));
    assert_eq!(next_due(&schedule, 1, at(3600), at(3600), 0.0), None);
    assert_eq!(next_due(&schedule, 1, at(4000), at(3600), 0.0), None);
}

#[test]
fn accepted_is_the_end() {
    let accepted = Outcome::Accepted { reply: Reply::from_lines(250, ["2.0.0 OK"]) };
    assert_eq!(settled(&accepted, true), Settlement::Final { state: State::Accepted, cause: None });
}

#[test]
fn a_refusal_for_good_is_final_and_keeps_its_cause() {
    let cause = Cause::from_code("addr.unknown").unwrap();
    let wanted = Settlement::Final { state: State::Failed, cause: Some(cause) };
    assert_eq!(settled(&refused("addr.unknown"), false), wanted);
    assert_eq!(settled(&refused("addr.unknown"), true), wanted, "another sender does not make an address exist");
}

#[test]
fn a_refusal_for_authentication_tries_the_next_sender_while_there_is_one() {
    let cause = Cause::from_code("auth.dmarc").unwrap();
    for outcome in [refused("auth.dmarc"), later("auth.dmarc")] {
        assert_eq!(settled(&outcome, true), Settlement::AnotherSender { cause });
    }
    assert_eq!(settled(&refused("auth.dmarc"), false), Settlement::Final { state: State::Failed, cause: Some(cause) });
    assert_eq!(settled(&later("auth.dmarc"), false), Settlement::Later { due_at: at(60), cause });
}

#[test]
fn a_refusal_by_a_librarys_own_relay_goes_out_under_the_next_sender() {
    let cause = Cause::of("relay.auth");
    assert_eq!(settled(&later("relay.auth"), true), Settlement::AnotherSender { cause });
    assert_eq!(settled(&later("relay.auth"), false), Settlement::Later { due_at: at(60), cause });
}

#[test]
fn whatever_the_cause_a_deferral_waits_and_ends_at_the_deadline() {
    for cause in Cause::all().filter(|cause| !cause.is_within("auth") && !cause.is_within("relay")) {
        let outcome = Outcome::Deferred { cause, reply: None };
        assert_eq!(settled(&outcome, true), Settlement::Later { due_at: at(60), cause });
        let at_the_end = settle(&outcome, 9, at(3600), at(3600), &schedule(&[60]), false, 0.5);
        assert_eq!(at_the_end, Settlement::Final { state: State::Failed, cause: Some(cause) });
    }
}

#[test]
fn a_states_code_is_read_back_and_only_what_waits_can_be_taken_back() {
    for state in State::ALL {
        assert_eq!(State::from_code(state.code()), Some(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.code());
        assert!(!(state.is_final() && state.may_be_cancelled()), "{state}");
    }
    assert_eq!(State::from_code("delivered"), None, "we cannot know that");
}

proptest! {
    #[test]
    fn every_message_gets_to_its_end(waits in proptest::collection::vec(1_u64..100_000, 1..8), chance in 0.0..1.0_f64, life in 1_i64..500_000) {
        let (schedule, deadline) = (schedule(&waits), at(life));
        let mut now = at(0);
        let mut attempts = 0;
        while let Some(due) = { attempts += 1; next_due(&schedule, attempts, now, deadline, chance) } {
            assert!(due > now && due <= deadline);
            now = due;
        }
        assert_eq!(now, deadline, "the last look is at the deadline, not before");
    }

    #[test]
    fn a_due_time_is_never_past_the_deadline(attempts in any::<u32>(), left in -1000_i64..1000, chance in any::<f64>()) {
        let due = next_due(&schedule(&[u64::MAX / 4, 1]), attempts, at(0), at(left), chance);
        assert_eq!(due.is_none(), left <= 0);
        assert!(due.is_none_or(|due| due <= at(left) && due >= at(0) + SignedDuration::from_secs(0)));
    }
}
