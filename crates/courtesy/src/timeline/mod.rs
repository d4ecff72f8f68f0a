//! The append-only history of a message, as staff read it.
//!
//! In: what the engines did. Out: [`Entry`] values, kept as JSON by the store, told in words by pages, API and
//! command line. Not here: addresses and contents, beyond what the transcript of an attempt holds (masked on display).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::id::{EventId, MessageId, ReturnedId};

/// One line of a message's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened. The list is closed: what is not here cannot stand in a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A request system told us of an event, and this message was written for it.
    Told {
        /// The event.
        event: EventId,
        /// By which door: `api`, `iso18626`, `staff`.
        source: String,
        /// The event's status.
        status: String,
    },
    /// What the event told was longer than we keep, and was cut.
    Cut {
        /// Which parts of it.
        fields: Vec<String>,
    },
    /// One try at delivery, with everything that was said.
    Attempted(Box<Attempt>),
    /// A mail came back to its return path.
    Returned(Box<Returned>),
    /// A person wrote back.
    Replied {
        /// The id their mail was taken in under.
        reply: ReturnedId,
        /// The message that passes it on to the library; none where there is nobody to pass it on to, or too many came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passed_on: Option<MessageId>,
        /// The message that answers its writer, where it was answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answered: Option<MessageId>,
    },
    /// This message passes a person's mail on to the library.
    PassesOn {
        /// The id their mail was taken in under.
        reply: ReturnedId,
        /// The message it replies to, where it names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<MessageId>,
    },
    /// This message tells a person, by a machine, that their mail has come.
    Answers {
        /// The id their mail was taken in under.
        reply: ReturnedId,
        /// The message it replies to, where it names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<MessageId>,
    },
    /// The next attempt goes out under another sender, because receivers did not believe the last one.
    SenderChanged {
        /// Why.
        cause: String,
    },
    /// Waits for a person's decision.
    Held {
        /// Why.
        cause: String,
        /// Which fields are missing, where that is the reason.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<String>,
    },
    /// Its deadline came before a receiver took it.
    Expired {
        /// The last reason it did not go.
        cause: String,
    },
    /// It never left: there is nothing to send it to, or the address is not one.
    NotSent {
        /// Why.
        cause: String,
    },
    /// It did not leave: the library no longer writes to this address.
    DoNotSend {
        /// The cause that stopped the address.
        because: String,
        /// Since when.
        since: Timestamp,
    },
    /// What was said of this message ends the library's use of the address.
    AddressStopped {
        /// Why.
        cause: String,
    },
    /// The address was stopped long ago; this message tries it again.
    AddressTried {
        /// Since when it was stopped.
        since: Timestamp,
    },
    /// The address takes mail again: the stop is over.
    AddressUsedAgain,
    /// Taken back.
    Cancelled {
        /// The key or person that did it.
        by: String,
    },
    /// A person asked for it to be sent again; `again` is the new message.
    Resent {
        /// The key or person that did it.
        by: String,
        /// The message that repeats this one.
        again: MessageId,
    },
    /// This message repeats an earlier one.
    Repeats {
        /// The earlier one.
        of: MessageId,
        /// The key or person that asked.
        by: String,
    },
    /// It did not arrive, or waited too long: another message takes its place.
    Climbed {
        /// The message that does.
        again: MessageId,
        /// By which way.
        channel: Channel,
        /// Whether it still waited, and was taken back.
        #[serde(default)]
        waited: bool,
    },
    /// This message takes the place of one that did not arrive.
    NextWay {
        /// The earlier one.
        of: MessageId,
        /// By which way.
        channel: Channel,
    },
    /// It waits for others of its patron's, to be told together with them.
    WaitsForOthers {
        /// Until when.
        until: Timestamp,
    },
    /// It went out together with others, in one message.
    Gathered {
        /// That message.
        into: MessageId,
    },
    /// This message tells several notices together.
    Gathers {
        /// How many.
        count: usize,
    },
    /// Of what this message was to tell, one was no longer true, and was left out.
    LeftOut {
        /// The message that would have told it alone.
        message: MessageId,
        /// Its request's number.
        request: String,
        /// Why.
        cause: String,
    },
    /// It waits for a better hour.
    Waits {
        /// Until when.
        until: Timestamp,
    },
    /// A device of the patron has shown it.
    Seen {
        /// Whether the patron has opened it there.
        opened: bool,
    },
    /// Somebody has printed it and put it in the post.
    Posted {
        /// The key or person that says so.
        by: String,
    },
    /// The patron says where it is.
    PatronSays {
        /// Where.
        place: Place,
    },
    /// A person put it back into the queue.
    Released {
        /// The key or person that did it.
        by: String,
    },
}

impl What {
    /// Whether it has words of other servers in it, which may name whom a message was for.
    #[must_use]
    pub fn has_words(&self) -> bool {
        matches!(self, Self::Attempted(_) | Self::Returned(_))
    }

    /// The same without them: what happened, and why.
    #[must_use]
    pub fn without_words(self) -> Self {
        match self {
            Self::Attempted(attempt) => {
                Self::Attempted(Box::new(Attempt { reply: None, transcript: String::new(), ..*attempt }))
            }
            Self::Returned(returned) => {
                // RFC 3463 §2: three numbers. What gateways write there may be anything.
                let is_code = |status: &String| status.chars().all(|c| c.is_ascii_digit() || c == '.');
                let status = returned.status.clone().filter(is_code);
                Self::Returned(Box::new(Returned { words: String::new(), host: None, status, ..*returned }))
            }
            other => other,
        }
    }
}

/// Where a patron finds a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Among their mail.
    Inbox,
    /// With what their provider takes for junk.
    Spam,
    /// They do not find it.
    Nowhere,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 3] = [Self::Inbox, Self::Spam, Self::Nowhere];

    /// The code in tables, forms and the API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Spam => "spam",
            Self::Nowhere => "nowhere",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.code() == code)
    }
}

/// One try at delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The first is 1.
    pub number: u32,
    /// `own`, `relay` or `shared`; `text` for a text message, `push` for a notification.
    pub sender: String,
    /// The From address.
    pub from: String,
    /// The domain of the return path.
    pub return_path: String,
    /// Why this sender, as a code of the plan's reasons.
    pub why: String,
    /// The relay's host name.
    pub relay: String,
    /// The address it left from, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The mailbox provider's name, or the receiver's domain.
    pub provider: String,
    /// The host that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// `accepted`, `deferred` or `refused`.
    pub outcome: String,
    /// The cause, unless accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The reply that decided, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// TLS version and cipher, where the conversation was encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// Of a text message: in how many parts it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<usize>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The conversation, one line each, with addresses as they were said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub transcript: String,
}

/// A mail that came back, and what it says of this message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    /// The id it was taken in under: the same mail never makes two lines.
    pub report: ReturnedId,
    /// What the mail says, hashed: one that was handed in again, because our 250 got lost, has the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// What kind of news it is.
    pub news: News,
    /// The cause's code.
    pub cause: String,
    /// The three digits of the server's reply, where the mail quotes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<u16>,
    /// The enhanced status code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The mailbox provider that refused, where the report names a host of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The words it was read from, with addresses as they were said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// The server that handed it in: its name as it says, and its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// What kind of news came back, the weightiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// Somebody gave up on it.
    Failed,
    /// The recipient complains.
    Complaint,
    /// Somebody still tries.
    Delayed,
    /// It reached a mailbox, or a place from where no news comes.
    Delivered,
    /// A machine answered for the recipient.
    AutoReply,
    /// Something that nobody here can read: a person may.
    Other,
}
