//! What the operator sets: one commented file, environment and flags over it.
