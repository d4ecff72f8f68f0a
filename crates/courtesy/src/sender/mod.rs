//! In whose name a message leaves, and why that is allowed.
