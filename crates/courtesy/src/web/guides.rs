//! What a library's IT department tells its own mail system, so that it takes notices in the library's own name.
//!
//! In: the domain, our relays, and whose system it is. Out: steps in words, and lines to copy. The one whose system it is
//! stands open.

use std::net::IpAddr;

use standards::domain::Domain;

use super::shell::Shell;
use crate::outcome::Provider;
use crate::sender::allow;

/// The steps for one system.
pub(super) struct Guide {
    /// For the page's own links.
    pub id: &'static str,
    /// The system's name.
    pub name: &'static str,
    /// Whether it is the library's.
    pub is_theirs: bool,
    /// What to do, in order.
    pub steps: Vec<String>,
    /// What to copy: commands, or the lines of a file.
    pub lines: String,
}

/// A system, and the words of its steps.
struct Known {
    provider: Provider,
    id: &'static str,
    name: &'static str,
    steps: &'static [&'static str],
}

const KNOWN: &[Known] = &[
    Known {
        provider: Provider::Microsoft365,
        id: "microsoft365",
        name: "Microsoft 365",
        steps: &["allow-microsoft-open", "allow-microsoft-add", "allow-microsoft-pair", "allow-microsoft-shell"],
    },
    Known {
        provider: Provider::Gmail,
        id: "google",
        name: "Google Workspace",
        steps: &["allow-google-open", "allow-google-list", "allow-google-spoofing"],
    },
    Known {
        provider: Provider::Mimecast,
        id: "mimecast",
        name: "Mimecast",
        steps: &["allow-mimecast-open", "allow-mimecast-policy", "allow-mimecast-permitted"],
    },
    Known {
        provider: Provider::Proofpoint,
        id: "proofpoint",
        name: "Proofpoint",
        steps: &["allow-proofpoint-essentials", "allow-proofpoint-spoofing", "allow-proofpoint-server"],
    },
    Known {
        provider: Provider::Barracuda,
        id: "barracuda",
        name: "Barracuda",
        steps: &["allow-barracuda-cloud", "allow-barracuda-exempt", "allow-barracuda-own"],
    },
    Known {
        provider: Provider::Other,
        id: "postfix",
        name: "Postfix",
        steps: &["allow-postfix-file", "allow-postfix-use", "allow-postfix-screen"],
    },
];

/// The steps for every system we know, for mail as `domain` from these relays. `theirs` takes the domain's mail.
pub(super) fn all(shell: &Shell, domain: &Domain, hosts: &[Domain], relays: &[IpAddr], theirs: Provider) -> Vec<Guide> {
    let listed = |separator: &str| relays.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator);
    let singles = || relays.iter().map(|relay| allow::single(*relay)).collect::<Vec<_>>().join("\n");
    let guide = |known: &Known| Guide {
        id: known.id,
        name: known.name,
        is_theirs: known.provider == theirs && theirs != Provider::Other,
        steps: known.steps.iter().map(|step| shell.with(step, "domain", domain.to_string())).collect(),
        lines: match known.provider {
            Provider::Microsoft365 => allow::exchange_online(domain, hosts),
            Provider::Mimecast => singles(),
            Provider::Gmail => listed(", "),
            Provider::Other => allow::postfix(relays),
            _ => listed("\n"),
        },
    };
    KNOWN.iter().map(guide).collect()
}
