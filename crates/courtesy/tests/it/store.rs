//! The store: what is on disk after which call, and who may change it then.

use std::time::Duration;

use courtesy::channel::Channel;
use courtesy::clock::Timestamp;
use courtesy::id::{EventId, MessageId};
use courtesy::library::LibraryCode;
use courtesy::notice::Language;
use courtesy::notice::catalogue::Notice;
use courtesy::queue::{State, WaitsFor};
use courtesy::store::{Accepted, Claimed, Draft, Filter, Idempotency, NewEvent, NewMessage, Repeated, Settled, Store};
use courtesy::timeline::{Entry, What};
use jiff::SignedDuration;

use crate::kept::Kept;
use crate::world::{code, record};

impl Kept {
    pub(crate) async fn claim_all(&self, now: Timestamp) -> Vec<Claimed> {
        let libraries = self.libraries_due(now, "", 100).await.unwrap();
        self.claim(libraries, 1000, now, now + LEASE).await.unwrap()
    }
}

pub(crate) const LEASE: SignedDuration = SignedDuration::from_mins(15);

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn message(now: Timestamp) -> NewMessage {
    let told = What::Told { event: EventId::new(now), source: "api".to_owned(), status: "overdue".to_owned() };
    let to = (Channel::Mail, "patron@gmail.example".to_owned());
    let deadline = now + SignedDuration::from_hours(48);
    NewMessage {
        entries: vec![Entry { at: now, what: told }],
        ..NewMessage::queued("overdue", Language::En, to, now, deadline)
    }
}

pub(crate) fn event(library: &str, request: &str, now: Timestamp) -> NewEvent {
    NewEvent {
        id: EventId::new(now),
        library: code(library),
        natural_key: request.to_owned(),
        request: request.to_owned(),
        status: "overdue".to_owned(),
        patron: String::new(),
        source: "api",
        fields: r#"{"fields":{"title":"The Overstory"}}"#.to_owned(),
        found_by: "the overstory".to_owned(),
        received_at: now,
        messages: vec![message(now)],
        idempotency: None,
        news: None,
    }
}

pub(crate) fn with_key(key: &str, body: u8, event: NewEvent) -> NewEvent {
    let answer = format!("{{\"id\":\"{}\"}}", event.id);
    let idempotency = Idempotency { holder: "key_1".to_owned(), key: key.to_owned(), body_hash: [body; 32], answer };
    NewEvent { idempotency: Some(idempotency), ..event }
}

pub(crate) fn settled(claimed: &Claimed, state: State, now: Timestamp) -> Settled {
    Settled {
        id: claimed.id,
        attempt: claimed.attempt,
        tried: true,
        state,
        cause: None,
        due_at: None,
        refused: String::new(),
        sender: Some("shared".to_owned()),
        provider: Some("Gmail".to_owned()),
        waits_for: None,
        at: now,
        entries: vec![Entry { at: now, what: What::Released { by: format!("attempt {}", claimed.attempt) } }],
    }
}

async fn state(store: &Store, id: MessageId) -> State {
    store.message(None, id).await.unwrap().unwrap().state
}

practice::on_both_databases! {
    crate::kept::Kept::at;
    an_accepted_event_is_there_after_the_process_is_gone,
    the_same_event_told_twice_is_one_event,
    a_repeated_key_gives_the_first_answer_word_for_word,
    a_key_that_comes_twice_in_one_transaction_is_used_once,
    a_key_used_for_an_event_that_was_known_already_names_the_known_one,
    claiming_writes_the_future_first,
    two_claims_at_once_never_give_the_same_message,
    a_lease_that_was_taken_over_cannot_be_settled_by_the_old_attempt,
    an_outcome_settled_twice_is_told_once,
    one_handed_back_untried_has_not_used_an_attempt,
    every_library_with_something_due_is_served_in_the_first_round,
    only_what_waits_can_be_taken_back_and_only_by_its_library,
    one_put_back_into_the_queue_keeps_no_old_cause,
    a_repetition_takes_a_waiting_message_back_or_does_not_happen,
    a_flush_touches_only_what_was_tried_and_waits_and_only_the_callers,
    what_waits_for_a_receiver_is_called_before_its_time_and_nothing_else,
    of_what_waits_for_a_receiver_the_most_urgent_is_called_first,
    a_history_keeps_its_order_and_its_lines_of_one_moment,
    a_list_shows_one_librarys_messages_page_by_page,
    a_cause_finds_those_below_it_and_no_others,
    the_queue_of_a_library_tells_nothing_of_others,
    participant_records_are_kept_all_or_none_and_found_again,
    words_keep_every_version_and_the_newest_is_in_force,
    drafts_are_a_librarys_own_and_end_when_they_are_dropped,
    messages_of_a_notice_are_counted_by_library_and_since_a_day,
    what_a_request_told_is_remembered_by_library,
    opening_again_finds_the_schema_and_leaves_it,
    a_closed_store_takes_nothing_and_says_so,
    many_callers_at_once_are_each_told_of_their_own_event,
    what_a_silent_process_had_under_way_is_due_at_once,
    what_others_keep_in_memory_has_another_number_once_it_changed,
    a_process_that_was_forgotten_tells_again_what_it_can_send_through,
    what_waits_for_a_relay_is_called_all_of_it_and_once,
}

