use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::*;

fn looks() -> Looks<u8> {
    Looks { page_waits: Duration::from_millis(20), ..Looks::default() }
}

#[tokio::test]
async fn those_who_ask_at_once_share_a_look_and_nobody_waits_for_its_end() {
    let (looks, now) = (looks(), Instant::now());
    let (go, begun) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let slow = || {
        begun.fetch_add(1, Ordering::Relaxed);
        let go = Arc::clone(&go);
        async move {
            go.notified().await;
            7
        }
    };
    let (one, other) = tokio::join!(looks.at("library.example", now, slow), looks.at("library.example", now, slow));
    assert!(matches!((one, other), (Seen::UnderWay, Seen::UnderWay)));
    go.notify_one();
    loop {
        match looks.at("library.example", now, slow).await {
            Seen::Now(seen) => break assert_eq!(*seen, 7),
            Seen::UnderWay => {}
            Seen::Busy => unreachable!("one look was begun"),
        }
    }
    assert_eq!(begun.load(Ordering::Relaxed), 1);
    go.notify_one();
    looks.at("library.example", now + SEEN_FOR, slow).await;
    assert_eq!(begun.load(Ordering::Relaxed), 2, "after a moment it is looked at anew");
}

#[tokio::test]
async fn only_so_many_looks_begin_in_a_minute() {
    let (looks, now) = (looks(), Instant::now());
    for number in 0..A_MINUTE {
        looks.at(&format!("{number}.example"), now, || async { 1 }).await;
    }
    assert!(matches!(looks.at("one-more.example", now, || async { 1 }).await, Seen::Busy));
    assert!(matches!(looks.at("0.example", now, || async { 2 }).await, Seen::Now(seen) if *seen == 1), "it was seen");
    assert!(matches!(looks.at("one-more.example", now + MINUTE, || async { 3 }).await, Seen::Now(seen) if *seen == 3));
}

#[tokio::test]
async fn a_look_that_broke_off_is_begun_again() {
    let (looks, now) = (looks(), Instant::now());
    let broken = looks.at("library.example", now, || async { panic!("a test of what follows a fault") }).await;
    assert!(matches!(broken, Seen::UnderWay));
    assert!(matches!(looks.at("library.example", now, || async { 5 }).await, Seen::Now(seen) if *seen == 5));
}
