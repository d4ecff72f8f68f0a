//! Who has a mailbox at a practice provider; the same people at each.
//!
//! `patron` and `patron-<anything>` live here; `jürgen` too where SMTPUTF8 is offered. `full`, `overquota` and
//! `disabled` are known and cannot take mail now. Nobody else is known.

use standards::address::Address;
use standards::reply::Reply;

/// The reply to RCPT for this mailbox.
pub(super) fn answer(recipient: &Address) -> Reply {
    let local = recipient.local().to_lowercase();
    let (code, words) = match local.as_str() {
        "patron" | "jürgen" => (250, "2.1.5 OK"),
        _ if local.starts_with("patron-") => (250, "2.1.5 OK"),
        "full" => (452, "4.2.2 The recipient's inbox is out of storage space. Please try again later"),
        "overquota" => (552, "5.2.2 The recipient's inbox is out of storage space and inactive"),
        "disabled" => (550, "5.2.1 The email account that you tried to reach is disabled"),
        _ => (550, "5.1.1 The email account that you tried to reach does not exist"),
    };
    Reply::from_lines(code, [words])
}
