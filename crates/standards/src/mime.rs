//! The parts of a mail, read by `mail-parser`, which gives up with a panic on some that are broken in rare ways.
//!
//! In: octets of a stranger. Out: the mail, or nothing where it cannot be taken apart; never a panic.

use std::panic::catch_unwind;

use mail_parser::{Message, MessageParser};

/// Takes a mail apart. None where it has no header, or where it is broken beyond what the parser can follow.
pub(crate) fn parsed(mail: &[u8]) -> Option<Message<'_>> {
    catch_unwind(|| MessageParser::default().parse(mail)).ok().flatten()
}

#[cfg(test)]
mod tests;
