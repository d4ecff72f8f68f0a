//! The word that travels inside a notification: with it the device says that it was shown, and the patron's tap that it was opened.
//!
//! In: a message. Out: letters for a link, and back. Whoever has them can say no more than that this one message was seen, and read of it
//! what showed on the screen.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::MessageId;
use crate::secret::Secret;

const MARK_OCTETS: usize = 12;
const ID_OCTETS: usize = 16;

/// The word for `message`.
#[must_use]
pub fn write(secret: &Secret, message: MessageId) -> String {
    URL_SAFE_NO_PAD.encode([&mark(secret, message)[..], &message.to_bytes()].concat())
}

/// The message that a word is for. None: it is not of our making.
#[must_use]
pub fn read(secret: &Secret, text: &str) -> Option<MessageId> {
    let octets = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
    let (given, id) = octets.split_at_checked(MARK_OCTETS)?;
    let id: [u8; ID_OCTETS] = id.try_into().ok()?;
    let message = MessageId::from_bytes(id);
    aws_lc_rs::constant_time::verify_slices_are_equal(given, &mark(secret, message)).ok()?;
    Some(message)
}

fn mark(secret: &Secret, message: MessageId) -> [u8; MARK_OCTETS] {
    let whole = secret.mark(&message.to_string(), "push receipt");
    std::array::from_fn(|index| whole[index])
}
