//! What DNS said about a From domain, each fact with its age. Values only: `net::facts` asks.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use standards::dmarc::Discovery;
use standards::domain::Domain;

use super::Ours;

/// The public half of one of our keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurKey {
    /// Its selector.
    pub selector: String,
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// The `p` of its record, Base64.
    pub public: String,
}

/// What is to be looked at: a From domain and what should be found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The domain of the From address.
    pub from: Domain,
    /// The name in that domain that returned mail goes to.
    pub return_path: Domain,
    /// Our keys for it, the preferred one first.
    pub keys: Vec<OurKey>,
}

impl Subject {
    /// A library's domain and our keys for it.
    #[must_use]
    pub fn library(from: Domain, keys: Vec<OurKey>, ours: &Ours) -> Self {
        // A name too long for one label more has no return path of its own.
        let return_path = from.below(&ours.return_path_label).unwrap_or_else(|_| from.clone());
        Self { from, return_path, keys }
    }

    /// Our shared domain.
    #[must_use]
    pub fn shared(keys: Vec<OurKey>, ours: &Ours) -> Self {
        Self { from: ours.shared.clone(), return_path: ours.bounces.clone(), keys }
    }
}

/// A fact, when it was asked for and for how long it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated<T> {
    /// The fact.
    pub value: T,
    /// Seconds for which the DNS lets it be remembered; 0 where it gave no answer.
    pub ttl_s: u32,
    /// When it was asked for.
    pub checked_at: Timestamp,
}

impl<T> Dated<T> {
    /// When it is time to ask again.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.checked_at.saturating_add(SignedDuration::from_secs(i64::from(self.ttl_s))).unwrap_or(Timestamp::MAX)
    }
}

/// An SPF result (RFC 7208 §2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words of RFC 7208 §2.6")]
pub enum SpfSays {
    Pass,
    Fail,
    SoftFail,
    Neutral,
    None,
    TempError,
    PermError,
}

/// What is wrong with an SPF record, as far as its owner can mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpfTrouble {
    /// There are several records.
    Several(usize),
    /// It needs more than ten look-ups.
    TooManyLookups,
    /// More than two of its look-ups find nothing.
    TooManyVoids,
    /// It breaks the grammar.
    Syntax(String),
    /// An include or redirect leads to a name without a record.
    NothingThere(String),
    /// Something else.
    Other(String),
}

/// SPF for one MAIL FROM domain and one of our relays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpfFact {
    /// The domain of MAIL FROM.
    pub mail_from: Domain,
    /// The relay's address.
    pub relay: IpAddr,
    /// The result.
    pub says: SpfSays,
    /// What is wrong with the record.
    pub trouble: Option<SpfTrouble>,
    /// The record, where there is exactly one.
    pub record: Option<String>,
    /// Look-ups it took, of ten.
    pub lookups: u8,
}

/// What stands where one of our public keys should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFinding {
    /// Our key.
    Ours,
    /// Nothing.
    Absent,
    /// Another key, with its length in bits where it is RSA.
    Other(Option<usize>),
    /// A key that was withdrawn.
    Revoked,
    /// A text that a verifier gets no key from, and why.
    Unreadable(String),
    /// The DNS gave no answer.
    Unknown(String),
}

/// One selector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFact {
    /// The selector.
    pub selector: String,
    /// The whole name asked.
    pub at: Domain,
    /// Where the name leads, when it is an alias.
    pub alias: Option<Domain>,
    /// What was found.
    pub finding: KeyFinding,
}

/// Where the return path name leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alias {
    /// To us.
    Ours,
    /// To another name.
    Elsewhere(Domain),
    /// Nowhere: the name has records of its own.
    NoAlias,
    /// The name does not exist.
    Absent,
    /// The DNS gave no answer.
    Unknown(String),
}

/// Whether the From domain takes mail: replies go there, and receivers look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receives {
    /// It has a mail server.
    Yes,
    /// It says that it takes no mail (RFC 7505).
    NullMx,
    /// It exists, and has no mail server.
    NoHost,
    /// There is no such domain.
    NoSuchDomain,
    /// The DNS gave no answer.
    Unknown(String),
}

