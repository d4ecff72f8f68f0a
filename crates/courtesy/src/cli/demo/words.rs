//! The demonstration's words, English and French: what a desk clerk reads about who refused what, and why.
//!
//! In: what happened, as values. Out: sentences. Not here: tables and numbers (`tables`).

use practice::provider::{Family, Reason};
use practice::world::Situation;

use super::story::{Fate, Sent};
use crate::notice::Language::{self, En, Fr};

/// Picks one of two texts.
pub(super) fn either<T>(language: Language, en: T, fr: T) -> T {
    match language {
        En => en,
        Fr => fr,
    }
}

/// A provider, as people call it.
pub(super) fn provider(family: Family, language: Language) -> &'static str {
    match family {
        Family::Gmail => "Gmail",
        Family::Outlook => "Outlook",
        Family::Microsoft365 => "Office 365",
        Family::Yahoo => "Yahoo",
        Family::Apple => "iCloud",
        Family::Stock => either(language, "other", "autre"),
    }
}

/// The same in a sentence.
pub(super) fn provider_said(family: Family, language: Language) -> &'static str {
    match family {
        Family::Stock => either(language, "a small provider", "un petit fournisseur"),
        known => provider(known, language),
    }
}

/// What a library's DNS says about who may send in its name, in a few words.
pub(super) fn situation(situation: Situation, language: Language) -> &'static str {
    let (en, fr) = match situation {
        Situation::Strict => ("lets nobody else write as it", "n’admet personne d’autre"),
        Situation::IncludesService => ("has authorised Courtesy (SPF)", "a autorisé Courtesy (SPF)"),
        Situation::Delegates => ("has authorised Courtesy (DKIM)", "a autorisé Courtesy (DKIM)"),
        Situation::Nothing => ("publishes nothing", "ne publie rien"),
        Situation::TwoSpfRecords => ("two SPF records: not valid", "deux SPF : invalide"),
        Situation::TooManyLookups => ("SPF record too deep: not valid", "SPF trop profond : invalide"),
        Situation::Quarantine => ("asks to file strangers as spam", "classe les inconnus en pourriel"),
        Situation::ListsOldServer => ("has authorised the old server", "a autorisé l’ancien serveur"),
        Situation::SoftOnly => ("SPF without the old server", "SPF sans l’ancien serveur"),
    };
    either(language, en, fr)
}

/// What providers did, after their names: “refused it”.
pub(super) fn did(fate: Fate, language: Language) -> &'static str {
    let (en, fr) = match fate {
        Fate::Inbox => ("took it", "accepté par"),
        Fate::Junk => ("filed it as spam", "classé en pourriel par"),
        Fate::Refused => ("refused it", "refusé par"),
        Fate::Waiting => ("asked to come again", "remis à plus tard par"),
    };
    either(language, en, fr)
}

/// Providers and what they did: “Gmail and Yahoo refused it”.
pub(super) fn who_did(names: &[&str], all: bool, fate: Fate, language: Language) -> String {
    let did = did(fate, language);
    if all {
        return either(language, format!("all of them {did}"), format!("{did} tous"));
    }
    let names = match names {
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {} {last}", first.join(", "), either(language, "and", "et")),
        [] => String::new(),
    };
    either(language, format!("{names} {did}"), format!("{did} {names}"))
}

/// Why a provider did so with a notice that another server sent in the name of `domain`.
pub(super) fn why_before(domain: &str, situation: Situation, reason: Reason, language: Language) -> String {
    let (en, fr) = match (reason, situation) {
        (Reason::DmarcReject, _) => (
            format!("{domain} has not authorised that server, and asks everyone to refuse such mail"),
            format!("{domain} n’a pas autorisé ce serveur et demande à tous de refuser ce courriel"),
        ),
        (Reason::DmarcQuarantine, _) => (
            format!("{domain} has not authorised that server, and asks everyone to file such mail as spam"),
            format!("{domain} n’a pas autorisé ce serveur et demande à tous de classer ce courriel en pourriel"),
        ),
        (Reason::Fine, Situation::ListsOldServer) => {
            (format!("{domain} has authorised that server"), format!("{domain} a autorisé ce serveur"))
        }
        (Reason::Fine, _) => ("it does not ask for proof yet".to_owned(), "il n’exige pas encore de preuve".to_owned()),
        (Reason::Unauthenticated, Situation::Nothing) => (
            format!("{domain} does not say which servers may write in its name, so nothing vouches for the notice"),
            format!("{domain} ne dit pas quels serveurs peuvent écrire en son nom : rien ne garantit l’avis"),
        ),
        (Reason::Unauthenticated, Situation::TwoSpfRecords) => (
            format!("{domain} has two SPF records where one is allowed, so neither counts"),
            format!("{domain} a deux enregistrements SPF alors qu’un seul est permis : aucun ne compte"),
        ),
        (Reason::Unauthenticated, Situation::TooManyLookups) => (
            format!("the SPF record of {domain} needs 12 look-ups where 10 are allowed, so it does not count"),
            format!(
                "l’enregistrement SPF de {domain} exige 12 consultations alors que 10 sont permises : il ne compte pas"
            ),
        ),
        (Reason::Unauthenticated | Reason::SpfFail, _) => {
            (format!("{domain} has not authorised that server"), format!("{domain} n’a pas autorisé ce serveur"))
        }
        (Reason::NoPtr | Reason::Header | Reason::DnsTrouble | Reason::Misjudged, _) => {
            (format!("not for its sender ({reason})"), format!("pas à cause de l’expéditeur ({reason})"))
        }
    };
    either(language, en, fr)
}

/// In whose name Courtesy sent a notice of `domain`, and why.
pub(super) fn why_after(domain: &str, sent: &Sent, language: Language) -> String {
    let Sent { from, replies_to, .. } = sent;
    let (en, fr) = match sent.why.as_str() {
        "own_spf" => (
            format!("sent as {from}: the SPF record of {domain} lists our relays"),
            format!("envoyé par {from} : l’enregistrement SPF de {domain} inscrit nos relais"),
        ),
        "own_dkim_return" | "own_dkim" => (
            format!("sent as {from}: {domain} has published our signing key"),
            format!("envoyé par {from} : {domain} a publié notre clé de signature"),
        ),
        "own_return" => (
            format!("sent as {from}: {domain} vouches for our relays"),
            format!("envoyé par {from} : {domain} se porte garant de nos relais"),
        ),
        "refused_before" => (
            format!("sent as {from}, replies to {replies_to}: this notice was refused under {domain}"),
            format!("envoyé par {from}, réponses à {replies_to} : cet avis a été refusé sous {domain}"),
        ),
        _ => (
            format!("sent as {from}, replies to {replies_to}: {domain} has not authorised us"),
            format!("envoyé par {from}, réponses à {replies_to} : {domain} ne nous a pas autorisés"),
        ),
    };
    either(language, en, fr)
}
