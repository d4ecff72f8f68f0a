//! Where doors listen, whose certificate they show, and who is let in by others' word.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use standards::domain::Domain;

use super::value::{Network, absent_when_empty};

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

/// Where a library's system hands in mail without a password.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitFrom {
    /// The library's code.
    pub library: String,
    /// Its addresses.
    pub sources: Vec<Network>,
}
