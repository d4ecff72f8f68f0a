//! A library's own relay from end to end: the service, a DNS, a relay that wants a password and passes on, and our door.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use courtesy::clock;
use courtesy::config::Config;
use courtesy::http::auth;
use courtesy::id::KeyId;
use courtesy::service::Service;
use courtesy::store::ApiKey;
use practice::dns::{Data, Server, Zones};
use serde_json::{Value, json};
use standards::domain::Domain;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const PATIENCE: Duration = Duration::from_secs(60);

/// base64 of NUL ill@library.example NUL tulip 42
const SIGN_IN: &str = "AUTH PLAIN AGlsbEBsaWJyYXJ5LmV4YW1wbGUAdHVsaXAgNDI=";

/// What a mail server of this test knows.
#[derive(Default)]
struct Known {
    /// The AUTH line it wants before MAIL; none: nobody has to sign in.
    wants: Option<String>,
    /// Where it passes on what goes to our own domain.
    door: Option<std::net::SocketAddr>,
    /// Recipient, MAIL line and content of what it took.
    taken: Vec<(String, String, String)>,
}

type Shared = Arc<Mutex<Known>>;

async fn server(known: Shared) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, known.clone()));
        }
    });
    port
}

async fn talk(mut stream: TcpStream, known: Shared) {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    let (mut signed_in, mut mail, mut to) = (None, String::new(), String::new());
    let _ = write.write_all(b"220 smtp.library.example\r\n").await;
    while let Ok(Some(line)) = lines.next_line().await {
        let wants = known.lock().unwrap().wants.clone();
        let reply = match line.split([' ', ':']).next().unwrap() {
            "EHLO" => "250-smtp.library.example\r\n250 AUTH PLAIN XOAUTH2",
            "AUTH" if wants.as_ref() == Some(&line) => {
                signed_in = Some(line);
                "235 2.7.0 Welcome"
            }
            "AUTH" => "535 5.7.8 Error: authentication failed",
            // The password was changed while the connection lay idle.
            "MAIL" if wants.is_some() && signed_in != wants => {
                let _ = write.write_all(b"421 4.7.0 Sign in again\r\n").await;
                return;
            }
            "MAIL" => {
                mail = line;
                "250 2.1.0 Ok"
            }
            "RCPT" => {
                to = line["RCPT TO:<".len()..].trim_end_matches('>').to_owned();
                "250 2.1.5 Ok"
            }
            "DATA" => {
                let _ = write.write_all(b"354 go on\r\n").await;
                let mut content = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    content.push_str(&line);
                    content.push_str("\r\n");
                }
                let door = known.lock().unwrap().door.filter(|_| to.ends_with("@bounces.notices.example"));
                known.lock().unwrap().taken.push((to.clone(), mail.clone(), content.clone()));
                if let Some(door) = door {
                    pass_on(door, &mail, &to, &content).await;
                }
                "250 2.0.0 queued"
            }
            "QUIT" => return,
            _ => "250 ok",
        };
        let _ = write.write_all(format!("{reply}\r\n").as_bytes()).await;
    }
}

