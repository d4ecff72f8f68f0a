//! Returned mail, as rules.

use proptest::prelude::*;

use super::{Finding, Kind, read, read_reply_text};
use crate::outcome::{Provider, Stage};

/// A report by the standard with these fields for its recipient.
fn report(fields: &str) -> Finding {
    let mail = format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@relay.example\nTo: b+01@bounce.library.example\nSubject: Undelivered\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\n\n\
         Final-Recipient: rfc822; ann@receiver.example\n{fields}\n\n--b--\n"
    );
    let mut found = read(mail.as_bytes()).findings;
    assert_eq!(found.len(), 1, "{fields}");
    found.remove(0)
}

/// A report in these words.
fn words(text: &str) -> Vec<Finding> {
    let mail = format!(
        "Return-Path: <>\nFrom: Mail Delivery <MAILER-DAEMON@relay.example>\nTo: ill@library.example\n\
         Subject: Undelivered mail\n\n{text}\n"
    );
    read(mail.as_bytes()).findings
}

#[test]
fn the_servers_words_are_more_exact_than_the_reporters_status() {
    let found =
        report("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.2.2 <ann@receiver.example> over quota");
    assert_eq!((found.cause.code(), found.reply), ("mailbox.full", Some(550)));
    assert_eq!(found.status.map(|status| status.to_string()).as_deref(), Some("5.2.2"));
    assert!(!found.stops_address());
}

#[test]
fn a_refusal_for_authentication_never_stops_an_address() {
    let said = "550-5.7.26 Unauthenticated email from library.example is not accepted due to domain's 550 5.7.26 DMARC policy. - gsmtp";
    let found = report(&format!("Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; {said}"));
    assert_eq!((found.cause.code(), found.provider), ("auth.dmarc", Provider::Gmail));
    assert!(!found.stops_address());
}

#[test]
fn an_unknown_user_stops_the_address_where_somebody_who_knows_says_so() {
    assert!(report("Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown").stops_address());
    let after_data = report(
        "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 User unknown (in reply to end of DATA command)",
    );
    assert_eq!((after_data.cause.code(), after_data.stage), ("policy.recipient", Stage::Content));
    assert!(!after_data.stops_address());
}

#[test]
fn a_recipient_is_named_whole() {
    for name in ["tom@receiver.example", "user7@receiver.example", "forrest@receiver.example"] {
        let found = words(&format!("Invalid final delivery userid: {name}\n"));
        assert_eq!(found[0].recipient.as_deref(), Some(name));
        let found = words(&format!("Your mail could not be delivered to {name} for it is unknown.\n"));
        assert_eq!(found[0].recipient.as_deref(), Some(name));
    }
    let found = words(
        "Server mx.receiver.example returned an error:\n\n\t* [ann@receiver.example]: 550 User account is overquota\n",
    );
    assert_eq!((found[0].recipient.as_deref(), found[0].cause.code()), (Some("ann@receiver.example"), "mailbox.full"));
}

#[test]
fn the_address_that_a_sender_knows_comes_before_a_gateways_own_form() {
    let of = |last: &str| {
        let fields = "Original-Recipient: rfc822;ann@receiver.example\nAction: failed\nStatus: 5.1.1";
        let mail = format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@relay.example\nContent-Type: multipart/report; \
             report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n\
             Reporting-MTA: dns; relay.example\n\nFinal-Recipient: rfc822; {last}\n{fields}\n\n--b--\n"
        );
        read(mail.as_bytes()).findings.remove(0).recipient
    };
    assert_eq!(of("/S=ann/OU=receiver/C=GB/").as_deref(), Some("ann@receiver.example"));
    assert_eq!(of("ann@inside").as_deref(), Some("ann@receiver.example"));
    assert_eq!(of("bea@receiver.example").as_deref(), Some("bea@receiver.example"));
}

#[test]
fn what_gateways_put_under_every_mail_is_no_reason() {
    let mail = "Return-Path: <>\nFrom: postmaster@receiver.example\nSubject: Delivery Status Notification (Failure)\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n\
        Delivery to the following recipients failed.\n\n       ann@receiver.example\n\n\
        *** This email has been scanned for all viruses and potentially offensive content ***\n\n--b\n\
        Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.receiver.example\n\n\
        Final-Recipient: rfc822; ann@receiver.example\nAction: failed\nStatus: 5.1.1\n\n--b--\n";
    assert_eq!(read(mail.as_bytes()).findings[0].cause.code(), "addr.unknown");
}

