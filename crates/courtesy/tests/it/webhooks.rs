//! Webhooks: nothing that happens is lost, nothing private leaves, and what fails is tried again, replayed or switched off.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State as With;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use courtesy::clock::Timestamp;
use courtesy::id::WebhookId;
use courtesy::queue::State;
use courtesy::sender::{Record, RecordKind};
use courtesy::store::{Answered, DeliveryState, NewEvent, Replay, Settled, Webhook};
use courtesy::timeline::{Attempt, Entry, What};
use courtesy::webhook::{DISABLED_AFTER, Kind, Off, Secret, signature};
use jiff::SignedDuration;
use serde_json::{Value, json};
use standards::domain::Domain;

use crate::kept::Kept;
use crate::store::at;
use crate::world::{World, address, code, ready, record};

impl Kept {
    /// A webhook of this library, for these types of events; none given: all.
    async fn subscribed(&self, library: &str, kinds: &[Kind]) -> WebhookId {
        self.subscribed_at(0, library, kinds).await
    }

    async fn subscribed_at(&self, second: i64, library: &str, kinds: &[Kind]) -> WebhookId {
        let webhook = Webhook {
            id: WebhookId::new(at(second)),
            library: code(library),
            url: "https://ils.library.example/hooks".to_owned(),
            kinds: kinds.to_vec(),
            note: String::new(),
            secret: vec![1, 2, 3],
            old_secret: None,
            created_at: at(0),
            failing_since: None,
            off: None,
        };
        assert!(self.add_webhook(webhook.clone(), 10).await.unwrap());
        webhook.id
    }

    /// The types of events kept for a webhook, in the order in which they happened.
    async fn told(&self, library: &str, webhook: WebhookId) -> Vec<String> {
        let mut log = self.deliveries(&code(library), webhook, None, None, 100).await.unwrap();
        log.sort_by_key(|one| one.at);
        log.into_iter().map(|one| one.kind).collect()
    }

    /// One message of a library, and its one attempt settled.
    async fn one_accepted(&self, library: &str, second: i64) -> Settled {
        let now = at(second);
        assert_eq!(self.accept(vec![event(library, now)]).await.unwrap().len(), 1);
        let claimed = self.claim(vec![library.to_owned()], 10, now, now + LEASE).await.unwrap();
        let settled = Settled {
            id: claimed[0].id,
            attempt: claimed[0].attempt,
            tried: true,
            state: State::Accepted,
            cause: None,
            due_at: None,
            refused: String::new(),
            sender: Some("shared".to_owned()),
            provider: Some("Gmail".to_owned()),
            waits_for: None,
            at: at(second + 1),
            entries: vec![Entry { at: at(second + 1), what: attempted("accepted") }],
        };
        self.settle(vec![settled.clone()]).await.unwrap();
        settled
    }
}

const LEASE: SignedDuration = SignedDuration::from_mins(15);

fn attempted(outcome: &str) -> What {
    What::Attempted(Box::new(Attempt {
        number: 1,
        sender: "shared".to_owned(),
        from: "mrpl@notices.example".to_owned(),
        return_path: "notices.example".to_owned(),
        why: "shared".to_owned(),
        relay: "out1.notices.example".to_owned(),
        source: None,
        provider: "Gmail".to_owned(),
        host: None,
        outcome: outcome.to_owned(),
        cause: None,
        reply: None,
        tls: None,
        parts: None,
        took_ms: 1,
        transcript: "RCPT TO:<patron@gmail.example>".to_owned(),
    }))
}

fn event(library: &str, now: Timestamp) -> NewEvent {
    NewEvent { natural_key: now.to_string(), ..crate::store::event(library, "BC-1", now) }
}

fn refused(again_at: Option<Timestamp>) -> Answered {
    let why = Some("it answered 500".to_owned());
    Answered { status: Some(500), why, again_at, off_where_failing_since: None, gone: false }
}

fn taken() -> Answered {
    Answered { status: Some(204), why: None, again_at: None, off_where_failing_since: None, gone: false }
}

