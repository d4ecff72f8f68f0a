//! Which process sends a library's messages.
//!
//! In: a library, the relays of its region, and for each process that lives the relays it can send through at the moment (its seats). Out: whether
//! the messages are ours, another's, or nobody's. A process whose relays are drained, gone or reach nobody leaves what it would send to another
//! one of the region; nothing crosses into another region unless the library allows it. Pure. Not here: who lives (`store`), and which of its
//! relays a process takes for a message (`choice`).

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::config::Relay;
use crate::library::Library;

/// A relay that a process can send through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Its host name.
    pub host: String,
    /// The only region whose libraries the process sends for; empty: any.
    pub region: String,
    /// Whether it reaches receivers, as far as the process knows.
    pub is_well: bool,
}

/// Whose the messages of a library are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This process may send them.
    Ours,
    /// Another one can do better: they are left to it.
    Others,
    /// No process that lives may send them.
    Nobodys,
}

/// Whose the messages of `library` are, whose region is served by the relays `home`.
#[must_use]
pub fn whose(library: &Library, home: &[Relay], ours: &[Seat], others: &[Seat]) -> Whose {
    let best = |seats: &[Seat]| seats.iter().filter_map(|seat| rank(library, home, seat)).min();
    match (best(ours), best(others)) {
        (None, None) => Whose::Nobodys,
        (None, Some(_)) => Whose::Others,
        (Some(ours), Some(others)) if others < ours => Whose::Others,
        (Some(_), _) => Whose::Ours,
    }
}

/// How far down in the order a seat stands; none where it may not send them at all.
fn rank(library: &Library, home: &[Relay], seat: &Seat) -> Option<u8> {
    let serves = seat.region.is_empty() || seat.region == library.region;
    let is_home = serves && home.iter().any(|relay| relay.host.as_str() == seat.host);
    match (is_home, seat.is_well) {
        (true, true) => Some(0),
        (false, true) if library.other_regions => Some(1),
        // Where all of the region reach nobody, it is not the relays: they go on trying.
        (true, false) => Some(2),
        (false, false) if library.other_regions => Some(3),
        (false, _) => None,
    }
}
