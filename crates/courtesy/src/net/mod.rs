//! The world's answers: DNS, TLS and HTTPS.

pub mod dane;
pub mod dns;
pub mod facts;
pub mod https;
pub mod secure;
pub mod tls;
