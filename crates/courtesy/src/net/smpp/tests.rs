use std::sync::{Arc, Mutex};
use std::time::Duration;

use standards::smpp::{self, ESM_RECEIPT, Party, Pdu, ShortMessage, command, status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Gateway, Settings, Submitted};

const PATIENCE: Duration = Duration::from_secs(30);

async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Pdu> {
    loop {
        if let Some((pdu, length)) = Pdu::read(unread).unwrap() {
            unread.drain(..length);
            return Some(pdu);
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

/// A gateway's side of one connection: answers as `script` says, and counts what is unanswered at the most.
async fn connection(mut stream: TcpStream, seen: Arc<Mutex<Vec<Pdu>>>, script: impl Fn(usize, &Pdu) -> Vec<Pdu>) {
    let mut unread = Vec::new();
    while let Some(pdu) = read(&mut stream, &mut unread).await {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(pdu.clone());
            seen.iter().filter(|one| one.command == pdu.command).count()
        };
        for answer in script(number, &pdu) {
            stream.write_all(&answer.octets()).await.unwrap();
        }
    }
}

/// Says yes to everything.
fn willing(number: usize, pdu: &Pdu) -> Vec<Pdu> {
    match pdu.command {
        command::SUBMIT_SM => vec![pdu.answer(status::OK, format!("m{number}\0").into_bytes())],
        command::BIND_TRANSCEIVER => vec![pdu.answer(status::OK, b"SMSC\0".to_vec())],
        _ if pdu.is_answer() => Vec::new(),
        _ => vec![pdu.answer(status::OK, Vec::new())],
    }
}

fn settings(server: String) -> Settings {
    Settings {
        server,
        tls: None,
        system_id: "courtesy".to_owned(),
        password: "secret".to_owned(),
        system_type: String::new(),
        window: 4,
        per_second: 1000,
        enquire_every: Duration::from_millis(300),
    }
}

fn short(text: &str) -> ShortMessage {
    ShortMessage { destination: Party::international("16045550123"), octets: text.into(), ..ShortMessage::default() }
}

/// Waits until there is a connection.
async fn bound(gateway: &Gateway) {
    timeout(PATIENCE, async {
        while !gateway.trouble().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("never bound");
}

#[tokio::test]
async fn what_is_submitted_is_answered_and_no_more_is_under_way_than_the_window() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (gateway, _delivered, keeper) = Gateway::new(settings(listener.local_addr().unwrap().to_string()));
    let (stop, stopped) = oneshot::channel::<()>();
    let keeping = tokio::spawn(keeper.run(async move { drop(stopped.await) }));
    let (mut stream, _) = listener.accept().await.unwrap();
    let log = Arc::clone(&seen);
    let server = tokio::spawn(async move {
        let mut unread = Vec::new();
        let (mut open, mut most) = (Vec::new(), 0);
        while let Some(pdu) = read(&mut stream, &mut unread).await {
            log.lock().unwrap().push(pdu.clone());
            if pdu.command != command::SUBMIT_SM {
                for answer in willing(1, &pdu) {
                    stream.write_all(&answer.octets()).await.unwrap();
                }
                continue;
            }
            open.push(pdu);
            most = most.max(open.len());
            // Answered together, and the last first: answers are told apart by their numbers.
            if open.len() == 4 {
                while let Some(pdu) = open.pop() {
                    let id = format!("m{}\0", pdu.sequence).into_bytes();
                    stream.write_all(&pdu.answer(status::OK, id).octets()).await.unwrap();
                }
            }
        }
        most
    });
    bound(&gateway).await;
    let answers = futures_util::future::join_all((0..20).map(|_| gateway.submit(short("hello")))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Submitted::Taken(_))), "{answers:?}");
    let mut ids: Vec<_> = answers.into_iter().map(|answer| format!("{answer:?}")).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20, "each has its own answer");
    stop.send(()).unwrap();
    keeping.await.unwrap();
    assert_eq!(server.await.unwrap(), 4);
    assert_eq!(seen.lock().unwrap().last().unwrap().command, command::UNBIND, "it takes leave");
}

