//! What a process does, where many share one database.

use serde::Deserialize;

/// One part of the work. A process that is told nothing does all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The pages and the API, but for what comes in.
    Web,
    /// The ways in: events and messages of library systems.
    Intake,
    /// The door for mail that comes back, and reading it.
    Inbound,
    /// Sending.
    Deliver,
}
