//! What still comes of messages whose patron is erased, or is being: it counts, and nothing of it says who that was.

use courtesy::channel::Channel;
use courtesy::id::{ErasureId, MessageId, ReturnedId};
use courtesy::notice::Language;
use courtesy::outcome::Cause;
use courtesy::outcome::stop::{ListedAddress, Strike, Weight};
use courtesy::queue::State;
use courtesy::store::{
    Consent, EventSlice, Follows, Gather, Joined, KnownAs, NewEvent, NewMessage, NewReply, NextSlice, Repeated,
    ReplyLimits, Settled,
};
use courtesy::timeline::{Attempt, Entry, News, Returned, What};
use jiff::SignedDuration;
use serde_json::json;

use crate::kept::Kept;
use crate::store::{at, event, settled};
use crate::world::{address, code};

const HERS: &str = "amira@patron.example";

practice::on_both_databases! {
    crate::kept::Kept::at;
    what_comes_back_counts_and_its_words_are_not_kept,
    what_came_back_for_somebody_being_erased_goes_out_to_nobody_again,
    what_was_under_way_is_settled_without_words,
    what_is_said_against_an_address_puts_it_on_no_list_but_what_they_refused_themselves,
    nothing_is_sent_again_or_told_together_for_them,
    whoever_is_first_no_message_with_an_address_is_left,
    a_number_that_takes_no_texts_is_not_kept_and_a_stop_is,
    what_they_wrote_goes_once_it_is_passed_on,
}

/// An event of patron 7, told to [`HERS`].
fn hers(request: &str, second: i64) -> NewEvent {
    let fields = json!({ "patron": { "id": "7", "email": HERS }, "fields": { "title": "The Overstory" } });
    let mut event =
        NewEvent { patron: "7".to_owned(), fields: fields.to_string(), ..event("MRPL", request, at(second)) };
    event.messages[0].address = HERS.to_owned();
    event
}

fn attempted() -> What {
    let attempt = Attempt {
        number: 1,
        sender: "shared".to_owned(),
        from: "mrpl@notices.example".to_owned(),
        return_path: "bounces.notices.example".to_owned(),
        why: "shared".to_owned(),
        relay: "relay.notices.example".to_owned(),
        source: None,
        provider: "Gmail".to_owned(),
        host: Some("mx.gmail.example".to_owned()),
        outcome: "refused".to_owned(),
        cause: Some("addr.unknown".to_owned()),
        reply: Some(format!("550 5.1.1 <{HERS}>: no such user")),
        tls: None,
        parts: None,
        took_ms: 1,
        transcript: format!("-> RCPT TO:<{HERS}>"),
    };
    What::Attempted(Box::new(attempt))
}

fn came_back(news: News, cause: &str, second: i64) -> Entry {
    let returned = Returned {
        report: ReturnedId::new(at(second)),
        digest: format!("digest of {second}"),
        news,
        cause: cause.to_owned(),
        reply: Some(550),
        status: Some("5.1.1".to_owned()),
        provider: Some("Gmail".to_owned()),
        words: format!("<{HERS}>: no such user"),
        host: Some(format!("{HERS} [192.0.2.1]")),
    };
    Entry { at: at(second), what: What::Returned(Box::new(returned)) }
}

fn strike(message: MessageId, cause: &str) -> Strike {
    let (library, reply) = (code("MRPL"), format!("550 <{HERS}>"));
    let address = ListedAddress::of(&address(HERS));
    let cause = Cause::of(cause);
    Strike { library, address, cause, weight: Weight::Stops, message, reply, by: "bounce", at: at(9) }
}

impl Kept {
    /// A message to her that her receiver took.
    async fn hers_accepted(&self, request: &str) -> MessageId {
        let event = hers(request, 0);
        let id = event.messages[0].id;
        self.accept(vec![event]).await.unwrap();
        for claimed in self.claim_all(at(1)).await {
            self.settle(vec![settled(&claimed, State::Accepted, at(1))]).await.unwrap();
        }
        id
    }

