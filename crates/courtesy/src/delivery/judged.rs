//! What the answer to a mail means: for its message, for the library's sender, for the patron's address.
//!
//! In: an attempt and its outcome. Out: the message's next state, with the line of its history; what was learned is counted and kept. What follows an
//! outcome is decided by `queue`.

use std::time::Duration;

use jiff::Timestamp;
use standards::address::Address;
use standards::domain::Domain;

use super::attempt::{self, chance, codes, ended};
use super::pool::Attempted;
use super::{Delivery, stopped};
use crate::clock;
use crate::library::Library;
use crate::metrics;
use crate::notice::Language;
use crate::notice::catalogue::Urgency;
use crate::outcome::{Cause, Outcome, Provider};
use crate::queue::{Settlement, State, settle};
use crate::sender::{Plan, Rung};
use crate::store::{Claimed, Settled};
use crate::timeline::{Attempt, Entry, What};

/// An attempt, as its history tells it.
pub(super) struct Tried<'a> {
    pub(super) message: &'a Claimed,
    pub(super) plan: &'a Plan,
    pub(super) relay: &'a Domain,
    pub(super) provider: Provider,
    pub(super) to: &'a Address,
    pub(super) took_ms: u64,
    /// The stopped address it tries again, since when it was stopped.
    pub(super) tries: Option<Timestamp>,
}

/// Counts an attempt: libraries' own relays under one name, and receivers that are no provider of ours as `other`.
pub(super) fn counted(engine: &Delivery, told: &Tried<'_>, by_own_relay: bool, outcome: &Outcome) {
    let metrics = &engine.parts.metrics;
    metrics.tried(metrics::Tried {
        outcome: outcome.code(),
        cause: outcome.cause().map_or("", |cause| cause.code()),
        provider: told.provider.name_or("other"),
        relay: if by_own_relay { "own" } else { told.relay.as_str() },
        took: Duration::from_millis(told.took_ms),
    });
    if matches!(outcome, Outcome::Accepted { .. }) {
        let urgency = Urgency::of(&told.message.notice);
        metrics.accepted_after(urgency.code(), clock::now().duration_since(told.message.created_at).as_secs_f64());
    }
}

/// What becomes of a message whose attempt came to `outcome`.
pub(super) async fn settled(
    engine: &Delivery,
    library: &Library,
    told: &Tried<'_>,
    attempted: Option<&Attempted>,
    outcome: &Outcome,
) -> Settled {
    let (message, parts) = (told.message, &engine.parts);
    let at = clock::now();
    let mut refused = attempt::refused(message);
    let by_relay = told.plan.rung == Rung::OwnRelay;
    let blames_sender = |cause: &Cause| cause.is_within("auth") || by_relay && cause.is_within("relay");
    let authentication = outcome.cause().is_some_and(|cause| blames_sender(&cause));
    if by_relay {
        // That the relay took it says nothing about the patron's provider.
        if let Some(cause) = outcome.cause().filter(blames_sender) {
            let reply = match outcome.reply() {
                Some(reply) => reply.to_string(),
                None => parts.own_relays.tokens.trouble(&library.code).await.map(|none| none.0).unwrap_or_default(),
            };
            parts.senders.relay_refused(library, cause, &reply, at).await;
        }
    } else {
        parts.senders.observed(library, told.plan, told.provider, outcome, at).await;
    }
    if authentication && !refused.contains(&told.plan.sender) {
        refused.push(told.plan.sender);
    }
    let another = authentication && {
        // The proof was wrong, or it has changed: look again before choosing the next sender.
        parts.senders.look_again(library).await;
        parts.senders.plan_for(library, Language::En, Some(told.provider), &refused, clock::now()).is_another(&refused)
    };
    let chance = chance();
    let settlement = settle(outcome, message.attempt, at, message.deadline, &engine.schedule, another, chance);
    let mut entries = Vec::from_iter(told.tries.map(|since| Entry { at, what: What::AddressTried { since } }));
    entries.push(Entry { at, what: What::Attempted(Box::new(attempt_entry(told, attempted, outcome))) });
    entries.extend(stopped::learn(engine, message, told.to, outcome, told.tries.is_some(), by_relay, at).await);
    let (state, cause, due_at) = match settlement {
        Settlement::Final { state, cause } => (state, cause, None),
        Settlement::Later { due_at, cause } => (State::Delayed, Some(cause), Some(due_at)),
        Settlement::AnotherSender { cause } => {
            entries.push(Entry { at, what: What::SenderChanged { cause: cause.code().to_owned() } });
            (State::Queued, Some(cause), Some(at))
        }
    };
    // Only refusals that led to another sender are remembered: a later attempt may use the best one again.
    if !another {
        refused = attempt::refused(message);
    }
    Settled {
        cause: cause.map(|cause| cause.code().to_owned()),
        due_at,
        refused: codes(&refused),
        sender: Some(told.plan.sender.code().to_owned()),
        provider: Some(told.provider.name_or(told.to.domain().as_str()).to_owned()),
        ..ended(message, state, None, entries, at)
    }
}

fn attempt_entry(told: &Tried<'_>, attempted: Option<&Attempted>, outcome: &Outcome) -> Attempt {
    let via = attempted.and_then(|attempted| attempted.via.as_ref());
    Attempt {
        number: told.message.attempt,
        sender: told.plan.sender.code().to_owned(),
        from: told.plan.from.to_string(),
        return_path: told.plan.return_path_domain.to_string(),
        why: told.plan.reason.code.to_owned(),
        relay: told.relay.to_string(),
        source: via.map(|via| via.local.ip().to_string()),
        provider: told.provider.name_or(told.to.domain().as_str()).to_owned(),
        host: via.map(|via| via.host.to_string()),
        outcome: outcome.code().to_owned(),
        cause: outcome.cause().map(|cause| cause.code().to_owned()),
        reply: outcome.reply().map(ToString::to_string),
        tls: via.and_then(|via| via.tls.as_ref()).map(|tls| format!("{} {}", tls.version, tls.cipher)),
        parts: None,
        took_ms: told.took_ms,
        transcript: attempted.map(|attempted| attempted.transcript.as_str().to_owned()).unwrap_or_default(),
    }
}
