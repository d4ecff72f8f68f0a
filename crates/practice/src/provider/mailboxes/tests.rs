//! Rules of keeping.

use standards::domain::Domain;

use super::without_claims_in_our_name;

#[test]
fn results_claimed_in_our_name_are_taken_out_and_others_stay() {
    let host = Domain::parse("mx1.gmail.example").unwrap();
    let message = b"Authentication-Results: MX1.gmail.example;\r\n dmarc=pass\r\nFrom: a@b.example\r\n\
        authentication-results: mx1.other.example; dmarc=pass\r\nAuthentication-Results: mx1.gmail.example; spf=pass\r\n\
        \r\nAuthentication-Results: mx1.gmail.example; in the body\r\n";
    let kept = without_claims_in_our_name(message, &host);
    assert_eq!(
        String::from_utf8(kept).unwrap(),
        "From: a@b.example\r\nauthentication-results: mx1.other.example; dmarc=pass\r\n\r\n\
         Authentication-Results: mx1.gmail.example; in the body\r\n"
    );
}

#[test]
fn a_message_without_header_stays_as_it_is() {
    let host = Domain::parse("mx1.gmail.example").unwrap();
    for message in [&b""[..], b"\r\n", b"no header at all", b"\r\n\r\nbody"] {
        assert_eq!(without_claims_in_our_name(message, &host), message);
    }
}
