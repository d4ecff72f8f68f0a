//! Claims what is due, plans, renders, signs, sends, settles.
//!
//! On the wire, from the outside in: [`route`] finds the hosts of a domain, [`pool`] keeps connections to them at the
//! pace ([`pace`]) they bear, [`dial`] makes one, [`conversation`] talks SMTP over a `wire` and writes down every word
//! in a [`transcript`].

pub mod conversation;
pub mod dial;
pub mod pace;
pub mod pool;
pub mod route;
pub mod transcript;
pub mod wire;

mod content;
mod lane;
