//! Rooms together: the one integration binary.

#[cfg(test)]
mod proof;
#[cfg(test)]
mod spf_suite;
