//! Events come in: checked, made into messages, on disk before the caller hears 202.

pub mod iso18626;