practice::on_both_databases! {
    crate::kept::Kept::at;
    every_change_of_a_message_is_kept_for_its_librarys_webhooks_with_the_change,
    a_webhook_hears_only_of_the_types_it_asked_for,
    a_change_written_again_is_the_same_event,
    an_event_is_claimed_once_and_is_due_again_when_nobody_answers_for_it,
    what_was_missed_is_replayed_under_its_own_id,
    a_webhook_that_fails_for_five_days_is_off_and_staff_are_to_hear_of_it,
    a_webhook_that_is_off_gets_nothing_and_what_waited_goes_on_when_it_is_on,
    words_and_relays_are_told_to_whom_they_concern,
    a_record_that_comes_or_goes_is_told_once,
    a_webhook_belongs_to_its_library_alone,
    sixty_four_webhooks_of_a_dead_system_hide_no_other,
}

async fn due(store: &Kept, now: Timestamp) -> Vec<WebhookId> {
    store.webhooks_due(now, None, 10).await.unwrap().into_iter().map(|due| due.id).collect()
}

async fn sixty_four_webhooks_of_a_dead_system_hide_no_other(store: Kept) {
    const ROUND: u32 = 64;
    let mut dead = Vec::new();
    for number in 0..64 {
        dead.push(store.subscribed_at(number, &format!("DEAD{}", number / 10), &[]).await);
    }
    let living = store.subscribed_at(100, "MRPL", &[]).await;
    let tell = async |library: String, second| {
        store.tell_webhooks(code(&library), Kind::NoticePublished, json!({ "notice": "x" }), at(second)).await.unwrap();
    };
    tell("MRPL".to_owned(), 200).await;
    let (mut last, mut served) = (None, Vec::new());
    for round in 0..2 {
        for library in 0..7 {
            tell(format!("DEAD{library}"), 201 + round).await;
        }
        let now = at(210 + round);
        let due = store.webhooks_due(now, last, ROUND).await.unwrap();
        assert_eq!(due.len(), 64);
        for one in &due {
            let claimed = store.claim_deliveries(one.id, 10, now, now + LEASE).await.unwrap();
            for claimed in claimed {
                let answered = if one.id == living { taken() } else { refused(Some(now)) };
                store.delivery_answered(claimed, answered, now).await.unwrap();
            }
        }
        last = due.last().map(|one| one.id);
        served.push(due);
    }
    assert!(served[0].iter().map(|one| one.id).eq(dead.clone()), "the dead come first, and always have something due");
    assert_eq!(served[1][0].id, living, "and the living have their turn");
    assert!(served[1][1..].iter().map(|one| one.id).eq(dead[..63].iter().copied()), "then it begins anew");
    assert!(served[1][1..].iter().all(|one| one.is_failing) && !served[1][0].is_failing);
    assert_eq!(store.told("MRPL", living).await.len(), 1);
    let again = store.webhooks_due(at(213), last, 100).await.unwrap();
    assert_eq!(again.len(), 64, "each once, and none of who has nothing due");
}

async fn every_change_of_a_message_is_kept_for_its_librarys_webhooks_with_the_change(store: Kept) {
    let ours = store.subscribed("MRPL", &[]).await;
    let theirs = store.subscribed("ALDR", &[]).await;
    let settled = store.one_accepted("MRPL", 10).await;
    assert_eq!(store.told("MRPL", ours).await, ["message.queued", "message.accepted"]);
    assert_eq!(store.told("ALDR", theirs).await, [""; 0]);
    let log = store.deliveries(&code("MRPL"), ours, None, None, 10).await.unwrap();
    let body: Value = serde_json::from_str(&log[0].body).unwrap();
    assert_eq!(body["type"], "message.accepted");
    assert_eq!(body["data"]["message"], settled.id.to_string());
    assert_eq!(body["data"]["provider"], "Gmail");
    assert!(!log[0].body.contains("patron@") && !log[0].body.contains("Overstory"), "{}", log[0].body);
}