    async fn asked(&self) -> ErasureId {
        let known = KnownAs { keys: vec!["7".to_owned()], mails: [HERS.to_owned()].into(), ..KnownAs::default() };
        self.ask_erasure(code("MRPL"), known, [7; 32], "staff".to_owned(), at(2)).await.unwrap()
    }

    async fn erased(&self) {
        let id = self.asked().await;
        while let NextSlice::Of(EventSlice { events, .. }) = self.next_slice(id).await.unwrap() {
            let events = events.iter().map(|(id, ..)| *id).collect();
            self.erase_events((code("MRPL"), id), events, KnownAs::default(), at(3), at(3)).await.unwrap();
        }
        assert!(self.end_erasure(id, at(4)).await.unwrap());
    }

    /// What stands in the timeline, hidden or not.
    async fn story(&self, id: MessageId, erasure: Option<ErasureId>) -> String {
        if let Some(erasure) = erasure {
            // No slice of it was done: from here on it hides nothing.
            assert!(self.end_erasure(erasure, at(50)).await.unwrap());
        }
        format!("{:?}", self.timeline(id).await.unwrap())
    }
}

fn tells_nobody(story: &str) {
    assert!(!story.contains("patron.example") && !story.contains("no such user"), "{story}");
}

async fn what_comes_back_counts_and_its_words_are_not_kept(kept: Kept) {
    let (bounced, moaned) = (kept.hers_accepted("BC-1").await, kept.hers_accepted("BC-2").await);
    kept.erased().await;
    let entry = came_back(News::Failed, "addr.unknown", 10);
    let follows = Follows { strike: Some(strike(bounced, "addr.unknown")), ..Follows::default() };
    let joined = kept.join_returned(bounced, entry.clone(), follows).await.unwrap();
    assert_eq!(joined, Joined::Counted { failed: true });
    let row = kept.message(None, bounced).await.unwrap().unwrap();
    assert_eq!((row.state, row.cause.as_deref()), (State::Failed, Some("addr.unknown")));
    let story = kept.story(bounced, None).await;
    tells_nobody(&story);
    assert!(story.contains("addr.unknown") && story.contains("5.1.1") && story.contains("Gmail"), "{story}");
    assert_eq!(kept.do_not_send(&code("MRPL"), &ListedAddress::of(&address(HERS))).await.unwrap(), None);
    let again = kept.join_returned(bounced, entry, Follows::default()).await.unwrap();
    assert_eq!(again, Joined::Known, "once for each mail");
    let late = kept.join_returned(moaned, came_back(News::Delayed, "unknown", 11), Follows::default()).await.unwrap();
    assert_eq!(late, Joined::Counted { failed: false });
    tells_nobody(&kept.story(moaned, None).await);
}

async fn what_came_back_for_somebody_being_erased_goes_out_to_nobody_again(kept: Kept) {
    let (one, two) = (kept.hers_accepted("BC-1").await, kept.hers_accepted("BC-2").await);
    let to = (Channel::Mail, HERS.to_owned());
    let repeat = NewMessage::queued("overdue", Language::En, to, at(5), at(5) + SignedDuration::from_hours(4));
    let repeat_id = repeat.id;
    let erasure = kept.asked().await;
    // Made of what was read of the message a moment before.
    let follows = Follows { repeat: Some(repeat), ..Follows::default() };
    let entry = came_back(News::Failed, "mailbox.full", 10);
    assert_eq!(kept.join_returned(one, entry, follows).await.unwrap(), Joined::Counted { failed: true });
    assert!(kept.message(None, repeat_id).await.unwrap().is_none());
    let follows = Follows { refused: Some("own".to_owned()), ..Follows::default() };
    let entry = came_back(News::Failed, "auth.dmarc", 11);
    assert_eq!(kept.join_returned(two, entry, follows).await.unwrap(), Joined::Counted { failed: true });
    assert_eq!(kept.message(None, two).await.unwrap().unwrap().state, State::Failed);
    tells_nobody(&kept.story(one, Some(erasure)).await);
    tells_nobody(&kept.story(two, None).await);
}

