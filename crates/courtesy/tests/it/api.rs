//! The HTTP door as its callers know it: what is taken, what is refused and in which words, and who may see what.

use std::path::Path;

use courtesy::http::{Audience, ROUTES};
use courtesy::queue::State;
use courtesy::store::Filter;
use practice::provider::Trouble;
use serde_json::{Value, json};

use crate::world::{Answer, World, code, read, ready, record};

/// A refusal is a problem document that names the field, with what to do.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, problem: &str, pointer: Option<&str>) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{}", answer.text);
    let json = answer.json();
    assert_eq!(json["code"], problem, "{json}");
    assert_eq!(json["type"], format!("/problems/{problem}"));
    assert_eq!(json["status"], status);
    for must in ["title", "detail"] {
        assert!(!json[must].as_str().unwrap().is_empty(), "{must}: {json}");
    }
    if let Some(pointer) = pointer {
        let errors = json["errors"].as_array().unwrap_or_else(|| panic!("no field is named: {json}"));
        assert!(errors.iter().any(|error| error["pointer"] == pointer), "{pointer}: {json}");
        assert!(!json["fix"].as_str().unwrap_or_default().is_empty(), "no fix: {json}");
    }
}

async fn events(world: &World, body: &str) -> Answer {
    world.request("POST", "/v1/events", &world.key, &[], body).await
}

#[tokio::test]
async fn every_wrong_event_is_refused_with_the_field_and_the_fix() {
    let world = World::new().await;
    world.library("MRPL").await;
    let good = ready("MRPL", "BC-1", "patron@gmail.example");
    for body in ["", "{", "\u{feff}{}", "{'request':1}", &format!("{good} {good}"), &format!("{good}x")] {
        assert_refused(&events(&world, body).await, 400, "json-invalid", None);
    }
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[last] = value;
        body
    };
    let invalid = [
        ("/patron/email", json!("not an address")),
        ("/patron/email", json!("a@b@c.example")),
        ("/patron/email", json!("patron@gmail.example\r\nBcc: everyone@gmail.example")),
        ("/patron/language", json!("tlh")),
        ("/patron/age", json!(7)),
        ("/library", json!("NO SUCH LIBRARY")),
        ("/library", json!("NOSUCH")),
        ("/status", json!("redy_for_pickup")),
        ("/side", json!("upside down")),
        ("/request", json!("")),
        ("/request", json!("x".repeat(500))),
        ("/request", json!("BC-1\nBC-2")),
        ("/request", json!(7)),
        ("/occurrence", json!("\u{0}")),
        ("/fields/tittle", json!("The Overstory")),
        ("/fields/title", json!(["The Overstory"])),
        ("/fields/pickup_by", json!("the day after tomorrow")),
        ("/colour", json!("blue")),
    ];
    for (pointer, value) in invalid {
        let answer = world.post("/v1/events", &with(pointer, value)).await;
        assert_refused(&answer, 422, "field-invalid", Some(pointer));
    }
    for pointer in ["/request", "/status"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(&pointer[1..]);
        assert_refused(&world.post("/v1/events", &body).await, 422, "field-invalid", Some(pointer));
    }
    let mut without_title = good.clone();
    without_title["fields"].as_object_mut().unwrap().remove("title");
    let answer = world.post("/v1/events", &without_title).await;
    assert_refused(&answer, 422, "field-missing", Some("/fields/title"));

    let nothing = world.app().store.messages(&Filter::default(), 10).await.unwrap();
    assert_eq!(nothing, [], "what was refused has left no trace");
}

#[tokio::test]
async fn a_mistyped_status_or_field_is_answered_with_the_one_that_was_meant() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut body = ready("MRPL", "BC-1", "patron@gmail.example");
    body["status"] = json!("redy_for_pickup");
    let answer = world.post("/v1/events", &body).await;
    assert!(answer.json()["detail"].as_str().unwrap().contains("did you mean ready_for_pickup"), "{}", answer.text);
    body["status"] = json!("ready_for_pickup");
    body["fields"]["tittle"] = json!("x");
    let answer = world.post("/v1/events", &body).await;
    assert!(answer.json()["detail"].as_str().unwrap().contains("did you mean title"), "{}", answer.text);
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut body = ready("MRPL", "BC-1", "nonsense");
    body["status"] = json!("nonsense");
    body["side"] = json!("nonsense");
    let answer = world.post("/v1/events", &body).await;
    for pointer in ["/patron/email", "/status", "/side"] {
        assert_refused(&answer, 422, "field-invalid", Some(pointer));
    }
}

