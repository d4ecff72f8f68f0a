//! What the operator sets: one commented file, the environment over it, flags over both.
//!
//! In: a file, `COURTESY_…` variables and `--set` flags. Out: a [`Config`] in which every value has been checked.
//! Wrong keys and values are refused with the place where they stand and what is allowed.
//! Not here: anything a library sets for itself (`library`).

mod layers;
mod live;
mod relay;
mod role;
#[cfg(test)]
mod tests;
mod text;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use standards::domain::Domain;

pub use layers::{Overlay, Refused, load, usual_file};
pub use live::Live;
pub use relay::{Relay, Relays};
pub use role::Role;
pub use text::{Gateway, HttpGateway, Smpp, TextSettings, Twilio};
pub use value::Network;
use value::{absent_when_empty, duration, durations};

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

/// A database.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite in this file, which is made where it is not there.
    Sqlite(PathBuf),
    /// PostgreSQL at this URL, which may hold a password.
    Postgres(String),
}

impl Database {
    /// The PostgreSQL at `url`; none where that is the URL of something else.
    #[must_use]
    pub fn at(url: &str) -> Option<Self> {
        is_postgres(url).then(|| Self::Postgres(url.to_owned()))
    }
}

/// Without what the URL proves us with.
impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(url) => {
                let (_, place) = url.split_once("://").unwrap_or_default();
                let place = place.split(['?', '#']).next().unwrap_or_default();
                let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
                write!(f, "postgres://{place}")
            }
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<&std::path::Path> for Database {
    fn from(file: &std::path::Path) -> Self {
        Self::Sqlite(file.to_owned())
    }
}

impl From<&PathBuf> for Database {
    fn from(file: &PathBuf) -> Self {
        Self::Sqlite(file.clone())
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Where doors listen.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// API and pages.
    pub http: SocketAddr,
    /// Proxies that are believed to say for whom they speak.
    pub proxies: Vec<Network>,
    /// The same under TLS. None: nobody listens for it.
    #[serde(deserialize_with = "absent_when_empty")]
    pub https: Option<SocketAddr>,
    /// Mail that comes back. None: nobody listens for it.
    #[serde(deserialize_with = "absent_when_empty")]
    pub smtp: Option<SocketAddr>,
    /// Mail that comes back, from a mail server on this machine (RFC 2033). None: nobody listens for it.
    #[serde(deserialize_with = "absent_when_empty")]
    pub lmtp: Option<Lmtp>,
    /// Mail that libraries' systems hand in, with STARTTLS. None: nobody listens for it.
    #[serde(deserialize_with = "absent_when_empty")]
    pub submission: Option<SocketAddr>,
    /// The same, in TLS from the start.
    #[serde(deserialize_with = "absent_when_empty")]
    pub submissions: Option<SocketAddr>,
    /// Metrics and health, without a key. None: only by the HTTP door, with one.
    #[serde(deserialize_with = "absent_when_empty")]
    pub metrics: Option<SocketAddr>,
    /// Certificate of the SMTP and HTTPS doors, PEM, with its chain.
    #[serde(deserialize_with = "absent_when_empty")]
    pub smtp_certificate: Option<PathBuf>,
    /// Its private key, PEM.
    #[serde(deserialize_with = "absent_when_empty")]
    pub smtp_key: Option<PathBuf>,
}

/// Where the LMTP door listens: `unix:/run/courtesy/lmtp`, or an address and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lmtp {
    /// A socket in the file system, open to whom its folder lets in.
    Unix(PathBuf),
    /// An address of a machine whose mail server is trusted.
    Tcp(SocketAddr),
}

impl std::str::FromStr for Lmtp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(PathBuf::from(path))),
            Some(_) => Err("write the whole path after unix:, such as unix:/run/courtesy/lmtp".to_owned()),
            None => text.parse().map(Self::Tcp).map_err(|_| {
                format!("“{text}” is neither unix:/path nor an address with its port, such as 127.0.0.1:24")
            }),
        }
    }
}

/// Whom the certificate of the doors is ordered from (RFC 8555).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acme {
    /// The authority's directory. None: nothing is ordered.
    #[serde(deserialize_with = "absent_when_empty")]
    pub directory: Option<String>,
    /// How the authority reaches the operator: a `mailto:` address.
    #[serde(deserialize_with = "absent_when_empty")]
    pub contact: Option<String>,
    /// The names in the certificate. Empty: the public host.
    pub names: Vec<Domain>,
    /// Where the authority asks for the names, and everybody else is sent to the pages. None: at the HTTP door.
    #[serde(deserialize_with = "absent_when_empty")]
    pub listen: Option<SocketAddr>,
}

