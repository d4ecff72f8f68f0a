//! What became of messages, as both databases count it.

use courtesy::clock::Timestamp;
use courtesy::id::ReturnedId;
use courtesy::queue::State;
use courtesy::store::{Claimed, Filter, Follows, Settled, week};
use courtesy::timeline::{Entry, News, Returned, What};
use jiff::SignedDuration;

use crate::kept::Kept;
use crate::store::{at, event};
use crate::world::code;

practice::on_both_databases! {
    crate::kept::Kept::at;
    messages_are_counted_when_they_end_and_once,
    what_came_back_is_no_longer_counted_as_accepted,
    a_list_is_narrowed_to_a_provider_and_days,
}

fn ended(claimed: &Claimed, state: State, cause: Option<&str>, provider: &str, now: Timestamp) -> Settled {
    Settled {
        id: claimed.id,
        attempt: claimed.attempt,
        tried: true,
        state,
        cause: cause.map(str::to_owned),
        due_at: (state == State::Delayed).then_some(now),
        refused: String::new(),
        sender: Some("shared".to_owned()),
        provider: Some(provider.to_owned()),
        waits_for: None,
        at: now,
        entries: Vec::new(),
    }
}

/// Week, provider, outcome, cause, pace, number.
type Sum = (i64, String, &'static str, String, usize, i64);

async fn sums(kept: &Kept, library: Option<&str>) -> Vec<Sum> {
    let this = week(at(0));
    let library = library.map(code);
    let found = kept.arrived(library.as_ref(), this - 1, this + 1).await.unwrap();
    let sum = |one: courtesy::store::Arrived| {
        (one.week - this, one.provider, one.outcome.code(), one.cause, one.pace, one.messages)
    };
    let mut sums: Vec<_> = found.into_iter().map(sum).collect();
    sums.sort();
    sums
}

async fn messages_are_counted_when_they_end_and_once(kept: Kept) {
    for (library, request) in [("MRPL", "1"), ("MRPL", "2"), ("MRPL", "3"), ("OTHR", "4")] {
        kept.accept(vec![event(library, request, at(0))]).await.unwrap();
    }
    let claimed = kept.claim_all(at(1)).await;
    let of = |request: &str| claimed.iter().find(|one| one.request == request).unwrap();
    let settled = vec![
        ended(of("1"), State::Accepted, None, "Gmail", at(5)),
        ended(of("2"), State::Delayed, Some("temp.greylist"), "Gmail", at(5)),
        ended(of("3"), State::Failed, Some("addr.unknown"), "Gmail", at(5)),
        ended(of("4"), State::Accepted, None, "library.example", at(5)),
    ];
    kept.settle(settled.clone()).await.unwrap();
    kept.settle(settled).await.unwrap();
    let later = at(400);
    let again = kept.claim_all(later).await;
    kept.settle(vec![ended(&again[0], State::Accepted, None, "Gmail", later)]).await.unwrap();
    let gmail = "Gmail".to_owned();
    let of_mrpl = vec![
        (0, gmail.clone(), "accepted", String::new(), 0, 1),
        (0, gmail.clone(), "accepted", String::new(), 2, 1),
        (0, gmail, "failed", "addr.unknown".to_owned(), 0, 1),
    ];
    assert_eq!(sums(&kept, Some("MRPL")).await, of_mrpl);
    let all = sums(&kept, None).await;
    assert_eq!((all.len(), all[3].1.as_str()), (4, "library.example"));
    let by_library = kept.arrived_by_library(at(0) - SignedDuration::from_hours(48)).await.unwrap();
    let mrpl = &by_library["MRPL"];
    assert_eq!((mrpl.accepted, mrpl.failed, mrpl.failed_by["Gmail"]), (2, 1, 1));
    assert_eq!(by_library.len(), 2);
}

async fn what_came_back_is_no_longer_counted_as_accepted(kept: Kept) {
    kept.accept(vec![event("MRPL", "1", at(0))]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await;
    kept.settle(vec![ended(&claimed[0], State::Accepted, None, "Gmail", at(5))]).await.unwrap();
    let returned = Returned {
        report: ReturnedId::new(at(9)),
        digest: String::new(),
        news: News::Failed,
        cause: "addr.unknown".to_owned(),
        reply: None,
        status: None,
        provider: None,
        words: String::new(),
        host: None,
    };
    let entry = Entry { at: at(90), what: What::Returned(Box::new(returned)) };
    for _ in 0..2 {
        kept.join_returned(claimed[0].id, entry.clone(), Follows::default()).await.unwrap();
    }
    let failed = vec![(0, "Gmail".to_owned(), "failed", "addr.unknown".to_owned(), 0, 1)];
    assert_eq!(sums(&kept, Some("MRPL")).await, failed);
    assert_eq!(sums(&kept, None).await, failed);
}

async fn a_list_is_narrowed_to_a_provider_and_days(kept: Kept) {
    let day = 86_400;
    for (request, second) in [("1", 0), ("2", day), ("3", 2 * day)] {
        kept.accept(vec![event("MRPL", request, at(second))]).await.unwrap();
    }
    let claimed = kept.claim_all(at(2 * day + 1)).await;
    let settled = claimed.iter().map(|one| {
        let provider = if one.request == "1" { "Yahoo" } else { "Gmail" };
        ended(one, State::Accepted, None, provider, at(2 * day + 2))
    });
    kept.settle(settled.collect()).await.unwrap();
    let found = async |filter: Filter| {
        let filter = Filter { library: Some(code("MRPL")), ..filter };
        let rows = kept.messages(&filter, 10).await.unwrap();
        rows.into_iter().map(|row| row.request).collect::<Vec<_>>()
    };
    assert_eq!(found(Filter { provider: Some("Gmail".into()), ..Filter::default() }).await, ["3", "2"]);
    let (since, until) = (Some(at(day)), Some(at(2 * day)));
    assert_eq!(found(Filter { since, until, ..Filter::default() }).await, ["2"]);
    assert_eq!(found(Filter { since, provider: Some("Yahoo".into()), ..Filter::default() }).await, [""; 0]);
}
