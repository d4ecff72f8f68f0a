//! Which relays reach which hosts.

use std::net::SocketAddr;

use standards::domain::Domain;

use super::RelayAddr;
use crate::delivery::route::Route;

fn relay(sources: &[&str]) -> RelayAddr {
    let name = Domain::parse("out1.notices.example").unwrap();
    RelayAddr { name, sources: sources.iter().map(|ip| ip.parse().unwrap()).collect() }
}

fn route(addresses: &[&str]) -> Route {
    let addresses: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Route::to_host(Domain::parse("mx.patron.example").unwrap(), addresses)
}

#[test]
fn a_relay_reaches_hosts_of_the_families_it_has_addresses_of() {
    let (four, six) = (route(&["192.0.2.1:25"]), route(&["[2001:db8::1]:25"]));
    let both = route(&["192.0.2.1:25", "[2001:db8::1]:25"]);
    let of_four = relay(&["198.51.100.1"]);
    assert!(of_four.reaches(&four) && of_four.reaches(&both) && !of_four.reaches(&six));
    let of_both = relay(&["198.51.100.1", "2001:db8::25"]);
    assert!(of_both.reaches(&six));
    assert!(relay(&[]).reaches(&six), "the system chooses");
}
