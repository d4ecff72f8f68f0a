//! The submission door: any system that can only send mail makes us its smart host (RFC 6409).
//!
//! In: a sign-in or a source address, recipients and a mail. Out: the library it is for, and whether the mail was taken. A library
//! is known by its key or by the addresses that the operator listed for it, never by a From: nothing is passed on for anybody else.
//! Not here: the conversation (`session`), what becomes of the mail (`intake`).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use standards::address::Address;
use standards::domain::Domain;
use tokio::time::Instant;

use super::sign_in::Credentials;
use crate::config::Network;
use crate::http::auth::Keys;
use crate::intake::Intake;
use crate::intake::submission::{Handed, NotTaken, Submission};
use crate::library::LibraryCode;
use crate::store::{Book, Store};
use crate::submitted::Unfit;

/// Failed sign-ins of one source in a [`FAILURES_OF`] after which it has to wait. A key cannot be guessed; this keeps those who try
/// from costing much, and a system with an old password has not locked anybody else out.
const FAILURES_MAX: f64 = 20.0;
const FAILURES_OF: Duration = Duration::from_secs(600);

/// How long an answer to a wrong sign-in takes.
pub(super) const WRONG_WAIT: Duration = Duration::from_secs(2);

/// Sources whose failures are remembered.
const SOURCES_MAX: usize = 10_000;

/// Recipients a library may name in a minute. Systems hand in a night's work at once and do not all try again, so this is far above
/// any of theirs: it stops what runs wild, and the queue does the rest.
const RECIPIENTS_PER_MINUTE: f64 = 20_000.0;

/// A reply: code and words.
type Answer = (u16, String);

/// What the submission doors share.
pub struct Desk {
    keys: Keys,
    book: Arc<Book>,
    intake: Arc<Intake>,
    shared: Domain,
    sources: Vec<(Network, LibraryCode)>,
    octets_max: usize,
    failures: Mutex<HashMap<IpAddr, (f64, Instant)>>,
    named: Mutex<HashMap<LibraryCode, (f64, Instant)>>,
}

/// A mail whose dot has come, with what the conversation knows.
pub(super) struct Dropped {
    pub(super) library: LibraryCode,
    pub(super) recipients: Vec<Address>,
    pub(super) mail: Vec<u8>,
    pub(super) helo: String,
    pub(super) client: IpAddr,
    pub(super) host: String,
    pub(super) tls: bool,
    pub(super) signed_in: bool,
}

impl Desk {
    /// A desk that takes mails of up to `octets_max`, without a password from `sources`. `shared` is the shared domain.
    #[must_use]
    pub fn new(
        store: Store,
        book: Arc<Book>,
        intake: Arc<Intake>,
        shared: Domain,
        sources: Vec<(Network, LibraryCode)>,
        octets_max: usize,
    ) -> Self {
        Self {
            keys: Keys::new(store),
            book,
            intake,
            shared,
            sources,
            octets_max,
            failures: Mutex::default(),
            named: Mutex::default(),
        }
    }

    /// The largest mail.
    pub(super) fn octets_max(&self) -> usize {
        self.octets_max
    }

    /// The library that needs no password from `client`.
    pub(super) fn library_at(&self, client: IpAddr) -> Option<LibraryCode> {
        let client = client.to_canonical();
        self.sources.iter().find(|(network, _)| network.contains(client)).map(|(_, library)| library.clone())
    }

    /// The library that `given` speaks for, or why it opens nothing.
    pub(super) async fn sign_in(
        &self,
        given: &Credentials,
        client: IpAddr,
        now: Instant,
    ) -> Result<LibraryCode, Answer> {
        if self.has_failed_too_often(client, now) {
            return Err((454, "4.7.0 Too many failed sign-ins from your address, come back in ten minutes".to_owned()));
        }
        let key = match self.keys.find(&given.secret).await {
            Ok(key) => key,
            Err(error) => {
                tracing::error!(%error, "a key could not be looked up");
                return Err((454, "4.7.0 It cannot be checked now, come back later".to_owned()));
            }
        };
        let Some(key) = key else {
            self.has_failed(client, now);
            tracing::info!("a sign-in for submission failed");
            return Err((
                535,
                "5.7.8 There is no such key, or it has ended: the password is a key that begins with cty_live_"
                    .to_owned(),
            ));
        };
        let named = LibraryCode::parse(&given.name).ok().and_then(|name| self.book.library_known_as(&name));
        match (&key.library, named) {
            (Some(own), Some(named)) if named.code != *own => {
                self.has_failed(client, now);
                Err((535, format!("5.7.8 This key speaks for {own}, and the user name is another library's code")))
            }
            (Some(own), _) => Ok(own.clone()),
            (None, Some(named)) => Ok(named.code.clone()),
            (None, None) => Err((
                535,
                "5.7.8 This key speaks for all libraries: the user name has to be the code of one".to_owned(),
            )),
        }
    }

