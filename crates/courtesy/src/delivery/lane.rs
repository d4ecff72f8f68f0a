//! One relay at one site: who is being served, who waits, which connections are kept.
//!
//! In: messages that want a connection. Out: a [`Slot`] each, never more at once than the pace allows, libraries in turn and of one
//! library what somebody waits for before its other news; or why not. Every slot gives itself back when dropped, so that a cancelled delivery blocks nobody.
//! Not here: the conversations themselves.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::conversation::Connection;
use super::pace::{Limits, Pace};
use super::pool::Load;
use super::standing::Right;
use super::turn::Turns;
use crate::library::LibraryCode;
use crate::notice::catalogue::Urgency;
use crate::outcome::{Said, Stage};
use crate::queue::leads;

/// Messages that may wait for one site: some seconds of work at the ceiling. More would only grow old here, with
/// their lease running, while the queue could turn to other sites.
pub(super) const LINE_MAX: u32 = 200;

/// Places in a line that each library has for each urgency, however full it is: whoever has one pickup to tell of waits
/// neither for another library's thousands nor for its own overdue ones.
const PLACES_EACH: usize = 10;

/// Who asks for a slot.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Whose message it is.
    pub library: &'a LibraryCode,
    /// How soon it is wanted.
    pub urgency: Urgency,
    /// What it was claimed under.
    pub right: &'a Right,
}

/// Who waits: deficit round robin among libraries, where every message costs the same.
#[derive(Default)]
struct Line {
    /// Each library that waits, once, the next one in front.
    turns: VecDeque<LibraryCode>,
    waiting: HashMap<LibraryCode, Waiting>,
    /// All that wait.
    length: usize,
}

/// What waits of one library.
#[derive(Default)]
struct Waiting {
    /// By urgency, the most urgent first.
    lines: [VecDeque<oneshot::Sender<Slot>>; 3],
    /// How many have been let in.
    served: u64,
}

impl Waiting {
    fn of(&mut self, urgency: Urgency) -> &mut VecDeque<oneshot::Sender<Slot>> {
        &mut self.lines[urgency.place()]
    }

    fn pop(&mut self) -> Option<oneshot::Sender<Slot>> {
        let lead = leads(self.served);
        self.served += 1;
        self.of(lead).pop_front().or_else(|| self.lines.iter_mut().find_map(VecDeque::pop_front))
    }

    fn is_empty(&self) -> bool {
        self.lines.iter().all(VecDeque::is_empty)
    }
}

impl Line {
    fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether `asker` finds no place.
    fn is_full(&mut self, asker: Asker<'_>) -> bool {
        self.length >= LINE_MAX as usize
            && self.waiting.get_mut(asker.library).is_some_and(|its| its.of(asker.urgency).len() >= PLACES_EACH)
    }

    fn push(&mut self, asker: Asker<'_>, given: oneshot::Sender<Slot>) {
        let its = self.waiting.entry(asker.library.clone()).or_default();
        if its.is_empty() {
            self.turns.push_back(asker.library.clone());
        }
        its.of(asker.urgency).push_back(given);
        self.length += 1;
    }

    fn pop(&mut self) -> Option<oneshot::Sender<Slot>> {
        let whose = self.turns.pop_front()?;
        let its = self.waiting.get_mut(&whose)?;
        let next = its.pop();
        self.length -= usize::from(next.is_some());
        if its.is_empty() {
            self.waiting.remove(&whose);
        } else {
            self.turns.push_back(whose);
        }
        next
    }
}

/// The state of one (relay, site, security).
pub(super) struct Lane {
    state: Mutex<State>,
    /// Connections in the making, in use or idle.
    open: Arc<AtomicU32>,
}

struct State {
    pace: Pace,
    turns: Turns,
    active: u32,
    line: Line,
    /// The last used is used first, so that surplus ones grow idle and leave.
    idle: Vec<Kept>,
}

/// A connection, counted as open while it lives.
pub(super) struct Kept {
    pub(super) connection: Connection,
    since: Instant,
    _open: Open,
}

/// One connection, from the call to its end.
pub(super) struct Open(Arc<AtomicU32>);

/// The right to one conversation.
pub(super) struct Slot {
    pub(super) lane: Arc<Lane>,
    armed: bool,
}

/// What asking for a slot came to.
pub(super) enum Entry {
    Slot(Slot),
    /// The line is full, or the wait too long: how long to stay away.
    Busy(Duration),
    /// The site is not to be asked: what it last came to, and for how long yet.
    Paused(Said, Duration),
}

impl Lane {
    pub(super) fn new(limits: Limits) -> Self {
        let state =
            State { pace: Pace::new(limits), turns: Turns::new(), active: 0, line: Line::default(), idle: Vec::new() };
        Self { state: Mutex::new(state), open: Arc::default() }
    }

    /// A slot for `asker`'s message, now or before `until`.
    pub(super) async fn enter(self: &Arc<Self>, asker: Asker<'_>, until: Instant) -> Entry {
        let waiting = {
            let mut state = self.state();
            if let Some((said, left)) = state.pace.paused(Instant::now()) {
                return Entry::Paused(said.clone(), left);
            }
            if state.active < state.pace.limit() && state.line.is_empty() {
                state.active += 1;
                return Entry::Slot(Slot { lane: self.clone(), armed: true });
            }
            if state.line.is_full(asker) {
                return Entry::Busy(state.turns.give(asker.urgency, LINE_MAX, Instant::now()));
            }
            let (given, waiting) = oneshot::channel();
            state.line.push(asker, given);
            waiting
        };
        match timeout_at(until, waiting).await {
            // What was learned while we stood in line: those before us may have found nobody.
            Ok(Ok(slot)) => match self.paused() {
                Some((said, left)) => Entry::Paused(said, left),
                None => Entry::Slot(slot),
            },
            Ok(Err(_)) | Err(_) => Entry::Busy(self.state().turns.give(asker.urgency, LINE_MAX, Instant::now())),
        }
    }

