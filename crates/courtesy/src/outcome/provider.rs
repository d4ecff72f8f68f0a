//! Mailbox providers and mail filters, told from the names of their mail exchangers.
//!
//! In: MX host names. Out: a [`Provider`], for the rules about replies and for words ("Gmail refused it").
//! Not here: what a provider demands of senders (`sender`).

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use standards::domain::Domain;

/// Who answers for a mailbox. Everyone we have no rules about is [`Provider::Other`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the providers' own")]
pub enum Provider {
    Gmail,
    /// Outlook.com, Hotmail, Live: Microsoft's mailboxes for everyone.
    Outlook,
    /// Microsoft 365: organisations' mailboxes.
    Microsoft365,
    /// Yahoo and AOL, and those who moved there.
    Yahoo,
    YahooJapan,
    Apple,
    Mimecast,
    Proofpoint,
    Barracuda,
    Cisco,
    Messagelabs,
    Sophos,
    TrendMicro,
    Zoho,
    /// GMX, WEB.DE, mail.com, IONOS.
    Gmx,
    Orange,
    Comcast,
    Charter,
    Cox,
    Shaw,
    Telus,
    Amazon,
    Yandex,
    Mailru,
    Tencent,
    Proton,
    Fastmail,
    #[default]
    Other,
}

impl Provider {
    /// The provider that every one of these hosts belongs to; several at once, or none, is [`Provider::Other`].
    #[must_use]
    pub fn from_mx<H: AsRef<str>>(hosts: impl IntoIterator<Item = H>) -> Self {
        let mut found = None;
        for host in hosts {
            let one = Self::of_host(host.as_ref());
            if one == Self::Other || found.is_some_and(|known| known != one) {
                return Self::Other;
            }
            found = Some(one);
        }
        found.unwrap_or_default()
    }

    /// The provider with this id in the table: `gmail`.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(id.to_owned())).ok()
    }

    /// The provider whose consumer mailboxes are at this domain, from its name alone: for guesses before any DNS.
    #[must_use]
    pub fn from_domain(domain: &Domain) -> Self {
        let named = |row: &&Row| row.domains.iter().any(|known| known == domain.as_str());
        ROWS.iter().find(named).map_or(Self::Other, |row| row.id)
    }

    /// The name that people know it by; none for [`Provider::Other`].
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        ROWS.iter().find(|row| row.id == self).map(|row| row.name.as_str())
    }

    /// The name, or the receiver's own domain where it is nobody we know.
    #[must_use]
    pub fn name_or(self, domain: &str) -> &str {
        self.name().unwrap_or(domain)
    }

    /// Longest suffix of whole labels wins: Outlook.com's hosts lie below a Microsoft 365 name.
    fn of_host(host: &str) -> Self {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_under =
            |suffix: &str| host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        ROWS.iter()
            .flat_map(|row| row.mx.iter().map(move |suffix| (suffix, row.id)))
            .filter(|(suffix, _)| is_under(suffix))
            .max_by_key(|(suffix, _)| suffix.len())
            .map_or(Self::Other, |(_, id)| id)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Provider,
    name: String,
    mx: Vec<String>,
    #[serde(default)]
    domains: Vec<String>,
}

#[derive(Deserialize)]
struct Source {
    provider: Vec<Row>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let source: Source = toml::from_str(include_str!("providers.toml"))
        .expect("the table is part of the binary, and a test reads all of it");
    source.provider
});
