//! Mail handed in by SMTP, over real sockets: who may, in whose name it leaves, and what becomes of each copy.

use courtesy::config::SubmitFrom;
use courtesy::net::tls::{ClientTls, Security};
use courtesy::queue::State;
use courtesy::store::{Filter, MessageRow};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::world::{World, address, code, domain, read, record};

const MAIL: &str = "From: Circulation <circ@birch.example>\r\nTo: patron@gmail.example\r\nCc: second@gmail.example\r\n\
    Subject: Interlibrary loan request ready for pickup\r\nMessage-ID: <abc@koha.birch.example>\r\nX-Mailer: Koha\r\n\
    Date: Mon, 1 Jan 2029 10:00:00 +0000\r\n\r\nHello Amira,\r\n.a line with a dot\r\n";

/// A world with submission doors, where 127.0.0.1 hands in for BRCH when `by_address`.
async fn open(by_address: bool) -> World {
    let world = World::with(|config| {
        config.listen.submission = Some("127.0.0.1:0".parse().unwrap());
        config.listen.submissions = Some("127.0.0.1:0".parse().unwrap());
        config.limits.submission_bytes = 100_000;
        if by_address {
            let sources = vec!["127.0.0.1".to_owned().try_into().unwrap()];
            config.submit_from = vec![SubmitFrom { library: "BRCH".to_owned(), sources }];
        }
    })
    .await;
    let mut birch = record("BRCH");
    birch.from = Some(address("ill@birch.example"));
    world.put(birch).await;
    let mut alder = record("ALDR");
    alder.from = Some(address("ill@alder.example"));
    world.put(alder).await;
    world.looked_at("birch.example").await;
    world
}

struct Client<S> {
    stream: BufReader<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// The next whole reply.
    async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return reply;
            }
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    /// Says a line and hears the answer, which must begin as wanted.
    #[track_caller]
    fn say<'a>(&'a mut self, line: &'a str, wanted: &'a str) -> impl Future<Output = String> + 'a {
        let place = std::panic::Location::caller();
        async move {
            self.stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
            let heard = self.reply().await;
            assert!(heard.starts_with(wanted), "{place}: said {line:?}, wanted {wanted}, heard {heard}");
            heard
        }
    }

    async fn send(&mut self, to: &[&str], mail: &str, wanted: &str) -> String {
        self.say("MAIL FROM:<koha@anywhere.example>", "250").await;
        for to in to {
            self.say(&format!("RCPT TO:<{to}>"), "250").await;
        }
        self.say("DATA", "354").await;
        let stuffed = mail.replace("\r\n.", "\r\n..");
        self.say(&format!("{stuffed}."), wanted).await
    }
}

async fn plain(world: &World) -> Client<TcpStream> {
    let mut client = Client::new(TcpStream::connect(world.service.submission[0]).await.unwrap()).await;
    assert!(client.reply().await.starts_with("220"));
    client
}

