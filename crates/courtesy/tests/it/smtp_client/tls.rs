//! STARTTLS, good and bad.

use std::sync::Arc;

use courtesy::delivery::pool::{Pool, Settings};
use courtesy::net::tls::{ClientTls, Demands, Security};
use courtesy::outcome::{Stage, Trouble};

use super::scripted::{Host, self_signed, self_signed_at};
use super::{asker, assert_said, broke, deliver, domain, lines, one_host, pool, relay, replied, to, waits};

const OFFER: &str = "
    <- 220 mx
    -> EHLO relay.notices.example
    <- 250-mx\\r\\n250-PIPELINING\\r\\n250 STARTTLS
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
";

const SHAKE: &str = "
    -> STARTTLS
    <- 220 go on
    == tls
    -> EHLO relay.notices.example
    <- 250-mx\\r\\n250 PIPELINING
";

const QUIT: &str = "
    -> QUIT
    <- 221 bye
";

const REQUIRED: Security = Security::Required { name: None };

#[tokio::test]
async fn tls_is_used_where_offered_with_any_certificate() {
    let (acceptor, _) = self_signed("other.example");
    let host = Host::with_tls(&[&[OFFER, SHAKE, MESSAGE, QUIT].concat()], acceptor).await;
    let pool = pool();
    let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    let tls = attempted.via.as_ref().unwrap().tls.clone().unwrap();
    assert_eq!((tls.version, tls.verified, tls.resumed), ("TLS 1.3", false, false));
    assert!(lines(&attempted).contains(&format!("-- TLS 1.3, {}, certificate not checked", tls.cipher)));
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_policy_that_is_tried_out_keeps_nothing_from_going_and_what_it_would_refuse_is_noted() {
    let patterns = [("mx.plain.example", "certificate-not-trusted"), ("other.example", "validation-failure")];
    for (named, would_fail) in patterns {
        let (acceptor, _) = self_signed("mx.plain.example");
        let host = Host::with_tls(&[&[OFFER, SHAKE, MESSAGE, QUIT].concat()], acceptor).await;
        let demands = Demands { sts_tried: Some(vec![named.to_owned()]), ..Demands::default() };
        let (pool, route, wanted) = (pool(), one_host(host.address), Security::Demands(Arc::new(demands)));
        let attempted = pool.deliver(|| to("patron@plain.example"), &route, &relay(), &wanted, asker()).await.unwrap();
        assert_said(&attempted, replied(Stage::Content, 250, "ok"));
        let note =
            format!("-- the domain's MTA-STS policy, which it tries out, would not trust this host: {would_fail}");
        assert!(lines(&attempted).contains(&note), "{:?}", lines(&attempted));
        pool.close().await;
        host.done().await;
    }
}

#[tokio::test]
async fn an_older_host_is_met_at_tls_1_2() {
    let (acceptor, _) = self_signed_at("mx.plain.example", &[&rustls::version::TLS12]);
    let host = Host::with_tls(&[&[OFFER, SHAKE, MESSAGE, QUIT].concat()], acceptor).await;
    let pool = pool();
    let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    assert_eq!(attempted.via.unwrap().tls.unwrap().version, "TLS 1.2");
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_message_that_demands_tls_never_rides_on_an_open_connection_in_clear() {
    let in_clear = "
        <- 220 mx
        -> EHLO relay.notices.example
        <- 250-mx\\r\\n250 PIPELINING
    ";
    let host = Host::new(&[&[in_clear, MESSAGE, QUIT].concat(), in_clear]).await;
    let pool = pool();
    let route = one_host(host.address);
    deliver(&pool, &to("patron@plain.example"), &route).await;
    assert_eq!(pool.load(&relay(), &route.site).idle, 1);
    let attempted = pool.deliver(|| to("patron@plain.example"), &route, &relay(), &REQUIRED, asker()).await.unwrap();
    assert_said(&attempted, broke(Stage::Tls, Trouble::Tls));
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_second_connection_takes_up_the_session() {
    let (acceptor, _) = self_signed("mx.plain.example");
    let script = [OFFER, SHAKE, MESSAGE, QUIT].concat();
    let host = Host::with_tls(&[&script, &script], acceptor).await;
    let one_each = courtesy::delivery::pace::Limits { messages: 1, ..Default::default() };
    let pool = super::pool_of(one_each, waits());
    let first = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    let second = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    assert!(!first.via.unwrap().tls.unwrap().resumed);
    assert!(second.via.unwrap().tls.unwrap().resumed);
    host.done().await;
}

#[tokio::test]
async fn a_refused_starttls_goes_on_in_clear() {
    let refused = "
        -> STARTTLS
        <- 454 4.7.0 no certificate today
    ";
    let host = Host::new(&[&[OFFER, refused, MESSAGE, QUIT].concat()]).await;
    let pool = pool();
    let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    assert!(attempted.via.unwrap().tls.is_none());
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_broken_handshake_goes_on_in_clear_and_is_remembered() {
    let broken = "
        -> STARTTLS
        <- 220 go on
        <- this is no handshake
        == silence
    ";
    let clear = [OFFER, MESSAGE, QUIT].concat();
    let host = Host::new(&[&[OFFER, broken].concat(), &clear, &clear]).await;
    let one_each = courtesy::delivery::pace::Limits { messages: 1, ..Default::default() };
    let pool = super::pool_of(one_each, waits());
    for round in 0..2 {
        let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
        assert_said(&attempted, replied(Stage::Content, 250, "ok"));
        assert!(attempted.via.is_some_and(|via| via.tls.is_none()));
        let again = attempted.transcript.lines().any(|line| line.text == "once more, in clear");
        assert_eq!(again, round == 0, "{}", attempted.transcript.as_str());
    }
    host.done().await;
}

#[tokio::test]
async fn words_slipped_in_before_the_handshake_are_refused() {
    let injected = "
        -> STARTTLS
        <- 220 go on\\r\\n250 and take this
        == silence
    ";
    let host = Host::new(&[&[OFFER, injected].concat(), &[OFFER, MESSAGE, QUIT].concat()]).await;
    let pool = pool();
    let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    let why = "the TLS handshake failed: the server spoke before the handshake";
    assert!(attempted.transcript.lines().any(|line| line.text == why), "{}", attempted.transcript.as_str());
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn required_tls_with_a_trusted_certificate_delivers() {
    let (acceptor, certificate) = self_signed("mx.plain.example");
    let host = Host::with_tls(&[&[OFFER, SHAKE, MESSAGE, QUIT].concat()], acceptor).await;
    let tls = ClientTls::new(&[certificate]).unwrap();
    let pool = Pool::new(Settings { waits: waits(), ..Default::default() }, tls);
    let route = one_host(host.address);
    let attempted = pool.deliver(|| to("patron@plain.example"), &route, &relay(), &REQUIRED, asker()).await.unwrap();
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    assert!(attempted.via.unwrap().tls.unwrap().verified);
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn required_tls_never_goes_in_clear() {
    let no_offer = "
        <- 220 mx
        -> EHLO relay.notices.example
        <- 250-mx\\r\\n250 PIPELINING
    ";
    let shake = "
        -> STARTTLS
        <- 220 go on
        == tls
    ";
    let (acceptor, _) = self_signed("mx.plain.example");
    let untrusted = Host::with_tls(&[&[OFFER, shake].concat()], acceptor).await;
    let without = Host::new(&[no_offer]).await;
    for address in [untrusted.address, without.address] {
        let route = one_host(address);
        let attempted =
            pool().deliver(|| to("patron@plain.example"), &route, &relay(), &REQUIRED, asker()).await.unwrap();
        assert_said(&attempted, broke(Stage::Tls, Trouble::Tls));
    }
    without.done().await;
    drop(untrusted);
}

#[tokio::test]
async fn required_tls_holds_the_host_to_the_demanded_name() {
    let shake = "
        -> STARTTLS
        <- 220 go on
        == tls
    ";
    let (acceptor, certificate) = self_signed("mx.plain.example");
    let host = Host::with_tls(&[&[OFFER, shake].concat()], acceptor).await;
    let tls = ClientTls::new(&[certificate]).unwrap();
    let pool = Pool::new(Settings { waits: waits(), ..Default::default() }, tls);
    let security = Security::Required { name: Some(domain("smtp.birch.example")) };
    let route = one_host(host.address);
    let attempted = pool.deliver(|| to("patron@plain.example"), &route, &relay(), &security, asker()).await.unwrap();
    assert_said(&attempted, broke(Stage::Tls, Trouble::Tls));
}
