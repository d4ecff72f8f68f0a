//! Whatever comes in, nothing panics and nothing takes long: mutated reports, mails, ISO 18626 messages and SMTP talks.
//!
//! A run of the tests looks at some hundred inputs of each kind; `bench/fuzz` sets the environment for hours. Inputs are
//! made from samples by a seeded generator; one that fails is written to a file, and its seed is said.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use courtesy::inbound::spool::Spool;
use courtesy::net::serving::Certificate;
use courtesy::secret::Secret;
use courtesy::smtp::{Door, Limits};
use standards::dsn::Letter;

/// What one input may take at most; a sample takes some milliseconds, on a busy machine and without optimisation.
const INPUT_MAX: Duration = Duration::from_secs(10);

/// Larger inputs find nothing that smaller ones do not.
const OCTETS_MAX: usize = 256 * 1024;

/// Inputs of an ordinary test run.
const ROUNDS: u64 = 300;

/// SplitMix64: small, seeded, and good enough to choose where to cut.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `0..end`; 0 where that is empty.
    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { usize::try_from(self.next() % end as u64).unwrap() }
    }
}

/// Pieces that have broken parsers before.
const PIECES: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\r\n.\r\n",
    b"\r\n\r\n",
    b"--",
    b"--x--",
    b": ",
    b";",
    b"\"",
    b"=?utf-8?B?",
    b"?=",
    b"=",
    b"<",
    b">",
    b"&#0;",
    b"<![CDATA[",
    b"Content-Type: multipart/mixed; boundary=\"\"\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"\xff\xfe",
    b"\xf0\x9f\x93\x9a",
    b"99999999999999999999",
    b"(((((((((((((((((((((((((((((((",
];

/// One to eight changes to a sample, or to two of them put together.
fn mutated(samples: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut octets = samples[dice.below(samples.len())].clone();
    for _ in 0..=dice.below(8) {
        let at = dice.below(octets.len() + 1);
        let end = at + dice.below((octets.len() - at).min(200) + 1);
        match dice.below(8) {
            0 if at < octets.len() => octets[at] ^= 1 << dice.below(8),
            1 if at < octets.len() => octets[at] = (dice.next() & 0xff) as u8,
            2 => drop(octets.drain(at..end)),
            3 => {
                let piece = octets[at..end].to_vec();
                drop(octets.splice(at..at, piece.repeat(1 + dice.below(20))));
            }
            4 => drop(octets.splice(at..at, PIECES[dice.below(PIECES.len())].iter().copied())),
            5 => octets.truncate(at),
            6 => {
                let other = &samples[dice.below(samples.len())];
                let from = dice.below(other.len() + 1);
                octets.truncate(at);
                octets.extend_from_slice(&other[from..]);
            }
            _ => drop(octets.splice(at..at, PIECES[dice.below(PIECES.len())].repeat(1 + dice.below(300)))),
        }
        octets.truncate(OCTETS_MAX);
    }
    octets
}

/// How long to go on, and with which dice: what `bench/fuzz` asked for, or an ordinary run.
fn asked() -> (Option<Instant>, u64) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<f64>().ok());
    let until = number("COURTESY_FUZZ_MINUTES").map(|minutes| Instant::now() + Duration::from_secs_f64(minutes * 60.0));
    (until, number("COURTESY_FUZZ_SEED").map_or(1, |seed| seed as u64))
}

/// Every file below `folders`, as far as they are small, or `built_in` where there is none.
fn samples(folders: &[&str], built_in: &[&[u8]]) -> Vec<Vec<u8>> {
    let corpora = std::env::var("COURTESY_CORPORA")
        .map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"), PathBuf::from);
    let mut found: Vec<Vec<u8>> = built_in.iter().map(|sample| sample.to_vec()).collect();
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| corpora.join(folder)).collect();
    while let Some(path) = waiting.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        } else {
            found.extend(std::fs::read(&path).ok().filter(|octets| octets.len() <= OCTETS_MAX));
        }
    }
    found
}