async fn a_webhook_hears_only_of_the_types_it_asked_for(store: Kept) {
    let only = store.subscribed("MRPL", &[Kind::MessageAccepted, Kind::PatronUnreached]).await;
    store.one_accepted("MRPL", 10).await;
    assert_eq!(store.told("MRPL", only).await, ["message.accepted"]);
}

async fn a_change_written_again_is_the_same_event(store: Kept) {
    let webhook = store.subscribed("MRPL", &[]).await;
    let settled = store.one_accepted("MRPL", 10).await;
    store.settle(vec![settled]).await.unwrap();
    assert_eq!(store.told("MRPL", webhook).await, ["message.queued", "message.accepted"]);
}

async fn an_event_is_claimed_once_and_is_due_again_when_nobody_answers_for_it(store: Kept) {
    let webhook = store.subscribed("MRPL", &[Kind::MessageAccepted]).await;
    assert_eq!(due(&store, at(20)).await, []);
    store.one_accepted("MRPL", 10).await;
    assert_eq!(due(&store, at(20)).await, [webhook]);
    let claimed = store.claim_deliveries(webhook, 10, at(20), at(320)).await.unwrap();
    assert_eq!((claimed.len(), claimed[0].attempt, claimed[0].tries), (1, 1, 1));
    assert_eq!(store.claim_deliveries(webhook, 10, at(21), at(321)).await.unwrap().len(), 0);
    let again = store.claim_deliveries(webhook, 10, at(321), at(621)).await.unwrap();
    assert_eq!((again[0].id, again[0].tries), (claimed[0].id, 2));
    // The first one comes late: what the second did stands.
    assert!(!store.delivery_answered(again[0].clone(), taken(), at(322)).await.unwrap());
    store.delivery_answered(claimed[0].clone(), refused(Some(at(330))), at(323)).await.unwrap();
    let log = store.deliveries(&code("MRPL"), webhook, None, None, 10).await.unwrap();
    assert_eq!((log[0].state, log[0].due_at), (DeliveryState::Delivered, None));
}

async fn what_was_missed_is_replayed_under_its_own_id(store: Kept) {
    let webhook = store.subscribed("MRPL", &[]).await;
    store.one_accepted("MRPL", 10).await;
    let claimed = store.claim_deliveries(webhook, 10, at(20), at(320)).await.unwrap();
    store.delivery_answered(claimed[0].clone(), taken(), at(21)).await.unwrap();
    store.delivery_answered(claimed[1].clone(), refused(None), at(21)).await.unwrap();
    let library = || code("MRPL");
    let given_up = store.deliveries(&library(), webhook, Some(DeliveryState::GivenUp), None, 10).await.unwrap();
    assert_eq!(given_up.iter().map(|one| one.id).collect::<Vec<_>>(), [claimed[1].id]);
    assert_eq!(store.replay(library(), webhook, Replay::Missed(at(0)), at(30)).await.unwrap(), 1);
    let again = store.claim_deliveries(webhook, 10, at(31), at(331)).await.unwrap();
    // A try of its own count: it has all of its tries again.
    assert_eq!((again.len(), again[0].id, again[0].tries), (1, claimed[1].id, 1));
    assert_eq!(store.replay(library(), webhook, Replay::All(at(0)), at(40)).await.unwrap(), 2);
    assert_eq!(store.replay(library(), webhook, Replay::One(claimed[0].id), at(40)).await.unwrap(), 1);
    assert_eq!(store.replay(code("ALDR"), webhook, Replay::All(at(0)), at(40)).await.unwrap(), 0);
}

