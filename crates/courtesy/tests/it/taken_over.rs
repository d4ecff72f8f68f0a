//! Messages that another process has taken over: whose word counts, and what is told of it.

use courtesy::clock::Timestamp;
use courtesy::id::{MessageId, ReturnedId};
use courtesy::queue::State;
use courtesy::store::{Claimed, Follows, Joined, Settled, Store, week};
use courtesy::timeline::{Entry, News, Returned, What};
use jiff::SignedDuration;

use crate::kept::Kept;
use crate::store::{LEASE, at, event, settled};

practice::on_both_databases! {
    crate::kept::Kept::at;
    what_a_receiver_has_is_accepted_whoever_heard_it_and_goes_out_no_more,
    an_acceptance_written_again_undoes_nothing_that_came_after,
    two_reports_at_once_fail_a_message_once,
    a_clock_that_is_wrong_ends_nobodys_lease,
}

async fn state(store: &Store, id: MessageId) -> State {
    store.message(None, id).await.unwrap().unwrap().state
}

/// A report that somebody gave up on a mail.
fn came_back(now: Timestamp) -> Entry {
    let report = ReturnedId::new(now);
    let returned = Returned {
        report,
        digest: report.to_string(),
        news: News::Failed,
        cause: "mailbox.full".to_owned(),
        reply: Some(550),
        status: None,
        provider: None,
        words: String::new(),
        host: None,
    };
    Entry { at: now, what: What::Returned(Box::new(returned)) }
}

async fn what_a_receiver_has_is_accepted_whoever_heard_it_and_goes_out_no_more(kept: Kept) {
    let numbers = ["BC-1", "BC-2", "BC-3", "BC-4"];
    kept.accept(numbers.map(|number| event("MRPL", number, at(0))).to_vec()).await.unwrap();
    let old = kept.claim_all(at(1)).await;
    let taken_over = at(2) + LEASE;
    let new = kept.claim_all(taken_over).await;
    let now_with = |old: &Claimed| new.iter().find(|one| one.id == old.id).unwrap();
    // The next attempt at the first is under way, at the second it was put off, the third was handed back, the fourth is over.
    let put_off = Settled { due_at: Some(taken_over), ..settled(now_with(&old[1]), State::Delayed, taken_over) };
    let back = Settled { tried: false, ..settled(now_with(&old[2]), State::Queued, taken_over) };
    let over = settled(now_with(&old[3]), State::Failed, taken_over);
    let back = Settled { due_at: Some(taken_over), ..back };
    assert_eq!(kept.settle(vec![put_off, back, over]).await.unwrap(), [true; 3]);

    let late = |at| old.iter().map(|one| settled(one, State::Accepted, at)).collect::<Vec<_>>();
    let heard = at(1) + LEASE;
    assert_eq!(kept.settle(late(heard)).await.unwrap(), [true, true, true, false]);
    for (one, wanted) in old.iter().zip([State::Accepted, State::Accepted, State::Accepted, State::Failed]) {
        assert_eq!(state(&kept, one.id).await, wanted);
    }
    assert!(kept.claim_all(at(9) + LEASE + LEASE).await.is_empty(), "no more copies leave");
    // What the attempts after them come to is theirs no more.
    let second = settled(now_with(&old[0]), State::Failed, at(9) + LEASE);
    assert_eq!(kept.settle(vec![second]).await.unwrap(), [false]);
    assert_eq!(state(&kept, old[0].id).await, State::Accepted);
    for (one, lines) in [(&old[0], 2), (&old[1], 3), (&old[3], 2)] {
        assert_eq!(kept.timeline(one.id).await.unwrap().len(), lines, "only what settled a message is told of it");
    }
}

async fn an_acceptance_written_again_undoes_nothing_that_came_after(kept: Kept) {
    kept.accept(vec![event("MRPL", "BC-1", at(0))]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await.remove(0);
    let accepted = settled(&claimed, State::Accepted, at(2));
    kept.settle(vec![accepted.clone()]).await.unwrap();
    let follows = Follows { refused: Some("own".to_owned()), ..Follows::default() };
    let joined = kept.join_returned(claimed.id, came_back(at(3)), follows).await.unwrap();
    assert!(matches!(joined, Joined::Written { again: true, .. }), "{joined:?}");
    // The answer to the first may have been lost.
    assert_eq!(kept.settle(vec![accepted]).await.unwrap(), [false]);
    assert_eq!(state(&kept, claimed.id).await, State::Queued);
}

async fn two_reports_at_once_fail_a_message_once(kept: Kept) {
    let other = kept.again().await;
    kept.accept((0..30).map(|number| event("MRPL", &number.to_string(), at(0))).collect()).await.unwrap();
    let claimed = kept.claim_all(at(1)).await;
    kept.settle(claimed.iter().map(|one| settled(one, State::Accepted, at(2))).collect()).await.unwrap();
    for one in &claimed {
        let told = |store: Store| {
            let id = one.id;
            tokio::spawn(async move { store.join_returned(id, came_back(at(3)), Follows::default()).await.unwrap() })
        };
        let (first, second) = tokio::join!(told(kept.store.clone()), told(other.clone()));
        let failed = |joined: &Joined| matches!(joined, Joined::Written { failed: true, .. });
        let both = [first.unwrap(), second.unwrap()];
        assert_eq!(both.iter().filter(|joined| failed(joined)).count(), 1, "{both:?}");
    }
    let arrived = kept.arrived(None, week(at(0)), week(at(0))).await.unwrap();
    let counted: Vec<_> = arrived.iter().map(|one| (one.outcome, one.messages)).collect();
    assert_eq!(counted, [(State::Failed, 30)]);
    other.close().await;
}

async fn a_clock_that_is_wrong_ends_nobodys_lease(kept: Kept) {
    if !kept.is_shared() {
        // There is one clock.
        return;
    }
    let fast = SignedDuration::from_mins(20);
    let other = kept.again().await;
    other.note_clock(-fast);
    let claim =
        |store: Store, now| async move { store.claim(vec!["MRPL".to_owned()], 9, now, now + LEASE).await.unwrap() };
    kept.accept(vec![event("MRPL", "BC-1", at(0))]).await.unwrap();
    let ours = claim(kept.store.clone(), at(1)).await;
    assert_eq!(ours.len(), 1);
    assert!(claim(other.clone(), at(2) + fast).await.is_empty(), "by its clock our lease is over");
    assert_eq!(claim(other.clone(), at(2) + fast + LEASE).await.len(), 1, "now it is");
    // And theirs is for a whole lease, not for twenty minutes more.
    assert!(claim(kept.store.clone(), at(1) + LEASE + LEASE).await.is_empty());
    assert_eq!(claim(kept.store.clone(), at(3) + LEASE + LEASE).await.len(), 1);
    // What waits for its time and has no lease is found by anybody's clock.
    kept.accept(vec![event("MRPL", "BC-2", at(100))]).await.unwrap();
    assert_eq!(claim(other.clone(), at(101)).await.len(), 1);
    other.close().await;
}