/// Runs `target` on mutated samples; fails with the input's file where it panics or takes too long.
fn fuzz(name: &str, samples: &[Vec<u8>], target: impl Fn(&[u8])) {
    let (until, seed) = asked();
    let (mut dice, mut inputs, mut slowest) = (Dice(seed), 0_u64, Duration::ZERO);
    while until.map_or(inputs < ROUNDS, |until| Instant::now() < until) {
        let input = mutated(samples, &mut dice);
        let began = Instant::now();
        let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| target(&input))).is_err();
        let took = began.elapsed();
        if panicked || took > INPUT_MAX {
            let file = std::env::temp_dir().join(format!("fuzz-{name}-{seed}-{inputs}"));
            std::fs::write(&file, &input).unwrap();
            panic!("{name}: input {inputs} of seed {seed} took {took:?}, panicked: {panicked}; see {}", file.display());
        }
        slowest = slowest.max(took);
        inputs += 1;
    }
    println!(
        "{{\"target\":\"{name}\",\"inputs\":{inputs},\"samples\":{},\"slowest_ms\":{}}}",
        samples.len(),
        slowest.as_millis()
    );
}

const BOUNCE: &[u8] = b"From: MAILER-DAEMON@mx.patron.example\r\nTo: b@notices.example\r\nSubject: Undelivered\r\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n\r\nIt did not go.\r\n\
    --x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.patron.example\r\n\r\n\
    Final-Recipient: rfc822; p@patron.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--x--\r\n";

const REPLY: &[u8] = b"From: \"Amira Osei\" <p@patron.example>\r\nTo: mrpl@notices.example\r\nSubject: =?utf-8?B?w4lsaXNl?=\r\n\
    Message-ID: <1@patron.example>\r\nIn-Reply-To: <01k00000000000000000000000@notices.example>\r\nReferences: <a@b.example>\r\n\
    Auto-Submitted: no\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello.\r\n--x--\r\n";

#[test]
fn mutated_bounces_are_read_without_panic_and_in_time() {
    fuzz("bounces", &samples(&["bounces"], &[BOUNCE, REPLY]), |mail| {
        let _ = courtesy::outcome::bounce::read(mail);
        let _ = courtesy::outcome::bounce::read_reply_text(&String::from_utf8_lossy(&mail[..mail.len().min(2000)]));
    });
}

#[test]
fn mutated_replies_are_read_without_panic_and_in_time() {
    let ours = [standards::domain::Domain::parse("notices.example").unwrap()];
    fuzz("replies", &samples(&["bounces"], &[BOUNCE, REPLY, REPLY, REPLY]), |mail| {
        let wrote = courtesy::reply::Wrote::read(mail);
        let message_id = wrote.as_ref().and_then(|wrote| wrote.message_id.as_deref());
        let _ = courtesy::reply::robot(&Letter::open(mail), "p@patron.example", message_id, &ours);
        let _ = wrote.map(|wrote| wrote.about(&ours[0]).count());
    });
}

const REPORT: &[u8] = b"From: r@receiver.example\r\nTo: dmarc@notices.example\r\nContent-Type: text/xml\r\n\r\n<feedback><report_metadata>\
    <org_name>Receiver</org_name><email>r@receiver.example</email><report_id>1</report_id><date_range><begin>1763769600</begin>\
    <end>1763856000</end></date_range></report_metadata><policy_published><domain>notices.example</domain><p>none</p></policy_published>\
    <record><row><source_ip>192.0.2.7</source_ip><count>2</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim>\
    <spf>fail</spf></policy_evaluated></row><identifiers><header_from>notices.example</header_from></identifiers></record></feedback>\r\n";

#[test]
fn mutated_reports_are_read_without_panic_and_in_time() {
    fuzz("reports", &samples(&["reports"], &[REPORT]), |mail| drop(standards::report::read(mail)));
}