async fn pass_on(door: std::net::SocketAddr, mail: &str, to: &str, content: &str) {
    let (read, mut write) = TcpStream::connect(door).await.unwrap().into_split();
    let mut lines = BufReader::new(read).lines();
    let mail = mail.split('>').next().unwrap();
    let steps = [
        String::new(),
        "EHLO smtp.library.example\r\n".to_owned(),
        format!("{mail}>\r\n"),
        format!("RCPT TO:<{to}>\r\n"),
        "DATA\r\n".to_owned(),
        format!("{content}.\r\n"),
    ];
    let mut said = String::new();
    for step in steps {
        write.write_all(step.as_bytes()).await.unwrap();
        loop {
            said = lines.next_line().await.unwrap().unwrap_or_default();
            if said.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
    }
    assert!(said.starts_with("250 2.0.0 Kept"), "{said}");
}

struct World {
    service: Service,
    key: String,
    relay: Shared,
    patrons: Shared,
    _dns: Server,
    _folder: tempfile::TempDir,
}

impl World {
    /// A world in which the SPF record of library.example is `spf`, and its relay wants a password.
    async fn new(spf: &str) -> Self {
        let (relay, patrons) = (Shared::default(), Shared::default());
        relay.lock().unwrap().wants = Some(SIGN_IN.to_owned());
        let (relay_port, port) = (server(relay.clone()).await, server(patrons.clone()).await);
        let zones = Zones::new();
        let name = |text: &str| Domain::parse(text).unwrap();
        zones.put(&name("library.example"), Data::txt(spf));
        zones.put(&name("library.example"), Data::Mx(10, Some(name("smtp.library.example"))));
        zones.put(&name("_dmarc.library.example"), Data::txt("v=DMARC1; p=reject"));
        zones.put(&name("smtp.library.example"), Data::A("127.0.0.1".parse().unwrap()));
        zones.put(&name("patron.example"), Data::Mx(10, Some(name("mx.patron.example"))));
        zones.put(&name("mx.patron.example"), Data::A("127.0.0.1".parse().unwrap()));
        let dns = Server::start(zones).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { data: folder.path().join("data"), ..Config::default() };
        config.public_host = name("notices.example");
        config.shared.domain = name("notices.example");
        config.listen.http = "127.0.0.1:0".parse().unwrap();
        config.listen.smtp = Some("127.0.0.1:0".parse().unwrap());
        config.dns.resolver = Some(dns.address());
        config.smtp.port = port;
        config.smtp.loopback = true;
        config.https.private = true;
        let service = Service::start(config).await.unwrap();
        relay.lock().unwrap().door = service.smtp;
        let key = auth::new_secret();
        let now = clock::now();
        let row = ApiKey {
            id: KeyId::new(now),
            library: None,
            scope: courtesy::store::Scope::All,
            name: "test".to_owned(),
            shown: auth::shown(&key),
            created_at: now,
            revoked_at: None,
        };
        service.app.store.add_key(row, auth::hash(&key)).await.unwrap();
        let world = Self { service, key, relay, patrons, _dns: dns, _folder: folder };
        let record = json!({ "code": "MRPL", "name": { "en": "Maple Ridge" }, "time_zone": "America/Vancouver",
            "languages": ["en"], "region": "default", "from": "ill@library.example",
            "relay": { "host": "smtp.library.example", "port": relay_port, "tls": "none",
                "user": "ill@library.example", "auth": "plain" } });
        assert_eq!(world.put("/v1/libraries/MRPL", &record).await, 200);
        world
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.service.http)
    }

    async fn put(&self, path: &str, body: &Value) -> u16 {
        let request = reqwest::Client::new().put(self.url(path)).bearer_auth(&self.key).json(body);
        request.send().await.unwrap().status().as_u16()
    }

    async fn get(&self, path: &str) -> Value {
        let request = reqwest::Client::new().get(self.url(path)).bearer_auth(&self.key);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// What is known of the sender, as soon as the relay is known for this and the plan has followed.
    async fn relay_is(&self, kind: &str) -> Value {
        let rung = if kind == "came_through" { "own_relay" } else { "shared" };
        let is = |answer: &Value| answer["relay"]["found"]["kind"] == kind && answer["plan"]["rung"] == rung;
        self.until("/v1/libraries/MRPL/sender", is).await
    }

    async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{answer:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Tells of a request, and gives the timeline of its message once it is accepted.
    async fn notice(&self, request: &str) -> Value {
        let event = json!({ "library": "MRPL", "request": request, "status": "ready_for_pickup",
            "patron": { "email": "amira@patron.example", "first_name": "Amira" },
            "fields": { "title": "Cedar & Salmon", "pickup_location": "Front desk", "pickup_by": "2026-11-30" } });
        let client = reqwest::Client::new().post(self.url("/v1/events")).bearer_auth(&self.key).json(&event);
        let answer: Value = client.send().await.unwrap().json().await.unwrap();
        let id = answer["messages"][0]["id"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned();
        let path = format!("/v1/messages/{id}/timeline");
        self.until(&path, |answer| answer["message"]["state"] == "accepted").await
    }
}

fn attempts(timeline: &Value) -> Vec<(String, String)> {
    let entries = timeline["entries"].as_array().unwrap();
    let attempted = entries.iter().filter(|entry| entry["kind"] == "attempted");
    let word = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    attempted.map(|entry| (word(entry, "sender"), word(entry, "outcome"))).collect()
}

#[tokio::test]
async fn a_relay_is_used_once_a_test_message_came_through_and_left_when_it_refuses() {
    let world = World::new("v=spf1 ip4:127.0.0.1 -all").await;
    let answer = world.relay_is("no_secret").await;
    assert_eq!(answer["plan"]["rung"], "shared", "nothing is proven yet");
    assert_eq!(world.put("/v1/libraries/MRPL/relay-secret", &json!({ "secret": "tulip 42" })).await, 204);
    let answer = world.relay_is("came_through").await;
    assert_eq!(
        (&answer["plan"]["rung"], &answer["plan"]["sender"]),
        (&json!("own_relay"), &json!("relay")),
        "{answer:#}"
    );
    assert!(!answer.to_string().contains("tulip"));

    let timeline = world.notice("1").await;
    assert_eq!(attempts(&timeline), [("relay".to_owned(), "accepted".to_owned())]);
    assert!(!timeline.to_string().contains("tulip") && !timeline.to_string().contains("AGlsbEBs"), "{timeline:#}");
    let taken = world.relay.lock().unwrap().taken.last().cloned().unwrap();
    assert_eq!(taken.0, "amira@patron.example");
    assert!(taken.1.starts_with("MAIL FROM:<ill@library.example>"), "{}", taken.1);
    assert!(taken.2.contains("<ill@library.example>"), "{}", taken.2);

    // The library changes the password: the next notice is refused there, and goes out from the shared address at once.
    world.relay.lock().unwrap().wants = Some("another".to_owned());
    let timeline = world.notice("2").await;
    let wanted = [("relay".to_owned(), "refused".to_owned()), ("shared".to_owned(), "accepted".to_owned())];
    assert_eq!(attempts(&timeline), wanted, "{timeline:#}");
    assert_eq!(world.patrons.lock().unwrap().taken.len(), 1);
    let incidents = world.get("/v1/libraries/MRPL/incidents").await;
    let causes: Vec<&str> =
        incidents["data"].as_array().unwrap().iter().filter_map(|one| one["cause"].as_str()).collect();
    assert!(causes.contains(&"relay.auth"), "{incidents:#}");
    let answer = world.relay_is("refused").await;
    assert_eq!(answer["plan"]["rung"], "shared");
    world.service.stop().await;
}

/// What a token endpoint of this test knows.
#[derive(Default)]
struct Issuer {
    /// The forms it was sent.
    asked: Vec<String>,
    /// Whether it refuses from now on.
    refuses: bool,
}

/// Gives token-1, token-2 … and with each a new refresh token; its URL.
async fn issuer(known: Arc<Mutex<Issuer>>) -> String {
    let answer = async move |body: String| {
        let mut known = known.lock().unwrap();
        known.asked.push(body);
        if known.refuses {
            let body = json!({ "error": "invalid_grant", "error_description": "The consent was withdrawn." });
            return (axum::http::StatusCode::BAD_REQUEST, axum::Json(body));
        }
        let number = known.asked.len();
        let body = json!({ "access_token": format!("token-{number}"), "token_type": "Bearer", "expires_in": 3600,
            "refresh_token": format!("refresh-{number}") });
        (axum::http::StatusCode::OK, axum::Json(body))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/token", axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// The line that signs in with this token.
fn with_token(token: &str) -> String {
    use base64::Engine as _;
    let plain = format!("user=ill@library.example\x01auth=Bearer {token}\x01\x01");
    format!("AUTH XOAUTH2 {}", base64::engine::general_purpose::STANDARD.encode(plain))
}

#[tokio::test]
async fn an_access_token_is_renewed_when_the_relay_refuses_it_and_where_none_is_had_the_notice_leaves_anyway() {
    let (world, known) = (World::new("v=spf1 ip4:127.0.0.1 -all").await, Arc::<Mutex<Issuer>>::default());
    let token_url = issuer(known.clone()).await;
    let mut record = world.get("/v1/libraries/MRPL").await;
    record["relay"]["auth"] = json!("xoauth2");
    record["relay"]["tokens"] = json!({ "token_url": token_url, "client_id": "courtesy", "grant": "refresh_token" });
    assert_eq!(world.put("/v1/libraries/MRPL", &record).await, 200);
    assert_eq!(world.put("/v1/libraries/MRPL/relay-secret", &json!({ "secret": "by hand" })).await, 422);
    world.relay.lock().unwrap().wants = Some(with_token("token-1"));
    assert_eq!(world.put("/v1/libraries/MRPL/relay-secret", &json!({ "refresh_token": "refresh-0" })).await, 204);
    world.relay_is("came_through").await;
    let relayed = [("relay".to_owned(), "accepted".to_owned())];
    assert_eq!(attempts(&world.notice("1").await), relayed);
    assert_eq!(known.lock().unwrap().asked, ["client_id=courtesy&grant_type=refresh_token&refresh_token=refresh-0"]);

    // The token is taken back before its time: another is asked for, with the refresh token that came with the last.
    world.relay.lock().unwrap().wants = Some(with_token("token-2"));
    assert_eq!(attempts(&world.notice("2").await), relayed, "within the same attempt");
    assert!(known.lock().unwrap().asked[1].ends_with("refresh_token=refresh-1"));
    assert_eq!(known.lock().unwrap().asked.len(), 2);

    // No more tokens: the patron has the notice from the shared address, and the library reads why.
    known.lock().unwrap().refuses = true;
    world.relay.lock().unwrap().wants = Some(with_token("token-9"));
    let timeline = world.notice("3").await;
    let wanted = [("relay".to_owned(), "deferred".to_owned()), ("shared".to_owned(), "accepted".to_owned())];
    assert_eq!(attempts(&timeline), wanted, "{timeline:#}");
    let answer = world.relay_is("no_token").await;
    let why = answer["relay"]["found"]["why"].as_str().unwrap();
    assert_eq!(why, "the token endpoint answered 400 invalid_grant: The consent was withdrawn.");
    for shown in [answer.to_string(), timeline.to_string()] {
        assert!(!shown.contains("token-2") && !shown.contains("refresh-2"), "{shown}");
    }
    world.service.stop().await;
}

#[tokio::test]
async fn a_relay_whose_mail_receivers_would_not_believe_is_not_used() {
    let world = World::new("v=spf1 ip4:192.0.2.1 -all").await;
    assert_eq!(world.put("/v1/libraries/MRPL/relay-secret", &json!({ "secret": "tulip 42" })).await, 204);
    let answer = world.relay_is("not_authenticated").await;
    assert_eq!(answer["plan"]["rung"], "shared");
    let saw = answer["relay"]["found"]["saw"].as_str().unwrap();
    assert_eq!(saw, "SPF fail for 127.0.0.1 (library.example), DKIM none, DMARC fail / fail");
    let considered = answer["plan"]["considered"].as_array().unwrap();
    let relay = considered.iter().find(|way| way["rung"] == "own_relay").unwrap();
    assert_eq!(relay["why"][0]["code"], "relay_not_believed");
    world.service.stop().await;
}

#[tokio::test]
async fn a_secret_serves_only_the_relay_and_account_it_was_given_for() {
    let world = World::new("v=spf1 ip4:127.0.0.1 -all").await;
    assert_eq!(world.put("/v1/libraries/MRPL/relay-secret", &json!({ "secret": "line\nbreak" })).await, 422);
    assert_eq!(world.put("/v1/libraries/MRPL/relay-secret", &json!({ "secret": "tulip 42" })).await, 204);
    world.relay_is("came_through").await;
    let before = world.relay.lock().unwrap().taken.len();
    let mut record = world.get("/v1/libraries/MRPL").await;
    record["relay"]["user"] = json!("someone@library.example");
    assert_eq!(world.put("/v1/libraries/MRPL", &record).await, 200);
    world.relay_is("no_secret").await;
    assert_eq!(world.relay.lock().unwrap().taken.len(), before);
    record["relay"] = Value::Null;
    assert_eq!(world.put("/v1/libraries/MRPL", &record).await, 200);
    assert_eq!(world.put("/v1/libraries/MRPL/relay-secret", &json!({ "secret": "tulip 42" })).await, 409);
    world.service.stop().await;
}
