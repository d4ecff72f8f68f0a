//! Notifications, from the patron's button to their screen: through a push service on a real socket, read on the device.

mod kept;
mod service;

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use courtesy::channel::Channel;
use courtesy::id::MessageId;
use courtesy::push::receipt;
use courtesy::queue::State;
use courtesy::store::Subscription;
use courtesy::timeline::What;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::ladder::next;
use crate::texts::texting;
use crate::web::Browser;
use crate::world::{Answer, World, code, ready};
use service::{Device, PushService};

/// A world whose library reaches patrons as `reach` says, and a push service that may be on this machine.
async fn world(reach: Value) -> (World, PushService) {
    let service = PushService::start().await;
    let world = World::with(|config| {
        config.push.private = true;
        config.retry.schedule = vec![Duration::from_millis(100)];
    })
    .await;
    world.put(texting("MRPL", reach)).await;
    (world, service)
}

/// What a library's system is given for a patron: the pass and the key.
async fn pass(world: &World, patron: &str) -> (String, String) {
    let answer = world.post("/v1/libraries/MRPL/push-link", &json!({ "patron": patron })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let told = answer.json();
    (told["pass"].as_str().unwrap().to_owned(), told["key"].as_str().unwrap().to_owned())
}

async fn form(world: &World, path: &str, form: &[(&str, &str)]) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    world.request("POST", path, "", &headers, &serde_urlencoded::to_string(form).unwrap()).await
}

async fn subscribe(world: &World, device: &Device, pass: &str, key: &str) -> Answer {
    let (p256dh, auth) = (device.p256dh(), device.auth());
    let values = [("pass", pass), ("endpoint", &device.endpoint), ("p256dh", &p256dh), ("auth", &auth), ("key", key)];
    form(world, "/push/subscribe", &[&values[..], &[("name", "Firefox, Linux")]].concat()).await
}

/// A device of the patron that events of tests are about, turned on.
async fn turned_on(world: &World, service: &PushService, name: &str) -> Device {
    let device = Device::new(format!("{}/{name}", service.origin));
    let (pass, key) = pass(world, "21234").await;
    let answer = subscribe(world, &device, &pass, &key).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    device
}

fn event(request: &str) -> Value {
    ready("MRPL", request, "patron@gmail.example")
}

#[tokio::test]
async fn a_notification_is_read_on_the_device_and_the_patron_gets_no_mail_beside_it() {
    let (world, service) = world(json!({ "ladder": ["push", "mail"] })).await;
    let device = turned_on(&world, &service, "secret-endpoint").await;
    let id = world.tell_one(&event("BC-1")).await;
    let row = world.over(id).await;
    assert_eq!((row.channel, row.state, row.address.as_str()), (Channel::Push, State::Accepted, ""));
    assert_eq!(row.provider.as_deref(), Some("127.0.0.1"));
    let pushes = service.pushes();
    assert_eq!(pushes.len(), 1);
    let push = &pushes[0];
    assert_eq!((push.answered, push.path.as_str()), (201, "/secret-endpoint"));
    assert_eq!(push.header("urgency"), "high", "somebody waits for it");
    let ttl: u64 = push.header("ttl").parse().unwrap();
    assert!((86_390..=86_400).contains(&ttl), "until the mail leaves: {ttl}");

    let said = device.read(push);
    assert_eq!(said["web_push"], 8030);
    let shown = &said["notification"];
    assert_eq!(shown["title"], "Maple Ridge Public Library");
    assert!(!said.to_string().contains("Overstory"), "no title on a locked screen: {said}");
    assert_eq!(shown["tag"].as_str().unwrap(), push.header("topic"));
    assert!(world.offered("patron@gmail.example").is_empty());

    // The history says what was done, and nothing that would let others write on that screen.
    let timeline = world.get(&format!("/v1/messages/{id}/timeline")).await;
    assert!(timeline.text.contains("127.0.0.1") && !timeline.text.contains("secret-endpoint"), "{}", timeline.text);

    // The device says that it was shown; the tap leads to a page that says no more than the screen did.
    let word = shown["data"]["receipt"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(world.request("POST", "/push/seen", "", &[], word).await.status, 204);
    }
    assert_eq!(world.kinds(id).await, ["told", "attempted", "seen"]);
    let navigate = shown["navigate"].as_str().unwrap();
    let path = navigate.strip_prefix(&world.app().config.url()).unwrap();
    let page = Browser::stranger(&world).get(path).await;
    page.must_be(200).must_say("Maple Ridge Public Library");
    assert!(!page.html.contains("Overstory") && !page.html.contains("Amira"));
    let entries = world.timeline(id).await;
    assert!(matches!(entries.last().unwrap().what, What::Seen { opened: true }));
    assert_eq!(entries.len(), 4);
    assert_eq!(world.request("POST", "/push/seen", "", &[], "guessed").await.status, 204);
}

