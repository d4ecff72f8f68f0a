//! The command line.

pub mod spf;
