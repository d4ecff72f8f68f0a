//! Events come in: checked, made into messages, on disk before the caller hears 202.
//!
//! In: [`Event`] values from any door. Out: a [`Receipt`] each, or what is wrong with it, field by field. Idempotent
//! by the event's natural key and by the caller's own key. Never waits for DNS: the plan a receipt shows is made from
//! the facts at hand, and made again at the attempt.

pub mod announce;
mod answered;
mod brake;
mod complained;
pub mod copies;
pub mod digest;
pub mod event;
pub mod iso18626;
mod known;
pub mod ladder;
pub mod letters;
mod life;
pub mod limits;
mod receipt;
pub mod reminders;
mod resend;
mod rounds;
pub mod submission;
pub mod together;
mod write_out;

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use standards::address::Address;

pub use event::{Addressed, Event, Side, Submitted, Told, Tried};
pub use receipt::{Planned, Receipt, Refused, Taken};
pub use resend::{Resent, Wish};

use crate::clock;
use crate::config::Config;
use crate::library::LibraryCode;
use crate::metrics::Metrics;
use crate::notice::Language;
use crate::outcome::Cause;
use crate::outcome::stop::ListedAddress;
use crate::queue::State;
use crate::store::{Accepted, Book, Idempotency, NewEvent, Store};
use crate::watch::Senders;

/// How strict a door is with values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// The caller gets an answer and can mend what is wrong: unknown fields and missing values are refused.
    Mendable,
    /// Nobody reads the answer: what does not fit is left out, what is missing holds the message for staff.
    Lenient,
}

/// An event about to be handed in.
#[derive(Clone, Debug)]
pub struct Handed {
    /// The event.
    pub event: Event,
    /// The caller's own key for it: holder, key, hash of the body.
    pub key: Option<(String, String, [u8; 32])>,
}

/// The engine.
pub struct Intake {
    store: Store,
    book: Arc<Book>,
    senders: Arc<Senders>,
    at_most: std::time::Duration,
    /// Whether patrons of libraries that never said so are told together what may wait.
    gathers: bool,
    /// Woken when something is due now.
    wake: Arc<tokio::sync::Notify>,
    metrics: Arc<Metrics>,
    brake: Mutex<crate::config::Brake>,
    flows: brake::Flows,
}

impl Intake {
    /// An intake over these.
    #[must_use]
    pub fn new(
        config: &Config,
        store: Store,
        book: Arc<Book>,
        senders: Arc<Senders>,
        wake: Arc<tokio::sync::Notify>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (at_most, brake) = (config.deadline.at_most, Mutex::new(config.brake));
        let gathers = config.digest.by_default;
        Self { store, book, senders, at_most, gathers, wake, metrics, brake, flows: brake::Flows::default() }
    }

    /// The language in which a library's staff are written to; none where there is no such library.
    #[must_use]
    pub fn language_of(&self, library: &LibraryCode) -> Option<Language> {
        Some(self.book.library(library)?.language_for(None))
    }

    /// Checks and writes `events`; answers after they are on disk, one answer each, in order. `answer` makes the text
    /// that a repeated key is answered with. With `dry_run` everything is checked and planned, and nothing kept.
    ///
    /// # Errors
    /// When the store is broken; then nothing was taken.
    pub async fn take(
        &self,
        events: Vec<Handed>,
        strictness: Strictness,
        dry_run: bool,
        answer: impl Fn(&Receipt) -> String,
    ) -> crate::store::Result<Vec<Taken>> {
        self.take_at(events, strictness, dry_run, answer, clock::now()).await
    }

