//! What the codes of gateways mean: to wait, to try another way, or to leave a number alone.

use crate::outcome::{Cause, Outcome};

/// Longest words of a gateway that are kept.
const WORDS_OCTETS_MAX: usize = 300;

/// The cause that an error code of Twilio's interface stands for, and whether it is for now.
pub(super) fn twilio(code: u64, status: u16) -> (Cause, bool) {
    let (cause, for_now) = match code {
        // Not a number, not a mobile one, or one that is not in use.
        21211 | 21217 | 21401 | 21614 | 30005 | 30006 => ("sms.invalid", false),
        // Whoever it is has written STOP.
        21610 => ("sms.stop", false),
        // Off, or out of reach.
        30003 | 30017 => ("sms.off", true),
        // Blocked, filtered, or a country that is not allowed.
        21408 | 21612 | 30004 | 30007 | 30034 => ("sms.carrier", false),
        // Too many at once, here or there.
        20429 | 30001 | 30022 | 14107 => ("policy.rate", true),
        // Our account: who we are, and what we paid.
        20003 | 20005 | 21606 | 30002 | 30010 => ("sms.gateway", true),
        _ => return http(status),
    };
    (Cause::of(cause), for_now)
}

/// The cause that an HTTP status stands for, where nothing tells more, and whether it is for now.
pub(super) fn http(status: u16) -> (Cause, bool) {
    let (cause, for_now) = match status {
        429 => ("policy.rate", true),
        401..=405 => ("sms.gateway", true),
        408 | 500.. => ("temp", true),
        _ => ("sms.failed", false),
    };
    (Cause::of(cause), for_now)
}

/// What was said, in a line.
pub(super) fn words(outcome: &Outcome) -> String {
    let said = outcome.reply().map(|reply| reply.text.clone()).unwrap_or_default();
    said.lines().next().unwrap_or_default().to_owned()
}

/// Words of a gateway, cut, and without the telephone numbers in them.
pub(super) fn without_numbers(words: &str) -> String {
    let cut = &words[..words.floor_char_boundary(WORDS_OCTETS_MAX)];
    let mut plain = String::with_capacity(cut.len());
    let mut digits = 0;
    for letter in cut.chars() {
        digits = if letter.is_ascii_digit() { digits + 1 } else { 0 };
        // Error codes have five digits at most.
        plain.push(if digits > 5 {
            '•'
        } else if letter.is_control() {
            ' '
        } else {
            letter
        });
    }
    plain
}
