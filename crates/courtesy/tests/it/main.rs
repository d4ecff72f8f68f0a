//! Rooms together: the one integration binary.

mod spf_suite;
