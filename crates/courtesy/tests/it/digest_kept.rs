//! Messages that wait to be told together, as they are kept: gathered once, by whoever comes first, and never both.

use courtesy::clock::Timestamp;
use courtesy::id::{EventId, MessageId};
use courtesy::queue::State;
use courtesy::store::{Gather, Member, NewEvent, Settled, Store};
use courtesy::timeline::{Entry, What};
use jiff::SignedDuration;

use crate::kept::Kept;
use crate::store::{at, event, settled};
use crate::world::code;

/// An event, of this second, whose message waits for others until second 100, and leaves by itself at second 1000.
fn waits(second: i64, with: u8) -> NewEvent {
    let mut event = event("MRPL", &format!("BC-{second}"), at(second));
    event.messages[0].gather = Some(Gather { at: at(100), with: [with; 16] });
    event.messages[0].due_at = Some(at(1000));
    event
}

/// The message that tells others together, and its event.
fn telling(now: Timestamp) -> NewEvent {
    let mut event = event("MRPL", "BC-1", now);
    event.natural_key = format!("digest {}", event.id);
    event.status = "patron_digest".to_owned();
    event.messages[0].notice = "patron_digest".to_owned();
    event
}

async fn keep(kept: &Kept, events: Vec<NewEvent>) -> Vec<MessageId> {
    let ids = events.iter().map(|event| event.messages[0].id).collect();
    kept.accept(events).await.unwrap();
    ids
}

async fn state(store: &Store, id: MessageId) -> State {
    store.message(None, id).await.unwrap().unwrap().state
}

fn ids(found: &[Member]) -> Vec<MessageId> {
    found.iter().map(|one| one.row.id).collect()
}

practice::on_both_databases! {
    crate::kept::Kept::at;
    those_that_belong_together_come_one_after_the_other_when_their_hour_has_come,
    what_is_gathered_ends_with_the_message_that_tells_it_or_not_at_all,
    two_that_gather_at_once_gather_once,
    what_leaves_or_is_taken_back_waits_for_no_others,
    what_the_brake_lets_go_is_told_together_as_it_was_to_be,
    what_nobody_gathers_leaves_by_itself,
    what_was_left_out_is_told_by_none,
    what_became_of_the_last_way_is_what_became_of_each,
}

async fn those_that_belong_together_come_one_after_the_other_when_their_hour_has_come(kept: Kept) {
    let all = keep(&kept, vec![waits(1, 1), waits(2, 2), waits(3, 1), event("MRPL", "BC-4", at(4))]).await;
    assert!(kept.libraries_to_gather(at(99)).await.unwrap().is_empty());
    assert_eq!(kept.libraries_to_gather(at(100)).await.unwrap(), ["MRPL"]);
    assert!(kept.to_gather("MRPL", at(99), 10).await.unwrap().is_empty());
    assert_eq!(ids(&kept.to_gather("MRPL", at(100), 10).await.unwrap()), [all[0], all[2], all[1]]);
    assert_eq!(ids(&kept.to_gather("MRPL", at(100), 2).await.unwrap()), [all[0], all[2]]);
    assert!(kept.to_gather("OKNP", at(100), 10).await.unwrap().is_empty());
    let first = &kept.to_gather("MRPL", at(100), 1).await.unwrap()[0];
    assert!(first.fields.contains("The Overstory") && first.life.is_none() && first.ladder.rungs.is_empty());
}

