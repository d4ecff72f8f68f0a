//! The return path of one message: unguessable, signed, and still readable after mail systems have mangled its case.
//!
//! `b+<id>.<code>@bounces.…`: the message's ULID and 80 bits of a keyed hash of it, all in characters that mean the
//! same in either case. Within the 64 octets of a local part (RFC 5321 §4.5.3.1.1).

#[cfg(test)]
mod tests;

use standards::address::Address;
use standards::domain::Domain;

use crate::id::{CanaryId, MessageId};
use crate::secret::Secret;

/// What the code of a return path is bound to.
const ABOUT: &str = "return-path";

/// What the code of a test message's address is bound to.
const ABOUT_CANARY: &str = "canary";

/// What the code of an address for complaints is bound to.
const ABOUT_FEEDBACK: &str = "feedback";

/// Octets of the keyed hash that stand in the address: 80 bits.
const CODE_OCTETS: usize = 10;

/// The return path of `message` at `domain`.
#[must_use]
pub fn write(secret: &Secret, message: MessageId, domain: &Domain) -> Address {
    signed(secret, "b+", &message.bare(), ABOUT, domain)
}

/// The address that the test message `canary` goes to.
#[must_use]
pub fn write_canary(secret: &Secret, canary: CanaryId, domain: &Domain) -> Address {
    signed(secret, "c+", &canary.bare(), ABOUT_CANARY, domain)
}

/// The address for complaints about `message` (RFC 9477) at `domain`.
#[must_use]
pub fn write_feedback(secret: &Secret, message: MessageId, domain: &Domain) -> Address {
    signed(secret, "f+", &message.bare(), ABOUT_FEEDBACK, domain)
}

/// The message that an address for complaints belongs to; none unless we gave that very address out.
#[must_use]
pub fn read_feedback(secret: &Secret, local: &str) -> Option<MessageId> {
    id_of(secret, "f+", local, ABOUT_FEEDBACK).and_then(|id| format!("msg_{id}").parse().ok())
}

/// The test message an address belongs to; none unless we gave that very address out.
#[must_use]
pub fn read_canary(secret: &Secret, local: &str) -> Option<CanaryId> {
    id_of(secret, "c+", local, ABOUT_CANARY).and_then(|id| format!("can_{id}").parse().ok())
}

fn signed(secret: &Secret, front: &str, id: &str, about: &str, domain: &Domain) -> Address {
    let id = id.to_ascii_lowercase();
    let local = format!("{front}{id}.{}", code(secret, &id, about));
    Address::parse(&format!("{local}@{domain}")).expect("letters, digits, + and . are a local part")
}

/// The bare id in a local part of ours.
fn id_of(secret: &Secret, front: &str, local: &str, about: &str) -> Option<String> {
    let plain = local.to_ascii_lowercase();
    let (id, given) = plain.strip_prefix(front)?.split_once('.')?;
    let expected = code(secret, id, about);
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_ok();
    same.then(|| id.to_ascii_uppercase())
}

/// The message a return path belongs to; none unless we gave that very address out.
#[must_use]
pub fn read(secret: &Secret, local: &str) -> Option<MessageId> {
    id_of(secret, "b+", local, ABOUT).and_then(|id| format!("msg_{id}").parse().ok())
}

fn code(secret: &Secret, id: &str, about: &str) -> String {
    /// RFC 4648 §6, lower case.
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let hash = secret.mark(id, about);
    let mut bits = 0_u32;
    let mut held = 0_u32;
    let mut code = String::with_capacity(16);
    for octet in &hash[..CODE_OCTETS] {
        bits = bits << 8 | u32::from(*octet);
        held += 8;
        while held >= 5 {
            held -= 5;
            code.push(char::from(ALPHABET[(bits >> held & 31) as usize]));
        }
    }
    code
}
