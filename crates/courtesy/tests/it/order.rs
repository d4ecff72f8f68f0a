//! What has an order keeps it on both databases: the lines of a moment, and rows that two processes lock at once.

use std::sync::Arc;

use courtesy::queue::State;
use courtesy::request::{Facts, Heard};
use courtesy::store::{Looked, NewEvent, News, Settled};
use courtesy::timeline::{Entry, What};

use crate::kept::Kept;
use crate::store::{at, event, settled};
use crate::world::{code, record};

practice::on_both_databases! {
    crate::kept::Kept::at;
    lines_of_one_microsecond_stand_as_they_were_written_and_none_is_lost,
    two_processes_that_look_at_the_same_requests_never_wait_in_a_ring,
}

async fn lines_of_one_microsecond_stand_as_they_were_written_and_none_is_lost(kept: Kept) {
    kept.accept(vec![event("MRPL", "BC-1", at(0)), event("MRPL", "BC-2", at(0))]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await;
    let line = |by: String| Entry { at: at(1), what: What::Released { by } };
    let told = |which: usize| -> Settled {
        let entries = (0..3).map(|n| line(format!("{which} {n}"))).collect();
        Settled { due_at: Some(at(5)), entries, ..settled(&claimed[which], State::Delayed, at(1)) }
    };
    // The lines of both in one statement, twice: an answer that got lost is an outcome written again.
    for _ in 0..2 {
        kept.settle(vec![told(0), told(1)]).await.unwrap();
    }
    for one in &claimed {
        assert!(kept.release(code("MRPL"), one.id, "first after".to_owned(), at(1)).await.unwrap());
        assert!(kept.release(code("MRPL"), one.id, "second after".to_owned(), at(1)).await.unwrap());
        assert!(kept.cancel(code("MRPL"), one.id, "last".to_owned(), at(1)).await.unwrap());
    }
    for (which, one) in claimed.iter().enumerate() {
        let lines = kept.timeline(one.id).await.unwrap();
        let by = lines.iter().filter_map(|entry| match &entry.what {
            What::Released { by } | What::Cancelled { by } => Some(by.clone()),
            _ => None,
        });
        let mut expected: Vec<String> = (0..3).map(|n| format!("{which} {n}")).collect();
        expected.extend(["first after", "second after", "last"].map(str::to_owned));
        assert_eq!(by.collect::<Vec<_>>(), expected);
    }
}

async fn two_processes_that_look_at_the_same_requests_never_wait_in_a_ring(kept: Kept) {
    const REQUESTS: usize = 60;
    const ROUNDS: usize = 15;
    let library = Arc::new(record("MRPL"));
    let about = |n: usize| -> NewEvent {
        let heard = Heard {
            at: at(0),
            on: at(0),
            status: courtesy::notice::status::Status::ReadyForPickup,
            due: None,
            pickup_by: Some(jiff::civil::date(2031, 12, 1)),
            need_before: None,
            undoes: None,
        };
        let news = News { heard, facts: Facts::default(), library: Arc::clone(&library) };
        NewEvent { news: Some(news), ..event("MRPL", &format!("BC-{n:03}"), at(0)) }
    };
    kept.accept((0..REQUESTS).map(about).collect()).await.unwrap();
    let rows = kept.requests_after(&code("MRPL"), "", 500).await.unwrap();
    assert_eq!(rows.len(), REQUESTS);
    let forth: Vec<Looked> =
        rows.into_iter().map(|row| Looked { planned_from: at(1), next_at: Some(at(2)), row }).collect();
    let back: Vec<Looked> = forth.iter().rev().cloned().collect();
    let other = kept.again().await;
    for _ in 0..ROUNDS {
        let (one, two) = tokio::join!(kept.looked(forth.clone()), other.looked(back.clone()));
        one.unwrap();
        two.unwrap();
    }
    assert_eq!(kept.requests_due(at(2), 500).await.unwrap().len(), REQUESTS);
    other.close().await;
}