async fn an_accepted_event_is_there_after_the_process_is_gone(kept: Kept) {
    let new = event("MRPL", "BC-1", at(0));
    let (id, message) = (new.id, new.messages[0].id);
    assert_eq!(kept.accept(vec![new]).await.unwrap(), [Accepted::New]);
    // As after a crash: nothing is closed, a second process opens the same file.
    let other = kept.again().await;
    let row = other.message(Some(&code("MRPL")), message).await.unwrap().unwrap();
    assert_eq!((row.event, row.state, row.due_at), (id, State::Queued, Some(at(0))));
    assert_eq!(other.timeline(message).await.unwrap().len(), 1);
    other.close().await;
}

async fn the_same_event_told_twice_is_one_event(kept: Kept) {
    let (first, second) = (event("MRPL", "BC-1", at(0)), event("MRPL", "BC-1", at(9)));
    let (id, message) = (first.id, first.messages[0].id);
    // In one transaction, and in two.
    let answers = kept.accept(vec![first, second.clone()]).await.unwrap();
    let known = Accepted::Known { event: id, messages: vec![message] };
    assert_eq!(answers, [Accepted::New, known.clone()]);
    assert_eq!(kept.accept(vec![second]).await.unwrap(), [known]);
    assert_eq!(kept.messages(&Filter::default(), 10).await.unwrap().len(), 1);
    // Another library may have a request of the same number.
    assert_eq!(kept.accept(vec![event("ALDR", "BC-1", at(9))]).await.unwrap(), [Accepted::New]);
}

async fn a_repeated_key_gives_the_first_answer_word_for_word(kept: Kept) {
    let first = with_key("k", 1, event("MRPL", "BC-1", at(0)));
    let answer = first.idempotency.clone().unwrap().answer;
    assert_eq!(kept.accept(vec![first]).await.unwrap(), [Accepted::New]);
    let again = || with_key("k", 1, event("MRPL", "BC-1", at(5)));
    let replayed = Accepted::Replayed { answer };
    assert_eq!(kept.accept(vec![again()]).await.unwrap(), std::slice::from_ref(&replayed));
    // Two repetitions that share a transaction: neither may see the other's answer, which was never kept.
    assert_eq!(kept.accept(vec![again(), again()]).await.unwrap(), [replayed.clone(), replayed]);
    let other = with_key("k", 2, event("MRPL", "BC-2", at(6)));
    assert_eq!(kept.accept(vec![other]).await.unwrap(), [Accepted::KeyReused]);
}

async fn a_key_that_comes_twice_in_one_transaction_is_used_once(kept: Kept) {
    let first = with_key("k", 1, event("MRPL", "BC-1", at(0)));
    let answer = first.idempotency.clone().unwrap().answer;
    let same = with_key("k", 1, event("MRPL", "BC-1", at(0)));
    let other = with_key("k", 2, event("MRPL", "BC-2", at(0)));
    let answers = kept.accept(vec![first, same, other]).await.unwrap();
    assert_eq!(answers, [Accepted::New, Accepted::Replayed { answer }, Accepted::KeyReused]);
    assert_eq!(kept.messages(&Filter::default(), 10).await.unwrap().len(), 1);
}

