//! Rules of the wire.

use tokio::io::AsyncWriteExt;

use super::{Line, Wire, on_the_wire};
use standards::reply::Reply;

async fn first_line(octets: &[u8], octets_max: usize) -> Line {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    client.write_all(octets).await.unwrap();
    drop(client);
    Wire::new(server).line(octets_max).await.unwrap()
}

#[tokio::test]
async fn only_cr_lf_ends_a_line() {
    assert_eq!(first_line(b"NOOP\r\n", 100).await, Line::Text(b"NOOP".to_vec()));
    assert_eq!(first_line(b"NOOP\n", 100).await, Line::Bare);
    assert_eq!(first_line(b"NO\rOP\r\n", 100).await, Line::Bare);
    assert_eq!(first_line(b"NOOP\r\r\n", 100).await, Line::Bare);
    assert_eq!(first_line(b"NOOP", 100).await, Line::Closed);
}

#[tokio::test]
async fn a_line_has_a_limit_with_or_without_an_end() {
    assert_eq!(first_line(&[b'x'; 101], 100).await, Line::TooLong);
    let mut line = vec![b'x'; 98];
    line.extend_from_slice(b"\r\n");
    assert_eq!(first_line(&line, 100).await, Line::Text(vec![b'x'; 98]));
    line.insert(0, b'x');
    assert_eq!(first_line(&line, 100).await, Line::TooLong);
}

#[test]
fn every_line_of_a_reply_carries_code_and_status() {
    let reply = Reply::from_lines(550, ["5.7.26 one", "5.7.26 two"]);
    assert_eq!(on_the_wire(&reply), "550-5.7.26 one\r\n550 5.7.26 two\r\n");
    assert_eq!(on_the_wire(&Reply::from_lines(220, ["ready"])), "220 ready\r\n");
}
