//! The reasons of this room in words for people: what is so, in plain English and French, with the technical proof beside.
//!
//! Staff read the sentence; the IT department reads the detail. The sentences avoid the terms of the trade.

use std::net::IpAddr;

use serde::Serialize;
use standards::domain::Domain;

use super::facts::{SpfSays, SpfTrouble};
use super::verdict::Family;
use crate::notice::Language;

/// A reason, ready to be shown: the API and the pages carry it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What kind of reason it is; never changes.
    pub code: &'static str,
    /// In English.
    pub en: String,
    /// In French.
    pub fr: String,
    /// The technical proof, in no language: `DMARC p=reject`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Reason {
    /// The sentence in `language`.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Fr => &self.fr,
        }
    }
}

impl From<Why> for Reason {
    fn from(why: Why) -> Self {
        why.reason()
    }
}

/// Everything that speaks for or against a way of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is said in words below")]
pub enum Why {
    // The way that was chosen, or not.
    ChosenDkimReturn(Domain),
    ChosenDkim(Domain),
    ChosenReturn(Domain),
    ChosenSpf(Domain),
    SharedHolds,
    SharedNotProven,
    SharedUsed,
    NotWished,
    NeverLooked(Domain),
    TooOld(Domain),
    RefusedBefore,
    SharedPreferred,
    Outvoted { family: Family, refused: u32, sent: u32 },
    NoRelayAddress,
    // The From domain as such.
    OurDomain(Domain),
    PublicMailbox(Domain),
    NullMx(Domain),
    NoMailServer(Domain),
    NoSuchDomain(Domain),
    DomainUnknown(Domain),
    // DMARC.
    AsksReject { domain: Domain, at: Domain },
    AsksQuarantine { domain: Domain, at: Domain },
    AsksNothing { domain: Domain, at: Domain },
    NoPolicy(Domain),
    PolicyUseless(Domain),
    PolicyUnknown { domain: Domain, why: String },
    ReceiversDiffer(Domain),
    NotTheSameName { domain: Domain, other: Domain },
    // SPF.
    SpfLists(Domain),
    SpfMissesOne { domain: Domain, relay: IpAddr },
    SpfMisses { domain: Domain, says: SpfSays, record: Option<String> },
    SpfAbsent(Domain),
    SpfBroken { domain: Domain, trouble: SpfTrouble },
    SpfUnknown(Domain),
    // DKIM.
    KeyFound { domain: Domain, selector: String },
    KeyAbsent { domain: Domain, selector: String },
    KeyOther { domain: Domain, selector: String, bits: Option<usize> },
    KeyRevoked { domain: Domain, selector: String },
    KeyUnreadable { domain: Domain, selector: String, why: String },
    KeyUnknown { domain: Domain, selector: String },
    NoKeyMade(Domain),
    // The return path.
    ReturnOurs(Domain),
    ReturnElsewhere { name: Domain, target: Domain },
    ReturnNoAlias(Domain),
    ReturnAbsent(Domain),
    ReturnUnknown(Domain),
}

