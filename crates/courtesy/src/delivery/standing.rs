//! Whether this process may still send: where many share one database, only who can reach it may.
//!
//! In: answers of the database to "I live". Out: the [`Right`] that what is claimed is claimed under, asked once more right
//! before the end of a mail is on the wire, after which the receiver has it. The right ends by our own clock before
//! others take over what we have under way, so that a machine that was cut off does not send what another one sends too. It
//! does not come back: a machine that is heard again may send what it claims from then on, and nothing it had in hand before.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::clock;
use crate::store::Store;

/// After so long a silence, others take over. Long enough for a failover of the database, which silences everybody.
const LEASE: Duration = Duration::from_secs(45);

/// We stop so much earlier: a mail on its way needs a moment.
const MARGIN: Duration = Duration::from_secs(10);

/// Clocks of machines that are set by the network differ by milliseconds.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(1);

/// How often we say that we live, and look who does not.
const EVERY: Duration = Duration::from_secs(5);

/// The right to send. The default one is for ever: a process that is alone on its database.
#[derive(Clone, Debug, Default)]
pub struct Standing(Option<Arc<Mutex<Term>>>);

/// How long we may send, and how often that has ended before.
#[derive(Clone, Copy, Debug)]
struct Term {
    until: Until,
    /// Raised when the database hears us after a silence: others may have taken over meanwhile.
    generation: u64,
}

/// By two clocks: one never goes back, the other goes on while a machine sleeps.
#[derive(Clone, Copy, Debug)]
struct Until {
    running: Instant,
    wall: Timestamp,
}

impl Until {
    /// So long after `running` and `wall`, which are one moment.
    fn after(length: Duration, running: Instant, wall: Timestamp) -> Self {
        let span = SignedDuration::try_from(length).unwrap_or_default();
        Self { running: running + length, wall: wall.checked_add(span).unwrap_or(Timestamp::MAX) }
    }

    fn is_to_come(&self) -> bool {
        Instant::now() < self.running && clock::now() < self.wall
    }
}

/// The right to send what was claimed under it: it ends for good with the standing it was given under, or with the lease of
/// the claim. The default one is for ever.
#[derive(Clone, Debug, Default)]
pub struct Right {
    standing: Standing,
    generation: u64,
    lease: Option<Until>,
}

impl Right {
    /// Whether what was claimed may be sent at this moment.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.lease.is_none_or(|lease| lease.is_to_come())
            && self.standing.term().is_none_or(|term| term.generation == self.generation && term.until.is_to_come())
    }

    /// When the lease of the claim ends: nothing of it may go on for longer. None where it has none.
    #[must_use]
    pub fn ends(&self) -> Option<Instant> {
        self.lease.map(|lease| lease.running)
    }
}

impl Standing {
    /// One that begins when the database has answered, at [`Standing::heard`].
    #[must_use]
    pub fn among_others() -> Self {
        let until = Until { running: Instant::now(), wall: Timestamp::UNIX_EPOCH };
        Self(Some(Arc::new(Mutex::new(Term { until, generation: 0 }))))
    }

    /// Whether we may send at this moment what is claimed now.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.term().is_none_or(|term| term.until.is_to_come())
    }

    /// The right to send what is claimed from now on, for as long as its `lease`; without one, as long as we stand. To be asked for
    /// before the claim: what others take over while that runs is not ours.
    #[must_use]
    pub fn right(&self, lease: Option<Duration>) -> Right {
        let generation = self.term().map_or(0, |term| term.generation);
        let lease = lease.map(|lease| Until::after(lease.saturating_sub(MARGIN), Instant::now(), clock::now()));
        Right { standing: self.clone(), generation, lease }
    }

    /// The database has answered what it was told at `running` and `wall`, by our clocks.
    pub fn heard(&self, running: Instant, wall: Timestamp) {
        let Some(term) = &self.0 else { return };
        let mut term = term.lock().unwrap_or_else(PoisonError::into_inner);
        if !term.until.is_to_come() {
            term.generation += 1;
        }
        term.until = Until::after(LEASE.saturating_sub(MARGIN), running, wall);
    }

    /// None where we are alone.
    fn term(&self) -> Option<Term> {
        self.0.as_ref().map(|term| *term.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Says once that we live.
///
/// # Errors
/// When the store is broken.
pub async fn renew(standing: &Standing, store: &Store, name: &str) -> crate::store::Result<()> {
    let (running, wall) = (Instant::now(), clock::now());
    let there = store.stay_alive(name.to_owned(), LEASE, wall).await?;
    compare(store, ahead((wall, clock::now()), there));
    standing.heard(running, wall);
    Ok(())
}

/// How far the database's clock is ahead of ours, which said `there` between two moments of ours: no further than is certain.
fn ahead((before, after): (Timestamp, Timestamp), there: Timestamp) -> SignedDuration {
    there.duration_since(after).max(SignedDuration::ZERO) + there.duration_since(before).min(SignedDuration::ZERO)
}

/// Has leases counted by the database's clock, and says when ours begins to be wrong and when that is over.
fn compare(store: &Store, ahead: SignedDuration) {
    let was_off = is_off(store.clock_ahead());
    store.note_clock(ahead);
    match (was_off, is_off(ahead)) {
        (false, true) => tracing::error!(
            ahead_s = ahead.as_secs(),
            "the clocks of this machine and of the database differ: leases are counted by the database's; set both by NTP"
        ),
        (true, false) => tracing::info!("the clocks of this machine and of the database agree again"),
        _ => {}
    }
}

/// Whether clocks that are so far apart are worth a word.
#[must_use]
pub fn is_off(ahead: SignedDuration) -> bool {
    ahead.abs() > CLOCKS_APART
}

/// Says that we live, and takes over from those who do not, until it is dropped.
pub async fn keep(standing: Standing, store: Store, name: String) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = renew(&standing, &store, &name).await {
            tracing::error!(%error, may_send = standing.holds(), "the database does not hear that we live");
            continue;
        }
        match store.take_over_from_silent(clock::now()).await {
            Ok(0) => {}
            Ok(messages) => tracing::warn!(messages, "taken over from a process that fell silent"),
            Err(error) => tracing::error!(%error, "what silent processes had under way could not be looked for"),
        }
    }
}
