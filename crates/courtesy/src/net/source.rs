//! The addresses that mail leaves from: whether this machine has them.
//!
//! In: the relays of the settings. Out: the source addresses of this machine's relays that the system does not let us bind to. Not here: the
//! call itself, which fails for such an address before any receiver was asked (`delivery`).

use std::net::{IpAddr, UdpSocket};

use jiff::Timestamp;
use standards::domain::Domain;

use crate::config::Config;

/// Source addresses of relays that send from this machine at `now`, and that it does not have; each with its relay.
#[must_use]
pub fn addresses_not_here(config: &Config, now: Timestamp) -> Vec<(Domain, IpAddr)> {
    let here = config.relays_at(now).into_iter().filter(|relay| config.is_here(relay));
    let all = here.flat_map(|relay| relay.sources.clone().into_iter().map(move |ip| (relay.host.clone(), ip)));
    all.filter(|(_, ip)| !is_ours(*ip)).collect()
}

/// Whether the system lets us use `ip` as our own. Nothing is sent. What fails for another reason says nothing about the address.
fn is_ours(ip: IpAddr) -> bool {
    let bound = UdpSocket::bind((ip, 0));
    !bound.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrNotAvailable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Relay;

    #[test]
    fn an_address_of_another_machine_is_found() {
        let host = Domain::parse("out1.notices.example").unwrap();
        let sources = ["127.0.0.1", "192.0.2.25"].map(|ip| ip.parse().unwrap()).to_vec();
        let relay = Relay { host: host.clone(), region: "ca-west".to_owned(), sources, planned: None, until: None };
        let config = Config { relay: vec![relay].into(), ..Config::default() };
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(addresses_not_here(&config, now), [(host, "192.0.2.25".parse().unwrap())]);
        let elsewhere = vec![Domain::parse("out2.notices.example").unwrap()];
        config.relays.here.take_up(std::sync::Arc::new(elsewhere));
        assert_eq!(addresses_not_here(&config, now), [], "its relay is on another machine");
    }
}
