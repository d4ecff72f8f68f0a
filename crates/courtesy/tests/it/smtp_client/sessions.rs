//! Many messages: connections kept, hosts tried in turn, sites that have enough.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use courtesy::clock::Timestamp;
use courtesy::delivery::conversation::Envelope;
use courtesy::delivery::dial::RelayAddr;
use courtesy::delivery::pace::Limits;
use courtesy::delivery::pool::{Asker, Pool, Settings};
use courtesy::delivery::route::{Host as MxHost, Route, Site};
use courtesy::delivery::standing::Standing;
use courtesy::net::tls::{ClientTls, Security};
use courtesy::outcome::{Said, Stage, Trouble};
use tokio::time::Instant;

use super::scripted::Host;
use super::{asker, assert_said, broke, deliver, domain, lines, one_host, pool, pool_of, relay, replied, to, waits};

const HELLO: &str = "
    <- 220 mx
    -> EHLO relay.notices.example
    <- 250-mx\\r\\n250 PIPELINING
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

const QUIT: &str = "
    -> QUIT
    <- 221 bye
";

/// An address where nobody listens.
async fn nobody() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn two_hosts(first: SocketAddr, second: SocketAddr) -> Route {
    let host = |name: &str, preference, address| MxHost { name: domain(name), preference, addresses: vec![address] };
    let hosts = vec![host("mx1.plain.example", 10, first), host("mx2.plain.example", 20, second)];
    Route { site: Site::of(hosts.iter().map(|host| &host.name)), hosts, ttl_s: 60 }
}

