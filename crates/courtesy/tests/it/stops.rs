//! What came back and what follows: addresses that are stopped and used again, complaints, repeats, the list of the unreached.

use courtesy::delivery::return_path;
use courtesy::id::MessageId;
use courtesy::outcome::Cause;
use courtesy::outcome::stop::ListedAddress;
use courtesy::queue::State;
use courtesy::store::DoNotSend;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::world::{World, address, code, domain, ready, record};

const LIST: &str = "/v1/libraries/MRPL/do-not-send";

async fn world() -> World {
    let world = World::with(|config| config.listen.smtp = Some("127.0.0.1:0".parse().unwrap())).await;
    world.library("MRPL").await;
    world
}

/// Hands a mail to our own door, as a provider does, and gives the reply to RCPT or to the final dot.
async fn come_back(world: &World, to: &str, mail: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(world.service.smtp.unwrap()).await.unwrap();
    let mail = mail.replace('\n', "\r\n");
    for line in ["EHLO mx.gmail.example", "MAIL FROM:<>", &format!("RCPT TO:<{to}>"), "DATA", &format!("{mail}.")] {
        let reply = said(&mut socket).await;
        if !reply.starts_with(['2', '3']) {
            return reply;
        }
        socket.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }
    said(&mut socket).await
}

/// One reply, all its lines.
async fn said(socket: &mut tokio::net::TcpStream) -> String {
    let mut reply = String::new();
    let is_whole = |reply: &str| {
        reply.ends_with("\r\n") && reply.lines().last().is_some_and(|line| line.as_bytes().get(3) == Some(&b' '))
    };
    while !is_whole(&reply) {
        let mut octets = [0; 512];
        let read = socket.read(&mut octets).await.unwrap();
        assert!(read > 0, "closed after {reply:?}");
        reply.push_str(&String::from_utf8_lossy(&octets[..read]));
    }
    reply
}

fn bounce(to: &str, status: &str, words: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.gmail.example\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n\
         --x\nContent-Type: text/plain\n\nIt did not go.\n\
         --x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.gmail.example\n\n\
         Final-Recipient: rfc822; {to}\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} {words}\n\n--x--\n"
    )
}

fn complaint(original: &str) -> String {
    format!(
        "From: fbl@yahoo.example\nSubject: FW: Ready for pickup\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n\
         --x\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n\n\
         --x\nContent-Type: message/rfc822\n\n{original}\nSubject: Ready for pickup\n\nIt is here.\n--x--\n"
    )
}

fn return_path_of(world: &World, id: MessageId) -> String {
    return_path::write(&world.app().secret, id, &domain("bounces.notices.example")).to_string()
}

