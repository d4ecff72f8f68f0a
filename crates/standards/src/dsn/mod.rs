//! Mail that speaks about other mail: delivery reports (RFC 3464, RFC 6533) and feedback reports (RFC 5965).
//!
//! In: the bytes of a mail that came back. Out: a [`Letter`]: its header fields, what it says in words, the fields of a
//! delivery or feedback report where there are any, and what it shows of the original. Broken mail is read as far as it
//! can be; nothing is an error. Not here: what the words mean, and free-text reports, which follow no standard.

mod fields;
mod letter;
mod report;
#[cfg(test)]
mod tests;

pub use fields::Fields;
pub use letter::{Letter, Original, bare_address, mails};
pub use report::{Action, DeliveryReport, Feedback, Recipient};

/// A returned mail is read up to here. Reports put what they say first; what follows is the original.
pub const LETTER_OCTETS_MAX: usize = 1 << 20;
/// More parts than any reporter makes.
pub const PARTS_MAX: usize = 64;
/// RFC 5321 §4.5.3.1.8 has servers take 100 recipients a message; a report speaks of no more.
pub const RECIPIENTS_MAX: usize = 100;
/// Mails read from one mailbox file.
pub const MAILS_MAX: usize = 100;
/// Words are kept up to here, over all parts.
pub const TEXT_OCTETS_MAX: usize = 128 << 10;