async fn what_is_gathered_ends_with_the_message_that_tells_it_or_not_at_all(kept: Kept) {
    let all = keep(&kept, vec![waits(1, 1), waits(2, 1), waits(3, 1)]).await;
    assert!(kept.cancel(code("MRPL"), all[2], "somebody".to_owned(), at(99)).await.unwrap());
    let (first, second) = (telling(at(100)), telling(at(101)));
    let (event, into) = (second.id, second.messages[0].id);
    assert!(!kept.gather(first.clone(), all.clone(), at(100)).await.unwrap(), "one was taken back");
    assert_eq!(state(&kept, all[0]).await, State::Queued);
    assert!(kept.message(None, first.messages[0].id).await.unwrap().is_none());
    assert!(kept.gather(second, all[..2].to_vec(), at(101)).await.unwrap());
    for id in &all[..2] {
        let row = kept.message(None, *id).await.unwrap().unwrap();
        assert_eq!((row.state, row.told_in, row.due_at, row.gather_at), (State::Gathered, Some(event), None, None));
        assert_eq!(kept.timeline(*id).await.unwrap().last().unwrap().what, What::Gathered { into });
    }
    assert_eq!(state(&kept, into).await, State::Queued);
    assert_eq!(ids(&kept.gathered_in(&code("MRPL"), event).await.unwrap()), all[..2]);
    assert!(kept.gathered_in(&code("OKNP"), event).await.unwrap().is_empty(), "another library has none of it");
    let claimed = kept.claim_all(at(2000)).await;
    assert_eq!(claimed.iter().map(|one| one.id).collect::<Vec<_>>(), [into], "nothing else leaves");
}

async fn what_the_brake_lets_go_is_told_together_as_it_was_to_be(kept: Kept) {
    // Two had come before so many came, one was held as it came, and one was never to wait.
    let mut held = waits(3, 1);
    (held.messages[0].state, held.messages[0].cause) = (State::Held, Some("brake".to_owned()));
    let all = keep(&kept, vec![waits(1, 1), waits(2, 1), held, event("MRPL", "BC-4", at(4))]).await;
    kept.brake(&code("MRPL"), "overdue", at(5)).await.unwrap();
    assert_eq!(kept.hold_waiting(&code("MRPL"), "overdue", at(5)).await.unwrap(), 3);
    for id in &all {
        let row = kept.message(None, *id).await.unwrap().unwrap();
        assert_eq!((row.state, row.gather_at), (State::Held, None));
    }
    assert!(kept.libraries_to_gather(at(200)).await.unwrap().is_empty(), "what is held is told by nobody");
    assert_eq!(kept.let_go(&code("MRPL"), "overdue", "desk", at(300)).await.unwrap(), Some(4));
    assert_eq!(ids(&kept.to_gather("MRPL", at(300), 10).await.unwrap()), all[..3]);
    let due = kept.claim_all(at(300)).await;
    assert_eq!(due.iter().map(|one| one.id).collect::<Vec<_>>(), all[3..]);
    let row = kept.message(None, all[0]).await.unwrap().unwrap();
    assert_eq!(row.due_at, Some(at(300) + SignedDuration::from_mins(30)), "where nobody gathers it leaves by itself");
    let telling = telling(at(301));
    assert!(kept.gather(telling, all[..3].to_vec(), at(301)).await.unwrap());
}

async fn two_that_gather_at_once_gather_once(kept: Kept) {
    let mut all = Vec::new();
    for group in 0..20 {
        let second = 2 * i64::from(group);
        all.push(keep(&kept, vec![waits(second, group), waits(second + 1, group)]).await);
    }
    let other = kept.again().await;
    let gather = |store: Store, pairs: Vec<Vec<MessageId>>| async move {
        let mut mine = 0;
        for pair in pairs {
            mine += u32::from(store.gather(telling(at(100)), pair, at(100)).await.unwrap());
        }
        mine
    };
    let backwards = all.iter().rev().map(|pair| pair.iter().rev().copied().collect()).collect();
    let (one, two) = tokio::join!(
        tokio::spawn(gather(kept.store.clone(), all.clone())),
        tokio::spawn(gather(other.clone(), backwards))
    );
    assert_eq!(one.unwrap() + two.unwrap(), 20, "each pair once");
    let claimed = kept.claim_all(at(2000)).await;
    assert_eq!(claimed.len(), 20);
    assert!(claimed.iter().all(|one| one.notice == "patron_digest"));
    other.close().await;
}

