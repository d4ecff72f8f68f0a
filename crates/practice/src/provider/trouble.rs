//! What can be wrong with a provider for a while, switched on by a test or a demonstration.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use standards::address::Address;
use standards::reply::Reply;
use tokio::time::Instant;

use super::Envelope;

/// What is wrong; the default is nothing.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// Greylisting: a client, sender and recipient seen for the first time are deferred until so much time has
    /// passed (RFC 6647 §2.4).
    pub greylist: Option<Duration>,
    /// Every recipient is answered with 451.
    pub always_tempfail: bool,
    /// So many of the next messages are taken for unauthenticated, although they pass.
    pub refuse_for_authentication: u32,
    /// So long the client waits for the banner.
    pub slow: Option<Duration>,
    /// At most so many messages a minute from one client.
    pub messages_per_minute: Option<usize>,
}

/// A greylist or a throttle that knows more strangers than this forgets them all.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct State {
    trouble: Trouble,
    first_seen: HashMap<(IpAddr, String, String), Instant>,
    begun: HashMap<IpAddr, VecDeque<Instant>>,
}

impl State {
    pub(super) fn begin(&mut self, trouble: Trouble) {
        *self = Self { trouble, ..Self::default() };
    }

    pub(super) fn banner_wait(&self) -> Option<Duration> {
        self.trouble.slow
    }

    /// Whether this client has begun too many messages in the last minute; counts this one if not.
    pub(super) fn is_throttled(&mut self, client: IpAddr, now: Instant) -> bool {
        let Some(limit) = self.trouble.messages_per_minute else { return false };
        if self.begun.len() > REMEMBERED_MAX {
            self.begun.clear();
        }
        let begun = self.begun.entry(client).or_default();
        while begun.front().is_some_and(|&then| now.duration_since(then) >= Duration::from_secs(60)) {
            begun.pop_front();
        }
        if begun.len() >= limit {
            return true;
        }
        begun.push_back(now);
        false
    }

    /// A deferral for this recipient, if there is trouble of that kind.
    pub(super) fn at_rcpt(&mut self, envelope: &Envelope, recipient: &Address, now: Instant) -> Option<Reply> {
        if self.trouble.always_tempfail {
            return Some(Reply::from_lines(451, ["4.3.2 Please try again later"]));
        }
        let wait = self.trouble.greylist?;
        if self.first_seen.len() > REMEMBERED_MAX {
            self.first_seen.clear();
        }
        let sender = envelope.mail_from.as_ref().map(ToString::to_string).unwrap_or_default();
        let first = *self.first_seen.entry((envelope.client, sender, recipient.to_string())).or_insert(now);
        let left = wait.saturating_sub(now.duration_since(first));
        (!left.is_zero()).then(|| {
            let words = format!("4.7.1 <{recipient}>: Recipient address rejected: Greylisted, try again later");
            Reply::from_lines(451, [words.as_str()])
        })
    }

    /// Whether this message is to be misjudged.
    pub(super) fn takes_for_unauthenticated(&mut self) -> bool {
        let misjudges = self.trouble.refuse_for_authentication > 0;
        self.trouble.refuse_for_authentication -= u32::from(misjudges);
        misjudges
    }
}

#[cfg(test)]
mod tests;
