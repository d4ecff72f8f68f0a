use jiff::Timestamp;

use super::*;

fn answer(status: u16) -> Result<Answer, String> {
    Ok(Answer { status, headers: HeaderMap::new(), body: Vec::new() })
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

#[test]
fn only_what_was_taken_is_delivered() {
    for status in [200, 202, 204] {
        assert_eq!(judged(answer(status), 1, now(), 0).why, None, "{status}");
    }
    for status in [301, 400, 404, 429, 500] {
        let judged = judged(answer(status), 1, now(), 0);
        assert!(judged.why.is_some() && judged.again_at.is_some(), "{status}");
    }
    assert!(judged(Err("no answer in time".to_owned()), 1, now(), 0).again_at.is_some());
}

#[test]
fn a_webhook_that_says_it_is_gone_is_not_asked_again() {
    let gone = judged(answer(410), 1, now(), 0);
    assert!(gone.gone);
    assert_eq!(gone.again_at, None);
}

#[test]
fn one_glitch_switches_nothing_off_and_the_tenth_try_is_the_last() {
    assert_eq!(judged(answer(500), 1, now(), 0).off_where_failing_since, None);
    let last = judged(answer(500), 10, now(), 0);
    assert_eq!(last.again_at, None);
    assert_eq!(last.off_where_failing_since, Some(now() - DISABLED_AFTER));
}
