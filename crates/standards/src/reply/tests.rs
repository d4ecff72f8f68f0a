use super::*;

#[test]
fn a_reply_keeps_its_words_and_line_ends_and_no_control_character() {
    let reply = Reply::from_lines(550, ["5.1.1 no\u{0}body\u{1b}[31m here\u{85}", "5.1.1 ask\tZoë\r"]);
    assert_eq!(reply.status, Status::parse("5.1.1"));
    assert_eq!(reply.text, "no\u{FFFD}body\u{FFFD}[31m here\nask\tZoë");
}
