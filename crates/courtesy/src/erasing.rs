//! Erasing as it goes on: patrons who asked for it, and what has served its time, a slice at a time.
//!
//! In: a patron who is to be erased; and every ten minutes, each library with what it keeps no longer. Out: an erasure, whose slices are
//! worked off here by whichever process takes it up, with the writer free in between. Whoever asked is answered at once: nothing of the
//! patron is shown or sent from then on. A process that dies leaves its erasure to the next, which goes on where it was. Not here: what
//! a slice does (`store`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock;
use crate::intake::Told;
use crate::library::{Library, LibraryCode};
use crate::notice::status::Status;
use crate::outcome::stop::ListedAddress;
use crate::patron::{Patron, Record, gone_mark};
use crate::push;
use crate::secret::Secret;
use crate::store::{
    Book, Erases, Erasure, EventSlice, Kept, KnownAs, LEFT_COUNTED_MAX, NextSlice, PATRON_KEPT, Result, Store,
};

/// How often is looked for an erasure that another process was asked for, or left.
const LOOK: Duration = Duration::from_secs(5);

/// How often is looked for what is kept no longer.
const LOOK_FOR_OLD: Duration = Duration::from_secs(600);

/// How long from one run through what a library keeps no longer to the next: a row a day is a list that people read.
const RETENTION_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How long one erasure is worked on before the next has its turn.
const TURN: Duration = Duration::from_secs(5);

/// How long whoever works on an erasure holds it after each slice: several turns. What a dead process held waits no longer.
const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// The shortest and the longest breath between two slices. It is as long as the slice was: others have the writer half of the time.
const BREATH: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(250);

/// How soon is looked again whether a message is off the wire.
const ON_THE_WIRE: SignedDuration = SignedDuration::from_secs(2);

/// How soon an erasure that could not go on is tried again, at first and at most. It is never given up.
const AGAIN_FIRST: SignedDuration = SignedDuration::from_secs(30);
const AGAIN_MAX: SignedDuration = SignedDuration::from_mins(10);

/// The newest events of a patron that are read when the erasure is asked for: they tell how the patron is reached now. What older ones
/// tell is found as they are erased.
const NEWEST: u32 = 50;

/// How long it is known that there was an erasure: a year of them can be looked through.
const ERASURES_KEPT: SignedDuration = SignedDuration::from_hours(366 * 24);

/// How long it is known that a patron is gone: longer than any pass lasts.
const GONE_KEPT: SignedDuration = SignedDuration::from_hours(8 * 24);
const _: () = assert!(GONE_KEPT.as_secs() > push::pass::LASTS.as_secs());
const _: () = assert!(GONE_KEPT.as_secs() > crate::patron::PASS_LASTS.as_secs());

/// The engine.
pub struct Eraser {
    store: Store,
    book: Arc<Book>,
    secret: Arc<Secret>,
    /// Woken when an erasure is asked for here.
    wake: Notify,
    /// Whether what was erased may still stand in the database's log: after each erasure, and after a start, which may follow on one.
    has_traces: AtomicBool,
}

impl Eraser {
    /// An engine over these.
    #[must_use]
    pub fn new(store: Store, book: Arc<Book>, secret: Arc<Secret>) -> Self {
        Self { store, book, secret, wake: Notify::new(), has_traces: AtomicBool::new(true) }
    }

