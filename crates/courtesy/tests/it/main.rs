//! Rooms together, on real sockets: the one integration binary.

#[cfg(test)]
mod bounce_corpus;
#[cfg(test)]
mod own_relay;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod smtp_client;
#[cfg(test)]
mod spf_suite;
