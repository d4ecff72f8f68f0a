//! The door from outside: conversations as scripts, and everything one tries at an open port 25.

use std::net::Ipv4Addr;

use standards::domain::Domain;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::gate::Gate;
use super::*;
use crate::delivery::return_path;
use crate::id::MessageId;

const PATIENCE: Duration = Duration::from_secs(20);

struct Open {
    address: SocketAddr,
    spool: Arc<Spool>,
    /// A return path that we gave out.
    path: String,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

async fn open_with(limits: Limits, tls: bool) -> Open {
    let folder = tempfile::tempdir().unwrap();
    let certificate = if tls {
        let made = rcgen::generate_simple_self_signed(vec!["mx.notices.example".to_owned()]).unwrap();
        let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        Arc::new(Certificate::open(&certificate, &key, Instant::now()).unwrap())
    } else {
        self_made(folder.path())
    };
    let secret = Arc::new(Secret::from_octets([7; 32]));
    let spool = Arc::new(Spool::open(&folder.path().join("spool")).unwrap());
    let id = MessageId::new(jiff::Timestamp::constant(1_900_000_000, 0));
    let path = return_path::write(&secret, id, &Domain::parse("notices-bounce.library.example").unwrap()).to_string();
    let door = Arc::new(Door::new("mx.notices.example", certificate, secret, Arc::clone(&spool)));
    let listening = door.listen("127.0.0.1:0".parse().unwrap(), limits).await.unwrap();
    let address = listening.address.unwrap();
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(listening.run(stopping));
    Open { address, spool, path, stop, running, _folder: folder }
}

fn self_made(folder: &std::path::Path) -> Arc<Certificate> {
    Arc::new(Certificate::self_made("mx.notices.example", folder, Instant::now()).unwrap())
}

async fn open() -> Open {
    open_with(Limits::default(), false).await
}

struct Client<S> {
    stream: S,
    inbox: Vec<u8>,
}

impl Client<TcpStream> {
    async fn call(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), inbox: Vec::new() }
    }
}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Client<S> {
    async fn put(&mut self, octets: &[u8]) {
        // A door that has hung up refuses the rest; what it said before is still there to be read.
        let _ = self.stream.write_all(octets).await;
    }

    /// The next whole reply; empty when the door has closed.
    async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            while let Some(end) = self.inbox.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.inbox.drain(..end + 2).collect();
                let line = String::from_utf8(line[..end].to_vec()).unwrap();
                let goes_on = line.as_bytes().get(3) == Some(&b'-');
                reply.push_str(&line);
                if !goes_on {
                    return reply;
                }
                reply.push('\n');
            }
            let mut piece = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut piece)).await.expect("the door hangs");
            match read {
                Ok(0) | Err(_) => return reply,
                Ok(count) => self.inbox.extend_from_slice(&piece[..count]),
            }
        }
    }

    /// `-> words` we say, `<- words` we want to hear (its beginning), `== closed` the door hangs up.
    async fn follow(&mut self, script: &str) {
        for step in script.lines().map(str::trim).filter(|step| !step.is_empty()) {
            match step.split_at(2) {
                ("->", words) => self.put(format!("{}\r\n", words.trim_start()).as_bytes()).await,
                ("<-", words) => {
                    let heard = self.reply().await;
                    assert!(heard.starts_with(words.trim_start()), "wanted {words}, heard {heard}");
                }
                _ => assert_eq!(self.reply().await, "", "the door should have closed"),
            }
        }
    }
}

async fn follow(open: &Open, script: &str) {
    Client::call(open.address).await.follow(&script.replace("{path}", &open.path)).await;
}

const UP_TO_DATA: &str = "
    <- 220 mx.notices.example ESMTP
    -> EHLO mx.patron.example
    <- 250-mx.notices.example
    -> MAIL FROM:<>
    <- 250 2.1.0
    -> RCPT TO:<{path}>
    <- 250 2.1.5
    -> DATA
    <- 354
";

