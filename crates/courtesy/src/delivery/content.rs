//! A composed mail made ready to stand between DATA and the final dot (RFC 5321 §4.5.2).
//!
//! In: the mail's octets. Out: the same lines with CRLF ends, leading dots doubled, and the final dot. Mails are
//! composed with CRLF already, and signed so; what is mended here would break the signature, and is mended all the
//! same: a bare CR or LF next to a dot can end the mail early at a careless server and smuggle a second one in.

#[cfg(test)]
mod tests;

/// What ends a mail on the wire: from here on it is the receiver's.
pub(super) const END: &[u8] = b".\r\n";

/// Appends `mail`, dot-stuffed and ended, to `out`.
///
/// Every bare CR and every bare LF becomes CRLF (RFC 5321 §2.3.8 forbids both), so that no server, however it reads
/// line ends, finds a line that is a lone dot before the true end.
pub(super) fn stuff(mail: &[u8], out: &mut Vec<u8>) {
    out.reserve(mail.len() + mail.len() / 64 + 8);
    let mut rest = mail;
    while !rest.is_empty() {
        let (line, after) = next_line(rest);
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = after;
    }
    out.extend_from_slice(END);
}

/// The first line without its end, and what follows.
fn next_line(text: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = memchr::memchr2(b'\r', b'\n', text) else {
        return (text, &[]);
    };
    let skip = if text[end..].starts_with(b"\r\n") { 2 } else { 1 };
    (&text[..end], &text[end + skip..])
}
