//! What is remembered of addresses and of what came back, on both databases.

use courtesy::channel::{Channel, Ladder};
use courtesy::id::{EventId, MessageId, ReturnedId};
use courtesy::outcome::Cause;
use courtesy::outcome::stop::{ListedAddress, Strike, Weight};
use courtesy::queue::State;
use courtesy::sender::SenderKind;
use courtesy::store::{
    Claimed, Filter, Follows, Joined, Listed, NewEvent, NewMessage, ReceiverHold, Repeated, SeenTo, Settled,
};
use courtesy::timeline::{Entry, News, Returned, What};
use jiff::{SignedDuration, Timestamp};

use crate::kept::Kept;
use crate::world::{address, code};

impl Kept {
    /// A message to the patron, made and claimed at `second`.
    async fn claimed(&self, request: &str, second: i64) -> Claimed {
        let message = message(second);
        let event = NewEvent {
            id: EventId::new(at(second)),
            library: code("MRPL"),
            natural_key: request.to_owned(),
            request: request.to_owned(),
            status: "overdue".to_owned(),
            patron: String::new(),
            source: "api",
            fields: "{}".to_owned(),
            found_by: String::new(),
            received_at: at(second),
            messages: vec![message],
            idempotency: None,
            news: None,
        };
        self.accept(vec![event]).await.unwrap();
        let lease = at(second) + SignedDuration::from_mins(15);
        let mut claimed = self.claim(vec!["MRPL".to_owned()], 10, at(second), lease).await.unwrap();
        assert_eq!(claimed.len(), 1);
        claimed.remove(0)
    }

    /// A message to the patron, made at `second` and accepted by a receiver.
    async fn accepted(&self, request: &str, second: i64) -> MessageId {
        let id = self.claimed(request, second).await.id;
        let settled = Settled {
            id,
            attempt: 1,
            tried: true,
            state: State::Accepted,
            cause: None,
            due_at: None,
            refused: String::new(),
            sender: Some("own".to_owned()),
            provider: None,
            waits_for: None,
            at: at(second),
            entries: Vec::new(),
        };
        self.settle(vec![settled]).await.unwrap();
        id
    }

    async fn state(&self, id: MessageId) -> State {
        self.message(None, id).await.unwrap().unwrap().state
    }

