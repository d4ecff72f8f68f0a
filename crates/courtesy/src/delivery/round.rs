//! Which libraries a round of claims serves, and how many messages of each.
//!
//! In: libraries with something due, places free. Out: a [`Round`] that claims no more than there are places, for a lease must not run
//! while a message waits for one. Not here: the claim (`store`), and which message of a library goes first (`queue::lane`).

#[cfg(test)]
mod tests;

/// One round.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Round {
    /// Who is served; nobody where all that is due is left to other processes.
    pub(super) libraries: Vec<String>,
    /// Messages of each at most.
    pub(super) each: u32,
    /// Who was looked at last: the next round begins after it.
    pub(super) last: String,
}

impl Round {
    /// Over those of `due` that are not another process's, as they stand, with `room` for as many messages. None where nothing is due.
    pub(super) fn of(due: Vec<String>, room: usize, is_others: impl Fn(&str) -> bool) -> Option<Self> {
        let mut last = due.last()?.clone();
        let mut libraries = due;
        libraries.retain(|library| !is_others(library));
        if libraries.len() > room {
            libraries.truncate(room);
            last = libraries.last().cloned().unwrap_or(last);
        }
        let each = u32::try_from(room / libraries.len().max(1)).unwrap_or(1);
        Some(Self { libraries, each, last })
    }
}
