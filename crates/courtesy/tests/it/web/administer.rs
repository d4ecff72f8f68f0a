//! What administrators and operators have: webhooks, retention, the queue.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use courtesy::clock::now;
use courtesy::queue::State;
use courtesy::staff::Role;
use courtesy::store::{AuditFilter, Kept, RelayLook, Retention};
use jiff::SignedDuration;

use super::Browser;
use crate::world::{World, code, ready, record};

/// A system that takes events, and what it was posted.
async fn listener() -> (String, Arc<Mutex<Vec<String>>>) {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", socket.local_addr().unwrap());
    let posted = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&posted);
    let take = move |body: String| async move {
        kept.lock().unwrap().push(body);
        StatusCode::NO_CONTENT
    };
    let app = axum::Router::new().route("/hooks", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(socket, app).await });
    (url, posted)
}

#[tokio::test]
async fn a_webhook_is_added_tried_out_looked_at_and_removed() {
    let world = World::with(|config| config.https.private = true).await;
    world.library("MRPL").await;
    let (url, posted) = listener().await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let list = "/staff/MRPL/ill-admin/webhooks";
    let page = admin.get(list).await;
    page.must_say("There is no webhook yet");
    let add = format!("{list}/add");
    let wrong = admin.send(&page, &add, &[("url", "ftp://nowhere.example"), ("note", "ILS")]).await;
    wrong.must_be(422).must_say("begins with https://");
    assert!(wrong.html.contains("value=\"ILS\""), "what was typed is kept");
    let kinds = [("url", url.as_str()), ("note", "ILS live"), ("kind", "message.accepted"), ("kind", "webhook.test")];
    let made = admin.send(&page, &add, &kinds).await;
    made.must_be(200).must_say("ILS live").must_say("message.accepted").must_say("shown only once");
    let secret = regex::Regex::new(r"whsec_[\w+/=]{20,}").unwrap().find(&made.html).unwrap().as_str().to_owned();
    let id = regex::Regex::new(r"whk_\w{26}").unwrap().find(&made.html).unwrap().as_str().to_owned();
    let here = format!("{list}/{id}");
    let page = admin.get(&here).await;
    assert!(!page.html.contains(&secret), "it is shown only once");

    let act = format!("{here}/act");
    admin.send(&page, &act, &[("do", "sample")]).await.must_say("The sample was accepted. HTTP 204");
    assert_eq!(posted.lock().unwrap().len(), 1);
    let page = admin.get(&here).await;
    page.must_say("webhook.test").must_say("Delivered");
    let event = regex::Regex::new(r"dlv_\w{26}").unwrap().find(&page.html).unwrap().as_str().to_owned();
    let again = format!("{here}/deliveries/{event}/replay");
    admin.send(&page, &again, &[]).await.must_say("Posted again");
    admin.get(&format!("{here}?state=given_up")).await.must_say("No events in 30 days");
    let page = admin.get(&here).await;
    admin.send(&page, &act, &[("do", "off")]).await.must_say("It is off");
    admin.get(list).await.must_say("Off since");
    admin.get(&here).await.must_say("Switch on");
    let page = admin.get(&here).await;
    let renewed = admin.send(&page, &act, &[("do", "secret")]).await;
    assert!(renewed.html.contains("whsec_") && !renewed.html.contains(&secret));
    let page = admin.get(&here).await;
    admin.send(&page, &act, &[("do", "remove")]).await.must_say("There is no webhook yet");
    admin.get(&here).await.must_be(404);
    let filter = AuditFilter { what: Some("webhook".to_owned()), ..AuditFilter::default() };
    let found = world.app().store.audit(&filter, 20).await.unwrap();
    let found: Vec<_> = found.iter().map(|entry| entry.what.trim_start_matches("webhook.")).collect();
    assert_eq!(found, ["removed", "secret", "off", "replayed", "tested", "added"]);
}

