//! What an attempt came to, and why.
//!
//! In: what was said on the wire ([`Said`]), by whom and at which stage. Out: an [`Outcome`] with its cause from
//! the cause table. Not here: what we then do about it (`queue`, `sender`).

pub mod bounce;
mod cause;
mod judge;
pub mod meaning;
mod provider;
pub mod slow_down;
mod step;
pub mod stop;
#[cfg(test)]
mod tests;

use standards::reply::Reply;

pub use cause::{Action, Cause, Facts, Fixer, NotACause};
pub use judge::{judge, read_reply};
pub use provider::Provider;
pub use step::Step;

/// The point of the SMTP conversation at which something was said (RFC 5321 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// TCP, before the greeting.
    Connect,
    /// The 220 greeting.
    Greeting,
    /// EHLO or HELO.
    Hello,
    /// STARTTLS and the handshake.
    Tls,
    /// AUTH, where we are a client of a library's own relay.
    Auth,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// DATA, before the content.
    Data,
    /// After the final dot.
    Content,
    /// QUIT or RSET: nothing depends on it.
    Quit,
    /// Told later, by a delivery report.
    Report,
}

/// What one try came to on the wire, before anyone asks what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A server answered; a 250 at [`Stage::Content`] is the only acceptance there is.
    Replied {
        /// When in the conversation.
        stage: Stage,
        /// The answer.
        reply: Reply,
        /// The MX host that said it.
        host: String,
    },
    /// No server could be asked.
    NoRoute(NoRoute),
    /// A server was found and the conversation broke off.
    Broken {
        /// When in the conversation.
        stage: Stage,
        /// How.
        trouble: Trouble,
        /// The MX host, where one was reached for.
        host: Option<String>,
    },
}

/// Why there is no server to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// The domain does not exist (NXDOMAIN).
    NoSuchDomain,
    /// The domain says that it takes no mail (RFC 7505).
    NullMx,
    /// MX records name hosts without any address, or there is neither MX nor address.
    NoHost,
    /// The DNS did not answer: nothing is known.
    DnsTrouble,
}

/// How a conversation broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody listens there.
    Refused,
    /// No answer in the time RFC 5321 §4.5.3.2 grants.
    TimedOut,
    /// The connection closed in the middle.
    Closed,
    /// No network path, or no right to use the source address.
    Unreachable,
    /// The TLS handshake failed.
    Tls,
    /// The host does not keep to what its domain's MTA-STS policy says (RFC 8461).
    Sts,
    /// The host's certificate is not what its TLSA records say, or they could not be learned (RFC 7672).
    Dane,
    /// The host offers no TLS, and the library sends nothing in clear.
    InClear,
    /// The server spoke something that is not SMTP.
    NotSmtp,
    /// The server lacks what the message needs (SMTPUTF8).
    Lacking,
    /// Whoever issues access tokens for a library's own relay gave none.
    NoToken,
    /// We broke off: another process may have taken the message over.
    Withdrawn,
}

/// What one try came to, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The next hop took responsibility. Not the same as read, or even as delivered (invariant 3).
    Accepted {
        /// The 250 after the final dot.
        reply: Reply,
    },
    /// Not now. Where the cause's [`Action`] is not to retry, the same way again is useless: another sender, relay or
    /// channel is next, and the address is as good as before.
    Deferred {
        /// Why.
        cause: Cause,
        /// What was said, where anything was.
        reply: Option<Reply>,
    },
    /// Not this way, ever. Only [`Cause::stops`] says whether the address is to blame.
    Refused {
        /// Why.
        cause: Cause,
        /// What was said, where anything was.
        reply: Option<Reply>,
    },
}

impl Outcome {
    /// The word of histories and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Deferred { .. } => "deferred",
            Self::Refused { .. } => "refused",
        }
    }

    /// Why not; none when it was accepted.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Accepted { .. } => None,
            Self::Deferred { cause, .. } | Self::Refused { cause, .. } => Some(*cause),
        }
    }

    /// What was said, where anything was.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Accepted { reply } => Some(reply),
            Self::Deferred { reply, .. } | Self::Refused { reply, .. } => reply.as_ref(),
        }
    }

    /// Whether this alone ends our use of the address: a refusal for good that speaks of the recipient.
    #[must_use]
    pub fn stops_address(&self) -> bool {
        matches!(self, Self::Refused { cause, .. } if cause.stops())
    }
}
