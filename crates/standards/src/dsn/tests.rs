//! Reports opened, as rules.

use proptest::prelude::*;

use super::{Action, LETTER_OCTETS_MAX, Letter, RECIPIENTS_MAX, bare_address, mails};
use crate::reply::Status;

const REPORT: &str = "\
From: MAILER-DAEMON@relay.example
To: b+01@bounce.library.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"

--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Arrival-Date: Fri, 20 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822; ann@receiver.example
Original-Recipient: rfc822;Ann.Lee@receiver.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.receiver.example
Diagnostic-Code: smtp; 550 5.1.1
    No such user
Last-Attempt-Date: Fri, 20 Nov 2026 10:00:01 +0000

Final-Recipient: utf-8; \\x{3042}@receiver.example
Action: delayed (for now)
Status: 4.4.1 (connection timed out)

--b
Content-Type: text/rfc822-headers

Message-ID: <one@gateway.example>
Message-ID: <two@library.example>
From: Library <ill@library.example>
To: ann@receiver.example

--b--
";

#[test]
fn a_delivery_report_is_read_by_recipient() {
    let letter = Letter::open(REPORT.as_bytes());
    let report = letter.report.unwrap();
    assert_eq!(report.reporting_mta.as_deref(), Some("relay.example"));
    let [ann, other] = &report.recipients[..] else { panic!("two recipients") };
    assert_eq!(ann.final_recipient.as_deref(), Some("ann@receiver.example"));
    assert_eq!(ann.original_recipient.as_deref(), Some("Ann.Lee@receiver.example"));
    assert_eq!(ann.action, Some(Action::Failed));
    assert_eq!(ann.status, Status::parse("5.1.1"));
    assert_eq!(ann.diagnostic.as_deref(), Some("550 5.1.1 No such user"));
    assert_eq!(ann.remote_mta.as_deref(), Some("mx.receiver.example"));
    // RFC 6533 §3: the address in its own script.
    assert_eq!(other.final_recipient.as_deref(), Some("あ@receiver.example"));
    assert_eq!(other.action, Some(Action::Delayed));
    assert_eq!(other.status, Status::parse("4.4.1"));
}

#[test]
fn the_original_is_told_by_its_last_message_id() {
    let letter = Letter::open(REPORT.as_bytes());
    assert_eq!(letter.original.message_id(), Some("two@library.example"));
    assert_eq!(letter.original.to().as_deref(), Some("ann@receiver.example"));
    assert_eq!(letter.original.from().as_deref(), Some("ill@library.example"));
}

#[test]
fn a_report_whose_structure_is_lost_is_read_from_its_words() {
    let broken = REPORT.replace("boundary=\"b\"", "");
    let report = Letter::open(broken.as_bytes()).report.unwrap();
    assert_eq!(report.recipients[0].final_recipient.as_deref(), Some("ann@receiver.example"));
    let quoted: String = REPORT.lines().map(|line| format!("> {line}\n")).collect();
    let passed_on = format!("From: desk@library.example\nSubject: Fwd\n\nPlease look.\n\n{quoted}");
    let report = Letter::open(passed_on.as_bytes()).report.unwrap();
    assert_eq!(report.recipients[0].status, Status::parse("5.1.1"));
}

#[test]
fn words_end_where_the_original_begins() {
    let mail = "From: MAILER-DAEMON@relay.example\nSubject: failure notice\n\n<ann@receiver.example>:\nNo such user.\n\n\
                --- Below this line is a copy of the message.\n\nReturn-Path: <ill@library.example>\nReceived: from a by b\n\
                Message-ID: <m@library.example>\nTo: ann@receiver.example\n\nYour book is here: mailbox full of joy\n";
    let letter = Letter::open(mail.as_bytes());
    assert!(letter.texts.concat().contains("No such user") && !letter.texts.concat().contains("full of joy"));
    assert_eq!(letter.original.message_id(), Some("m@library.example"));
}

#[test]
fn a_feedback_report_names_each_recipient_once() {
    let mail = "From: fbl@receiver.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
                --b\nContent-Type: message/feedback-report\n\nFeedback-Type: Abuse\nUser-Agent: Fbl/1.0\nVersion: 1\n\
                Original-Rcpt-To: <ann@receiver.example>\nOriginal-Rcpt-To: ann@receiver.example\nSource-IP: 192.0.2.1\n\n\
                --b\nContent-Type: message/rfc822\n\nMessage-ID: <m@library.example>\nTo: ann@receiver.example\n\nx\n--b--\n";
    let letter = Letter::open(mail.as_bytes());
    let feedback = letter.feedback.unwrap();
    assert_eq!(feedback.kind, "abuse");
    assert_eq!(feedback.recipients, ["ann@receiver.example"]);
    assert_eq!(feedback.source_ip.as_deref(), Some("192.0.2.1"));
    assert_eq!(letter.original.message_id(), Some("m@library.example"));
}

#[test]
fn a_mailbox_file_is_several_mails() {
    let one = "From MAILER-DAEMON Fri Nov 20 10:00:00 2026\nSubject: a\n\nFrom here on it is text.\n\n";
    let file = format!("{one}{one}");
    assert_eq!(mails(file.as_bytes()).len(), 2);
    assert_eq!(mails(b"Subject: a\n\nFrom Monday 10:00:00 we are closed:\nsorry\n").len(), 1);
}

#[test]
fn an_address_is_found_in_its_wrapping() {
    assert_eq!(bare_address("Ann <ann@receiver.example>").as_deref(), Some("ann@receiver.example"));
    assert_eq!(bare_address("(ann@receiver.example).").as_deref(), Some("ann@receiver.example"));
    assert_eq!(bare_address("nobody"), None);
    assert_eq!(bare_address("@"), None);
}

#[test]
fn recipients_and_octets_have_limits() {
    let one = "Final-Recipient: rfc822; ann@receiver.example\nAction: failed\nStatus: 5.1.1\n\n";
    let many = format!("Subject: x\nContent-Type: message/delivery-status\n\n{}", one.repeat(20_000));
    assert!(many.len() > LETTER_OCTETS_MAX);
    let start = std::time::Instant::now();
    let report = Letter::open(many.as_bytes()).report.unwrap();
    assert_eq!(report.recipients.len(), RECIPIENTS_MAX);
    assert!(start.elapsed().as_secs() < 20);
}

proptest! {
    #[test]
    fn any_bytes_are_opened(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        for mail in mails(&bytes) {
            let _ = Letter::open(mail);
        }
    }

    #[test]
    fn a_report_changed_anywhere_is_opened(at in 0..REPORT.len(), with in any::<u8>(), cut in 0..REPORT.len()) {
        let mut bytes = REPORT.as_bytes().to_vec();
        bytes[at] = with;
        bytes.truncate(cut);
        let _ = Letter::open(&bytes);
    }
}