async fn in_tls(world: &World) -> Client<impl AsyncRead + AsyncWrite + Unpin> {
    let stream = TcpStream::connect(world.service.submission[1]).await.unwrap();
    let tls = ClientTls::new(&[]).unwrap();
    let remote = world.service.submission[1].ip();
    let (stream, _) = tls.shake(stream, &Security::Opportunistic, &domain("notices.example"), remote).await.unwrap();
    let mut client = Client::new(stream).await;
    assert!(client.reply().await.starts_with("220"));
    client
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

async fn messages(world: &World) -> Vec<MessageRow> {
    let mut rows = world.app().store.messages(&Filter::default(), 50).await.unwrap();
    rows.sort_by_key(|row| row.address.clone());
    rows
}

#[tokio::test]
async fn a_mail_handed_in_leaves_in_the_librarys_proven_name_one_message_for_each_recipient() {
    let world = open(true).await;
    let mut client = plain(&world).await;
    client.say("EHLO koha.birch.example", "250").await;
    let said = client.send(&["patron@gmail.example", "nobody@gmail.example"], MAIL, "250 2.0.0 Taken as evt_").await;
    assert!(said.contains("2 messages"), "{said}");
    let rows = messages(&world).await;
    assert_eq!(rows.len(), 2);
    let (lost, arrived) = (world.over(rows[0].id).await, world.over(rows[1].id).await);
    assert_eq!((lost.state, lost.cause.as_deref()), (State::Failed, Some("addr.unknown")));
    assert_eq!((arrived.state, arrived.sender.as_deref()), (State::Accepted, Some("own")));
    assert_eq!((arrived.notice.as_str(), &arrived.library), ("ready_for_pickup", &code("BRCH")));

    let kept = world.offered("patron@gmail.example");
    let mail = read(&kept[0]);
    assert_eq!(mail.from, "circ@birch.example", "an address of the proven domain stays");
    assert_eq!(kept[0].message_id, "abc@koha.birch.example");
    assert!(mail.raw.ends_with("\r\n\r\nHello Amira,\r\n.a line with a dot\r\n"), "{}", mail.raw);
    assert!(mail.raw.contains("Received: from koha.birch.example ([127.0.0.1])"), "{}", mail.raw);
    assert_eq!(world.kinds(rows[1].id).await, ["told", "attempted"]);
}

#[tokio::test]
async fn where_nothing_is_proven_it_leaves_from_the_shared_address_and_replies_go_where_they_went() {
    let world = open(false).await;
    let key = world.new_key(Some("ALDR")).await;
    let mut client = in_tls(&world).await;
    client.say("EHLO scanner.alder.example", "250").await;
    client.say(&format!("AUTH PLAIN {}", base64(&format!("\0ALDR\0{key}"))), "235").await;
    let mail = MAIL.replace("birch", "alder");
    client.send(&["patron@gmail.example"], &mail, "250 2.0.0").await;
    let row = world.over(messages(&world).await[0].id).await;
    assert_eq!((row.state, row.sender.as_deref()), (State::Accepted, Some("shared")));
    let mail = read(&world.offered("patron@gmail.example")[0]);
    assert_eq!(mail.from, "aldr@notices.example");
    assert!(mail.raw.contains("Reply-To: <circ@alder.example>"), "{}", mail.raw);
    assert!(mail.raw.contains("Message-ID: <abc@koha.alder.example>"), "{}", mail.raw);
}

#[tokio::test]
async fn every_way_to_sign_in_opens_with_a_key_and_none_without() {
    let world = open(false).await;
    let key = world.new_key(Some("BRCH")).await;
    let all = world.new_key(None).await;
    let ways = |name: &str, key: &str| {
        [
            format!("AUTH PLAIN {}", base64(&format!("\0{name}\0{key}"))),
            format!("AUTH XOAUTH2 {}", base64(&format!("user={name}\u{1}auth=Bearer {key}\u{1}\u{1}"))),
            format!("AUTH OAUTHBEARER {}", base64(&format!("n,a={name},\u{1}host=x\u{1}auth=Bearer {key}\u{1}\u{1}"))),
        ]
    };
    for line in ways("BRCH", &key).into_iter().chain(ways("anything", &key)).chain(ways("BRCH", &all)) {
        let mut client = in_tls(&world).await;
        client.say("EHLO a.example", "250").await;
        client.say(&line, "235").await;
        client.say("MAIL FROM:<a@a.example>", "250").await;
    }
    let mut client = in_tls(&world).await;
    assert!(client.say("EHLO a.example", "250").await.contains("AUTH PLAIN LOGIN OAUTHBEARER XOAUTH2"));
    client.say("AUTH LOGIN", "334 VXNlcm5hbWU6").await;
    client.say(&base64("BRCH"), "334 UGFzc3dvcmQ6").await;
    client.say(&base64(&key), "235").await;
    let mut client = in_tls(&world).await;
    client.say("EHLO a.example", "250").await;
    client.say(&ways("ALDR", &key)[0], "535 5.7.8").await;
    client.say(&ways("BRCH", "cty_live_wrong")[1], "334").await;
    client.say("", "535 5.7.8").await;
    client.say(&ways("nobody", &all)[0], "421").await;
}

#[tokio::test]
async fn a_stranger_relays_nothing() {
    let world = open(false).await;
    let mut client = plain(&world).await;
    let offered = client.say("EHLO a.example", "250").await;
    assert!(offered.contains("STARTTLS") && !offered.contains("AUTH"), "{offered}");
    client.say("MAIL FROM:<ill@birch.example>", "530 5.7.0").await;
    client.say("AUTH PLAIN AGEAYg==", "538 5.7.11").await;
    client.say("RCPT TO:<patron@gmail.example>", "503").await;
    client.say("DATA", "503").await;
    let mut client = in_tls(&world).await;
    client.say("EHLO a.example", "250").await;
    client.say("MAIL FROM:<ill@birch.example>", "530 5.7.0").await;
    assert!(messages(&world).await.is_empty());
}

#[tokio::test]
async fn one_librarys_key_does_not_write_in_anothers_name() {
    let world = open(true).await;
    let mut client = plain(&world).await;
    client.say("EHLO a.example", "250").await;
    let said = client.send(&["patron@gmail.example"], &MAIL.replace("circ@birch", "circ@alder"), "550-5.7.1").await;
    assert!(said.contains("alder.example") && said.contains("BRCH"), "{said}");
    let two = MAIL.replace("To:", "From: x@birch.example\r\nTo:");
    client.send(&["patron@gmail.example"], &two, "550 5.6.0").await;
    assert!(messages(&world).await.is_empty());
}

#[tokio::test]
async fn the_same_mail_handed_in_twice_is_one_and_too_large_is_none() {
    let world = open(true).await;
    let mut client = plain(&world).await;
    client.say("EHLO a.example", "250").await;
    let first = client.send(&["patron@gmail.example"], MAIL, "250").await;
    let second = client.send(&["patron@gmail.example"], MAIL, "250").await;
    assert_eq!(first, second);
    assert_eq!(messages(&world).await.len(), 1);
    let large = format!("{MAIL}{}", "x\r\n".repeat(40_000));
    client.send(&["patron@gmail.example"], &large, "552 5.3.4").await;
    client.say("MAIL FROM:<a@a.example> SIZE=200000", "552 5.3.4").await;
    assert_eq!(messages(&world).await.len(), 1);
}

#[tokio::test]
async fn a_key_that_submits_opens_nothing_else() {
    let world = open(false).await;
    let made =
        world.post("/v1/keys", &serde_json::json!({ "name": "Koha", "library": "BRCH", "scope": "submit" })).await;
    assert_eq!((made.status, made.json()["scope"].as_str()), (201, Some("submit")), "{}", made.text);
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(world.request("GET", "/v1/messages", &secret, &[], "").await.status, 403);
    let mut client = in_tls(&world).await;
    client.say("EHLO a.example", "250").await;
    client.say(&format!("AUTH PLAIN {}", base64(&format!("\0BRCH\0{secret}"))), "235").await;
}

#[tokio::test]
async fn a_mail_of_an_unknown_kind_can_be_sent_again_by_staff() {
    let world = open(true).await;
    let mut client = plain(&world).await;
    client.say("EHLO a.example", "250").await;
    client
        .send(&["patron@gmail.example"], &MAIL.replace("Interlibrary loan request ready for pickup", "News"), "250")
        .await;
    let row = world.over(messages(&world).await[0].id).await;
    assert_eq!((row.notice.as_str(), row.state), ("mail", State::Accepted));
    let again = world.post(&format!("/v1/messages/{}/resend", row.id), &serde_json::json!({})).await;
    assert_eq!(again.status, 202, "{}", again.text);
    let newest = world.app().store.messages(&Filter::default(), 9).await.unwrap()[0].id;
    assert_ne!(newest, row.id);
    assert_eq!(world.over(newest).await.state, State::Accepted);
    assert_eq!(world.offered("patron@gmail.example").len(), 2);
}
