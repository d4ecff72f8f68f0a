//! Which relay a message leaves by.
//!
//! In: the relays that may send it, each with its share, and the message's id. Out: one of them. The same message gets the same relay as long
//! as it may, which greylisting needs; a relay that comes or goes moves no more messages than its own. A new address gets little at first
//! and more each day: receivers know nobody who writes a thousand mails on the first day but spammers. Pure.

#[cfg(test)]
mod tests;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::Relay;

/// The share of a relay on its first day, against one that is known.
const FIRST_SHARE: f64 = 0.01;

/// How much of the messages a relay gets at `now`, against one that is known: from a hundredth on the day it begins to all of it
/// `days` later, growing by the same factor each day.
#[must_use]
pub fn share(relay: &Relay, days: u32, now: Timestamp) -> f64 {
    let Some(began) = relay.planned else { return 1.0 };
    let today = now.to_zoned(TimeZone::UTC).date();
    let age = (today - began).get_days();
    if days == 0 || i64::from(age) >= i64::from(days) {
        return 1.0;
    }
    FIRST_SHARE.powf(1.0 - f64::from(age.max(0)) / f64::from(days))
}

/// The relay of the message with this id; none where there is none to choose.
#[must_use]
pub fn choose<'a>(id: &[u8], relays: impl IntoIterator<Item = (&'a Relay, f64)>) -> Option<&'a Relay> {
    // Weighted rendezvous hashing: each relay draws a time by its share, and the first one has it.
    let time = |relay: &Relay, share: f64| {
        let both = digest(&SHA256, &[id, relay.host.as_str().as_bytes()].concat());
        let first: [u8; 8] = both.as_ref()[..8].try_into().expect("SHA-256 gives 32 octets");
        let draw = (u64::from_be_bytes(first) as f64 + 0.5) / 2_f64.powi(64);
        -draw.ln() / share.max(f64::MIN_POSITIVE)
    };
    let timed = relays.into_iter().map(|(relay, share)| (time(relay, share), relay));
    timed.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, relay)| relay)
}
