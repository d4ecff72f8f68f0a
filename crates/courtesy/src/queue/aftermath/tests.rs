use super::*;

const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);

fn after(cause: &str, state: State, hours: i64, another: bool) -> Aftermath {
    aftermath(Cause::of(cause), state, NOW, NOW + SignedDuration::from_hours(hours), another)
}

#[test]
fn a_late_refusal_for_authentication_goes_out_again_while_there_is_time_and_a_sender() {
    assert_eq!(after("auth.dmarc", State::Accepted, 1, true), Aftermath::AnotherSender);
    assert_eq!(after("auth.dmarc", State::Accepted, 1, false), Aftermath::Failed);
    assert_eq!(after("auth.dmarc", State::Accepted, 0, true), Aftermath::Failed);
}

#[test]
fn a_full_mailbox_is_tried_again_half_way_to_the_deadline_and_never_at_once() {
    let at = |hours| Aftermath::FailedAndRepeated(NOW + SignedDuration::from_hours(hours));
    assert_eq!(after("mailbox.full", State::Accepted, 48, false), at(24));
    assert_eq!(after("mailbox.full", State::Accepted, 8, false), at(4));
    assert_eq!(after("mailbox.full", State::Accepted, 7, false), Aftermath::Failed);
}

#[test]
fn what_is_over_or_still_waits_stays() {
    for state in State::ALL.into_iter().filter(|state| *state != State::Accepted) {
        assert_eq!(after("addr.unknown", state, 48, true), Aftermath::Stays, "{state}");
    }
}
