//! AUTH, under every security and with every mechanism.

use courtesy::delivery::conversation::Manner;
use courtesy::delivery::pool::{Attempted, Pool, Settings};
use courtesy::delivery::sign_in::{Proof, SignIn};
use courtesy::net::tls::{ClientTls, Security};
use courtesy::outcome::{Outcome, Provider, Stage, Trouble, judge};

use super::scripted::{Host, self_signed};
use super::{asker, assert_said, broke, lines, one_host, relay, replied, to, waits};

const OFFER: &str = "
    <- 220 mx
    -> EHLO relay.notices.example
    <- 250-mx\\r\\n250-PIPELINING\\r\\n250 AUTH LOGIN PLAIN XOAUTH2
";

const MESSAGE: &str = "
    -> MAIL FROM:<b@alder.example>
    -> RCPT TO:<patron@plain.example>
    -> DATA
    <- 250 ok
    <- 250 ok
    <- 354 ok
    -> (mail)
    <- 250 ok
    -> QUIT
    <- 221 bye
";

fn password() -> SignIn {
    SignIn { user: "ill@library.example".to_owned(), proof: Proof::Password("tulip 42".to_owned()) }
}

fn manner(sign_in: SignIn) -> Manner {
    Manner { sign_in: Some(sign_in), ..Manner::default() }
}

fn pool(tls: ClientTls) -> Pool {
    Pool::new(Settings { waits: waits(), ..Default::default() }, tls)
}

async fn submit(script: &str, manner: &Manner) -> Attempted {
    let host = Host::new(&[script]).await;
    let pool = pool(ClientTls::new(&[]).unwrap());
    let route = one_host(host.address);
    let attempted = pool.submit(|| to("patron@plain.example"), &route, &relay(), manner, asker()).await.unwrap();
    pool.close().await;
    host.done().await;
    attempted
}

/// Nothing of the sign-in may be in the transcript, in no form.
#[track_caller]
fn hides(attempted: &Attempted, secrets: &[&str]) {
    for secret in secrets {
        assert!(!attempted.transcript.as_str().contains(secret), "{}", attempted.transcript.as_str());
    }
}

#[tokio::test]
async fn plain_is_preferred_and_its_secret_is_never_in_the_transcript() {
    // base64 of NUL ill@library.example NUL tulip 42
    let auth = "
        -> AUTH PLAIN AGlsbEBsaWJyYXJ5LmV4YW1wbGUAdHVsaXAgNDI=
        <- 235 2.7.0 welcome
    ";
    let attempted = submit(&[OFFER, auth, MESSAGE].concat(), &manner(password())).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    assert!(lines(&attempted).contains(&"-> AUTH PLAIN …".to_owned()), "{:?}", lines(&attempted));
    hides(&attempted, &["tulip", "AGlsbEBs"]);
}

#[tokio::test]
async fn login_serves_where_plain_is_not_offered() {
    let offer = OFFER.replace("AUTH LOGIN PLAIN XOAUTH2", "AUTH=LOGIN");
    let auth = "
        -> AUTH LOGIN
        <- 334 VXNlcm5hbWU6
        -> aWxsQGxpYnJhcnkuZXhhbXBsZQ==
        <- 334 UGFzc3dvcmQ6
        -> dHVsaXAgNDI=
        <- 235 ok
    ";
    let attempted = submit(&[offer.as_str(), auth, MESSAGE].concat(), &manner(password())).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    hides(&attempted, &["dHVsaXA", "aWxsQ", "tulip"]);
}

#[tokio::test]
async fn a_short_token_rides_on_the_command() {
    let sign_in = SignIn { user: "u@l.example".to_owned(), proof: Proof::Token("t0k".to_owned()) };
    let auth = "
        -> AUTH XOAUTH2 dXNlcj11QGwuZXhhbXBsZQFhdXRoPUJlYXJlciB0MGsBAQ==
        <- 235 ok
    ";
    let attempted = submit(&[OFFER, auth, MESSAGE].concat(), &manner(sign_in)).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    hides(&attempted, &["t0k", "dXNlcj"]);
}

#[tokio::test]
async fn a_long_token_waits_for_the_server_and_an_expired_one_hears_why() {
    let sign_in = SignIn { user: "u@l.example".to_owned(), proof: Proof::Token("t".repeat(900)) };
    let auth = "
        -> AUTH XOAUTH2
        <- 334
        -> dXNlcj11QGwuZXhhbXBsZQFhdXRoPUJlYXJlciB0*
        <- 334 eyJzdGF0dXMiOiI0MDEifQ==
        ->
        <- 535 5.7.8 Username and Password not accepted
    ";
    let attempted = submit(&[OFFER, auth].concat(), &manner(sign_in)).await;
    assert_said(&attempted, replied(Stage::Auth, 535, "Username and Password not accepted"));
    hides(&attempted, &["dHR0dHR0", "tttt"]);
}