#[tokio::test]
async fn a_mail_for_a_return_path_is_on_disk_before_it_is_acknowledged() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow(&UP_TO_DATA.replace("{path}", &open.path)).await;
    client.put(b"Subject: x\r\n\r\n..dot\r\n.\r\n").await;
    let said = client.reply().await;
    let id = open.spool.list().unwrap()[0];
    assert_eq!(said, format!("250 2.0.0 Kept as {id}"));
    let waiting = open.spool.read(id).unwrap();
    assert_eq!(waiting.mail, b"Subject: x\r\n\r\n.dot\r\n");
    assert_eq!(waiting.envelope.recipients, std::slice::from_ref(&open.path));
    assert_eq!((waiting.envelope.mail_from.as_str(), waiting.envelope.helo.as_str()), ("", "mx.patron.example"));
    client.follow("-> QUIT\n<- 221\n== closed").await;
}

#[tokio::test]
async fn several_mails_ride_on_one_pipelined_connection() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220\n-> EHLO a.example\n<- 250-").await;
    let path = &open.path;
    for _ in 0..3 {
        client.put(format!("MAIL FROM:<m@a.example>\r\nRCPT TO:<{path}>\r\nDATA\r\n").as_bytes()).await;
        client.follow("<- 250\n<- 250\n<- 354").await;
        client.put(b"x\r\n.\r\n").await;
        client.follow("<- 250 2.0.0").await;
    }
    assert_eq!(open.spool.list().unwrap().len(), 3);
}

#[tokio::test]
async fn every_smuggling_ending_is_refused_and_nothing_behind_it_is_read() {
    let endings: [&[u8]; 14] = [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\r",
        b"\n.\r",
        b"\r.\n",
        b"\r\n\0.\n",
        b"\r\r\n.\r\n",
        b"\n\n.\r\n",
        b"\r\n.\r\r\n",
        b"\r\n.\n\r\n",
        b"\0\n.\r\n",
    ];
    let open = open().await;
    for ending in endings {
        let mut client = Client::call(open.address).await;
        client.follow(&UP_TO_DATA.replace("{path}", &open.path)).await;
        let smuggled = format!("MAIL FROM:<evil@a.example>\r\nRCPT TO:<{}>\r\nDATA\r\nevil\r\n.\r\n", open.path);
        client.put(&[b"Subject: x\r\n\r\nHello", ending, smuggled.as_bytes()].concat()).await;
        let said = client.reply().await;
        assert!(said.starts_with("521 5.5.2"), "{ending:?}: {said}");
        assert_eq!(client.reply().await, "", "{ending:?}");
    }
    assert!(open.spool.list().unwrap().is_empty());
}

#[tokio::test]
async fn a_dot_with_company_does_not_end_a_mail() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow(&UP_TO_DATA.replace("{path}", &open.path)).await;
    client.put(b"a\r\n. \r\n.\0\r\n..\r\n.\r\n").await;
    client.follow("<- 250 2.0.0").await;
    let waiting = open.spool.read(open.spool.list().unwrap()[0]).unwrap();
    assert_eq!(waiting.mail, b"a\r\n \r\n\0\r\n.\r\n");
}

#[tokio::test]
async fn bare_line_ends_in_commands_end_the_conversation() {
    let open = open().await;
    for command in [b"EHLO a.example\nMAIL FROM:<>\r\n".as_slice(), b"EHLO a\rb.example\r\n", b"NOOP\n"] {
        let mut client = Client::call(open.address).await;
        client.follow("<- 220").await;
        client.put(command).await;
        client.follow("<- 521 5.5.2\n== closed").await;
    }
}

