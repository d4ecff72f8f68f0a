//! Whether mail through a library's own relay arrives as the library's: told by a test message that went out by it and
//! came back to us. Pure.
//!
//! In: what became of the last test message. Out: how the way stands, and the reason in words. Not here: sending the
//! message (`watch`), judging it when it comes in (`inbound`).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use standards::address::Address;
use standards::domain::Domain;

use super::proof::Standing;
use super::words::Reason;
use crate::id::CanaryId;
use crate::library::OwnRelay;

/// How long one test message proves a relay. They go out daily; one may get lost on the way.
pub const RELAY_PROOF_AGE_MAX: SignedDuration = SignedDuration::from_hours(48);

/// How long a test message may take. Longer, and notices would not come through in time either.
pub const CANARY_WAIT_MAX: SignedDuration = SignedDuration::from_hours(1);

/// How long after a good answer the next test message goes out.
const AGAIN_AFTER_GOOD: SignedDuration = SignedDuration::from_hours(24);

/// How long after a bad one.
const AGAIN_AFTER_BAD: SignedDuration = SignedDuration::from_hours(1);

/// What is known of one relay with one account, for one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayProof {
    /// Which: [`OwnRelay::name`].
    pub relay: String,
    /// The From address of the test message.
    pub from: Address,
    /// The last test message, while it is waited for.
    pub canary: Option<CanaryId>,
    /// When one came through last.
    pub proven_at: Option<Timestamp>,
    /// What was found last.
    pub found: RelayFound,
    /// When.
    pub at: Timestamp,
}

/// What a test message came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RelayFound {
    /// There is no password or token to sign in with.
    NoSecret,
    /// There is no access token to be had.
    NoToken {
        /// What was tried.
        why: String,
    },
    /// It is on its way.
    Waiting,
    /// It came back, and receivers would have believed it.
    CameThrough {
        /// What vouched for it: `SPF pass (library.example)`.
        saw: String,
    },
    /// It came back, and receivers would not have believed it.
    NotAuthenticated {
        /// What was checked, and what it gave.
        saw: String,
    },
    /// The relay would not take it, or a notice.
    Refused {
        /// What it said.
        reply: String,
    },
    /// The relay could not be talked to.
    Unreachable {
        /// What was tried.
        why: String,
    },
}

impl RelayProof {
    /// Whether a test message should go out now for this relay and address. None known: at once.
    #[must_use]
    pub fn is_due(known: Option<&Self>, relay: &OwnRelay, from: &Address, now: Timestamp) -> bool {
        let Some(known) = known.filter(|known| known.is_about(relay, from)) else { return true };
        let good = matches!(known.found, RelayFound::CameThrough { .. });
        now.duration_since(known.at) >= if good { AGAIN_AFTER_GOOD } else { AGAIN_AFTER_BAD }
    }

    /// Whether it is about this relay and this address.
    #[must_use]
    pub fn is_about(&self, relay: &OwnRelay, from: &Address) -> bool {
        self.relay == relay.name() && self.from == *from
    }
}

/// How the way through `relay` stands for `from`, and why.
#[must_use]
pub fn relay_standing(
    known: Option<&RelayProof>,
    relay: &OwnRelay,
    from: &Address,
    now: Timestamp,
) -> (Standing, Reason) {
    let host = &relay.host;
    let Some(known) = known.filter(|known| known.is_about(relay, from)) else {
        return (
            Standing::Unknown,
            said(
                "relay_not_tried",
                format!("No test message has gone through the library’s own mail server {host} yet."),
                format!(
                    "Aucun message d’essai n’est encore passé par le serveur de courriel {host} de la bibliothèque."
                ),
                None,
            ),
        );
    };
    match &known.found {
        RelayFound::Waiting => waiting(known, relay, now),
        RelayFound::CameThrough { saw } if proven_still(known, now) => (
            Standing::Holds,
            said(
                "own_relay",
                format!(
                    "Sent from the library’s own address through its own mail server {host}: a test message came through it. Undeliverable mail goes back to the library’s mailbox."
                ),
                format!(
                    "Envoyé de l’adresse de la bibliothèque par son propre serveur de courriel {host} : un message d’essai y est passé. Le courriel non distribué revient à la boîte de la bibliothèque."
                ),
                Some(saw),
            ),
        ),
        RelayFound::CameThrough { saw } => (
            Standing::Unknown,
            said(
                "relay_too_old",
                format!(
                    "It is too long ago that a test message came through the library’s own mail server {host}. We are trying again."
                ),
                format!(
                    "Le dernier message d’essai passé par le serveur de courriel {host} de la bibliothèque est trop ancien. Nous essayons de nouveau."
                ),
                Some(saw),
            ),
        ),
        bad => bad_news(bad, host, from),
    }
}