#[test]
fn a_challenge_in_the_form_of_a_report_is_no_failure() {
    let mail = "Return-Path: <noreply@guard.example>\nFrom: noreply@guard.example\nSubject: Re: Your loan (action required)\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n\
        Please click on the following link to have your address added to the allowed list.\n\n--b\n\
        Content-Type: message/delivery-status\n\nReporting-MTA: dns; guard.example\n\n\
        Final-Recipient: rfc822; ann@receiver.example\nAction: failed\nStatus: 4.7.0\n\n--b--\n";
    let found = read(mail.as_bytes()).findings;
    assert_eq!((found[0].kind, found[0].cause.code()), (Kind::AutoReply, "auto_reply.challenge"));
}

#[test]
fn an_absence_told_with_an_empty_return_path_is_no_failure() {
    let mail = "Return-Path: <>\nFrom: Ann <ann@receiver.example>\nSubject: Thank you for your e-mail\n\
        Precedence: bulk\n\nI will reply as soon as possible.\n";
    assert_eq!(read(mail.as_bytes()).findings[0].kind, Kind::AutoReply);
    let polish = "From: ann@receiver.example\nSubject: [Automatyczna =?utf-8?Q?odpowied=C5=BA?=] Re\n\nAway.\n";
    assert_eq!(read(polish.as_bytes()).findings[0].kind, Kind::AutoReply);
}

#[test]
fn a_delay_or_a_delivery_is_no_failure() {
    let delayed = report("Action: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; connection timed out");
    assert_eq!(delayed.kind, Kind::Delayed);
    let unknown = report("Action: delayed\nStatus: 4.1.1\nDiagnostic-Code: smtp; 450 4.1.1 User unknown");
    assert!(!unknown.stops_address());
    let delivered = report("Action: delivered\nStatus: 2.1.5\nDiagnostic-Code: smtp; 250 2.1.5 Ok");
    assert_eq!((delivered.kind, delivered.cause.code()), (Kind::Delivered, "delivered"));
}

#[test]
fn a_name_not_found_for_now_is_the_networks_trouble() {
    let found = report(
        "Action: failed\nStatus: 4.4.3\nDiagnostic-Code: smtp; DNS type 'mx' lookup responded with code NXDOMAIN",
    );
    assert_eq!(found.cause.code(), "net");
    let found = report("Action: failed\nStatus: 5.4.4\nDiagnostic-Code: X-Postfix; Name service error: Host not found");
    assert!(found.cause.code() == "domain.unknown" && found.stops_address());
}

#[test]
fn words_are_read_for_each_recipient() {
    let found = words(
        "Hi. I wasn't able to deliver your message to the following addresses.\n\n\
         <ann@receiver.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 no such user\n\n\
         <bob@receiver.example>:\n192.0.2.1 failed after I sent the message.\nRemote host said: 552 5.2.2 mailbox full\n",
    );
    let causes: Vec<_> = found.iter().map(|one| (one.recipient.as_deref().unwrap(), one.cause.code())).collect();
    assert_eq!(causes, [("ann@receiver.example", "addr.unknown"), ("bob@receiver.example", "mailbox.full")]);
}

#[test]
fn the_command_that_was_refused_is_found() {
    let found = words(
        "  ann@receiver.example\n    SMTP error from remote mail server after RCPT TO:<ann@receiver.example>:\n    550 No such user",
    );
    assert_eq!((found[0].stage, found[0].cause.code()), (Stage::RcptTo, "addr.unknown"));
    let found = words(
        "  ann@receiver.example\n    SMTP error from remote mail server after end of data:\n    550 This looks like spam",
    );
    assert_eq!((found[0].stage, found[0].cause.code()), (Stage::Content, "policy.spam"));
}

