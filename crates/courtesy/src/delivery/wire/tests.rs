//! What is a reply, whatever octets come.

use super::{REPLY_LINES_MAX, whole_reply};
use crate::outcome::Trouble;

#[test]
fn a_reply_is_whole_with_its_last_line() {
    assert_eq!(whole_reply(b"250 ok\r\n"), Ok(Some((250, 8))));
    assert_eq!(whole_reply(b"250\r\n"), Ok(Some((250, 5))));
    assert_eq!(whole_reply(b"250-a\r\n250 b\r\n354 go"), Ok(Some((250, 14))));
    assert_eq!(whole_reply(b"250-a\r\n250-b\r\n"), Ok(None));
    assert_eq!(whole_reply(b""), Ok(None));
    assert_eq!(whole_reply(b"25"), Ok(None));
}

#[test]
fn a_bare_line_feed_ends_a_line_too() {
    assert_eq!(whole_reply(b"220-a\n220 b\n"), Ok(Some((220, 12))));
}

/// RFC 5321 §4.2.1 wants one code in all lines; a server that mixes them is still understood.
#[test]
fn the_last_code_counts() {
    assert_eq!(whole_reply(b"250-a\r\n550 b\r\n"), Ok(Some((550, 14))));
}

#[test]
fn what_cannot_become_a_reply_is_known_at_once() {
    for octets in
        [&b"HTTP/1.1 400\r\n"[..], b"HTTP", b"\r\n", b"600 x\r\n", b"100 x\r\n", b"25\r\n", b"2500\r\n", b"250-a\r\nb"]
    {
        assert_eq!(whole_reply(octets), Err(Trouble::NotSmtp), "{octets:?}");
    }
    assert_eq!(whole_reply("250-a\r\n".repeat(REPLY_LINES_MAX).as_bytes()), Err(Trouble::NotSmtp));
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_stumble(octets in proptest::collection::vec(proptest::sample::select(b"25 -\r\n\xffx".to_vec()), 0..60)) {
        if let Ok(Some((code, length))) = whole_reply(&octets) {
            proptest::prop_assert!((200..600).contains(&code));
            proptest::prop_assert!(length <= octets.len() && octets[length - 1] == b'\n');
        }
    }
}