async fn what_was_under_way_is_settled_without_words(kept: Kept) {
    let event = hers("BC-1", 0);
    let id = event.messages[0].id;
    kept.accept(vec![event, event_of_his()]).await.unwrap();
    let claimed = kept.claim_all(at(1)).await;
    let erasure = kept.asked().await;
    let mut his = None;
    for one in &claimed {
        let entries = vec![Entry { at: at(3), what: attempted() }];
        let cause = Some("addr.unknown".to_owned());
        kept.settle(vec![Settled { cause, entries, ..settled(one, State::Failed, at(3)) }]).await.unwrap();
        his = Some(one.id).filter(|other| *other != id).or(his);
    }
    let row = kept.message(None, id).await.unwrap().unwrap();
    assert_eq!((row.state, row.cause.as_deref()), (State::Failed, Some("addr.unknown")));
    let story = kept.story(id, Some(erasure)).await;
    tells_nobody(&story);
    assert!(story.contains("addr.unknown") && story.contains("refused"), "{story}");
    assert!(kept.story(his.unwrap(), None).await.contains("no such user"), "of others it is kept");
}

fn event_of_his() -> NewEvent {
    NewEvent { patron: "8".to_owned(), ..event("MRPL", "BC-HIS", at(0)) }
}

async fn what_is_said_against_an_address_puts_it_on_no_list_but_what_they_refused_themselves(kept: Kept) {
    let id = kept.hers_accepted("BC-1").await;
    kept.asked().await;
    let listed = async || kept.do_not_send(&code("MRPL"), &ListedAddress::of(&address(HERS))).await.unwrap();
    assert!(!kept.strike(strike(id, "addr.unknown")).await.unwrap());
    assert!(!kept.strike(Strike { weight: Weight::Counts, ..strike(id, "addr.disabled") }).await.unwrap());
    assert_eq!(listed().await, None);
    assert!(kept.strike(strike(id, "complaint")).await.unwrap(), "to forget that is to write to them again");
    assert_eq!(listed().await.unwrap().reply, "");
}

async fn nothing_is_sent_again_or_told_together_for_them(kept: Kept) {
    let id = kept.hers_accepted("BC-1").await;
    let old = kept.message(None, id).await.unwrap().unwrap();
    assert_eq!(old.address, HERS, "read a moment before");
    let waits = |request: &str| {
        let mut event = hers(request, 1);
        event.messages[0].gather = Some(Gather { at: at(2), with: [7; 16] });
        event.messages[0].due_at = Some(at(1000));
        event
    };
    let both = vec![waits("BC-2"), waits("BC-3")];
    let ids: Vec<MessageId> = both.iter().map(|event| event.messages[0].id).collect();
    kept.accept(both).await.unwrap();
    let erasure = kept.asked().await;
    let repeat = || {
        let to = (Channel::Mail, HERS.to_owned());
        NewMessage::queued("overdue", Language::En, to, at(3), at(3) + SignedDuration::from_hours(4))
    };
    let done = kept.repeat(old.clone(), repeat(), String::new(), "desk".to_owned(), at(3)).await.unwrap();
    assert_eq!(done, Repeated::Nameless);
    let telling = hers("digest", 3);
    assert!(!kept.gather(telling.clone(), ids, at(3)).await.unwrap());
    assert!(kept.message(None, telling.messages[0].id).await.unwrap().is_none());
    tells_nobody(&kept.story(id, Some(erasure)).await);
    kept.erased().await;
    let done = kept.repeat(old, repeat(), String::new(), "desk".to_owned(), at(60)).await.unwrap();
    assert_eq!(done, Repeated::Nameless, "nor once all is erased");
}

