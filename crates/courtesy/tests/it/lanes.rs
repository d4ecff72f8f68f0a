//! Lanes: within a library the urgent goes first, and nothing waits for ever.

use courtesy::id::MessageId;
use courtesy::notice::catalogue::Urgency;
use courtesy::queue::leads;
use courtesy::store::{Claimed, NewEvent};
use jiff::SignedDuration;

use crate::kept::Kept;
use crate::store::{at, event, settled};

const LEASE: SignedDuration = SignedDuration::from_mins(15);

practice::on_both_databases! {
    crate::kept::Kept::at;
    a_pickup_goes_before_what_was_due_earlier_and_can_wait,
    every_lane_leads_a_round_so_that_none_starves,
    a_flush_of_one_library_reaches_every_lane,
}

/// An event with one message of `notice`, due at `second`.
fn told(library: &str, number: i64, notice: &str, second: i64) -> NewEvent {
    let mut event = event(library, &format!("{notice} {number}"), at(second));
    event.status = notice.to_owned();
    event.messages[0].notice = notice.to_owned();
    event
}

fn notices(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|one| one.notice.as_str()).collect()
}

async fn a_pickup_goes_before_what_was_due_earlier_and_can_wait(kept: Kept) {
    let mut events: Vec<_> = (0..50).map(|number| told("MRPL", number, "overdue", 0)).collect();
    events.extend((0..50).map(|number| told("MRPL", number, "request_received", 0)));
    events.extend((0..3).map(|number| told("MRPL", number, "ready_for_pickup", 9)));
    events.push(told("BPL", 0, "overdue", 9));
    kept.accept(events).await.unwrap();
    let both = || vec!["BPL".to_owned(), "MRPL".to_owned()];
    let first = kept.claim(both(), 5, at(10), at(10) + LEASE).await.unwrap();
    let of_mrpl: Vec<_> = first.iter().filter(|one| one.library.as_str() == "MRPL").cloned().collect();
    let mut names = notices(&of_mrpl);
    names.sort_unstable();
    assert_eq!(names, ["overdue", "overdue", "ready_for_pickup", "ready_for_pickup", "ready_for_pickup"]);
    assert_eq!(first.len(), 6, "the other library has its share of the same round");
    let next = kept.claim(vec!["MRPL".to_owned()], 48, at(10), at(10) + LEASE).await.unwrap();
    assert!(notices(&next).iter().all(|notice| *notice == "overdue"));
    let last = kept.claim(vec!["MRPL".to_owned()], 100, at(10), at(10) + LEASE).await.unwrap();
    assert!(last.len() == 50 && notices(&last).iter().all(|notice| *notice == "request_received"));
}

async fn every_lane_leads_a_round_so_that_none_starves(kept: Kept) {
    let mut events: Vec<_> = (0..200).map(|number| told("MRPL", number, "ready_for_pickup", 0)).collect();
    events.push(told("MRPL", 0, "overdue", 0));
    events.push(told("MRPL", 0, "request_received", 0));
    kept.accept(events).await.unwrap();
    let mut seen = Vec::new();
    for round in 0..8 {
        let claimed = kept.claim_led(vec!["MRPL".to_owned()], 2, leads(round), at(1), at(1) + LEASE).await.unwrap();
        assert_eq!(claimed.len(), 2, "a round is never left empty");
        seen.extend(claimed.into_iter().map(|one| one.notice));
    }
    assert!(seen.iter().any(|notice| notice == "overdue") && seen.iter().any(|notice| notice == "request_received"));
    assert_eq!((0..8).filter(|round| leads(*round) == Urgency::Now).count(), 6);
}

async fn a_flush_of_one_library_reaches_every_lane(kept: Kept) {
    kept.accept(["ready_for_pickup", "overdue", "request_received"].map(|notice| told("MRPL", 0, notice, 0)).to_vec())
        .await
        .unwrap();
    let claimed = kept.claim(vec!["MRPL".to_owned()], 9, at(1), at(1) + LEASE).await.unwrap();
    let ids: Vec<MessageId> = claimed.iter().map(|one| one.id).collect();
    let later = claimed.iter().map(|one| courtesy::store::Settled {
        due_at: Some(at(3600)),
        ..settled(one, courtesy::queue::State::Delayed, at(2))
    });
    kept.settle(later.collect()).await.unwrap();
    let mrpl = crate::world::code("MRPL");
    assert_eq!(kept.counts(Some(&mrpl), at(9)).await.unwrap().oldest_due, None);
    assert_eq!(kept.flush(Some(mrpl.clone()), at(9)).await.unwrap(), 3);
    assert_eq!(kept.counts(Some(&mrpl), at(9)).await.unwrap().oldest_due, Some(at(9)));
    let again = kept.claim(vec!["MRPL".to_owned()], 9, at(9), at(9) + LEASE).await.unwrap();
    assert_eq!(again.len(), ids.len());
}
