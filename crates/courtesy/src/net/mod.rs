//! The world's answers: DNS and TLS.

pub mod dns;
pub mod facts;
pub mod tls;
