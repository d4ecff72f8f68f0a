//! A whole Courtesy on port 0, with the practice internet around it: providers that check and answer like real ones.
//!
//! Nothing here sleeps for a time: it waits for a condition, with a deadline.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use courtesy::clock::{Timestamp, now};
use courtesy::config::{Config, ProviderHosts, Relay};
use courtesy::http::App;
use courtesy::http::auth::{hash, new_secret, shown};
use courtesy::id::{KeyId, MessageId};
use courtesy::library::{Library, LibraryCode};
use courtesy::queue::State;
use courtesy::service::Service;
use courtesy::store::{ApiKey, MessageRow, Scope};
use courtesy::timeline::{Attempt, Entry, What};
use practice::provider::Kept;
use practice::world::{Options, RELAYS, Running, SERVICE, start};
use serde_json::{Value, json};
use standards::address::Address;
use standards::domain::Domain;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

pub struct World {
    pub outside: Running,
    pub service: Service,
    /// The consortium's key.
    pub key: String,
    pub folder: tempfile::TempDir,
    http: reqwest::Client,
}

/// An HTTP answer: status, headers and body.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.text))
    }

    /// The lines of an NDJSON body.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub fn code(text: &str) -> LibraryCode {
    LibraryCode::parse(text).unwrap()
}

/// A Participant Record with nothing but what must be there.
pub fn record(library: &str) -> Library {
    serde_json::from_value(json!({
        "code": library, "name": { "en": "Maple Ridge Public Library", "fr": "Bibliothèque de Maple Ridge" },
        "time_zone": "America/Vancouver", "languages": ["en", "fr"], "region": "default"
    }))
    .unwrap()
}

/// The event of a book that waits for `email`.
pub fn ready(library: &str, request: &str, email: &str) -> Value {
    json!({
        "library": library, "request": request, "status": "ready_for_pickup",
        "patron": { "ref": "21234", "email": email, "first_name": "Amira" },
        "fields": { "title": "The Overstory", "author": "Richard Powers", "pickup_by": "2026-12-01" }
    })
}

/// A mail as a reader sees it.
pub struct Read {
    pub from: String,
    pub subject: String,
    pub text: String,
    pub raw: String,
}

pub fn read(kept: &Kept) -> Read {
    let mail = mail_parser::MessageParser::default().parse(&kept.raw).unwrap();
    let from = mail.from().and_then(|from| from.first()).and_then(|from| from.address()).unwrap_or_default();
    Read {
        from: from.to_owned(),
        subject: mail.subject().unwrap_or_default().to_owned(),
        text: mail.body_text(0).unwrap_or_default().into_owned(),
        raw: String::from_utf8_lossy(&kept.raw).into_owned(),
    }
}

