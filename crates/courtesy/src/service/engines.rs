//! What works for as long as the process does, by name: noticed where one ends that nobody stopped.
//!
//! In: engines and doors. Out: the name of the first that is gone, while all should work; or the end of all, after a stop. A process that
//! lacks one of them looks alive and does half of its work: it is better started again.

#[cfg(test)]
mod tests;

use futures_util::future::select_all;
use tokio::task::JoinHandle;

/// Engines at work.
#[derive(Default)]
pub(super) struct Engines(Vec<(&'static str, JoinHandle<()>)>);

impl Engines {
    /// Sets one going.
    pub(super) fn start(&mut self, name: &'static str, engine: impl Future<Output = ()> + Send + 'static) {
        self.0.push((name, tokio::spawn(engine)));
    }

    /// Waits for the first to end, and gives its name. Not to be asked after a stop, which is when they should.
    pub(super) async fn ended(&mut self) -> &'static str {
        if self.0.is_empty() {
            return std::future::pending().await;
        }
        let (ended, place) = {
            let (ended, place, _) = select_all(self.0.iter_mut().map(|(_, task)| task)).await;
            (ended, place)
        };
        let (name, _) = self.0.swap_remove(place);
        match ended {
            Err(error) => tracing::error!(engine = name, %error, "an engine broke"),
            Ok(()) => tracing::error!(engine = name, "an engine ended that nobody stopped"),
        }
        name
    }

    /// Waits until all have ended.
    pub(super) async fn done(self) {
        for (name, task) in self.0 {
            if let Err(error) = task.await {
                tracing::error!(engine = name, %error, "an engine broke");
            }
        }
    }

    /// Waits so long for each to end, and has it end then.
    pub(super) async fn done_within(self, each: std::time::Duration) {
        for (_, mut task) in self.0 {
            if tokio::time::timeout(each, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}
