//! The world's answers: DNS and TLS.

<<<<<<< HEAD
pub mod tls;
=======
pub mod dns;
>>>>>>> dmarc
