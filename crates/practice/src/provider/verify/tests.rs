//! Rules of verifying that need no DNS.

use super::without_blank_lines_at_the_end;

fn trimmed(body: &str) -> Option<String> {
    let message = format!("Subject: x\r\n\r\n{body}");
    without_blank_lines_at_the_end(message.as_bytes())
        .map(|octets| String::from_utf8(octets).unwrap().split_off("Subject: x\r\n\r\n".len()))
}

#[test]
fn lines_of_white_space_at_the_end_of_a_body_do_not_count() {
    assert_eq!(trimmed("a\r\n \r\n\t\r\n\r\n").as_deref(), Some("a\r\n"));
    assert_eq!(trimmed("a \r\n \r\n").as_deref(), Some("a \r\n"), "white space behind a word stays");
    assert_eq!(trimmed("a\r\n \r\nb\r\n"), None);
    assert_eq!(trimmed("a\r\n"), None);
    assert_eq!(trimmed("a"), None);
    assert_eq!(trimmed(" \r\n"), None, "an empty body is not our case");
    assert_eq!(without_blank_lines_at_the_end(b"no body"), None);
}