/// What stands against the way for good, until somebody mends it.
fn bad_news(found: &RelayFound, host: &Domain, from: &Address) -> (Standing, Reason) {
    match found {
        RelayFound::NotAuthenticated { saw } => (
            Standing::Fails,
            said(
                "relay_not_believed",
                format!(
                    "A test message came through the library’s own mail server {host}, but receivers would not believe that it is from {}.",
                    from.domain()
                ),
                format!(
                    "Un message d’essai est passé par le serveur de courriel {host} de la bibliothèque, mais les destinataires ne croiraient pas qu’il vient de {}.",
                    from.domain()
                ),
                Some(saw),
            ),
        ),
        RelayFound::Refused { reply } => (
            Standing::Fails,
            said(
                "relay_refused",
                format!(
                    "The library’s own mail server {host} did not let us send. The library’s IT has to look at the account and its password."
                ),
                format!(
                    "Le serveur de courriel {host} de la bibliothèque ne nous a pas permis d’envoyer. Le service informatique de la bibliothèque doit vérifier le compte et son mot de passe."
                ),
                Some(reply),
            ),
        ),
        RelayFound::Unreachable { why } => (
            Standing::Fails,
            said(
                "relay_unreachable",
                format!("The library’s own mail server {host} could not be reached securely."),
                format!("Le serveur de courriel {host} de la bibliothèque n’a pas pu être joint de façon sécurisée."),
                Some(why),
            ),
        ),
        RelayFound::NoToken { why } => (
            Standing::Fails,
            said(
                "relay_no_token",
                format!(
                    "We got no access token for the library’s own mail server {host}. The library’s IT has to look at what it gave us to ask for one."
                ),
                format!(
                    "Nous n’avons pas obtenu de jeton d’accès pour le serveur de courriel {host} de la bibliothèque. Le service informatique de la bibliothèque doit vérifier ce qu’il nous a donné pour le demander."
                ),
                Some(why),
            ),
        ),
        RelayFound::NoSecret | RelayFound::Waiting | RelayFound::CameThrough { .. } => (
            Standing::Fails,
            said(
                "relay_no_secret",
                format!(
                    "We have no password for the library’s own mail server {host}. The library’s IT has to give it."
                ),
                format!(
                    "Nous n’avons pas le mot de passe du serveur de courriel {host} de la bibliothèque. Le service informatique de la bibliothèque doit le fournir."
                ),
                None,
            ),
        ),
    }
}

/// While a test message is on its way the one before still counts, where there was one.
fn waiting(known: &RelayProof, relay: &OwnRelay, now: Timestamp) -> (Standing, Reason) {
    let host = &relay.host;
    if now.duration_since(known.at) >= CANARY_WAIT_MAX {
        let reason = said(
            "relay_never_came",
            format!("A test message through the library’s own mail server {host} did not come back to us."),
            format!("Un message d’essai par le serveur de courriel {host} de la bibliothèque ne nous est pas revenu."),
            None,
        );
        return (Standing::Unknown, reason);
    }
    let reason = said(
        "relay_waiting",
        format!("A test message through the library’s own mail server {host} is on its way."),
        format!("Un message d’essai par le serveur de courriel {host} de la bibliothèque est en route."),
        None,
    );
    (if proven_still(known, now) { Standing::Holds } else { Standing::Unknown }, reason)
}

fn proven_still(known: &RelayProof, now: Timestamp) -> bool {
    known.proven_at.is_some_and(|at| now.duration_since(at) < RELAY_PROOF_AGE_MAX)
}

fn said(code: &'static str, en: String, fr: String, detail: Option<&String>) -> Reason {
    Reason { code, en, fr, detail: detail.cloned() }
}
