//! Text messages over HTTP: to a gateway that records what it is told and answers by a script, on real sockets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State as With;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use courtesy::channel::Channel;
use courtesy::config::{Config, Gateway};
use courtesy::id::MessageId;
use courtesy::library::Library;
use courtesy::queue::State;
use courtesy::staff::Role;
use serde_json::{Value, json};

use crate::web::Browser;
use crate::world::{World, address, read, ready, record};

const TOKEN: &str = "0123456789abcdef";
pub const NUMBER: &str = "+16045550123";

/// What a gateway was told: path, headers, body.
type Post = (String, HeaderMap, String);

/// A gateway that takes everything, but for what its script says.
#[derive(Clone, Default)]
pub struct Recorded {
    pub posts: Arc<Mutex<Vec<Post>>>,
    script: Arc<Mutex<VecDeque<(u16, Value)>>>,
}

impl Recorded {
    pub async fn start() -> (Self, String) {
        let gateway = Self::default();
        let app = Router::new().fallback(answer).with_state(gateway.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (gateway, url)
    }

    pub fn answer_next(&self, status: u16, body: Value) {
        self.script.lock().unwrap().push_back((status, body));
    }

    /// The values of every form that was posted.
    pub fn forms(&self) -> Vec<Vec<(String, String)>> {
        let posts = self.posts.lock().unwrap();
        posts.iter().map(|(_, _, body)| serde_urlencoded::from_str(body).unwrap()).collect()
    }
}

async fn answer(With(gateway): With<Recorded>, uri: Uri, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let number = {
        let mut posts = gateway.posts.lock().unwrap();
        posts.push((uri.path().to_owned(), headers, String::from_utf8(body.to_vec()).unwrap()));
        posts.len()
    };
    let scripted = gateway.script.lock().unwrap().pop_front();
    let (status, body) = scripted.unwrap_or((201, json!({ "sid": format!("SM{number}"), "status": "queued" })));
    (StatusCode::from_u16(status).unwrap(), body.to_string())
}

pub fn by_twilio(config: &mut Config, url: &str) {
    config.text.gateway = Some(Gateway::Twilio);
    config.text.from = "+16045550100".to_owned();
    config.text.twilio.url = url.to_owned();
    config.text.twilio.account = "AC1".to_owned();
    config.text.twilio.token = TOKEN.to_owned();
}

pub fn with_phone(library: &str, request: &str, email: &str) -> Value {
    let mut event = ready(library, request, email);
    event["patron"]["phone"] = json!("604 555 0123");
    event
}

pub fn value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    &form.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name} in {form:?}")).1
}

/// A library whose text messages never wait for the morning.
pub fn texting(code: &str, reach: Value) -> Library {
    let mut reach = reach;
    reach["quiet_from"] = json!("00:00");
    reach["quiet_to"] = json!("00:00");
    Library { reach: serde_json::from_value(reach).unwrap(), ..record(code) }
}

/// A world whose library reaches patrons as `reach` says, with a gateway for text messages; what failed is tried again soon.
pub async fn texting_world(reach: Value) -> (World, Recorded) {
    let (gateway, url) = Recorded::start().await;
    let world = World::with(|config| {
        by_twilio(config, &url);
        config.retry.schedule = vec![std::time::Duration::from_millis(200)];
    })
    .await;
    world.put(texting("MRPL", reach)).await;
    (world, gateway)
}

/// Signs and posts a form as Twilio does.
pub async fn call_back(world: &World, query: &str, form: &[(&str, &str)]) -> u16 {
    let path = if query.is_empty() { "/texts/twilio".to_owned() } else { format!("/texts/twilio?{query}") };
    let mut sorted = form.to_vec();
    sorted.sort_unstable();
    let public = world.app().config.url();
    let signed = sorted.iter().fold(format!("{public}{path}"), |text, (name, value)| text + name + value);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, TOKEN.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
    let body = serde_urlencoded::to_string(form).unwrap();
    world.request("POST", &path, "", &[("x-twilio-signature", &signature)], &body).await.status
}

