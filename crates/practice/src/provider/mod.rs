//! A practice mailbox provider: it checks what the real ones check and answers with their words.
//!
//! In: an envelope and a message from the `mail` door. Out: a reply, and in the [`Mailboxes`] a
//! [`Kept`] copy with what was decided and why. SPF is [`standards::spf`], DMARC [`standards::dmarc`], DKIM
//! mail-auth, all asking the practice DNS at the moment of judging, so a record published a second ago counts.
//! Not here: reputation, content filters and anything else that learns.

mod decide;
mod family;
mod findings;
mod headers;
mod mailboxes;
mod people;
mod trouble;
mod verify;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use standards::address::Address;
use standards::domain::Domain;
use standards::reply::Reply;
use tokio::time::Instant;

pub use decide::{Decision, Reason};
pub use family::Family;
pub use findings::{Discovery, Findings, Mark, Signature};
pub use mailboxes::{Kept, Mailboxes};
pub use trouble::Trouble;
pub(crate) use verify::Verifier;

/// Who a provider is: the facts that never change while it runs.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The domain after the `@` of its patrons.
    pub domain: Domain,
    /// Whose habits and words it has.
    pub family: Family,
    /// Where its MX listens.
    pub ip: Ipv4Addr,
    /// How it finds a DMARC policy.
    pub discovery: Discovery,
    /// Whether it offers STARTTLS.
    pub starttls: bool,
    /// Whether it takes addresses beyond ASCII (RFC 6531).
    pub smtputf8: bool,
}

/// Who offers mail, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) client: IpAddr,
    pub(crate) helo: String,
    /// None for the null sender `<>`.
    pub(crate) mail_from: Option<Address>,
    pub(crate) recipients: Vec<Address>,
    pub(crate) tls: bool,
    pub(crate) smtputf8: bool,
}

impl Envelope {
    pub(crate) fn new(client: IpAddr) -> Self {
        let client = client.to_canonical();
        Self { client, helo: String::new(), mail_from: None, recipients: Vec::new(), tls: false, smtputf8: false }
    }
}

/// One provider, running.
pub struct Provider {
    spec: Spec,
    mx_host: Domain,
    verifier: Arc<Verifier>,
    mailboxes: Mailboxes,
    trouble: Mutex<trouble::State>,
}

impl Provider {
    pub(crate) fn new(spec: Spec, mx_host: Domain, verifier: Arc<Verifier>, mailboxes: Mailboxes) -> Self {
        Self { spec, mx_host, verifier, mailboxes, trouble: Mutex::default() }
    }

    /// The domain of its patrons' addresses.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.spec.domain
    }

    /// The host its MX record names: `mx1.gmail.example`.
    #[must_use]
    pub fn mx_host(&self) -> &Domain {
        &self.mx_host
    }

    /// Whose habits and words it has. Its host does not end like the real one's, so a sender that tells
    /// families by MX suffix has to be configured with [`Provider::domain`] as one more suffix.
    #[must_use]
    pub fn family(&self) -> Family {
        self.spec.family
    }

    /// The address its MX listens on.
    #[must_use]
    pub fn ip(&self) -> Ipv4Addr {
        self.spec.ip
    }

    /// How it finds a DMARC policy.
    #[must_use]
    pub fn discovery(&self) -> Discovery {
        self.spec.discovery
    }

    /// From now on this is wrong with it; [`Trouble::default`] ends all trouble.
    pub fn disturb(&self, trouble: Trouble) {
        self.trouble().begin(trouble);
    }

    pub(crate) fn starttls(&self) -> bool {
        self.spec.starttls
    }

    pub(crate) fn smtputf8(&self) -> bool {
        self.spec.smtputf8
    }

    pub(crate) fn banner(&self) -> &'static str {
        self.spec.family.banner()
    }

    /// A slow provider lets the client wait here.
    pub(crate) async fn before_the_banner(&self) {
        let wait = self.trouble().banner_wait();
        if let Some(wait) = wait {
            tokio::time::sleep(wait).await;
        }
    }

    /// Whether the client may begin a message.
    pub(crate) fn mail(&self, client: IpAddr) -> Result<(), Reply> {
        if self.trouble().is_throttled(client, Instant::now()) {
            return Err(self.spec.family.too_fast(client));
        }
        Ok(())
    }

    /// The answer to a recipient.
    pub(crate) fn rcpt(&self, envelope: &Envelope, recipient: &Address) -> Reply {
        if recipient.domain() != &self.spec.domain {
            return Reply::from_lines(550, ["5.7.1 Relaying denied"]);
        }
        let answer = people::answer(recipient);
        if !answer.is_positive() {
            return answer;
        }
        self.trouble().at_rcpt(envelope, recipient, Instant::now()).unwrap_or(answer)
    }

    /// Judges the message, keeps it, and answers the end of DATA.
    pub(crate) async fn receive(&self, envelope: &Envelope, message: &[u8]) -> Reply {
        let found = self.verifier.findings(envelope, message, self.spec.discovery, Timestamp::now()).await;
        let judged = decide::decide(self.spec.family, &found, self.trouble().takes_for_unauthenticated());
        self.mailboxes.keep(envelope, self, &found, &judged, message);
        match judged.0 {
            Decision::Refused { reply } | Decision::Deferred { reply } => reply,
            // A real provider doesn't tell whether mail went to junk.
            Decision::Accepted | Decision::Junked => self.spec.family.taken(),
        }
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, trouble::State> {
        // The state is whole after every method: a panic elsewhere cannot have left it half changed.
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
