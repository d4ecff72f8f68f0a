//! What looks again and again until it is stopped: at once where a look was full, later where the store is broken.

use std::time::Duration;

use crate::clock::{self, Timestamp};

/// How a room looks.
pub(super) struct Rounds {
    /// How often.
    pub every: Duration,
    /// What is looked at in one look at most; a full one is followed by the next at once.
    pub at_once: u32,
    /// How long to wait after the store was broken.
    pub after_trouble: Duration,
    /// What is said then.
    pub trouble: &'static str,
}

impl Rounds {
    /// Looks until `stop`; a look gives how much it looked at.
    pub(super) async fn run<F>(self, stop: impl Future<Output = ()>, look: impl Fn(Timestamp) -> F)
    where
        F: Future<Output = crate::store::Result<usize>>,
    {
        tokio::pin!(stop);
        loop {
            let pause = match look(clock::now()).await {
                Ok(looked_at) if looked_at >= self.at_once as usize => Duration::ZERO,
                Ok(_) => self.every,
                Err(error) => {
                    tracing::error!(%error, "{}", self.trouble);
                    self.after_trouble
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
