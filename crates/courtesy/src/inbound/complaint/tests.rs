use super::*;

fn secret() -> Secret {
    Secret::from_octets([7; 32])
}

fn shared() -> Domain {
    Domain::parse("notices.example").unwrap()
}

fn message() -> MessageId {
    "msg_01KXYZ0123456789ABCDEFGHJK".parse().unwrap()
}

fn found(mail: &str) -> Option<MessageId> {
    about(&secret(), &shared(), mail.as_bytes(), &Letter::open(mail.as_bytes()))
}

fn report(middle: &str, original: &str) -> String {
    format!(
        "From: fbl@provider.example\r\nMessage-ID: <1@provider.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n\
         --x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n{middle}\r\n\
         --x\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\nSubject: Ready\r\n\r\nIt is here.\r\n--x--\r\n"
    )
}

#[test]
fn a_report_without_its_recipient_is_joined_by_what_we_signed() {
    let path = return_path::write(&secret(), message(), &Domain::parse("bounces.notices.example").unwrap());
    let feedback = return_path::write_feedback(&secret(), message(), &shared());
    for (middle, original) in [
        (format!("Original-Mail-From: <{path}>\r\nOriginal-Rcpt-To: redacted@provider.example\r\n"), String::new()),
        (String::new(), format!("Return-Path: <{path}>\r\n")),
        (String::new(), format!("Return-Path: <prvs=12345=user={path}>\r\n")),
        (String::new(), format!("CFBL-Address: {feedback}; report=arf\r\n")),
    ] {
        assert_eq!(found(&report(&middle, &original)), Some(message()), "{middle}{original}");
    }
}

#[test]
fn the_last_message_id_of_ours_counts() {
    let id = message().bare().to_ascii_lowercase();
    let original = format!("Message-ID: <{id}@notices.example>\r\n");
    assert_eq!(found(&report("", &original)), Some(message()));
    let foreign = format!("Message-ID: <{id}@elsewhere.example>\r\n");
    assert_eq!(found(&report("", &foreign)), None);
}

#[test]
fn what_can_be_guessed_joins_nothing() {
    let forged = "b+01k0000000000000000000000a.aaaaaaaaaaaaaaaa@bounces.notices.example";
    assert_eq!(found(&report(&format!("Original-Mail-From: <{forged}>\r\n"), "")), None);
    assert_eq!(found(&report("Original-Rcpt-To: ann@patron.example\r\n", "From: mrpl@notices.example\r\n")), None);
}
