//! What a push service's answer means: taken, later, never, or that the device is gone.

use std::time::Duration;

use standards::reply::Reply;

use crate::clock::Timestamp;
use crate::net::https::Answer;
use crate::outcome::{Cause, Outcome};

/// The longest that a service is left alone because it asks for it: a notice is worth less every hour.
const WAIT_MAX: Duration = Duration::from_secs(6 * 3600);

/// Longest words of a service that are kept.
const WORDS_OCTETS_MAX: usize = 200;

/// What it means.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What it comes to.
    pub outcome: Outcome,
    /// The device is gone.
    pub is_gone: bool,
    /// How long the service asks to be left alone.
    pub wait: Option<Duration>,
    /// What was said, in a line.
    pub said: String,
}

/// Reads an answer (RFC 8030 §5, §6.2, §7.2, §8.4; RFC 8292 §4.2).
#[must_use]
pub fn of(answer: &Answer, now: Timestamp) -> Verdict {
    let reply = reply(answer);
    let said = reply.to_string();
    let wait = retry_after(answer, now).map(|wait| wait.min(WAIT_MAX));
    let (cause, for_now, is_gone) = match answer.status {
        200..=299 => {
            return Verdict { outcome: Outcome::Accepted { reply }, is_gone: false, wait: None, said };
        }
        404 | 410 => ("push.expired", false, true),
        429 => ("policy.rate", true, false),
        408 | 500.. => ("temp", true, false),
        // Our token, our key, our request, or too long: the device is as good as before, and the next way is tried.
        _ => ("push.service", false, false),
    };
    let (cause, reply) = (Cause::of(cause), Some(reply));
    let outcome = if for_now { Outcome::Deferred { cause, reply } } else { Outcome::Refused { cause, reply } };
    Verdict { outcome, is_gone, wait, said }
}

/// Its status and the beginning of what it says, without what could be a secret or a person's.
fn reply(answer: &Answer) -> Reply {
    let said = String::from_utf8_lossy(&answer.body);
    let line = said.lines().next().unwrap_or_default();
    let line = &line[..line.floor_char_boundary(WORDS_OCTETS_MAX)];
    let plain: String = line.chars().filter(|letter| !letter.is_control()).collect();
    let words = if plain.contains("://") { String::new() } else { plain };
    Reply::from_lines(answer.status, [words.as_str()])
}

/// RFC 9110 §10.2.3: seconds, or a date.
fn retry_after(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let text = answer.headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(at.duration_since(now)).ok()
}