/// Settings under which a service works in the practice world `outside`: `relays` of its relays in `region`, each with one address.
pub fn settings(outside: &Running, data: &Path, region: &str, relays: usize) -> Config {
    let mut config = Config { public_host: domain(SERVICE), data: data.to_path_buf(), ..Config::default() };
    config.listen.http.set_port(0);
    config.dns.resolver = Some(outside.resolver_addr());
    config.smtp.port = outside.smtp_port();
    config.smtp.loopback = true;
    config.smtp.provider_hosts = vec![ProviderHosts { suffix: domain("gmail.example"), provider: "gmail".to_owned() }];
    config.shared.domain = domain(SERVICE);
    let relay = |(source, number): (Ipv4Addr, u8)| Relay {
        host: domain(&format!("out{number}.{SERVICE}")),
        region: region.to_owned(),
        sources: vec![source.into()],
        planned: None,
        until: None,
    };
    config.relay = RELAYS.into_iter().zip(1..).take(relays).map(relay).collect::<Vec<_>>().into();
    config
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose settings are changed first.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let outside = start(Options::default()).await.expect("loopback addresses 127.77.x.y");
        let folder = tempfile::tempdir().unwrap();
        let mut config = settings(&outside, &folder.path().join("data"), "default", 1);
        change(&mut config);
        let service = Service::start(config).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let world = Self { outside, service, key: String::new(), folder, http };
        let key = world.new_key(None).await;
        Self { key, ..world }
    }

    /// Another machine on the same database, which must be PostgreSQL.
    pub async fn beside(&self, change: impl FnOnce(&mut Config)) -> Service {
        let mut config = Config::clone(&self.app().config);
        config.data = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        std::fs::copy(self.folder.path().join("data/secret.key"), config.data.join("secret.key")).unwrap();
        change(&mut config);
        Service::start(config).await.unwrap()
    }

    pub fn app(&self) -> &Arc<App> {
        &self.service.app
    }

    /// A key of one library, or of the consortium.
    pub async fn new_key(&self, library: Option<&str>) -> String {
        let secret = new_secret();
        let at = now();
        let library = library.map(code);
        let name = library.as_ref().map_or("operator".to_owned(), ToString::to_string);
        let key = ApiKey {
            id: KeyId::new(at),
            library,
            scope: Scope::All,
            name,
            shown: shown(&secret),
            created_at: at,
            revoked_at: None,
        };
        self.app().store.add_key(key, hash(&secret)).await.unwrap();
        secret
    }

    /// Adds or changes a library.
    pub async fn put(&self, library: Library) {
        self.app().store.put_libraries(vec![library], "test".to_owned(), now()).await.unwrap();
        self.app().book.refresh().await.unwrap();
        self.app().senders.nudge();
    }

    /// Hands a mail in at the inbound door, as another server does; the last reply.
    pub async fn hand_in(&self, from: &str, to: &str, mail: &str) -> String {
        let stream = TcpStream::connect(self.service.smtp.unwrap()).await.unwrap();
        let mut wire = BufReader::new(stream);
        let mail = mail.replace("\r\n", "\n").replace('\n', "\r\n");
        let steps = [
            String::new(),
            "EHLO mail.patron.example\r\n".to_owned(),
            format!("MAIL FROM:<{from}>\r\n"),
            format!("RCPT TO:<{to}>\r\n"),
            "DATA\r\n".to_owned(),
            format!("{mail}\r\n.\r\n"),
        ];
        let mut last = String::new();
        for step in steps {
            wire.get_mut().write_all(step.as_bytes()).await.unwrap();
            loop {
                last.clear();
                wire.read_line(&mut last).await.unwrap();
                if last.as_bytes().get(3) != Some(&b'-') {
                    break;
                }
            }
            if !last.starts_with(['2', '3']) {
                break;
            }
        }
        last
    }

    /// A library that writes from the shared address.
    pub async fn library(&self, name: &str) {
        self.put(record(name)).await;
    }

    pub async fn request(&self, method: &str, path: &str, key: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let url = format!("http://{}{path}", self.service.http);
        let mut request = self.http.request(method.parse().unwrap(), url).body(body.to_owned());
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, text: answer.text().await.unwrap() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &self.key, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, &self.key, &[], &body.to_string()).await
    }

    /// Hands an event in that must be taken, and gives the ids of its messages.
    #[track_caller]
    pub fn tell(&self, event: &Value) -> impl Future<Output = Vec<MessageId>> {
        let body = event.to_string();
        async move {
            let answer = self.request("POST", "/v1/events", &self.key, &[], &body).await;
            assert_eq!(answer.status, 202, "{}", answer.text);
            let messages = answer.json()["messages"].as_array().unwrap().clone();
            messages.iter().map(|message| message["id"].as_str().unwrap().parse().unwrap()).collect()
        }
    }

    /// The same for an event with one message.
    pub async fn tell_one(&self, event: &Value) -> MessageId {
        let messages = self.tell(event).await;
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages[0]
    }

    pub async fn row(&self, id: MessageId) -> MessageRow {
        self.app().store.message(None, id).await.unwrap().expect("the message is there")
    }

    /// Waits until the message is as wished.
    pub async fn until(&self, id: MessageId, what: &str, wished: impl Fn(&MessageRow) -> bool) -> MessageRow {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let row = self.row(id).await;
            if wished(&row) {
                return row;
            }
            assert!(tokio::time::Instant::now() < deadline, "never {what}: {row:?} {:?}", self.timeline(id).await);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub async fn until_state(&self, id: MessageId, state: State) -> MessageRow {
        self.until(id, state.code(), |row| row.state == state).await
    }

    /// Waits until nothing more happens to the message by itself.
    pub async fn over(&self, id: MessageId) -> MessageRow {
        self.until(id, "over", |row| row.state.is_final()).await
    }

    /// Waits until nothing is being erased.
    pub async fn until_erased(&self) {
        let until = tokio::time::Instant::now() + PATIENCE;
        while self.app().store.erasures(None, None, 50).await.unwrap().iter().any(|one| one.ended_at.is_none()) {
            assert!(tokio::time::Instant::now() < until, "something is still being erased");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub async fn timeline(&self, id: MessageId) -> Vec<Entry> {
        self.app().store.timeline(id).await.unwrap()
    }

    /// The attempts in a message's history.
    pub async fn attempts(&self, id: MessageId) -> Vec<Attempt> {
        let entries = self.timeline(id).await;
        entries
            .into_iter()
            .filter_map(|entry| match entry.what {
                What::Attempted(attempt) => Some(*attempt),
                _ => None,
            })
            .collect()
    }

    /// What kinds of lines a message's history has, in order.
    pub async fn kinds(&self, id: MessageId) -> Vec<String> {
        let kind = |entry: &Entry| serde_json::to_value(entry).unwrap()["kind"].as_str().unwrap().to_owned();
        self.timeline(id).await.iter().map(kind).collect()
    }

    /// What was offered to the mailbox of `email`.
    pub fn offered(&self, email: &str) -> Vec<Kept> {
        self.outside.mailboxes().of(&address(email))
    }

    /// Waits until DNS has been looked at for a library's own domain.
    pub async fn looked_at(&self, own: &str) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.app().senders.proof(&domain(own), "default").is_none() {
            assert!(tokio::time::Instant::now() < deadline, "{own} was never looked at");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Seconds from `earlier` to `later`.
pub fn seconds(earlier: Timestamp, later: Timestamp) -> f64 {
    later.duration_since(earlier).as_secs_f64()
}
