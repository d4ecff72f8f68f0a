//! Ladders: the next way is tried when one has failed or waited too long; a patron is told once.

use std::time::Duration;

use courtesy::channel::Channel;
use courtesy::id::MessageId;
use courtesy::queue::State;
use courtesy::store::{Filter, MessageRow};
use courtesy::timeline::What;
use jiff::SignedDuration;
use practice::provider::Trouble;
use serde_json::json;

use crate::texts::{call_back, texting, texting_world, value, with_phone};
use crate::world::{World, code};

/// An event of a patron who agreed to text messages.
fn agreed(request: &str, email: &str) -> serde_json::Value {
    let mut event = with_phone("MRPL", request, email);
    event["patron"]["texts"] = json!(true);
    event
}

/// The message that took the place of `id`.
pub(crate) async fn next(world: &World, id: MessageId) -> MessageRow {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let climbed = world.timeline(id).await.into_iter().find_map(|entry| match entry.what {
            What::Climbed { again, .. } => Some(again),
            _ => None,
        });
        if let Some(again) = climbed {
            return world.row(again).await;
        }
        assert!(tokio::time::Instant::now() < deadline, "nothing takes the place of {:?}", world.row(id).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn all(world: &World) -> Vec<MessageRow> {
    world.app().store.messages(&Filter { library: Some(code("MRPL")), ..Filter::default() }, 50).await.unwrap()
}

#[tokio::test]
async fn an_address_that_does_not_exist_ends_in_a_text_message_and_that_in_a_letter() {
    let (world, gateway) = texting_world(json!({ "ladder": ["mail", "text", "letter"] })).await;
    let mut event = agreed("BC-1", "nobody@gmail.example");
    event["patron"]["address"] = json!(["12 Rue des Érables", "Maple Ridge BC  V2X 0A1"]);
    let mail = world.tell_one(&event).await;
    let failed = world.over(mail).await;
    assert_eq!((failed.state, failed.cause.as_deref()), (State::Failed, Some("addr.unknown")));

    let text = next(&world, mail).await;
    assert_eq!((text.channel, text.address.as_str()), (Channel::Text, "+16045550123"));
    let waited = text.created_at.duration_since(failed.changed_at);
    assert!(waited < SignedDuration::from_secs(60), "within a minute of the refusal: {waited}");
    world.until_state(text.id, State::Accepted).await;
    assert_eq!(world.kinds(text.id).await, ["next_way", "attempted"]);
    assert_eq!(gateway.forms().len(), 1);
    assert_eq!(all(&world).await.len(), 2, "told once");

    // The telephone never got it: the letter is next, and the last.
    let query = format!("message={}", text.id);
    let receipt = [("MessageSid", "SM1"), ("MessageStatus", "undelivered"), ("ErrorCode", "30005")];
    assert_eq!(call_back(&world, &query, &receipt).await, 200);
    let letter = next(&world, text.id).await;
    assert_eq!(
        (letter.channel, letter.state, letter.cause.as_deref()),
        (Channel::Letter, State::Held, Some("letter.to_post"))
    );
    assert_eq!(world.app().intake.climb(courtesy::clock::now()).await.unwrap(), 0, "nothing is climbed twice");
    assert_eq!(all(&world).await.len(), 3);
}

#[tokio::test]
async fn who_prefers_text_messages_gets_no_mail() {
    let (world, gateway) = texting_world(json!({ "ladder": ["text", "mail"] })).await;
    let text = world.tell_one(&agreed("BC-1", "patron@gmail.example")).await;
    let row = world.over(text).await;
    assert_eq!((row.channel, row.state), (Channel::Text, State::Accepted));
    assert_eq!(value(&gateway.forms()[0], "To"), "+16045550123");
    assert!(world.offered("patron@gmail.example").is_empty());

    // Without their word nobody is texted.
    let mut event = with_phone("MRPL", "BC-2", "patron@gmail.example");
    event["patron"]["phone"] = json!("604 555 0199");
    event["patron"]["ref"] = json!("777");
    let mail = world.tell_one(&event).await;
    assert_eq!(world.over(mail).await.channel, Channel::Mail);
}

#[tokio::test]
async fn a_text_message_that_is_refused_goes_by_mail() {
    let (world, gateway) = texting_world(json!({ "ladder": ["text", "mail"] })).await;
    gateway.answer_next(
        400,
        json!({ "code": 21211, "message": "The 'To' number +16045550123 is not valid", "status": 400 }),
    );
    let text = world.tell_one(&agreed("BC-1", "patron@gmail.example")).await;
    let mail = next(&world, text).await;
    assert_eq!(mail.channel, Channel::Mail);
    world.until_state(mail.id, State::Accepted).await;
    assert_eq!(world.offered("patron@gmail.example").len(), 1);
    let timeline = world.get(&format!("/v1/messages/{text}/timeline")).await;
    assert!(!timeline.text.contains("5550123"), "{}", timeline.text);
    // The next notice does not try the number again.
    let second = world.tell_one(&agreed("BC-2", "patron@gmail.example")).await;
    assert_eq!(world.over(second).await.channel, Channel::Mail);
    assert_eq!(gateway.forms().len(), 1);
}

#[tokio::test]
async fn a_mail_that_waits_too_long_is_taken_back_before_the_text_message_leaves() {
    let (world, gateway) = texting_world(json!({ "ladder": ["mail", "text"], "next_after_hours": 2 })).await;
    let provider = world.outside.provider("gmail.example").unwrap();
    provider.disturb(Trouble { always_tempfail: true, ..Trouble::default() });
    let mail = world.tell_one(&agreed("BC-1", "patron@gmail.example")).await;
    world.until_state(mail, State::Delayed).await;
    let store = &world.app().store;
    let soon = courtesy::clock::now() + SignedDuration::from_mins(119);
    assert!(store.to_climb(soon, 10).await.unwrap().is_empty(), "not before its time");
    // It may be on the wire at the very moment: then it is left alone, and looked at again.
    let later = courtesy::clock::now() + SignedDuration::from_hours(2);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while world.row(mail).await.state != State::Cancelled {
        world.app().intake.climb(later).await.unwrap();
        assert!(tokio::time::Instant::now() < deadline, "{:?}", world.row(mail).await);
    }
    provider.disturb(Trouble::default());
    let text = next(&world, mail).await;
    assert_eq!(text.channel, Channel::Text);
    assert_eq!((text.state, gateway.forms().len()), (State::Queued, 0));
    assert!(
        world
            .offered("patron@gmail.example")
            .iter()
            .all(|kept| kept.decision != practice::provider::Decision::Accepted)
    );
}

#[tokio::test]
async fn an_event_without_an_address_goes_to_the_one_on_record() {
    let (world, _gateway) = texting_world(json!({})).await;
    let first = world.tell_one(&with_phone("MRPL", "BC-1", "patron@gmail.example")).await;
    world.over(first).await;
    let mut event = with_phone("MRPL", "BC-2", "");
    event["patron"].as_object_mut().unwrap().remove("email");
    let second = world.over(world.tell_one(&event).await).await;
    assert_eq!((second.state, second.address.as_str()), (State::Accepted, "patron@gmail.example"));
    // Another library knows nothing of it.
    world.put(texting("ALDR", json!({}))).await;
    event["library"] = json!("ALDR");
    let other = world.over(world.tell_one(&event).await).await;
    assert_eq!(other.cause.as_deref(), Some("addr.missing"));
}