async fn a_key_used_for_an_event_that_was_known_already_names_the_known_one(kept: Kept) {
    let first = event("MRPL", "BC-1", at(0));
    let known = Accepted::Known { event: first.id, messages: vec![first.messages[0].id] };
    kept.accept(vec![first]).await.unwrap();
    let again = || with_key("k", 1, event("MRPL", "BC-1", at(5)));
    assert_eq!(kept.accept(vec![again(), again()]).await.unwrap(), [known.clone(), known.clone()]);
    // The key is used now, for this event and no other.
    assert_eq!(kept.accept(vec![again()]).await.unwrap(), [known]);
    let other = with_key("k", 2, event("MRPL", "BC-2", at(6)));
    assert_eq!(kept.accept(vec![other]).await.unwrap(), [Accepted::KeyReused]);
    assert_eq!(kept.messages(&Filter::default(), 10).await.unwrap().len(), 1);
}

async fn claiming_writes_the_future_first(kept: Kept) {
    kept.accept(vec![event("MRPL", "BC-1", at(0))]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].attempt, 1);
    assert!(claimed[0].fields.contains("The Overstory"), "all that writing it needs comes with it");
    let row = kept.message(None, claimed[0].id).await.unwrap().unwrap();
    assert_eq!((row.state, row.due_at, row.attempts), (State::Sending, Some(at(1) + LEASE), 1));
    assert!(kept.claim_all(at(2)).await.is_empty(), "it is ours until the lease ends");
    // A crash needs no rescuer.
    let after = kept.claim_all(at(2) + LEASE).await;
    assert_eq!((after.len(), after[0].attempt), (1, 2));
}

async fn two_claims_at_once_never_give_the_same_message(kept: Kept) {
    let events = (0..200).map(|number| event("MRPL", &format!("BC-{number}"), at(0))).collect();
    kept.accept(events).await.unwrap();
    let other = kept.again().await;
    let claim = |store: Store| async move {
        let mut mine = Vec::new();
        loop {
            let some = store.claim(vec!["MRPL".to_owned()], 7, at(1), at(1) + LEASE).await.unwrap();
            if some.is_empty() {
                return mine;
            }
            mine.extend(some.into_iter().map(|claimed| claimed.id));
        }
    };
    let (one, two) = tokio::join!(tokio::spawn(claim(kept.store.clone())), tokio::spawn(claim(other.clone())));
    let mut all = [one.unwrap(), two.unwrap()].concat();
    assert_eq!(all.len(), 200);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 200);
    other.close().await;
}

async fn a_lease_that_was_taken_over_cannot_be_settled_by_the_old_attempt(kept: Kept) {
    kept.accept(vec![event("MRPL", "BC-1", at(0))]).await.unwrap();
    let old = kept.claim_all(at(1)).await.remove(0);
    let new = kept.claim_all(at(2) + LEASE).await.remove(0);
    assert_eq!(kept.settle(vec![settled(&old, State::Failed, at(3) + LEASE)]).await.unwrap(), [false]);
    assert_eq!(state(&kept, new.id).await, State::Sending, "the old attempt has no say");
    assert_eq!(kept.settle(vec![settled(&new, State::Accepted, at(4) + LEASE)]).await.unwrap(), [true]);
    let row = kept.message(None, new.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.due_at, row.provider.as_deref()), (State::Accepted, None, Some("Gmail")));
    assert_eq!(kept.timeline(new.id).await.unwrap().len(), 2, "an outcome that is none is told nowhere");
}

