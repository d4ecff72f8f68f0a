//! Looks at every library's records regularly.