#[tokio::test]
async fn a_refusal_is_titled_in_the_callers_language() {
    let world = World::new().await;
    let french = [("accept-language", "fr-CA,fr;q=0.9")];
    let answer = world.request("POST", "/v1/events", &world.key, &french, "{").await;
    assert_eq!(answer.json()["title"], "La requête n’est pas du JSON");
    let answer = world.request("GET", "/v1/messages", "", &french, "").await;
    assert_eq!(answer.json()["title"], "Aucune clé d’API valide");
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_not_read() {
    let world = World::with(|config| {
        config.limits.request_bytes = 20_000;
        config.limits.iso18626_bytes = 10_000;
        config.limits.batch_events = 3;
    })
    .await;
    world.library("MRPL").await;
    assert_refused(&events(&world, &" ".repeat(30_000)).await, 413, "body-too-large", None);
    let iso = world.request("POST", "/iso18626", &world.key, &[], &" ".repeat(15_000)).await;
    assert_refused(&iso, 413, "body-too-large", None);
    let batch = world.request("POST", "/v1/events:batch", &world.key, &[], &"{}\n".repeat(4)).await;
    assert_refused(&batch, 413, "batch-too-large", None);
}

#[tokio::test]
async fn an_address_that_is_none_and_a_method_it_does_not_take_are_problems_too() {
    let world = World::new().await;
    assert_refused(&world.get("/v1/nothing").await, 404, "not-found", None);
    assert_refused(&world.request("PATCH", "/v1/events", &world.key, &[], "").await, 405, "method-not-allowed", None);
    assert_refused(&world.get("/v1/messages?colour=blue").await, 422, "field-invalid", None);
    assert_refused(&world.get("/v1/messages?state=lost").await, 422, "field-invalid", Some("/state"));
    assert_refused(&world.get("/v1/messages?after=msg_1").await, 422, "field-invalid", Some("/after"));
    assert_refused(&world.get("/v1/messages/msg_1").await, 404, "not-found", None);
    for (problem, status, _) in courtesy::http::problem::all(courtesy::notice::Language::En) {
        let explained = world.get(&format!("/problems/{problem}")).await;
        assert_eq!(explained.status, 200);
        assert!(explained.text.contains(&status.to_string()), "{}", explained.text);
    }
}

#[tokio::test]
async fn each_line_of_a_batch_is_taken_or_refused_on_its_own() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut misspelt = ready("MRPL", "BC-2", "patron@gmail.example");
    misspelt["status"] = json!("overdoo");
    let mut keyed = ready("MRPL", "BC-4", "patron@gmail.example");
    keyed["idempotency_key"] = json!("k4");
    let lines = [
        ready("MRPL", "BC-1", "patron@gmail.example").to_string(),
        misspelt.to_string(),
        "{ not json".to_owned(),
        String::new(),
        keyed.to_string(),
        keyed.to_string(),
        ready("MRPL", "BC-1", "patron@gmail.example").to_string(),
    ];
    let answer = world.request("POST", "/v1/events:batch", &world.key, &[], &lines.join("\r\n")).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let answers = answer.lines();
    let told: Vec<(u64, u64)> =
        answers.iter().map(|line| (line["line"].as_u64().unwrap(), line["status"].as_u64().unwrap())).collect();
    assert_eq!(told, [(1, 202), (2, 422), (3, 400), (4, 202), (5, 202), (6, 202)], "{}", answer.text);
    assert_eq!(answers[1]["errors"][0]["pointer"], "/status");
    assert_eq!(answers[3]["id"], answers[4]["id"], "the same key, the same answer");
    assert_eq!(answers[0]["messages"][0]["id"], answers[5]["messages"][0]["id"], "the same event");
    assert_eq!(answers[5]["known_already"], true);
    assert_eq!(world.app().store.messages(&Filter::default(), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first_time_and_sends_nothing_twice() {
    let world = World::new().await;
    world.library("MRPL").await;
    let body = ready("MRPL", "BC-1", "patron@gmail.example").to_string();
    let key = [("idempotency-key", "event-7")];
    let first = world.request("POST", "/v1/events", &world.key, &key, &body).await;
    let again = world.request("POST", "/v1/events", &world.key, &key, &body).await;
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.text, again.text);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    assert_eq!(again.headers["idempotency-replayed"], "true");

    let other = ready("MRPL", "BC-2", "patron@gmail.example").to_string();
    let reused = world.request("POST", "/v1/events", &world.key, &key, &other).await;
    assert_refused(&reused, 422, "idempotency-reused", None);
    let empty = world.request("POST", "/v1/events", &world.key, &[("idempotency-key", "")], &other).await;
    assert_refused(&empty, 422, "field-invalid", Some("/idempotency_key"));
    // Another caller's key of the same name is another key.
    let mine = world.new_key(Some("MRPL")).await;
    let elsewhere = world.request("POST", "/v1/events", &mine, &key, &other).await;
    assert_eq!(elsewhere.status, 202, "{}", elsewhere.text);
    assert_eq!(world.app().store.messages(&Filter::default(), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn repetitions_at_the_same_moment_get_one_answer() {
    let world = std::sync::Arc::new(World::new().await);
    world.library("MRPL").await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let world = std::sync::Arc::clone(&world);
        callers.spawn(async move {
            let body = ready("MRPL", "BC-1", "patron@gmail.example").to_string();
            world.request("POST", "/v1/events", &world.key, &[("idempotency-key", "k")], &body).await.text
        });
    }
    let mut answers = callers.join_all().await;
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(world.app().store.messages(&Filter::default(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_told_again_shows_its_messages_as_they_are() {
    let world = World::new().await;
    let mut library = record("MRPL");
    library.cc = vec![crate::world::address("patron-desk@plain.example")];
    world.put(library).await;
    let event = ready("MRPL", "BC-1", "patron@gmail.example");
    let first = world.post("/v1/events", &event).await.json();
    world.library("MRPL").await;
    let again = world.post("/v1/events", &event).await.json();
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["known_already"], true);
    let ids = |answer: &Value| {
        let messages = answer["messages"].as_array().unwrap();
        messages
            .iter()
            .map(|one| (one["id"].to_string(), one["to"].to_string()))
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(ids(&again), ids(&first), "the copy is still among them");
}

#[tokio::test]
async fn a_dry_run_checks_and_keeps_nothing() {
    let world = World::new().await;
    world.library("MRPL").await;
    let body = ready("MRPL", "BC-1", "patron@gmail.example");
    let answer = world.post("/v1/events?dry_run=true", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["messages"][0]["plan"][0]["sender"], "shared");
    let batch = world.request("POST", "/v1/events:batch?dry_run=true", &world.key, &[], &body.to_string()).await;
    assert_eq!(batch.lines().len(), 1);
    assert_eq!(world.app().store.messages(&Filter::default(), 10).await.unwrap(), []);

    let csv = "code,name_en\nNEWL,New Library\n";
    let import = world.request("POST", "/v1/libraries:import?dry_run=true", &world.key, &[], csv).await;
    assert_eq!((import.status, import.json()["added"][0].as_str()), (200, Some("NEWL")), "{}", import.text);
    let put = serde_json::to_string(&record("NEWL")).unwrap();
    assert_eq!(world.request("PUT", "/v1/libraries/NEWL?dry_run=true", &world.key, &[], &put).await.status, 200);
    let switch = "/v1/libraries/MRPL/notices/overdue?dry_run=true";
    assert_eq!(world.request("PUT", switch, &world.key, &[], r#"{"on":false}"#).await.status, 200);
    assert!(world.app().book.library(&code("NEWL")).is_none());
    assert!(world.app().book.library(&code("MRPL")).unwrap().switches.is_empty());
    assert_eq!(world.outside.mailboxes().count(), 0);
}

#[tokio::test]
async fn nothing_that_was_answered_202_is_lost() {
    let world = std::sync::Arc::new(World::new().await);
    world.library("MRPL").await;
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..10 {
        let world = std::sync::Arc::clone(&world);
        callers.spawn(async move {
            let mut taken = Vec::new();
            for number in 0..10 {
                let email = format!("patron-{caller}-{number}@gmail.example");
                let answer = world.post("/v1/events", &ready("MRPL", &format!("BC-{caller}-{number}"), &email)).await;
                assert_eq!(answer.status, 202, "{}", answer.text);
                taken.push((answer.json()["messages"][0]["id"].as_str().unwrap().parse().unwrap(), email));
            }
            taken
        });
    }
    for (id, email) in callers.join_all().await.into_iter().flatten() {
        assert_eq!(world.over(id).await.state, State::Accepted);
        assert_eq!(world.offered(&email).len(), 1, "once each");
    }
}

// Who may see what.

#[tokio::test]
async fn every_route_but_the_public_ones_wants_a_key() {
    let world = World::new().await;
    for (method, path, audience) in ROUTES {
        let path = path.replace("{code}", "not-found").replace("{id}", "x").replace("{library}", "MRPL");
        let path = path.replace("{notice}", "overdue").replace("{language}", "en");
        let answer = world.request(method, &path, "", &[], "").await;
        if *audience == Audience::Public {
            let wanted = match path.as_str() {
                "/push/seen" => 204,
                // A gateway for text messages shows itself by its own signature, a browser by its patron's pass, and not by a key.
                path if path.starts_with("/texts/") || path.starts_with("/push/") => 403,
                // No authority has asked for it.
                path if path.contains("/acme-challenge/") => 404,
                _ => 200,
            };
            assert_eq!(answer.status, wanted, "{method} {path} {}", answer.text);
            continue;
        }
        for key in ["", "cty_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", "Bearer"] {
            let answer = world.request(method, &path, key, &[], "").await;
            assert_refused(&answer, 401, "key-missing", None);
            assert!(answer.headers.contains_key("www-authenticate"));
        }
    }
}

#[tokio::test]
async fn a_librarys_key_opens_nothing_of_another_library() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("ALDR").await;
    world.outside.provider("gmail.example").unwrap().disturb(Trouble { always_tempfail: true, ..Trouble::default() });
    let theirs = world.tell_one(&ready("ALDR", "SECRET-1", "patron-private@gmail.example")).await;
    world.until_state(theirs, State::Delayed).await;
    let mine = world.new_key(Some("MRPL")).await;
    let before = (world.row(theirs).await, world.app().book.library(&code("ALDR")));

    let mut without_place = Vec::new();
    for (method, path, audience) in ROUTES {
        if *audience == Audience::Public {
            continue;
        }
        let filled = path.replace("{library}", "ALDR").replace("{id}", &theirs.to_string());
        let filled = filled.replace("{notice}", "overdue").replace("{language}", "en");
        if *audience == Audience::Key && filled == *path {
            without_place.push((*method, *path));
            continue;
        }
        for body in ["", "{}", &serde_json::to_string(&record("ALDR")).unwrap()] {
            let answer = world.request(method, &filled, &mine, &[], body).await;
            assert!(matches!(answer.status, 403 | 404), "{method} {filled}: {} {}", answer.status, answer.text);
            let code = if answer.status == 403 { "key-forbidden" } else { "not-found" };
            assert_refused(&answer, answer.status, code, None);
            assert!(*audience == Audience::Key || answer.status == 403, "{method} {filled}");
        }
    }
    // Those that name no library or message in their address: each has its own rule below.
    assert_eq!(
        without_place,
        [
            ("POST", "/v1/events"),
            ("POST", "/v1/events:batch"),
            ("POST", "/iso18626"),
            ("GET", "/v1/messages"),
            ("POST", "/v1/messages:resend"),
            ("GET", "/v1/unreached"),
            ("GET", "/v1/libraries"),
            ("GET", "/v1/audit"),
            ("GET", "/v1/audit:check"),
            ("GET", "/v1/erasures"),
            ("GET", "/v1/queue"),
            ("POST", "/v1/queue/flush"),
            ("POST", "/v1/queue/pause"),
            ("POST", "/v1/queue/resume"),
            ("POST", "/v1/queue/let-go"),
            ("POST", "/v1/queue/drop"),
        ]
    );
    assert_eq!(before, (world.row(theirs).await, world.app().book.library(&code("ALDR"))), "and nothing was touched");
}

#[tokio::test]
async fn where_an_address_names_no_library_a_librarys_key_sees_and_moves_its_own_alone() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("ALDR").await;
    world.outside.provider("gmail.example").unwrap().disturb(Trouble { always_tempfail: true, ..Trouble::default() });
    let theirs = world.tell_one(&ready("ALDR", "SECRET-1", "patron-private@gmail.example")).await;
    world.until_state(theirs, State::Delayed).await;
    let mine = world.new_key(Some("MRPL")).await;
    let before = (world.row(theirs).await, world.app().book.library(&code("ALDR")));

    let event = ready("ALDR", "BC-2", "patron@gmail.example").to_string();
    let answer = world.request("POST", "/v1/events", &mine, &[], &event).await;
    assert_refused(&answer, 403, "key-forbidden", None);
    let batch = world.request("POST", "/v1/events:batch", &mine, &[], &event).await;
    assert_eq!(batch.lines()[0]["status"], 403);
    let iso = world.request("POST", "/iso18626", &mine, &[], &received("ALDR", "BC-3")).await;
    assert!(iso.text.contains("<messageStatus>ERROR</messageStatus>"), "{}", iso.text);
    let list = world.request("GET", "/v1/messages?library=ALDR", &mine, &[], "").await;
    assert_refused(&list, 403, "key-forbidden", None);
    for path in ["/v1/audit?library=ALDR", "/v1/audit?library=-", "/v1/audit:check?library=ALDR"] {
        let answer = world.request("GET", path, &mine, &[], "").await;
        assert!(matches!(answer.status, 403 | 422), "{path} {}", answer.text);
    }
    for path in ["/v1/messages", "/v1/libraries", "/v1/queue", "/v1/audit"] {
        let answer = world.request("GET", path, &mine, &[], "").await;
        assert_eq!(answer.status, 200);
        for secret in ["ALDR", "SECRET", &theirs.to_string(), r#""messages":1"#] {
            assert!(!answer.text.contains(secret), "{path} shows {secret}: {}", answer.text);
        }
    }
    let flushed = world.request("POST", "/v1/queue/flush", &mine, &[], "").await;
    assert_eq!(flushed.json()["messages"], 0);
    for path in ["/v1/queue/pause", "/v1/queue/resume"] {
        let answer = world.request("POST", path, &mine, &[], r#"{"library":"ALDR"}"#).await;
        assert_refused(&answer, 403, "key-forbidden", None);
        let own = world.request("POST", path, &mine, &[], "").await;
        assert_eq!(own.status, 200, "{}", own.text);
        let paused = world.app().store.pauses().await.unwrap();
        assert!(
            paused.iter().all(|pause| pause.library == Some(code("MRPL"))),
            "{path} without a name is its own alone"
        );
    }
    assert_eq!(before, (world.row(theirs).await, world.app().book.library(&code("ALDR"))), "and nothing was touched");
}

#[tokio::test]
async fn the_audit_is_read_page_by_page_by_library_and_its_seals_are_looked_at() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("ALDR").await;
    let mine = world.new_key(Some("MRPL")).await;
    for _ in 0..3 {
        world.request("POST", "/v1/queue/pause", &mine, &[], "").await;
        world.request("POST", "/v1/queue/resume", &mine, &[], "").await;
    }
    let (mut whats, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.request("GET", &format!("/v1/audit?limit=3{after}"), &mine, &[], "").await.json();
        for entry in page["data"].as_array().unwrap() {
            assert_eq!(entry["library"], "MRPL");
            whats.push(entry["what"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(whats.len(), 7, "{whats:?}");
    assert_eq!((whats[0].as_str(), whats[6].as_str()), ("queue.resumed", "record.added"));
    let all = world.get("/v1/audit?what=record").await.json();
    assert_eq!(all["data"].as_array().unwrap().len(), 2, "{all}");
    assert_eq!(world.get("/v1/audit?library=ALDR&by=test").await.json()["data"][0]["subject"], "ALDR");
    let whole = world.get("/v1/audit:check?library=MRPL").await.json();
    assert_eq!((whole["entries"].as_i64(), whole["is_whole"].as_bool()), (Some(7), Some(true)));
    assert_eq!(world.get("/v1/audit?after=x").await.status, 422);
}

#[tokio::test]
async fn a_librarys_key_does_all_that_is_its_own_without_naming_it() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mine = world.new_key(Some("MRPL")).await;
    let mut event = ready("MRPL", "BC-1", "patron@gmail.example");
    event.as_object_mut().unwrap().remove("library");
    let answer = world.request("POST", "/v1/events", &mine, &[], &event.to_string()).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let id = answer.json()["messages"][0]["id"].as_str().unwrap().to_owned();
    world.over(id.parse().unwrap()).await;
    for path in [
        format!("/v1/messages/{id}"),
        format!("/v1/messages/{id}/timeline"),
        "/v1/libraries/mrpl".to_owned(),
        "/v1/libraries/MRPL/sender".to_owned(),
        "/v1/libraries/MRPL/incidents".to_owned(),
        "/v1/libraries/MRPL/notices".to_owned(),
        "/v1/libraries/MRPL/notices/overdue/en/versions".to_owned(),
    ] {
        let answer = world.request("GET", &path, &mine, &[], "").await;
        assert_eq!(answer.status, 200, "{path} {}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert!(!answer.text.contains("patron@gmail.example"), "{path} shows an address: {}", answer.text);
    }
    // The consortium's key speaks for many, and must say for which.
    assert_refused(&world.post("/v1/events", &event).await, 422, "field-invalid", Some("/library"));
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_at_once() {
    let world = World::new().await;
    world.library("MRPL").await;
    let made = world.post("/v1/keys", &json!({ "name": "ILS", "library": "MRPL" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (id, secret) =
        (made.json()["id"].as_str().unwrap().to_owned(), made.json()["secret"].as_str().unwrap().to_owned());
    assert_eq!(world.request("GET", "/v1/messages", &secret, &[], "").await.status, 200);
    assert!(!world.get("/v1/keys").await.text.contains(&secret), "a secret is shown once");
    assert_eq!(world.request("DELETE", &format!("/v1/keys/{id}"), &world.key, &[], "").await.status, 204);
    assert_eq!(world.request("GET", "/v1/messages", &secret, &[], "").await.status, 401);
    let again = world.request("DELETE", &format!("/v1/keys/{id}"), &world.key, &[], "").await;
    assert_refused(&again, 404, "not-found", None);
}

#[tokio::test]
async fn a_key_comes_as_the_password_of_basic_too() {
    use base64::Engine as _;
    let world = World::new().await;
    let basic = |text: String| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
    let ask =
        async |header: &str| world.request("GET", "/v1/messages", "", &[("authorization", header)], "").await.status;
    assert_eq!(ask(&basic(format!("shareit:{}", world.key))).await, 200);
    assert_eq!(ask(&basic(format!(":{}", world.key))).await, 200);
    assert_eq!(ask(&format!("bearer {}", world.key)).await, 200);
    for wrong in
        [basic("shareit:wrong".to_owned()), basic(world.key.clone()), "Basic %%%".to_owned(), world.key.clone()]
    {
        assert_eq!(ask(&wrong).await, 401, "{wrong}");
    }
}

// Libraries and words.

#[tokio::test]
async fn an_import_with_one_wrong_row_changes_nothing_and_names_it() {
    let world = World::new().await;
    let csv = "code,name_en,time_zone\nGOOD,Good Library,UTC\nBAD1,,Mars/Olympus\n";
    let answer = world.request("POST", "/v1/libraries:import", &world.key, &[], csv).await;
    assert_refused(&answer, 422, "import-invalid", None);
    let rows = answer.json()["rows"].as_array().unwrap().clone();
    assert!(rows.iter().all(|row| row["line"] == 3), "{rows:?}");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(world.app().book.libraries().is_empty());

    let csv = "code,name_en,time_zone\nGOOD,Good Library,UTC\n";
    let answer = world.request("POST", "/v1/libraries:import", &world.key, &[], csv).await;
    assert_eq!(answer.json()["added"], json!(["GOOD"]));
    let answer = world.request("POST", "/v1/libraries:import", &world.key, &[], csv).await;
    assert_eq!(answer.json()["unchanged"], 1);
}

#[tokio::test]
async fn an_import_leaves_switches_and_closures_as_staff_set_them() {
    let world = World::new().await;
    let mut library = record("MRPL");
    library.switches.insert("overdue".to_owned(), false);
    world.put(library).await;
    let csv = "code,name_en\nMRPL,A New Name\n";
    let answer = world.request("POST", "/v1/libraries:import", &world.key, &[], csv).await;
    assert_eq!(answer.json()["changed"], json!(["MRPL"]));
    let now = world.app().book.library(&code("MRPL")).unwrap();
    assert_eq!((now.name.en.as_str(), now.switches.get("overdue")), ("A New Name", Some(&false)));
}

#[tokio::test]
async fn a_record_that_cannot_stand_is_refused_field_by_field() {
    let world = World::new().await;
    world.library("MRPL").await;
    let good = serde_json::to_value(record("MRPL")).unwrap();
    let wrong = [
        ("/code", json!("ALDR")),
        ("/time_zone", json!("Mars/Olympus")),
        ("/languages", json!([])),
        ("/url", json!("javascript:alert(1)")),
        ("/switches", json!({ "no_such_notice": true })),
        ("/from", json!("not an address")),
        ("/colour", json!("blue")),
    ];
    for (pointer, value) in wrong {
        let mut body = good.clone();
        body[&pointer[1..]] = value;
        let answer = world.request("PUT", "/v1/libraries/MRPL", &world.key, &[], &body.to_string()).await;
        assert_refused(&answer, 422, "field-invalid", Some(pointer));
    }
    assert_eq!(*world.app().book.library(&code("MRPL")).unwrap(), record("MRPL"));
}

#[tokio::test]
async fn edited_words_are_used_from_the_next_event_on_and_can_be_given_back() {
    let world = World::new().await;
    world.library("MRPL").await;
    let path = "/v1/libraries/MRPL/notices/ready_for_pickup/en";
    let words = "---\nstatus: ready_for_pickup\naudience: patron\nsubject: Come and get ((title))\n---\nIt is here.\n";
    let saved = world.request("PUT", path, &world.key, &[], words).await;
    assert_eq!((saved.status, saved.json()["version"].as_i64()), (200, Some(1)), "{}", saved.text);
    world.over(world.tell_one(&ready("MRPL", "BC-1", "patron-a@gmail.example")).await).await;
    assert_eq!(read(&world.offered("patron-a@gmail.example")[0]).subject, "Come and get The Overstory");

    let broken = world.request("PUT", path, &world.key, &[], "---\nstatus: ready_for_pickup\n---\n((").await;
    assert_refused(&broken, 422, "words-invalid", None);
    let given_back = world.request("DELETE", path, &world.key, &[], "").await;
    assert_eq!(given_back.status, 200);
    world.over(world.tell_one(&ready("MRPL", "BC-2", "patron-b@gmail.example")).await).await;
    assert_eq!(read(&world.offered("patron-b@gmail.example")[0]).subject, "Ready for pickup: The Overstory");
    let versions = world.get(&format!("{path}/versions")).await;
    assert_eq!(versions.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_waiting_message_keeps_the_words_it_was_made_with() {
    let world = World::new().await;
    world.library("MRPL").await;
    let gmail = world.outside.provider("gmail.example").unwrap();
    gmail.disturb(Trouble { always_tempfail: true, ..Trouble::default() });
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    world.until_state(id, State::Delayed).await;
    let words = "---\nstatus: ready_for_pickup\naudience: patron\nsubject: Other words\n---\nIt is here.\n";
    world.request("PUT", "/v1/libraries/MRPL/notices/ready_for_pickup/en", &world.key, &[], words).await;
    gmail.disturb(Trouble::default());
    world.post("/v1/queue/flush", &json!({})).await;
    world.over(id).await;
    assert_eq!(read(&world.offered("patron@gmail.example")[0]).subject, "Ready for pickup: The Overstory");
}

// ISO 18626.

/// The document of the standards' fixtures in which MRPL borrows from OKNP.
fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../standards/testdata/iso18626");
    std::fs::read(folder.join(name)).unwrap()
}

fn request() -> String {
    String::from_utf8(fixture("01-request.xml")).unwrap().replace("amira@patrons.example", "patron-amira@gmail.example")
}

/// A message without a word about title or patron: the borrower has the item.
fn received(library: &str, request: &str) -> String {
    let text = String::from_utf8(fixture("05-requesting-agency-message.xml")).unwrap();
    text.replace("MRPL", library).replace("BC-104233", request)
}

#[tokio::test]
async fn a_request_and_a_receipt_by_iso_18626_tell_the_patron_twice() {
    let world = World::new().await;
    world.library("MRPL").await;
    let post = async |body: &str| world.request("POST", "/iso18626", &world.key, &[], body).await;
    let confirmed = post(&request()).await;
    assert_eq!(confirmed.status, 200);
    assert_eq!(confirmed.headers["content-type"], "application/xml; charset=utf-8");
    assert!(confirmed.text.contains("requestConfirmation"), "{}", confirmed.text);
    assert!(confirmed.text.contains("<messageStatus>OK</messageStatus>"), "{}", confirmed.text);
    // A receipt that comes before the first notice has left makes that one untrue.
    for row in world.app().store.messages(&Filter::default(), 10).await.unwrap() {
        world.over(row.id).await;
    }
    let confirmed = post(&received("MRPL", "BC-104233")).await;
    assert!(confirmed.text.contains("requestingAgencyMessageConfirmation"), "{}", confirmed.text);
    assert!(confirmed.text.contains("<messageStatus>OK</messageStatus>"), "{}", confirmed.text);

    let rows = world.app().store.messages(&Filter::default(), 10).await.unwrap();
    for row in &rows {
        assert_eq!(world.over(row.id).await.state, State::Accepted, "{row:?}");
    }
    let subjects: Vec<String> =
        world.offered("patron-amira@gmail.example").iter().map(|kept| read(kept).subject).collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    for words in ["Request received: Cedar & Salmon", "Ready for pickup: Cedar & Salmon"] {
        assert!(subjects.iter().any(|subject| subject.starts_with(words)), "{subjects:?}");
    }

    // Posted again after an answer that got lost: confirmed again, told once.
    post(&request()).await;
    post(&received("MRPL", "BC-104233")).await;
    assert_eq!(world.app().store.messages(&Filter::default(), 10).await.unwrap().len(), rows.len());
}

#[tokio::test]
async fn a_receipt_of_a_request_we_never_heard_of_does_not_vanish() {
    let world = World::new().await;
    world.library("MRPL").await;
    let confirmed = world.request("POST", "/iso18626", &world.key, &[], &received("MRPL", "BC-1")).await;
    assert!(confirmed.text.contains("<messageStatus>OK</messageStatus>"), "{}", confirmed.text);
    let rows = world.app().store.messages(&Filter::default(), 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(matches!(rows[0].state, State::Held | State::Failed), "{rows:?}");
    assert!(rows[0].cause.is_some());
}

#[tokio::test]
async fn every_document_however_hostile_gets_a_confirmation_or_a_problem() {
    let world = World::new().await;
    world.library("MRPL").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../standards/testdata/iso18626");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut seen = std::collections::BTreeMap::<u16, usize>::new();
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let url = format!("http://{}/iso18626", world.service.http);
        let answer = client.post(url).bearer_auth(&world.key).body(std::fs::read(&file).unwrap()).send().await.unwrap();
        let status = answer.status().as_u16();
        *seen.entry(status).or_default() += 1;
        let text = answer.text().await.unwrap();
        match status {
            200 => assert!(text.contains("<messageStatus>"), "{}: {text}", file.display()),
            // A confirmation is not confirmed.
            204 => assert!(text.is_empty()),
            400 => assert!(text.contains("iso18626-invalid"), "{}: {text}", file.display()),
            other => panic!("{}: {other} {text}", file.display()),
        }
    }
    assert!(seen[&200] > 10 && seen[&400] > 3 && seen[&204] > 1, "{seen:?}");
    assert_eq!(world.get("/health").await.json()["status"], "pass");
}