impl Why {
    /// The reason in words.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let (code, en, fr, detail) = self
            .of_choice()
            .or_else(|| self.of_obstacle())
            .or_else(|| self.of_domain())
            .or_else(|| self.of_dmarc())
            .or_else(|| self.of_spf())
            .or_else(|| self.of_key())
            .or_else(|| self.of_return_path())
            .expect("every reason belongs to one of these; a test says them all");
        Reason { code, en, fr, detail }
    }

    fn of_choice(&self) -> Option<Words> {
        Some(match self {
            Self::ChosenDkimReturn(domain) => said(
                "own_dkim_return",
                format!(
                    "Sent from the library’s own address: {domain} has published our signing key and takes undeliverable mail back through us."
                ),
                format!(
                    "Envoyé de l’adresse de la bibliothèque : {domain} a publié notre clé de signature et nous confie le courriel non distribué."
                ),
                "DKIM + SPF",
            ),
            Self::ChosenDkim(domain) => said(
                "own_dkim",
                format!("Sent from the library’s own address: {domain} has published our signing key."),
                format!("Envoyé de l’adresse de la bibliothèque : {domain} a publié notre clé de signature."),
                "DKIM",
            ),
            Self::ChosenReturn(domain) => said(
                "own_return",
                format!(
                    "Sent from the library’s own address: {domain} vouches for our server. Without our signing key this stops working when a patron forwards mail."
                ),
                format!(
                    "Envoyé de l’adresse de la bibliothèque : {domain} se porte garant de notre serveur. Sans notre clé de signature, cela cesse dès qu’un usager fait suivre son courriel."
                ),
                "SPF",
            ),
            Self::ChosenSpf(domain) => said(
                "own_spf",
                format!(
                    "Sent from the library’s own address: {domain} lists our server. Undeliverable mail goes back to the library’s mailbox, and we do not see it."
                ),
                format!(
                    "Envoyé de l’adresse de la bibliothèque : {domain} inscrit notre serveur sur sa liste. Le courriel non distribué revient à la boîte de la bibliothèque, et nous ne le voyons pas."
                ),
                "SPF",
            ),
            Self::SharedHolds => plain(
                "shared_holds",
                "The shared address is ours, and its records are in order.",
                "L’adresse commune est la nôtre, et ses enregistrements sont en ordre.",
            ),
            Self::SharedNotProven => plain(
                "shared_not_proven",
                "The shared address is ours, but we could not confirm its records just now. The operator of this service has to look.",
                "L’adresse commune est la nôtre, mais nous n’avons pas pu en confirmer les enregistrements. L’exploitant de ce service doit vérifier.",
            ),
            Self::SharedUsed => plain(
                "shared",
                "Sent from the shared address, with the library’s name. Replies go to the library.",
                "Envoyé de l’adresse commune, au nom de la bibliothèque. Les réponses vont à la bibliothèque.",
            ),
            _ => return None,
        })
    }

    fn of_obstacle(&self) -> Option<Words> {
        Some(match self {
            Self::NotWished => plain(
                "not_wished",
                "The library has chosen the shared address.",
                "La bibliothèque a choisi l’adresse commune.",
            ),
            Self::NeverLooked(domain) => plain(
                "never_looked",
                format!("We have not looked at the records of {domain} yet."),
                format!("Nous n’avons pas encore consulté les enregistrements de {domain}."),
            ),
            Self::TooOld(domain) => plain(
                "too_old",
                format!("What we know about {domain} is too old to rely on. We are looking again."),
                format!("Ce que nous savons de {domain} est trop ancien pour s’y fier. Nous vérifions de nouveau."),
            ),
            Self::RefusedBefore => plain(
                "refused_before",
                "This message was already refused from this address, so the next one is used.",
                "Ce message a déjà été refusé de cette adresse; la suivante est donc utilisée.",
            ),
            Self::SharedPreferred => plain(
                "shared_preferred",
                "The library wants to hear of undeliverable mail here, and from its own address that would go to its mailbox.",
                "La bibliothèque veut être informée ici du courriel non distribué; de sa propre adresse, il irait dans sa boîte.",
            ),
            Self::Outvoted { family, refused, sent } => said(
                "outvoted",
                format!(
                    "{refused} of the last {sent} notices from this address were refused by {}, whatever the records say.",
                    family.within_en()
                ),
                format!(
                    "{refused} des {sent} derniers avis de cette adresse ont été refusés par {}, quoi que disent les enregistrements.",
                    family.within_fr()
                ),
                "7 d",
            ),
            Self::NoRelayAddress => plain(
                "no_relay_address",
                "No address of our own server is set up, so nothing can be proven. The operator of this service has to set it.",
                "Aucune adresse de notre serveur n’est configurée; rien ne peut donc être prouvé. L’exploitant de ce service doit la définir.",
            ),
            _ => return None,
        })
    }

    fn of_domain(&self) -> Option<Words> {
        Some(match self {
            Self::OurDomain(domain) => plain(
                "our_domain",
                format!(
                    "{domain} is the domain of this service: each library has its own address there, and takes no other."
                ),
                format!(
                    "{domain} est le domaine de ce service : chaque bibliothèque y a sa propre adresse et n’en prend pas d’autre."
                ),
            ),
            Self::PublicMailbox(domain) => plain(
                "public_mailbox",
                format!("{domain} belongs to a mailbox provider. Only the provider may send in its name."),
                format!("{domain} appartient à un fournisseur de courriel. Lui seul peut envoyer en son nom."),
            ),
            Self::NullMx(domain) => said(
                "null_mx",
                format!("{domain} says that it takes no mail, so nobody could reply and receivers distrust it."),
                format!(
                    "{domain} déclare ne pas recevoir de courriel : personne ne pourrait répondre, et les destinataires s’en méfient."
                ),
                "MX 0 .",
            ),
            Self::NoMailServer(domain) => said(
                "no_mail_server",
                format!("{domain} has no mail server, so nobody could reply and receivers distrust it."),
                format!(
                    "{domain} n’a pas de serveur de courriel : personne ne pourrait répondre, et les destinataires s’en méfient."
                ),
                "no MX, no A",
            ),
            Self::NoSuchDomain(domain) => said(
                "no_such_domain",
                format!("There is no domain {domain}. Perhaps it is mistyped."),
                format!("Le domaine {domain} n’existe pas. Il est peut-être mal tapé."),
                "NXDOMAIN",
            ),
            Self::DomainUnknown(domain) => said(
                "domain_unknown",
                format!("The name servers of {domain} did not answer, so we cannot tell whether it takes mail."),
                format!("Les serveurs de noms de {domain} n’ont pas répondu; nous ignorons s’il reçoit du courriel."),
                "MX: no answer",
            ),
            _ => return None,
        })
    }

    fn of_dmarc(&self) -> Option<Words> {
        Some(match self {
            Self::AsksReject { domain, at } => said(
                "asks_reject",
                format!("{domain} asks everyone to refuse mail that is not proven to be its own."),
                format!("{domain} demande à tous de refuser le courriel dont l’origine n’est pas prouvée."),
                format!("DMARC p=reject ({at})"),
            ),
            Self::AsksQuarantine { domain, at } => said(
                "asks_quarantine",
                format!("{domain} asks everyone to put mail in spam that is not proven to be its own."),
                format!(
                    "{domain} demande à tous de classer comme indésirable le courriel dont l’origine n’est pas prouvée."
                ),
                format!("DMARC p=quarantine ({at})"),
            ),
            Self::AsksNothing { domain, at } => said(
                "asks_nothing",
                format!("{domain} leaves it to the receivers what to do with mail that is not proven to be its own."),
                format!("{domain} laisse aux destinataires le sort du courriel dont l’origine n’est pas prouvée."),
                format!("DMARC p=none ({at})"),
            ),
            Self::NoPolicy(domain) => said(
                "no_policy",
                format!("{domain} has not published what to do with mail in its name that is not proven."),
                format!("{domain} n’a pas publié quoi faire du courriel non prouvé envoyé en son nom."),
                "DMARC: none",
            ),
            Self::PolicyUseless(domain) => said(
                "policy_useless",
                format!(
                    "The rule that {domain} published for mail in its name cannot be read, so receivers ignore it."
                ),
                format!(
                    "La règle publiée par {domain} pour le courriel en son nom est illisible; les destinataires l’ignorent."
                ),
                "DMARC: no valid p=",
            ),
            Self::PolicyUnknown { domain, why } => said(
                "policy_unknown",
                format!("The name servers of {domain} did not answer, so we cannot tell what it asks of receivers."),
                format!(
                    "Les serveurs de noms de {domain} n’ont pas répondu; nous ignorons ce qu’il demande aux destinataires."
                ),
                format!("DMARC: {why}"),
            ),
            Self::ReceiversDiffer(domain) => said(
                "receivers_differ",
                format!("Receivers judge {domain} by two different rules, and they do not come to the same result."),
                format!(
                    "Les destinataires jugent {domain} selon deux règles différentes, avec des résultats différents."
                ),
                "RFC 9989 / RFC 7489",
            ),
            Self::NotTheSameName { domain, other } => said(
                "not_the_same_name",
                format!("{domain} wants exactly its own name, and {other} is not that."),
                format!("{domain} exige exactement son propre nom, et {other} n’est pas ce nom."),
                "adkim/aspf, psd",
            ),
            _ => return None,
        })
    }

    fn of_spf(&self) -> Option<Words> {
        Some(match self {
            Self::SpfLists(domain) => said(
                "spf_lists",
                format!("Our server is on the list of {domain}."),
                format!("Notre serveur est sur la liste de {domain}."),
                "SPF: pass",
            ),
            Self::SpfMissesOne { domain, relay } => said(
                "spf_misses_one",
                format!("One of our servers is not on the list of {domain}; the list is out of date."),
                format!("L’un de nos serveurs n’est pas sur la liste de {domain}; la liste n’est plus à jour."),
                format!("SPF: {relay} does not pass"),
            ),
            Self::SpfMisses { domain, says, record } => said(
                "spf_misses",
                format!("Our server is not on the list of {domain}."),
                format!("Notre serveur n’est pas sur la liste de {domain}."),
                format!("SPF: {}{}", word(*says), record.as_ref().map(|text| format!(" ({text})")).unwrap_or_default()),
            ),
            Self::SpfAbsent(domain) => said(
                "spf_absent",
                format!("{domain} has no list of the servers that may send in its name."),
                format!("{domain} n’a pas de liste des serveurs autorisés à envoyer en son nom."),
                "SPF: none",
            ),
            Self::SpfBroken { domain, trouble } => {
                let (en, fr, detail) = broken(domain, trouble);
                said("spf_broken", en, fr, format!("SPF: permerror, {detail}"))
            }
            Self::SpfUnknown(domain) => said(
                "spf_unknown",
                format!(
                    "The name servers of {domain} did not answer, so we cannot tell whether our server is on its list."
                ),
                format!(
                    "Les serveurs de noms de {domain} n’ont pas répondu; nous ignorons si notre serveur est sur sa liste."
                ),
                "SPF: temperror",
            ),
            _ => return None,
        })
    }

    fn of_key(&self) -> Option<Words> {
        let at = |domain: &Domain, selector: &str| format!("DKIM: {selector}._domainkey.{domain}");
        Some(match self {
            Self::KeyFound { domain, selector } => said(
                "key_found",
                format!("{domain} has published our signing key."),
                format!("{domain} a publié notre clé de signature."),
                at(domain, selector),
            ),
            Self::KeyAbsent { domain, selector } => said(
                "key_absent",
                format!("{domain} has not published our signing key."),
                format!("{domain} n’a pas publié notre clé de signature."),
                format!("{}: no record", at(domain, selector)),
            ),
            Self::KeyOther { domain, selector, bits } => said(
                "key_other",
                format!("{domain} has published a key in the place of ours, but it is another one."),
                format!("{domain} a publié une clé à la place de la nôtre, mais c’en est une autre."),
                format!(
                    "{}: other key{}",
                    at(domain, selector),
                    bits.map(|bits| format!(", {bits} bits")).unwrap_or_default()
                ),
            ),
            Self::KeyRevoked { domain, selector } => said(
                "key_revoked",
                format!("{domain} has withdrawn our signing key."),
                format!("{domain} a retiré notre clé de signature."),
                format!("{}: p= is empty", at(domain, selector)),
            ),
            Self::KeyUnreadable { domain, selector, why } => said(
                "key_unreadable",
                format!("{domain} has published our signing key, but not so that it can be read."),
                format!("{domain} a publié notre clé de signature, mais elle est illisible."),
                format!("{}: {why}", at(domain, selector)),
            ),
            Self::KeyUnknown { domain, selector } => said(
                "key_unknown",
                format!(
                    "The name servers of {domain} did not answer, so we cannot tell whether our signing key is published."
                ),
                format!(
                    "Les serveurs de noms de {domain} n’ont pas répondu; nous ignorons si notre clé de signature est publiée."
                ),
                format!("{}: no answer", at(domain, selector)),
            ),
            Self::NoKeyMade(domain) => plain(
                "no_key_made",
                format!("There is no signing key for {domain} yet."),
                format!("Il n’y a pas encore de clé de signature pour {domain}."),
            ),
            _ => return None,
        })
    }

    fn of_return_path(&self) -> Option<Words> {
        Some(match self {
            Self::ReturnOurs(name) => said(
                "return_ours",
                format!("Undeliverable mail comes back to us through {name}."),
                format!("Le courriel non distribué nous revient par {name}."),
                format!("CNAME {name}"),
            ),
            Self::ReturnElsewhere { name, target } => said(
                "return_elsewhere",
                format!("{name} points to another place than ours."),
                format!("{name} ne mène pas chez nous."),
                format!("CNAME {target}"),
            ),
            Self::ReturnNoAlias(name) => said(
                "return_no_alias",
                format!("{name} exists, but does not point to us."),
                format!("{name} existe, mais ne mène pas chez nous."),
                "no CNAME",
            ),
            Self::ReturnAbsent(name) => said(
                "return_absent",
                format!("{name}, through which undeliverable mail would come back to us, is not set up."),
                format!("{name}, par où le courriel non distribué nous reviendrait, n’est pas configuré."),
                "CNAME: no record",
            ),
            Self::ReturnUnknown(name) => said(
                "return_unknown",
                format!("The name servers did not answer for {name}."),
                format!("Les serveurs de noms n’ont pas répondu pour {name}."),
                "CNAME: no answer",
            ),
            _ => return None,
        })
    }
}