/// All that DNS said about a From domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The domain of the From address.
    pub from: Domain,
    /// The name in it that should point to us.
    pub return_path: Domain,
    /// Our own domain for returned mail.
    pub bounces: Domain,
    /// SPF, for each MAIL FROM domain we could use and each relay.
    pub spf: Vec<Dated<SpfFact>>,
    /// Our keys.
    pub dkim: Vec<Dated<KeyFact>>,
    /// Where the return path name leads.
    pub alias: Dated<Alias>,
    /// The policy that applies.
    pub dmarc: Dated<Discovery>,
    /// Whether the From domain takes mail.
    pub receives: Dated<Receives>,
    /// The mail servers of the From domain: whose system the library's own mailboxes are in. As old as `receives`.
    #[serde(default)]
    pub mail_hosts: Vec<Domain>,
}

/// What SPF says of all our relays together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed<'a> {
    /// Every relay passes.
    All,
    /// Some pass; this is one that does not.
    Some(&'a SpfFact),
    /// None passes; this is the first.
    No(&'a SpfFact),
    /// The DNS gave no answer for one of them.
    Unknown(&'a SpfFact),
    /// There is no relay to ask for.
    NoRelay,
}

impl Facts {
    /// When the oldest of the facts was asked for: the age of the whole.
    #[must_use]
    pub fn checked_at(&self) -> Timestamp {
        self.times(|checked_at, _| checked_at)
    }

    /// When the first of the facts is out of date and it is time to look again.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.times(|_, expires_at| expires_at)
    }

    /// What SPF says of all relays for this MAIL FROM domain.
    #[must_use]
    pub fn listed(&self, mail_from: &Domain) -> Listed<'_> {
        let facts: Vec<&SpfFact> =
            self.spf.iter().map(|fact| &fact.value).filter(|fact| fact.mail_from == *mail_from).collect();
        let passing = facts.iter().filter(|fact| fact.says == SpfSays::Pass).count();
        let unknown = facts.iter().find(|fact| fact.says == SpfSays::TempError);
        let failing = facts.iter().find(|fact| fact.says != SpfSays::Pass);
        match (unknown, failing) {
            _ if facts.is_empty() => Listed::NoRelay,
            (Some(fact), _) => Listed::Unknown(fact),
            (None, None) => Listed::All,
            (None, Some(fact)) if passing > 0 => Listed::Some(fact),
            (None, Some(fact)) => Listed::No(fact),
        }
    }

    /// The selectors at which our keys are found, the preferred one first.
    #[must_use]
    pub fn selectors(&self) -> Vec<&str> {
        let ours = self.dkim.iter().filter(|key| key.value.finding == KeyFinding::Ours);
        ours.map(|key| key.value.selector.as_str()).collect()
    }

    fn times(&self, pick: fn(Timestamp, Timestamp) -> Timestamp) -> Timestamp {
        fn of<T>(fact: &Dated<T>, pick: fn(Timestamp, Timestamp) -> Timestamp) -> Timestamp {
            pick(fact.checked_at, fact.expires_at())
        }
        let spf = self.spf.iter().map(|fact| of(fact, pick));
        let dkim = self.dkim.iter().map(|fact| of(fact, pick));
        let others = [of(&self.alias, pick), of(&self.dmarc, pick), of(&self.receives, pick)];
        spf.chain(dkim).chain(others).min().unwrap_or(Timestamp::MIN)
    }
}

/// Domains of mailbox providers for everyone: whoever writes from there owns a mailbox and no domain, and nobody can
/// publish a record for us.
const PUBLIC_MAILBOXES: [&str; 38] = [
    "aol.com",
    "att.net",
    "bell.net",
    "comcast.net",
    "cox.net",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.ca",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "live.ca",
    "live.com",
    "mac.com",
    "mail.com",
    "me.com",
    "msn.com",
    "orange.fr",
    "outlook.com",
    "outlook.fr",
    "proton.me",
    "protonmail.com",
    "rogers.com",
    "sasktel.net",
    "shaw.ca",
    "sympatico.ca",
    "telus.net",
    "videotron.ca",
    "yahoo.ca",
    "yahoo.com",
    "ymail.com",
];

/// Whether a domain is a mailbox provider's, open to everyone.
#[must_use]
pub fn is_public_mailbox(domain: &Domain) -> bool {
    PUBLIC_MAILBOXES.binary_search(&domain.as_str()).is_ok()
}
