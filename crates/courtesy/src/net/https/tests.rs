//! A client for addresses of other people's choosing: what it will not do.

use std::sync::Arc;

use rcgen::generate_simple_self_signed;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use standards::dns::table::Table;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

fn client(zone: &str, roots: &[CertificateDer<'static>], reach: Reach) -> Https {
    Https::new(Arc::new(Table::parse(zone).unwrap()), roots, reach).unwrap()
}

fn get(url: Url) -> Request {
    Request { method: Method::GET, url, headers: HeaderMap::new(), body: Vec::new() }
}

/// Says `answer` to whoever comes, in clear; the address it is at.
async fn says(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, answer) = (listener.local_addr().unwrap(), answer.into());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    at
}

#[test]
fn private_addresses_are_not_public() {
    for ip in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.0.8",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "203.0.113.9",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::1",
        "3fff::1",
    ] {
        assert!(!is_public(ip.parse().unwrap()), "{ip}");
    }
    for ip in ["8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1", "2a00:1450::1", "2001:4860::1"] {
        assert!(is_public(ip.parse().unwrap()), "{ip}");
    }
}

#[test]
fn only_https_to_public_hosts_is_a_url() {
    let public = client("", &[], Reach::Public);
    for text in [
        "http://hooks.example/",
        "ftp://hooks.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://169.254.169.254/latest",
        "https://name:word@hooks.example/",
        "hooks.example",
    ] {
        assert!(matches!(public.url(text), Err(NoAnswer::NotAllowed(_))), "{text}");
    }
    assert!(public.url("https://hooks.example:8443/a?b").is_ok());
    let private = client("", &[], Reach::Private);
    assert!(private.url("http://127.0.0.1:8080/").is_ok());
    assert!(private.url("https://10.0.0.1/").is_ok());
    assert!(private.url("http://10.0.0.1/").is_err(), "in clear on this very machine alone");
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_not_followed() {
    let zone = "inside.example. 60 IN A 127.0.0.1\ninside.example. 60 IN AAAA ::1\n";
    let public = client(zone, &[], Reach::Public);
    let url = public.url("https://inside.example/").unwrap();
    assert_eq!(public.send(get(url)).await.unwrap_err(), NoAnswer::NotAllowed(PRIVATE.to_owned()));
    let url = public.url("https://absent.example/").unwrap();
    let none = public.send(get(url)).await.unwrap_err();
    assert!(matches!(&none, NoAnswer::Unreachable(why) if why.contains("no address")), "{none}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let at = says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n").await;
    let https = client("", &[], Reach::Private);
    let answer = https.send(get(https.url(&format!("http://{at}/")).unwrap())).await.unwrap();
    assert_eq!(answer.status, 302);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let mut long = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    long.resize(long.len() + ANSWER_OCTETS_MAX + 1, b'x');
    let at = says(long).await;
    let https = client("", &[], Reach::Private);
    let none = https.send(get(https.url(&format!("http://{at}/")).unwrap())).await.unwrap_err();
    assert_eq!(none, NoAnswer::TooLong);
}

#[tokio::test]
async fn a_certificate_is_always_checked() {
    let made = generate_simple_self_signed(vec!["tokens.example".to_owned()]).unwrap();
    let root = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![root.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
        }
    });
    let zone = "tokens.example. 60 IN A 127.0.0.1\n";
    let url = format!("https://tokens.example:{port}/");
    let stranger = client(zone, &[], Reach::Private);
    let none = stranger.send(get(stranger.url(&url).unwrap())).await.unwrap_err();
    assert!(matches!(&none, NoAnswer::Unreachable(_)), "{none}");
    let friend = client(zone, &[root], Reach::Private);
    let answer = friend.send(get(friend.url(&url).unwrap())).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"hi".as_slice()));
}

#[tokio::test]
async fn what_failed_is_said_without_the_url() {
    let https = client("", &[], Reach::Private);
    // Nobody listens on port 1.
    let none = https.send(get(https.url("http://127.0.0.1:1/secret-path").unwrap())).await.unwrap_err();
    let words = none.to_string();
    assert!(words.contains("no connection") && !words.contains("secret"), "{words}");
}