    /// The same at `now`.
    ///
    /// # Errors
    /// When the store is broken; then nothing was taken.
    pub async fn take_at(
        &self,
        mut events: Vec<Handed>,
        strictness: Strictness,
        dry_run: bool,
        answer: impl Fn(&Receipt) -> String,
        now: Timestamp,
    ) -> crate::store::Result<Vec<Taken>> {
        let cut = prepared(&mut events, strictness, now);
        let mut taken: Vec<Option<Taken>> = Vec::with_capacity(events.len());
        let mut new = Vec::with_capacity(events.len());
        let mut receipts = Vec::with_capacity(events.len());
        let (known, learned) =
            self.know(&mut events.iter_mut().map(|handed| &mut handed.event).collect::<Vec<_>>(), now, dry_run).await?;
        let mut written: Vec<_> = events
            .into_iter()
            .zip(known.into_iter().zip(cut))
            .map(|(handed, (known, cut))| (self.write_out(&handed.event, &known, (strictness, cut), now), handed.key))
            .collect();
        self.foretell(written.iter_mut().filter_map(|(written, _)| written.as_mut().ok())).await?;
        let braked = match dry_run {
            true => Vec::new(),
            false => self.brake(written.iter_mut().filter_map(|(one, _)| one.as_mut().ok()).collect(), now).await?,
        };
        for (written, key) in written {
            match written {
                Err(refused) => taken.push(Some(Taken::Refused(refused))),
                Ok((receipt, _)) if dry_run => taken.push(Some(Taken::Kept(receipt))),
                Ok((receipt, mut event)) => {
                    event.idempotency = key.map(|(holder, key, body_hash)| Idempotency {
                        holder,
                        key,
                        body_hash,
                        answer: answer(&receipt),
                    });
                    taken.push(None);
                    new.push(event);
                    receipts.push(receipt);
                }
            }
        }
        if new.is_empty() {
            return Ok(taken.into_iter().flatten().collect());
        }
        let of: Vec<(LibraryCode, &'static str)> =
            new.iter().map(|event| (event.library.clone(), event.source)).collect();
        // Together: they share one fsync.
        let (kept, patrons) = tokio::join!(self.store.accept(new), self.store.put_patrons(learned, now));
        let kept = kept?;
        if let Err(error) = patrons {
            // The next event tells it again.
            tracing::error!(%error, "what events told of patrons could not be kept");
        }
        self.wake.notify_one();
        self.tell_of_brakes(braked, now).await?;
        let mut kept = kept.into_iter().zip(receipts).zip(of);
        let mut answers = Vec::with_capacity(taken.len());
        for one in taken {
            answers.push(match one {
                Some(known) => known,
                None => {
                    let Some(((accepted, receipt), (library, source))) = kept.next() else {
                        return Err(crate::store::StoreError::Closed);
                    };
                    self.told(accepted, receipt, &library, source).await?
                }
            });
        }
        Ok(answers)
    }

    /// Takes an event that nobody can mend and whose answer nobody reads; none where nothing became of it.
    ///
    /// # Errors
    /// When the store is broken; then it was not taken.
    pub async fn tell(&self, event: Event) -> crate::store::Result<Option<Taken>> {
        let handed = vec![Handed { event, key: None }];
        Ok(self.take(handed, Strictness::Lenient, false, |_| String::new()).await?.pop())
    }

    /// Says of messages to addresses on the do-not-send list that they will not leave. The list decides at the attempt.
    async fn foretell(&self, written: impl Iterator<Item = &mut (Receipt, NewEvent)>) -> crate::store::Result<()> {
        let (mut asked, mut planned) = (Vec::new(), Vec::new());
        for (receipt, event) in written {
            let queued = receipt.messages.iter_mut().zip(&event.messages);
            for (one, message) in queued.filter(|(one, _)| one.state == State::Queued) {
                if let Ok(address) = Address::parse(&message.address) {
                    asked.push((event.library.clone(), ListedAddress::of(&address)));
                    planned.push(one);
                }
            }
        }
        for (one, is_listed) in planned.into_iter().zip(self.store.are_listed(&asked).await?) {
            if is_listed {
                one.cause = Some(Cause::of("addr.stopped").code());
            }
        }
        Ok(())
    }

    async fn told(
        &self,
        accepted: Accepted,
        receipt: Receipt,
        library: &LibraryCode,
        source: &'static str,
    ) -> crate::store::Result<Taken> {
        Ok(match accepted {
            Accepted::New => {
                self.metrics.event(source);
                Taken::Kept(receipt)
            }
            Accepted::Replayed { answer } => Taken::Repeated(answer),
            Accepted::KeyReused => Taken::KeyReused,
            Accepted::Known { event, .. } => {
                let rows = self.store.messages_of_event(library, event).await?;
                let plan = self.book.library(library).map(|library| self.senders.plan(&library, &[], clock::now()));
                let messages = rows.into_iter().map(|row| Planned::of(row, plan.as_deref())).collect();
                Taken::Kept(Receipt { event, messages, known_already: true })
            }
        })
    }
}

/// Dates events, and cuts what is too long in those that nobody can mend; gives the names of what was, for each.
fn prepared(events: &mut [Handed], strictness: Strictness, now: Timestamp) -> Vec<Vec<String>> {
    let each = events.iter_mut().map(|Handed { event, .. }| {
        life::dated(event, now);
        match strictness {
            Strictness::Mendable => Vec::new(),
            Strictness::Lenient => limits::cut(event),
        }
    });
    each.collect()
}
