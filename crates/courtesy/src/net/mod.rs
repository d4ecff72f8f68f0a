//! The world's answers: DNS, TLS, HTTPS, and SMPP of text message gateways; and the certificate of our own doors.

pub mod dane;
pub mod dns;
pub mod facts;
mod held;
pub mod https;
pub mod secure;
pub mod serving;
pub mod smpp;
pub mod source;
pub mod tls;
pub mod validity;