#[test]
fn time_that_ran_out_is_told_from_a_delay() {
    let found =
        words("<ann@receiver.example>:\nI'm not going to try again; this message has been in the queue too long.");
    assert_eq!((found[0].kind, found[0].cause.code()), (Kind::Failed, "expired"));
    let found = words(
        "THIS IS A WARNING MESSAGE ONLY.\nDelivery to ann@receiver.example has been delayed.\nMessage will be retried for 2 more day(s)",
    );
    assert_eq!(found[0].kind, Kind::Delayed);
    assert!(found[0].cause.is_within("expired"));
}

#[test]
fn automatic_replies_and_people_are_no_bounces() {
    let mail = |header: &str, text: &str| {
        read(format!("From: ann@receiver.example\nTo: ill@library.example\n{header}\n\n{text}\n").as_bytes())
    };
    for header in [
        "Subject: Automatic reply: Your request",
        "Return-Path: <>\nSubject: Out of office",
        "Auto-Submitted: auto-replied\nSubject: Re: Your request",
        "Subject: Réponse automatique : votre demande",
        "Subject: Abwesenheitsnotiz",
    ] {
        let found =
            mail(header, "I am away and cannot be reached. Mail to this address does not exist until Monday.").findings;
        assert_eq!(found.iter().map(|one| one.cause.code()).collect::<Vec<_>>(), ["auto_reply"], "{header}");
        assert!(!found[0].stops_address());
    }
    let found =
        mail("Subject: Re: Your request", "Please confirm that you are a real person to have your message delivered.")
            .findings;
    assert_eq!(found[0].cause.code(), "auto_reply.challenge");
    assert_eq!(mail("Subject: Re: Your request", "Thank you, I will come on Friday.").findings, []);
}

#[test]
fn a_complaint_is_a_persons_and_not_a_machines() {
    let mail = |kind: &str| {
        let text = format!(
            "From: fbl@receiver.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\
             Content-Type: message/feedback-report\n\nFeedback-Type: {kind}\nOriginal-Rcpt-To: ann@receiver.example\n\n--b--\n"
        );
        read(text.as_bytes()).findings.remove(0)
    };
    assert!(mail("abuse").stops_address() && mail("opt-out").stops_address());
    assert!(!mail("auth-failure").stops_address() && !mail("not-spam").stops_address());
}

#[test]
fn a_notification_in_json_is_read_by_its_fields() {
    let json = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"ann@receiver.example","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}"#;
    let found =
        read(format!("From: no-reply@sns.receiver.example\nSubject: Notification\n\n{json}\n\n--\nbye").as_bytes())
            .findings;
    assert_eq!((found[0].recipient.as_deref(), found[0].cause.code()), (Some("ann@receiver.example"), "addr.unknown"));
}

#[test]
fn a_bare_reply_is_taken_as_said_at_rcpt() {
    let found = read_reply_text("550 No such user here");
    assert_eq!((found.cause.code(), found.reply, found.stage), ("addr.unknown", Some(550), Stage::RcptTo));
    assert_eq!(read_reply_text("").cause.code(), "unknown");
}

#[test]
fn ten_megabytes_of_junk_take_bounded_time() {
    let start = std::time::Instant::now();
    let header = "Return-Path: <>\nFrom: MAILER-DAEMON@relay.example\nSubject: Undelivered\n\n";
    for filling in [
        "<a@b.example>: 550 5.1.1 x\n",
        "a@",
        "From \n",
        "--b\n",
        "=?",
        "\u{fffd}",
        "user user user ",
        "((((",
        "5.1.1 550 ",
    ] {
        let junk = format!("{header}{}", filling.repeat(10_000_000 / filling.len()));
        assert!(read(junk.as_bytes()).findings.len() <= 100 * 101);
    }
    println!("nine times ten megabytes: {:?}", start.elapsed());
    assert!(start.elapsed().as_secs() < 120, "{:?}", start.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..1500), text in "\\PC{0,300}") {
        let _ = read(&bytes);
        let mut mail = b"Return-Path: <>\nFrom: MAILER-DAEMON@relay.example\nSubject: Undelivered\n\n".to_vec();
        mail.extend(&bytes);
        let _ = read(&mail);
        mail.extend(text.as_bytes());
        let _ = read(&mail);
        let _ = read_reply_text(&text);
    }
}
