//! Our side of SMTP against hosts of every temper. Each host follows a script.

mod scripted;
mod sessions;
mod sign_in;
mod talk;
mod tls;

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use courtesy::delivery::conversation::Envelope;
use courtesy::delivery::dial::RelayAddr;
use courtesy::delivery::pace::Limits;
use courtesy::delivery::pool::{Asker, Attempted, Pool, Settings};
use courtesy::delivery::route::Route;
use courtesy::delivery::standing::Right;
use courtesy::delivery::wire::Waits;
use courtesy::library::LibraryCode;
use courtesy::net::tls::{ClientTls, Security};
use courtesy::notice::catalogue::Urgency;
use courtesy::outcome::{Said, Stage, Trouble};
use standards::address::Address;
use standards::domain::Domain;

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn relay() -> RelayAddr {
    RelayAddr { name: domain("relay.notices.example"), sources: Vec::new() }
}

fn to(rcpt: &str) -> Envelope {
    Envelope {
        mail_from: Some(Address::parse("b@alder.example").unwrap()),
        rcpt_to: Address::parse(rcpt).unwrap(),
        smtputf8: false,
        data: "Subject: x\r\n\r\nHello\r\n".into(),
    }
}

/// Long enough for a loaded machine where an answer comes; where none comes, the test says so itself.
fn waits() -> Waits {
    let long = Duration::from_secs(20);
    Waits {
        connect: long,
        greeting: long,
        hello: long,
        tls: long,
        mail: long,
        rcpt: long,
        data: long,
        block: long,
        content: long,
        quit: Duration::from_secs(2),
        line: long,
        whole: long,
    }
}

fn pool_of(limits: Limits, waits: Waits) -> Pool {
    Pool::new(Settings { limits, waits, ..Settings::default() }, ClientTls::new(&[]).unwrap())
}

fn pool() -> Pool {
    pool_of(Limits::default(), waits())
}

fn one_host(address: SocketAddr) -> Route {
    Route::to_host(domain("mx.plain.example"), vec![address])
}

async fn deliver(pool: &Pool, envelope: &Envelope, route: &Route) -> Attempted {
    pool.deliver(|| envelope.clone(), route, &relay(), &Security::Opportunistic, asker()).await.unwrap()
}

/// One message to one host with these scripts: what came of it, and what the host heard.
async fn one(scripts: &[&str]) -> (Attempted, scripted::Heard) {
    let host = scripted::Host::new(scripts).await;
    let pool = pool();
    let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
    pool.close().await;
    (attempted, host.done().await)
}

fn replied(stage: Stage, code: u16, text: &str) -> impl Fn(&Said) -> bool {
    move |said| matches!(said, Said::Replied { stage: s, reply, .. } if *s == stage && reply.code == code && reply.text == text)
}

fn broke(stage: Stage, trouble: Trouble) -> impl Fn(&Said) -> bool {
    move |said| matches!(said, Said::Broken { stage: s, trouble: t, .. } if *s == stage && *t == trouble)
}

#[track_caller]
fn assert_said(attempted: &Attempted, wanted: impl Fn(&Said) -> bool) {
    assert!(wanted(&attempted.said), "said {:?}\n{}", attempted.said, attempted.transcript.as_str());
}

/// The lines without their times.
fn lines(attempted: &Attempted) -> Vec<String> {
    let sign = |who| match who {
        courtesy::delivery::transcript::Who::Us => "->",
        courtesy::delivery::transcript::Who::Them => "<-",
        courtesy::delivery::transcript::Who::Note => "--",
    };
    attempted.transcript.lines().map(|line| format!("{} {}", sign(line.who), line.text)).collect()
}

/// The library asker messages these are.
pub fn asker() -> Asker<'static> {
    static LIBRARY: LazyLock<LibraryCode> = LazyLock::new(|| LibraryCode::parse("MRPL").unwrap());
    static RIGHT: LazyLock<Right> = LazyLock::new(Right::default);
    Asker { library: &LIBRARY, urgency: Urgency::Soon, right: &RIGHT }
}
