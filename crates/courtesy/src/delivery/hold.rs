//! Leaves a receiver alone when it asks for that: now, and after a restart.
//!
//! In: what an attempt came to. Out: a hold on that relay's line to that receiver, kept in the store for the doctor and the
//! next start. What waits is put off, and no attempt of its own is counted. Not here: how long (`outcome::slow_down`).

use jiff::SignedDuration;
use standards::domain::Domain;
use standards::reply::Reply;

use super::Delivery;
use super::dial::RelayAddr;
use super::pool::Pool;
use super::put_off::Receiver;
use super::route::Site;
use super::transcript::masked;
use crate::clock;
use crate::outcome::{Outcome, Provider, Said, Stage, slow_down};
use crate::store::{ReceiverHold, Store};

/// A hold so soon after the last one counts as the next in a row.
const IN_A_ROW: SignedDuration = SignedDuration::from_hours(2);

/// The code of a reply that was not kept whole.
const HELD: u16 = 421;

/// A receiver answered, where it was `reached`: it is left alone where it asks for that, and else those who wait for it are
/// called. `provider`: who speaks, and its name.
pub(super) async fn heard(
    engine: &Delivery,
    receiver: &Receiver,
    provider: (Provider, &str),
    said: &Said,
    outcome: &Outcome,
    reached: bool,
) {
    let held = heed(engine, receiver, provider, said, outcome).await;
    if reached && !held {
        engine.put_off.reached(receiver);
    }
}

/// Takes a receiver at its word where it asks to be left alone. Whether it did.
async fn heed(
    engine: &Delivery,
    receiver: &Receiver,
    provider: (Provider, &str),
    said: &Said,
    outcome: &Outcome,
) -> bool {
    let (Receiver { relay, site }, now) = (receiver, clock::now());
    if slow_down::pause(said, outcome, provider.0, 1).is_none() {
        return false;
    }
    let store = &engine.parts.store;
    let since = now.checked_sub(IN_A_ROW).unwrap_or(now);
    let known = store.receiver_holds(since).await.unwrap_or_default();
    let last = known.iter().find(|hold| hold.relay == relay.name.as_str() && hold.site == site.to_string());
    // Others of ours that were under way hear the same at the same moment.
    if last.is_some_and(|hold| hold.until > now) {
        return true;
    }
    let times = last.map_or(1, |hold| hold.times + 1);
    let pause =
        slow_down::pause(said, outcome, provider.0, u32::try_from(times).unwrap_or(u32::MAX)).unwrap_or_default();
    engine.parts.pool.hold(relay, site, pause, said);
    tracing::warn!(relay = %relay.name, receiver = provider.1, pause_s = pause.as_secs(), "a receiver asked us to stay away");
    let until = SignedDuration::try_from(pause).ok().and_then(|pause| now.checked_add(pause).ok()).unwrap_or(now);
    let hold = ReceiverHold {
        relay: relay.name.to_string(),
        site: site.to_string(),
        provider: provider.1.to_owned(),
        cause: outcome.cause().map(|cause| cause.code().to_owned()).unwrap_or_default(),
        reply: outcome.reply().map(|reply| masked(&reply.to_string())).unwrap_or_default(),
        since: now,
        until,
        times,
    };
    if let Err(error) = store.put_receiver_hold(hold).await {
        tracing::error!(%error, "a hold could not be kept");
    }
    true
}

/// Brings back the holds that were in force when the last process ended.
///
/// # Errors
/// When the store is broken.
pub async fn bring_back(store: &Store, pool: &Pool) -> crate::store::Result<()> {
    let now = clock::now();
    for hold in store.receiver_holds(now).await? {
        let Ok(name) = Domain::parse(&hold.relay) else { continue };
        let left = std::time::Duration::try_from(hold.until.duration_since(now)).unwrap_or_default();
        let code = hold.reply.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(HELD);
        let text = hold.reply.get(4..).unwrap_or_default();
        let reply = Reply::from_lines(code, text.lines());
        let said = Said::Replied { stage: Stage::MailFrom, reply, host: hold.provider.clone() };
        pool.hold(&RelayAddr { name, sources: Vec::new() }, &Site::kept(&hold.site), left, &said);
    }
    Ok(())
}
