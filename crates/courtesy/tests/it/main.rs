//! Rooms together, on real sockets.

#[cfg(test)]
mod smtp_client;
