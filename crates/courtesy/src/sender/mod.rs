//! In whose name a message leaves, and why that is allowed.
//!
//! In: what DNS said and when ([`Facts`]), what providers really answered ([`Observed`]), the library's wishes and
//! what is ours to send from ([`Ours`]). Out: a [`Proof`] for each way of sending in the library's own name, the
//! [`Plan`] for one attempt with every way that was considered, and the records that the library's IT publishes
//! ([`Kit`]). A message leaves in a library's name only on a proof: unknown never proves anything.
//!
//! Not here: asking the DNS (`net`), signing and sending (`delivery`), remembering (`store`).

mod facts;
mod kit;
mod plan;
mod proof;
mod record;
mod relay;
mod staff;
mod verdict;
mod words;

pub use facts::{
    Alias, Dated, Facts, KeyFact, KeyFinding, Listed, OurKey, Receives, SpfFact, SpfSays, SpfTrouble, Subject,
    is_public_mailbox,
};
pub use kit::{
    At, DnsHost, Format, KIT_LINK_LASTS, Kit, KitLink, SpfAdvice, State, Wanted, allow, delegated_code, dkim_target,
    kit_token, wanted,
};
pub use plan::{Considered, Plan, Situation, plan};
pub use proof::{PROOF_AGE_MAX, Proof, Standing, Way};
pub use record::{Record, RecordKind};
pub use relay::{CANARY_WAIT_MAX, RELAY_PROOF_AGE_MAX, RelayFound, RelayProof, relay_standing};
pub use staff::{StaffVerdict, staff_verdict};
pub use verdict::{Certainty, Family, OBSERVED_REFUSALS_MIN, Observed, ProviderVerdict, Verdict};
pub use words::{Reason, Why};

use std::net::IpAddr;

use standards::domain::Domain;

use crate::config::Config;

/// In whose name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderKind {
    /// The library's domain.
    Own,
    /// The library's domain, through the library's own relay.
    Relay,
    /// Our domain.
    Shared,
}

impl SenderKind {
    /// The word in the store, the API and the timeline.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Relay => "relay",
            Self::Shared => "shared",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Own, Self::Relay, Self::Shared].into_iter().find(|kind| kind.code() == code)
    }
}

/// A way of sending, best first: what vouches for the From address, and where returned mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The library's address, signed with its key; returned mail comes to us under a name in its domain.
    OwnDkimReturn,
    /// The library's address, signed with its key; returned mail comes to our own domain.
    OwnDkim,
    /// The library's address, unsigned by it; SPF vouches for the name in its domain that points to us.
    OwnReturn,
    /// The library's address, unsigned by it; its SPF record lists us, and returned mail goes to the library.
    OwnSpf,
    /// The library's address through the library's own relay, which a test message came through; returned mail goes to
    /// the library.
    OwnRelay,
    /// The library's address on the shared domain.
    Shared,
}

impl Rung {
    /// All that leave from our own relays in the library's name, best first: what DNS can prove.
    pub const OWN: [Self; 4] = [Self::OwnDkimReturn, Self::OwnDkim, Self::OwnReturn, Self::OwnSpf];

    /// The word in the API and the timeline.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OwnDkimReturn => "own_dkim_return",
            Self::OwnDkim => "own_dkim",
            Self::OwnReturn => "own_return",
            Self::OwnSpf => "own_spf",
            Self::OwnRelay => "own_relay",
            Self::Shared => "shared",
        }
    }

    /// In whose name it sends.
    #[must_use]
    pub fn sender(self) -> SenderKind {
        match self {
            Self::Shared => SenderKind::Shared,
            Self::OwnRelay => SenderKind::Relay,
            _ => SenderKind::Own,
        }
    }

    /// Whether mail that comes back goes to the library's own mailbox, where we never see it.
    #[must_use]
    pub fn returns_to_library(self) -> bool {
        matches!(self, Self::OwnSpf | Self::OwnRelay)
    }

    /// Whether a signature of the From domain is part of it.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::OwnDkimReturn | Self::OwnDkim | Self::Shared)
    }
}

/// What is ours to send from and to point libraries to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// The shared domain.
    pub shared: Domain,
    /// The domain that returned mail comes to.
    pub bounces: Domain,
    /// The SPF include that lists our relays.
    pub include: Domain,
    /// Selectors of the shared domain, the preferred one first.
    pub selectors: [String; 2],
    /// Selectors that libraries delegate to us, the preferred one first.
    pub library_selectors: [String; 2],
    /// The label under a library's domain that points to `bounces`.
    pub return_path_label: String,
    /// The name our relays say in HELO.
    pub helo: Domain,
    /// The source addresses of the relays that could carry the message: each must be vouched for.
    pub relays: Vec<IpAddr>,
}

impl Ours {
    /// What the settings say is ours, as a relay that calls itself `helo` and sends from `relays`.
    #[must_use]
    pub fn new(config: &Config, helo: Domain, relays: Vec<IpAddr>) -> Self {
        let shared = &config.shared;
        Self {
            shared: shared.domain.clone(),
            bounces: shared.bounces(),
            include: shared.include(),
            selectors: shared.selectors.clone(),
            library_selectors: shared.library_selectors.clone(),
            return_path_label: shared.return_path_label.clone(),
            helo,
            relays,
        }
    }
}

#[cfg(test)]
mod tests;
