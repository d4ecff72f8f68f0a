//! The providers' SMTP: people, headers, TLS, and everything that must not pass.

use std::sync::Arc;

use practice::provider::Decision;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio_rustls::TlsConnector;

use crate::client::{Client, message, world};

const FROM: &str = "ill@birch.example";
const PATRON: &str = "patron@gmail.example";

#[tokio::test]
async fn everybody_gets_the_answer_of_their_mailbox() {
    let running = world().await;
    let mut client = Client::greeted(&running, "gmail.example").await;
    client.say(&format!("MAIL FROM:<{FROM}>")).await;
    for (local, answer) in [
        ("patron", "250 2.1.5"),
        ("patron-0042", "250 2.1.5"),
        ("full", "452 4.2.2"),
        ("overquota", "552 5.2.2"),
        ("disabled", "550 5.2.1"),
        ("patronage", "550 5.1.1"),
        ("nobody", "550 5.1.1"),
    ] {
        let reply = client.say(&format!("RCPT TO:<{local}@gmail.example>")).await;
        assert!(reply.to_string().starts_with(answer), "{local}: {reply}");
    }
    let elsewhere = client.say("RCPT TO:<patron@yahoo.example>").await;
    assert_eq!(elsewhere.to_string(), "550 5.7.1 Relaying denied");
}

#[tokio::test]
async fn gmail_wants_what_rfc_5322_wants() {
    let running = world().await;
    let sound = message(FROM, PATRON);
    let without =
        |field: &str| -> String { sound.split_inclusive("\r\n").filter(|line| !line.starts_with(field)).collect() };
    let twice = |field: &str| -> String {
        let line = sound.split_inclusive("\r\n").find(|line| line.starts_with(field)).unwrap();
        format!("{line}{sound}")
    };
    let mut client = Client::greeted(&running, "gmail.example").await;
    for broken in [
        without("From:"),
        without("Date:"),
        without("Message-ID:"),
        twice("From:"),
        twice("Date:"),
        twice("Message-ID:"),
        sound.replace("From: Library <ill@birch.example>", "From: ill@birch.example, ill@ivy.example"),
    ] {
        let reply = client.offer(FROM, PATRON, &broken).await;
        assert!(reply.to_string().starts_with("550 5.7.1 ["), "{reply}\n{broken}");
    }
    assert_eq!(client.offer(FROM, PATRON, &sound).await.code, 250);
    let plain = "patron@plain.example";
    let reply = Client::greeted(&running, "plain.example").await.offer(FROM, plain, &without("Date:")).await;
    assert_eq!(reply.code, 250, "a stock filter doesn't care");
}

/// Everything but a true CR LF . CR LF that some server somewhere has taken for the end of a message.
const ENDINGS: [&str; 11] = [
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\r",
    "\n.\r",
    "\r.\n",
    "\r\n\0.\r\n",
    "\r\r\n.\r\r\n",
    "\n\n.\r\n",
];

#[tokio::test]
async fn no_false_ending_smuggles_a_second_message_in() {
    let running = world().await;
    for ending in ENDINGS {
        let mut client = Client::greeted(&running, "gmail.example").await;
        client.say(&format!("MAIL FROM:<{FROM}>")).await;
        client.say(&format!("RCPT TO:<{PATRON}>")).await;
        client.say("DATA").await;
        let first = message(FROM, PATRON);
        let second = format!(
            "MAIL FROM:<{FROM}>\r\nRCPT TO:<{PATRON}>\r\nDATA\r\n{}\r\n.\r\nQUIT\r\n",
            message("admin@birch.example", PATRON)
        );
        client.send(format!("{}{ending}{second}", first.trim_end()).as_bytes()).await;
        let reply = client.reply().await;
        assert!(reply.is_permanent(), "{ending:?}: {reply}");
        while let Some(line) = client.line().await {
            assert!(!line.starts_with("250"), "{ending:?}: {line}");
        }
    }
    assert_eq!(running.mailboxes().count(), 0);
}

#[tokio::test]
async fn a_bare_line_feed_ends_the_conversation_in_commands_too() {
    let running = world().await;
    let mut client = Client::greeted(&running, "gmail.example").await;
    client.send(b"NOOP\nNOOP\r\n").await;
    assert_eq!(client.reply().await.code, 521);
    assert_eq!(client.line().await, None);
}