/// Sends the message again by text message, and gives the new one.
async fn by_text(world: &World, id: MessageId, to: Option<&str>) -> (u16, Option<MessageId>) {
    world.over(id).await;
    let body = json!({ "channel": "text", "to": to });
    let answer = world.post(&format!("/v1/messages/{id}/resend"), &body).await;
    let new = answer.json()["id"].as_str().and_then(|id| id.parse().ok());
    (answer.status, new)
}

#[tokio::test]
async fn a_message_is_sent_again_as_a_text_message_and_its_receipt_stands_in_its_history() {
    let (gateway, url) = Recorded::start().await;
    let world = World::with(|config| by_twilio(config, &url)).await;
    world.put(texting("MRPL", json!({}))).await;
    let id = world.tell_one(&with_phone("MRPL", "BC-1", "nobody@gmail.example")).await;
    world.until_state(id, State::Failed).await;

    let (status, text) = by_text(&world, id, None).await;
    assert_eq!(status, 202);
    let text = text.unwrap();
    let row = world.over(text).await;
    assert_eq!((row.state, row.channel, row.address.as_str()), (State::Accepted, Channel::Text, NUMBER));
    let forms = gateway.forms();
    assert_eq!(forms.len(), 1);
    assert_eq!((value(&forms[0], "To"), value(&forms[0], "From")), (NUMBER, "+16045550100"));
    let body = value(&forms[0], "Body");
    assert!(body.starts_with("Maple Ridge Public Library: your loan is ready"), "{body}");
    assert!(body.ends_with("Reply STOP to end texts."), "the first one says how to end them: {body}");
    assert!(!body.contains("Overstory"), "no title: {body}");
    assert_eq!(gateway.posts.lock().unwrap()[0].0, "/2010-04-01/Accounts/AC1/Messages.json");

    let shown = world.get(&format!("/v1/messages/{text}")).await.json();
    assert_eq!((shown["channel"].as_str(), shown["to"].as_str()), (Some("text"), Some("+1••••••••23")));
    let attempts = world.attempts(text).await;
    assert_eq!(attempts[0].parts, Some(1));
    assert!(!attempts[0].transcript.contains("5550123"), "{}", attempts[0].transcript);

    let callback = value(&forms[0], "StatusCallback");
    let query = callback.split_once('?').unwrap().1;
    let receipt = [("MessageSid", "SM1"), ("MessageStatus", "delivered"), ("To", NUMBER)];
    assert_eq!(call_back(&world, query, &receipt).await, 200);
    assert_eq!(call_back(&world, query, &receipt).await, 200, "told twice");
    assert_eq!(world.kinds(text).await, ["repeats", "attempted", "returned"]);
    assert_eq!(world.row(text).await.state, State::Accepted);

    let forged = world
        .request("POST", "/texts/twilio", "", &[("x-twilio-signature", "AAAA")], "MessageSid=SM1&MessageStatus=failed")
        .await;
    assert_eq!(forged.status, 403);
}