async fn what_leaves_or_is_taken_back_waits_for_no_others(kept: Kept) {
    let all = keep(&kept, vec![waits(1, 1), waits(2, 1)]).await;
    assert!(kept.release(code("MRPL"), all[0], "somebody".to_owned(), at(50)).await.unwrap());
    assert_eq!(ids(&kept.to_gather("MRPL", at(100), 10).await.unwrap()), [all[1]]);
    kept.let_alone(vec![all[1]], at(100)).await.unwrap();
    let claimed = kept.claim_all(at(101)).await;
    assert_eq!(claimed.len(), 2, "both leave by themselves");
    assert!(!kept.gather(telling(at(102)), all.clone(), at(102)).await.unwrap());
    let back = claimed.iter().map(|one| Settled {
        tried: false,
        due_at: Some(at(103)),
        ..settled(one, State::Queued, at(102))
    });
    kept.settle(back.collect()).await.unwrap();
    assert!(kept.libraries_to_gather(at(500)).await.unwrap().is_empty(), "what was tried once waits for no others");
}

async fn what_nobody_gathers_leaves_by_itself(kept: Kept) {
    let all = keep(&kept, vec![waits(1, 1), waits(2, 1)]).await;
    assert!(kept.claim_all(at(999)).await.is_empty());
    assert_eq!(kept.claim_all(at(1000)).await.len(), all.len());
}

async fn what_was_left_out_is_told_by_none(kept: Kept) {
    let all = keep(&kept, vec![waits(1, 1), waits(2, 1)]).await;
    let told = telling(at(100));
    let (event, into) = (told.id, told.messages[0].id);
    assert!(kept.gather(told, all.clone(), at(100)).await.unwrap());
    let claimed = kept.claim_all(at(101)).await;
    let left_out = |message| What::LeftOut { message, request: "BC-1".to_owned(), cause: "untrue.returned".to_owned() };
    let over = |attempt| {
        let mut over = settled(&claimed[0], State::Accepted, at(102));
        over.attempt += attempt;
        over.entries.push(Entry { at: at(102), what: left_out(all[0]) });
        over
    };
    kept.settle(vec![over(1)]).await.unwrap();
    assert_eq!(state(&kept, all[0]).await, State::Gathered, "an attempt that was taken over says nothing");
    kept.settle(vec![over(0)]).await.unwrap();
    assert_eq!(state(&kept, into).await, State::Accepted);
    let row = kept.message(None, all[0]).await.unwrap().unwrap();
    assert_eq!((row.state, row.cause.as_deref(), row.told_in), (State::Cancelled, Some("untrue.returned"), None));
    let last = kept.timeline(all[0]).await.unwrap().pop().unwrap().what;
    assert_eq!(last, What::NotSent { cause: "untrue.returned".to_owned() });
    assert_eq!(ids(&kept.gathered_in(&code("MRPL"), event).await.unwrap()), all[1..]);
    // Who asks what was told of it hears of the message in which it was.
    let told = async |request: &str| {
        let told = kept.told_of(&code("MRPL"), request, "overdue", "overdue").await.unwrap();
        told.into_iter().map(|(_, state)| state).collect::<Vec<_>>()
    };
    assert_eq!((told("BC-1").await, told("BC-2").await), (vec![State::Cancelled], vec![State::Accepted]));
}

async fn what_became_of_the_last_way_is_what_became_of_each(kept: Kept) {
    let all = keep(&kept, vec![waits(1, 1), waits(2, 1)]).await;
    let told = telling(at(100));
    let (event, into) = (told.id, told.messages[0].clone());
    assert!(kept.gather(told, all, at(100)).await.unwrap());
    let claimed = kept.claim_all(at(101)).await;
    kept.settle(vec![settled(&claimed[0], State::Failed, at(102))]).await.unwrap();
    let stands = async || kept.told_by(&code("MRPL"), &[event, EventId::new(at(0))]).await.unwrap();
    assert_eq!(stands().await[&event].state, State::Failed);
    let old = kept.message(None, into.id).await.unwrap().unwrap();
    let now = at(103) + SignedDuration::from_millis(1);
    let again = courtesy::store::NewMessage { id: MessageId::new(now), due_at: Some(now), ..into };
    kept.repeat(old, again.clone(), String::new(), "somebody".to_owned(), now).await.unwrap();
    assert_eq!((stands().await.len(), stands().await[&event].id), (1, again.id));
    assert!(kept.told_by(&code("OKNP"), &[event]).await.unwrap().is_empty());
}