/// Whom to ask for DNS.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsSettings {
    /// None: the system's own.
    #[serde(deserialize_with = "absent_when_empty")]
    pub resolver: Option<SocketAddr>,
    /// Whether its word on DNSSEC signatures is believed.
    pub dnssec: Dnssec,
    /// The longest that an answer is believed.
    #[serde(deserialize_with = "duration")]
    pub believe_at_most: Duration,
}

/// When the resolver is believed that it checked signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dnssec {
    /// Where it is on this very machine.
    Loopback,
    /// Always.
    On,
    /// Never.
    Off,
}

/// An OpenID provider at which staff may sign in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// Its name for itself; empty: there is none.
    pub issuer: String,
    /// Its name for us.
    pub client_id: String,
    /// What shows it that it is us.
    pub client_secret: String,
    /// The claim that names people as they sign in here.
    pub claim: String,
    /// What people call it.
    pub name: String,
}

/// How we ask other servers by HTTPS, whose addresses other people give.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpsSettings {
    /// Whether they may be at private addresses, and on this very machine without TLS.
    pub private: bool,
}

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Port of receivers.
    pub port: u16,
    /// Most connections to one receiver from one relay.
    pub connections_per_receiver: usize,
    /// Whether receivers may be on this very machine.
    pub loopback: bool,
    /// Whether receivers' domains that ask for it are told how TLS went.
    pub tls_reports: bool,
    /// More MX hosts of providers: `suffix=provider`.
    pub provider_hosts: Vec<ProviderHosts>,
    /// More CA certificates, as a PEM file.
    #[serde(deserialize_with = "absent_when_empty")]
    pub extra_ca: Option<PathBuf>,
}

/// MX hosts of a mailbox provider: `mx.example=gmail`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ProviderHosts {
    /// The hosts' common suffix.
    pub suffix: Domain,
    /// The provider's id in the table of providers.
    pub provider: String,
}

impl TryFrom<String> for ProviderHosts {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("“{text}” is not suffix=provider, such as \"mx.example=gmail\"");
        let (suffix, provider) = text.split_once('=').ok_or_else(wrong)?;
        let suffix = Domain::parse(suffix.trim()).map_err(|_| wrong())?;
        Ok(Self { suffix, provider: provider.trim().to_owned() })
    }
}

/// The shared domain and the names we give out under it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// The domain of the shared address.
    pub domain: Domain,
    /// See [`Shared::bounces`].
    #[serde(deserialize_with = "absent_when_empty")]
    pub bounce_domain: Option<Domain>,
    /// DKIM selectors of the shared domain.
    pub selectors: [String; 2],
    /// DKIM selectors that libraries delegate.
    pub library_selectors: [String; 2],
    /// The label that libraries point to our bounce domain.
    pub return_path_label: String,
    /// See [`Shared::include`].
    #[serde(deserialize_with = "absent_when_empty")]
    pub spf_include: Option<Domain>,
}

impl Shared {
    /// The domain that bounces come back to.
    #[must_use]
    pub fn bounces(&self) -> Domain {
        self.named(self.bounce_domain.as_ref(), "bounces")
    }

    /// The SPF include that lists our relays.
    #[must_use]
    pub fn include(&self) -> Domain {
        self.named(self.spf_include.as_ref(), "_spf")
    }

    /// `set`, or `label` under the shared domain.
    fn named(&self, set: Option<&Domain>, label: &str) -> Domain {
        set.cloned().or_else(|| self.domain.below(label).ok()).unwrap_or_else(|| self.domain.clone())
    }
}

/// Where a library's system hands in mail without a password.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitFrom {
    /// The library's code.
    pub library: String,
    /// Its addresses.
    pub sources: Vec<Network>,
}

/// When to try again.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Waiting times; the last repeats.
    #[serde(deserialize_with = "durations")]
    pub schedule: Vec<Duration>,
    /// How long a claim holds.
    #[serde(deserialize_with = "duration")]
    pub lease: Duration,
}

/// When to give up.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// No notice is tried for longer, whatever its kind allows.
    #[serde(deserialize_with = "duration")]
    pub at_most: Duration,
}

/// How old facts may be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofSettings {
    /// The oldest fact on which a message leaves in a library's own name.
    #[serde(deserialize_with = "duration")]
    pub age_limit: Duration,
    /// How often records are looked at.
    #[serde(deserialize_with = "duration")]
    pub look_every: Duration,
}