#[tokio::test]
async fn a_device_that_is_gone_is_forgotten_and_the_patron_is_told_by_mail() {
    let (world, service) = world(json!({ "ladder": ["push", "mail"] })).await;
    turned_on(&world, &service, "a").await;
    service.answer_next(410, None);
    let push = world.tell_one(&event("BC-1")).await;
    let mail = next(&world, push).await;
    let failed = world.row(push).await;
    assert_eq!((failed.state, failed.cause.as_deref()), (State::Failed, Some("push.expired")));
    assert_eq!(mail.channel, Channel::Mail);
    world.until_state(mail.id, State::Accepted).await;
    let second = world.over(world.tell_one(&event("BC-2")).await).await;
    assert_eq!(second.channel, Channel::Mail, "there is no device any more");
    assert_eq!(service.pushes().len(), 1);
}

#[tokio::test]
async fn one_device_of_two_is_enough_and_the_one_that_is_gone_is_forgotten() {
    let (world, service) = world(json!({ "ladder": ["push"] })).await;
    turned_on(&world, &service, "a").await;
    turned_on(&world, &service, "b").await;
    service.answer_next(404, None);
    let id = world.tell_one(&event("BC-1")).await;
    assert_eq!(world.over(id).await.state, State::Accepted);
    assert_eq!(service.pushes().len(), 2);
    let left = world.app().store.subscriptions_of(&code("MRPL"), "21234").await.unwrap();
    assert_eq!(left.len(), 1);
}

#[tokio::test]
async fn a_service_that_asks_to_wait_is_asked_again_no_sooner() {
    let (world, service) = world(json!({ "ladder": ["push"] })).await;
    turned_on(&world, &service, "a").await;
    service.answer_next(429, Some("2"));
    let id = world.tell_one(&event("BC-1")).await;
    let row = world.over(id).await;
    assert_eq!((row.state, row.attempts), (State::Accepted, 2));
    let attempts: Vec<_> =
        world.timeline(id).await.into_iter().filter(|entry| matches!(entry.what, What::Attempted(_))).collect();
    let waited = attempts[1].at.duration_since(attempts[0].at);
    assert!(waited >= SignedDuration::from_millis(1900), "{waited}");
    assert_eq!(world.attempts(id).await[0].cause.as_deref(), Some("policy.rate"));
}

#[tokio::test]
async fn what_comes_later_of_one_request_replaces_what_came_before() {
    let (world, service) = world(json!({ "ladder": ["push"] })).await;
    turned_on(&world, &service, "a").await;
    world.over(world.tell_one(&event("BC-1")).await).await;
    let mut later = event("BC-1");
    later["status"] = json!("pickup_reminder");
    let ids = world.tell(&later).await;
    world.over(ids[0]).await;
    world.over(world.tell_one(&event("BC-2")).await).await;
    let topics: Vec<String> = service.pushes().iter().map(|push| push.header("topic").to_owned()).collect();
    assert_eq!(topics.len(), 3, "{topics:?}");
    assert_eq!(topics[0], topics[1]);
    assert_ne!(topics[0], topics[2]);
    assert!(topics.iter().all(|topic| topic.len() == 32 && !topic.contains("BC")), "{topics:?}");
}

#[tokio::test]
async fn whoever_turns_them_on_is_told_by_them_although_the_library_begins_with_mail() {
    let (world, service) = world(json!({ "ladder": ["mail", "letter"] })).await;
    let before = world.over(world.tell_one(&event("BC-1")).await).await;
    assert_eq!(before.channel, Channel::Mail);
    turned_on(&world, &service, "a").await;
    let record = world.app().store.patron(&code("MRPL"), "21234").await.unwrap().unwrap();
    assert_eq!(record.order, [Channel::Push, Channel::Mail, Channel::Letter]);
    assert_eq!(record.patron.first_name.as_deref(), Some("Amira"), "what was known stays");
    let after = world.over(world.tell_one(&event("BC-2")).await).await;
    assert_eq!(after.channel, Channel::Push);
}

