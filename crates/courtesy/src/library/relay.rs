//! A library's own mail relay: where it is, and who we are there. What proves it is not here (`store`, sealed).

use standards::domain::Domain;

use super::RecordProblem;

/// A mail relay of the library's, through which notices may leave in its name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRelay {
    /// Its host name: `smtp.library.example`.
    pub host: Domain,
    /// Its port: 587 for STARTTLS, 465 for TLS from the start (RFC 8314).
    pub port: u16,
    /// How the connection is secured. The certificate is always checked.
    pub tls: RelayTls,
    /// The name of the account.
    pub user: String,
    /// What proves that we may use it.
    pub auth: RelayAuth,
}

/// How the connection to a library's own relay is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayTls {
    /// Asked for after the greeting, and demanded.
    Starttls,
    /// Before the greeting.
    Implicit,
    /// Not at all: only on this very machine.
    None,
}

/// What proves who we are at a library's own relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayAuth {
    /// A password.
    Plain,
    /// An OAuth 2 access token.
    Xoauth2,
}

/// Octets of an account's name: an address has 254 at most.
const USER_OCTETS_MAX: usize = 254;

impl OwnRelay {
    /// Which relay and account it is, in one line. What was proven of one is proven of no other.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{} {}", self.host, self.port, self.user)
    }

    /// What is wrong with it.
    pub(super) fn problem(&self, has_from: bool) -> Option<RecordProblem> {
        let wrong = |detail: &str| Some(RecordProblem { field: "relay", detail: detail.to_owned() });
        if self.port == 0 {
            return wrong("give its port: 587, or 465 with tls implicit");
        }
        if self.user.is_empty() || self.user.len() > USER_OCTETS_MAX || self.user.chars().any(char::is_control) {
            return wrong("give the name of the account to sign in with");
        }
        if !has_from {
            return wrong("a relay of its own sends in the library’s own name: give its address (from) too");
        }
        None
    }
}
