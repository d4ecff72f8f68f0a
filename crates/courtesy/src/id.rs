//! Ids: a prefix that says what it names, and a ULID that sorts by time. `msg_01K9…`.
//!
//! Kept as 16 octets in the store, shown as text everywhere else. Ids are not secrets.

use std::fmt;

use ulid::Ulid;

/// A text that should be an id of some kind and is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{given}” is not an id that begins with {prefix}")]
pub struct NotAnId {
    /// What was given, cut to a sane length.
    pub given: String,
    /// The prefix it should have.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Ulid);

        impl $name {
            /// A new id of this moment, with 80 random bits.
            #[must_use]
            pub fn new(now: jiff::Timestamp) -> Self {
                let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
                Self(Ulid::from_parts(millis, random_u128()))
            }

            /// The first of all ids of this moment: where a range begins or ends.
            #[must_use]
            pub fn first_at(time: jiff::Timestamp) -> Self {
                Self(Ulid::from_parts(u64::try_from(time.as_millisecond()).unwrap_or(0), 0))
            }

            /// As the store keeps it.
            #[must_use]
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_bytes()
            }

            /// When it was made, to the millisecond.
            #[must_use]
            pub fn made_at(self) -> jiff::Timestamp {
                let millis = i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX);
                jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX)
            }

            /// From the store.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Ulid::from_bytes(bytes))
            }

            /// The ULID without its prefix, as it stands in Message-ID and return path.
            #[must_use]
            pub fn bare(self) -> String {
                self.0.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix($prefix)
                    .and_then(|bare| Ulid::from_string(bare).ok())
                    .map(Self)
                    .ok_or_else(|| NotAnId { given: text.chars().take(60).collect(), prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One notice for one address on one channel.
    MessageId "msg_"
    /// Something that happened to a request and reached us.
    EventId "evt_"
    /// An API key (never the secret itself).
    KeyId "key_"
    /// One thing gone wrong for one library and cause.
    IncidentId "inc_"
    /// A mail that came back to us.
    ReturnedId "ret_"
    /// A test message through a library's own relay.
    CanaryId "can_"
    /// A person with a sign-in.
    StaffId "stf_"
    /// A person signed in on one device (never the secret in the cookie).
    SessionId "ses_"
    /// A process among those that share a database.
    ProcessId "prc_"
    /// Where a library's systems want to be told of events.
    WebhookId "whk_"
    /// One event on its way to one webhook.
    DeliveryId "dlv_"
    /// One entry of the audit.
    AuditId "aud_"
    /// The erasing of a patron, or of what has served its time.
    ErasureId "ers_"
}

/// Octets from the operating system's generator: the one source of chance.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random octets");
    bytes
}

fn random_u128() -> u128 {
    u128::from_le_bytes(random_bytes())
}
