//! How long a receiver wants to be left alone, by its provider's own rules. Pure.
//!
//! In: what an attempt came to, and how often in a row it was so. Out: a pause for that relay at that receiver; the queue
//! keeps what waits. No patron's address is ever touched by it. Not here: the pause itself, and beginning again with one
//! connection (`delivery::pace`).

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{Outcome, Provider, Said, Stage};

/// Google, "Error 4.7.28": stop for at least ten minutes, then begin with one connection and add connections one at a
/// time.
const GMAIL_PAUSE: Duration = Duration::from_secs(10 * 60);

/// Yahoo's TSS and IPTS replies: two to four hours; what comes sooner only lengthens it.
const YAHOO_PAUSE: Duration = Duration::from_secs(2 * 60 * 60);

/// Microsoft's RP replies and 4.7.6xx: the limits are by the hour.
const MICROSOFT_PAUSE: Duration = Duration::from_secs(15 * 60);

/// A receiver that distrusts our server and does not say for how long: what is tried meanwhile is refused too.
const DISTRUST_PAUSE: Duration = Duration::from_secs(30 * 60);

/// Limits by the minute are the commonest: Postfix counts an [`anvil`](https://www.postfix.org/anvil.8.html) minute. It is not longer
/// the next time, for after each minute some get through.
const MINUTE_PAUSE: Duration = Duration::from_secs(60);

/// The longest: half of the shortest deadline of a notice that somebody waits for is a day, and this leaves many tries.
const PAUSE_MAX: Duration = Duration::from_secs(4 * 60 * 60);

/// How long the receiver is to be left alone after `outcome`, which came of what was `said`; `times` in a row it was so, this one
/// too. None where it asks for nothing of the kind.
#[must_use]
pub fn pause(said: &Said, outcome: &Outcome, provider: Provider, times: u32) -> Option<Duration> {
    let cause = outcome.cause()?;
    let reply = outcome.reply()?;
    let text = reply.text.to_ascii_lowercase();
    let status = reply.status.map(|status| status.to_string()).unwrap_or_default();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let for_good = reply.is_permanent();
    let first = match provider {
        // The limit for one Message-ID is of the same number, and about that one mail.
        Provider::Gmail if status.ends_with(".7.28") && !says(&["message-id"]) => GMAIL_PAUSE,
        Provider::Yahoo if says(&["tss0", "[ts0", "ipts0"]) => YAHOO_PAUSE,
        Provider::Outlook | Provider::Microsoft365 if says(&["rp-00", "4.7.65", "s775"]) => MICROSOFT_PAUSE,
        _ if cause.is_within("policy.reputation") => DISTRUST_PAUSE,
        _ if cause.is_within("policy.rate") && is_of_our_mail(said) => return Some(MINUTE_PAUSE),
        _ => return None,
    };
    // A refusal for good is the last word on that message; the pause keeps the next ones from hearing the same.
    let doublings = if for_good { 0 } else { times.saturating_sub(1).min(8) };
    Some(first.saturating_mul(1 << doublings).min(PAUSE_MAX))
}

/// Whether what was said before any recipient was named is about all that we send there: not about one connection, nor for good.
fn is_of_our_mail(said: &Said) -> bool {
    matches!(said, Said::Replied { stage: Stage::MailFrom, reply, .. }
        if !reply.is_permanent() && !reply.text.to_ascii_lowercase().contains("connection"))
}
