//! Who keeps a zone, and how its panel wants a record typed.
//!
//! In: the names of the zone's name servers. Out: a [`DnsHost`] of the table, where all of them are its. Not here: asking
//! for them (`net::facts`).

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use standards::domain::Domain;

/// A company that keeps zones.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsHost {
    /// Its name, as people know it.
    pub name: String,
    #[serde(skip_serializing)]
    ns: Vec<String>,
    /// Whether a target must end with a dot in its panel.
    #[serde(default)]
    pub dot: bool,
    /// Its switch between its own addresses and ours, where it has one.
    #[serde(default)]
    pub proxy: Option<Proxy>,
}

/// A panel's words for that switch.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// The state in which our records do not work.
    pub wrong: String,
    /// The state in which they do.
    pub right: String,
}

impl DnsHost {
    /// The one that all of `name_servers` belong to; none where they are several's, unknown, or there are none.
    #[must_use]
    pub fn of(name_servers: &[Domain]) -> Option<&'static Self> {
        let mut found = None;
        for server in name_servers {
            let of_server = Self::of_server(server)?;
            if found.is_some_and(|known| known != of_server) {
                return None;
            }
            found = Some(of_server);
        }
        found
    }

    fn of_server(server: &Domain) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.ns.iter().any(|part| server.as_str().contains(part.as_str())))
    }
}

#[derive(Deserialize)]
struct Source {
    host: Vec<DnsHost>,
}

static HOSTS: LazyLock<Vec<DnsHost>> = LazyLock::new(|| {
    let source: Source = toml::from_str(include_str!("hosts.toml"))
        .expect("the table is part of the binary, and a test reads all of it");
    source.host
});
