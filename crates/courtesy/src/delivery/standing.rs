//! Whether this process may still send: where many share one database, only who can reach it may.
//!
//! In: answers of the database to "I live". Out: [`Standing::holds`], asked before anything is claimed and once more
//! right before the end of a mail is on the wire, after which the receiver has it. The right ends by our own clock before
//! others take over what we have under way, so that a machine that was cut off does not send what another one sends too.

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

/// How often we say that we live, and look who does not.
const EVERY: Duration = Duration::from_secs(5);

/// The right to send. The default one is for ever: a process that is alone on its database.
#[derive(Clone, Debug, Default)]
pub struct Standing(Option<Arc<Mutex<Until>>>);

/// By two clocks: one never goes back, the other goes on while a machine sleeps.
#[derive(Clone, Copy, Debug)]
struct Until {
    running: Instant,
    wall: Timestamp,
}

impl Standing {
    /// One that begins when the database has answered, at [`Standing::heard`].
    #[must_use]
    pub fn among_others() -> Self {
        Self(Some(Arc::new(Mutex::new(Until { running: Instant::now(), wall: Timestamp::UNIX_EPOCH }))))
    }

    /// Whether we may send at this moment.
    #[must_use]
    pub fn holds(&self) -> bool {
        let Some(until) = &self.0 else { return true };
        let until = *until.lock().unwrap_or_else(PoisonError::into_inner);
        Instant::now() < until.running && clock::now() < until.wall
    }

    /// The database has answered what it was told at `running` and `wall`, by our clocks.
    pub fn heard(&self, running: Instant, wall: Timestamp) {
        let Some(until) = &self.0 else { return };
        let right = LEASE.saturating_sub(MARGIN);
        let wall = wall.checked_add(SignedDuration::try_from(right).unwrap_or_default()).unwrap_or(Timestamp::MAX);
        *until.lock().unwrap_or_else(PoisonError::into_inner) = Until { running: running + right, wall };
    }
}

/// Says once that we live.
///
/// # Errors
/// When the store is broken.
pub async fn renew(standing: &Standing, store: &Store, name: &str) -> crate::store::Result<()> {
    let (running, wall) = (Instant::now(), clock::now());
    store.stay_alive(name.to_owned(), LEASE, wall).await?;
    standing.heard(running, wall);
    Ok(())
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
