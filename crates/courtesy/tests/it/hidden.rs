//! What tells what somebody reads leaves by no door where titles are hidden: mail, copies, texts, webhooks, logs.

use std::io;
use std::sync::Mutex;

use courtesy::channel::Channel;
use courtesy::library::Copies;
use courtesy::notice::field::Field;
use courtesy::queue::State;
use serde_json::{Value, json};

use crate::texts::{Recorded, by_twilio, texting, with_phone};
use crate::world::{World, address};

/// What every value of a sensitive field begins with.
const MARK: &str = "mark-of-";

/// Lines of the log with a mark in them.
static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps nothing of the log but what should not stand there.
struct Sink;

impl io::Write for Sink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(octets);
        if line.contains(MARK) {
            LOGGED.lock().unwrap().push(line.into_owned());
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn told(library: &str, request: &str, email: &str) -> Value {
    let mut event = with_phone(library, request, email);
    event["patron"]["texts"] = json!(true);
    for field in Field::ALL.iter().filter(|field| field.is_sensitive()) {
        event["fields"][field.name()] = json!(format!("{MARK}{}", field.name().replace('_', "-")));
    }
    event
}

#[tokio::test]
async fn what_somebody_reads_leaves_by_no_door_where_titles_are_hidden() {
    let log = tracing_subscriber::fmt().with_env_filter("courtesy=debug").with_writer(|| Sink).finish();
    let listens = tracing::subscriber::set_global_default(log).is_ok();
    let (gateway, url) = Recorded::start().await;
    let world = World::with(|config| by_twilio(config, &url)).await;
    let mut library = texting("MRPL", json!({ "ladder": ["mail", "text"] }));
    library.hide_titles = true;
    library.cc = vec![address("patron-copies@gmail.example")];
    library.copies = Copies::Each;
    world.put(library).await;
    let hook = json!({ "url": "https://hooks.example/", "types": [] });
    let answer = world.post("/v1/libraries/MRPL/webhooks", &hook).await;
    let hook = answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned();

    for id in world.tell(&told("MRPL", "BC-1", "patron@gmail.example")).await {
        world.until_state(id, State::Accepted).await;
    }
    // One that fails goes on as a text message.
    world.tell(&told("MRPL", "BC-2", "nobody@gmail.example")).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while gateway.forms().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "no text message was sent");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    let mut left = Vec::new();
    for email in ["patron@gmail.example", "patron-copies@gmail.example", "nobody@gmail.example"] {
        for kept in world.offered(email) {
            let mail = mail_parser::MessageParser::default().parse(&kept.raw).unwrap();
            left.extend([
                String::from_utf8_lossy(&kept.raw).into_owned(),
                mail.subject().unwrap_or_default().to_owned(),
                mail.body_text(0).unwrap_or_default().into_owned(),
                mail.body_html(0).unwrap_or_default().into_owned(),
            ]);
        }
    }
    assert!(left.len() >= 8, "the notice and its copy: {}", left.len());
    left.extend(gateway.forms().into_iter().flatten().map(|(_, value)| value));
    let log = world.get(&format!("/v1/libraries/MRPL/webhooks/{hook}/deliveries")).await;
    assert!(log.text.contains("message.accepted"), "{}", log.text);
    left.push(log.text);
    let rows = world.app().store.messages(&courtesy::store::Filter::default(), 20).await.unwrap();
    assert!(rows.iter().any(|row| row.channel == Channel::Text), "{rows:?}");
    for part in &left {
        let at = part.find(MARK).map(|at| part[at..].chars().take(40).collect::<String>());
        assert_eq!(at, None, "{part}");
    }
    assert!(listens, "another test took the log");
    assert_eq!(*LOGGED.lock().unwrap(), Vec::<String>::new());
}