/// What is too much.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest HTTP request, bytes.
    pub request_bytes: usize,
    /// Most events in a batch.
    pub batch_events: usize,
    /// Largest ISO 18626 message, bytes.
    pub iso18626_bytes: usize,
    /// Largest mail handed in, bytes.
    pub submission_bytes: usize,
    /// Most messages under way at one time.
    pub in_flight: usize,
}

/// How many notices at once a person is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brake {
    /// So many of one library and kind go out; more are held. 0: any number.
    pub notices: u32,
    /// Within this time.
    #[serde(deserialize_with = "duration")]
    pub within: Duration,
}

/// Whether patrons are told together what may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// Whether they are at libraries that never said so.
    pub by_default: bool,
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

    /// The parts in which `new` differs, of which a process that runs can take up none: it has to be started again for them.
    #[must_use]
    pub fn wants_a_start(&self, new: &Self) -> Vec<&'static str> {
        let parts = [
            ("public_host", self.public_host != new.public_host || self.public_url != new.public_url),
            ("data", self.data != new.data),
            ("database", self.database != new.database),
            ("roles", self.roles != new.roles),
            ("region", self.region != new.region),
            ("listen", self.listen != new.listen),
            ("acme", self.acme != new.acme),
            ("dns", self.dns != new.dns),
            ("smtp", self.smtp != new.smtp),
            ("https", self.https != new.https),
            ("shared", self.shared != new.shared),
            ("relays.warm_up", self.relays.warm_up != new.relays.warm_up),
            ("relays.block_lists", self.relays.block_lists != new.relays.block_lists),
            ("submit_from", self.submit_from != new.submit_from),
            ("text", self.text != new.text),
            ("push", self.push != new.push),
            ("retry", self.retry != new.retry),
            ("deadline", self.deadline != new.deadline),
            ("proof", self.proof != new.proof),
            ("limits", self.limits != new.limits),
            ("digest", self.digest != new.digest),
            ("log.format", self.log.format != new.log.format),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// What no single value shows: each sentence names an option and the fix.
    fn contradictions(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.retry.schedule.is_empty() {
            wrong.push("retry.schedule is empty; give at least one waiting time, such as [\"15m\"]".to_owned());
        }
        // The longest conversation is ten minutes; a shorter lease would have two processes send one message.
        if self.retry.lease < Duration::from_secs(11 * 60) {
            wrong.push("retry.lease is shorter than 11m, the longest SMTP conversation; set it to 15m".to_owned());
        }
        if !(self.database.is_empty() || self.database.starts_with("sqlite:") || is_postgres(&self.database)) {
            wrong.push("database must be empty or begin with sqlite: or postgres://".to_owned());
        }
        if self.public_url.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            wrong.push("public_url must begin with https:// (or http:// on one machine)".to_owned());
        }
        if !self.oidc.issuer.is_empty() && (self.oidc.client_id.is_empty() || self.oidc.client_secret.is_empty()) {
            wrong.push("oidc.issuer needs oidc.client_id and oidc.client_secret".to_owned());
        }
        if self.contact.as_deref().is_some_and(|it| !it.starts_with("https://") && !it.starts_with("mailto:")) {
            wrong.push("contact must begin with mailto: or https://".to_owned());
        }
        if self.roles.is_empty() {
            wrong.push("roles is empty; name at least one of web, intake, inbound, deliver".to_owned());
        }
        if self.listen.smtp_certificate.is_some() != self.listen.smtp_key.is_some() {
            wrong.push("listen.smtp_certificate and listen.smtp_key belong together; set both or neither".to_owned());
        }
        let never = |relay: &&Relay| relay.until.is_some() && relay.until <= relay.planned;
        for relay in self.relay.now().iter().filter(never) {
            wrong.push(format!("relay.until of {} must be later than its planned", relay.host));
        }
        if self.acme.directory.as_deref().is_some_and(|url| !url.starts_with("https://")) {
            wrong.push("acme.directory must begin with https://".to_owned());
        }
        if self.acme.directory.is_some() && self.listen.smtp_certificate.is_some() {
            wrong.push("acme.directory and listen.smtp_certificate exclude each other; clear one".to_owned());
        }
        wrong.extend(text::missing(&self.text));
        if self.smtp.connections_per_receiver == 0 || self.limits.in_flight == 0 {
            wrong.push("smtp.connections_per_receiver and limits.in_flight must be at least 1".to_owned());
        }
        wrong
    }
}
