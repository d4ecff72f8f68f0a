//! Which way first, and which next: the ladder of one message.
//!
//! In: the order of channels that patron and library chose, and the patron's contact points. Out: the rungs that can be stepped
//! on, best first. One message stands on one rung; the next is made when the one before has failed, or has waited too long and was
//! taken back, so that no patron is told twice.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use standards::address::Address;

use super::{Channel, Number};

/// How long a notification may stay unseen where the library names no time, seconds: a push service that took it knows of no screen, and
/// a telephone that was off for a day may be in a drawer, while what waits at the desk is kept for days.
const UNSEEN_S: u32 = 24 * 3600;

/// A channel with the address to use on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Which way.
    pub channel: Channel,
    /// To where: an address, a number; empty where the channel needs none kept here.
    pub address: String,
}

/// What is left to try for one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// The next rungs, in their order.
    pub rungs: Vec<Rung>,
    /// The next is stepped on when a message has waited so long, seconds; none: only when it has failed, or, of a notification,
    /// when no device has shown it for a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_s: Option<u32>,
}

/// Where a patron can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// Where mail goes.
    pub mail: Option<Address>,
    /// Where text messages go: only with the patron's consent.
    pub text: Option<Number>,
    /// Whether a browser or telephone of theirs takes notifications.
    pub push: bool,
    /// Whether they have an address for letters.
    pub letter: bool,
}

impl Points {
    fn on(&self, channel: Channel) -> Option<String> {
        match channel {
            Channel::Mail => self.mail.as_ref().map(ToString::to_string),
            Channel::Text => self.text.as_ref().map(ToString::to_string),
            Channel::Push => self.push.then(String::new),
            Channel::Letter => self.letter.then(String::new),
        }
    }
}

/// The rungs for a patron with these contact points: `patron`'s own order where they chose one, else the library's. A letter stands
/// last where the library writes letters: nobody can refuse what is the library's last resort.
#[must_use]
pub fn rungs(library: &[Channel], patron: Option<&[Channel]>, points: &Points) -> Vec<Rung> {
    let chosen = patron.filter(|chosen| !chosen.is_empty()).unwrap_or(library);
    let last = library.contains(&Channel::Letter).then_some(Channel::Letter);
    let mut rungs: Vec<Rung> = Vec::new();
    for channel in chosen.iter().copied().chain(last) {
        let is_new = rungs.iter().all(|rung| rung.channel != channel);
        if let Some(address) = points.on(channel).filter(|_| is_new) {
            rungs.push(Rung { channel, address });
        }
    }
    rungs
}

impl Ladder {
    /// When the next rung is stepped on at the latest, by a message of `channel` that became due at `due_at`; none: when it has
    /// failed.
    #[must_use]
    pub fn climb_at(&self, channel: Channel, due_at: Timestamp) -> Option<Timestamp> {
        let unseen = (channel == Channel::Push).then_some(UNSEEN_S);
        let wait = self.wait_s.or(unseen).filter(|_| !self.rungs.is_empty())?;
        due_at.checked_add(SignedDuration::from_secs(i64::from(wait))).ok()
    }

    /// The next rung, and what is left after it.
    #[must_use]
    pub fn next(mut self) -> Option<(Rung, Self)> {
        if self.rungs.is_empty() {
            return None;
        }
        let rung = self.rungs.remove(0);
        Some((rung, self))
    }
}
