<<<<<<< HEAD
//! Rooms together: the one integration binary.

#[cfg(test)]
mod spf_suite;
=======
//! Rooms together, on real sockets.

#[cfg(test)]
mod smtp_client;
>>>>>>> smtp
