//! The world's answers: DNS, TLS and HTTPS.

pub mod dns;
pub mod facts;
pub mod https;
pub mod tls;
