//! When a message is due, when it is tried again, and when that ends.
