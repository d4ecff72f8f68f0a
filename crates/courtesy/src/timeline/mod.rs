//! The append-only history of a message, as staff read it.
