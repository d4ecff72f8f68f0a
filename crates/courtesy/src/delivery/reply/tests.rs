//! Rules of the mails that are made of mails.

use super::*;

fn fields(head: &str) -> Option<String> {
    content_fields(head.as_bytes()).map(|fields| String::from_utf8(fields).unwrap())
}

#[test]
fn the_fields_that_say_how_to_read_the_body_are_kept_each_once() {
    let head = "Received: x\r\nContent-Type: multipart/mixed;\r\n\tboundary=b\r\nX-Content-Type: no\r\nDKIM-Signature: d\r\n\
                content-transfer-encoding: 8bit\r\nContent-Type: text/html\r\n";
    assert_eq!(
        fields(head).unwrap(),
        "Content-Type: multipart/mixed;\r\n\tboundary=b\r\ncontent-transfer-encoding: 8bit\r\n"
    );
}

#[test]
fn a_field_that_would_break_the_header_is_not_taken_over() {
    assert!(fields("Content-Type: text/plain\u{1}\r\n").is_none());
    assert!(fields(&format!("Content-Type: {}\r\n", "x".repeat(1000))).is_none());
    assert_eq!(fields("Subject: x\r\n").unwrap(), "");
}

#[test]
fn lines_that_no_server_takes_do_not_travel() {
    assert!(travels(format!("{}\r\n", "x".repeat(998)).as_bytes()));
    assert!(!travels(format!("{}\r\n", "x".repeat(1000)).as_bytes()));
    assert!(!travels(b"a\0b\r\n"));
}

#[test]
fn only_a_sound_message_id_stands_in_the_thread() {
    assert_eq!(bracketed("a@b.example").as_deref(), Some("<a@b.example>"));
    for odd in ["a b@c.example", "a>@c.example", "none", "é@c.example"] {
        assert!(bracketed(odd).is_none(), "{odd}");
    }
}