async fn a_webhook_that_fails_for_five_days_is_off_and_staff_are_to_hear_of_it(store: Kept) {
    let webhook = store.subscribed("MRPL", &[Kind::MessageAccepted]).await;
    store.one_accepted("MRPL", 10).await;
    let five_days = DISABLED_AFTER.as_secs();
    let mut off = Vec::new();
    for second in [20, 5_000, five_days + 19, five_days + 20] {
        let claimed = store.claim_deliveries(webhook, 1, at(second), at(second + 1)).await.unwrap();
        let since = Some(at(second) - DISABLED_AFTER);
        let answered = Answered { off_where_failing_since: since, ..refused(Some(at(second + 1))) };
        off.push(store.delivery_answered(claimed[0].clone(), answered, at(second)).await.unwrap());
    }
    assert_eq!(off, [false, false, false, true]);
    let untold = store.webhooks_untold().await.unwrap();
    assert_eq!(
        untold.iter().map(|one| (one.id, one.off)).collect::<Vec<_>>(),
        [(webhook, Some((at(five_days + 20), Off::Failing)))]
    );
    store.webhook_told(code("MRPL"), webhook).await.unwrap();
    assert_eq!(store.webhooks_untold().await.unwrap(), []);
    // What happens meanwhile is kept, and posted with what was given up once it is on.
    store.one_accepted("MRPL", five_days + 30).await;
    assert_eq!(due(&store, at(five_days + 60)).await, []);
    assert!(store.switch_webhook(code("MRPL"), webhook, true, at(five_days + 60)).await.unwrap());
    let due = store.claim_deliveries(webhook, 10, at(five_days + 60), at(five_days + 360)).await.unwrap();
    assert_eq!(due.iter().map(|one| one.tries).collect::<Vec<_>>(), [1, 1]);
}

async fn a_webhook_that_is_off_gets_nothing_and_what_waited_goes_on_when_it_is_on(store: Kept) {
    let webhook = store.subscribed("MRPL", &[Kind::MessageAccepted]).await;
    store.one_accepted("MRPL", 10).await;
    assert!(store.switch_webhook(code("MRPL"), webhook, false, at(20)).await.unwrap());
    assert!(!store.switch_webhook(code("MRPL"), webhook, false, at(20)).await.unwrap());
    assert_eq!(due(&store, at(20)).await, []);
    store.one_accepted("MRPL", 30).await;
    assert_eq!(store.told("MRPL", webhook).await, ["message.accepted"]);
    assert!(store.switch_webhook(code("MRPL"), webhook, true, at(40)).await.unwrap());
    assert_eq!(due(&store, at(40)).await, [webhook]);
}

async fn words_and_relays_are_told_to_whom_they_concern(store: Kept) {
    let (ours, theirs) = (store.subscribed("MRPL", &[]).await, store.subscribed("ALDR", &[]).await);
    let save = |library: &str, second| {
        let source = Some(format!("words of {second}"));
        store.save_words(
            library.to_owned(),
            "overdue".to_owned(),
            "en".to_owned(),
            source,
            "key".to_owned(),
            at(second),
        )
    };
    save("MRPL", 1).await.unwrap();
    assert_eq!(store.told("MRPL", ours).await, ["notice.published"]);
    assert_eq!(store.told("ALDR", theirs).await, [""; 0]);
    save("", 2).await.unwrap();
    assert_eq!(store.told("ALDR", theirs).await, ["notice.published"]);
}

async fn a_record_that_comes_or_goes_is_told_once(store: Kept) {
    let kinds = [Kind::DomainRecordFound, Kind::DomainRecordLost];
    let (ours, theirs) = (store.subscribed("MRPL", &kinds).await, store.subscribed("ALDR", &kinds).await);
    let look = |domain: &str, found: bool, second| {
        let domain = Domain::parse(domain).unwrap();
        let name = domain.below("ill").unwrap();
        let record = Record { kind: RecordKind::ReturnPath, name, found };
        store.keep_records(code("MRPL"), domain, vec![record], at(second))
    };
    // Not there yet: that is no news.
    look("maple.example", false, 1).await.unwrap();
    assert_eq!(store.told("MRPL", ours).await, [""; 0]);
    look("maple.example", true, 2).await.unwrap();
    look("maple.example", true, 3).await.unwrap();
    look("maple.example", false, 4).await.unwrap();
    assert_eq!(store.told("MRPL", ours).await, ["domain.record_found", "domain.record_lost"]);
    assert_eq!(store.told("ALDR", theirs).await, [""; 0]);
    let log = store.deliveries(&code("MRPL"), ours, None, None, 10).await.unwrap();
    let body: Value = serde_json::from_str(&log[0].body).unwrap();
    let data =
        json!({ "library": "MRPL", "domain": "maple.example", "record": "return_path", "name": "ill.maple.example" });
    assert_eq!(body["data"], data);
    // The library writes from another domain: what stood in the first one is none of its business any more.
    look("maple.example", true, 5).await.unwrap();
    look("ridge.example", true, 6).await.unwrap();
    look("maple.example", true, 7).await.unwrap();
    let found = store.told("MRPL", ours).await.iter().filter(|kind| *kind == "domain.record_found").count();
    assert_eq!(found, 4);
}

