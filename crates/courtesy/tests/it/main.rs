//! Rooms together: the one integration binary.

#[cfg(test)]
mod spf_suite;