/// Messages that are to be climbed at this time.
async fn climbs(world: &World, at: jiff::Timestamp) -> Vec<MessageId> {
    let found = world.app().store.to_climb(at, 10).await.unwrap();
    found.into_iter().map(|(row, _)| row.id).collect()
}

#[tokio::test]
async fn a_notification_that_nobody_sees_is_followed_by_a_mail_and_one_that_was_shown_is_not() {
    let (world, service) = world(json!({ "ladder": ["push", "mail"], "next_after_hours": 2 })).await;
    let device = turned_on(&world, &service, "a").await;
    let unseen = world.tell_one(&event("BC-1")).await;
    world.over(unseen).await;
    let shown = world.tell_one(&event("BC-2")).await;
    world.over(shown).await;
    let pushes = service.pushes();
    let ttl: u64 = pushes[0].header("ttl").parse().unwrap();
    assert!((7190..=7200).contains(&ttl), "it is not kept beyond the time at which the mail leaves: {ttl}");
    let word = device.read(&pushes[1])["notification"]["data"]["receipt"].as_str().unwrap().to_owned();
    assert_eq!(receipt::read(&world.app().secret, &word), Some(shown));
    world.request("POST", "/push/seen", "", &[], &word).await;

    let soon = courtesy::clock::now() + SignedDuration::from_mins(119);
    assert!(climbs(&world, soon).await.is_empty());
    let later = courtesy::clock::now() + SignedDuration::from_hours(2);
    assert_eq!(climbs(&world, later).await, [unseen]);
    world.app().intake.climb(later).await.unwrap();
    let mail = next(&world, unseen).await;
    assert_eq!(mail.channel, Channel::Mail);
    assert_eq!(world.row(unseen).await.state, State::Accepted, "a push service took it, whatever came after");
    assert!(climbs(&world, later).await.is_empty(), "nothing is climbed twice");
}

#[tokio::test]
async fn a_notification_that_nobody_sees_for_a_day_is_followed_by_a_mail_although_the_library_names_no_hours() {
    let (world, service) = world(json!({ "ladder": ["push", "mail"] })).await;
    turned_on(&world, &service, "a").await;
    let unseen = world.tell_one(&event("BC-1")).await;
    assert_eq!(world.over(unseen).await.state, State::Accepted);
    let soon = courtesy::clock::now() + SignedDuration::from_hours(23);
    assert!(climbs(&world, soon).await.is_empty());
    let later = courtesy::clock::now() + SignedDuration::from_hours(24);
    world.app().intake.climb(later).await.unwrap();
    assert_eq!(next(&world, unseen).await.channel, Channel::Mail);
}

#[tokio::test]
async fn a_notification_without_another_way_is_kept_until_its_deadline() {
    let (world, service) = world(json!({ "ladder": ["push"] })).await;
    turned_on(&world, &service, "a").await;
    let id = world.tell_one(&event("BC-1")).await;
    let row = world.over(id).await;
    let ttl: i64 = service.pushes()[0].header("ttl").parse().unwrap();
    let left = row.deadline.duration_since(row.created_at).as_secs();
    assert!((left - 10..=left).contains(&ttl), "{ttl} of {left}");
}

#[tokio::test]
async fn a_browser_cannot_make_us_call_into_our_own_network() {
    let world = World::new().await;
    world.put(texting("MRPL", json!({ "ladder": ["push"] }))).await;
    let (pass, key) = pass(&world, "21234").await;
    for endpoint in [
        "http://127.0.0.1:8025/v1/zone",
        "https://127.0.0.1/a",
        "https://10.0.0.1/a",
        "https://[::1]/a",
        "https://169.254.169.254/latest",
        "http://push.example/a",
        "ftp://push.example/a",
        "https://name:word@push.example/a",
        "",
    ] {
        let refused = subscribe(&world, &Device::new(endpoint.to_owned()), &pass, &key).await;
        assert_eq!(refused.status, 422, "{endpoint}");
    }
    assert!(world.app().store.subscriptions_of(&code("MRPL"), "21234").await.unwrap().is_empty());
}

