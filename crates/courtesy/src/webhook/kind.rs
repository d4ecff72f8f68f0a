//! The types of events, and which of them an entry of a timeline is.

use serde_json::{Value, json};

use crate::notice::catalogue::{Audience, Notice};
use crate::queue::State;
use crate::timeline::{News, Place, What};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $code:literal)*) => {
        /// A type of event. The list is closed: what is not here is told to nobody.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every type, in the order in which one reads of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name on the wire.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

kinds! {
    /// A message waits to be sent: new, or put back into the queue.
    MessageQueued "message.queued"
    /// A message waits for a person's decision.
    MessageHeld "message.held"
    /// It was offered to a receiver: one for each try. What the receiver said comes with it.
    MessageSent "message.sent"
    /// It is tried again later.
    MessageDelayed "message.delayed"
    /// Receivers did not believe the sender: it goes out again under another.
    MessageRerouted "message.rerouted"
    /// A receiver took responsibility for it.
    MessageAccepted "message.accepted"
    /// It could not be delivered, or came back.
    MessageFailed "message.failed"
    /// It did not leave: the library no longer writes to that address.
    MessageSuppressed "message.suppressed"
    /// It was taken back.
    MessageCancelled "message.cancelled"
    /// It went out together with others, in one message of the day: what becomes of that one became of it.
    MessageGathered "message.gathered"
    /// The patron complained of it.
    MessageComplained "message.complained"
    /// The patron asked for no more mail like it.
    MessageOptedOut "message.opted_out"
    /// The patron says that it is in their mailbox.
    MessageConfirmed "message.confirmed"
    /// The patron says that their provider took it for junk.
    MessageInSpam "message.in_spam"
    /// No notice of this event reached the patron: somebody should.
    PatronUnreached "patron.unreached"
    /// An address is no longer written to.
    AddressSuppressed "address.suppressed"
    /// An address is used again.
    AddressAllowed "address.allowed"
    /// A library's sender has changed by itself.
    SenderVerdictChanged "sender.verdict_changed"
    /// A library's own domain proves us: its notices leave in its own name.
    DomainReady "domain.ready"
    /// A record that lets us write in a library's name stands in its DNS.
    DomainRecordFound "domain.record_found"
    /// It stands there no longer.
    DomainRecordLost "domain.record_lost"
    /// Words of a notice were saved.
    NoticePublished "notice.published"
    /// The relays have changed, or will.
    RelayChanged "relay.changed"
    /// No relay may send a library's messages: they wait.
    RelayMissing "relay.missing"
    /// One may again.
    RelayBack "relay.back"
    /// A test that somebody asked for.
    WebhookTest "webhook.test"
}

impl Kind {
    /// Reads a name of the wire.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

/// The message that an entry is of, as it stands after what the entry tells.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// The message's id.
    pub message: String,
    /// The event's id.
    pub event: String,
    /// The library's code.
    pub library: String,
    /// The request's number.
    pub request: String,
    /// The notice's code.
    pub notice: String,
    /// Its state.
    pub state: State,
    /// Why it stands there.
    pub cause: Option<String>,
    /// The provider's name.
    pub provider: Option<String>,
    /// Tries so far.
    pub attempts: i64,
    /// Whether another way to the patron is tried next.
    pub has_next: bool,
}

impl About {
    /// What an event says of it.
    #[must_use]
    pub fn data(&self) -> Value {
        json!({
            "message": self.message, "event": self.event, "library": self.library, "request": self.request,
            "notice": self.notice, "state": self.state, "cause": self.cause, "provider": self.provider,
            "attempts": self.attempts,
        })
    }

    fn is_for_patron(&self) -> bool {
        Notice::from_code(&self.notice).is_ok_and(|notice| notice.audience == Audience::Patron)
    }
}

/// The events that an entry is. An entry that only explains another one is none.
#[must_use]
pub fn of_entry(what: &What, about: &About) -> Vec<Kind> {
    let failed = || match about.state {
        State::Failed if about.is_for_patron() && !about.has_next => vec![Kind::MessageFailed, Kind::PatronUnreached],
        State::Failed => vec![Kind::MessageFailed],
        _ => Vec::new(),
    };
    match what {
        What::Told { .. } | What::Repeats { .. } | What::NextWay { .. } | What::PassesOn { .. } | What::Answers { .. }
            if about.state == State::Queued =>
        {
            vec![Kind::MessageQueued]
        }
        What::Released { .. } => vec![Kind::MessageQueued],
        What::Posted { .. } => vec![Kind::MessageAccepted],
        What::PatronSays { place } => match place {
            Place::Inbox => vec![Kind::MessageConfirmed],
            Place::Spam => vec![Kind::MessageInSpam],
            // It may be under way still: staff see it in the history.
            Place::Nowhere => Vec::new(),
        },
        What::Held { .. } => vec![Kind::MessageHeld],
        What::Attempted(attempt) => {
            let came_to = match attempt.outcome.as_str() {
                "accepted" => vec![Kind::MessageAccepted],
                "deferred" if about.state == State::Delayed => vec![Kind::MessageDelayed],
                "refused" => failed(),
                _ => Vec::new(),
            };
            // Where nobody could be reached, nothing left.
            attempt.host.iter().map(|_| Kind::MessageSent).chain(came_to).collect()
        }
        What::Returned(returned) => match returned.news {
            News::Failed => failed(),
            News::Complaint => match returned.cause.as_str() {
                "complaint.optout" => vec![Kind::MessageOptedOut],
                // RFC 6591: a machine's word about a signature, not the patron's.
                "complaint.auth" => Vec::new(),
                _ => vec![Kind::MessageComplained],
            },
            News::Delayed | News::Delivered | News::AutoReply | News::Other => Vec::new(),
        },
        What::SenderChanged { .. } => vec![Kind::MessageRerouted],
        // What was no longer true when its turn came.
        What::NotSent { .. } if about.state == State::Cancelled => vec![Kind::MessageCancelled],
        What::Expired { .. } | What::NotSent { .. } => failed(),
        What::DoNotSend { .. } if about.is_for_patron() && !about.has_next => vec![Kind::MessageSuppressed, Kind::PatronUnreached],
        What::DoNotSend { .. } => vec![Kind::MessageSuppressed],
        What::Cancelled { .. } => vec![Kind::MessageCancelled],
        What::Gathered { .. } => vec![Kind::MessageGathered],
        What::AddressStopped { .. } => vec![Kind::AddressSuppressed],
        What::Told { .. }
        | What::Cut { .. }
        | What::Repeats { .. }
        | What::PassesOn { .. }
        | What::Answers { .. }
        | What::Replied { .. }
        | What::AddressTried { .. }
        // Told by whoever takes it off the list, in the same transaction as that.
        | What::AddressUsedAgain
        | What::Climbed { .. }
        | What::NextWay { .. }
        | What::Waits { .. }
        | What::WaitsForOthers { .. }
        | What::Gathers { .. }
        | What::LeftOut { .. }
        | What::Seen { .. }
        | What::Resent { .. } => Vec::new(),
    }
}
