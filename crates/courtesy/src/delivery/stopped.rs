//! Addresses that a library no longer writes to: asked before an attempt, and learned from its outcome.
//!
//! In: a claimed message, and later what became of it. Out: whether it may leave, and lines for its timeline. The list is
//! read when messages are claimed, and again at the attempt where anything came on it since: what was stopped a moment ago
//! stops the next message.

use jiff::Timestamp;
use standards::address::Address;

use super::Delivery;
use super::transcript::masked;
use crate::outcome::Outcome;
use crate::outcome::stop::{self, ListedAddress, Strike};
use crate::store::{Claimed, DoNotSend, Listed, Unlisted};
use crate::timeline::{Entry, What};

/// What the list says of a message's address.
pub(super) enum Standing {
    /// Nothing.
    Free,
    /// It is stopped, and this message tries it again.
    Probe(DoNotSend),
    /// It is stopped.
    Stopped(DoNotSend),
}

/// Asks the list whether `message` may leave.
pub(super) async fn standing(
    engine: &Delivery,
    message: &Claimed,
    to: &Address,
    now: Timestamp,
) -> crate::store::Result<Standing> {
    if message.unlisted.is_some_and(Unlisted::holds) {
        return Ok(Standing::Free);
    }
    let (store, address) = (&engine.parts.store, ListedAddress::of(to));
    let Some(stop) = store.do_not_send(&message.library, &address).await? else { return Ok(Standing::Free) };
    // It tries already; or it is itself what stopped the address, and we ended before that was settled.
    if stop.probe == Some(message.id) {
        return Ok(Standing::Probe(stop));
    }
    if stop.message == Some(message.id) {
        return Ok(Standing::Free);
    }
    let is_time = stop.probe_at.is_some_and(|at| at <= now);
    if is_time && store.take_probe(message.library.clone(), address, message.id, now).await? {
        return Ok(Standing::Probe(stop));
    }
    Ok(Standing::Stopped(stop))
}

/// Notes what `outcome` says against the address, or for it where the message was to try it. `by_relay`: a library's own
/// relay said it, which need not know. Gives the lines that follow in the timeline.
pub(super) async fn learn(
    engine: &Delivery,
    message: &Claimed,
    to: &Address,
    outcome: &Outcome,
    tries: bool,
    by_relay: bool,
    at: Timestamp,
) -> Vec<Entry> {
    let (store, address) = (&engine.parts.store, ListedAddress::of(to));
    match outcome {
        Outcome::Accepted { .. } if tries => {
            let which = vec![Listed { address: Some(address), ..Listed::default() }];
            let why = "a message was accepted there again".to_owned();
            let by = "courtesy".to_owned();
            match store.release_do_not_send(message.library.clone(), which, by, why, at).await {
                Ok(_) => vec![Entry { at, what: What::AddressUsedAgain }],
                Err(error) => {
                    tracing::error!(message = %message.id, %error, "an address could not be taken off the list");
                    Vec::new()
                }
            }
        }
        Outcome::Refused { cause, reply } => {
            let strike = Strike {
                library: message.library.clone(),
                address,
                cause: *cause,
                weight: stop::weight(*cause, !by_relay),
                message: message.id,
                reply: reply.as_ref().map(|reply| masked(&reply.to_string())).unwrap_or_default(),
                by: "refusal",
                at,
            };
            if strike.weight == stop::Weight::Nothing {
                return Vec::new();
            }
            match store.strike(strike).await {
                Ok(true) => vec![Entry { at, what: What::AddressStopped { cause: cause.code().to_owned() } }],
                Ok(false) => Vec::new(),
                // The next refusal tells us again.
                Err(error) => {
                    tracing::error!(message = %message.id, %error, "a refusal could not be noted");
                    Vec::new()
                }
            }
        }
        _ => Vec::new(),
    }
}
