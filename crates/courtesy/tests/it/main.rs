//! Rooms together: the one integration binary.

mod bounce_corpus;