#[tokio::test]
async fn nobody_is_relayed_for() {
    let open = open().await;
    let tried = [
        "patron@elsewhere.example",
        "PATRON@ELSEWHERE.EXAMPLE",
        "patron@@elsewhere.example",
        "patron%elsewhere.example@[127.0.0.1]",
        "patron%elsewhere.example%mx.notices.example@mx.notices.example",
        "elsewhere.example!patron",
        "elsewhere.example!patron@[127.0.0.1]",
        "@mx.notices.example,@notices.example:patron@elsewhere.example",
        "\"elsewhere.example!patron\"@mx.notices.example",
        "\"patron%elsewhere.example\"@mx.notices.example",
        "\"patron@elsewhere.example\"@[127.0.0.1]",
        "patron@elsewhere.example.",
        "patron@elsewhere.example, b@notices.example",
        "patron;@elsewhere.example",
        "patron@[IPv6:::1]",
        "patron@%elsewhere.example",
        "b+x%elsewhere.example@notices.example",
        "| /bin/true",
        "/etc/passwd",
        "\"patron@elsewhere.example\"",
        "patron%elsewhere.example@mx.notices.example",
        "elsewhere.example!patron@mx.notices.example",
        "@mx.notices.example:patron@elsewhere.example",
        "patron@elsewhere.example@mx.notices.example",
        "\"patron@elsewhere.example\"@mx.notices.example",
        "patron@[127.0.0.1]",
        "patron@localhost",
        "postmaster",
        "postmaster@mx.notices.example",
        "root@127.0.0.1",
        "",
    ];
    for to in tried {
        let mut client = Client::call(open.address).await;
        client.follow("<- 220\n-> EHLO a.example\n<- 250-\n-> MAIL FROM:<m@mx.notices.example>\n<- 250").await;
        client.put(format!("RCPT TO:<{to}>\r\n").as_bytes()).await;
        let said = client.reply().await;
        assert!(said.starts_with("550 5.1.1") || said.starts_with("501 5.1.3"), "{to}: {said}");
        client.follow("-> DATA\n<- 503 5.5.1\n-> QUIT\n<- 221").await;
    }
    assert!(open.spool.list().unwrap().is_empty());
}

#[tokio::test]
async fn a_forged_code_is_refused_and_case_does_not_matter() {
    let open = open().await;
    let (local, domain) = open.path.split_once('@').unwrap();
    let last = if local.ends_with('a') { 'b' } else { 'a' };
    let forged = format!("{}{last}@{domain}", &local[..local.len() - 1]);
    let other = format!("{}@{domain}", local.replacen("b+0", "b+1", 1));
    let shout = open.path.to_uppercase();
    let script = format!(
        "<- 220\n-> EHLO a.example\n<- 250-\n-> MAIL FROM:<>\n<- 250\n-> RCPT TO:<{forged}>\n<- 550 5.1.1\n\
         -> RCPT TO:<{other}>\n<- 550 5.1.1\n-> RCPT TO:<{shout}>\n<- 250\n-> RCPT TO:<b+@{domain}>\n<- 550 5.1.1"
    );
    follow(&open, &script).await;
}

#[tokio::test]
async fn commands_out_of_order_and_not_offered_are_refused() {
    let open = open().await;
    follow(
        &open,
        "<- 220
         -> MAIL FROM:<>
         <- 503 5.5.1
         -> EHLO a.example
         <- 250-
         -> RCPT TO:<{path}>
         <- 503 5.5.1
         -> DATA
         <- 503 5.5.1
         -> AUTH PLAIN AGEAYg==
         <- 502 5.5.1
         -> LHLO a.example
         <- 500 5.5.1
         -> MAIL FROM:<not an address>
         <- 501",
    )
    .await;
    follow(
        &open,
        "<- 220
         -> EHLO a.example
         <- 250-
         -> MAIL FROM:<> SIZE=999999999
         <- 552 5.3.4
         -> MAIL FROM:<> BODY=BINARYMIME
         <- 555 5.5.4
         -> MAIL FROM:<> BODY=8BITMIME SMTPUTF8
         <- 250
         -> MAIL FROM:<>
         <- 503 5.5.1
         -> RSET
         <- 250
         -> RCPT TO:<{path}>
         <- 503 5.5.1
         -> VRFY {path}
         <- 252",
    )
    .await;
}

