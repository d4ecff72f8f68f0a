//! A practice internet on loopback: real servers that check and answer like those on the internet.
//!
//! `courtesy demo` and the tests send into it and read what became of each message, and why. Nothing leaves the
//! machine, nothing is needed but unprivileged sockets, and nothing here is used by a running service.
//! In reading order:

pub mod world;
pub mod provider;
mod mail;
mod lookup;
pub mod dns;
pub mod spoof;
pub mod table;