#[tokio::test]
async fn only_a_patrons_own_pass_turns_devices_on_and_off() {
    let (world, service) = world(json!({ "ladder": ["push"] })).await;
    let device = turned_on(&world, &service, "a").await;
    let (theirs, key) = pass(&world, "99999").await;
    for wrong in ["", "guessed", &theirs[..theirs.len() - 2]] {
        assert_eq!(subscribe(&world, &device, wrong, &key).await.status, 403, "{wrong}");
        assert_eq!(
            form(&world, "/push/unsubscribe", &[("pass", wrong), ("endpoint", &device.endpoint)]).await.status,
            403
        );
    }
    assert_eq!(subscribe(&world, &device, &theirs, "another-key").await.status, 422);
    // Another patron's pass turns off nothing of this one's.
    let off = [("pass", theirs.as_str()), ("endpoint", &device.endpoint)];
    assert_eq!(form(&world, "/push/unsubscribe", &off).await.status, 204);
    let store = &world.app().store;
    assert_eq!(store.subscriptions_of(&code("MRPL"), "21234").await.unwrap().len(), 1);

    let (own, _) = pass(&world, "21234").await;
    let page = Browser::stranger(&world).get(&format!("/push/on/{own}")).await;
    page.must_be(200).must_say("Firefox, Linux");
    assert!(!page.html.contains(&device.endpoint));
    let listed =
        regex::Regex::new(r#"name="device" value="([^"]+)""#).unwrap().captures(&page.html).unwrap()[1].to_owned();
    let off = |back: &str| {
        let values = [("pass", own.as_str()), ("device", &listed), ("back", back)];
        Some(serde_urlencoded::to_string(values).unwrap())
    };
    let browser = Browser::stranger(&world);
    let answer = browser.once("POST", "/push/unsubscribe", &[], off("/push/on/x")).await;
    assert_eq!((answer.status, answer.headers["location"].as_bytes()), (303, b"/push/on/x".as_slice()));
    assert!(store.subscriptions_of(&code("MRPL"), "21234").await.unwrap().is_empty());
    for elsewhere in ["//evil.example/", "/\\evil.example/", "/\t/evil.example/", "https://evil.example/"] {
        let away = browser.once("POST", "/push/unsubscribe", &[], off(elsewhere)).await;
        assert_eq!(away.status, 204, "nobody is led to {elsewhere}");
    }
}

#[tokio::test]
async fn a_pass_from_before_an_erasure_opens_nothing_of_whoever_has_the_number_next() {
    let (world, service) = world(json!({ "ladder": ["push"] })).await;
    let device = turned_on(&world, &service, "a").await;
    let store = &world.app().store;
    let on = async || store.subscriptions_of(&code("MRPL"), "21234").await.unwrap().len();
    let (own, key) = pass(&world, "21234").await;
    world.over(world.tell_one(&event("BC-1")).await).await;
    assert_eq!(subscribe(&world, &device, &own, &key).await.status, 201);
    assert_eq!(world.request("DELETE", "/v1/patrons/MRPL/21234", &world.key, &[], "").await.status, 202);
    assert_eq!((subscribe(&world, &device, &own, &key).await.status, on().await), (403, 0));
    // Somebody is told of by the same number.
    world.over(world.tell_one(&event("BC-2")).await).await;
    assert_eq!((subscribe(&world, &device, &own, &key).await.status, on().await), (403, 0));
    Browser::stranger(&world).get(&format!("/push/on/{own}")).await.must_be(404);
    let (new, key) = pass(&world, "21234").await;
    let other = Device::new(format!("{}/b", service.origin));
    assert_eq!((subscribe(&world, &other, &new, &key).await.status, on().await), (201, 1));
    let off = [("pass", own.as_str()), ("endpoint", &other.endpoint)];
    assert_eq!((form(&world, "/push/unsubscribe", &off).await.status, on().await), (403, 1));
    world.until_erased().await;
    assert_eq!(on().await, 1, "what is theirs stays when the last trace of the other is gone");
}

#[tokio::test]
async fn a_new_key_breaks_no_device_that_is_on() {
    let (world, service) = world(json!({ "ladder": ["push"] })).await;
    let old = turned_on(&world, &service, "old").await;
    let (_, before) = pass(&world, "21234").await;
    let answer = world.post("/v1/push/rotate", &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let (_, after) = pass(&world, "21234").await;
    assert_ne!(before, after);
    let new = turned_on(&world, &service, "new").await;
    world.over(world.tell_one(&event("BC-1")).await).await;
    let pushes = service.pushes();
    for (path, device, key) in [("/old", &old, &before), ("/new", &new, &after)] {
        let push = pushes.iter().find(|push| push.path == path).unwrap();
        assert!(push.header("authorization").ends_with(&format!("k={key}")), "{path}");
        assert_eq!((push.answered, device.read(push)["web_push"].as_u64()), (201, Some(8030)));
    }
}

#[tokio::test]
async fn a_device_whose_key_is_lost_keeps_no_other_from_being_told() {
    let (world, service) = world(json!({ "ladder": ["push"] })).await;
    turned_on(&world, &service, "lost").await;
    let store = &world.app().store;
    let lost = store.subscriptions_of(&code("MRPL"), "21234").await.unwrap().remove(0);
    let keep =
        async |device: Subscription| store.put_subscription(device, [0; 32], courtesy::clock::now()).await.unwrap();
    assert!(keep(Subscription { key: "lost".to_owned(), ..lost.clone() }).await);
    turned_on(&world, &service, "here").await;
    let row = world.over(world.tell_one(&event("BC-1")).await).await;
    assert_eq!(row.state, State::Accepted);
    assert_eq!(service.pushes().iter().map(|push| push.path.as_str()).collect::<Vec<_>>(), ["/here"]);
    assert_eq!(store.subscriptions_of(&code("MRPL"), "21234").await.unwrap().len(), 2, "it may be found again");
    // Where none has a key it is our fault: it waits, and no attempt counts.
    for device in store.subscriptions_of(&code("MRPL"), "21234").await.unwrap() {
        assert!(keep(Subscription { key: "lost".to_owned(), ..device }).await);
    }
    let waits = world.tell_one(&event("BC-2")).await;
    let row =
        world.until(waits, "put off", |row| row.due_at > Some(row.created_at) && row.state != State::Sending).await;
    assert_eq!((row.state.is_final(), row.attempts), (false, 0));
}

#[tokio::test]
async fn a_failed_mail_is_sent_again_as_a_notification() {
    let (world, service) = world(json!({})).await;
    let mail = world.tell_one(&ready("MRPL", "BC-1", "nobody@gmail.example")).await;
    world.until_state(mail, State::Failed).await;
    let wish = json!({ "channel": "push" });
    let refused = world.post(&format!("/v1/messages/{mail}/resend"), &wish).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    turned_on(&world, &service, "a").await;
    let answer = world.post(&format!("/v1/messages/{mail}/resend"), &wish).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let push: MessageId = answer.json()["id"].as_str().unwrap().parse().unwrap();
    let row = world.over(push).await;
    assert_eq!((row.channel, row.state), (Channel::Push, State::Accepted));
    assert_eq!(service.pushes().len(), 1);
}

#[tokio::test]
async fn notifications_are_read_by_somebody_elses_software() {
    let (world, service) = world(json!({ "ladder": ["push"] })).await;
    let device = turned_on(&world, &service, "a").await;
    world.over(world.tell_one(&event("BC-1")).await).await;
    let push = &service.pushes()[0];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/push/read_back.py");
    let Ok(mut python) = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
    else {
        println!("skipped: python3 is not here");
        return;
    };
    let told = json!({
        "private": URL_SAFE_NO_PAD.encode(&device.raw_private), "auth": device.auth(),
        "body": URL_SAFE_NO_PAD.encode(&push.body), "authorization": push.header("authorization"),
    });
    python.stdin.take().unwrap().write_all(told.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    if let Some(missing) = read["missing"].as_str() {
        println!("skipped: http_ece and py_vapid are not here ({missing})");
        return;
    }
    assert_eq!(read["proven"], true);
    let plain: Value = serde_json::from_str(read["plain"].as_str().unwrap()).unwrap();
    assert_eq!(plain, device.read(push));
}
