//! What a careless server could take for the end must never leave us.

use super::stuff;

fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    stuff(mail, &mut out);
    out
}

/// The mail as a server reads it that follows RFC 5321 §4.5.2, and what is left over after the final dot.
fn received(wire: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut mail = Vec::new();
    let mut rest = wire;
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("every line ends");
        let line = &rest[..end];
        rest = &rest[end + 2..];
        if line == b"." {
            return (mail, rest);
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        mail.extend_from_slice(b"\r\n");
    }
}

#[test]
fn a_clean_mail_passes_unchanged() {
    assert_eq!(stuffed(b"Subject: x\r\n\r\nHello\r\n"), b"Subject: x\r\n\r\nHello\r\n.\r\n");
}

#[test]
fn a_last_line_without_end_gets_one() {
    assert_eq!(stuffed(b"a\r\nb"), b"a\r\nb\r\n.\r\n");
}

#[test]
fn an_empty_mail_is_a_lone_dot() {
    assert_eq!(stuffed(b""), b".\r\n");
}

#[test]
fn leading_dots_are_doubled() {
    assert_eq!(stuffed(b".\r\n..\r\na.\r\n.b\r\n"), b"..\r\n...\r\na.\r\n..b\r\n.\r\n");
}

/// The endings with which mails have been smuggled past real servers (CVE-2023-51764 to -51766 and their kin).
pub(super) const ENDINGS: &[&[u8]] = &[
    b"\n.\n",
    b"\n.\r\n",
    b"\n.\r",
    b"\r.\r",
    b"\r.\n",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n.\r\n",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
];

#[test]
fn no_ending_smuggles_a_second_mail() {
    for ending in ENDINGS {
        let mail =
            [b"before".as_slice(), ending, b"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<x@y.example>\r\n"].concat();
        let wire = stuffed(&mail);
        let (read, left) = received(&wire);
        assert!(left.is_empty(), "{ending:?} left {left:?} as commands");
        assert!(read.windows(4).any(|word| word == b"RCPT"), "{ending:?} lost the rest of the mail");
        assert_no_bare_ends(&wire, ending);
        assert_one_lone_dot(&wire, ending);
    }
}

fn assert_no_bare_ends(wire: &[u8], ending: &[u8]) {
    for (at, octet) in wire.iter().enumerate() {
        match octet {
            b'\r' => assert_eq!(wire.get(at + 1), Some(&b'\n'), "{ending:?} left a bare CR"),
            b'\n' => assert!(at > 0 && wire[at - 1] == b'\r', "{ending:?} left a bare LF"),
            _ => {}
        }
    }
}

/// However a server cuts lines, only the last is a dot alone.
fn assert_one_lone_dot(wire: &[u8], ending: &[u8]) {
    let lines = wire.split(|octet| matches!(octet, b'\r' | b'\n')).filter(|line| *line == b".").count();
    assert_eq!(lines, 1, "{ending:?}");
}

proptest::proptest! {
    #[test]
    fn whatever_goes_in_comes_out_once(mail in proptest::collection::vec(proptest::sample::select(b"a.\r\n\0".to_vec()), 0..40)) {
        let wire = stuffed(&mail);
        let (read, left) = received(&wire);
        proptest::prop_assert!(left.is_empty());
        let letters = |text: &[u8]| text.iter().filter(|octet| !matches!(octet, b'\r' | b'\n')).copied().collect::<Vec<_>>();
        proptest::prop_assert_eq!(letters(&read), letters(&mail));
    }
}
