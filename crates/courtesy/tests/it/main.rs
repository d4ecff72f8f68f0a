<<<<<<< HEAD
//! Rooms together: the one integration binary.

mod spf_suite;
=======
//! Rooms together, on real sockets.

#[cfg(test)]
mod smtp_client;
>>>>>>> smtp
