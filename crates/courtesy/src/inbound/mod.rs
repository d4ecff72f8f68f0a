//! What comes back: taken from the spool, read, and joined to the message it is about.
//!
//! In: mails in the [`Spool`], each for return paths that we gave out. Out: lines in timelines, and messages that turn
//! out not to have arrived. Each mail is worked off exactly once for each message, whatever crashes between: its line
//! bears the mail's id, and the file goes only after the commit. Not here: taking mail in (`smtp`), and what a returned
//! mail means (`outcome::bounce`).

mod canary;
pub mod reports;
pub mod spool;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::delivery::return_path;
use crate::id::{CanaryId, MessageId, ReturnedId};
use crate::net::dns::Resolver;
use crate::outcome::bounce::{self, Finding, Kind};
use crate::secret::Secret;
use crate::sender::{RelayFound, RelayProof};
use crate::store::{Book, Joined, Store};
use crate::timeline::{Entry, News, Returned, What};
use crate::watch::Senders;
use spool::{Spool, Waiting};

/// How soon a mail is looked at again whose message is still being settled, or that the store could not take. A report
/// can be faster than our own commit of the 250 it answers.
const AGAIN: Duration = Duration::from_secs(1);

/// Octets kept of the words a report gives; a server's reply has at most 512 a line.
const WORDS_OCTETS_MAX: usize = 1000;

/// How long the DNS may keep us from judging a test message, before what is known of it counts.
const JUDGING_MAX: SignedDuration = SignedDuration::from_mins(15);

/// The engine.
pub struct Inbound {
    store: Store,
    secret: Arc<Secret>,
    spool: Arc<Spool>,
    canaries: Option<Canaries>,
}

/// What judging test messages needs.
pub struct Canaries {
    /// Libraries.
    pub book: Arc<Book>,
    /// Whose test messages are waited for, and where goes what they proved.
    pub senders: Arc<Senders>,
    /// Whom to ask.
    pub dns: Resolver,
}

/// Whether a mail is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worked {
    Off,
    Later,
}

impl Inbound {
    /// An engine that works off `spool`.
    #[must_use]
    pub fn new(store: Store, secret: Arc<Secret>, spool: Arc<Spool>) -> Self {
        Self { store, secret, spool, canaries: None }
    }

    /// The same engine, which judges test messages of libraries' own relays too.
    #[must_use]
    pub fn with_canaries(self, canaries: Canaries) -> Self {
        Self { canaries: Some(canaries), ..self }
    }

