//! The world's answers: DNS and TLS.