#[tokio::test]
async fn a_receipt_that_it_did_not_arrive_fails_the_message() {
    let (_gateway, url) = Recorded::start().await;
    let world = World::with(|config| by_twilio(config, &url)).await;
    world.put(texting("MRPL", json!({}))).await;
    let id = world.tell_one(&with_phone("MRPL", "BC-1", "patron@gmail.example")).await;
    let (_, text) = by_text(&world, id, Some("604-555-0124")).await;
    let text = text.unwrap();
    world.until_state(text, State::Accepted).await;
    let receipt = [("MessageSid", "SM1"), ("MessageStatus", "undelivered"), ("ErrorCode", "30006")];
    assert_eq!(call_back(&world, "", &receipt).await, 200);
    let row = world.row(text).await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Failed, Some("sms.invalid")));
    // The number is left alone from now on.
    let (status, _) = by_text(&world, id, Some("604-555-0124")).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn whoever_writes_stop_gets_no_more_text_messages_until_they_write_start() {
    let (gateway, url) = Recorded::start().await;
    let world = World::with(|config| by_twilio(config, &url)).await;
    world.put(texting("MRPL", json!({}))).await;
    world.put(texting("ALDR", json!({}))).await;
    let id = world.tell_one(&with_phone("MRPL", "BC-1", "patron@gmail.example")).await;
    let (_, text) = by_text(&world, id, None).await;
    world.until_state(text.unwrap(), State::Accepted).await;

    let stop = [("MessageSid", "SM900"), ("From", NUMBER), ("To", "+16045550100"), ("Body", "Arrêt.")];
    assert_eq!(call_back(&world, "", &stop).await, 200);
    // Twilio has no French: we say that it was heard.
    let said = answered(&gateway, 2).await;
    assert!(said.starts_with("Bibliothèque de Maple Ridge : vous ne recevrez plus de textos"), "{said}");
    assert_eq!(standards::sms::count(&said), 1, "{said}");
    assert_eq!(by_text(&world, id, None).await.0, 409);
    // Staff see it where they look for addresses that are stopped; a library that never wrote there sees nothing.
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    desk.get("/staff/MRPL/do-not-send").await.must_say(NUMBER).must_say("The patron asked for no texts");
    let auditor = Browser::of(&world, Role::Auditor, Some("MRPL")).await;
    auditor.get("/staff/MRPL/do-not-send").await.must_say("The patron asked").must_not_say(NUMBER);
    let others = Browser::of(&world, Role::Desk, Some("ALDR")).await;
    others.get("/staff/ALDR/do-not-send").await.must_be(200).must_not_say("get no text messages");
    // A number serves many libraries: the word counts for all of them.
    let other = world.tell_one(&with_phone("ALDR", "BC-2", "patron@gmail.example")).await;
    assert_eq!(by_text(&world, other, None).await.0, 409);

    let start = [("MessageSid", "SM901"), ("From", NUMBER), ("To", "+16045550100"), ("Body", "START")];
    assert_eq!(call_back(&world, "", &start).await, 200);
    let (status, again) = by_text(&world, other, None).await;
    assert_eq!(status, 202);
    world.until_state(again.unwrap(), State::Accepted).await;
    assert_eq!(gateway.forms().len(), 3, "START is a word that Twilio answers itself");
}

