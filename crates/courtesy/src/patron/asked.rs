//! A code that was sent so that somebody shows that an address is theirs.
//!
//! In: an address, a random number. Out: the code's eight digits, once, for the message; and an [`Asked`] for the pass, from
//! which nobody can tell the digits. Not here: how fast somebody may guess (the page's throttle), and that it is counted (`store`).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// How long a code is good: long enough for greylisted mail, too short to be found in an old mailbox.
pub const CODE_LASTS: SignedDuration = SignedDuration::from_mins(20);

/// How often one code may be tried: enough for every slip of a finger.
pub const TRIES_MAX: u32 = 10;

/// Codes there are: eight digits. With [`TRIES_MAX`] and the few codes an hour that one patron is sent, nobody finds one in a life.
const CODES: u64 = 100_000_000;

/// What a code is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To show that the address on record is theirs.
    Prove,
    /// To use this mail address from now on.
    Mail(String),
    /// To use this telephone number from now on.
    Text(String),
}

/// A code that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What for.
    pub purpose: Purpose,
    /// Where it went, masked.
    pub to: String,
    /// Tells this code from others, and salts its mark.
    pub nonce: String,
    /// Our mark over nonce and digits.
    mark: Vec<u8>,
    /// Until when it is good.
    pub until: Timestamp,
}

impl Asked {
    /// A new code of the octets `chance`, sent to `to`: its digits, and what is kept of it.
    #[must_use]
    pub fn new(secret: &Secret, purpose: Purpose, to: String, chance: [u8; 16], now: Timestamp) -> (String, Self) {
        let (number, salt) = chance.split_at(8);
        let number = u64::from_le_bytes(std::array::from_fn(|place| number[place]));
        let digits = format!("{:08}", number % CODES);
        let nonce: String = salt.iter().map(|octet| format!("{octet:02x}")).collect();
        let mark = mark(secret, &nonce, &digits);
        let until = now.checked_add(CODE_LASTS).unwrap_or(Timestamp::MAX);
        (digits, Self { purpose, to, nonce, mark, until })
    }

    /// Whether `typed` is the code; spaces and dashes do not count.
    #[must_use]
    pub fn fits(&self, secret: &Secret, typed: &str, now: Timestamp) -> bool {
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let made = mark(secret, &self.nonce, &digits);
        now < self.until && aws_lc_rs::constant_time::verify_slices_are_equal(&self.mark, &made).is_ok()
    }
}

fn mark(secret: &Secret, nonce: &str, digits: &str) -> Vec<u8> {
    secret.mark(&format!("{nonce} {digits}"), "patron-code").to_vec()
}
