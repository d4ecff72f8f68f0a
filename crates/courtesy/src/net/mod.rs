//! The world's answers: DNS, TLS, HTTPS, and SMPP of text message gateways.

pub mod dane;
pub mod dns;
pub mod facts;
pub mod https;
pub mod secure;
pub mod smpp;
pub mod tls;
