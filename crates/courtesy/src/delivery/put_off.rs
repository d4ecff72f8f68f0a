//! Messages put off together, because their receiver cannot be reached or its line is full; and called when it can.
//!
//! In: which receiver a message was put off for, and which one has just answered. Out: how long each stays away, and
//! messages made due as fast as the receiver's line takes them. A receiver that is out of reach costs one probe for
//! each of its pauses, not a look every minute for each of a million messages. Nothing depends on the call: whoever
//! is not called comes by itself when its time is over. Not here: when a receiver counts as out of reach (`pace`).

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::dial::RelayAddr;
use super::route::Site;
use super::{Delivery, lane};
use crate::clock;
use crate::queue::WaitsFor;

/// How long after a pause its probe comes: a moment, for the pause is remembered to the microsecond.
const PROBE_AFTER: Duration = Duration::from_secs(1);
/// Time between two that come again by themselves. Looking at one costs about 0.2 ms: 200 a second are 4 % of a core.
const EACH: Duration = Duration::from_millis(5);
/// The longest anyone stays away who is not called.
const AWAY_MAX: Duration = Duration::from_secs(3600);
/// How often lines with room are filled: 200 at a time make 2,000 a second for each receiver.
const CALL_EVERY: Duration = Duration::from_millis(100);
/// How often we look whom messages wait for, for they may have been put off by another process or before a start.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Receivers remembered; more at once are found again by the look.
const RECEIVERS_MAX: usize = 10_000;

/// A receiver, as one relay sees it.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    pub(super) relay: RelayAddr,
    pub(super) site: Site,
}

impl Receiver {
    /// What stands for it in the store.
    pub(super) fn key(&self) -> WaitsFor {
        let both = digest(&SHA256, format!("{} {}", self.relay.name, self.site).as_bytes());
        let first: [u8; 8] = both.as_ref()[..8].try_into().expect("SHA-256 gives 32 octets");
        WaitsFor(i64::from_be_bytes(first))
    }
}

/// Who waits for whom, as far as this process knows.
#[derive(Default)]
pub(super) struct PutOff {
    state: Mutex<State>,
    someone_to_call: Notify,
}

#[derive(Default)]
struct State {
    waited_for: HashSet<WaitsFor>,
    known: HashMap<WaitsFor, Receiver>,
    calling: HashSet<WaitsFor>,
    /// When the probe of each receiver that is out of reach comes.
    probes: HashMap<WaitsFor, Instant>,
    /// The first turn that nobody has been given.
    free: Option<Instant>,
}

impl PutOff {
    /// How long a message stays away whose receiver is out of reach for `left`, and which would else come again after
    /// `wait`. The first one comes when the pause is over, as its probe.
    pub(super) fn out_of_reach(&self, receiver: &Receiver, left: Duration, wait: Duration, now: Instant) -> Duration {
        let mut state = self.state();
        let key = state.remember(receiver);
        // Out of reach again after a probe was due: somebody has asked in vain, and the next pause has begun.
        if state.probes.get(&key).is_none_or(|probe| *probe <= now) {
            state.probes.insert(key, now + left + PROBE_AFTER);
            return left + PROBE_AFTER;
        }
        let turn = state.free.map_or(now, |free| free.max(now));
        state.free = Some((turn + EACH).min(now + AWAY_MAX));
        turn.duration_since(now).max(wait).max(left).min(AWAY_MAX)
    }

    /// A message found the line of `receiver` full: it is called when there is room.
    pub(super) fn line_full(&self, receiver: &Receiver) {
        let mut state = self.state();
        let key = state.remember(receiver);
        if state.calling.insert(key) {
            self.someone_to_call.notify_one();
        }
    }

    /// `receiver` has answered.
    pub(super) fn reached(&self, receiver: &Receiver) {
        let mut state = self.state();
        if state.waited_for.is_empty() && state.probes.is_empty() {
            return;
        }
        let key = receiver.key();
        state.probes.remove(&key);
        if state.waited_for.contains(&key) && state.calling.insert(key) {
            state.remember(receiver);
            self.someone_to_call.notify_one();
        }
    }

    /// What the store says: for these receivers messages wait. Those that we know are called, if they can be reached.
    fn learn(&self, waited_for: Vec<WaitsFor>) {
        let mut state = self.state();
        let known: Vec<_> = waited_for.iter().filter(|key| state.known.contains_key(key)).copied().collect();
        state.calling.extend(known);
        state.waited_for.extend(waited_for);
    }

    fn calling(&self) -> Vec<Receiver> {
        let state = self.state();
        state.calling.iter().filter_map(|key| state.known.get(key)).cloned().collect()
    }

    fn stop_calling(&self, receiver: &Receiver) {
        self.state().calling.remove(&receiver.key());
    }

    fn nobody_waits(&self, receiver: &Receiver) {
        let mut state = self.state();
        let key = receiver.key();
        state.calling.remove(&key);
        state.waited_for.remove(&key);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remember(&mut self, receiver: &Receiver) -> WaitsFor {
        let key = receiver.key();
        if self.known.len() >= RECEIVERS_MAX && !self.known.contains_key(&key) {
            *self = Self { free: self.free, ..Self::default() };
        }
        self.waited_for.insert(key);
        self.known.entry(key).or_insert_with(|| receiver.clone());
        key
    }
}

/// Calls those who wait, as long as their receivers have room, until it is dropped.
pub(super) async fn call(engine: Arc<Delivery>) {
    let put_off = &engine.put_off;
    let mut looked: Option<Instant> = None;
    loop {
        if looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY) {
            looked = Some(Instant::now());
            match engine.parts.store.waited_for().await {
                Ok(waited_for) => put_off.learn(waited_for),
                Err(error) => tracing::error!(%error, "whom messages wait for could not be read"),
            }
        }
        let receivers = put_off.calling();
        if receivers.is_empty() {
            // Running into the time-out is an ordinary end of the wait.
            let _ = timeout(LOOK_EVERY, put_off.someone_to_call.notified()).await;
            continue;
        }
        for receiver in receivers {
            if let Err(error) = call_one(&engine, &receiver).await {
                tracing::error!(%error, "messages that wait for a receiver could not be called");
                sleep(super::AFTER_TROUBLE).await;
            }
        }
        sleep(CALL_EVERY).await;
    }
}

async fn call_one(engine: &Delivery, receiver: &Receiver) -> crate::store::Result<()> {
    let load = engine.parts.pool.load(&receiver.relay, &receiver.site);
    if load.paused.is_some() {
        // Its probe will find out when that is over.
        engine.put_off.stop_calling(receiver);
        return Ok(());
    }
    let room = load.room.min(lane::LINE_MAX);
    if room < lane::LINE_MAX / 2 {
        return Ok(());
    }
    let called = engine.parts.store.call(receiver.key(), room, clock::now()).await?;
    if called < u64::from(room) {
        engine.put_off.nobody_waits(receiver);
    }
    if called > 0 {
        engine.parts.wake.notify_one();
    }
    Ok(())
}
