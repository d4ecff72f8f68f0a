//! What a provider found out about a message, before it decides anything.

use std::fmt;
use std::net::IpAddr;

use standards::domain::Domain;

use super::headers::HeaderFault;

/// The result words of RFC 8601 §2.7, one set for SPF, DKIM and DMARC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Nothing to check.
    #[default]
    None,
    /// Checked and sound.
    Pass,
    /// Checked and wrong.
    Fail,
    /// SPF `~all`: probably wrong.
    SoftFail,
    /// Nothing is claimed.
    Neutral,
    /// DNS did not answer.
    TempError,
    /// The published records cannot be understood.
    PermError,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        })
    }
}

/// One DKIM signature and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Signature {
    /// `d=`, as written.
    pub domain: String,
    /// `s=`, as written.
    pub selector: String,
    /// Whether it verifies.
    pub mark: Mark,
}

/// How the policy of a From domain is found. Receivers are mixed, so the practice ones are too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Discovery {
    /// Walking up the DNS tree (RFC 9989 §4.10).
    TreeWalk,
    /// By the public suffix list (RFC 7489 §3.2).
    SuffixList,
}

/// What a DMARC policy asks for (RFC 9989 §4.7, `p=`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Do nothing special.
    Nothing,
    /// Treat with suspicion.
    Quarantine,
    /// Refuse.
    Reject,
}

/// All that was found.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Who connected.
    pub client: IpAddr,
    /// The domain SPF was checked for: of the envelope sender, or the HELO name for the null sender.
    pub spf_domain: String,
    /// SPF (RFC 7208).
    pub spf: Mark,
    /// Every DKIM signature (RFC 6376).
    pub dkim: Vec<Signature>,
    /// DMARC (RFC 9989).
    pub dmarc: Mark,
    /// The domain of the From field, when there is exactly one that can be read.
    pub from_domain: Option<Domain>,
    /// Message-ID without its angle brackets.
    pub message_id: String,
    /// What the policy that applies asks for; nothing without a policy.
    pub(crate) wish: Wish,
    /// The name of the client that also points back to it (RFC 8601 §2.7.3).
    pub(crate) ptr: Mark,
    /// The first thing about the header that RFC 5322 forbids.
    pub(crate) header_fault: Option<HeaderFault>,
}

impl Findings {
    /// The best DKIM result, the one that counts.
    #[must_use]
    pub fn best_dkim(&self) -> Mark {
        let worth = |mark: Mark| match mark {
            Mark::Pass => 0,
            Mark::TempError => 1,
            Mark::Fail => 2,
            Mark::PermError => 3,
            Mark::Neutral | Mark::SoftFail => 4,
            Mark::None => 5,
        };
        self.dkim.iter().map(|signature| signature.mark).min_by_key(|&mark| worth(mark)).unwrap_or_default()
    }
}