#[tokio::test]
async fn whoever_keeps_trying_names_is_sent_away() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220\n-> EHLO a.example\n<- 250-\n-> MAIL FROM:<>\n<- 250").await;
    let mut refused = 0;
    loop {
        client.put(format!("RCPT TO:<name{refused}@notices.example>\r\n").as_bytes()).await;
        let said = client.reply().await;
        assert!(said.starts_with("550 5.1.1"), "{said}");
        refused += 1;
        if refused == 20 {
            break;
        }
    }
    client.follow("<- 421 4.7.0\n== closed").await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_at_its_end_and_the_conversation_goes_on() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow(&UP_TO_DATA.replace("{path}", &open.path)).await;
    let line = [vec![b'x'; 998], b"\r\n".to_vec()].concat();
    client.put(&line.repeat(receiving::MESSAGE_OCTETS_MAX / 1000 + 1)).await;
    client.put(b".\r\n").await;
    client.follow("<- 552 5.3.4\n-> NOOP\n<- 250").await;
    client.put(&vec![b'x'; 64 * 1024]).await;
    client.follow("<- 500 5.5.2\n== closed").await;
    assert!(open.spool.list().unwrap().is_empty());
}

#[tokio::test]
async fn a_hundred_recipients_and_no_more() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220\n-> EHLO a.example\n<- 250-\n-> MAIL FROM:<>\n<- 250").await;
    let local = open.path.split_once('@').unwrap().0;
    for number in 0..101 {
        client.put(format!("RCPT TO:<{local}@l{number}.example>\r\n").as_bytes()).await;
        let said = client.reply().await;
        assert!(said.starts_with(if number < 100 { "250" } else { "452 4.5.3" }), "{number}: {said}");
    }
}

#[tokio::test]
async fn too_many_connections_of_one_source_are_asked_to_come_back() {
    let limits = Limits { connections_per_source: 2, ..Limits::default() };
    let open = open_with(limits, false).await;
    let mut two = [Client::call(open.address).await, Client::call(open.address).await];
    for client in &mut two {
        client.follow("<- 220").await;
    }
    Client::call(open.address).await.follow("<- 421 4.7.0\n== closed").await;
    two[0].follow("-> QUIT\n<- 221\n== closed").await;
    // The place is free as soon as the door has seen the leave.
    let deadline = Instant::now() + PATIENCE;
    while !Client::call(open.address).await.reply().await.starts_with("220") {
        assert!(Instant::now() < deadline, "the place never became free");
    }
}

#[test]
fn credit_comes_back_with_time_and_a_v6_network_is_one_source() {
    let gate =
        Gate::new(Limits { connections: 3, connections_per_source: 2, begun_per_minute: 2, ..Limits::default() });
    let now = Instant::now();
    let v4 = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1));
    let pass = gate.enter(v4, now).unwrap();
    assert!(pass.may_begin(now) && !pass.may_begin(now));
    assert!(pass.may_begin(now + Duration::from_secs(30)), "half a minute is half the credit");
    let a = gate.enter("2001:db8::1".parse().unwrap(), now).unwrap();
    let b = gate.enter("2001:db8::2".parse().unwrap(), now);
    assert!(b.is_some() && gate.enter("2001:db8::3".parse().unwrap(), now).is_none(), "one source");
    assert!(gate.enter("198.51.100.1".parse().unwrap(), now).is_none(), "three in all");
    drop(a);
    assert!(gate.enter("198.51.100.1".parse().unwrap(), now).is_some());
    assert!(gate.enter("::ffff:192.0.2.1".parse().unwrap(), now).is_none(), "a mapped address is the same source");
}

async fn shaken(client: Client<TcpStream>) -> Client<tokio_rustls::client::TlsStream<TcpStream>> {
    let tls = crate::net::tls::ClientTls::new(&[]).unwrap();
    let host = Domain::parse("mx.notices.example").unwrap();
    let remote = client.stream.peer_addr().unwrap().ip();
    let (stream, _) = tls.shake(client.stream, &crate::net::tls::Security::Opportunistic, &host, remote).await.unwrap();
    Client { stream, inbox: Vec::new() }
}

