use super::parsed;

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