    /// Works until `stop`. What is left in the spool waits for the next start.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let left = self.round().await;
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.spool.arrived() => {}
                () = tokio::time::sleep(AGAIN), if left > 0 => {}
            }
        }
    }

    /// Works off what waits, and gives how many mails must wait longer.
    pub async fn round(&self) -> usize {
        let waiting = match self.spool.list() {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!(%error, "the spool cannot be read");
                return 1;
            }
        };
        let mut left = 0;
        for id in waiting {
            match self.one(id).await {
                Ok(Worked::Off) => {}
                Ok(Worked::Later) => left += 1,
                Err(error) => {
                    tracing::error!(returned = %id, %error, "a returned mail could not be worked off");
                    left += 1;
                }
            }
        }
        left
    }

    async fn one(&self, id: ReturnedId) -> anyhow::Result<Worked> {
        let spool = Arc::clone(&self.spool);
        // Reading the mail of strangers takes time, and must not be able to take us down.
        let read = tokio::task::spawn_blocking(move || {
            let waiting = spool.read(id)?;
            let returned = bounce::read(&waiting.mail);
            Ok::<_, io::Error>((waiting, returned))
        });
        let (waiting, returned) = match read.await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) if error.kind() != io::ErrorKind::InvalidData => return Err(error.into()),
            _ => {
                tracing::error!(returned = %id, "a returned mail cannot be read and was set aside");
                self.spool.set_aside(id)?;
                return Ok(Worked::Off);
            }
        };
        for recipient in &waiting.envelope.recipients {
            let local = recipient.rsplit_once('@').map_or(recipient.as_str(), |(local, _)| local);
            if let Some(canary) = return_path::read_canary(&self.secret, local)
                && self.judge(&waiting, canary).await == Worked::Later
            {
                return Ok(Worked::Later);
            }
            if let Some(message) = return_path::read(&self.secret, local)
                && self.join(&waiting, message, &returned.findings).await? == Worked::Later
            {
                return Ok(Worked::Later);
            }
        }
        self.spool.remove(id)?;
        Ok(Worked::Off)
    }

    /// A test message came back. Only the one that is waited for counts; the rest is too late, or a copy.
    async fn judge(&self, waiting: &Waiting, canary: CanaryId) -> Worked {
        let Some(canaries) = &self.canaries else { return Worked::Off };
        let Some((code, proof)) = canaries.senders.library_of(canary) else { return Worked::Off };
        let Some(library) = canaries.book.library(&code) else { return Worked::Off };
        let now = clock::now();
        // A receiver that has never heard of the domain asks now.
        let dns = canaries.dns.fresh().unwrap_or_else(|_| canaries.dns.clone());
        let found = match canary::judge(&dns, waiting, &proof.from, now).await {
            Some(found) => found,
            None if now.duration_since(waiting.envelope.received_at) < JUDGING_MAX => return Worked::Later,
            None => RelayFound::NotAuthenticated { saw: "DNS: no answer".to_owned() },
        };
        let came_through = matches!(found, RelayFound::CameThrough { .. });
        tracing::info!(library = %code, came_through, "a test message came back");
        let proven_at = came_through.then_some(now);
        let proof = RelayProof { canary: None, proven_at, found, at: now, ..proof };
        canaries.senders.learn_of(canary, &library, proof).await;
        Worked::Off
    }

    async fn join(&self, waiting: &Waiting, message: MessageId, findings: &[Finding]) -> anyhow::Result<Worked> {
        let entry = entry(waiting, findings, clock::now());
        let joined = self.store.join_returned(message, entry).await?;
        match joined {
            Joined::Written { failed } => {
                tracing::info!(%message, returned = %waiting.id, failed, "a returned mail was joined");
            }
            Joined::Known => {}
            // It was deleted, or the code stems from another copy of this installation.
            Joined::NoSuchMessage => tracing::info!(%message, "a mail came back for a message that is gone"),
            Joined::NotSettled => return Ok(Worked::Later),
        }
        Ok(Worked::Off)
    }
}

/// What a mail with these findings says of the one message it came back for, as its timeline tells it.
fn entry(waiting: &Waiting, findings: &[Finding], now: Timestamp) -> Entry {
    // One message has one recipient. Where a report speaks of several (a list, a forwarded mailbox), what is over
    // counts before what may still come.
    let telling = findings.iter().min_by_key(|finding| news(finding.kind));
    let host = waiting.envelope.client.map(|ip| format!("{} [{ip}]", printable(&waiting.envelope.helo)));
    let returned = Returned {
        report: waiting.id,
        news: telling.map_or(News::Other, |finding| news(finding.kind)),
        cause: telling.map_or("unknown", |finding| finding.cause.code()).to_owned(),
        reply: telling.and_then(|finding| finding.reply),
        status: telling.and_then(|finding| finding.status).map(|status| status.to_string()),
        provider: telling.and_then(|finding| finding.provider.name()).map(str::to_owned),
        words: telling.map(|finding| cut(&finding.words)).unwrap_or_default(),
        host,
    };
    Entry { at: now, what: What::Returned(Box::new(returned)) }
}

fn news(kind: Kind) -> News {
    match kind {
        Kind::Failed => News::Failed,
        Kind::Complaint => News::Complaint,
        Kind::Delivered => News::Delivered,
        Kind::Delayed => News::Delayed,
        Kind::AutoReply => News::AutoReply,
    }
}

fn cut(words: &str) -> String {
    words[..words.floor_char_boundary(WORDS_OCTETS_MAX)].to_owned()
}

fn printable(helo: &str) -> String {
    cut(&helo.chars().filter(|c| !c.is_control()).collect::<String>())
}
