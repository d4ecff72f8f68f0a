//! What comes back: taken from the spool, read, and joined to the message it is about.
//!
//! In: mails in the [`Spool`], each for return paths that we gave out. Out: lines in timelines, and messages that turn
//! out not to have arrived. Each mail is worked off exactly once for each message, whatever crashes between: its line
//! bears the mail's id, and the file goes only after the commit. Not here: taking mail in (`smtp`), and what a returned
//! mail means (`outcome::bounce`).

mod bounce;
mod canary;
pub mod complaint;
pub mod reports;
pub mod spool;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use standards::domain::Domain;
use standards::dsn::Letter;

use crate::clock;
use crate::delivery::return_path;
use crate::id::{CanaryId, MessageId, ReturnedId};
use crate::intake::Intake;
use crate::net::dns::Resolver;
use crate::outcome::bounce as reading;
use crate::outcome::bounce::Kind;
use crate::secret::Secret;
use crate::sender::{RelayFound, RelayProof};
use crate::store::{Book, Store};
use crate::watch::Senders;
use spool::{Spool, Waiting};

/// How soon a mail is looked at again whose message is still being settled, or that the store could not take. A report
/// can be faster than our own commit of the 250 it answers.
const AGAIN: Duration = Duration::from_secs(1);

/// How long the DNS may keep us from judging a test message, before what is known of it counts.
const JUDGING_MAX: SignedDuration = SignedDuration::from_mins(15);

/// The engine.
pub struct Inbound {
    store: Store,
    secret: Arc<Secret>,
    spool: Arc<Spool>,
    canaries: Option<Canaries>,
    intake: Option<Arc<Intake>>,
    shared: Option<Domain>,
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
        Self { store, secret, spool, canaries: None, intake: None, shared: None }
    }

    /// The same engine, which judges test messages of libraries' own relays too.
    #[must_use]
    pub fn with_canaries(self, canaries: Canaries) -> Self {
        Self { canaries: Some(canaries), ..self }
    }

    /// The same engine, which tells staff what came back, repeats messages later, and takes complaints at addresses of
    /// `shared` that anybody may know.
    #[must_use]
    pub fn with_intake(self, intake: Arc<Intake>, shared: &Domain) -> Self {
        Self { intake: Some(intake), shared: Some(shared.clone()), ..self }
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
            let returned = reading::read(&waiting.mail);
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
            let named = return_path::read(&self.secret, local)
                .or_else(|| return_path::read_feedback(&self.secret, local))
                .or_else(|| self.complained_of(recipient, &waiting, &returned));
            if let Some(message) = named
                && self.join(&waiting, message, &returned.findings).await? == Worked::Later
            {
                return Ok(Worked::Later);
            }
        }
        self.spool.remove(id)?;
        Ok(Worked::Off)
    }

    /// The message that a complaint to an address of `shared` is about; none for any other mail that comes there.
    fn complained_of(&self, recipient: &str, waiting: &Waiting, returned: &reading::Returned) -> Option<MessageId> {
        let shared = self.shared.as_ref()?;
        let (local, domain) = recipient.rsplit_once('@')?;
        let complains =
            !returned.findings.is_empty() && returned.findings.iter().all(|one| one.kind == Kind::Complaint);
        if !complains || !complaint::is_role(local) || !domain.eq_ignore_ascii_case(shared.as_str()) {
            return None;
        }
        let about = complaint::about(&self.secret, shared, &waiting.mail, &Letter::open(&waiting.mail));
        if about.is_none() {
            tracing::info!(returned = %waiting.id, "a complaint about no message of ours");
        }
        about
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
}