#[tokio::test]
async fn under_tls_everything_begins_anew() {
    let open = open_with(Limits::default(), true).await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220\n-> EHLO a.example").await;
    assert!(client.reply().await.ends_with("250 STARTTLS"));
    client.follow("-> MAIL FROM:<>\n<- 250\n-> STARTTLS\n<- 220 2.0.0").await;
    let mut client = shaken(client).await;
    client.follow(&format!("-> RCPT TO:<{}>\n<- 503\n-> MAIL FROM:<>\n<- 503\n-> EHLO a.example", open.path)).await;
    assert!(!client.reply().await.contains("STARTTLS"));
    let rest = UP_TO_DATA.split_once("<- 250-mx.notices.example").unwrap().1;
    client.follow(&rest.replace("{path}", &open.path)).await;
    client.put(b"x\r\n.\r\n").await;
    client.follow("<- 250 2.0.0").await;
    assert_eq!(open.spool.list().unwrap().len(), 1);
}

#[tokio::test]
async fn a_door_without_a_certificate_makes_its_own() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220\n-> EHLO a.example\n<- 250-\n-> STARTTLS\n<- 220 2.0.0").await;
    let mut client = shaken(client).await;
    client.follow("-> EHLO a.example\n<- 250-\n-> STARTTLS\n<- 502 5.5.1\n-> QUIT\n<- 221").await;
}

#[tokio::test]
async fn words_slipped_in_behind_starttls_end_the_conversation() {
    let open = open_with(Limits::default(), true).await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220\n-> EHLO a.example\n<- 250-").await;
    client.put(b"STARTTLS\r\nMAIL FROM:<evil@a.example>\r\n").await;
    client.follow("<- 501 5.5.4\n== closed").await;
}

#[tokio::test]
async fn a_door_that_closes_says_so() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220\n-> EHLO a.example\n<- 250-").await;
    open.stop.send(true).unwrap();
    client.follow("<- 421 4.3.2").await;
    drop(client);
    tokio::time::timeout(PATIENCE, open.running).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_speaks_before_the_greeting_is_sent_away() {
    let open = open_with(Limits { greet_after: Duration::from_secs(5), ..Limits::default() }, false).await;
    let mut client = Client::call(open.address).await;
    client.put(b"EHLO a.example\r\n").await;
    client.follow("<- 521 5.5.1\n== closed").await;
}

#[tokio::test]
async fn who_does_not_wait_for_a_reply_that_decides_is_sent_away() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220").await;
    client.put(b"EHLO a.example\r\nMAIL FROM:<>\r\n").await;
    client.follow("<- 521 5.5.1\n== closed").await;
    let mut client = Client::call(open.address).await;
    client.follow(&UP_TO_DATA.replace("{path}", &open.path).replace("-> DATA\n", "").replace("<- 354", "")).await;
    client.put(b"DATA\r\nSubject: x\r\n\r\n.\r\n").await;
    client.follow("<- 521 5.5.1\n== closed").await;
    assert!(open.spool.list().unwrap().is_empty());
}

#[tokio::test]
async fn chunks_are_refused_and_their_octets_are_not_read_as_commands() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    let to = format!("<- 220\n-> EHLO a.example\n<- 250-\n-> MAIL FROM:<>\n<- 250\n-> RCPT TO:<{}>\n<- 250", open.path);
    client.follow(&to).await;
    client.put(b"BDAT 6 LAST\r\nRSET\r\n").await;
    client.follow("<- 502 5.5.1\n== closed").await;
}

#[tokio::test]
async fn a_header_of_a_hundred_megabytes_is_cut_off_long_before() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow(&UP_TO_DATA.replace("{path}", &open.path)).await;
    let line = [b"X-Long: ".as_slice(), &[b'x'; 990], b"\r\n"].concat().repeat(1000);
    let mut sent = 0;
    while sent < 100 * line.len() && client.stream.write_all(&line).await.is_ok() {
        sent += line.len();
    }
    assert!(sent < 60 * line.len(), "{sent} octets were read");
    let heard = client.reply().await;
    assert!(heard.is_empty() || heard.starts_with("552 5.3.4"), "{heard}");
    assert!(open.spool.list().unwrap().is_empty());
}

