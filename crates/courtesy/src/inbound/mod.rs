//! What comes back: taken from the spool, read, and joined to the message it is about.
//!
//! In: mails in the [`Spool`], each for addresses that we gave out. Out: lines in timelines, messages that turn out not to
//! have arrived, and what people wrote in the queue to their library. Each mail is worked off exactly once for each
//! message, whatever crashes between: its line bears the mail's id, and the file goes only after the commit. What came
//! in and changed nothing is kept for the operator. Not here: taking mail in (`smtp`), and what a returned mail means
//! (`outcome::bounce`).

mod bounce;
mod canary;
pub mod complaint;
mod handed;
pub mod names;
mod replies;
pub mod reports;
pub mod spool;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use standards::address::Address;
use standards::dsn::Letter;
use tokio::sync::Notify;

use crate::clock;
use crate::config::Config;
use crate::delivery::return_path;
use crate::id::{CanaryId, MessageId, ReturnedId};
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::net::dns::Resolver;
use crate::outcome::bounce as reading;
use crate::outcome::bounce::{Finding, Kind};
use crate::reply::Kind as ReplyKind;
use crate::secret::Secret;
use crate::sender::{RelayFound, RelayProof};
use crate::store::{Book, Store};
use crate::watch::Senders;
pub use replies::library_of;
use spool::{Envelope, Spool, Waiting};

/// How soon a mail is looked at again whose message is still being settled, or that the store could not take. A report
/// can be faster than our own commit of the 250 it answers.
const AGAIN: Duration = Duration::from_secs(1);

/// How often the folder is looked at when nothing has come: files may be put there by hand.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How long a mail is kept that was passed on, or from which nothing followed: longer than any message made of it is tried.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How long the DNS may keep us from judging a test message, before what is known of it counts.
const JUDGING_MAX: SignedDuration = SignedDuration::from_mins(15);

/// What working off needs.
pub struct Parts {
    /// The settings.
    pub config: Arc<Config>,
    /// Messages, timelines, stops.
    pub store: Store,
    /// Libraries.
    pub book: Arc<Book>,
    /// Whose test messages are waited for; what is said of a sender goes there.
    pub senders: Arc<Senders>,
    /// Tells which addresses we gave out.
    pub secret: Arc<Secret>,
    /// Whom to ask about a test message that came back.
    pub dns: Resolver,
    /// Repeats messages later, and tells staff.
    pub intake: Arc<Intake>,
    /// Woken when something is due now.
    pub wake: Arc<Notify>,
    /// Where mails wait.
    pub spool: Arc<Spool>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The engine.
pub struct Inbound {
    parts: Parts,
    /// One mail is worked off by one at a time.
    turn: tokio::sync::Mutex<()>,
}

/// Whether a mail is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worked {
    Off,
    Later,
}

/// What was done with a mail for one of its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It is a line in the timeline of its message.
    Joined,
    /// It was done before.
    Known,
    /// It is in the queue to its library.
    PassedOn,
    /// A test message was judged.
    Judged,
    /// What it reports is kept.
    Read,
    /// Nothing was changed by it: the operator may look at it.
    Kept,
    /// Its message is being sent: it is looked at again.
    Waits,
    /// The address is none of ours.
    NotOurs,
}

impl Done {
    /// Its word, as it is served and counted.
    fn code(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Known => "known",
            Self::PassedOn => "passed_on",
            Self::Judged => "judged",
            Self::Read => "read",
            Self::Kept => "kept",
            Self::Waits => "waits",
            Self::NotOurs => "not_ours",
        }
    }
}

/// What became of a mail for one of its addresses.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Became {
    /// The address.
    pub recipient: String,
    /// What kind of mail it is: `bounce`, `delay`, `delivered`, `complaint`, `auto_reply`, `challenge`, `reply`, `report`, `test`, and
    /// others that nothing follows from.
    pub kind: &'static str,
    /// The cause it tells of, where it tells of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    /// The message it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// What was done.
    pub done: Done,
    /// The message that passes it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_on: Option<MessageId>,
    /// The message that answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<MessageId>,
}

impl Became {
    fn of(recipient: impl std::fmt::Display) -> Self {
        let recipient = recipient.to_string();
        Self { recipient, kind: "other", cause: None, message: None, done: Done::Kept, passed_on: None, answered: None }
    }
}

