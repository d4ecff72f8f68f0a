//! Where a library's patrons sign in, and what that service calls them: an OpenID provider. What proves us there is not here (`store`, sealed).

use super::{InLanguages, LibraryCode, RecordProblem, TEXT_LETTERS_MAX};

/// The service at which a library's patrons sign in (OpenID Connect Core 1.0).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOn {
    /// Its name for itself, word for word as its discovery document says it: `https://login.library.example`.
    pub issuer: String,
    /// Its name for us.
    pub client_id: String,
    /// What patrons call it, on the button.
    pub name: InLanguages,
    /// The claim that is the library's number for the patron.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_claim: Option<String>,
    /// The claim that is their mail address, where the number is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_claim: Option<String>,
}

/// Octets of an issuer, a client's id, a claim's name: what browsers and servers agree to take.
const WORDS_MAX: usize = 2_000;

/// What an issuer begins with: in clear on this very machine alone.
const BEGINS: [&str; 3] = ["https://", "http://127.0.0.1:", "http://[::1]:"];

impl SignOn {
    /// What its secret is sealed for. A secret goes to no other service than the one it was given for.
    #[must_use]
    pub fn about(&self, library: &LibraryCode) -> String {
        format!("sign-on secret {library} {} {}", self.issuer, self.client_id)
    }

    /// What is wrong with it.
    pub(super) fn problems(&self) -> Vec<RecordProblem> {
        let is_word = |text: &str| (1..=WORDS_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        let is_name = |text: &str| {
            let length = text.trim().chars().count();
            (1..=TEXT_LETTERS_MAX).contains(&length) && !text.chars().any(char::is_control)
        };
        let mut claims = self.number_claim.iter().chain(&self.mail_claim);
        let has_claim = self.number_claim.is_some() || self.mail_claim.is_some();
        let names = [Some(&self.name.en), self.name.fr.as_ref()];
        let rules = [
            (
                "sign_on.issuer",
                is_word(&self.issuer) && BEGINS.iter().any(|begin| self.issuer.starts_with(begin)),
                "give the issuer as its discovery document says it; it begins with https://",
            ),
            ("sign_on.client_id", is_word(&self.client_id), "give the client id that the service gave us"),
            (
                "sign_on.name",
                names.into_iter().flatten().all(|name| is_name(name)),
                "give the words for the button, on one line",
            ),
            (
                "sign_on.number_claim",
                has_claim && claims.all(|claim| is_word(claim)),
                "name the claim that is the patron’s number (number_claim) or their mail address (mail_claim)",
            ),
        ];
        let broken = rules.into_iter().filter(|(_, holds, _)| !holds);
        broken.map(|(field, _, detail)| RecordProblem { field, detail: detail.to_owned() }).collect()
    }
}
