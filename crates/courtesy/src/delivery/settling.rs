//! Outcomes are settled in groups: many messages, one transaction, until the store takes them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::metrics::Metrics;
use crate::queue::State;
use crate::store::{Settled, Store};

/// Outcomes waiting to be written; a full line holds back new attempts.
const LINE: usize = 4096;

/// Outcomes written in one transaction at most.
const GROUP: usize = 500;

/// Outcomes at once from which on more are waited for: there are many then, and a transaction costs what thirty of them do.
const MANY: usize = 8;

/// How long more are waited for. What ends meanwhile by a crash is sent again, so it is short.
const GATHER: Duration = Duration::from_millis(10);

/// How long to wait before a broken store is tried again.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Takes outcomes.
#[derive(Clone)]
pub(super) struct Settler(mpsc::Sender<Settled>);

impl Settler {
    /// Hands an outcome over; it is written soon.
    pub(super) async fn put(&self, settled: Settled) {
        // The task ends only when every handle is gone.
        let _ = self.0.send(settled).await;
    }
}

/// Starts the task that writes outcomes; it ends when every [`Settler`] is gone and all is written. `wake` hears of
/// messages that are to be tried again at once.
pub(super) fn start(store: Store, wake: Arc<Notify>, metrics: Arc<Metrics>) -> (Settler, JoinHandle<()>) {
    let (sender, mut waiting) = mpsc::channel(LINE);
    let task = tokio::spawn(async move {
        let mut group = Vec::with_capacity(GROUP);
        while waiting.recv_many(&mut group, GROUP).await > 0 {
            if group.len() >= MANY && group.len() < GROUP {
                tokio::time::sleep(GATHER).await;
                while let Some(more) = (group.len() < GROUP).then(|| waiting.try_recv().ok()).flatten() {
                    group.push(more);
                }
            }
            let group = std::mem::take(&mut group);
            // A message whose outcome is not written is tried again when its lease ends: a double, never a loss.
            // So we keep trying while the store is broken.
            let written = loop {
                match store.settle(group.clone()).await {
                    Ok(written) => break written,
                    Err(crate::store::StoreError::Closed) => return,
                    Err(error) => {
                        tracing::error!(%error, outcomes = group.len(), "outcomes could not be written; trying again");
                        tokio::time::sleep(AFTER_TROUBLE).await;
                    }
                }
            };
            for (settled, is_written) in group.iter().zip(written) {
                count(&metrics, settled, is_written);
            }
            // Only now can a claim find them.
            if group.iter().any(|settled| settled.state == State::Queued) {
                wake.notify_one();
            }
        }
    });
    (Settler(sender), task)
}

/// Counts what is over. An outcome that was not written is in no timeline either, so the log has it.
fn count(metrics: &Metrics, settled: &Settled, is_written: bool) {
    let (state, cause) = (settled.state.code(), settled.cause.as_deref().unwrap_or_default());
    if is_written && settled.state.is_final() {
        metrics.ended(state, cause);
    } else if !is_written && settled.tried {
        let (message, attempt) = (settled.id, settled.attempt);
        tracing::warn!(%message, attempt, state, cause, "an outcome came too late: another attempt has the message, or it is over");
    }
}
