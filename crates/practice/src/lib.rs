//! A practice internet on loopback: real servers that check and answer like those on the internet.
//!
//! `courtesy demo` and the tests send into it and read what became of each message, and why. Nothing leaves the
//! machine, nothing is needed but unprivileged sockets, and nothing here is used by a running service.
//!
//! In reading order: [`world`] is who lives there, [`provider`] how a mailbox provider judges, `mail` its front
//! door, [`dns`] the name server and `lookup` its client, [`spoof`] today's way of sending, [`table`] the counts.
//! Beside it, [`postgres`] is a database server for tests.

pub mod dns;
mod lookup;
mod mail;
pub mod postgres;
pub mod provider;
pub mod spoof;
pub mod table;
pub mod world;