    /// Has all that is kept of the patron with this key at `library` erased. Answers once nothing of them is shown or sent any more; the rest
    /// goes on by itself. None where nothing is known of them.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn ask(&self, library: &Library, key: &str, by: String, now: Timestamp) -> Result<Option<Erasure>> {
        let record = self.store.patron(&library.code, key).await?;
        let events = self.store.patron_events(&library.code, key, NEWEST).await?;
        if record.is_none() && events.is_empty() {
            return Ok(None);
        }
        let mut known = told_by(events.iter().map(|event| (event.status.as_str(), event.fields.as_str())));
        add_record(&mut known, &record.unwrap_or_default());
        known.keys = vec![key.to_owned()];
        let known = self.store.not_of_others(&library.code, key, known).await?;
        self.erase_answers(&library.code, &known).await?;
        let mark = gone_mark(&self.secret, &library.code, key);
        let id = self.store.ask_erasure(library.code.clone(), known, mark, by, now).await?;
        while self.store.cancel_of_erasure(library.code.clone(), id, now).await? > 0 {}
        self.wake.notify_one();
        self.store.erasure(None, id).await
    }

    /// Has what `library` keeps no longer erased now, because `by` has shortened its times. Without one, every library is looked at.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn ask_retention(&self, library: Option<&LibraryCode>, by: &str, now: Timestamp) -> Result<()> {
        match library {
            Some(library) => {
                self.begin_retention(library, by, now).await?;
            }
            None => {
                self.look_for_old(by, now).await?;
            }
        }
        self.wake.notify_one();
        Ok(())
    }

    /// Works erasures off until `stop`.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let (mut pause, mut looked) = (LOOK, Instant::now());
        loop {
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
            if looked.elapsed() > LOOK_FOR_OLD {
                looked = Instant::now();
                if let Err(error) = self.look_for_old("", clock::now()).await {
                    tracing::error!(%error, "what is kept no longer could not be looked for");
                }
            }
            pause = match self.turn(clock::now()).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => {
                    self.leave_no_traces().await;
                    LOOK
                }
                Err(error) => {
                    tracing::error!(%error, "erasing could not go on");
                    LOOK
                }
            };
        }
    }

    /// Once nothing is left to erase, empties the log. Where somebody reads in it, the next look has its turn.
    async fn leave_no_traces(&self) {
        if !self.has_traces.load(Ordering::Relaxed) {
            return;
        }
        match self.store.empty_log().await {
            Ok(emptied) => self.has_traces.store(!emptied, Ordering::Relaxed),
            Err(error) => tracing::error!(%error, "the database's log could not be emptied after an erasure"),
        }
    }

    /// Begins an erasure for each library that has something that has served its time, and forgets patrons of whom nothing was heard for
    /// years. Gives how many were begun.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn look_for_old(&self, by: &str, now: Timestamp) -> Result<usize> {
        let before = |kept: SignedDuration| now.checked_sub(kept).unwrap_or(Timestamp::MIN);
        self.store.forget_patrons(before(PATRON_KEPT)).await?;
        self.store.forget_erasures(before(ERASURES_KEPT), before(GONE_KEPT)).await?;
        let mut begun = 0;
        for library in self.book.libraries() {
            begun += usize::from(self.begin_retention(&library.code, by, now).await?);
        }
        Ok(begun)
    }

    async fn begin_retention(&self, library: &LibraryCode, by: &str, now: Timestamp) -> Result<bool> {
        if self.old(library, now).await? == 0 {
            return Ok(false);
        }
        let since = now.checked_sub(RETENTION_EVERY).unwrap_or(Timestamp::MIN);
        self.store.begin_retention(library.clone(), by.to_owned(), since, now).await
    }

    /// Messages of `library` that something is to be erased of.
    async fn old(&self, library: &LibraryCode, now: Timestamp) -> Result<i64> {
        let (kept, _) = self.store.retention(Some(library)).await?;
        let mut old = 0;
        for what in Kept::ALL {
            old += self.store.to_erase(library, what, kept.cutoff(what, now)).await?;
        }
        Ok(old)
    }

    /// How much is left of `erasure`: events or messages, counted up to [`LEFT_COUNTED_MAX`].
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn left(&self, erasure: &Erasure, now: Timestamp) -> Result<i64> {
        let left = match erasure.erases {
            _ if erasure.ended_at.is_some() => 0,
            Erases::Patron => self.store.events_left(erasure.id).await?,
            Erases::Retention => self.old(&erasure.library, now).await?,
        };
        Ok(left.min(LEFT_COUNTED_MAX))
    }

    /// Takes the next erasure that is due and works on it for a turn. False where none is.
    ///
    /// # Errors
    /// When the store is so broken that not even that can be written down.
    pub async fn turn(&self, now: Timestamp) -> Result<bool> {
        let began = Instant::now();
        let lease_until = now.checked_add(LEASE).unwrap_or(Timestamp::MAX);
        let Some(erasure) = self.store.claim_erasure(now, lease_until).await? else { return Ok(false) };
        let done = match erasure.erases {
            Erases::Patron => self.patron(&erasure, lease_until, now).await,
            Erases::Retention => self.retention(&erasure, lease_until, now).await,
        };
        match done {
            Ok(None) => {
                self.store.end_erasure(erasure.id, since(began, now)).await?;
                self.has_traces.store(true, Ordering::Relaxed);
            }
            Ok(Some(pause)) => {
                let due_at = now.checked_add(pause).unwrap_or(now);
                self.store.put_back_erasure(erasure.id, due_at, false).await?;
            }
            Err(error) => {
                tracing::error!(erasure = %erasure.id, library = %erasure.library, %error, "a slice could not be erased");
                let doubled = AGAIN_FIRST.checked_mul(1 << erasure.failed.clamp(0, 8)).unwrap_or(AGAIN_MAX);
                let due_at = now.checked_add(doubled.min(AGAIN_MAX)).unwrap_or(now);
                self.store.put_back_erasure(erasure.id, due_at, true).await?;
            }
        }
        Ok(true)
    }

    /// Slices of a patron. None: there are no more; else how long to wait until the next.
    async fn patron(
        &self,
        erasure: &Erasure,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<SignedDuration>> {
        let began = Instant::now();
        // Addresses and numbers that were looked at: most events of a patron tell the same.
        let mut seen = KnownAs::default();
        while began.elapsed() < TURN {
            let slice = match self.store.next_slice(erasure.id).await? {
                NextSlice::Of(slice) => slice,
                NextSlice::Waits => return Ok(Some(ON_THE_WIRE)),
                NextSlice::Over => return Ok(None),
            };
            let at = Instant::now();
            let known = self.new_in(&erasure.library, &slice, &mut seen).await?;
            let events = slice.events.iter().map(|(id, ..)| *id).collect();
            let which = (erasure.library.clone(), erasure.id);
            self.store.erase_events(which, events, known, lease_until, since(began, now)).await?;
            breathe(at).await;
        }
        Ok(Some(SignedDuration::ZERO))
    }

    /// What these events tell of how their patron was reached that was not told before, and is nobody else's. An address alone leads to
    /// no more addresses: a household may share it.
    async fn new_in(&self, library: &LibraryCode, slice: &EventSlice, seen: &mut KnownAs) -> Result<KnownAs> {
        if !slice.is_own {
            return Ok(KnownAs::default());
        }
        let told = told_by(slice.events.iter().map(|(_, status, fields)| (status.as_str(), fields.as_str())));
        let fresh = |told: BTreeSet<String>, seen: &mut BTreeSet<String>| -> BTreeSet<String> {
            told.into_iter().filter(|point| seen.insert(point.clone())).collect()
        };
        let (mails, phones) = (fresh(told.mails, &mut seen.mails), fresh(told.phones, &mut seen.phones));
        let known = KnownAs { keys: Vec::new(), mails, phones };
        let known = self.store.not_of_others(library, &slice.key, known).await?;
        self.erase_answers(library, &known).await?;
        Ok(known)
    }

    async fn erase_answers(&self, library: &LibraryCode, known: &KnownAs) -> Result<()> {
        for point in known.phones.iter().chain(&known.mails) {
            while self.store.erase_answers(library.clone(), point.clone()).await? {}
        }
        Ok(())
    }

    /// Slices of what has served its time. None: there are no more; else how long to wait until the next.
    async fn retention(
        &self,
        erasure: &Erasure,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<SignedDuration>> {
        let began = Instant::now();
        let (kept, _) = self.store.retention(Some(&erasure.library)).await?;
        for what in Kept::ALL {
            let (cutoff, during) = (kept.cutoff(what, now), Some((erasure.id, lease_until)));
            loop {
                let at = Instant::now();
                let (_, has_more) = self.store.erase_slice(erasure.library.clone(), what, cutoff, now, during).await?;
                breathe(at).await;
                if !has_more {
                    break;
                }
                if began.elapsed() > TURN {
                    return Ok(Some(SignedDuration::ZERO));
                }
            }
        }
        Ok(None)
    }
}

/// What time it is, where it was `now` when `began`.
fn since(began: Instant, now: Timestamp) -> Timestamp {
    let passed = SignedDuration::try_from(began.elapsed()).unwrap_or_default();
    now.checked_add(passed).unwrap_or(now)
}

/// Leaves the writer to others for as long as the slice begun at `at` took.
async fn breathe(at: Instant) {
    tokio::time::sleep(at.elapsed().clamp(*BREATH.start(), *BREATH.end())).await;
}

/// The addresses and telephone numbers that events told of their patron. Where a code was sent is not yet known to be theirs.
fn told_by<'e>(events: impl Iterator<Item = (&'e str, &'e str)>) -> KnownAs {
    let mut known = KnownAs::default();
    for (_, fields) in events.filter(|(status, _)| *status != Status::PatronCode.code()) {
        let Ok(told) = serde_json::from_str::<Told>(fields) else { continue };
        add_points(&mut known, &told.patron);
    }
    known
}

fn add_points(known: &mut KnownAs, patron: &Patron) {
    known.mails.extend(patron.email.as_ref().map(|mail| ListedAddress::of(mail).as_str().to_owned()));
    known.phones.extend(patron.phone.as_ref().map(ToString::to_string));
}

fn add_record(known: &mut KnownAs, record: &Record) {
    add_points(known, &record.patron);
    known.mails.extend(record.mail_was.as_ref().map(|mail| ListedAddress::of(mail).as_str().to_owned()));
    known.phones.extend(record.phone_was.as_ref().map(ToString::to_string));
}
