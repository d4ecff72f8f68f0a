//! Looks at the DNS that pages wait for a little, and never long.
//!
//! In: what is looked at, by name, and how. Out: what was seen, if it was seen in time; if not, the page says that it is
//! being looked at, and asks again. Looks at one thing are shared by all who ask, go on when nobody waits any more, and
//! only so many begin in a minute: the pages are open to everybody, and name servers are not ours.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// How long a page waits for a look: most are over sooner.
const PAGE_WAITS: Duration = Duration::from_secs(4);

/// How long what was seen is shown without looking again.
const SEEN_FOR: Duration = Duration::from_secs(10);

/// Looks begun in a minute, by all visitors together. Each asks some thirty questions.
const A_MINUTE: usize = 60;

const MINUTE: Duration = Duration::from_secs(60);

/// Things remembered; beyond it the oldest are forgotten.
const KEPT_MAX: usize = 500;

/// What came of asking.
pub(super) enum Seen<T> {
    /// It was seen.
    Now(Arc<T>),
    /// It is being looked at.
    UnderWay,
    /// Too many looks were begun in this minute.
    Busy,
}

struct Look<T> {
    begun: Instant,
    seen: watch::Receiver<Option<Arc<T>>>,
}

impl<T> Look<T> {
    /// Under way, or over a moment ago. One that broke off is neither.
    fn is_good(&self, now: Instant) -> bool {
        let is_seen = self.seen.borrow().is_some();
        let broke_off = !is_seen && self.seen.has_changed().is_err();
        !broke_off && (!is_seen || now.duration_since(self.begun) < SEEN_FOR)
    }
}

/// Remembers looks.
pub(super) struct Looks<T> {
    page_waits: Duration,
    kept: Mutex<Kept<T>>,
}

struct Kept<T> {
    looks: HashMap<String, Look<T>>,
    begun: VecDeque<Instant>,
}

impl<T> Default for Looks<T> {
    fn default() -> Self {
        let kept = Mutex::new(Kept { looks: HashMap::new(), begun: VecDeque::new() });
        Self { page_waits: PAGE_WAITS, kept }
    }
}

impl<T: Send + Sync + 'static> Looks<T> {
    /// What `look` sees at `now` of the thing called `name`, or what was seen of it a moment before.
    pub async fn at<F>(&self, name: &str, now: Instant, look: impl FnOnce() -> F + Send) -> Seen<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let Some(mut seen) = self.begin(name, now, look) else { return Seen::Busy };
        let waited = tokio::time::timeout(self.page_waits, seen.wait_for(Option::is_some)).await;
        match waited {
            Ok(Ok(seen)) => seen.as_ref().map_or(Seen::UnderWay, |seen| Seen::Now(Arc::clone(seen))),
            _ => Seen::UnderWay,
        }
    }

    fn begin<F>(&self, name: &str, now: Instant, look: impl FnOnce() -> F) -> Option<watch::Receiver<Option<Arc<T>>>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.looks.get(name).filter(|look| look.is_good(now)) {
            return Some(known.seen.clone());
        }
        while kept.begun.front().is_some_and(|begun| now.duration_since(*begun) >= MINUTE) {
            kept.begun.pop_front();
        }
        if kept.begun.len() >= A_MINUTE {
            return None;
        }
        kept.begun.push_back(now);
        if kept.looks.len() >= KEPT_MAX {
            kept.looks.retain(|_, look| look.is_good(now));
        }
        let (tell, seen) = watch::channel(None);
        kept.looks.insert(name.to_owned(), Look { begun: now, seen: seen.clone() });
        let look = look();
        tokio::spawn(async move {
            let value = Arc::new(look.await);
            tell.send_replace(Some(value));
        });
        Some(seen)
    }
}

#[cfg(test)]
mod tests;
