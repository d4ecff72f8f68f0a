//! A mail as another system wrote it, to be passed on in an honest name.
//!
//! In: the octets a library's system handed in, and the plan of an attempt. Out: whether its From may be used
//! ([`is_anothers`]), what it seems to be about ([`recognise`]), and the same mail with the headers we answer for rewritten
//! ([`honest`]): its body and its Message-ID stay as they are. Not here: how it came in (`smtp`), what its messages become
//! (`intake`), the way out (`delivery`).

mod claim;
mod head;
mod honest;
mod recognise;
#[cfg(test)]
mod tests;

pub use claim::is_anothers;
pub use head::{Field, Head, addresses};
pub use honest::{Name, honest, needs_utf8};
pub use recognise::{Recognised, recognise};

use jiff::Timestamp;
use std::net::IpAddr;

/// What stands in place of a notice's code where the kind of a mail was not recognised.
pub const UNKNOWN_KIND: &str = "mail";

/// RFC 5321 §6.3: a mail that has passed this many servers goes round in circles.
const RECEIVED_MAX: usize = 50;

/// What keeps a mail from being passed on at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It has passed too many servers.
    Loops,
    /// It has more than one From field (RFC 5322 §3.6): readers would not agree on who wrote it.
    ManyFroms,
    /// Its header holds octets that end no line, or a NUL.
    Broken,
}

/// Why `mail` cannot be passed on, whoever hands it in.
#[must_use]
pub fn unfit(head: &Head<'_>) -> Option<Unfit> {
    if head.all("received").count() > RECEIVED_MAX {
        return Some(Unfit::Loops);
    }
    if head.all("from").count() > 1 {
        return Some(Unfit::ManyFroms);
    }
    head.fields.iter().any(|field| field.raw.contains(&0)).then_some(Unfit::Broken)
}

/// How a mail came in, for its Received field.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// What the client called itself.
    pub helo: &'a str,
    /// Its address.
    pub client: IpAddr,
    /// We.
    pub host: &'a str,
    /// RFC 3848: `ESMTP`, and `S` under TLS, `A` signed in.
    pub with: &'a str,
    /// The event's id.
    pub id: &'a str,
    /// When.
    pub at: Timestamp,
}

/// The trace field of a mail that came in (RFC 5321 §4.4).
#[must_use]
pub fn received(arrival: &Arrival<'_>) -> String {
    let helo: String =
        arrival.helo.chars().filter(|c| c.is_ascii_graphic() && !"()<>".contains(*c)).take(200).collect();
    let address = match arrival.client.to_canonical() {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    };
    let at = jiff::fmt::rfc2822::to_string(&arrival.at.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    format!(
        "Received: from {helo} ({address})\r\n by {} with {}\r\n id {};\r\n {at}\r\n",
        arrival.host, arrival.with, arrival.id
    )
}