    /// Whether `library` may name another recipient now.
    pub(super) fn may_name(&self, library: &LibraryCode, now: Instant) -> bool {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let (credit, at) = named.entry(library.clone()).or_insert((RECIPIENTS_PER_MINUTE, now));
        let rested = now.saturating_duration_since(*at).as_secs_f64() / 60.0;
        *credit = (*credit + rested * RECIPIENTS_PER_MINUTE).min(RECIPIENTS_PER_MINUTE);
        *at = now;
        let may = *credit >= 1.0;
        if may {
            *credit -= 1.0;
        }
        may
    }

    /// Hands a mail to intake; 250 only when it is on disk.
    pub(super) async fn take(&self, dropped: Dropped) -> Answer {
        let library = dropped.library.clone();
        let submission = Submission {
            with: match (dropped.tls, dropped.signed_in) {
                (true, true) => "ESMTPSA",
                (true, false) => "ESMTPS",
                (false, _) => "ESMTP",
            },
            library: dropped.library,
            recipients: dropped.recipients,
            mail: dropped.mail,
            helo: dropped.helo,
            client: dropped.client,
            host: dropped.host,
        };
        match self.intake.submit(submission, &self.shared).await {
            Ok(Handed::Kept(event, 1)) => (250, format!("2.0.0 Taken as {event}")),
            Ok(Handed::Kept(event, messages)) => (250, format!("2.0.0 Taken as {event}, {messages} messages")),
            Ok(Handed::Not(why)) => refusal(&why, &library),
            Err(error) => {
                tracing::error!(%error, %library, "a mail could not be taken");
                (451, "4.3.0 It could not be kept, come back later".to_owned())
            }
        }
    }

    fn has_failed_too_often(&self, client: IpAddr, now: Instant) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&client.to_canonical()).is_some_and(|known| faded(*known, now) >= FAILURES_MAX)
    }

    fn has_failed(&self, client: IpAddr, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= SOURCES_MAX {
            failures.retain(|_, known| faded(*known, now) >= 1.0);
        }
        if failures.len() < SOURCES_MAX {
            let known = failures.entry(client.to_canonical()).or_insert((0.0, now));
            *known = (faded(*known, now) + 1.0, now);
        }
    }
}

/// Failures that still count.
fn faded((count, at): (f64, Instant), now: Instant) -> f64 {
    let gone = now.saturating_duration_since(at).as_secs_f64() / FAILURES_OF.as_secs_f64();
    (count - gone * FAILURES_MAX).max(0.0)
}

/// Why a mail is not taken, for whoever set the system up.
fn refusal(why: &NotTaken, library: &LibraryCode) -> Answer {
    match why {
        NotTaken::NoLibrary => (550, format!("5.7.1 {library} is no longer a library here")),
        NotTaken::AnothersFrom(domain) => (
            550,
            format!(
                "5.7.1 The From address is in {domain}, which is another library's\nThis sign-in speaks for {library}: \
                 write its address there, or sign in as the other library"
            ),
        ),
        NotTaken::Unfit(Unfit::Loops) => {
            (554, "5.4.6 This mail goes round in circles: it has passed too many servers".to_owned())
        }
        NotTaken::Unfit(Unfit::ManyFroms) => (550, "5.6.0 The mail has more than one From field; write one".to_owned()),
        NotTaken::Unfit(Unfit::Broken) => (550, "5.6.0 The mail has a NUL in its header".to_owned()),
    }
}
