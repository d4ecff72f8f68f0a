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
    /// Where access tokens come from, for [`RelayAuth::Xoauth2`]. None: a token is set by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenSource>,
}

/// Where access tokens come from (OAuth 2.0, RFC 6749).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSource {
    /// The token endpoint: `https://login.provider.example/token`.
    pub token_url: String,
    /// Who we are there.
    pub client_id: String,
    /// What the token is for, as the provider words it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How it is asked for.
    pub grant: Grant,
}

/// How an access token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// With the client's own secret (RFC 6749 §4.4).
    ClientCredentials,
    /// With a refresh token (RFC 6749 §6), and the client's secret where it has one.
    RefreshToken,
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

/// Octets of a token endpoint's URL, a client's id, a scope: what browsers and servers agree to take.
const TOKEN_WORDS_MAX: usize = 2_000;

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
        if let Some(source) = &self.tokens {
            let all = [Some(&source.token_url), Some(&source.client_id), source.scope.as_ref()];
            let fits =
                |text: &String| (1..=TOKEN_WORDS_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
            // In clear on this very machine alone.
            let begins = ["https://", "http://127.0.0.1:", "http://[::1]:"];
            if self.auth != RelayAuth::Xoauth2 {
                return wrong("tokens belong to auth xoauth2");
            }
            if !all.into_iter().flatten().all(fits) || !begins.iter().any(|begin| source.token_url.starts_with(begin)) {
                return wrong("give the token endpoint (https://…) and the client id");
            }
        }
        if !has_from {
            return wrong("a relay of its own sends in the library’s own name: give its address (from) too");
        }
        None
    }
}