async fn a_webhook_belongs_to_its_library_alone(store: Kept) {
    let webhook = store.subscribed("MRPL", &[]).await;
    assert_eq!(store.webhook(&code("ALDR"), webhook).await.unwrap(), None);
    assert!(!store.remove_webhook(code("ALDR"), webhook).await.unwrap());
    assert!(!store.rotate_webhook(code("ALDR"), webhook, vec![9], at(1)).await.unwrap());
    assert!(store.remove_webhook(code("MRPL"), webhook).await.unwrap());
    assert_eq!(store.webhooks(&code("MRPL")).await.unwrap(), []);
}

/// A library's system: keeps what is posted, and answers as told.
struct Listener {
    url: String,
    posted: Mutex<Vec<(HeaderMap, String)>>,
    answers: Mutex<StatusCode>,
}

impl Listener {
    async fn start() -> Arc<Self> {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", socket.local_addr().unwrap());
        let listener = Arc::new(Self { url, posted: Mutex::default(), answers: Mutex::new(StatusCode::NO_CONTENT) });
        let take = |With(listener): With<Arc<Self>>, headers: HeaderMap, body: Bytes| async move {
            listener.posted.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
            *listener.answers.lock().unwrap()
        };
        let app = axum::Router::new().route("/hooks", axum::routing::post(take)).with_state(Arc::clone(&listener));
        tokio::spawn(async move { axum::serve(socket, app).await });
        listener
    }

    fn answer(&self, status: u16) {
        *self.answers.lock().unwrap() = StatusCode::from_u16(status).unwrap();
    }

    fn bodies(&self) -> Vec<Value> {
        self.posted.lock().unwrap().iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect()
    }

