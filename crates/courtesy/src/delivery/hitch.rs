//! Why a conversation stopped short: refused by a reply, or broken; and how that is called.

use standards::domain::Domain;
use standards::reply::Reply;

use crate::net::tls::Demand;
use crate::outcome::{Said, Stage, Trouble};

/// Why a conversation stopped short, and where.
#[derive(Debug)]
pub(super) struct Hitch {
    pub(super) stage: Stage,
    pub(super) why: Why,
}

#[derive(Debug)]
pub(super) enum Why {
    Replied(Reply),
    Broke(Trouble),
}

impl Hitch {
    pub(super) fn broke(stage: Stage, trouble: Trouble) -> Self {
        Self { stage, why: Why::Broke(trouble) }
    }

    pub(super) fn replied(stage: Stage, reply: Reply) -> Self {
        Self { stage, why: Why::Replied(reply) }
    }

    /// Nothing more can be sent on this connection.
    pub(super) fn ends(&self) -> bool {
        self.is_parting() || matches!(self.why, Why::Broke(_))
    }

    /// The server had gone before it heard us.
    pub(super) fn is_closing(&self) -> bool {
        self.is_parting() || matches!(self.why, Why::Broke(Trouble::Closed))
    }

    /// RFC 5321 §3.8: the server is closing the channel.
    fn is_parting(&self) -> bool {
        matches!(&self.why, Why::Replied(reply) if reply.code == 421)
    }

    pub(super) fn into_said(self, host: &Domain) -> Said {
        match self.why {
            Why::Replied(reply) => Said::Replied { stage: self.stage, reply, host: host.to_string() },
            Why::Broke(trouble) => Said::Broken { stage: self.stage, trouble, host: Some(host.to_string()) },
        }
    }
}

/// Whether the reply lets the conversation go on at this stage.
pub(super) fn accept(stage: Stage, reply: Reply) -> Result<Reply, Hitch> {
    let goes_on = match stage {
        Stage::Greeting => reply.code == 220,
        Stage::Data => reply.code == 354,
        _ => reply.is_positive(),
    };
    if goes_on {
        Ok(reply)
    } else if reply.code >= 400 {
        Err(Hitch::replied(stage, reply))
    } else {
        // A 354 to MAIL, a 250 to DATA: whoever says that is talking about something else.
        Err(Hitch::broke(stage, Trouble::NotSmtp))
    }
}

/// What it is called when TLS does not come to what was demanded.
pub(super) fn broken(demand: &Demand) -> Trouble {
    match demand {
        Demand::Named { by_policy: true, .. } | Demand::NotNamed => Trouble::Sts,
        Demand::Vouched(_) | Demand::Unknown => Trouble::Dane,
        Demand::Encrypted | Demand::Tried { encrypted: true, .. } => Trouble::InClear,
        Demand::Nothing | Demand::Tried { .. } | Demand::Named { by_policy: false, .. } => Trouble::Tls,
    }
}

/// A trouble in words, for the transcript.
pub(super) fn words(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Refused => "nobody listens there",
        Trouble::TimedOut => "no answer in time",
        Trouble::Closed => "the connection was closed",
        Trouble::Unreachable => "no network path, or no right to the source address",
        Trouble::Tls => "the TLS handshake failed",
        Trouble::Sts => "this is not a host that the domain's MTA-STS policy trusts",
        Trouble::Dane => "this is not the host that the TLSA records in DNS describe",
        Trouble::InClear => "no TLS here, and the library sends nothing in clear",
        Trouble::NotSmtp => "this is not SMTP",
        Trouble::Lacking => "the server lacks what the message needs",
        Trouble::Withdrawn => "this process lost its right to send",
        Trouble::NoToken => "there is no access token to sign in with",
    }
}
