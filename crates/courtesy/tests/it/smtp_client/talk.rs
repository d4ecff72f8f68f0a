//! One message, one conversation.

use std::time::Duration;

use courtesy::delivery::conversation::Envelope;
use courtesy::delivery::wire::Waits;
use courtesy::outcome::{Stage, Trouble};
use standards::address::Address;

use super::scripted::Host;
use super::{assert_said, broke, deliver, lines, one, one_host, pool, pool_of, replied, to, waits};

/// Up to the envelope, with pipelining.
const HELLO: &str = "
    <- 220 mx.plain.example ESMTP
    -> EHLO relay.notices.example
    <- 250-mx.plain.example\\r\\n250-PIPELINING\\r\\n250-SIZE 10240000\\r\\n250 ENHANCEDSTATUSCODES
";

const ENVELOPE: &str = "
    -> MAIL FROM:<b@alder.example> SIZE=21
    -> RCPT TO:<patron@plain.example>
    -> DATA
";

const QUIT: &str = "
    -> QUIT
    <- 221 bye
";

/// Up to the envelope, with nothing offered.
const BARE_HELLO: &str = "
    <- 220 mx.plain.example
    -> EHLO relay.notices.example
    <- 250 mx.plain.example
";

#[tokio::test]
async fn a_message_is_accepted_at_the_final_dot() {
    let rest = "
        <- 250 2.1.0 Ok
        <- 250 2.1.5 Ok
        <- 354 End data with <CR><LF>.<CR><LF>
        -> (mail)
        <- 250 2.0.0 queued as 4cR
    ";
    let (attempted, heard) = one(&[&[HELLO, ENVELOPE, rest, QUIT].concat()]).await;
    assert_said(&attempted, replied(Stage::Content, 250, "queued as 4cR"));
    assert_eq!(heard.mails, [b"Subject: x\r\n\r\nHello\r\n.\r\n".to_vec()]);
    let said = lines(&attempted);
    assert!(said[0].starts_with("-- connected to mx.plain.example [127.0.0.1:"), "{said:?}");
    let rest = [
        "<- 220 mx.plain.example ESMTP",
        "-> EHLO relay.notices.example",
        "<- 250-mx.plain.example",
        "<- 250-PIPELINING",
        "<- 250-SIZE 10240000",
        "<- 250 ENHANCEDSTATUSCODES",
        "-> MAIL FROM:<b@alder.example> SIZE=21",
        "-> RCPT TO:<patron@plain.example>",
        "-> DATA",
        "<- 250 2.1.0 Ok",
        "<- 250 2.1.5 Ok",
        "<- 354 End data with <CR><LF>.<CR><LF>",
        "-> … 21 bytes",
        "-> .",
        "<- 250 2.0.0 queued as 4cR",
    ];
    assert_eq!(said[1..], rest);
}

#[tokio::test]
async fn without_pipelining_each_command_waits_for_its_answer() {
    let rest = "
        -> MAIL FROM:<b@alder.example>
        <- 250 ok
        -> RCPT TO:<patron@plain.example>
        <- 250 ok
        -> DATA
        <- 354 go on
        -> (mail)
        <- 250 ok
    ";
    let (attempted, _) = one(&[&[BARE_HELLO, rest, QUIT].concat()]).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    let said = lines(&attempted);
    let at = |line: &str| said.iter().position(|said| said == line).unwrap();
    assert!(at("-> RCPT TO:<patron@plain.example>") > at("<- 250 ok"), "{said:?}");
}

#[tokio::test]
async fn a_host_that_knows_no_ehlo_hears_helo() {
    let script = "
        <- 220 old
        -> EHLO relay.notices.example
        <- 502 what?
        -> HELO relay.notices.example
        <- 250 old
        -> MAIL FROM:<b@alder.example>
        <- 250 ok
        -> RCPT TO:<patron@plain.example>
        <- 250 ok
        -> DATA
        <- 354 go on
        -> (mail)
        <- 250 ok
    ";
    let (attempted, _) = one(&[&[script, QUIT].concat()]).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
}

