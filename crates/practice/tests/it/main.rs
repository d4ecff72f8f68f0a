//! The practice internet as a whole: real sockets, real DNS, real keys.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod before;
mod client;
mod front_door;
mod signed;
mod trouble;
