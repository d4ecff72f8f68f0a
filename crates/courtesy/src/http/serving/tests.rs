use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::*;

/// Long enough for a busy machine, and short enough to wait for.
const HEAD: Duration = Duration::from_millis(400);

async fn door() -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, (close, closing)) = (listener.local_addr().unwrap(), watch::channel(false));
    let routes = Router::new().route("/", get(|| async { "here" }));
    (address, close, tokio::spawn(serve_heads_within(HEAD, listener, routes, Arc::new([]), closing)))
}

/// What comes back for `said` until the connection is closed, and how long that took.
async fn answer(address: SocketAddr, said: &str) -> (String, Duration) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    (String::from_utf8(answer).unwrap(), began.elapsed())
}

#[tokio::test]
async fn whoever_sends_no_whole_head_in_time_is_hung_up_on() {
    let (address, _close, _door) = door().await;
    let whole = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
    for half in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: a.example\r\nX-Slow: a"] {
        let (_, took) = answer(address, half).await;
        assert!(took >= HEAD, "{half:?} was open for {took:?} only");
    }
    let (said, _) = answer(address, whole).await;
    assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with("here"), "{said}");
    let (said, _) = answer(address, &format!("{whole}GET / HT")).await;
    assert_eq!(said.matches("HTTP/1.1 200 OK").count(), 1, "{said}");
}

#[tokio::test]
async fn a_door_that_closes_waits_for_nobody_who_says_nothing() {
    let (address, close, door) = door().await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    answer(address, "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n").await;
    close.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(10), door).await.expect("the door closes").unwrap();
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
}
