//! What the library's own mail system would do with our notices to its staff.
//!
//! In: whose system takes the library's mail (its mail servers' names), what is proven of its domain, in whose name we
//! send. Out: a verdict with its reason, and what the IT department can do. Filters that organizations put before their
//! mailboxes treat mail that comes from outside with a From address of inside as forged, whatever DNS proves; so this
//! is not one of the verdicts of the families. Not here: mailboxes of staff in another domain than the library's.

use serde::Serialize;

use super::SenderKind;
use super::facts::is_public_mailbox;
use super::proof::Proof;
use super::verdict::{Certainty, Family, Verdict};
use super::words::Reason;
use crate::outcome::Provider;

/// What the library's own mail system would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StaffVerdict {
    /// Whose system it is, where its mail servers' names say so: `Mimecast`.
    pub system: Option<&'static str>,
    /// What it would do.
    pub verdict: Verdict,
    /// How sure that is.
    pub certainty: Certainty,
    /// The verdict as a sentence.
    pub headline: Reason,
    /// Why.
    pub why: Reason,
    /// What the library's IT department can do, where its records are right and that is not enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Reason>,
}

/// The verdict on mail sent as `sender` to mailboxes of the very domain that `proof` is about. None where that domain has
/// no mailboxes of the library's: it takes no mail, or it is a mailbox provider's.
#[must_use]
pub fn staff_verdict(proof: &Proof, sender: SenderKind) -> Option<StaffVerdict> {
    let hosts = &proof.facts.mail_hosts;
    if hosts.is_empty() || is_public_mailbox(&proof.facts.from) {
        return None;
    }
    let provider = Provider::from_mx(hosts.iter().map(|host| host.as_str()));
    let (verdict, certainty, why) = match sender {
        SenderKind::Relay => (Verdict::Arrives, Certainty::Rule, from_inside()),
        SenderKind::Shared => (Verdict::Likely, Certainty::Rule, from_us()),
        SenderKind::Own => from_outside(proof, provider),
    };
    // Where the library's records are at fault, they are what is to be mended.
    let fix = (why.code == "staff_looks_forged").then(let_us_in);
    let system = provider.name();
    Some(StaffVerdict { system, verdict, certainty, headline: headline(system, verdict), why, fix })
}

/// Mail that says it is from inside.
fn from_outside(proof: &Proof, provider: Provider) -> (Verdict, Certainty, Reason) {
    let family = Family::from_name(provider.name_or(""));
    let by_family = proof.verdicts(&[]).into_iter().find(|one| one.family == family);
    let (by_rule, certainty) =
        by_family.map_or((Verdict::Unknown, Certainty::Rule), |one| (one.verdict, one.certainty));
    let by_filter = filter(provider);
    if by_filter > by_rule {
        return (by_filter, Certainty::Published, looks_forged());
    }
    let why = match by_rule {
        Verdict::Arrives | Verdict::Likely => believed(),
        Verdict::Unknown => unknown(),
        Verdict::SpamRisk | Verdict::Rejected => unproven(),
    };
    (by_rule, certainty, why)
}

/// What the makers of a filter say it does, as they deliver it, with mail of an inside domain from outside. Mimecast
/// refuses it ("Anti-Spoofing policy - Inbound not allowed") unless our servers are named as an exception; the others
/// have a switch that many turn on. Microsoft 365 and Google Workspace go by what is proven.
fn filter(provider: Provider) -> Verdict {
    match provider {
        Provider::Mimecast => Verdict::Rejected,
        Provider::Proofpoint
        | Provider::Barracuda
        | Provider::Cisco
        | Provider::Messagelabs
        | Provider::Sophos
        | Provider::TrendMicro => Verdict::SpamRisk,
        _ => Verdict::Arrives,
    }
}

fn headline(system: Option<&str>, verdict: Verdict) -> Reason {
    let named = system.map(|name| format!(" ({name})")).unwrap_or_default();
    let (en, fr) =
        (format!("The library’s own mail system{named}"), format!("Le système de courriel de la bibliothèque{named}"));
    let (code, en, fr) = match verdict {
        Verdict::Arrives => ("staff_arrives", format!("{en} accepts this."), format!("{fr} l’accepte.")),
        Verdict::Likely => {
            ("staff_likely", format!("{en} will probably accept this."), format!("{fr} l’acceptera probablement."))
        }
        Verdict::SpamRisk => (
            "staff_spam_risk",
            format!("{en} may put this in spam."),
            format!("{fr} pourrait le classer comme indésirable."),
        ),
        Verdict::Rejected => {
            ("staff_rejected", format!("{en} would refuse this today."), format!("{fr} le refuserait aujourd’hui."))
        }
        Verdict::Unknown => (
            "staff_unknown",
            format!("We cannot tell yet what the library’s own mail system{named} would do."),
            format!("Nous ignorons encore ce que ferait le système de courriel de la bibliothèque{named}."),
        ),
    };
    Reason { code, en, fr, detail: None }
}

fn said(code: &'static str, en: &str, fr: &str) -> Reason {
    Reason { code, en: en.to_owned(), fr: fr.to_owned(), detail: None }
}

fn from_inside() -> Reason {
    said(
        "staff_from_inside",
        "It comes through the library’s own mail server.",
        "Il passe par le serveur de courriel de la bibliothèque elle-même.",
    )
}

fn from_us() -> Reason {
    said(
        "staff_from_us",
        "It comes from the shared address, so nothing about it looks forged.",
        "Il vient de l’adresse commune; rien n’y semble donc falsifié.",
    )
}

fn looks_forged() -> Reason {
    said(
        "staff_looks_forged",
        "Mail with the library’s own address that comes from outside looks forged to it, even when every record is right.",
        "Un courriel qui porte l’adresse de la bibliothèque mais vient de l’extérieur lui semble falsifié, même quand tous les enregistrements sont bons.",
    )
}

fn believed() -> Reason {
    said(
        "staff_believed",
        "It goes by the library’s own records, and they vouch for our servers.",
        "Il se fie aux enregistrements de la bibliothèque, et ceux-ci garantissent nos serveurs.",
    )
}

fn unproven() -> Reason {
    said(
        "staff_unproven",
        "It comes from outside with the library’s own address, and the library’s records do not vouch for our servers.",
        "Il vient de l’extérieur avec l’adresse de la bibliothèque, et ses enregistrements ne garantissent pas nos serveurs.",
    )
}

fn unknown() -> Reason {
    said(
        "staff_unknown",
        "The name servers did not answer, so we cannot tell what it would find.",
        "Les serveurs de noms n’ont pas répondu; on ne peut dire ce qu’il trouverait.",
    )
}

fn let_us_in() -> Reason {
    said(
        "staff_let_us_in",
        "The library’s IT department can let our servers through: their addresses are on the page of relays.",
        "Le service informatique de la bibliothèque peut laisser passer nos serveurs : leurs adresses sont à la page des relais.",
    )
}