type Words = (&'static str, String, String, Option<String>);

fn plain(code: &'static str, en: impl Into<String>, fr: impl Into<String>) -> Words {
    (code, en.into(), fr.into(), None)
}

fn said(code: &'static str, en: String, fr: String, detail: impl Into<String>) -> Words {
    (code, en, fr, Some(detail.into()))
}

/// The word of RFC 7208 §2.6.
fn word(says: SpfSays) -> &'static str {
    match says {
        SpfSays::Pass => "pass",
        SpfSays::Fail => "fail",
        SpfSays::SoftFail => "softfail",
        SpfSays::Neutral => "neutral",
        SpfSays::None => "none",
        SpfSays::TempError => "temperror",
        SpfSays::PermError => "permerror",
    }
}

fn broken(domain: &Domain, trouble: &SpfTrouble) -> (String, String, String) {
    match trouble {
        SpfTrouble::Several(count) => (
            format!("{domain} has {count} lists of servers, and there may be only one: receivers ignore them all."),
            format!(
                "{domain} a {count} listes de serveurs alors qu’une seule est permise : les destinataires les ignorent toutes."
            ),
            format!("{count} records"),
        ),
        SpfTrouble::TooManyLookups => (
            format!("The list of servers of {domain} refers to too many other lists, so receivers ignore it."),
            format!("La liste de serveurs de {domain} renvoie à trop d’autres listes; les destinataires l’ignorent."),
            "more than 10 look-ups".to_owned(),
        ),
        SpfTrouble::TooManyVoids => (
            format!("The list of servers of {domain} refers to names that no longer exist, so receivers ignore it."),
            format!(
                "La liste de serveurs de {domain} renvoie à des noms qui n’existent plus; les destinataires l’ignorent."
            ),
            "more than 2 void look-ups".to_owned(),
        ),
        SpfTrouble::Syntax(fault) => (
            format!("The list of servers of {domain} has a typing mistake, so receivers ignore it."),
            format!("La liste de serveurs de {domain} contient une faute de frappe; les destinataires l’ignorent."),
            fault.clone(),
        ),
        SpfTrouble::NothingThere(target) => (
            format!("The list of servers of {domain} refers to {target}, where there is none, so receivers ignore it."),
            format!(
                "La liste de serveurs de {domain} renvoie à {target}, où il n’y en a pas; les destinataires l’ignorent."
            ),
            format!("no record at {target}"),
        ),
        SpfTrouble::Other(fault) => (
            format!("The list of servers of {domain} has a mistake, so receivers ignore it."),
            format!("La liste de serveurs de {domain} contient une erreur; les destinataires l’ignorent."),
            fault.clone(),
        ),
    }
}
