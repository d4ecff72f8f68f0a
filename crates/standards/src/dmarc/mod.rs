//! DMARC: whose policy a From address falls under, and whether a message would pass it.
//!
//! In: a DNS to ask, the author domain, and the identifiers that authenticated. Out: a [`Discovery`] (what was asked,
//! what was found, what applies) and an [`Evaluation`]. Both as RFC 9989 says it (DNS tree walk, §4.10) and as receivers
//! that still follow RFC 7489 do it (public suffix list, §3.2), for the world has both. Not here: SPF and DKIM
//! themselves, reports, and what a receiver does with the verdict.

mod discover;
mod evaluate;
mod record;

pub use discover::{
    Applied, Asked, Discovery, Finding, QUERIES_MAX, View, discover, discover_for, organization_by_list,
};
pub use evaluate::{Aligned, Authenticated, Evaluation, Method, Verdict, evaluate};
pub use record::{Mode, Note, Policy, Psd, Record, Tag};

#[cfg(test)]
mod tests;
