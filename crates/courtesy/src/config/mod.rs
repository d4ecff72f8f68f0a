//! What the operator sets: one commented file, the environment over it, flags over both.
//!
//! In: a file, `COURTESY_…` variables and `--set` flags. Out: a [`Config`] in which every value has been checked.
//! Wrong keys and values are refused with the place where they stand and what is allowed.
//! Not here: anything a library sets for itself (`library`).

mod database;
mod doors;
mod layers;
mod limits;
mod live;
mod outward;
mod relay;
mod role;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod whole;

use std::path::PathBuf;

use serde::Deserialize;
use standards::domain::Domain;

pub use database::Database;
use database::is_postgres;
pub use doors::{Acme, Listen, Lmtp, Oidc, SubmitFrom};
pub use layers::{Overlay, Refused, load, usual_file};
pub use limits::{Brake, Deadline, Digest, Limits, ProofSettings, Retry};
pub use live::Live;
pub use outward::{DnsSettings, Dnssec, HttpsSettings, ProviderHosts, Shared, Smtp};
pub use relay::{Relay, Relays};
pub use role::Role;
pub use text::{Gateway, HttpGateway, Smpp, TextSettings, Twilio};
pub use value::Network;
use value::absent_when_empty;

/// The file as `courtesy init` writes it: every option, its default and a sentence.
pub const TEMPLATE: &str = include_str!("courtesy.toml");

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The name of this service on the internet.
    pub public_host: Domain,
    /// See [`Config::url`].
    #[serde(deserialize_with = "absent_when_empty")]
    pub public_url: Option<String>,
    /// Where people reach whoever runs this service: a `mailto:` or `https:` address.
    #[serde(deserialize_with = "absent_when_empty")]
    pub contact: Option<String>,
    /// The folder for everything kept on this machine.
    pub data: PathBuf,
    /// Empty for SQLite in the data folder, or a database URL. See [`Config::database_at`].
    pub database: String,
    /// What this process does.
    pub roles: Vec<Role>,
    /// Empty, or the region of libraries whose messages this process sends.
    pub region: String,
    /// Where doors listen.
    pub listen: Listen,
    /// Whom the certificate of the doors is ordered from.
    pub acme: Acme,
    /// Whom to ask for DNS.
    pub dns: DnsSettings,
    /// How mail leaves.
    pub smtp: Smtp,
    /// How we ask other servers by HTTPS.
    pub https: HttpsSettings,
    /// Where staff may sign in beside here.
    pub oidc: Oidc,
    /// The shared domain and the names we give out under it.
    pub shared: Shared,
    /// How relays are used.
    pub relays: Relays,
    /// The relays that send, each in its region. See [`Config::take_up_relays`].
    #[serde(default)]
    pub relay: Live<Vec<Relay>>,
    /// How text messages leave.
    pub text: TextSettings,
    /// How we ask push services, whose addresses patrons' browsers give.
    pub push: HttpsSettings,
    /// Systems that hand in mail without a password.
    #[serde(default)]
    pub submit_from: Vec<SubmitFrom>,
    /// When to try again.
    pub retry: Retry,
    /// When to give up.
    pub deadline: Deadline,
    /// How old facts may be.
    pub proof: ProofSettings,
    /// What is too much.
    pub limits: Limits,
    /// How many notices at once a person is asked about.
    pub brake: Brake,
    /// Whether patrons are told together what may wait.
    pub digest: Digest,
    /// What is written to the log.
    pub log: Log,
}

/// What is written to the log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Level, or levels per room.
    pub level: String,
    /// For people or for machines.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        toml::from_str(TEMPLATE).expect("a test reads the template")
    }
}

impl Config {
    /// Where browsers reach the pages, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self.public_host.as_str() == "localhost" => format!("http://{}", self.listen.http),
            None => format!("https://{}", self.public_host),
        }
    }

    /// Whether browsers reach the pages by HTTPS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url().starts_with("https://")
    }

    /// Where the database is.
    #[must_use]
    pub fn database_at(&self) -> Database {
        if is_postgres(&self.database) {
            return Database::Postgres(self.database.clone());
        }
        Database::Sqlite(match self.database.strip_prefix("sqlite:") {
            Some(path) => PathBuf::from(path),
            None => self.data.join("courtesy.db"),
        })
    }

    /// Whether this process has `role`.
    #[must_use]
    pub fn plays(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
