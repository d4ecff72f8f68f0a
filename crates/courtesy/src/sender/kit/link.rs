//! The link by which an IT department opens a library's kit without an account: whose kit, until when, and our mark.
//!
//! Nothing about it is kept: whoever has the link sees what the DNS shows to everybody, and what the library should
//! publish there. It opens nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use crate::library::LibraryCode;
use crate::secret::Secret;

/// How long a link opens: IT departments plan in quarters.
pub const KIT_LINK_LASTS: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Octets of our mark in a link: 128 bits cannot be guessed.
const MARK_OCTETS: usize = 16;

/// Octets of the second it ends at.
const END_OCTETS: usize = 4;

/// What a link opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KitLink {
    /// The kit of this library, until then.
    Opens(LibraryCode, Timestamp),
    /// It did, until then.
    Over(Timestamp),
    /// Nothing: we did not make it.
    NotOurs,
}

/// The secret part of a link to `library`'s kit, until `until`: letters that stand in a path as they are.
#[must_use]
pub fn kit_token(secret: &Secret, library: &LibraryCode, until: Timestamp) -> String {
    let end = u32::try_from(until.as_second()).unwrap_or(u32::MAX);
    let mark = mark(secret, library, end);
    URL_SAFE_NO_PAD.encode([&mark[..], &end.to_be_bytes(), library.as_str().as_bytes()].concat())
}

impl KitLink {
    /// What `token` opens at `now`.
    #[must_use]
    pub fn read(secret: &Secret, token: &str, now: Timestamp) -> Self {
        Self::checked(secret, token, now).unwrap_or(Self::NotOurs)
    }

    fn checked(secret: &Secret, token: &str, now: Timestamp) -> Option<Self> {
        let octets = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (given, rest) = octets.split_at_checked(MARK_OCTETS)?;
        let (end, code) = rest.split_at_checked(END_OCTETS)?;
        let end = u32::from_be_bytes(end.try_into().ok()?);
        let code = LibraryCode::parse(std::str::from_utf8(code).ok()?).ok()?;
        aws_lc_rs::constant_time::verify_slices_are_equal(given, &mark(secret, &code, end)).ok()?;
        let until = Timestamp::from_second(i64::from(end)).ok()?;
        Some(if now < until { Self::Opens(code, until) } else { Self::Over(until) })
    }
}

fn mark(secret: &Secret, library: &LibraryCode, end: u32) -> [u8; MARK_OCTETS] {
    let whole = secret.mark(&format!("{end} {library}"), "it-kit");
    std::array::from_fn(|index| whole[index])
}