async fn an_outcome_settled_twice_is_told_once(kept: Kept) {
    kept.accept(vec![event("MRPL", "BC-1", at(0))]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await.remove(0);
    // The answer to the first may have been lost.
    for _ in 0..2 {
        kept.settle(vec![settled(&claimed, State::Accepted, at(2))]).await.unwrap();
    }
    assert_eq!(kept.timeline(claimed.id).await.unwrap().len(), 2);
}

async fn one_handed_back_untried_has_not_used_an_attempt(kept: Kept) {
    kept.accept(vec![event("MRPL", "BC-1", at(0))]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await.remove(0);
    let back = Settled { tried: false, due_at: Some(at(6)), ..settled(&claimed, State::Queued, at(1)) };
    kept.settle(vec![back]).await.unwrap();
    let row = kept.message(None, claimed.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.due_at), (State::Queued, 0, Some(at(6))));
    assert_eq!(kept.claim_all(at(6)).await[0].attempt, 1);
}

async fn every_library_with_something_due_is_served_in_the_first_round(kept: Kept) {
    let flood = (0..300).map(|number| event("BIG", &format!("BC-{number}"), at(0)));
    let few = ["AAA", "ZZZ"].map(|library| event(library, "BC-1", at(1)));
    let later = event("LATER", "BC-1", at(500));
    kept.accept(flood.chain(few).chain([later]).collect()).await.unwrap();
    let due = kept.libraries_due(at(2), "", 100).await.unwrap();
    assert_eq!(due, ["AAA", "BIG", "ZZZ"]);
    let claimed = kept.claim(due, 10, at(2), at(2) + LEASE).await.unwrap();
    let of = |library: &str| claimed.iter().filter(|one| one.library == code(library)).count();
    assert_eq!((of("AAA"), of("BIG"), of("ZZZ")), (1, 10, 1));
    assert_eq!(kept.next_due().await.unwrap(), Some(at(0)));
}

async fn only_what_waits_can_be_taken_back_and_only_by_its_library(kept: Kept) {
    let new = event("MRPL", "BC-1", at(0));
    let id = new.messages[0].id;
    kept.accept(vec![new]).await.unwrap();
    let cancel = |library: &str, second| kept.cancel(code(library), id, "desk".to_owned(), at(second));
    assert!(!cancel("ALDR", 1).await.unwrap());
    let claimed = kept.claim_all(at(1)).await.remove(0);
    assert!(!cancel("MRPL", 2).await.unwrap(), "it is under way");
    let later = Settled { due_at: Some(at(99)), ..settled(&claimed, State::Delayed, at(3)) };
    kept.settle(vec![later]).await.unwrap();
    assert!(cancel("MRPL", 4).await.unwrap());
    assert!(!cancel("MRPL", 5).await.unwrap(), "it is over");
    assert!(kept.claim_all(at(100)).await.is_empty());
    assert!(!kept.release(code("MRPL"), id, "desk".to_owned(), at(6)).await.unwrap());
}

async fn one_put_back_into_the_queue_keeps_no_old_cause(kept: Kept) {
    let mut new = event("MRPL", "BC-1", at(0));
    let held =
        NewMessage { state: State::Held, cause: Some("render.field".to_owned()), due_at: None, ..message(at(0)) };
    let id = held.id;
    new.messages = vec![held];
    kept.accept(vec![new]).await.unwrap();
    assert!(kept.release(code("MRPL"), id, "desk".to_owned(), at(1)).await.unwrap());
    let row = kept.message(None, id).await.unwrap().unwrap();
    assert_eq!((row.state, row.cause, row.due_at), (State::Queued, None, Some(at(1))));
}

async fn a_repetition_takes_a_waiting_message_back_or_does_not_happen(kept: Kept) {
    let new = event("MRPL", "BC-1", at(0));
    let id = new.messages[0].id;
    kept.accept(vec![new]).await.unwrap();
    let row = kept.message(None, id).await.unwrap().unwrap();
    let claimed = kept.claim_all(at(1)).await.remove(0);
    // It was waiting when the person looked; it has left since.
    let by = || "desk".to_owned();
    let repeated = kept.repeat(row.clone(), message(at(2)), String::new(), by(), at(2)).await.unwrap();
    assert_eq!(repeated, Repeated::UnderWay);
    assert_eq!(kept.messages(&Filter::default(), 10).await.unwrap().len(), 1);

    let later = Settled { due_at: Some(at(99)), ..settled(&claimed, State::Delayed, at(3)) };
    kept.settle(vec![later]).await.unwrap();
    let again = message(at(4));
    let repeated = kept.repeat(row.clone(), again.clone(), String::new(), by(), at(4)).await.unwrap();
    assert_eq!(repeated, Repeated::Now);
    // Pressed twice, it is sent once.
    let repeated = kept.repeat(row, message(at(5)), String::new(), by(), at(5)).await.unwrap();
    assert_eq!(repeated, Repeated::Before(again.id));
    assert_eq!(state(&kept, id).await, State::Cancelled);
    let last: Vec<What> = kept.timeline(id).await.unwrap().into_iter().map(|entry| entry.what).rev().take(2).collect();
    assert!(matches!(last.as_slice(), [What::Cancelled { .. }, What::Resent { .. }]), "{last:?}");
}

async fn a_flush_touches_only_what_was_tried_and_waits_and_only_the_callers(kept: Kept) {
    let fresh = NewMessage { due_at: Some(at(900)), ..message(at(0)) };
    let events = [event("MRPL", "BC-1", at(0)), event("ALDR", "BC-1", at(0))];
    kept.accept(events.into()).await.unwrap();
    kept.accept(vec![NewEvent { messages: vec![fresh], ..event("MRPL", "BC-2", at(0)) }]).await.unwrap();
    let tried = kept.claim_all(at(1)).await;
    assert_eq!(tried.len(), 2);
    let later = |one| Settled { due_at: Some(at(600)), ..settled(one, State::Delayed, at(2)) };
    kept.settle(tried.iter().map(later).collect()).await.unwrap();
    assert_eq!(kept.flush(Some(code("MRPL")), at(3)).await.unwrap(), 1);
    assert_eq!(kept.libraries_due(at(3), "", 9).await.unwrap(), ["MRPL"]);
    assert_eq!(kept.claim_all(at(3)).await.len(), 1);
    assert_eq!(kept.flush(None, at(4)).await.unwrap(), 1);
}

async fn a_history_keeps_its_order_and_its_lines_of_one_moment(kept: Kept) {
    let lines: Vec<Entry> =
        (0..7).map(|number| Entry { at: at(0), what: What::Released { by: number.to_string() } }).collect();
    let many = NewMessage { entries: lines.clone(), ..message(at(0)) };
    let id = many.id;
    let other = NewMessage { entries: lines.clone(), ..message(at(0)) };
    kept.accept(vec![NewEvent { messages: vec![other, many], ..event("MRPL", "BC-1", at(0)) }]).await.unwrap();
    assert_eq!(kept.timeline(id).await.unwrap(), lines);
}

async fn a_list_shows_one_librarys_messages_page_by_page(kept: Kept) {
    let events = (0..25).map(|number| event("MRPL", &format!("BC-{number}"), at(number)));
    let strangers = (0..25).map(|number| event("ALDR", &format!("BC-{number}"), at(number)));
    kept.accept(events.chain(strangers).collect()).await.unwrap();
    let mut filter = Filter { library: Some(code("MRPL")), ..Filter::default() };
    let mut seen = Vec::new();
    loop {
        let page = kept.messages(&filter, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
        seen.extend(page);
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.windows(2).all(|pair| pair[0].id > pair[1].id), "the newest first");
    assert!(seen.iter().all(|row| row.library == code("MRPL")));
    let stranger = Filter { library: Some(code("MRPL")), request: Some("BC-3".to_owned()), ..Filter::default() };
    assert_eq!(kept.messages(&stranger, 10).await.unwrap().len(), 1);
    let other = kept.messages(&Filter { library: Some(code("ALDR")), ..Filter::default() }, 1).await.unwrap();
    assert_eq!(kept.message(Some(&code("MRPL")), other[0].id).await.unwrap(), None);
}

async fn a_cause_finds_those_below_it_and_no_others(kept: Kept) {
    for (number, cause) in ["auth", "auth.dmarc", "auth.spf", "authority", "addr.unknown"].into_iter().enumerate() {
        let failed = NewMessage { state: State::Failed, cause: Some(cause.to_owned()), due_at: None, ..message(at(0)) };
        kept.accept(vec![NewEvent { messages: vec![failed], ..event("MRPL", &number.to_string(), at(0)) }])
            .await
            .unwrap();
    }
    let with = async |cause: &str| {
        let filter = Filter { cause: Some(cause.to_owned()), ..Filter::default() };
        kept.messages(&filter, 10).await.unwrap().len()
    };
    assert_eq!((with("auth").await, with("auth.dmarc").await, with("addr").await, with("au").await), (3, 1, 1, 0));
}

async fn the_queue_of_a_library_tells_nothing_of_others(kept: Kept) {
    kept.accept(vec![event("ALDR", "BC-1", at(0)), event("MRPL", "BC-1", at(50))]).await.unwrap();
    let counts = async |library: Option<LibraryCode>| kept.counts(library.as_ref(), at(60)).await.unwrap();
    let mine = counts(Some(code("MRPL"))).await;
    assert_eq!((mine.by_state, mine.oldest_due), (vec![(State::Queued, 1)], Some(at(50))));
    let all = counts(None).await;
    assert_eq!((all.by_state, all.oldest_due), (vec![(State::Queued, 2)], Some(at(0))));
    assert_eq!(counts(Some(code("NONE"))).await.oldest_due, None);
}

async fn participant_records_are_kept_all_or_none_and_found_again(kept: Kept) {
    let mut library = record("MRPL");
    kept.put_libraries(vec![library.clone(), record("ALDR")], "desk".to_owned(), at(0)).await.unwrap();
    library.hide_titles = true;
    kept.put_libraries(vec![library.clone()], "desk".to_owned(), at(1)).await.unwrap();
    assert_eq!(kept.libraries().await.unwrap(), [record("ALDR"), library]);
}

async fn drafts_are_a_librarys_own_and_end_when_they_are_dropped(store: Kept) {
    let draft = |notice: &str, language: &str, source: &str| Draft {
        notice: notice.to_owned(),
        language: language.to_owned(),
        source: source.to_owned(),
        saved_at: at(1),
        saved_by: "A. Roy".to_owned(),
    };
    let first = vec![draft("overdue", "en", "one"), draft("overdue", "fr", "un"), draft("recalled", "en", "other")];
    store.put_drafts("MRPL".to_owned(), first).await.unwrap();
    store.put_drafts("MRPL".to_owned(), vec![draft("overdue", "en", "two")]).await.unwrap();
    store.put_drafts("OTHR".to_owned(), vec![draft("overdue", "en", "theirs")]).await.unwrap();
    let kept = store.drafts("MRPL").await.unwrap();
    let sources: Vec<&str> = kept.iter().map(|one| one.source.as_str()).collect();
    assert_eq!(sources, ["two", "un", "other"]);
    assert_eq!(kept[0], draft("overdue", "en", "two"));
    store.drop_drafts("MRPL".to_owned(), "overdue".to_owned()).await.unwrap();
    assert_eq!(store.drafts("MRPL").await.unwrap(), [draft("recalled", "en", "other")]);
    store.put_drafts(String::new(), vec![draft("overdue", "en", "for all")]).await.unwrap();
    assert_eq!(store.drafts("").await.unwrap(), [draft("overdue", "en", "for all")]);
    assert_eq!(store.drafts("OTHR").await.unwrap().len(), 1, "the consortium's draft is no library's");
}

async fn messages_of_a_notice_are_counted_by_library_and_since_a_day(store: Kept) {
    let notices = ["overdue", "recalled"].map(|code| Notice::from_code(code).unwrap());
    for (library, request, when) in [("MRPL", "1", 0), ("MRPL", "2", 100), ("MRPL", "3", 101), ("OTHR", "4", 102)] {
        store.accept(vec![event(library, request, at(when))]).await.unwrap();
    }
    let counts = store.sent_of_notices(&code("MRPL"), &notices, at(50)).await.unwrap();
    assert_eq!((counts["overdue"], counts["recalled"]), (2, 0));
    assert!(store.sent_of_notices(&code("MRPL"), &[], at(50)).await.unwrap().is_empty());
}

async fn words_keep_every_version_and_the_newest_is_in_force(kept: Kept) {
    let save = async |library: &str, source: Option<&str>, second| {
        let source = source.map(str::to_owned);
        let (library, by) = (library.to_owned(), "editor".to_owned());
        kept.save_words(library, "overdue".to_owned(), "en".to_owned(), source, by, at(second)).await.unwrap()
    };
    assert_eq!(save("MRPL", Some("one"), 0).await, 1);
    assert_eq!(save("MRPL", Some("one"), 1).await, 1, "saving what is in force changes nothing");
    assert_eq!(save("MRPL", Some("two"), 2).await, 2);
    assert_eq!(save("", Some("consortium"), 3).await, 1);
    assert_eq!(save("MRPL", None, 4).await, 3);
    let history = kept.words_history("MRPL", "overdue", "en").await.unwrap();
    let sources: Vec<Option<&str>> = history.iter().map(|one| one.source.as_deref()).collect();
    assert_eq!(sources, [None, Some("two"), Some("one")]);
    let second = history[1].of.clone();
    assert_eq!(kept.words_at(&second).await.unwrap().as_deref(), Some("two"));
    let in_force = kept.words_in_force().await.unwrap();
    let mut found: Vec<_> = in_force.iter().map(|one| (one.of.library.as_str(), one.of.version)).collect();
    found.sort_unstable();
    assert_eq!(found, [("", 1), ("MRPL", 3)]);
}

async fn what_a_request_told_is_remembered_by_library(kept: Kept) {
    let facts = |text: &str| vec![(code("MRPL"), "BC-1".to_owned(), text.to_owned())];
    kept.put_request_facts(facts("{}"), at(0)).await.unwrap();
    kept.put_request_facts(facts("{\"a\":1}"), at(1)).await.unwrap();
    assert_eq!(kept.request_facts(&code("MRPL"), "BC-1").await.unwrap().as_deref(), Some("{\"a\":1}"));
    assert_eq!(kept.request_facts(&code("ALDR"), "BC-1").await.unwrap(), None);
}

async fn opening_again_finds_the_schema_and_leaves_it(kept: Kept) {
    kept.accept(vec![event("MRPL", "BC-1", at(0))]).await.unwrap();
    kept.store.clone().close().await;
    let again = kept.again().await;
    assert_eq!(again.messages(&Filter::default(), 10).await.unwrap().len(), 1);
    again.close().await;
}

async fn a_closed_store_takes_nothing_and_says_so(kept: Kept) {
    let late = kept.store.clone();
    let began = std::time::Instant::now();
    kept.store.clone().close().await;
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "other handles do not hold it open");
    assert!(late.accept(vec![event("MRPL", "BC-1", at(0))]).await.is_err());
}

async fn many_callers_at_once_are_each_told_of_their_own_event(kept: Kept) {
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..300 {
        let store = kept.store.clone();
        callers.spawn(async move {
            // Each third one is told twice.
            let new = event("MRPL", &format!("BC-{}", number - number % 3 / 2), at(number));
            let id = new.id;
            (id, store.accept(vec![new]).await.unwrap().remove(0))
        });
    }
    let answers = callers.join_all().await;
    let new = answers.iter().filter(|(_, answer)| *answer == Accepted::New).count();
    assert_eq!(new, 200);
    let stored = kept.messages(&Filter::default(), 1000).await.unwrap();
    for (id, answer) in answers {
        match answer {
            Accepted::New => assert!(stored.iter().any(|row| row.event == id), "{id} was answered and is not there"),
            Accepted::Known { event, messages } => {
                assert_ne!(event, id);
                assert!(stored.iter().any(|row| row.event == event && messages == [row.id]));
            }
            other => panic!("{other:?}"),
        }
    }
}

async fn what_waits_for_a_receiver_is_called_before_its_time_and_nothing_else(kept: Kept) {
    kept.accept((0..3).map(|number| event("MRPL", &number.to_string(), at(number))).collect()).await.unwrap();
    let claimed = kept.claim_all(at(5)).await;
    let waits = |one: &Claimed, receiver| Settled {
        due_at: Some(at(600)),
        waits_for: Some(WaitsFor(receiver)),
        tried: false,
        ..settled(one, State::Delayed, at(6))
    };
    kept.settle(vec![waits(&claimed[0], 7), waits(&claimed[1], 7), waits(&claimed[2], 8)]).await.unwrap();
    assert_eq!(kept.waited_for().await.unwrap(), [WaitsFor(7), WaitsFor(8)]);
    assert_eq!(kept.call(WaitsFor(7), 1, at(10)).await.unwrap(), 1, "no more than there is room for");
    assert_eq!(kept.claim_all(at(10)).await.len(), 1);
    assert_eq!(kept.call(WaitsFor(7), 9, at(11)).await.unwrap(), 1);
    assert_eq!(kept.waited_for().await.unwrap(), [WaitsFor(8)]);
    assert_eq!(kept.claim_all(at(600)).await.len(), 2, "who is not called comes by itself");
}

async fn of_what_waits_for_a_receiver_the_most_urgent_is_called_first(kept: Kept) {
    let mut pickup = event("MRPL", "later", at(1));
    pickup.messages[0].notice = "ready_for_pickup".to_owned();
    kept.accept(vec![event("MRPL", "earlier", at(0)), pickup]).await.unwrap();
    let waiting = kept.claim_all(at(5)).await.into_iter().map(|one| Settled {
        due_at: Some(at(600)),
        waits_for: Some(WaitsFor(7)),
        tried: false,
        ..settled(&one, State::Delayed, at(6))
    });
    kept.settle(waiting.collect()).await.unwrap();
    assert_eq!(kept.call(WaitsFor(7), 1, at(10)).await.unwrap(), 1);
    assert_eq!(kept.claim_all(at(10)).await[0].notice, "ready_for_pickup");
}

async fn what_a_silent_process_had_under_way_is_due_at_once(kept: Kept) {
    let other = kept.again().await;
    kept.accept(vec![event("MRPL", "BC-1", at(0)), event("MRPL", "BC-2", at(0))]).await.unwrap();
    other.stay_alive("silent".to_owned(), Duration::ZERO, at(0)).await.unwrap();
    kept.stay_alive("alive".to_owned(), Duration::from_secs(60), at(0)).await.unwrap();
    let theirs = other.claim(vec!["MRPL".to_owned()], 1, at(1), at(1) + LEASE).await.unwrap();
    let ours = kept.claim_all(at(1)).await;
    assert_eq!((theirs.len(), ours.len()), (1, 1), "the other one; theirs is leased");
    assert_eq!(kept.take_over_from_silent(at(2)).await.unwrap(), 1);
    let again = kept.claim_all(at(2)).await;
    assert_eq!((again.len(), again[0].id, again[0].attempt), (1, theirs[0].id, 2));
    // What the silent one says now comes too late, and nothing of ours was taken from us.
    other.settle(vec![settled(&theirs[0], State::Failed, at(3))]).await.unwrap();
    assert_eq!(state(&kept, theirs[0].id).await, State::Sending);
    assert_eq!(kept.take_over_from_silent(at(3)).await.unwrap(), 0);
    other.close().await;
}

async fn what_others_keep_in_memory_has_another_number_once_it_changed(kept: Kept) {
    let before = kept.times_changed().await.unwrap();
    kept.put_libraries(vec![record("MRPL")], "key".to_owned(), at(0)).await.unwrap();
    let after = kept.times_changed().await.unwrap();
    assert_ne!(before, after);
    assert_eq!(kept.times_changed().await.unwrap(), after);
}

async fn a_process_that_was_forgotten_tells_again_what_it_can_send_through(kept: Kept) {
    let (other, lease) = (kept.again().await, Duration::from_secs(60));
    other.stay_alive("other".to_owned(), lease, at(0)).await.unwrap();
    other.put_seats("[1]".to_owned()).await.unwrap();
    // As after the database came back from a backup.
    other.leave().await.unwrap();
    assert_eq!(kept.seats_of_others().await.unwrap(), []);
    other.stay_alive("other".to_owned(), lease, at(1)).await.unwrap();
    assert_eq!(kept.seats_of_others().await.unwrap(), [("other".to_owned(), "[1]".to_owned())]);
    other.close().await;
}

async fn what_waits_for_a_relay_is_called_all_of_it_and_once(kept: Kept) {
    const WAITING: u32 = 5100;
    let wait = |number: u32| {
        let mut event = event("MRPL", &number.to_string(), at(0));
        let message = &mut event.messages[0];
        message.state = State::Delayed;
        message.cause = (number != 0).then(|| courtesy::store::NO_RELAY.to_owned());
        message.due_at = Some(at(900));
        event
    };
    kept.accept((0..=WAITING).map(wait).collect()).await.unwrap();
    assert_eq!(kept.call_those_without_relay(at(1)).await.unwrap(), u64::from(WAITING));
    assert_eq!(kept.call_those_without_relay(at(1)).await.unwrap(), 0);
    assert_eq!(kept.claim(vec!["MRPL".to_owned()], 9000, at(1), at(1) + LEASE).await.unwrap().len(), WAITING as usize);
}