#[tokio::test]
async fn a_line_without_end_is_cut_off() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220").await;
    client.put(&[b'x'; 4096]).await;
    client.follow("<- 500 5.5.2\n== closed").await;
}

#[tokio::test]
async fn who_drips_a_mail_is_cut_off_when_its_time_is_over() {
    let limits = Limits { mail_within: Duration::from_millis(400), ..Limits::default() };
    let open = open_with(limits, false).await;
    let mut client = Client::call(open.address).await;
    client.follow(&UP_TO_DATA.replace("{path}", &open.path)).await;
    let began = Instant::now();
    // Each line comes well within its own time.
    while began.elapsed() < PATIENCE && client.stream.write_all(b"x\r\n").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() < PATIENCE, "the door listened for ever");
    assert!(open.spool.list().unwrap().is_empty());
}

#[tokio::test]
async fn who_drips_a_command_or_says_nothing_is_cut_off() {
    let limits = Limits { line_within: Duration::from_millis(300), ..Limits::default() };
    let open = open_with(limits, false).await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220\n<- 421 4.4.2\n== closed").await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220").await;
    let began = Instant::now();
    while began.elapsed() < PATIENCE && client.stream.write_all(b"N").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() < PATIENCE, "the door listened for ever");
}

#[tokio::test]
async fn a_conversation_ends_however_lively_it_is() {
    let limits = Limits { conversation_within: Duration::from_millis(400), ..Limits::default() };
    let open = open_with(limits, false).await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220").await;
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < PATIENCE, "the door listened for ever");
        client.put(b"NOOP\r\n").await;
        let heard = client.reply().await;
        if heard.starts_with("421 4.4.2") || heard.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_makes_mistake_after_mistake_is_sent_away() {
    let open = open().await;
    let mut client = Client::call(open.address).await;
    client.follow("<- 220").await;
    for _ in 0..10 {
        client.follow("-> XYZZY\n<- 500 5.5.1").await;
    }
    client.follow("<- 421 4.7.0\n== closed").await;
}

#[tokio::test]
async fn by_lmtp_each_recipient_gets_a_reply_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let secret = Arc::new(Secret::from_octets([7; 32]));
    let spool = Arc::new(Spool::open(&folder.path().join("spool")).unwrap());
    let path = |second: i64| {
        let id = MessageId::new(jiff::Timestamp::constant(1_900_000_000 + second, 0));
        return_path::write(&secret, id, &Domain::parse("bounces.notices.example").unwrap())
    };
    let door = Door::new("mx.notices.example", self_made(folder.path()), Arc::clone(&secret), Arc::clone(&spool));
    let socket = folder.path().join("lmtp");
    // As a process leaves it that was killed.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let listening = Arc::new(door).listen_for_lmtp(&Lmtp::Unix(socket.clone())).await.unwrap();
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(listening.run(stopping));
    let mut client = Client { stream: UnixStream::connect(&socket).await.unwrap(), inbox: Vec::new() };
    client.follow("<- 220 mx.notices.example LMTP\n-> EHLO a.example\n<- 500 5.5.1\n-> LHLO a.example").await;
    assert!(!client.reply().await.contains("STARTTLS"));
    let script = format!(
        "-> MAIL FROM:<>\n<- 250\n-> RCPT TO:<{}>\n<- 250\n-> RCPT TO:<nobody@notices.example>\n<- 550\n\
         -> RCPT TO:<{}>\n<- 250\n-> DATA\n<- 354",
        path(1),
        path(2)
    );
    client.follow(&script).await;
    client.put(b"Subject: x\r\n\r\nx\r\n.\r\n").await;
    client.follow("<- 250 2.0.0\n<- 250 2.0.0\n-> QUIT\n<- 221").await;
    let waiting = spool.read(spool.list().unwrap()[0]).unwrap();
    assert_eq!((waiting.envelope.recipients.len(), waiting.envelope.client), (2, None));
    drop(stop);
}
