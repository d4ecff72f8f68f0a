use super::{TYPES_MAX, parsed};

#[test]
fn what_has_no_header_is_no_mail_and_what_is_cut_anywhere_is_no_panic() {
    let mail = "Content-Type: multipart/report; boundary=\"b\"\n\n--b\nContent-Type: message/rfc822\n\n\
        Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: message/rfc822\n\n--b--\n--b--\n";
    for end in 0..mail.len() {
        for start in 0..end {
            let _ = parsed(&mail.as_bytes()[start..end]);
        }
    }
    assert!(parsed(b"").is_none());
    assert!(parsed(b"Subject: a\n\nb").is_some());
}

/// Whoever drops a value nested so deep overruns the stack, which ends the process.
#[test]
fn a_mail_in_a_mail_in_a_mail_a_hundred_thousand_times_is_not_taken_apart() {
    for level in ["Content-Type: message/rfc822\r\n\r\n", "CONTENT-TYPE :\r\n\t(a) message\r\n /global\n\n"] {
        let mail = format!("Subject: a\r\n{}", level.repeat(100_000));
        assert!(parsed(mail.as_bytes()).is_none());
        let fewer = format!("Subject: a\r\n{}Subject: b\r\n\r\nc", level.repeat(TYPES_MAX));
        assert!(parsed(fewer.as_bytes()).is_some(), "{level}");
    }
}

#[test]
fn a_million_parts_are_not_taken_apart() {
    let mail = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\n".repeat(1_000_000));
    assert!(parsed(mail.as_bytes()).is_none());
}

#[test]
fn a_mail_that_is_hidden_by_its_encoding_is_not_taken_apart() {
    for (head, is_refused) in [
        ("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", true),
        (
            "Content-Transfer-Encoding: =?us-ascii?q?base64?=\nContent-Type:\n (;) MESSAGE / (x) rfc822; name=\"a\"",
            true,
        ),
        ("Content-Type: message/global\r\nContent-Transfer-Encoding: Quoted-Printable", true),
        ("Content-Type: multipart/digest; boundary=b\nContent-Transfer-Encoding: base64", true),
        ("Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit", false),
        ("Content-Type: message/global-delivery-status\nContent-Transfer-Encoding: base64", false),
        (
            "Content-Type: text/plain; name=\"message rfc822\"\nContent-Transfer-Encoding: base64\nMessage-ID: <a@b>",
            false,
        ),
    ] {
        for blank in ["\n\n", "\r\n\r\n"] {
            let mail = format!("Subject: a\nMIME-Version: 1.0\n{head}{blank}U3ViamVjdDogYQoKYg==\n");
            assert_eq!(parsed(mail.as_bytes()).is_none(), is_refused, "{head}");
        }
    }
}