#[tokio::test]
async fn a_throttled_gateway_is_left_alone_and_hears_it_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (gateway, _delivered, keeper) = Gateway::new(settings(listener.local_addr().unwrap().to_string()));
    let keeping = tokio::spawn(keeper.run(std::future::pending()));
    let (stream, _) = listener.accept().await.unwrap();
    tokio::spawn(connection(stream, Arc::clone(&seen), |number, pdu| match (pdu.command, number) {
        (command::SUBMIT_SM, 1) => vec![pdu.answer(status::THROTTLED, Vec::new())],
        _ => willing(number, pdu),
    }));
    bound(&gateway).await;
    let began = tokio::time::Instant::now();
    assert_eq!(gateway.submit(short("hello")).await, Submitted::Taken("m2".to_owned()));
    assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
    assert_eq!(gateway.submit(short("again")).await, Submitted::Taken("m3".to_owned()));
    keeping.abort();
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again_and_nobody_waits_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (gateway, _delivered, keeper) = Gateway::new(settings(listener.local_addr().unwrap().to_string()));
    let keeping = tokio::spawn(keeper.run(std::future::pending()));
    // The first one takes a message and hangs up.
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut unread = Vec::new();
    let bind = read(&mut stream, &mut unread).await.unwrap();
    stream.write_all(&bind.answer(status::OK, vec![0]).octets()).await.unwrap();
    bound(&gateway).await;
    let submitting = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.submit(short("hello")).await }
    });
    while read(&mut stream, &mut unread).await.is_some_and(|pdu| pdu.command != command::SUBMIT_SM) {}
    drop(stream);
    assert!(matches!(submitting.await.unwrap(), Submitted::NoLink(_)));
    // The second falls silent: it is noticed, for it does not answer that it is there.
    let (mut stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    let mut unread = Vec::new();
    let bind = read(&mut stream, &mut unread).await.unwrap();
    stream.write_all(&bind.answer(status::OK, vec![0]).octets()).await.unwrap();
    // The third is there again.
    let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    tokio::spawn(connection(stream, Arc::default(), willing));
    timeout(PATIENCE, async {
        while !matches!(gateway.submit(short("again")).await, Submitted::Taken(_)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("never taken again");
    keeping.abort();
}

#[tokio::test]
async fn what_is_delivered_is_acknowledged_when_it_is_kept_and_not_before() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (_gateway, mut delivered, keeper) = Gateway::new(settings(listener.local_addr().unwrap().to_string()));
    let keeping = tokio::spawn(keeper.run(std::future::pending()));
    let (stream, _) = listener.accept().await.unwrap();
    let receipt =
        ShortMessage { esm_class: ESM_RECEIPT, octets: b"id:7 stat:DELIVRD".to_vec(), ..ShortMessage::default() };
    let body = receipt.body();
    tokio::spawn(connection(stream, Arc::clone(&seen), move |number, pdu| {
        let mut answers = willing(number, pdu);
        if pdu.command == command::BIND_TRANSCEIVER {
            answers.extend([41, 42].map(|sequence| Pdu::new(command::DELIVER_SM, sequence, body.clone())));
        }
        answers
    }));
    for kept in [true, false] {
        let one = timeout(PATIENCE, delivered.recv()).await.unwrap().unwrap();
        assert_eq!(one.short.receipt().unwrap().id, "7");
        one.done.send(kept).unwrap();
    }
    let acknowledged = timeout(PATIENCE, async {
        loop {
            let answers: Vec<(u32, u32)> = seen
                .lock()
                .unwrap()
                .iter()
                .filter(|pdu| pdu.command == command::DELIVER_SM | smpp::command::RESPONSE)
                .map(|pdu| (pdu.sequence, pdu.status))
                .collect();
            if answers.len() == 2 {
                return answers;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let mut acknowledged = acknowledged.await.expect("never acknowledged");
    acknowledged.sort_unstable();
    assert_eq!(acknowledged, [(41, status::OK), (42, status::TRY_AGAIN)]);
    keeping.abort();
}

#[tokio::test]
async fn without_a_connection_everybody_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap().to_string();
    drop(listener);
    let (gateway, _delivered, keeper) = Gateway::new(settings(server));
    let keeping = tokio::spawn(keeper.run(std::future::pending()));
    assert!(matches!(timeout(PATIENCE, gateway.submit(short("hello"))).await.unwrap(), Submitted::NoLink(_)));
    keeping.abort();
}
