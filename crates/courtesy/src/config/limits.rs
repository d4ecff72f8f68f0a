//! How long, how often and how much: retries, deadlines, the age of proofs, sizes, and when a person is asked.

use std::time::Duration;

use serde::Deserialize;

use super::value::{duration, durations};

/// When to try again.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Waiting times; the last repeats.
    #[serde(deserialize_with = "durations")]
    pub schedule: Vec<Duration>,
    /// How long a claim holds.
    #[serde(deserialize_with = "duration")]
    pub lease: Duration,
}

/// When to give up.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// No notice is tried for longer, whatever its kind allows.
    #[serde(deserialize_with = "duration")]
    pub at_most: Duration,
}

/// How old facts may be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofSettings {
    /// The oldest fact on which a message leaves in a library's own name.
    #[serde(deserialize_with = "duration")]
    pub age_limit: Duration,
    /// How often records are looked at.
    #[serde(deserialize_with = "duration")]
    pub look_every: Duration,
}

/// What is too much.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest HTTP request, bytes.
    pub request_bytes: usize,
    /// Most events in a batch.
    pub batch_events: usize,
    /// Largest ISO 18626 message, bytes.
    pub iso18626_bytes: usize,
    /// Largest mail handed in, bytes.
    pub submission_bytes: usize,
    /// Most messages under way at one time.
    pub in_flight: usize,
}

/// How many notices at once a person is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brake {
    /// So many of one library and kind go out; more are held. 0: any number.
    pub notices: u32,
    /// Within this time.
    #[serde(deserialize_with = "duration")]
    pub within: Duration,
}

/// Whether patrons are told together what may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// Whether they are at libraries that never said so.
    pub by_default: bool,
}
