//! Rooms together, on real sockets: the one integration binary.

#[cfg(test)]
<<<<<<< HEAD
mod bounce_corpus;
#[cfg(test)]
mod smtp_client;
=======
mod proof;
>>>>>>> dmarc
#[cfg(test)]
mod spf_suite;
