//! Letters in the store: which wait, that they are posted once, and what waits in the place of another message; on both databases.

use courtesy::channel::{Channel, Ladder, Rung, Word};
use courtesy::id::MessageId;
use courtesy::queue::State;
use courtesy::store::{NewEvent, NewMessage, Repeated};

use crate::kept::Kept;
use crate::store::{at, event};
use crate::world::code;

practice::on_both_databases! {
    crate::kept::Kept::at;
    a_letter_waits_for_its_library_alone_and_is_posted_once,
    a_letter_that_was_printed_is_not_taken_back_as_untrue,
    sending_again_hands_on_when_the_next_way_follows,
    sending_again_takes_back_all_that_waits_in_its_place,
    a_word_is_answered_once_a_day,
}

/// An event whose message is a letter that waits.
fn with_letter(library: &str, request: &str, second: i64) -> (NewEvent, MessageId) {
    let mut new = event(library, request, at(second));
    let letter = &mut new.messages[0];
    (letter.channel, letter.state, letter.address) = (Channel::Letter, State::Held, String::new());
    (letter.cause, letter.due_at) = (Some("letter.to_post".to_owned()), Some(letter.deadline));
    let id = letter.id;
    (new, id)
}

async fn a_letter_waits_for_its_library_alone_and_is_posted_once(kept: Kept) {
    let (first, one) = with_letter("MRPL", "BC-1", 0);
    let (second, other) = with_letter("ALDR", "BC-2", 1);
    kept.accept(vec![first, second, event("MRPL", "BC-3", at(2))]).await.unwrap();
    let waiting = kept.letters_to_post(&code("MRPL"), 10).await.unwrap();
    assert_eq!(waiting.iter().map(|row| row.id).collect::<Vec<_>>(), [one]);
    let by = || "A. Clerk".to_owned();
    assert_eq!(kept.posted(code("MRPL"), vec![one, other], by(), at(10)).await.unwrap(), 1, "not another library's");
    assert_eq!(kept.posted(code("MRPL"), vec![one], by(), at(11)).await.unwrap(), 0);
    let row = kept.message(None, one).await.unwrap().unwrap();
    assert_eq!((row.state, row.cause, row.due_at), (State::Accepted, None, None));
    assert_eq!(kept.message(None, other).await.unwrap().unwrap().state, State::Held);
    assert!(kept.letters_to_post(&code("MRPL"), 10).await.unwrap().is_empty());
}

async fn a_letter_that_was_printed_is_not_taken_back_as_untrue(kept: Kept) {
    let (first, one) = with_letter("MRPL", "BC-1", 0);
    let (second, other) = with_letter("MRPL", "BC-2", 1);
    kept.accept(vec![first, second]).await.unwrap();
    kept.printed(code("ALDR"), vec![one, other], at(4)).await.unwrap();
    kept.printed(code("MRPL"), vec![one], at(5)).await.unwrap();
    kept.printed(code("MRPL"), vec![one], at(6)).await.unwrap();
    let waiting = kept.letters_to_post(&code("MRPL"), 10).await.unwrap();
    assert_eq!(waiting.iter().map(|row| row.printed_at).collect::<Vec<_>>(), [Some(at(5)), None]);
    assert!(!kept.not_posted(code("MRPL"), one, "superseded", at(7)).await.unwrap(), "it may be in the post");
    assert!(kept.not_posted(code("MRPL"), other, "superseded", at(7)).await.unwrap());
}

async fn sending_again_hands_on_when_the_next_way_follows(kept: Kept) {
    let mut new = event("MRPL", "BC-1", at(0));
    let old = &mut new.messages[0];
    let rung = Rung { channel: Channel::Text, address: "+16045550123".to_owned() };
    old.ladder = Ladder { rungs: vec![rung], wait_s: Some(100) };
    old.due_at = Some(at(0));
    let id = old.id;
    kept.accept(vec![new.clone()]).await.unwrap();
    let mut second = again(&new, 50, "b@patron.example");
    second.ladder = Ladder::default();
    let waits = second.id;
    let old = kept.message(None, id).await.unwrap().unwrap();
    let done = kept.repeat(old, second, String::new(), "A. Clerk".to_owned(), at(50)).await.unwrap();
    assert_eq!(done, Repeated::Now);
    assert!(kept.to_climb(at(149), 10).await.unwrap().is_empty());
    let climbs = kept.to_climb(at(151), 10).await.unwrap();
    assert_eq!(climbs.iter().map(|(row, _)| row.id).collect::<Vec<_>>(), [waits]);
}

/// A message to another address that repeats one of `new`.
fn again(new: &NewEvent, second: i64, address: &str) -> NewMessage {
    let now = at(second);
    let message = new.messages[0].clone();
    NewMessage {
        id: MessageId::new(now),
        address: address.to_owned(),
        due_at: Some(now),
        entries: Vec::new(),
        ..message
    }
}

async fn sending_again_takes_back_all_that_waits_in_its_place(kept: Kept) {
    let new = event("MRPL", "BC-1", at(0));
    let mail = new.messages[0].id;
    kept.accept(vec![new.clone()]).await.unwrap();
    let (second, third) = (again(&new, 1, "b@patron.example"), again(&new, 2, "c@patron.example"));
    let waiting = second.id;
    for (message, second) in [(second, 1), (third, 2)] {
        let old = kept.message(None, mail).await.unwrap().unwrap();
        let done = kept.repeat(old, message, String::new(), "A. Clerk".to_owned(), at(second)).await.unwrap();
        assert_eq!(done, Repeated::Now);
    }
    assert_eq!(kept.message(None, waiting).await.unwrap().unwrap().state, State::Cancelled, "one is enough");
}

/// An event whose message answers HELP.
fn helped(request: &str, second: i64) -> NewEvent {
    let mut new = event("MRPL", request, at(second));
    let answer = &mut new.messages[0];
    (answer.channel, answer.notice) = (Channel::Text, Word::Help.notice().to_owned());
    answer.address = "+16045550123".to_owned();
    new
}

async fn a_word_is_answered_once_a_day(kept: Kept) {
    const DAY: i64 = 24 * 3600;
    let keep = async |new| kept.keep_text_answer(new, Word::Help.notice(), "+16045550123".to_owned()).await.unwrap();
    assert!(keep(helped("text-1", 0)).await);
    assert!(!keep(helped("text-2", 60)).await, "on the same day");
    assert!(!keep(helped("text-1", DAY + 1)).await, "the gateway tells the same text again");
    assert!(keep(helped("text-3", DAY + 2)).await);
    assert!(kept.last_beside_mail("+16045550123").await.unwrap().is_none(), "an answer is about no loan");
}