#[tokio::test]
async fn a_refused_password_is_the_relays_cause_and_is_not_tried_at_the_next_address() {
    let auth = "
        -> AUTH PLAIN *
        <- 535 5.7.8 Error: authentication failed
    ";
    let host = Host::new(&[&[OFFER, auth].concat()]).await;
    let pool = pool(ClientTls::new(&[]).unwrap());
    let mut route = one_host(host.address);
    route.hosts[0].addresses.push(host.address);
    let attempted =
        pool.submit(|| to("patron@plain.example"), &route, &relay(), &manner(password()), asker()).await.unwrap();
    assert_said(&attempted, replied(Stage::Auth, 535, "Error: authentication failed"));
    let outcome = judge(&attempted.said, Provider::Other);
    assert_eq!(outcome.cause().unwrap().code(), "relay.auth");
    assert!(!outcome.stops_address());
    assert_eq!(host.done().await.peers.len(), 1);
}

#[tokio::test]
async fn a_server_without_a_fitting_way_hears_no_password() {
    let offer = OFFER.replace("AUTH LOGIN PLAIN XOAUTH2", "AUTH CRAM-MD5");
    let attempted = submit(&offer, &manner(password())).await;
    assert_said(&attempted, broke(Stage::Auth, Trouble::Lacking));
    let outcome = judge(&attempted.said, Provider::Other);
    assert!(
        matches!(&outcome, Outcome::Deferred { cause, reply: None } if cause.code() == "relay.auth"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn under_implicit_tls_the_handshake_comes_first() {
    let (acceptor, certificate) = self_signed("mx.plain.example");
    let auth = "
        -> AUTH PLAIN AGlsbEBsaWJyYXJ5LmV4YW1wbGUAdHVsaXAgNDI=
        <- 235 ok
    ";
    let host = Host::with_tls(&[&["== tls\n", OFFER, auth, MESSAGE].concat()], acceptor).await;
    let pool = pool(ClientTls::new(&[certificate]).unwrap());
    let manner = Manner { security: Security::Required { name: None }, begins_in_tls: true, sign_in: Some(password()) };
    let route = one_host(host.address);
    let attempted = pool.submit(|| to("patron@plain.example"), &route, &relay(), &manner, asker()).await.unwrap();
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    assert!(attempted.via.unwrap().tls.unwrap().verified);
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_password_never_goes_to_an_unverified_host() {
    let starttls = "
        <- 220 mx
        -> EHLO relay.notices.example
        <- 250-mx\\r\\n250-STARTTLS\\r\\n250 AUTH PLAIN
        -> STARTTLS
        <- 220 go on
        == tls
    ";
    let clear = "
        <- 220 mx
        -> EHLO relay.notices.example
        <- 250-mx\\r\\n250 AUTH PLAIN
    ";
    let (acceptor, _) = self_signed("mx.plain.example");
    let untrusted = Host::with_tls(&[starttls], acceptor).await;
    let without = Host::new(&[clear]).await;
    let manner =
        Manner { security: Security::Required { name: None }, begins_in_tls: false, sign_in: Some(password()) };
    for address in [untrusted.address, without.address] {
        let pool = pool(ClientTls::new(&[]).unwrap());
        let attempted =
            pool.submit(|| to("patron@plain.example"), &one_host(address), &relay(), &manner, asker()).await.unwrap();
        assert_said(&attempted, broke(Stage::Tls, Trouble::Tls));
        assert!(!attempted.transcript.as_str().contains("AUTH PLAIN …"));
    }
    without.done().await;
}

#[tokio::test]
async fn a_connection_signed_in_for_one_never_serves_another() {
    let first = "
        -> AUTH PLAIN AGlsbEBsaWJyYXJ5LmV4YW1wbGUAdHVsaXAgNDI=
        <- 235 ok
    ";
    let second = "
        -> AUTH PLAIN AG90aGVyQGxpYnJhcnkuZXhhbXBsZQB0dWxpcCA0Mg==
        <- 235 ok
    ";
    let host = Host::new(&[&[OFFER, first, MESSAGE].concat(), &[OFFER, second, MESSAGE].concat()]).await;
    let pool = pool(ClientTls::new(&[]).unwrap());
    let route = one_host(host.address);
    let other = SignIn { user: "other@library.example".to_owned(), ..password() };
    for sign_in in [password(), other] {
        let attempted =
            pool.submit(|| to("patron@plain.example"), &route, &relay(), &manner(sign_in), asker()).await.unwrap();
        assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    }
    assert_eq!(pool.load(&relay(), &route.site).idle, 2);
    pool.close().await;
    host.done().await;
}
