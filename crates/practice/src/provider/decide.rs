//! From what was found to what is done: take, file as junk, refuse, or ask to come again. Pure.

use std::fmt;

use standards::reply::Reply;

use super::family::{Family, Unauthenticated};
use super::findings::{Findings, Mark, Wish};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// In the inbox.
    Accepted,
    /// Taken with the same words as any other, and filed as spam.
    Junked,
    /// Not taken, for good.
    Refused {
        /// What the sender heard.
        reply: Reply,
    },
    /// Not taken, for now.
    Deferred {
        /// What the sender heard.
        reply: Reply,
    },
}

/// Why a provider decided as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing stood in the way.
    Fine,
    /// DMARC fails and the domain asks for refusal.
    DmarcReject,
    /// DMARC fails and the domain asks for quarantine.
    DmarcQuarantine,
    /// Neither SPF nor DKIM passes.
    Unauthenticated,
    /// SPF says that this server may not send for the domain, and nothing speaks against it.
    SpfFail,
    /// The client's address has no name that points back.
    NoPtr,
    /// The header breaks RFC 5322.
    Header,
    /// DNS did not answer.
    DnsTrouble,
    /// It passes; the provider was told to misjudge it.
    Misjudged,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fine => "fine",
            Self::DmarcReject => "DMARC p=reject",
            Self::DmarcQuarantine => "DMARC p=quarantine",
            Self::Unauthenticated => "neither SPF nor DKIM",
            Self::SpfFail => "SPF fail",
            Self::NoPtr => "no PTR",
            Self::Header => "not RFC 5322",
            Self::DnsTrouble => "DNS trouble",
            Self::Misjudged => "misjudged",
        })
    }
}

/// What this family does with such a message, and why.
pub(super) fn decide(family: Family, found: &Findings, misjudge: bool) -> (Decision, Reason) {
    let refused = |reply, reason| (Decision::Refused { reply }, reason);
    if family.demands_ptr() && matches!(found.ptr, Mark::None | Mark::Fail) {
        return refused(family.no_ptr(found.client), Reason::NoPtr);
    }
    if let Some(fault) = found.header_fault.as_ref().filter(|_| family.demands_sound_header()) {
        return refused(family.bad_header(found.client, fault), Reason::Header);
    }
    if found.dmarc == Mark::TempError {
        return (Decision::Deferred { reply: family.dns_trouble(found) }, Reason::DnsTrouble);
    }
    if found.dmarc == Mark::Fail && found.wish == Wish::Reject {
        return refused(family.dmarc_refused(found), Reason::DmarcReject);
    }
    let dkim = found.best_dkim();
    if found.spf != Mark::Pass && dkim != Mark::Pass {
        match family.on_unauthenticated() {
            Unauthenticated::Refuse if found.spf == Mark::TempError || dkim == Mark::TempError => {
                return (Decision::Deferred { reply: family.dns_trouble(found) }, Reason::DnsTrouble);
            }
            Unauthenticated::Refuse => return refused(family.unauthenticated(found), Reason::Unauthenticated),
            Unauthenticated::Junk => return (Decision::Junked, Reason::Unauthenticated),
            Unauthenticated::JudgeFurther => {}
        }
    }
    if misjudge {
        return refused(family.unauthenticated(found), Reason::Misjudged);
    }
    if found.dmarc == Mark::Fail && found.wish == Wish::Quarantine {
        return (Decision::Junked, Reason::DmarcQuarantine);
    }
    if found.dmarc != Mark::Pass && matches!(found.spf, Mark::Fail | Mark::SoftFail) {
        return (Decision::Junked, Reason::SpfFail);
    }
    (Decision::Accepted, Reason::Fine)
}

#[cfg(test)]
mod tests;
