//! What a library's own mail system is told, so that it takes our notices: as the lines that its tools take.
//!
//! In: the library's domain and our relays' addresses. Out: lines. Not here: the steps in words (pages), and what such a
//! system would do without (`sender::staff_verdict`).

use std::fmt::Write as _;
use std::net::IpAddr;

use standards::dmarc::organization_by_list;
use standards::domain::Domain;

/// `192.0.2.10/32`, as filters write one address.
#[must_use]
pub fn single(ip: IpAddr) -> String {
    format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 })
}

/// Commands for Exchange Online: mail in the name of `domain` from servers whose names are in these domains is no
/// forgery. It goes by the name that the reverse DNS gives a server, without the host's own part.
#[must_use]
pub fn exchange_online(domain: &Domain, relays: &[Domain]) -> String {
    let mut organizations: Vec<Domain> = relays.iter().map(organization_by_list).collect();
    organizations.sort();
    organizations.dedup();
    organizations.iter().fold(String::new(), |mut text, organization| {
        let _ = writeln!(
            text,
            "New-TenantAllowBlockListSpoofItems -Identity Default -Action Allow -SpoofType Internal \
             -SpoofedUser \"{domain}\" -SendingInfrastructure \"{organization}\""
        );
        text
    })
}

/// A table of Postfix (`cidr_table(5)`) that permits these addresses.
#[must_use]
pub fn postfix(relays: &[IpAddr]) -> String {
    relays.iter().fold(String::new(), |mut text, relay| {
        let _ = writeln!(text, "{:<24} OK", single(*relay));
        text
    })
}