async fn whoever_is_first_no_message_with_an_address_is_left(kept: Kept) {
    let other = kept.again().await;
    for n in 0..12 {
        let id = kept.hers_accepted(&format!("BC-{n}")).await;
        let old = kept.message(None, id).await.unwrap().unwrap();
        let to = (Channel::Mail, HERS.to_owned());
        let again = NewMessage::queued("overdue", Language::En, to, at(3), at(3) + SignedDuration::from_hours(4));
        let again_id = again.id;
        let bounced = came_back(News::Failed, "addr.unknown", 10);
        let follows = Follows { strike: Some(strike(id, "addr.unknown")), ..Follows::default() };
        let (done, joined, ()) = tokio::join!(
            other.repeat(old, again, String::new(), "desk".to_owned(), at(3)),
            other.join_returned(id, bounced, follows),
            kept.erased(),
        );
        let is_made = done.unwrap() == Repeated::Now;
        joined.unwrap();
        let again = kept.message(None, again_id).await.unwrap();
        assert_eq!(again.map(|row| row.address), is_made.then(String::new));
        tells_nobody(&kept.story(id, None).await);
    }
    other.close().await;
}

async fn a_number_that_takes_no_texts_is_not_kept_and_a_stop_is(kept: Kept) {
    let id = kept.hers_accepted("BC-1").await;
    kept.asked().await;
    let said = |by: &str| Consent { given: false, at: at(5), how: "gateway".to_owned(), by: by.to_owned() };
    let note = async |number: &str, by: &str| {
        kept.note_refused_text(id, code("MRPL"), number.to_owned(), said(by)).await.unwrap();
        kept.consent(&code("MRPL"), number).await.unwrap().is_some()
    };
    assert!(!note("+16045550100", "sms.invalid").await);
    assert!(note("+16045550101", "sms.stop").await, "to forget that is to write to them again");
    assert!(!note("", "sms.stop").await, "of a message whose number is hidden already");
}

async fn what_they_wrote_goes_once_it_is_passed_on(kept: Kept) {
    let limits = ReplyLimits { passed_on_of_writer: 9, passed_on: 9, answered: 9 };
    let reply = |about: MessageId, second: i64| {
        let to = |address: &str, notice: &str| {
            let to = (Channel::Mail, address.to_owned());
            NewMessage::queued(notice, Language::En, to, at(second), at(second) + SignedDuration::from_hours(4))
        };
        NewReply {
            id: ReturnedId::new(at(second)),
            digest: format!("reply of {second}"),
            library: code("MRPL"),
            about: Some(about),
            request: "BC-1".to_owned(),
            writer: vec![1],
            mail: format!("From: {HERS}\r\n\r\nMay my sister pick it up?").into_bytes(),
            at: at(second),
            pass_on: Some(to("desk@library.example", "reply_passed_on")),
            answer: Some((to(HERS, "reply_answer"), vec![2, second.unsigned_abs().to_le_bytes()[0]], "en".to_owned())),
        }
    };
    let id = kept.hers_accepted("BC-1").await;
    let before = kept.keep_reply(reply(id, 1), limits).await.unwrap().unwrap();
    for claimed in kept.claim_all(at(1)).await {
        kept.settle(vec![settled(&claimed, State::Accepted, at(1))]).await.unwrap();
    }
    let (passed_on, answered) = (before.passed_on.unwrap(), before.answered.unwrap());
    assert!(kept.reply_mail(passed_on).await.unwrap().is_some());
    while kept.erase_answers(code("MRPL"), HERS.to_owned()).await.unwrap() {}
    kept.erased().await;
    assert!(kept.reply_mail(passed_on).await.unwrap().is_none(), "the library has it");
    assert_eq!(kept.message(None, answered).await.unwrap().unwrap().address, "");
    assert_eq!(kept.message(None, passed_on).await.unwrap().unwrap().address, "desk@library.example");
    // A person wrote it, so the library gets it all the same.
    let after = kept.keep_reply(reply(id, 10), limits).await.unwrap().unwrap();
    assert_eq!(after.answered, None, "it would keep the address");
    let passed_on = after.passed_on.unwrap();
    kept.forget_replies(at(0)).await.unwrap();
    assert!(kept.reply_mail(passed_on).await.unwrap().is_some(), "it is on its way");
    for claimed in kept.claim_all(at(11)).await {
        kept.settle(vec![settled(&claimed, State::Accepted, at(11))]).await.unwrap();
    }
    kept.forget_replies(at(0)).await.unwrap();
    assert!(kept.reply_mail(passed_on).await.unwrap().is_none());
}