#[tokio::test]
async fn shorter_times_are_confirmed_and_what_has_served_its_time_is_erased() {
    let world = World::new().await;
    world.library("MRPL").await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(id, State::Accepted).await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let here = "/staff/MRPL/ill-admin/retention";
    let page = admin.get(here).await;
    page.must_be(200).must_say("180 days").must_say("30 days").must_say("the consortium’s times");
    admin
        .send(&page, here, &[("content", "20"), ("talk", "30")])
        .await
        .must_be(422)
        .must_say("from 28 to 3650: letters");
    admin.send(&page, here, &[("content", "28"), ("talk", "6")]).await.must_be(422).must_say("from 7 to 3650");
    let asked = admin.send(&page, here, &[("content", "60"), ("talk", "30")]).await;
    asked.must_be(200).must_say("cannot be undone").must_say("0 messages will lose");
    let store = &world.app().store;
    assert_eq!(store.retention(Some(&code("MRPL"))).await.unwrap().0, Retention::default(), "not before it is sure");
    let sure = [("content", "60"), ("talk", "30"), ("sure", "yes")];
    admin.send(&asked, here, &sure).await.must_say("Saved").must_say("60 days");
    assert_eq!(store.retention(Some(&code("OTHR"))).await.unwrap(), (Retention::default(), false));
    let audit = admin.get("/staff/MRPL/ill-admin/audit").await;
    audit.must_say("Changed how long things are kept").must_say("180 60");

    let later = now() + SignedDuration::from_hours(24 * 61);
    let (kept, _) = store.retention(Some(&code("MRPL"))).await.unwrap();
    for what in Kept::ALL {
        let cutoff = kept.cutoff(what, later);
        assert_eq!(store.to_erase(&code("MRPL"), what, cutoff).await.unwrap(), 1);
        assert_eq!(store.erase_slice(code("MRPL"), what, cutoff, later, None).await.unwrap(), (1, false));
        assert_eq!(store.erase_slice(code("MRPL"), what, cutoff, later, None).await.unwrap(), (0, false));
        assert_eq!(store.to_erase(&code("MRPL"), what, cutoff).await.unwrap(), 0);
    }
    let row = world.row(id).await;
    assert_eq!((row.address.as_str(), row.state), ("", State::Accepted));
    let message = admin.get(&format!("/staff/MRPL/messages/{id}")).await;
    message.must_be(200).must_say("BC-1").must_not_say("Amira").must_not_say("MAIL FROM");
    admin.get(here).await.must_say("One message").must_say("Done up to");
    admin.get("/staff/MRPL/arrival").await.must_say("receivers accepted 1");
}

#[tokio::test]
async fn a_relay_that_is_not_well_is_said_above_and_one_out_of_use_is_not() {
    let world = World::new().await;
    let host = world.app().config.relay.now()[0].host.to_string();
    let findings = r#"[{"check":"ptr","is_well":false,"detail":"192.0.2.1 has no name"}]"#.to_owned();
    let look = RelayLook { host: host.clone(), at: now(), findings };
    world.app().store.put_relay_look(look).await.unwrap();
    let operator = Browser::of(&world, Role::Operator, None).await;
    let page = operator.get("/ops").await;
    page.must_be(200).must_say("relay needs attention").must_say("192.0.2.1 has no name");
    page.must_not_say("Everything is moving").must_not_say("Nothing is.");
    let drained = operator.send(&page, "/ops/relay", &[("relay", &host), ("do", "drain")]).await;
    drained.must_say("Everything is moving").must_say("(UTC), by");
}

#[tokio::test]
async fn an_operator_sees_whether_everything_moves_and_pauses_it() {
    let world = World::new().await;
    world.library("MRPL").await;
    let operator = Browser::of(&world, Role::Operator, None).await;
    let page = operator.get("/ops").await;
    page.must_be(200).must_say("Everything is moving").must_say("Nothing is.").must_say("out1.");
    let paused = operator.send(&page, "/ops/queue", &[("do", "pause")]).await;
    paused.must_say("Sending is paused for everybody").must_say("Resume sending");
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    operator.get("/ops").await.must_say("1 Waiting to be sent");
    let page = operator.get("/ops").await;
    operator.send(&page, "/ops/queue", &[("do", "resume"), ("library", "")]).await.must_say("Everything is moving");
    world.until_state(id, State::Accepted).await;
    operator.get("/ops").await.must_say("Gmail").must_say("1 of 1");
    let page = operator.get("/ops").await;
    operator.send(&page, "/ops/queue", &[("do", "flush")]).await.must_say("is tried now");
    let page = operator.get("/ops").await;
    operator.send(&page, "/ops/queue", &[("do", "pause"), ("library", "NONE")]).await.must_be(404);
    Browser::of(&world, Role::Consortium, None).await.get("/ops").await.must_be(403);
    let page = operator.get("/ops").await;
    let host = "out1.notices.example";
    let host = regex::Regex::new(r#"name="relay" value="([^"]+)""#)
        .unwrap()
        .captures(&page.html)
        .map_or(host.to_owned(), |found| found[1].to_owned());
    let drained = operator.send(&page, "/ops/relay", &[("relay", &host), ("do", "drain")]).await;
    drained.must_say("Out of use since");
    operator.send(&drained, "/ops/relay", &[("relay", &host), ("do", "resume")]).await.must_not_say("Out of use");
    let page = operator.get("/ops").await;
    let none = [("library", "MRPL"), ("notice", "overdue"), ("do", "let-go")];
    operator.send(&page, "/ops/brake", &none).await.must_be(404);
    world.put(record("MRPL")).await;
    let french = Browser::of(&world, Role::Operator, None).await.in_french();
    french
        .get("/consortium/audit")
        .await
        .must_say("chaque bibliothèque a sa propre liste")
        .must_say("A suspendu l’envoi")
        .must_say("A repris l’envoi");
}