#[test]
fn mutated_iso18626_messages_are_read_without_panic_and_in_time() {
    let built_in: &[u8] = br#"<?xml version="1.0" encoding="UTF-8"?><ISO18626Message xmlns="http://illtransactions.org/2013/iso18626"
        version="1.2"><supplyingAgencyMessage><header><supplyingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>A</agencyIdValue>
        </supplyingAgencyId><requestingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>B</agencyIdValue></requestingAgencyId>
        <timestamp>2026-11-22T10:00:00Z</timestamp><requestingAgencyRequestId>1</requestingAgencyRequestId></header><messageInfo>
        <reasonForMessage>StatusChange</reasonForMessage></messageInfo><statusInfo><status>Loaned</status>
        <lastChange>2026-11-22T10:00:00Z</lastChange></statusInfo></supplyingAgencyMessage></ISO18626Message>"#;
    fuzz("iso18626", &samples(&["iso18626"], &[built_in]), |message| {
        if let Ok(document) = standards::iso18626::read(message) {
            let _ = standards::iso18626::write(&document);
        }
    });
}

#[tokio::test]
async fn mutated_smtp_talks_end_and_keep_nothing_that_was_not_for_us() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(Spool::open(&folder.path().join("spool")).unwrap());
    let secret = Arc::new(Secret::from_octets([7; 32]));
    let certificate = Certificate::self_made("mx.notices.example", folder.path(), Instant::now().into()).unwrap();
    let door = Door::new("mx.notices.example", Arc::new(certificate), secret, Arc::clone(&spool));
    let limits = Limits {
        begun_per_minute: u32::MAX,
        greet_after: Duration::ZERO,
        line_within: Duration::from_millis(500),
        mail_within: Duration::from_secs(2),
        ..Limits::default()
    };
    let listening = Arc::new(door).listen("127.0.0.1:0".parse().unwrap(), limits).await.unwrap();
    let address = listening.address.unwrap();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(listening.run(stopping));
    let talks: [&[u8]; 5] = [
        b"EHLO a.example\r\nMAIL FROM:<> SIZE=100 BODY=8BITMIME\r\nRCPT TO:<b+x.y@notices.example>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n",
        b"HELO a\r\nVRFY p\r\nNOOP\r\nRSET\r\nHELP\r\nEXPN x\r\nMAIL FROM:<a@b.example> SMTPUTF8\r\nRCPT TO:<\"a b\"@[127.0.0.1]>\r\n",
        b"LHLO a\r\nBDAT 10 LAST\r\n0123456789",
        b"EHLO [IPv6:::1]\r\nSTARTTLS\r\n\x16\x03\x01\x02\x00\x01\x00",
        b"EHLO a\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<@x.example,@y.example:a@b.example>\r\nRCPT TO:<a%b@c.example>\r\nDATA\r\n",
    ];
    let samples: Vec<Vec<u8>> = talks.iter().map(|talk| talk.to_vec()).collect();
    let (until, seed) = asked();
    let (mut dice, mut inputs, mut slowest) = (Dice(seed), 0_u64, Duration::ZERO);
    while until.map_or(inputs < ROUNDS / 3, |until| Instant::now() < until) {
        let input = mutated(&samples, &mut dice);
        let began = Instant::now();
        let talk = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut greeting = [0; 256];
            let _ = stream.read(&mut greeting).await;
            // By lines or in pieces: both is how it comes in the world.
            for piece in input.chunks(1 + dice.below(400)) {
                if stream.write_all(piece).await.is_err() {
                    break;
                }
            }
            let _ = stream.shutdown().await;
            let mut said = Vec::new();
            let _ = stream.read_to_end(&mut said).await;
        };
        tokio::time::timeout(INPUT_MAX, talk)
            .await
            .unwrap_or_else(|_| panic!("input {inputs} of seed {seed} never ended"));
        slowest = slowest.max(began.elapsed());
        inputs += 1;
    }
    println!("{{\"target\":\"smtp\",\"inputs\":{inputs},\"samples\":5,\"slowest_ms\":{}}}", slowest.as_millis());
    assert!(spool.list().unwrap().is_empty(), "something was kept that was for nobody here");
    let mut alive = TcpStream::connect(address).await.unwrap();
    let mut greeting = [0; 64];
    assert!(alive.read(&mut greeting).await.unwrap() > 0, "the door is shut");
    drop(alive);
    stop.send(true).unwrap();
    running.await.unwrap();
}
