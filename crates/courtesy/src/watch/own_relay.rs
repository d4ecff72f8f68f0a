//! What is known of libraries' own relays: whether they let us send, and since when.
//!
//! In: what test messages and refused notices told. Out: a proof of each relay, on which plans are made; an incident where one takes no notices any
//! more. Not here: the test messages (`delivery::canary`).

use std::sync::PoisonError;

use jiff::Timestamp;

use super::{Change, Senders};
use crate::clock;
use crate::id::CanaryId;
use crate::library::{Library, LibraryCode};
use crate::outcome::Cause;
use crate::sender::{RelayFound, RelayProof};

/// The incident of a relay that does not let us send.
pub(super) const RELAY_CAUSE: &str = "relay.auth";

impl Senders {
    /// Brings in what another process found out about libraries' own relays, and forgets the plans.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn refresh(&self) -> crate::store::Result<()> {
        let relays = self.store.relay_proofs().await?.into_iter().collect();
        *self.relays.write().unwrap_or_else(PoisonError::into_inner) = relays;
        self.forget_plans();
        Ok(())
    }

    /// What is known of the library's own relay.
    #[must_use]
    pub fn relay_proof(&self, library: &LibraryCode) -> Option<RelayProof> {
        self.relays.read().unwrap_or_else(PoisonError::into_inner).get(library).cloned()
    }

    /// Whose test message this is, while it is waited for.
    #[must_use]
    pub fn library_of(&self, canary: CanaryId) -> Option<(LibraryCode, RelayProof)> {
        let relays = self.relays.read().unwrap_or_else(PoisonError::into_inner);
        let found = relays.iter().find(|(_, proof)| proof.canary == Some(canary));
        found.map(|(library, proof)| (library.clone(), proof.clone()))
    }

    /// Returns when a library or its relay's secret has changed since it was asked last.
    pub async fn relays_changed(&self) {
        self.relays_changed.notified().await;
    }

    /// The relay has a new secret: what was known of it is forgotten, and a test message goes out.
    pub fn forget_relay(&self, library: &LibraryCode) {
        self.relays.write().unwrap_or_else(PoisonError::into_inner).remove(library);
        self.nudge();
    }

    /// Keeps what a test message found, unless another is waited for by now: the relay or its secret has changed since.
    pub async fn learn_of(&self, canary: CanaryId, library: &Library, proof: RelayProof) {
        if self.relay_proof(&library.code).is_some_and(|known| known.canary == Some(canary)) {
            self.learn_relay(library, proof).await;
        }
    }

    /// Keeps what was found of the library's own relay, and tells where it changes the sender.
    pub async fn learn_relay(&self, library: &Library, proof: RelayProof) {
        let now = clock::now();
        let before = self.plan(library, &[], now).sender;
        let came_through = matches!(proof.found, RelayFound::CameThrough { .. });
        // Known first and written down after: what is forgotten meanwhile is found out again.
        self.relays.write().unwrap_or_else(PoisonError::into_inner).insert(library.code.clone(), proof.clone());
        self.forget_plans();
        if let Err(error) = self.store.put_relay_proof(library.code.clone(), &proof, now).await {
            tracing::error!(%error, "what is known of a relay could not be kept");
        }
        let plan = self.plan(library, &[], now);
        if plan.sender != before {
            let why = plan.reason.clone();
            tracing::info!(library = %library.code, sender = plan.sender.code(), "the sender changed");
            let domain = plan.from.domain().clone();
            let _ = self.changes.send(Change { library: library.code.clone(), domain, now: plan.sender, why });
        }
        if came_through {
            let closed = self.store.close_incident(library.code.to_string(), RELAY_CAUSE.to_owned(), now).await;
            if let Err(error) = closed {
                tracing::error!(%error, "an incident could not be closed");
            }
        }
    }

    /// The library's own relay would not take a notice, for a reason that concerns the relay or who we say we are: an
    /// incident, no more notices that way, and a test message later.
    pub async fn relay_refused(&self, library: &Library, cause: Cause, reply: &str, now: Timestamp) {
        let (Some(relay), Some(from)) = (&library.relay, &library.from) else { return };
        let proof = RelayProof {
            relay: relay.name(),
            from: from.clone(),
            canary: None,
            proven_at: None,
            found: match cause.code() {
                "relay.token" => RelayFound::NoToken { why: reply.to_owned() },
                _ => RelayFound::Refused { reply: reply.to_owned() },
            },
            at: now,
        };
        self.learn_relay(library, proof).await;
        let detail = format!("{} refused {} ({})", relay.host, from.domain(), cause.code());
        if let Err(error) = self.store.incident(library.code.to_string(), RELAY_CAUSE.to_owned(), detail, now).await {
            tracing::error!(%error, "an incident could not be kept");
        }
    }
}
