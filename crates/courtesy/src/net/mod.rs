//! The world's answers: DNS and TLS.

pub mod dns;
pub mod facts;
<<<<<<< HEAD
pub mod tls;
=======
>>>>>>> dmarc
