//! Looks at every domain when its time has come, and makes the keys that it can delegate to.
//!
//! In: the libraries. Out: nothing but the looks; several at a time, again and again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use standards::domain::Domain;

use super::Senders;
use crate::clock;
use crate::library::Library;
use crate::sender;

/// Libraries looked at side by side.
const SIDE_BY_SIDE: usize = 8;

/// The soonest that a domain is looked at again in the background, whatever its TTL.
const AGAIN_AT_SOONEST: Duration = Duration::from_secs(60);

impl Senders {
    /// Looks at everything whose time has come, again and again, until `stop`.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = self.round() => {}
            }
            let pause = self.config.proof.look_every.min(AGAIN_AT_SOONEST);
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = self.nudged.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.observed.write_down(&self.store).await;
    }

    /// One round over all libraries.
    async fn round(self: &Arc<Self>) {
        self.observed.write_down(&self.store).await;
        let mut waiting = self.due(clock::now());
        let mut going = tokio::task::JoinSet::new();
        loop {
            while going.len() < SIDE_BY_SIDE {
                let Some((domain, library)) = waiting.pop() else { break };
                let senders = Arc::clone(self);
                going.spawn(async move {
                    senders.keys_for(&domain, &library).await;
                    senders.look(&domain, &library, &senders.dns).await;
                });
            }
            if going.join_next().await.is_none() {
                return;
            }
        }
    }

    /// Domains whose facts have run out, or were asked for `look_every` ago.
    fn due(&self, now: Timestamp) -> Vec<(Domain, Arc<Library>)> {
        let every = jiff::SignedDuration::try_from(self.config.proof.look_every).unwrap_or(jiff::SignedDuration::MAX);
        let mut due: Vec<(Domain, Arc<Library>)> = Vec::new();
        for library in self.book.libraries() {
            let own = library.from.as_ref().map(|from| from.domain().clone());
            for domain in own.into_iter().chain([self.config.shared.domain.clone()]) {
                let known = self.proof(&domain, &library.region);
                let is_due = known.is_none_or(|proof| {
                    proof.facts.expires_at() <= now || now.duration_since(proof.facts.checked_at()) >= every
                });
                let listed = due.iter().any(|(d, l)| *d == domain && l.region == library.region);
                if is_due && !listed {
                    due.push((domain, Arc::clone(&library)));
                }
            }
        }
        due
    }

    /// Makes the keys that a library's domain can delegate to, so that its IT kit has them.
    pub(super) async fn keys_for(&self, domain: &Domain, library: &Library) {
        let shared = *domain == self.config.shared.domain;
        if !shared && sender::is_public_mailbox(domain) {
            return;
        }
        let selectors = if shared { &self.config.shared.selectors } else { &self.config.shared.library_selectors };
        for (index, selector) in selectors.iter().enumerate() {
            let of = (!shared).then(|| library.code.as_str());
            if let Err(error) = self.keyring.make(domain, selector, of, index == 0).await {
                tracing::error!(%domain, selector, %error, "a DKIM key could not be made");
            }
        }
    }
}
