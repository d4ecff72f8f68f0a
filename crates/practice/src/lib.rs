//! A practice internet on loopback.

pub mod dns;