    /// Waits until an event of this type was posted `times`.
    async fn until(&self, kind: &str, times: usize) -> Value {
        for _ in 0..6000 {
            let of_kind: Vec<Value> = self.bodies().into_iter().filter(|body| body["type"] == kind).collect();
            if of_kind.len() >= times {
                return of_kind[times - 1].clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{kind} was never posted {times} times: {:?}", self.bodies());
    }
}

const WEBHOOKS: &str = "/v1/libraries/MRPL/webhooks";

async fn world() -> World {
    let world = World::with(|config| config.https.private = true).await;
    let mut library = record("MRPL");
    library.hide_titles = true;
    library.borrowing_staff = vec![address("patron-ill@gmail.example")];
    world.put(library).await;
    world
}

async fn add(world: &World, url: &str) -> (String, Secret) {
    let made = world.post(WEBHOOKS, &json!({ "url": url })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    (made["id"].as_str().unwrap().to_owned(), secret(&made))
}

fn secret(answer: &Value) -> Secret {
    let shown = answer["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    Secret::from_octets(base64::engine::general_purpose::STANDARD.decode(shown).unwrap()).unwrap()
}

/// The headers of a post, as the standard has them, signed by these secrets.
#[track_caller]
fn assert_signed(headers: &HeaderMap, body: &str, secrets: &[Secret]) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let at = Timestamp::from_second(header("webhook-timestamp").parse().unwrap()).unwrap();
    assert_eq!(header("webhook-signature"), signature(secrets, &header("webhook-id"), at, body));
    assert_eq!(header("content-type"), "application/json");
}

#[tokio::test]
async fn what_becomes_of_a_notice_is_posted_signed_and_without_address_or_title() {
    let (world, listener) = (world().await, Listener::start().await);
    let (id, secret) = add(&world, &listener.url).await;
    let message = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    let accepted = listener.until("message.accepted", 1).await;
    assert_eq!(accepted["data"]["message"], message.to_string());
    assert_eq!(accepted["data"]["state"], "accepted");
    assert_eq!(accepted["data"]["request"], "BC-1");
    listener.until("message.queued", 1).await;
    for (headers, body) in listener.posted.lock().unwrap().iter() {
        assert_signed(headers, body, std::slice::from_ref(&secret));
        for private in ["amira", "Amira", "Overstory", "Powers"] {
            assert!(!body.contains(private), "{private} in {body}");
        }
    }
    let log = world.get(&format!("{WEBHOOKS}/{id}/deliveries")).await.json();
    assert_eq!(log["data"].as_array().unwrap().len(), 3, "queued, sent, accepted: {log}");
}

#[tokio::test]
async fn while_a_secret_is_rotated_the_old_one_signs_as_well() {
    let (world, listener) = (world().await, Listener::start().await);
    let (id, old) = add(&world, &listener.url).await;
    let rotated = world.post(&format!("{WEBHOOKS}/{id}/rotate"), &Value::Null).await.json();
    let tested = world.post(&format!("{WEBHOOKS}/{id}/test"), &Value::Null).await.json();
    assert_eq!(tested, json!({ "delivered": true, "answer": 204 }));
    let posted = listener.posted.lock().unwrap();
    assert_signed(&posted[0].0, &posted[0].1, &[secret(&rotated), old]);
}

#[tokio::test]
async fn what_a_system_refused_is_posted_again_under_its_own_id() {
    let (world, listener) = (world().await, Listener::start().await);
    let (id, _) = add(&world, &listener.url).await;
    listener.answer(500);
    world.tell_one(&ready("MRPL", "BC-2", "patron@gmail.example")).await;
    listener.until("message.accepted", 1).await;
    listener.answer(204);
    let since = json!({ "since": "2026-01-01T00:00:00Z" });
    // Written down a moment after it was answered; until then there may be nothing to replay.
    world.post(&format!("{WEBHOOKS}/{id}/replay"), &since).await;
    listener.until("message.accepted", 2).await;
    let ids: Vec<(String, String)> = {
        let posted = listener.posted.lock().unwrap();
        let of =
            |(headers, body): &(HeaderMap, String)| (headers["webhook-id"].to_str().unwrap().to_owned(), body.clone());
        posted.iter().filter(|(_, body)| body.contains("message.accepted")).map(of).collect()
    };
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_system_that_is_gone_is_left_alone_and_staff_are_told_once() {
    let (world, listener) = (world().await, Listener::start().await);
    let (id, _) = add(&world, &listener.url).await;
    listener.answer(410);
    world.tell_one(&ready("MRPL", "BC-3", "patron@gmail.example")).await;
    for _ in 0..6000 {
        if !world.offered("patron-ill@gmail.example").is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let told = world.offered("patron-ill@gmail.example");
    assert_eq!(told.len(), 1);
    let mail = crate::world::read(&told[0]);
    assert_eq!(mail.subject, "We no longer tell 127.0.0.1 what became of your notices");
    assert!(mail.text.contains("gone for good (410)"), "{}", mail.text);
    let webhook = world.get(&format!("{WEBHOOKS}/{id}")).await.json();
    assert_eq!((&webhook["active"], &webhook["off_why"]), (&json!(false), &json!("gone")));
}

#[tokio::test]
async fn no_private_address_is_reached() {
    let world = World::new().await;
    world.library("MRPL").await;
    for url in ["http://127.0.0.1:1/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/x", "ftp://a.example"]
    {
        let answer = world.post(WEBHOOKS, &json!({ "url": url })).await;
        assert_eq!(answer.status, 422, "{url}: {}", answer.text);
        assert_eq!(answer.json()["errors"][0]["pointer"], "/url");
    }
}
