//! A patron's pass: opens the page that turns notifications on, and proves who asks when a browser hands in its device.
//!
//! In: library, patron number, since when and until when. Out: letters that fit into a link and a form field, and back. Only we can make
//! one. It opens nothing but that patron's devices, and shows nothing of any message. Whoever is erased after it was made has none left:
//! it says when that was, so that it never opens anything of another patron with the same number.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;

use crate::clock::{Timestamp, from_micros, micros};
use crate::library::LibraryCode;
use crate::secret::Secret;

/// How long one holds that a library hands out: until a patron has their telephone at hand.
pub const LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The longest patron number that fits.
pub const NUMBER_OCTETS_MAX: usize = 100;

const MARK_OCTETS: usize = 16;
const END_OCTETS: usize = 4;
const MADE_OCTETS: usize = 8;

/// Whose devices a pass is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The library.
    pub library: LibraryCode,
    /// Its number for the patron.
    pub number: String,
    /// When it was made, to the microsecond.
    pub made_at: Timestamp,
    /// Until when it holds.
    pub until: Timestamp,
}

/// Why a pass opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPass {
    /// Its time is over.
    Over,
    /// It is not of our making.
    NotOurs,
}

impl Pass {
    /// As letters.
    #[must_use]
    pub fn write(&self, secret: &Secret) -> String {
        let end = u32::try_from(self.until.as_second()).unwrap_or(u32::MAX);
        let made = micros(self.made_at);
        let whose = whose(&self.library, &self.number);
        let mark = mark(secret, &whose, made, end);
        URL_SAFE_NO_PAD.encode([&mark[..], &end.to_be_bytes(), &made.to_be_bytes(), whose.as_bytes()].concat())
    }

    /// From letters.
    ///
    /// # Errors
    /// [`NoPass`].
    pub fn read(secret: &Secret, text: &str, now: Timestamp) -> Result<Self, NoPass> {
        let pass = Self::checked(secret, text).ok_or(NoPass::NotOurs)?;
        if now < pass.until { Ok(pass) } else { Err(NoPass::Over) }
    }

    fn checked(secret: &Secret, text: &str) -> Option<Self> {
        let octets = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
        let (given, rest) = octets.split_at_checked(MARK_OCTETS)?;
        let (end, rest) = rest.split_at_checked(END_OCTETS)?;
        let (made, whose) = rest.split_at_checked(MADE_OCTETS)?;
        let (end, made) = (u32::from_be_bytes(end.try_into().ok()?), i64::from_be_bytes(made.try_into().ok()?));
        let whose = std::str::from_utf8(whose).ok()?;
        aws_lc_rs::constant_time::verify_slices_are_equal(given, &mark(secret, whose, made, end)).ok()?;
        let (library, number) = whose.split_once(' ')?;
        let until = Timestamp::from_second(i64::from(end)).ok()?;
        let (library, number) = (LibraryCode::parse(library).ok()?, number.to_owned());
        Some(Self { library, number, made_at: from_micros(made), until })
    }
}

/// No library's code has a space in it, so that two patrons never share a text.
fn whose(library: &LibraryCode, number: &str) -> String {
    format!("{library} {number}")
}

fn mark(secret: &Secret, whose: &str, made: i64, end: u32) -> [u8; MARK_OCTETS] {
    let whole = secret.mark(&format!("{end} {made} {whose}"), "push pass");
    std::array::from_fn(|index| whole[index])
}
