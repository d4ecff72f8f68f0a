//! Bounces, as rules.
