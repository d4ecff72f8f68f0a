//! A practice internet on loopback.