#[tokio::test]
async fn dots_are_taken_off_and_pipelined_commands_answered_in_order() {
    let running = world().await;
    let mut client = Client::greeted(&running, "yahoo.example").await;
    let to = "patron@yahoo.example";
    client
        .send(format!("MAIL FROM:<{FROM}>\r\nRCPT TO:<{to}>\r\nRCPT TO:<nobody@yahoo.example>\r\nDATA\r\n").as_bytes())
        .await;
    for code in [250, 250, 550, 354] {
        assert_eq!(client.reply().await.code, code);
    }
    client.send(format!("{}..hidden\r\n...\r\n.\r\nQUIT\r\n", message(FROM, to)).as_bytes()).await;
    assert_eq!(client.reply().await.code, 250);
    assert_eq!(client.reply().await.code, 221);
    let kept = running.mailboxes().kept();
    assert!(String::from_utf8_lossy(&kept[0].raw).ends_with("it is here.\r\n.hidden\r\n..\r\n"));
}

#[tokio::test]
async fn order_and_limits_are_kept() {
    let running = world().await;
    let mut client = Client::connect(&running, "gmail.example", practice::world::RELAYS[0]).await;
    for (line, code) in [
        (&format!("MAIL FROM:<{FROM}>"), 503),
        (&"EHLO out1.notices.example".to_owned(), 250),
        (&format!("RCPT TO:<{PATRON}>"), 503),
        (&"DATA".to_owned(), 503),
        (&format!("MAIL FROM:<{FROM}> SIZE=999999999"), 552),
        (&"MAIL FROM:<no address>".to_owned(), 501),
        (&format!("MAIL FROM:<{FROM}> SIZE=1000 BODY=8BITMIME"), 250),
        (&format!("MAIL FROM:<{FROM}>"), 503),
        (&"RCPT TO:<@>".to_owned(), 501),
        (&"RSET".to_owned(), 250),
        (&format!("RCPT TO:<{PATRON}>"), 503),
        (&"AUTH PLAIN AGEAYg==".to_owned(), 502),
        (&"NONSENSE".to_owned(), 500),
        (&"VRFY patron".to_owned(), 252),
        (&"NOOP".to_owned(), 250),
    ] {
        let reply = client.say(line).await;
        assert_eq!(reply.code, code, "{line}: {reply}");
    }
    client.say(&format!("MAIL FROM:<{FROM}>")).await;
    client.say(&format!("RCPT TO:<{PATRON}>")).await;
    client.say("DATA").await;
    let reply = client.say(&"x".repeat(999)).await;
    assert_eq!(reply.code, 550, "{reply}");
    assert_eq!(running.mailboxes().count(), 0);
}

#[tokio::test]
async fn addresses_beyond_ascii_need_smtputf8_at_both_ends() {
    let running = world().await;
    let mut client = Client::greeted(&running, "gmail.example").await;
    client.say(&format!("MAIL FROM:<{FROM}>")).await;
    assert_eq!(client.say("RCPT TO:<jürgen@gmail.example>").await.code, 553);
    client.say("RSET").await;
    let mail = message(FROM, "jürgen@gmail.example");
    assert_eq!(client.say(&format!("MAIL FROM:<{FROM}> SMTPUTF8")).await.code, 250);
    assert_eq!(client.say("RCPT TO:<jürgen@gmail.example>").await.code, 250);
    client.say("DATA").await;
    client.send(mail.as_bytes()).await;
    assert_eq!(client.say(".").await.code, 250);
    let mut plain = Client::greeted(&running, "plain.example").await;
    assert_eq!(plain.say(&format!("MAIL FROM:<{FROM}> SMTPUTF8")).await.code, 555);
}

#[tokio::test]
async fn starttls_hides_the_conversation_and_starts_it_anew() {
    let running = world().await;
    let mut client = Client::greeted(&running, "gmail.example").await;
    assert_eq!(client.say("STARTTLS").await.code, 220);
    let name = ServerName::try_from("mx1.gmail.example").unwrap();
    let secured = trusting().connect(name, client.stream).await.unwrap();
    let mut client = Client::new(secured);
    assert_eq!(client.say(&format!("MAIL FROM:<{FROM}>")).await.code, 503, "EHLO is forgotten");
    let hello = client.say("EHLO out1.notices.example").await;
    assert!(!hello.text.contains("STARTTLS"), "{hello}");
    assert_eq!(client.offer(FROM, PATRON, &message(FROM, PATRON)).await.code, 250);
    let kept = running.mailboxes().kept();
    assert!(kept[0].tls);
    assert_eq!(kept[0].decision, Decision::Accepted);
}

#[tokio::test]
async fn commands_slipped_in_behind_starttls_end_the_conversation() {
    let running = world().await;
    let mut client = Client::greeted(&running, "gmail.example").await;
    client.send(format!("STARTTLS\r\nMAIL FROM:<{FROM}>\r\n").as_bytes()).await;
    assert_eq!(client.reply().await.code, 501);
    assert_eq!(client.line().await, None);
    let mut plain = Client::greeted(&running, "plain.example").await;
    assert_eq!(plain.say("STARTTLS").await.code, 502, "a stock filter without TLS");
}

/// A TLS client that takes any certificate, as opportunistic senders do.
fn trusting() -> TlsConnector {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