fn is_empty(folder: &std::path::Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

async fn list(world: &World) -> Vec<Value> {
    world.get(LIST).await.json()["data"].as_array().unwrap().clone()
}

async fn unreached(world: &World) -> Vec<Value> {
    world.get("/v1/unreached?library=MRPL").await.json()["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_address_that_does_not_exist_gets_no_second_notice_until_a_person_allows_it() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let first = world.tell_one(&ready("MRPL", "BC-1", "nobody@gmail.example")).await;
    assert_eq!(world.over(first).await.state, State::Failed);
    let stops = list(&world).await;
    assert_eq!(
        (&stops[0]["address"], &stops[0]["cause"], &stops[0]["by"]),
        (&json!("nobody@gmail.example"), &json!("addr.unknown"), &json!("refusal"))
    );
    assert_eq!(stops[0]["message"], json!(first.to_string()));
    assert!(stops[0]["evidence"].as_str().unwrap().contains("5.1.1"), "{stops:?}");

    // The answer to the next event says so, and it is decided at the attempt. Letters' size makes no other address.
    let told = world.post("/v1/events", &ready("MRPL", "BC-2", "Nobody@GMAIL.example")).await.json();
    assert_eq!(told["messages"][0]["cause"], "addr.stopped");
    let second: MessageId = told["messages"][0]["id"].as_str().unwrap().parse().unwrap();
    let row = world.over(second).await;
    assert_eq!((row.state, row.cause.as_deref(), row.attempts), (State::Suppressed, Some("addr.stopped"), 0));
    assert_eq!(world.kinds(second).await, ["told", "do_not_send"]);
    assert_eq!(world.offered("Nobody@GMAIL.example").len(), 0);

    // Another library asks for itself.
    let others = world.tell_one(&ready("OTHR", "BC-1", "nobody@gmail.example")).await;
    assert_eq!(world.over(others).await.cause.as_deref(), Some("addr.unknown"));

    let release = json!({"addresses": ["nobody@gmail.example"], "reason": "the patron says it works"});
    let released = world.request("DELETE", LIST, &world.key, &[], &release.to_string()).await;
    assert_eq!(released.json()["changed"], 1, "{}", released.text);
    assert!(list(&world).await.is_empty());
    let third = world.tell_one(&ready("MRPL", "BC-3", "nobody@gmail.example")).await;
    assert_eq!(world.over(third).await.cause.as_deref(), Some("addr.unknown"), "it was tried");
}

#[tokio::test]
async fn a_closed_mailbox_is_stopped_only_when_it_refuses_twice() {
    let world = World::new().await;
    world.library("MRPL").await;
    for (request, stopped) in [("BC-1", 0), ("BC-2", 1)] {
        let id = world.tell_one(&ready("MRPL", request, "disabled@gmail.example")).await;
        assert_eq!(world.over(id).await.cause.as_deref(), Some("addr.disabled"));
        assert_eq!(list(&world).await.len(), stopped, "{request}");
    }
    for (request, email) in [("BC-3", "full@gmail.example"), ("BC-4", "overquota@gmail.example")] {
        let id = world.tell_one(&ready("MRPL", request, email)).await;
        assert_eq!(world.until_state(id, State::Delayed).await.cause.as_deref(), Some("mailbox.full"));
    }
    assert_eq!(list(&world).await.len(), 1);
}

#[tokio::test]
async fn after_thirty_days_one_message_tries_the_address_and_success_ends_the_stop() {
    let world = World::new().await;
    world.library("MRPL").await;
    let since = courtesy::clock::now() - SignedDuration::from_hours(31 * 24);
    let stop = |email: &str, probe_at: Option<Timestamp>| DoNotSend {
        library: code("MRPL"),
        address: ListedAddress::of(&address(email)).as_str().to_owned(),
        cause: Cause::of("addr.unknown"),
        reply: String::new(),
        message: None,
        by: "bounce".to_owned(),
        since,
        probe_at,
        probe: None,
    };
    let due = Some(since + SignedDuration::from_hours(30 * 24));
    let stops = vec![stop("patron@gmail.example", due), stop("nobody@gmail.example", due)];
    world.app().store.add_do_not_send(stops).await.unwrap();

    let good = world.tell_one(&ready("MRPL", "BC-1", "patron@gmail.example")).await;
    assert_eq!(world.over(good).await.state, State::Accepted);
    assert_eq!(world.kinds(good).await, ["told", "address_tried", "attempted", "address_used_again"]);
    let bad = world.tell_one(&ready("MRPL", "BC-2", "nobody@gmail.example")).await;
    assert_eq!(world.over(bad).await.state, State::Failed);
    let next = world.tell_one(&ready("MRPL", "BC-3", "nobody@gmail.example")).await;
    assert_eq!(world.over(next).await.state, State::Suppressed, "the next may try in another thirty days");
    assert_eq!(list(&world).await.len(), 1);
}

#[tokio::test]
async fn a_late_bounce_ends_the_message_and_only_the_unknown_address_is_stopped() {
    let world = world().await;
    let late = world.tell_one(&ready("MRPL", "BC-1", "patron-late@gmail.example")).await;
    let full = world.tell_one(&ready("MRPL", "BC-2", "patron-full@gmail.example")).await;
    for (id, to, status, words) in [
        (late, "patron-late@gmail.example", "5.1.1", "The email account that you tried to reach is inactive"),
        (full, "patron-full@gmail.example", "5.2.2", "The recipient's inbox is out of storage space"),
    ] {
        assert_eq!(world.over(id).await.state, State::Accepted);
        let kept = come_back(&world, &return_path_of(&world, id), &bounce(to, status, words)).await;
        assert!(kept.starts_with("250"), "{kept}");
    }
    assert_eq!(world.until_state(late, State::Failed).await.cause.as_deref(), Some("addr.unknown"));
    assert_eq!(world.until_state(full, State::Failed).await.cause.as_deref(), Some("mailbox.full"));
    let stops = list(&world).await;
    assert_eq!((stops.len(), &stops[0]["by"]), (1, &json!("bounce")), "{stops:?}");
    // The full one goes out again by itself when there may be room, before its deadline.
    assert_eq!(world.kinds(full).await, ["told", "attempted", "returned", "resent"]);
    let waits = world.get("/v1/messages?state=queued").await.json()["data"].as_array().unwrap().clone();
    assert_eq!(waits.len(), 1);
    let hours = |name: &str| {
        let at: Timestamp = waits[0][name].as_str().unwrap().parse().unwrap();
        at.duration_since(courtesy::clock::now()).as_hours()
    };
    assert!((23..=24).contains(&hours("due_at")) && (47..=48).contains(&hours("deadline")), "{waits:?}");
    let waiting = unreached(&world).await;
    assert_eq!(waiting.len(), 1, "what goes out again by itself is nobody's work: {waiting:?}");
    assert_eq!(
        (&waiting[0]["next_step"], &waiting[0]["patron"]),
        (&json!("ask_address"), &json!("Amira")),
        "{waiting:?}"
    );
}

#[tokio::test]
async fn what_comes_back_after_its_patron_was_erased_counts_and_is_kept_nowhere() {
    let world = world().await;
    let to = "patron-late@gmail.example";
    let late = world.tell_one(&ready("MRPL", "BC-1", to)).await;
    let odd = world.tell_one(&ready("MRPL", "BC-2", to)).await;
    for id in [late, odd] {
        assert_eq!(world.over(id).await.state, State::Accepted);
    }
    assert_eq!(world.request("DELETE", "/v1/patrons/MRPL/21234", &world.key, &[], "").await.status, 202);
    world.until_erased().await;
    let words = format!("<{to}> The email account that you tried to reach is inactive");
    let unreadable = format!("From: MAILER-DAEMON@mx.gmail.example\nSubject: Hm\n\n{to}: ?\n");
    for (id, mail) in [(late, bounce(to, "5.1.1", &words)), (odd, unreadable)] {
        assert!(come_back(&world, &return_path_of(&world, id), &mail).await.starts_with("250"));
    }
    assert_eq!(world.until_state(late, State::Failed).await.cause.as_deref(), Some("addr.unknown"));
    let spool = world.app().config.data.join("spool");
    let is_worked_off = async || world.kinds(odd).await.iter().any(|kind| *kind == "returned") && is_empty(&spool);
    crate::sender_flow::until("nothing is kept of the mails", is_worked_off).await;
    for id in [late, odd] {
        let story = format!("{:?}", world.timeline(id).await);
        assert!(story.contains("Returned") && !story.contains(to) && !story.contains("inactive"), "{story}");
    }
    assert!(list(&world).await.is_empty());
    assert!(!world.get("/v1/messages").await.text.contains(to));
}

#[tokio::test]
async fn a_late_refusal_for_authentication_goes_out_again_under_the_shared_address() {
    let world = world().await;
    let mut birch = record("BRCH");
    birch.from = Some(address("ill@birch.example"));
    world.put(birch).await;
    world.looked_at("birch.example").await;
    let id = world.tell_one(&ready("BRCH", "BC-1", "patron@gmail.example")).await;
    assert_eq!(world.over(id).await.sender.as_deref(), Some("own"));
    let words = "Unauthenticated email from birch.example is not accepted due to domain's DMARC policy";
    let report = bounce("patron@gmail.example", "5.7.26", words);
    come_back(&world, &return_path_of(&world, id), &report).await;
    let row = world.until(id, "sent again", |row| row.attempts == 2 && row.state.is_final()).await;
    assert_eq!((row.state, row.sender.as_deref()), (State::Accepted, Some("shared")));
    assert_eq!(world.kinds(id).await, ["told", "attempted", "returned", "sender_changed", "attempted"]);
    let incidents = world.get("/v1/libraries/BRCH/incidents").await;
    assert!(incidents.text.contains("auth.dmarc") && incidents.text.contains("\"times\":1"), "{}", incidents.text);
    assert!(world.get("/v1/libraries/BRCH/do-not-send").await.json()["data"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_complaint_stops_the_address_and_asks_the_library_to_speak_with_the_patron() {
    let world = world().await;
    let mut library = record("MRPL");
    library.borrowing_staff = vec![address("patron-desk@plain.example")];
    world.put(library).await;
    let id = world.tell_one(&ready("MRPL", "BC-1", "patron@yahoo.example")).await;
    world.over(id).await;
    // Anybody may write there: what names no message by something nobody can guess changes nothing.
    let forged = complaint("From: mrpl@notices.example\nTo: patron@yahoo.example");
    assert!(come_back(&world, "fbl@notices.example", &forged).await.starts_with("250"));
    assert!(come_back(&world, "nobody@notices.example", &forged).await.starts_with("550"));

    let raw = crate::world::read(&world.offered("patron@yahoo.example")[0]).raw.replace("\r\n", "\n");
    let at =
        raw.find("\nCFBL-Address:").expect("each mail says where complaints about it go") + "\nCFBL-Address:".len();
    let own = raw[at..].split(';').next().unwrap().trim();
    assert!(own.starts_with("f+") && own.ends_with("@bounces.notices.example"), "{own}");
    let copy = format!("Message-ID: <{}@notices.example>", id.bare().to_lowercase());
    assert!(come_back(&world, "fbl@notices.example", &complaint(&copy)).await.starts_with("250"));
    let row = world.until(id, "complained of", |row| row.cause.as_deref() == Some("complaint")).await;
    assert_eq!(row.state, State::Accepted);
    assert_eq!(world.kinds(id).await, ["told", "attempted", "returned", "address_stopped"]);
    let stops = list(&world).await;
    assert_eq!((stops.len(), &stops[0]["tried_again_at"]), (1, &Value::Null), "only a person ends it: {stops:?}");

    // A second report of the same message is one more line, and one notice to staff in all.
    come_back(&world, own, &complaint("")).await;
    let desk = |world: &World| world.offered("patron-desk@plain.example");
    world.until(id, "told twice", |_| !desk(&world).is_empty()).await;
    let mail = crate::world::read(&desk(&world)[0]);
    assert!(mail.text.contains("speak with the patron") && mail.text.contains("Amira"), "{}", mail.text);
    let next = world.tell_one(&ready("MRPL", "BC-2", "patron@yahoo.example")).await;
    assert_eq!(world.over(next).await.state, State::Suppressed);
    let waiting = unreached(&world).await;
    assert_eq!((waiting.len(), &waiting[0]["next_step"]), (1, &json!("speak")), "{waiting:?}");
    assert_eq!(desk(&world).len(), 1);
}

#[tokio::test]
async fn many_are_sent_again_once_and_what_was_seen_to_leaves_the_list() {
    let world = World::new().await;
    world.library("MRPL").await;
    let mut ids = Vec::new();
    for (number, email) in ["nobody@gmail.example", "nobody@plain.example", "nobody@yahoo.example"].iter().enumerate() {
        let id = world.tell_one(&ready("MRPL", &format!("BC-{number}"), email)).await;
        world.over(id).await;
        ids.push(id);
    }
    assert_eq!(unreached(&world).await.len(), 3);
    let resolved = world.post(&format!("/v1/unreached/{}/resolve", ids[0]), &json!({"by": "phone"})).await;
    assert_eq!(resolved.json()["changed"], true, "{}", resolved.text);
    assert_eq!(unreached(&world).await.len(), 2);

    let what = json!({"library": "MRPL", "cause": "addr", "dry_run": true});
    assert_eq!(world.post("/v1/messages:resend", &what).await.json()["count"], 2);
    let what = json!({"library": "MRPL", "cause": "addr"});
    let sent = world.post("/v1/messages:resend", &what).await.json();
    assert_eq!((sent["messages"].as_array().unwrap().len(), &sent["stopped"]), (0, &json!(2)), "{sent}");
    let one = world.post(&format!("/v1/messages/{}/resend", ids[1]), &json!({})).await;
    assert_eq!(one.status, 409, "nothing is sent to a stopped address: {}", one.text);
    assert!(one.text.contains("do-not-send"), "{}", one.text);
    let release =
        json!({"addresses": ["nobody@plain.example", "nobody@yahoo.example"], "reason": "the patrons say they work"});
    assert_eq!(world.request("DELETE", LIST, &world.key, &[], &release.to_string()).await.json()["changed"], 2);
    let sent = world.post("/v1/messages:resend", &what).await.json();
    assert_eq!((sent["messages"].as_array().unwrap().len(), &sent["stopped"]), (2, &json!(0)), "{sent}");
    for id in &ids[1..] {
        let seen = world.app().store.seen_to(&code("MRPL"), *id).await.unwrap();
        assert!(seen.is_some_and(|seen| seen.how == "again"), "so that none is sent again twice");
    }
    for id in sent["messages"].as_array().unwrap() {
        assert_eq!(world.over(id.as_str().unwrap().parse().unwrap()).await.state, State::Failed);
    }

    // To the corrected address, from the shared one; pressed twice it is sent once.
    let path = format!("/v1/messages/{}/resend", ids[1]);
    let body = json!({"to": "patron@plain.example", "from": "shared"});
    let first = world.post(&path, &body).await;
    assert_eq!(first.status, 202, "{}", first.text);
    let again = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(world.over(again.parse().unwrap()).await.state, State::Accepted);
    let second = world.post(&path, &body).await;
    assert_eq!(
        (second.status, second.json()["id"].as_str(), &second.json()["before"]),
        (200, Some(again.as_str()), &json!(true))
    );
    assert_eq!(world.offered("patron@plain.example").len(), 1);
}

#[tokio::test]
async fn the_list_goes_out_and_comes_in_as_a_file_and_is_its_librarys_own() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let csv = [("content-type", "text/csv")];
    let wrong = world.request("POST", LIST, &world.key, &csv, "address\nann@patron.example\nnot an address\n").await;
    assert!(wrong.status == 422 && wrong.text.contains("/3"), "{}", wrong.text);
    let file = "address,reason\nAnn@Patron.example,asked by phone\nben@patron.example,\n";
    let added = world.request("POST", LIST, &world.key, &csv, file).await;
    assert_eq!(added.json()["changed"], 2, "{}", added.text);
    let out = world.request("GET", LIST, &world.key, &[("accept", "text/csv")], "").await;
    assert!(out.text.contains("ann@patron.example,asked by phone,addr.stopped,key “operator”,"), "{}", out.text);

    let other = world.new_key(Some("OTHR")).await;
    for (method, body) in [("GET", ""), ("POST", "{}"), ("DELETE", "{}")] {
        assert_eq!(world.request(method, LIST, &other, &[], body).await.status, 403, "{method}");
    }
    let why = world.request("DELETE", LIST, &world.key, &[], r#"{"all":true,"reason":" "}"#).await;
    assert_eq!(why.status, 422, "a reason must be given: {}", why.text);
    let all = world.request("DELETE", LIST, &world.key, &[], r#"{"cause":"addr","reason":"new mail server"}"#).await;
    assert_eq!(all.json()["changed"], 2, "{}", all.text);
}