/// What the text message number `n` said, once the gateway has it.
async fn answered(gateway: &Recorded, n: usize) -> String {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while gateway.forms().len() < n {
        assert!(tokio::time::Instant::now() < deadline, "{:?}", gateway.forms());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    value(&gateway.forms()[n - 1], "Body").to_owned()
}

#[tokio::test]
async fn whoever_asks_for_help_is_told_once_a_day_whose_texts_these_are_in_their_language() {
    let (gateway, url) = Recorded::start().await;
    let world = World::with(|config| by_twilio(config, &url)).await;
    world.put(texting("MRPL", json!({}))).await;
    let id = world.tell_one(&with_phone("MRPL", "BC-1", "patron@gmail.example")).await;
    let (_, text) = by_text(&world, id, None).await;
    world.until_state(text.unwrap(), State::Accepted).await;
    let write = |sid: &'static str, word: &'static str| {
        [("MessageSid", sid), ("From", NUMBER), ("To", "+16045550100"), ("Body", word)]
    };
    assert_eq!(call_back(&world, "", &write("SM901", "aide")).await, 200);
    let said = answered(&gateway, 2).await;
    assert!(said.contains("des nouvelles de vos demandes") && said.contains("ARRET"), "{said}");
    assert_eq!(standards::sms::count(&said), 1, "{said}");
    // The same again, and another word: only the other one is answered. What a stranger writes is not.
    assert_eq!(call_back(&world, "", &write("SM902", "AIDE")).await, 200);
    assert_eq!(call_back(&world, "", &write("SM903", "début")).await, 200);
    let said = answered(&gateway, 3).await;
    assert!(said.contains("vous recevrez de nouveau nos textos"), "{said}");
    let stranger = [("MessageSid", "SM904"), ("From", "+16045550177"), ("To", "+16045550100"), ("Body", "AIDE")];
    assert_eq!(call_back(&world, "", &stranger).await, 200);
    // What they write next is still about their loan, and reaches staff with its number.
    let row = world.app().store.last_beside_mail(NUMBER).await.unwrap().unwrap();
    assert_eq!(Some(row.id), text);
    assert_eq!(gateway.forms().len(), 3);
}

#[tokio::test]
async fn a_gateway_that_wants_less_is_asked_again_later() {
    let (gateway, url) = Recorded::start().await;
    let world = World::with(|config| {
        by_twilio(config, &url);
        config.retry.schedule = vec![std::time::Duration::from_millis(200)];
    })
    .await;
    world.put(texting("MRPL", json!({}))).await;
    gateway.answer_next(429, json!({ "code": 20429, "message": "Too Many Requests", "status": 429 }));
    let id = world.tell_one(&with_phone("MRPL", "BC-1", "patron@gmail.example")).await;
    let (_, text) = by_text(&world, id, None).await;
    let row = world.over(text.unwrap()).await;
    assert_eq!((row.state, row.attempts), (State::Accepted, 2));
    let attempts = world.attempts(row.id).await;
    assert_eq!(attempts[0].cause.as_deref(), Some("policy.rate"));
}

#[tokio::test]
async fn a_gateway_is_described_by_settings_alone() {
    let (gateway, url) = Recorded::start().await;
    let world = World::with(|config| {
        config.text.gateway = Some(Gateway::Http);
        config.text.from = "LIBRARY".to_owned();
        config.text.http.url = format!("{url}/send");
        config.text.http.header = "Authorization: Bearer s3cret".to_owned();
        config.text.http.secret = "hook".to_owned();
    })
    .await;
    world.put(texting("MRPL", json!({}))).await;
    let mut event = with_phone("MRPL", "BC-1", "patron@gmail.example");
    event["patron"]["language"] = json!("fr");
    let id = world.tell_one(&event).await;
    gateway.answer_next(200, json!({ "id": 77 }));
    let (_, text) = by_text(&world, id, None).await;
    let text = text.unwrap();
    world.until_state(text, State::Accepted).await;
    let (path, headers, body) = gateway.posts.lock().unwrap()[0].clone();
    assert_eq!((path.as_str(), headers["authorization"].to_str().unwrap()), ("/send", "Bearer s3cret"));
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((told["to"].as_str(), told["reference"].as_str()), (Some(NUMBER), Some(text.to_string().as_str())));
    assert!(
        told["text"].as_str().unwrap().starts_with("Bibliothèque de Maple Ridge : votre document est arrivé"),
        "{told}"
    );

    let wrong = world.request("POST", "/texts/http/guess", "", &[], r#"{"id":"77","status":"delivered"}"#).await;
    assert_eq!(wrong.status, 403);
    let receipt = world.request("POST", "/texts/http/hook", "", &[], r#"{"id":"77","status":"failed"}"#).await;
    assert_eq!(receipt.status, 204);
    assert_eq!(world.row(text).await.state, State::Failed);
}

#[tokio::test]
async fn what_a_patron_answers_reaches_the_librarys_staff_once() {
    let (_gateway, url) = Recorded::start().await;
    let world = World::with(|config| by_twilio(config, &url)).await;
    let staff = vec![address("patron-desk@gmail.example")];
    world.put(Library { borrowing_staff: staff, ..texting("MRPL", json!({})) }).await;
    let id = world.tell(&with_phone("MRPL", "BC-1", "patron@gmail.example")).await[0];
    let (_, text) = by_text(&world, id, None).await;
    world.until_state(text.unwrap(), State::Accepted).await;
    world.tell(&with_phone("MRPL", "BC-2", "patron-new@gmail.example")).await;
    let answer =
        [("MessageSid", "SM902"), ("From", NUMBER), ("To", "+16045550100"), ("Body", "Can my son pick it up?")];
    assert_eq!(call_back(&world, "", &answer).await, 200);
    assert_eq!(call_back(&world, "", &answer).await, 200, "told twice");
    let told = world.get("/v1/messages?notice=text_reply.borrowing").await.json();
    assert_eq!(told["data"].as_array().unwrap().len(), 1, "{told}");
    world.until_state(told["data"][0]["id"].as_str().unwrap().parse().unwrap(), State::Accepted).await;
    let mail = read(&world.offered("patron-desk@gmail.example")[0]);
    assert!(mail.text.contains("Can my son pick it up?") && mail.text.contains("BC-1"), "{}", mail.text);
    let known = world.get("/v1/patrons/MRPL/21234").await.json();
    assert_eq!(known["email"], "patron-new@gmail.example", "what an old event told of them is not told again");
}
