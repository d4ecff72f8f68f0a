//! What has served its time is erased on both databases, and what counts need stays.

use courtesy::clock::Timestamp;
use courtesy::queue::State;
use courtesy::store::{Claimed, Filter, Kept, Retention, Settled};
use courtesy::timeline::{Entry, What};
use jiff::SignedDuration;
use serde_json::json;

use crate::kept::Kept as Store;
use crate::store::{at, event};
use crate::world::code;

practice::on_both_databases! {
    crate::kept::Kept::at;
    what_is_older_than_its_days_loses_names_and_conversations_and_nothing_else,
    a_library_keeps_what_it_says_and_the_others_what_the_consortium_says,
    a_nul_in_what_a_receiver_said_holds_up_no_erasing,
}

fn accepted(claimed: &Claimed, attempt: What, at: Timestamp) -> Settled {
    Settled {
        id: claimed.id,
        attempt: claimed.attempt,
        tried: true,
        state: State::Accepted,
        cause: None,
        due_at: None,
        refused: String::new(),
        sender: None,
        provider: Some("Gmail".to_owned()),
        waits_for: None,
        at,
        entries: vec![Entry { at, what: attempt }],
    }
}

async fn what_is_older_than_its_days_loses_names_and_conversations_and_nothing_else(kept: Store) {
    let day = 86_400;
    for (library, request, second) in [("MRPL", "1", 0), ("MRPL", "2", 40 * day), ("OTHR", "3", 0)] {
        kept.accept(vec![event(library, request, at(second))]).await.unwrap();
    }
    let due = kept.claim_all(at(40 * day)).await;
    assert_eq!(due.len(), 3);
    for claimed in due {
        let attempt: What = serde_json::from_value(json!({
            "kind": "attempted", "number": 1, "sender": "shared", "from": "mrpl@notices.example", "return_path": "x",
            "why": "shared_used", "relay": "out1", "provider": "Gmail", "outcome": "accepted", "took_ms": 5,
            "reply": "250 kept for patron@gmail.example", "transcript": "C: RCPT TO:<patron@gmail.example>"
        }))
        .unwrap();
        kept.settle(vec![accepted(&claimed, attempt, at(40 * day + 1))]).await.unwrap();
    }
    let now = at(45 * day);
    let days = Retention { content: 30, talk: 10 };
    for what in [Kept::Talk, Kept::Content] {
        let cutoff = days.cutoff(what, now);
        assert_eq!(kept.to_erase(&code("MRPL"), what, cutoff).await.unwrap(), 1, "{what:?}");
        assert_eq!(kept.erase_slice(code("MRPL"), what, cutoff, now, None).await.unwrap(), (1, false), "{what:?}");
        assert_eq!(kept.erase_slice(code("MRPL"), what, cutoff, now, None).await.unwrap(), (0, false), "{what:?}");
        assert_eq!(kept.erased(&code("MRPL"), what).await.unwrap().unwrap().messages, 1);
        let rows = kept.messages(&Filter::default(), 10).await.unwrap();
        for row in rows {
            let fields = kept.event_fields(&row.library, row.event).await.unwrap().unwrap();
            let story = format!("{:?}", kept.timeline(row.id).await.unwrap());
            let is_erased = row.request == "1";
            assert_eq!(story.contains("RCPT TO"), !is_erased, "{what:?} {story}");
            let content_is_erased = is_erased && what == Kept::Content;
            assert_eq!(story.contains("kept for patron"), !content_is_erased, "{what:?} {story}");
            let found = kept.search(&row.library, "overstory", &Filter::default(), None, 10).await.unwrap().messages;
            assert_eq!(found.iter().any(|one| one.id == row.id), !content_is_erased, "{what:?}");
            assert_eq!((row.address.is_empty(), fields == "{}"), (content_is_erased, content_is_erased), "{what:?}");
            assert_eq!((row.state, row.provider.as_deref()), (State::Accepted, Some("Gmail")));
        }
    }
    let later = at(90 * day);
    let cutoff = days.cutoff(Kept::Content, later);
    assert_eq!(kept.erase_slice(code("MRPL"), Kept::Content, cutoff, later, None).await.unwrap(), (1, false));
    assert_eq!(kept.erased(&code("MRPL"), Kept::Content).await.unwrap().unwrap().messages, 2, "it goes on");
    assert_eq!(kept.erased(&code("OTHR"), Kept::Content).await.unwrap(), None);
}

async fn a_library_keeps_what_it_says_and_the_others_what_the_consortium_says(kept: Store) {
    let all = Retention { content: 90, talk: 20 };
    kept.set_retention(None, all, at(0)).await.unwrap();
    assert_eq!(kept.retention(Some(&code("MRPL"))).await.unwrap(), (all, false));
    let own = Retention { content: 365, talk: 7 };
    kept.set_retention(Some(code("MRPL")), own, at(1)).await.unwrap();
    kept.set_retention(Some(code("MRPL")), own, at(2)).await.unwrap();
    assert_eq!(kept.retention(Some(&code("MRPL"))).await.unwrap(), (own, true));
    assert_eq!(kept.retention(Some(&code("OTHR"))).await.unwrap(), (all, false));
    assert_eq!(kept.retention(None).await.unwrap(), (all, true));
    // As an older version let it be set: letters that wait would lose name and address.
    kept.set_retention(Some(code("MRPL")), Retention { content: 7, talk: 7 }, at(3)).await.unwrap();
    assert_eq!(kept.retention(Some(&code("MRPL"))).await.unwrap(), (Retention { content: 28, talk: 7 }, true));
    assert_eq!(own.cutoff(Kept::Talk, at(0)), at(0) - SignedDuration::from_hours(7 * 24));
}

async fn a_nul_in_what_a_receiver_said_holds_up_no_erasing(kept: Store) {
    kept.accept(vec![event("MRPL", "1", at(0))]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await.remove(0);
    let said: What = serde_json::from_value(json!({
        "kind": "attempted", "number": 1, "sender": "shared", "from": "mrpl@notices.example", "return_path": "x",
        "why": "shared_used", "relay": "out1", "provider": "Gmail", "outcome": "accepted", "took_ms": 5,
        "reply": "250 o\u{0}k \\u0000", "transcript": "S: 250 o\u{0}k"
    }))
    .unwrap();
    kept.settle(vec![accepted(&claimed, said, at(2))]).await.unwrap();
    let story = format!("{:?}", kept.timeline(claimed.id).await.unwrap());
    assert!(story.contains("250 o\u{FFFD}k \\\\u0000"), "{story}");
    let now = at(90 * 86_400);
    for what in [Kept::Talk, Kept::Content] {
        let cutoff = Retention { content: 30, talk: 10 }.cutoff(what, now);
        assert_eq!(kept.erase_slice(code("MRPL"), what, cutoff, now, None).await.unwrap(), (1, false), "{what:?}");
    }
    let story = format!("{:?}", kept.timeline(claimed.id).await.unwrap());
    assert!(!story.contains("250 o"), "{story}");
}
