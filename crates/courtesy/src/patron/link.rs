//! The link in a notice that opens its patron's own page: which message it stands in, and our mark.
//!
//! Nothing of it is kept. It says no more than the first octets of the message's id, so that it is short enough for a text
//! message; the mark is over the whole id. It opens that patron's page for some days, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use crate::id::MessageId;
use crate::secret::Secret;

/// How long a link opens: an item waits on the shelf for a week or two, and mail is found again after a holiday.
pub const LINK_LASTS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Octets of the id: 48 bits of time and 24 of chance, which messages of the same millisecond hardly ever share.
const ID_OCTETS: usize = 9;

/// Octets of our mark: 72 bits cannot be guessed over a network.
const MARK_OCTETS: usize = 9;

/// A link as it came, not yet known to be one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    id: [u8; ID_OCTETS],
    mark: [u8; MARK_OCTETS],
}

/// The secret part of the link in the message `id`: letters that stand in a path as they are.
#[must_use]
pub fn token(secret: &Secret, id: MessageId) -> String {
    URL_SAFE_NO_PAD.encode([&id.to_bytes()[..ID_OCTETS], &mark(secret, id)].concat())
}

/// Whether the link in the message `id` opens no more.
#[must_use]
pub fn is_over(id: MessageId, now: Timestamp) -> bool {
    now.duration_since(id.made_at()) >= LINK_LASTS
}

impl Link {
    /// Reads the secret part of a link; none where it is not one.
    #[must_use]
    pub fn read(token: &str) -> Option<Self> {
        let octets = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, mark) = octets.split_at_checked(ID_OCTETS)?;
        Some(Self { id: id.try_into().ok()?, mark: mark.try_into().ok()? })
    }

    /// The first and the last id that it may be of.
    #[must_use]
    pub fn range(&self) -> (MessageId, MessageId) {
        let filled = |with| std::array::from_fn(|place| self.id.get(place).copied().unwrap_or(with));
        (MessageId::from_bytes(filled(0)), MessageId::from_bytes(filled(u8::MAX)))
    }

    /// Whether we made it for the message `id`.
    #[must_use]
    pub fn is_of(&self, secret: &Secret, id: MessageId) -> bool {
        let made = mark(secret, id);
        id.to_bytes().starts_with(&self.id)
            && aws_lc_rs::constant_time::verify_slices_are_equal(&self.mark, &made).is_ok()
    }
}

fn mark(secret: &Secret, id: MessageId) -> [u8; MARK_OCTETS] {
    let whole = secret.mark(&id.to_string(), "patron-link");
    std::array::from_fn(|place| whole[place])
}
