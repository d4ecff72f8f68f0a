//! From which network a request comes: for what strangers may ask for a few times only.
//!
//! In: the other end of the connection, and what a proxy before us says of it. Out: a [`Network`]. It is counted by for some minutes and
//! stands in no log and no table. Not here: how often is too often.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::serve::IncomingStream;
use tokio::net::TcpListener;

use super::secure_door::SecureListener;
use crate::net::https::is_public;

/// What a proxy before us says of whom it speaks for; what it added itself comes last.
const FORWARDED: &str = "x-forwarded-for";

/// Bits that name a network: what one provider gives to one customer, or to few.
const BITS_V4: u32 = 24;
const BITS_V6: u32 = 48;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, SecureListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, SecureListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A network; all of those of whom nothing is known are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(Option<IpAddr>);

impl Network {
    /// That of a connection from `peer` with these headers. A proxy before us has a private address: a public one is believed to speak for
    /// itself alone.
    #[must_use]
    pub fn of(peer: Option<IpAddr>, headers: &HeaderMap) -> Self {
        let Some(peer) = peer.map(|ip| ip.to_canonical()) else { return Self(None) };
        let forwarded = headers.get_all(FORWARDED).iter().next_back().and_then(|line| line.to_str().ok());
        let last = forwarded.and_then(|line| line.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
        let ip = last.filter(|_| !is_public(peer)).map_or(peer, |ip| ip.to_canonical());
        Self(Some(match ip {
            IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & (u32::MAX << (32 - BITS_V4))).into(),
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << (128 - BITS_V6))).into(),
        }))
    }
}

impl<S: Sync> FromRequestParts<S> for Network {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|ConnectInfo(Peer(peer))| peer.ip());
        Ok(Self::of(peer, &parts.headers))
    }
}

#[cfg(test)]
mod tests;
