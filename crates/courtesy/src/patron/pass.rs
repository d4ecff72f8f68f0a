//! What lets a browser look at one patron's page: sealed by us, kept in its cookie, and nowhere else.
//!
//! In: whose page a link, a code or the library's sign-in opened. Out: a text for the cookie, which nobody can read or change; and whose page it opens
//! later. A link may have been forwarded: it opens the page for reading and for choices that can be undone. A code that was
//! sent to the address on record shows more.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{MessageId, SessionId};
use crate::library::LibraryCode;
use crate::secret::Secret;

/// How long a browser that came by a link sees the page: an evening. The link opens it again.
pub const PASS_LASTS: SignedDuration = SignedDuration::from_hours(4);

/// How long after a code contact points may be changed: one sitting.
pub const PROVEN_LASTS: SignedDuration = SignedDuration::from_mins(30);

/// What a pass is sealed for: nothing else that we seal can stand in for it.
const ABOUT: &str = "patron pass";

/// Whose page a browser may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// The patron's library.
    pub library: String,
    /// Whose page, as `Patron::key` has it.
    pub patron: String,
    /// This browser's visit: its forms are bound to it.
    pub session: SessionId,
    /// The message whose link opened it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Until when.
    pub until: Timestamp,
    /// Until when they have shown that the address on record is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_until: Option<Timestamp>,
    /// Whether it opens nothing until a code was typed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_locked: bool,
    /// A code that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<super::Asked>,
}

/// What tells that the patron with this key at `library` was erased, without saying whom: what was given to them before opens nothing of
/// whoever is known by the key after them.
#[must_use]
pub fn gone_mark(secret: &Secret, library: &LibraryCode, key: &str) -> [u8; 32] {
    // No library's code has a space in it, so that two patrons never share a text.
    secret.mark(&format!("{library} {key}"), "gone patron")
}

impl Pass {
    /// For whoever came by the link in `message`, or in another way.
    #[must_use]
    pub fn new(library: &LibraryCode, patron: String, message: Option<MessageId>, now: Timestamp) -> Self {
        Self {
            library: library.as_str().to_owned(),
            patron,
            session: SessionId::new(now),
            message,
            until: now.checked_add(PASS_LASTS).unwrap_or(Timestamp::MAX),
            proven_until: None,
            is_locked: false,
            asked: None,
        }
    }

    /// The same, for whoever has just shown that the address on record is theirs.
    #[must_use]
    pub fn proven(self, now: Timestamp) -> Self {
        Self {
            until: now.checked_add(PASS_LASTS).unwrap_or(Timestamp::MAX),
            proven_until: now.checked_add(PROVEN_LASTS).ok(),
            is_locked: false,
            asked: None,
            ..self
        }
    }

    /// When it was given, to the millisecond.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        self.session.made_at()
    }

    /// Whether they have shown that the address on record is theirs, not long ago.
    #[must_use]
    pub fn is_proven(&self, now: Timestamp) -> bool {
        self.proven_until.is_some_and(|until| now < until)
    }

    /// As the cookie has it.
    #[must_use]
    pub fn seal(&self, secret: &Secret) -> String {
        secret.seal_text(self, ABOUT)
    }

    /// The pass of a cookie, where it is ours and opens still.
    #[must_use]
    pub fn open(secret: &Secret, sealed: &str, now: Timestamp) -> Option<Self> {
        let pass: Self = secret.open_text(sealed, ABOUT)?;
        (now < pass.until).then_some(pass)
    }
}