/// A mail from the spool, read.
struct Read {
    waiting: Waiting,
    letter: Letter,
    findings: Vec<Finding>,
}

impl Inbound {
    /// An engine of these.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts, turn: tokio::sync::Mutex::default() }
    }

    /// Whom it asks about names.
    #[must_use]
    pub fn dns(&self) -> &Resolver {
        &self.parts.dns
    }

    /// Works until `stop`. What is left in the spool waits for the next start.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let left = self.round().await;
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.parts.spool.arrived() => {}
                () = tokio::time::sleep(if left > 0 { AGAIN } else { LOOK_EVERY }) => {}
            }
        }
    }

    /// Works off what waits, and gives how many mails must wait longer.
    pub async fn round(&self) -> usize {
        let waiting = match self.parts.spool.list() {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!(%error, "the spool cannot be read");
                return 1;
            }
        };
        let mut left = 0;
        for id in waiting {
            match self.one(id).await {
                Ok((Worked::Off, _)) => {}
                Ok((Worked::Later, _)) => left += 1,
                Err(error) => {
                    tracing::error!(returned = %id, %error, "a returned mail could not be worked off");
                    left += 1;
                }
            }
        }
        left
    }

    /// Forgets what has served its time: mails that were passed on, whom we answered, files kept for the operator.
    ///
    /// # Errors
    /// When the store or the folder is broken.
    pub async fn forget(&self, now: Timestamp) -> anyhow::Result<()> {
        let before = now.checked_sub(KEPT_FOR).unwrap_or(Timestamp::MIN);
        self.parts.store.forget_replies(before).await?;
        let spool = Arc::clone(&self.parts.spool);
        tokio::task::spawn_blocking(move || spool.forget_kept(before)).await??;
        Ok(())
    }

    /// Takes a mail in as if it had come by the door, works it off at once, and gives what became of it.
    ///
    /// # Errors
    /// When it cannot be kept, or the store is broken: then it waits in the spool.
    pub(super) async fn take(&self, envelope: Envelope, mail: Vec<u8>) -> anyhow::Result<(ReturnedId, Vec<Became>)> {
        let id = self.parts.spool.keep(envelope, mail).await?;
        let (_, became) = self.one(id).await?;
        Ok((id, became))
    }

    async fn one(&self, id: ReturnedId) -> anyhow::Result<(Worked, Vec<Became>)> {
        let _turn = self.turn.lock().await;
        let spool = Arc::clone(&self.parts.spool);
        // Reading the mail of strangers takes time, and must not be able to take us down.
        let read = tokio::task::spawn_blocking(move || {
            spool.open_one(id, |waiting| {
                let (letter, returned) = reading::open(&waiting.mail);
                Read { waiting, letter, findings: returned.findings }
            })
        });
        let read = match read.await {
            Ok(Ok(read)) => read,
            // Worked off while it stood in the list.
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok((Worked::Off, Vec::new())),
            Ok(Err(error)) if error.kind() != io::ErrorKind::InvalidData => return Err(error.into()),
            _ => {
                tracing::error!(returned = %id, "a returned mail cannot be read and was set aside");
                self.parts.spool.set_aside(id)?;
                return Ok((Worked::Off, Vec::new()));
            }
        };
        let mut became = Vec::new();
        for recipient in &read.waiting.envelope.recipients {
            let (worked, one) = self.for_recipient(&read, recipient).await?;
            if worked == Worked::Off {
                self.parts.metrics.returned(one.kind, one.done.code());
            }
            became.push(one);
            if worked == Worked::Later {
                return Ok((Worked::Later, became));
            }
        }
        // Nothing that was acknowledged is lost: what nothing followed from, a person can still read.
        if became.iter().any(|one| one.done == Done::Kept) {
            self.parts.spool.keep_for_operator(id)?;
        } else {
            self.parts.spool.remove(id)?;
        }
        Ok((Worked::Off, became))
    }

    /// By what the address stands for: a test message, one message's return path, a library.
    async fn for_recipient(&self, read: &Read, recipient: &str) -> anyhow::Result<(Worked, Became)> {
        let waiting = &read.waiting;
        let local = recipient.rsplit_once('@').map_or(recipient, |(local, _)| local);
        if let Some(canary) = return_path::read_canary(&self.parts.secret, local) {
            let worked = self.judge(waiting, canary).await;
            let done = if worked == Worked::Later { Done::Waits } else { Done::Judged };
            return Ok((worked, Became { kind: "test", done, ..Became::of(recipient) }));
        }
        let address = Address::parse(recipient).ok();
        if let Some(message) = return_path::read(&self.parts.secret, local) {
            // Some people's programs answer to the return path, and some people quote what servers say.
            let person = !waiting.envelope.mail_from.is_empty()
                && (read.findings.is_empty() || reading::may_be_a_person(&read.letter));
            if let (true, Some(address)) = (person, &address)
                && let Some(row) = self.parts.store.message(None, message).await?
                // RFC 3834 §2: what comes back for our answer is never answered.
                && row.notice != ReplyKind::Answer.notice()
                && let Some(library) = self.parts.book.library(&row.library)
            {
                return self.reply(waiting, &read.letter, &library, address, Some(message)).await;
            }
            return self.join(waiting, message, &read.findings, recipient).await;
        }
        if let Some(message) = return_path::read_feedback(&self.parts.secret, local) {
            return self.join(waiting, message, &read.findings, recipient).await;
        }
        match &address {
            Some(address) => self.for_anybodys(read, address).await,
            None => Ok((Worked::Off, Became { done: Done::NotOurs, ..Became::of(recipient) })),
        }
    }

    /// By what an address of the shared domain stands for, which anybody may know: complaints, reports, a library.
    async fn for_anybodys(&self, read: &Read, address: &Address) -> anyhow::Result<(Worked, Became)> {
        let Parts { config, store, book, .. } = &self.parts;
        let (waiting, shared) = (&read.waiting, &config.shared.domain);
        if address.domain() != shared {
            return Ok((Worked::Off, Became { done: Done::NotOurs, ..Became::of(address) }));
        }
        if let Some(message) = self.complained_of(address, read) {
            return self.join(waiting, message, &read.findings, &address.to_string()).await;
        }
        if reports::is_for_reports(address, shared) {
            let taken = reports::take(store, book, shared, waiting.mail.clone(), clock::now()).await?;
            let done = if taken.refused > 0 || taken.kept + taken.known == 0 { Done::Kept } else { Done::Read };
            return Ok((Worked::Off, Became { kind: "report", done, ..Became::of(address) }));
        }
        if let Some(library) = library_of(book, shared, address) {
            return self.reply(waiting, &read.letter, &library, address, None).await;
        }
        // What else comes to `abuse` and its like was written for the operator.
        let done = if complaint::is_role(address.local()) { Done::Kept } else { Done::NotOurs };
        Ok((Worked::Off, Became { done, ..Became::of(address) }))
    }

    /// The message that a complaint to an address of the shared domain is about; none for any other mail that comes there.
    fn complained_of(&self, address: &Address, read: &Read) -> Option<MessageId> {
        let complains = !read.findings.is_empty() && read.findings.iter().all(|one| one.kind == Kind::Complaint);
        if !complains || !complaint::is_role(address.local()) {
            return None;
        }
        let Parts { config, secret, .. } = &self.parts;
        let about = complaint::about(secret, &config.shared.domain, &read.waiting.mail, &read.letter);
        if about.is_none() {
            tracing::info!(returned = %read.waiting.id, "a complaint about no message of ours");
        }
        about
    }

    /// A test message came back. Only the one that is waited for counts; the rest is too late, or a copy.
    async fn judge(&self, waiting: &Waiting, canary: CanaryId) -> Worked {
        let Parts { book, senders, dns, .. } = &self.parts;
        let Some((code, proof)) = senders.library_of(canary) else { return Worked::Off };
        let Some(library) = book.library(&code) else { return Worked::Off };
        let now = clock::now();
        // A receiver that has never heard of the domain asks now.
        let dns = dns.fresh().unwrap_or_else(|_| dns.clone());
        let found = match canary::judge(&dns, waiting, &proof.from, now).await {
            Some(found) => found,
            None if now.duration_since(waiting.envelope.received_at) < JUDGING_MAX => return Worked::Later,
            None => RelayFound::NotAuthenticated { saw: "DNS: no answer".to_owned() },
        };
        let came_through = matches!(found, RelayFound::CameThrough { .. });
        tracing::info!(library = %code, came_through, "a test message came back");
        let proven_at = came_through.then_some(now);
        let proof = RelayProof { canary: None, proven_at, found, at: now, ..proof };
        senders.learn_of(canary, &library, proof).await;
        Worked::Off
    }
}