    /// The idle connection used last.
    pub(super) fn take_kept(&self) -> Option<Kept> {
        self.state().idle.pop()
    }

    /// A connection is about to be made.
    pub(super) fn dialling(&self) -> Open {
        self.open.fetch_add(1, Ordering::AcqRel);
        Open(self.open.clone())
    }

    /// It was made: the site is alive.
    pub(super) fn opened(&self, connection: Connection, open: Open) -> Kept {
        self.state().pace.reached();
        Kept { connection, since: Instant::now(), _open: open }
    }

    /// Keeps a connection for the next message, or gives it back when it has done enough or is one too many.
    pub(super) fn keep(&self, mut kept: Kept) -> Option<Kept> {
        let mut state = self.state();
        let limits = state.pace.limits();
        let others = state.idle.len() + state.active.saturating_sub(1) as usize;
        if kept.connection.begun >= limits.messages || others >= state.pace.limit() as usize || limits.idle.is_zero() {
            return Some(kept);
        }
        kept.since = Instant::now();
        state.idle.push(kept);
        None
    }

    /// Idle connections that have waited long enough at `now`; without `now`, all of them.
    pub(super) fn take_idle(&self, now: Option<Instant>) -> Vec<Kept> {
        let mut state = self.state();
        let Some(now) = now else { return std::mem::take(&mut state.idle) };
        let idle = state.pace.limits().idle;
        // The oldest stand in front.
        let old = state.idle.iter().take_while(|kept| now.duration_since(kept.since) >= idle).count();
        state.idle.drain(..old).collect()
    }

    pub(super) fn accepted(self: &Arc<Self>) {
        {
            let mut state = self.state();
            let busy = state.active >= state.pace.limit();
            let before = state.pace.limit();
            state.pace.accepted(busy, Instant::now());
            if state.pace.limit() == before || state.line.is_empty() {
                return;
            }
        }
        self.serve();
    }

    pub(super) fn strained(&self) {
        self.state().pace.strained();
    }

    pub(super) fn hold(&self, until: Instant, said: &Said) {
        self.state().pace.hold(until, said.clone());
    }

    /// A connection was refused or not answered. True when others of ours are open or being made at this moment: then
    /// the site may be full rather than gone, and they will know.
    pub(super) fn crowded(&self, said: &Said) -> bool {
        let open = self.open.load(Ordering::Acquire);
        let connecting = matches!(
            said,
            Said::Broken { stage: Stage::Connect | Stage::Greeting, .. }
                | Said::Replied { stage: Stage::Connect | Stage::Greeting | Stage::Hello, .. }
        );
        let for_good = matches!(said, Said::Replied { reply, .. } if reply.is_permanent());
        if open == 0 || !connecting || for_good {
            return false;
        }
        self.state().pace.crowded(open, Instant::now());
        true
    }

    /// The site could not be reached. A refusal for good is not remembered: each message must hear its own.
    pub(super) fn unreachable(&self, now: Instant, said: &Said) {
        if self.open.load(Ordering::Acquire) > 0 {
            return;
        }
        let for_good = matches!(said, Said::Replied { reply, .. } if reply.is_permanent());
        let mut state = self.state();
        if for_good {
            state.pace.strained();
        } else {
            state.pace.unreachable(now, said.clone());
        }
    }

    pub(super) fn load(&self, now: Instant) -> Load {
        let state = self.state();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let waiting = count(state.line.length);
        Load {
            limit: state.pace.limit(),
            active: state.active,
            idle: count(state.idle.len()),
            waiting,
            room: LINE_MAX.saturating_sub(waiting),
            paused: state.pace.paused(now).map(|(_, left)| left),
        }
    }

    /// Nothing would be lost by forgetting this lane.
    pub(super) fn is_at_rest(&self, now: Instant) -> bool {
        let load = self.load(now);
        load.active == 0 && load.idle == 0 && load.waiting == 0 && load.paused.is_none()
    }

    /// What is remembered of a site that is not to be asked, and how long yet.
    pub(super) fn paused(&self) -> Option<(Said, Duration)> {
        self.state().pace.paused(Instant::now()).map(|(said, left)| (said.clone(), left))
    }

    /// Lets in from the line as many as there is room for.
    fn serve(self: &Arc<Self>) {
        loop {
            let next = {
                let mut state = self.state();
                if state.active >= state.pace.limit() {
                    return;
                }
                let Some(next) = state.line.pop() else { return };
                state.active += 1;
                next
            };
            // Sent outside the lock: a slot that nobody takes any more comes back, and must not run into it.
            if let Err(mut slot) = next.send(Slot { lane: self.clone(), armed: true }) {
                slot.armed = false;
                self.state().active -= 1;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.armed {
            {
                let mut state = self.lane.state();
                state.active -= 1;
                let others_wait = !state.line.is_empty();
                state.turns.served(others_wait, Instant::now());
            }
            self.lane.serve();
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
