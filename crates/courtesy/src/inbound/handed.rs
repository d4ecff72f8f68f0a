//! A mail that a person hands in: what its envelope was, as far as its header still tells.

use std::borrow::Cow;

use standards::address::Address;
use standards::dsn::{Fields, RECIPIENTS_MAX, bare_address};

use super::spool::Envelope;
use super::{Became, Done, Inbound};
use crate::clock;
use crate::id::ReturnedId;
use crate::reply::head_octets;

/// Fields that name the address a mail came to, as servers write them at the end of the way, and then the ones its writer
/// wrote.
const CAME_TO: [&str; 8] =
    ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "resent-to", "to", "cc"];

impl Inbound {
    /// Takes in a mail as if it had come by the door, and works it off at once. `to` and `mail_from` are read from its
    /// header where they are not given. Gives what became of it for each address of ours.
    ///
    /// # Errors
    /// When it cannot be kept, or the store is broken: then it waits in the spool.
    pub async fn hand_in(
        &self,
        mail: &[u8],
        to: Option<Vec<String>>,
        mail_from: Option<String>,
    ) -> anyhow::Result<(ReturnedId, Vec<Became>)> {
        let mail = with_crlf(mail);
        let head = Fields::read(&String::from_utf8_lossy(&mail[..head_octets(&mail)]));
        let envelope = Envelope {
            received_at: clock::now(),
            client: None,
            helo: String::new(),
            mail_from: mail_from.unwrap_or_else(|| return_path(&head)),
            recipients: to.unwrap_or_else(|| came_to(&head)),
        };
        let (id, mut became) = self.take(envelope, mail.into_owned()).await?;
        became.retain(|one| one.done != Done::NotOurs);
        Ok((id, became))
    }
}

/// RFC 5321 §4.4: the last server writes the return path down, `<>` for none. Where none did, the writer's address.
fn return_path(head: &Fields) -> String {
    match head.first("return-path") {
        Some(path) => bare_address(path).unwrap_or_default(),
        None => head.first("from").and_then(bare_address).unwrap_or_default(),
    }
}

fn came_to(head: &Fields) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in CAME_TO.iter().flat_map(|name| head.all(name)) {
        for one in value.split(',') {
            let address = bare_address(one).and_then(|one| Address::parse(&one).ok()).map(|one| one.to_string());
            found.extend(address.filter(|one| !found.contains(one)));
        }
    }
    found.truncate(RECIPIENTS_MAX);
    found
}

/// Lines as they are on the wire. Files have others.
fn with_crlf(mail: &[u8]) -> Cow<'_, [u8]> {
    let is_bare = |at: usize| mail[at] == b'\n' && (at == 0 || mail[at - 1] != b'\r');
    let bare = memchr::memchr_iter(b'\n', mail).filter(|at| is_bare(*at)).count();
    if bare == 0 {
        return Cow::Borrowed(mail);
    }
    let mut out = Vec::with_capacity(mail.len() + bare);
    for (at, octet) in mail.iter().enumerate() {
        if *octet == b'\n' && is_bare(at) {
            out.push(b'\r');
        }
        out.push(*octet);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_of_a_file_is_what_its_header_still_tells() {
        let head = Fields::read(
            "Return-Path: <>\nDelivered-To: b+x@bounces.notices.example\nTo: \"A, B\" <b+x@bounces.notices.example>,\n c@d.example\n",
        );
        assert_eq!(return_path(&head), "");
        assert_eq!(came_to(&head), ["b+x@bounces.notices.example", "c@d.example"]);
        assert_eq!(return_path(&Fields::read("From: A <a@b.example>\n")), "a@b.example");
    }

    #[test]
    fn lines_of_files_become_lines_of_the_wire() {
        assert_eq!(with_crlf(b"\na\r\nb\n").as_ref(), b"\r\na\r\nb\r\n");
        assert!(matches!(with_crlf(b"a\r\n"), Cow::Borrowed(_)));
    }
}
