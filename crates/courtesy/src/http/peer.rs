//! From which network a request comes: for what strangers may ask for a few times only.
//!
//! In: the other end of the connection, and what a proxy before us says of it. Out: a [`Network`]. It is counted by for some minutes and
//! stands in no log and no table. Not here: how often is too often.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::config;

/// What a proxy before us says of whom it speaks for; what it added itself comes last.
const FORWARDED: &str = "x-forwarded-for";

/// Bits that name a network: what one provider gives to one customer, or to few.
const BITS_V4: u32 = 24;
const BITS_V6: u32 = 48;

/// Entries of that line that are looked at: proxies that stand behind each other are few.
const ENTRIES_MAX: usize = 10;

/// The other end of a connection, and the proxies that are believed.
#[derive(Clone, Debug)]
pub struct Peer {
    ip: IpAddr,
    proxies: Arc<[config::Network]>,
}

impl Peer {
    /// Whoever connects from `ip`. Those of `proxies` are believed to say for whom they speak.
    #[must_use]
    pub fn at(ip: IpAddr, proxies: Arc<[config::Network]>) -> Self {
        Self { ip: ip.to_canonical(), proxies }
    }

    fn is_proxy(&self, ip: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(ip))
    }

    /// Who asks, with these headers: the last that a proxy named who is not one himself. Whoever is no proxy of ours speaks for nobody else.
    fn who(&self, headers: &HeaderMap) -> IpAddr {
        let mut who = self.ip;
        let lines = headers.get_all(FORWARDED).iter().rev().filter_map(|line| line.to_str().ok());
        for entry in lines.flat_map(|line| line.rsplit(',')).take(ENTRIES_MAX) {
            let Ok(ip) = entry.trim().parse::<IpAddr>() else { break };
            if !self.is_proxy(who) {
                break;
            }
            who = ip.to_canonical();
        }
        who
    }
}

/// A network; all of those of whom nothing is known are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(Option<IpAddr>);

impl Network {
    /// That of whoever asks by `peer` with these headers.
    #[must_use]
    pub fn of(peer: Option<&Peer>, headers: &HeaderMap) -> Self {
        Self(peer.map(|peer| match peer.who(headers) {
            IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & (u32::MAX << (32 - BITS_V4))).into(),
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << (128 - BITS_V6))).into(),
        }))
    }
}

impl<S: Sync> FromRequestParts<S> for Network {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.extensions.get::<Peer>(), &parts.headers))
    }
}

#[cfg(test)]
mod tests;