    async fn stopped(&self) -> Option<String> {
        let stop = self.do_not_send(&code("MRPL"), &patron()).await.unwrap();
        stop.map(|stop| stop.cause.code().to_owned())
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn patron() -> ListedAddress {
    ListedAddress::of(&address("Patron@gmail.example"))
}

fn message(second: i64) -> NewMessage {
    NewMessage {
        id: MessageId::new(at(second)),
        notice: "overdue".to_owned(),
        language: "en",
        channel: Channel::Mail,
        address: "patron@gmail.example".to_owned(),
        ladder: Ladder::default(),
        words_of: None,
        words_version: 0,
        state: State::Queued,
        cause: None,
        due_at: Some(at(second)),
        deadline: at(second) + SignedDuration::from_hours(48),
        gather: None,
        entries: Vec::new(),
    }
}

fn strike(message: MessageId, cause: &str, weight: Weight, second: i64) -> Strike {
    let (library, reply) = (code("MRPL"), "550 no".to_owned());
    Strike { library, address: patron(), cause: Cause::of(cause), weight, message, reply, by: "bounce", at: at(second) }
}

fn came_back(news: News, cause: &str, second: i64) -> Entry {
    let returned = Returned {
        report: ReturnedId::new(at(second)),
        digest: String::new(),
        news,
        cause: cause.to_owned(),
        reply: None,
        status: None,
        provider: None,
        words: String::new(),
        host: None,
    };
    Entry { at: at(second), what: What::Returned(Box::new(returned)) }
}

practice::on_both_databases! {
    crate::kept::Kept::at;
    an_address_is_stopped_tried_again_and_released,
    what_was_claimed_goes_unasked_only_until_an_address_is_stopped,
    two_refusals_count_only_within_seven_days_and_not_of_what_was_under_way,
    what_came_back_is_joined_once_with_all_that_follows,
    what_did_not_arrive_is_listed_until_it_is_seen_to,
    a_hold_on_a_receiver_is_kept_until_it_ends,
}

async fn an_address_is_stopped_tried_again_and_released(kept: Kept) {
    let store = &kept.store;
    let id = kept.accepted("1", 0).await;
    assert!(store.strike(strike(id, "addr.unknown", Weight::Stops, 5)).await.unwrap());
    assert!(!store.strike(strike(id, "addr.unknown", Weight::Stops, 6)).await.unwrap(), "it is there already");
    let ann = ListedAddress::of(&address("ann@gmail.example"));
    let asked = [(code("MRPL"), patron()), (code("MRPL"), ann), (code("OTHR"), patron())];
    assert_eq!(store.are_listed(&asked).await.unwrap(), [true, false, false]);
    let month = 30 * 86_400;
    for (second, takes) in [(month, false), (month + 6, true), (month + 7, false)] {
        let taken = store.take_probe(code("MRPL"), patron(), id, at(second)).await.unwrap();
        assert_eq!(taken, takes, "{second}");
    }
    let which = |cause: &str| vec![Listed { cause: Some(cause.to_owned()), ..Listed::default() }];
    for (cause, released) in [("auth", 0), ("addr", 1), ("addr", 0)] {
        let done = store.release_do_not_send(code("MRPL"), which(cause), "desk".into(), "works".into(), at(9)).await;
        assert_eq!(done.unwrap(), released, "{cause}");
    }
    assert_eq!(kept.stopped().await, None);
    assert!(store.strike(strike(id, "addr.unknown", Weight::Stops, 10)).await.unwrap(), "and may be stopped again");
    assert_eq!(store.do_not_send_list(&code("MRPL"), &Listed::default(), 10).await.unwrap().len(), 1);
}

async fn what_was_claimed_goes_unasked_only_until_an_address_is_stopped(kept: Kept) {
    let before = kept.claimed("1", 0).await;
    let unlisted = before.unlisted.unwrap();
    assert!(unlisted.holds());
    assert!(kept.strike(strike(before.id, "addr.unknown", Weight::Stops, 5)).await.unwrap());
    assert!(!unlisted.holds(), "the list is asked again");
    assert_eq!(kept.claimed("2", 6).await.unlisted, None);
}

async fn two_refusals_count_only_within_seven_days_and_not_of_what_was_under_way(kept: Kept) {
    let store = &kept.store;
    let week = 7 * 86_400;
    let (first, under_way) = (kept.accepted("1", 0).await, kept.accepted("2", 1).await);
    assert!(!store.strike(strike(first, "addr.disabled", Weight::Counts, 10)).await.unwrap());
    assert!(!store.strike(strike(first, "addr.disabled", Weight::Counts, 11)).await.unwrap(), "the same again");
    assert!(!store.strike(strike(under_way, "addr.disabled", Weight::Counts, 12)).await.unwrap());
    let late = kept.accepted("3", week + 60).await;
    assert!(!store.strike(strike(late, "addr.disabled", Weight::Counts, week + 70)).await.unwrap());
    let second = kept.accepted("4", week + 80).await;
    assert!(store.strike(strike(second, "addr.disabled", Weight::Counts, week + 90)).await.unwrap());
    store.forget_refusals(at(2 * week)).await.unwrap();
}

async fn what_came_back_is_joined_once_with_all_that_follows(kept: Kept) {
    let store = &kept.store;
    let gone = kept.accepted("1", 0).await;
    let bounce = came_back(News::Failed, "addr.unknown", 5);
    let follows = Follows { strike: Some(strike(gone, "addr.unknown", Weight::Stops, 5)), ..Follows::default() };
    let joined = store.join_returned(gone, bounce.clone(), follows.clone()).await.unwrap();
    assert_eq!(joined, Joined::Written { failed: true, again: false, stopped: true });
    assert_eq!(store.join_returned(gone, bounce, follows).await.unwrap(), Joined::Known);
    assert_eq!((kept.state(gone).await, kept.stopped().await.as_deref()), (State::Failed, Some("addr.unknown")));

    let spoofed = kept.accepted("2", 20).await;
    let follows = Follows { refused: Some("own".to_owned()), ..Follows::default() };
    let joined = store.join_returned(spoofed, came_back(News::Failed, "auth.dmarc", 25), follows).await.unwrap();
    assert_eq!(joined, Joined::Written { failed: false, again: true, stopped: false });
    assert_eq!(store.refused_under(spoofed).await.unwrap(), [SenderKind::Own]);
    let row = store.message(None, spoofed).await.unwrap().unwrap();
    assert_eq!((row.state, row.due_at), (State::Queued, Some(at(25))));
    assert!(store.cancel(code("MRPL"), spoofed, "desk".to_owned(), at(26)).await.unwrap());

    let full = kept.accepted("3", 30).await;
    let repeat = NewMessage { due_at: Some(at(3600)), ..message(35) };
    let follows = Follows { repeat: Some(repeat.clone()), ..Follows::default() };
    store.join_returned(full, came_back(News::Failed, "mailbox.full", 35), follows).await.unwrap();
    assert_eq!((kept.state(full).await, kept.state(repeat.id).await), (State::Failed, State::Queued));

    let complained = kept.accepted("4", 40).await;
    let complaint = came_back(News::Complaint, "complaint", 45);
    store.join_returned(complained, complaint, Follows::default()).await.unwrap();
    let row = store.message(None, complained).await.unwrap().unwrap();
    assert_eq!((row.state, row.cause.as_deref()), (State::Accepted, Some("complaint")));
}

async fn what_did_not_arrive_is_listed_until_it_is_seen_to(kept: Kept) {
    let store = &kept.store;
    let mut ids = Vec::new();
    for (request, second) in [("1", 0), ("2", 10), ("3", 20)] {
        let id = kept.accepted(request, second).await;
        store.join_returned(id, came_back(News::Failed, "policy", second + 1), Follows::default()).await.unwrap();
        ids.push(id);
    }
    let listed = async || store.unreached(Some(&code("MRPL")), at(0), None, 10).await.unwrap().len();
    assert_eq!(listed().await, 3);
    let seen = || SeenTo { how: "phone".into(), again: None, by: "desk".into(), note: String::new(), at: at(30) };
    assert!(store.see_to(code("MRPL"), ids[0], seen()).await.unwrap());
    assert!(!store.see_to(code("MRPL"), ids[0], seen()).await.unwrap());
    let row = store.message(None, ids[1]).await.unwrap().unwrap();
    let again = message(40);
    let repeated = store.repeat(row.clone(), again.clone(), "own,relay".into(), "desk".into(), at(40)).await.unwrap();
    assert_eq!(repeated, Repeated::Now);
    let twice = store.repeat(row, message(41), String::new(), "desk".into(), at(41)).await.unwrap();
    assert_eq!(twice, Repeated::Before(again.id));
    assert_eq!(store.refused_under(again.id).await.unwrap(), [SenderKind::Own, SenderKind::Relay]);
    assert_eq!(listed().await, 1);
    let failed = Filter { state: Some(State::Failed), since: Some(at(0)), ..Filter::default() };
    assert_eq!(store.messages_not_seen_to(&failed, 10).await.unwrap().len(), 1);
}

async fn a_hold_on_a_receiver_is_kept_until_it_ends(kept: Kept) {
    let hold = ReceiverHold {
        relay: "out1.notices.example".to_owned(),
        site: "mx.gmail.example".to_owned(),
        provider: "Gmail".to_owned(),
        cause: "policy.rate".to_owned(),
        reply: "421 4.7.28 slow down".to_owned(),
        since: at(0),
        until: at(600),
        times: 1,
    };
    kept.put_receiver_hold(hold.clone()).await.unwrap();
    let longer = ReceiverHold { until: at(1200), times: 2, ..hold };
    kept.put_receiver_hold(longer.clone()).await.unwrap();
    assert_eq!(kept.receiver_holds(at(700)).await.unwrap(), [longer]);
    assert_eq!(kept.receiver_holds(at(1200)).await.unwrap(), []);
}