#[tokio::test]
async fn a_connection_serves_one_message_after_another() {
    let host = Host::new(&[&[HELLO, MESSAGE, MESSAGE, MESSAGE, QUIT].concat()]).await;
    let pool = pool();
    for round in 0..3 {
        let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
        assert_said(&attempted, replied(Stage::Content, 250, "ok"));
        let kept = lines(&attempted)[0].starts_with("-- open connection to mx.plain.example [127.0.0.1:");
        assert_eq!(kept, round > 0);
    }
    let load = pool.load(&relay(), &Site::of([&domain("mx.plain.example")]));
    assert_eq!((load.active, load.idle, load.waiting), (0, 1, 0));
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_connection_is_left_after_its_share_of_messages() {
    let host = Host::new(&[&[HELLO, MESSAGE, MESSAGE, QUIT].concat(), &[HELLO, MESSAGE, QUIT].concat()]).await;
    let pool = pool_of(Limits { messages: 2, ..Limits::default() }, waits());
    for _ in 0..3 {
        let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
        assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    }
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn an_idle_connection_takes_leave() {
    let host = Host::new(&[&[HELLO, MESSAGE, QUIT].concat()]).await;
    let pool = pool_of(Limits { idle: Duration::from_millis(1), ..Limits::default() }, waits());
    deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    host.done().await;
}

#[tokio::test]
async fn a_connection_given_up_by_the_host_costs_no_attempt() {
    let closes = [HELLO, MESSAGE, "\n== close\n"].concat();
    let parts = [HELLO, MESSAGE, "\n<- 421 4.4.2 idle too long\n== close\n"].concat();
    for first in [closes, parts] {
        let host = Host::new(&[&first, &[HELLO, MESSAGE, QUIT].concat()]).await;
        let pool = pool();
        for _ in 0..2 {
            let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
            assert_said(&attempted, replied(Stage::Content, 250, "ok"));
        }
        pool.close().await;
        host.done().await;
    }
}

#[tokio::test]
async fn after_a_refused_recipient_the_connection_is_reset_and_kept() {
    let refused = "
        -> MAIL FROM:<b@alder.example>
        -> RCPT TO:<gone@plain.example>
        -> DATA
        <- 250 ok
        <- 550 5.1.1 gone
        <- 503 5.5.1 no recipient
        -> RSET
        <- 250 ok
    ";
    let host = Host::new(&[&[HELLO, refused, MESSAGE, QUIT].concat()]).await;
    let pool = pool();
    let first = deliver(&pool, &to("gone@plain.example"), &one_host(host.address)).await;
    assert_said(&first, replied(Stage::RcptTo, 550, "gone"));
    let second = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    assert_said(&second, replied(Stage::Content, 250, "ok"));
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_421_in_the_middle_is_told_and_halves_the_connections() {
    let enough = "
        -> MAIL FROM:<b@alder.example>
        -> RCPT TO:<patron@plain.example>
        -> DATA
        <- 250 ok
        <- 421 4.7.28 too much from you
        == close
    ";
    let host = Host::new(&[&[HELLO, enough].concat()]).await;
    let pool = pool_of(Limits { start: 8, ..Limits::default() }, waits());
    let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    assert_said(&attempted, replied(Stage::RcptTo, 421, "too much from you"));
    let load = pool.load(&relay(), &Site::of([&domain("mx.plain.example")]));
    assert_eq!((load.limit, load.idle), (4, 0));
    host.done().await;
}

#[tokio::test]
async fn the_second_host_is_asked_when_the_first_is_not_there() {
    let host = Host::new(&[&[HELLO, MESSAGE, QUIT].concat()]).await;
    let pool = pool();
    let attempted = deliver(&pool, &to("patron@plain.example"), &two_hosts(nobody().await, host.address)).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    assert_eq!(attempted.via.as_ref().unwrap().host, domain("mx2.plain.example"));
    assert!(lines(&attempted)[0].ends_with("nobody listens there"), "{}", attempted.transcript.as_str());
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn the_second_host_is_asked_when_the_first_will_not_talk() {
    for greeting in ["<- 554 not here", "<- 421 later"] {
        let first = Host::new(&[greeting]).await;
        let second = Host::new(&[&[HELLO, MESSAGE, QUIT].concat()]).await;
        let pool = pool();
        let attempted = deliver(&pool, &to("patron@plain.example"), &two_hosts(first.address, second.address)).await;
        assert_said(&attempted, replied(Stage::Content, 250, "ok"));
        pool.close().await;
        first.done().await;
        second.done().await;
    }
}

#[tokio::test]
async fn a_refused_recipient_is_not_taken_to_the_second_host() {
    let refused = "
        -> MAIL FROM:<b@alder.example>
        -> RCPT TO:<patron@plain.example>
        -> DATA
        <- 250 ok
        <- 450 4.2.1 later
        <- 503 5.5.1 no recipient
    ";
    let first = Host::new(&[&[HELLO, refused, QUIT].concat()]).await;
    let pool = pool();
    let attempted = deliver(&pool, &to("patron@plain.example"), &two_hosts(first.address, nobody().await)).await;
    assert_said(&attempted, replied(Stage::RcptTo, 450, "later"));
    pool.close().await;
    first.done().await;
}

/// A backup host that takes no mail must not bounce what the first host would have taken an hour later.
#[tokio::test]
async fn a_refusal_for_good_counts_only_when_every_host_gives_one() {
    let second = Host::new(&["<- 554 no mail service here"]).await;
    let attempted = deliver(&pool(), &to("patron@plain.example"), &two_hosts(nobody().await, second.address)).await;
    assert_said(&attempted, broke(Stage::Connect, Trouble::Refused));
    second.done().await;
}

#[tokio::test]
async fn a_site_out_of_reach_is_remembered() {
    let pool = pool();
    let route = one_host(nobody().await);
    let first = deliver(&pool, &to("patron@plain.example"), &route).await;
    assert_said(&first, broke(Stage::Connect, Trouble::Refused));
    assert!(first.asked);
    let second = deliver(&pool, &to("other@plain.example"), &route).await;
    assert_said(&second, broke(Stage::Connect, Trouble::Refused));
    assert!(!second.asked && second.via.is_none());
    assert!(pool.load(&relay(), &route.site).paused.is_some());
}

#[tokio::test]
async fn a_greeting_that_says_later_is_remembered_and_one_that_says_never_is_not() {
    let later = Host::new(&["<- 421 4.3.2 later"]).await;
    let never = Host::new(&["<- 554 5.7.1 blocked", "<- 554 5.7.1 blocked"]).await;
    for (host, asked_again) in [(&later, false), (&never, true)] {
        let pool = pool();
        let route = one_host(host.address);
        deliver(&pool, &to("patron@plain.example"), &route).await;
        let second = deliver(&pool, &to("patron@plain.example"), &route).await;
        assert_eq!(second.asked, asked_again);
        assert!(matches!(second.said, Said::Replied { stage: Stage::Greeting, .. }));
    }
    later.done().await;
    never.done().await;
}

#[tokio::test]
async fn all_who_wait_for_a_dead_site_hear_of_it_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let route = Arc::new(one_host(listener.local_addr().unwrap()));
    let pool = Arc::new(pool_of(Limits { start: 1, ..Limits::default() }, waits()));
    let many: Vec<_> = (0..50)
        .map(|_| {
            let (pool, route) = (pool.clone(), route.clone());
            tokio::spawn(async move { deliver(&pool, &to("patron@plain.example"), &route).await })
        })
        .collect();
    // One is let in, before whom the host hangs up.
    let (stream, _) = listener.accept().await.unwrap();
    drop((stream, listener));
    let mut asked = 0;
    for one in many {
        let attempted = one.await.unwrap();
        assert!(matches!(attempted.said, Said::Broken { .. }), "{:?}", attempted.said);
        asked += usize::from(attempted.asked);
    }
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_site_that_takes_one_connection_only_loses_no_message() {
    let slow = "
        -> MAIL FROM:<b@alder.example>
        -> RCPT TO:<patron@plain.example>
        -> DATA
        == after 2
        <- 250 ok
        <- 250 ok
        <- 354 ok
        -> (mail)
        <- 250 ok
    ";
    let full = "<- 421 4.7.0 too many connections";
    let host = Host::new(&[&[HELLO, slow, MESSAGE, QUIT].concat(), full]).await;
    let pool = Arc::new(pool());
    let route = Arc::new(one_host(host.address));
    let both: Vec<_> = (0..2)
        .map(|_| {
            let (pool, route) = (pool.clone(), route.clone());
            tokio::spawn(async move { deliver(&pool, &to("patron@plain.example"), &route).await })
        })
        .collect();
    for one in both {
        assert_said(&one.await.unwrap(), replied(Stage::Content, 250, "ok"));
    }
    assert_eq!(pool.load(&relay(), &route.site).limit, 1);
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_full_line_says_so_and_a_cancelled_message_gives_its_place_back() {
    let host = Host::new(&["== silence", &[HELLO, MESSAGE, QUIT].concat()]).await;
    let pool = Arc::new(pool_of(Limits { start: 1, ..Limits::default() }, waits()));
    let route = Arc::new(one_host(host.address));
    let mut waiting: Vec<_> = (0..)
        .map(|_| {
            let (pool, route) = (pool.clone(), route.clone());
            tokio::spawn(async move { deliver(&pool, &to("patron@plain.example"), &route).await })
        })
        .take(201)
        .collect();
    while pool.load(&relay(), &route.site).room > 0 {
        tokio::task::yield_now().await;
    }
    let one_more =
        pool.deliver(|| to("patron@plain.example"), &route, &relay(), &Security::Opportunistic, asker()).await;
    assert!(one_more.is_err_and(|busy| busy.wait >= Duration::from_millis(100)));
    let last = waiting.pop().unwrap();
    for one in &waiting {
        one.abort();
    }
    assert_said(&last.await.unwrap(), replied(Stage::Content, 250, "ok"));
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_held_site_is_left_alone() {
    let host = Host::new(&[&[HELLO, MESSAGE, QUIT].concat()]).await;
    let pool = pool();
    let route = one_host(host.address);
    let first = deliver(&pool, &to("patron@plain.example"), &route).await;
    pool.hold(&relay(), &route.site, Duration::from_secs(600), &first.said);
    let second = deliver(&pool, &to("patron@plain.example"), &route).await;
    assert!(!second.asked);
    let load = pool.load(&relay(), &route.site);
    assert!(load.limit == 1 && load.paused > Some(Duration::from_secs(590)));
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn a_provider_has_limits_of_its_own() {
    let host = Host::new(&[&[HELLO, MESSAGE, QUIT].concat()]).await;
    let settings = courtesy::delivery::pool::Settings {
        providers: vec![(domain("plain.example"), Limits { start: 5, messages: 1, ..Limits::default() })],
        waits: waits(),
        ..Default::default()
    };
    let pool = courtesy::delivery::pool::Pool::new(settings, courtesy::net::tls::ClientTls::new(&[]).unwrap());
    let route = one_host(host.address);
    deliver(&pool, &to("patron@plain.example"), &route).await;
    assert_eq!(pool.load(&relay(), &route.site).limit, 5);
    host.done().await;
}

#[tokio::test]
async fn the_relays_own_address_is_spoken_from() {
    let host = Host::new(&[&[HELLO, MESSAGE, QUIT].concat()]).await;
    let pool = pool();
    let source: IpAddr = "127.0.0.7".parse().unwrap();
    let relay = RelayAddr { sources: vec!["::1".parse().unwrap(), source], ..relay() };
    let route = one_host(host.address);
    let attempted =
        pool.deliver(|| to("patron@plain.example"), &route, &relay, &Security::Opportunistic, asker()).await.unwrap();
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    assert_eq!(attempted.via.unwrap().local.ip(), source);
    pool.close().await;
    assert_eq!(host.done().await.peers[0].ip(), source);
}

#[tokio::test]
async fn mail_goes_over_ipv6_too() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        println!("skipped: no IPv6 on this machine");
        return;
    }
    let host = Host::at("[::1]:0", &[&[HELLO, MESSAGE, QUIT].concat()], None).await;
    let pool = pool();
    let relay = RelayAddr { sources: vec!["127.0.0.7".parse().unwrap(), "::1".parse().unwrap()], ..relay() };
    let route = one_host(host.address);
    let attempted =
        pool.deliver(|| to("patron@plain.example"), &route, &relay, &Security::Opportunistic, asker()).await.unwrap();
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    pool.close().await;
    assert!(host.done().await.peers[0].is_ipv6());
}

#[tokio::test]
async fn a_family_without_a_source_address_is_skipped() {
    let relay = RelayAddr { sources: vec!["127.0.0.7".parse().unwrap()], ..relay() };
    let route = one_host("[::1]:25".parse().unwrap());
    let attempted =
        pool().deliver(|| to("patron@plain.example"), &route, &relay, &Security::Opportunistic, asker()).await.unwrap();
    assert_said(&attempted, broke(Stage::Connect, Trouble::Unreachable));
}

#[tokio::test]
async fn whoever_lost_the_right_to_send_does_not_end_the_mail() {
    let begun = MESSAGE.split("    -> (mail)").next().unwrap();
    let cut_off = "    == close\n";
    let host = Host::new(&[&[HELLO, MESSAGE, begun, cut_off].concat(), &[HELLO, begun, cut_off].concat()]).await;
    let standing = Standing::among_others();
    let settings = Settings { waits: waits(), standing: standing.clone(), ..Settings::default() };
    let pool = Pool::new(settings, ClientTls::new(&[]).unwrap());
    assert!(!pool.may_send(), "the database was not heard yet");
    standing.heard(Instant::now(), courtesy::clock::now());
    let right = pool.right(None);
    let asker = Asker { right: &right, ..asker() };
    let envelope = to("patron@plain.example");
    let route = one_host(host.address);
    let (relay, security) = (relay(), Security::Opportunistic);
    let deliver = || pool.deliver(|| envelope.clone(), &route, &relay, &security, asker);
    assert_said(&deliver().await.unwrap(), replied(Stage::Content, 250, "ok"));

    // As by a machine that slept: the running clock stands, the wall's has gone on.
    standing.heard(Instant::now(), Timestamp::UNIX_EPOCH);
    assert!(deliver().await.is_err(), "it counts as not tried");

    // The database hears it again, and another process has what it had claimed before.
    standing.heard(Instant::now(), courtesy::clock::now());
    assert!(pool.may_send());
    assert!(deliver().await.is_err(), "what was claimed before is not ended");
    host.done().await;
}

#[tokio::test]
async fn for_a_mail_that_could_not_be_written_nobody_is_called() {
    let host = Host::new(&[&[HELLO, MESSAGE, QUIT].concat()]).await;
    let (pool, route) = (pool(), one_host(host.address));
    let (relay, security) = (relay(), Security::Opportunistic);
    let nothing = pool.deliver(|| None::<Envelope>, &route, &relay, &security, asker()).await;
    assert!(nothing.is_err(), "it counts as not tried");
    assert_eq!(pool.load(&relay, &route.site).idle, 0);
    deliver(&pool, &to("patron@plain.example"), &route).await;
    pool.close().await;
    host.done().await;
}
