//! Who is let in, and when.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Asker, Entry, LINE_MAX, Lane, Slot};
use crate::delivery::pace::Limits;
use crate::delivery::standing::Right;
use crate::library::LibraryCode;
use crate::notice::catalogue::Urgency::{self, Now, Soon};
use crate::outcome::{Said, Stage, Trouble};

fn lane(start: u32) -> Arc<Lane> {
    Arc::new(Lane::new(Limits { start, ..Limits::default() }))
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn library(code: &str) -> LibraryCode {
    LibraryCode::parse(code).unwrap()
}

async fn enter(lane: &Arc<Lane>, code: &str, urgency: Urgency, until: Instant) -> Entry {
    lane.enter(Asker { library: &library(code), urgency, right: &Right::default() }, until).await
}

async fn slot(lane: &Arc<Lane>) -> Slot {
    match enter(lane, "A", Soon, soon()).await {
        Entry::Slot(slot) => slot,
        _ => panic!("no slot"),
    }
}

async fn waiting(lane: &Lane, count: u32) {
    while lane.load(Instant::now()).waiting != count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_more_at_once_than_the_pace_allows() {
    let lane = lane(2);
    let (first, _second) = (slot(&lane).await, slot(&lane).await);
    let third = tokio::spawn({
        let lane = lane.clone();
        async move { slot(&lane).await }
    });
    waiting(&lane, 1).await;
    assert_eq!(lane.load(Instant::now()).active, 2);
    drop(first);
    let _third = third.await.unwrap();
    assert_eq!(lane.load(Instant::now()).active, 2);
}

#[tokio::test]
async fn a_slot_given_to_someone_who_left_goes_to_the_next() {
    let lane = lane(1);
    let held = slot(&lane).await;
    let enter = |lane: Arc<Lane>| tokio::spawn(async move { slot(&lane).await });
    let leaves = enter(lane.clone());
    waiting(&lane, 1).await;
    let stays = enter(lane.clone());
    waiting(&lane, 2).await;
    leaves.abort();
    let _ = leaves.await;
    drop(held);
    drop(stays.await.unwrap());
    assert_eq!(lane.load(Instant::now()).active, 0);
}

#[tokio::test]
async fn who_waits_too_long_is_sent_back() {
    let lane = lane(1);
    let _held = slot(&lane).await;
    assert!(matches!(enter(&lane, "A", Soon, Instant::now()).await, Entry::Busy(_)));
}

#[tokio::test]
async fn growth_lets_in_the_next() {
    let lane = lane(1);
    let _held = slot(&lane).await;
    let next = tokio::spawn({
        let lane = lane.clone();
        async move { slot(&lane).await }
    });
    waiting(&lane, 1).await;
    lane.accepted();
    let _next = next.await.unwrap();
    let load = lane.load(Instant::now());
    assert_eq!((load.limit, load.active, load.room), (2, 2, LINE_MAX));
}

#[tokio::test]
async fn a_refusal_for_good_is_not_remembered_for_others() {
    let lane = lane(2);
    let reply = standards::reply::Reply::from_lines(554, ["5.7.1 blocked"]);
    lane.unreachable(Instant::now(), &Said::Replied { stage: Stage::Greeting, reply, host: "mx".to_owned() });
    assert!(matches!(enter(&lane, "A", Soon, soon()).await, Entry::Slot(_)));
    lane.unreachable(Instant::now(), &Said::Broken { stage: Stage::Connect, trouble: Trouble::Refused, host: None });
    assert!(matches!(enter(&lane, "A", Soon, soon()).await, Entry::Paused(..)));
}

/// One that asks for a slot beside this test: whether it was sent back. Its name goes to `served` when it is let in.
fn asks(
    lane: &Arc<Lane>,
    (code, urgency): (&'static str, Urgency),
    served: &UnboundedSender<(&'static str, Urgency)>,
) -> JoinHandle<bool> {
    let (lane, served) = (lane.clone(), served.clone());
    tokio::spawn(async move {
        let entry = enter(&lane, code, urgency, soon()).await;
        if matches!(entry, Entry::Slot(_)) {
            served.send((code, urgency)).unwrap();
        }
        matches!(entry, Entry::Busy(_))
    })
}

/// Who was let in, in order, when a line full of overdue notices of MANY had these behind it.
async fn served_before(others: [(&'static str, Urgency); 2]) -> Vec<(&'static str, Urgency)> {
    let lane = lane(1);
    let held = slot(&lane).await;
    let (served, mut order) = unbounded_channel();
    let many: Vec<_> = (0..LINE_MAX).map(|_| asks(&lane, ("MANY", Soon), &served)).collect();
    waiting(&lane, LINE_MAX).await;
    assert!(asks(&lane, ("MANY", Soon), &served).await.unwrap(), "the line is full for it");
    let others = others.map(|other| asks(&lane, other, &served));
    waiting(&lane, LINE_MAX + 2).await;
    drop(held);
    for task in many.into_iter().chain(others) {
        task.await.unwrap();
    }
    drop(served);
    std::iter::from_fn(|| order.try_recv().ok()).collect()
}

#[tokio::test]
async fn one_notice_does_not_wait_for_another_librarys_thousands() {
    let first = served_before([("FEW", Soon), ("FEW", Soon)]).await;
    assert_eq!(first[..5].iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["MANY", "FEW", "MANY", "FEW", "MANY"]);
}

#[tokio::test]
async fn a_pickup_finds_a_place_among_its_own_librarys_thousands_and_goes_first() {
    let first = served_before([("MANY", Now), ("MANY", Now)]).await;
    assert_eq!(first[..3].iter().map(|(_, urgency)| *urgency).collect::<Vec<_>>(), [Now, Now, Soon]);
}