#[tokio::test]
async fn a_greeting_that_refuses_is_the_answer() {
    let (attempted, _) = one(&["
        <- 554 5.7.1 not from 192.0.2.1
    "])
    .await;
    assert_said(&attempted, replied(Stage::Greeting, 554, "not from 192.0.2.1"));
    assert!(attempted.asked && attempted.via.is_none());
}

#[tokio::test]
async fn all_lines_of_a_reply_count() {
    let rest = "
        <- 250 2.1.0 Ok
        <- 550-5.7.26 Unauthenticated email from alder.example is not\\r\\n550-5.7.26 accepted due to its policy.\\r\\n550 5.7.26 Call them.
        <- 503 5.5.1 no recipient
    ";
    let (attempted, _) = one(&[&[HELLO, ENVELOPE, rest, QUIT].concat()]).await;
    let text = "Unauthenticated email from alder.example is not\naccepted due to its policy.\nCall them.";
    assert_said(&attempted, replied(Stage::RcptTo, 550, text));
}

#[tokio::test]
async fn a_greylisted_recipient_is_told_as_it_was_said() {
    let rest = "
        <- 250 2.1.0 Ok
        <- 451 4.7.1 Greylisted, see you in five minutes
        <- 503 5.5.1 no recipient
    ";
    let (attempted, _) = one(&[&[HELLO, ENVELOPE, rest, QUIT].concat()]).await;
    assert_said(&attempted, replied(Stage::RcptTo, 451, "Greylisted, see you in five minutes"));
}

#[tokio::test]
async fn a_refused_sender_is_told_at_mail_from() {
    let rest = "
        <- 550 5.7.1 alder.example is not welcome
        <- 503 5.5.1 no sender
        <- 503 5.5.1 no recipient
    ";
    let (attempted, _) = one(&[&[HELLO, ENVELOPE, rest, QUIT].concat()]).await;
    assert_said(&attempted, replied(Stage::MailFrom, 550, "alder.example is not welcome"));
}

/// RFC 2920 §3.1: the 354 was sent before the server noticed; a lone dot ends it, whatever it answers.
#[tokio::test]
async fn data_begun_without_a_recipient_is_ended_by_a_lone_dot() {
    let rest = "
        <- 250 2.1.0 Ok
        <- 550 5.1.1 no such patron
        <- 354 go on
        -> .
        <- 554 5.5.1 no valid recipients
    ";
    let (attempted, heard) = one(&[&[HELLO, ENVELOPE, rest, QUIT].concat()]).await;
    assert_said(&attempted, replied(Stage::RcptTo, 550, "no such patron"));
    assert!(heard.mails.is_empty(), "not one octet of the mail may leave");
}

#[tokio::test]
async fn a_refusal_of_the_content_is_told_at_content() {
    let rest = "
        <- 250 2.1.0 Ok
        <- 250 2.1.5 Ok
        <- 354 go on
        -> (mail)
        <- 550 5.7.1 looks like spam
    ";
    let (attempted, _) = one(&[&[HELLO, ENVELOPE, rest, QUIT].concat()]).await;
    assert_said(&attempted, replied(Stage::Content, 550, "looks like spam"));
}

#[tokio::test]
async fn a_refusal_is_kept_though_the_connection_breaks_after_it() {
    let rest = "
        <- 550 5.7.1 go away
        == close
    ";
    let (attempted, _) = one(&[&[HELLO, ENVELOPE, rest].concat()]).await;
    assert_said(&attempted, replied(Stage::MailFrom, 550, "go away"));
}

#[tokio::test]
async fn a_connection_cut_after_the_final_dot_is_uncertain() {
    let rest = "
        <- 250 2.1.0 Ok
        <- 250 2.1.5 Ok
        <- 354 go on
        -> (mail)
        == close
    ";
    let (attempted, _) = one(&[&[HELLO, ENVELOPE, rest].concat()]).await;
    assert_said(&attempted, broke(Stage::Content, Trouble::Closed));
    assert_eq!(lines(&attempted).last().unwrap(), "-- the connection was closed");
}

#[tokio::test]
async fn parting_words_in_the_middle_of_the_mail_are_heard() {
    let rest = "
        <- 250 2.1.0 Ok
        <- 250 2.1.5 Ok
        <- 354 go on
        <- 552 5.3.4 too big
        == close
    ";
    let envelope = "
        -> MAIL FROM:<b@alder.example>*
        -> RCPT TO:<patron@plain.example>
        -> DATA
    ";
    let host = Host::new(&[&[HELLO, envelope, rest].concat()]).await;
    let big = Envelope { data: "0123456789abcde\n".repeat(1 << 20).into(), ..to("patron@plain.example") };
    let attempted = deliver(&pool(), &big, &one_host(host.address)).await;
    assert_said(&attempted, replied(Stage::Content, 552, "too big"));
    host.done().await;
}

#[tokio::test]
async fn silence_ends_at_the_limit_of_its_stage() {
    let short = Duration::from_millis(50);
    let before_data = "
        <- 250 2.1.0 Ok
        <- 250 2.1.5 Ok
    ";
    let before_end = "
        <- 354 go on
        -> (mail)
    ";
    let silence = "
        == silence
    ";
    let cases = [
        (Stage::Greeting, silence.to_owned(), Waits { greeting: short, ..waits() }),
        (
            Stage::Hello,
            "
            <- 220 mx
            -> EHLO relay.notices.example
            == silence
            "
            .to_owned(),
            Waits { hello: short, ..waits() },
        ),
        (Stage::MailFrom, [HELLO, ENVELOPE, silence].concat(), Waits { mail: short, ..waits() }),
        (Stage::RcptTo, [HELLO, ENVELOPE, "\n<- 250 2.1.0 Ok\n", silence].concat(), Waits { rcpt: short, ..waits() }),
        (Stage::Data, [HELLO, ENVELOPE, before_data, silence].concat(), Waits { data: short, ..waits() }),
        (
            Stage::Content,
            [HELLO, ENVELOPE, before_data, before_end, silence].concat(),
            Waits { content: short, ..waits() },
        ),
        (
            Stage::Content,
            [HELLO, ENVELOPE, before_data, before_end, silence].concat(),
            Waits { whole: Duration::from_secs(1), ..waits() },
        ),
    ];
    for (stage, script, waits) in cases {
        let host = Host::new(&[&script]).await;
        let pool = pool_of(courtesy::delivery::pace::Limits::default(), waits);
        let attempted = deliver(&pool, &to("patron@plain.example"), &one_host(host.address)).await;
        assert_said(&attempted, broke(stage, Trouble::TimedOut));
        host.done().await;
    }
}

#[tokio::test]
async fn what_is_not_smtp_is_not_listened_to() {
    let cases =
        ["<- SSH-2.0-OpenSSH_9.2", "<- 199 hm", "<- 220mx", "== garbage 100000", "<- 250 I answer before you ask"];
    for script in cases {
        let host = Host::new(&[&format!("{script}\n== silence")]).await;
        let attempted = deliver(&pool(), &to("patron@plain.example"), &one_host(host.address)).await;
        assert_said(&attempted, broke(Stage::Greeting, Trouble::NotSmtp));
        host.done().await;
    }
}

#[tokio::test]
async fn a_reply_without_end_is_not_listened_to() {
    let many = "<- 220-more\n".repeat(200);
    let long = format!("<- 220 {}", "x".repeat(20_000));
    for script in [many, long] {
        let host = Host::new(&[&format!("{script}\n== silence")]).await;
        let attempted = deliver(&pool(), &to("patron@plain.example"), &one_host(host.address)).await;
        assert_said(&attempted, broke(Stage::Greeting, Trouble::NotSmtp));
        host.done().await;
    }
}

#[tokio::test]
async fn a_354_to_mail_is_not_smtp() {
    let rest = "
        <- 354 go on
        == silence
    ";
    let (attempted, _) = one(&[&[HELLO, ENVELOPE, rest].concat()]).await;
    assert_said(&attempted, broke(Stage::MailFrom, Trouble::NotSmtp));
}

#[tokio::test]
async fn an_address_in_another_script_needs_smtputf8() {
    let host = Host::new(&[&[HELLO, QUIT].concat()]).await;
    let pool = pool();
    let attempted = deliver(&pool, &to("jürgen@plain.example"), &one_host(host.address)).await;
    assert_said(&attempted, broke(Stage::MailFrom, Trouble::Lacking));
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn where_smtputf8_is_offered_it_is_used() {
    let script = "
        <- 220 mx
        -> EHLO relay.notices.example
        <- 250-mx\\r\\n250-PIPELINING\\r\\n250-8bitmime\\r\\n250 SMTPUTF8
        -> MAIL FROM:<> BODY=8BITMIME SMTPUTF8
        -> RCPT TO:<jürgen@xn--bcherei-n2a.example>
        -> DATA
        <- 250 ok
        <- 250 ok
        <- 354 ok
        -> (mail)
        <- 250 ok
    ";
    let host = Host::new(&[&[script, QUIT].concat()]).await;
    let pool = pool();
    let envelope = Envelope {
        mail_from: None,
        rcpt_to: Address::parse("jürgen@bücherei.example").unwrap(),
        smtputf8: false,
        data: "Subject: Bücher\r\n\r\n".into(),
    };
    let attempted = deliver(&pool, &envelope, &one_host(host.address)).await;
    assert_said(&attempted, replied(Stage::Content, 250, "ok"));
    pool.close().await;
    host.done().await;
}

#[tokio::test]
async fn nothing_in_a_mail_ends_it_early() {
    let rest = "
        -> MAIL FROM:<b@alder.example>*
        -> RCPT TO:<patron@plain.example>
        -> DATA
        <- 250 2.1.0 Ok
        <- 250 2.1.5 Ok
        <- 354 go on
        -> (mail)
        <- 250 2.0.0 Ok
    ";
    let endings = ["\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\r\n.\r\n", "\r\n\0.\r\n", ".\r\n"];
    for ending in endings {
        let mail = format!("Subject: x\r\n\r\nbefore{ending}MAIL FROM:<eve@evil.example>\r\n");
        let host = Host::new(&[&[HELLO, rest, QUIT].concat()]).await;
        let pool = pool();
        let envelope = Envelope { data: mail.into(), ..to("patron@plain.example") };
        let attempted = deliver(&pool, &envelope, &one_host(host.address)).await;
        assert_said(&attempted, replied(Stage::Content, 250, "Ok"));
        pool.close().await;
        let heard = host.done().await;
        assert!(heard.mails[0].ends_with(b"MAIL FROM:<eve@evil.example>\r\n.\r\n"), "{ending:?}");
    }
}
