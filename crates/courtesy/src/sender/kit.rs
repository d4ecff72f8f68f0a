//! The records that a library's IT department publishes, each compared with what is there now.
//!
//! In: the library's code and domain, what is ours, and what DNS has at those names ([`At`]). Out: a [`Kit`] that names
//! mistakes in words, and writes itself for the tools IT departments use. Nothing here changes any DNS.

pub mod allow;
mod format;
mod host;
mod link;
mod ways;

pub use format::Format;
pub use host::DnsHost;
pub use link::{KIT_LINK_LASTS, KitLink, kit_token};
#[cfg(test)]
pub(super) use ways::way_out;

use serde::Serialize;
use standards::dmarc::organization_by_list;
use standards::domain::Domain;
use standards::spf::count::Proposal;

use super::Ours;
use super::facts::KeyFinding;
use super::words::Reason;
use crate::library::LibraryCode;

/// What DNS has at the name of a wanted record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct At {
    /// Where the name leads, when it is an alias.
    pub alias: Option<Domain>,
    /// Whether there is something at the name with the domain typed twice.
    pub typed_twice: bool,
    /// Whether the name has addresses.
    pub has_addresses: bool,
    /// Whether the name has texts or mail servers, itself or through its alias.
    pub has_others: bool,
    /// For a key: what a verifier finds there.
    pub key: Option<KeyFinding>,
    /// Why the DNS gave no answer.
    pub trouble: Option<String>,
}

/// A record to publish: always a CNAME, so that it never has to be touched again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// The whole name.
    pub name: Domain,
    /// What it must point to.
    pub target: Domain,
    /// What it is for.
    pub purpose: Reason,
    /// What is there.
    pub state: State,
}

/// How a wanted record stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "why", rename_all = "snake_case")]
pub enum State {
    /// It is there and right.
    Found,
    /// There is nothing.
    Absent,
    /// There is something, and it is wrong.
    Wrong(Reason),
    /// The DNS gave no answer.
    Unknown,
}

/// SPF: not needed where the other records are there; some mail filters look for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpfAdvice {
    /// How the record stands.
    pub state: State,
    /// The record to publish in place of those there, and what it costs.
    pub proposal: Proposal,
    /// What to do where that record would not work, best first.
    pub ways_out: Vec<Reason>,
}

impl SpfAdvice {
    /// The record to publish, where there is something to publish that receivers can use.
    #[must_use]
    pub fn record(&self) -> Option<&str> {
        let publish = !self.proposal.merge.unchanged && self.proposal.after.is_within_limit();
        publish.then_some(self.proposal.merge.record.as_str())
    }
}

/// All that a library's IT department needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kit {
    /// The domain of the library's From address.
    pub domain: Domain,
    /// The zone it is probably kept in: the registered domain.
    pub zone: Domain,
    /// The records.
    pub records: Vec<Wanted>,
    /// SPF; none when the DNS gave no answer.
    pub spf: Option<SpfAdvice>,
}

/// Where a library's selector points: the name under our domain at which we publish its key.
/// None where that makes no name.
#[must_use]
pub fn dkim_target(selector: &str, code: &LibraryCode, ours: &Ours) -> Option<Domain> {
    ours.shared.below(&format!("{selector}.{}.dkim", code.as_str().to_ascii_lowercase())).ok()
}

/// The library whose key the name `target` stands for, where it is one of [`dkim_target`]'s for `selector`.
#[must_use]
pub fn delegated_code(target: &Domain, selector: &str, ours: &Ours) -> Option<LibraryCode> {
    let front = target.as_str().strip_suffix(ours.shared.as_str())?.strip_suffix(".dkim.")?;
    LibraryCode::parse(front.strip_prefix(selector)?.strip_prefix('.')?).ok()
}

/// The names to publish and their targets: the two keys, then the return path. A name too long for the DNS is left out.
#[must_use]
pub fn wanted(domain: &Domain, code: &LibraryCode, ours: &Ours) -> Vec<(Domain, Domain)> {
    let key = |selector: &String| {
        Some((domain.below(&format!("{selector}._domainkey")).ok()?, dkim_target(selector, code, ours)?))
    };
    let return_path = domain.below(&ours.return_path_label).ok().map(|name| (name, ours.bounces.clone()));
    ours.library_selectors.iter().filter_map(key).chain(return_path).collect()
}

impl Kit {
    /// Compares what is wanted with what was found: `found` in the order of [`wanted`]. `spf` is what would merge our
    /// include into the domain's record.
    #[must_use]
    pub fn of(domain: &Domain, code: &LibraryCode, ours: &Ours, found: &[At], spf: Option<Proposal>) -> Self {
        let empty = At::default();
        let compare = |(index, (name, target)): (usize, (Domain, Domain))| {
            let at = found.get(index).unwrap_or(&empty);
            let purpose = if target == ours.bounces { purpose_return() } else { purpose_key() };
            let state = state(at, &name, &target, domain);
            Wanted { name, target, purpose, state }
        };
        let records = wanted(domain, code, ours).into_iter().enumerate().map(compare).collect();
        let spf = spf.map(|proposal| SpfAdvice {
            state: spf_state(&proposal),
            ways_out: proposal.ways_out.iter().map(ways::way_out).collect(),
            proposal,
        });
        Self { domain: domain.clone(), zone: organization_by_list(domain), records, spf }
    }

    /// How many of the records are there and right.
    #[must_use]
    pub fn found(&self) -> usize {
        self.records.iter().filter(|wanted| wanted.state == State::Found).count()
    }

    /// The name of a record as panels want it: without the zone.
    #[must_use]
    pub fn short<'a>(&self, name: &'a Domain) -> &'a str {
        format::short(name, &self.zone)
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.records.iter().all(|wanted| wanted.state == State::Found)
    }

    /// The kit as text for a tool or a person.
    #[must_use]
    pub fn render(&self, format: Format, language: crate::notice::Language) -> String {
        format::render(self, format, language)
    }
}

fn state(at: &At, name: &Domain, target: &Domain, domain: &Domain) -> State {
    if at.trouble.is_some() && at.alias.is_none() {
        return State::Unknown;
    }
    let Some(alias) = &at.alias else { return state_without_alias(at, name, domain) };
    let at_us = alias == target;
    // A target typed without its last dot gets the zone's name behind it.
    let lacks_dot = alias.is_within(domain) && alias.as_str().starts_with(target.as_str());
    match (&at.key, at_us, lacks_dot) {
        (_, false, true) => State::Wrong(last_dot(target)),
        (_, false, false) => State::Wrong(elsewhere(alias, target)),
        (None | Some(KeyFinding::Ours | KeyFinding::Unknown(_)), true, _) => State::Found,
        (Some(_), true, _) => State::Wrong(not_at_our_end(target)),
    }
}

fn state_without_alias(at: &At, name: &Domain, domain: &Domain) -> State {
    match &at.key {
        Some(KeyFinding::Ours) => return State::Wrong(copied()),
        Some(KeyFinding::Revoked | KeyFinding::Other(_)) => return State::Wrong(old_key()),
        _ => {}
    }
    if at.has_addresses {
        return State::Wrong(proxied());
    }
    if at.has_others {
        return State::Wrong(wrong_type());
    }
    if at.typed_twice { State::Wrong(typed_twice(name, domain)) } else { State::Absent }
}

fn spf_state(proposal: &Proposal) -> State {
    let (before, after) = (proposal.before.lookups, proposal.after.lookups);
    if !proposal.after.is_within_limit() && proposal.merge.replaces.len() <= 1 {
        return State::Wrong(if proposal.before.is_within_limit() {
            spf_full(before, after)
        } else {
            spf_over(before)
        });
    }
    match (proposal.merge.unchanged, proposal.merge.replaces.len()) {
        (true, _) => State::Found,
        (false, 0) => State::Absent,
        (false, 1) => State::Wrong(not_listed()),
        (false, count) => State::Wrong(several_lists(count)),
    }
}

fn reason(code: &'static str, en: impl Into<String>, fr: impl Into<String>) -> Reason {
    Reason { code, en: en.into(), fr: fr.into(), detail: None }
}

fn purpose_key() -> Reason {
    reason(
        "key",
        "Lets receivers check our signature on the library’s notices. We change the keys without you.",
        "Permet aux destinataires de vérifier notre signature sur les avis de la bibliothèque. Nous changeons les clés sans vous.",
    )
}

fn purpose_return() -> Reason {
    reason(
        "return_path",
        "Brings undeliverable notices back to us, so that the library learns of them.",
        "Nous ramène les avis non distribués, pour que la bibliothèque en soit informée.",
    )
}

fn typed_twice(name: &Domain, domain: &Domain) -> Reason {
    let short = name.as_str().strip_suffix(domain.as_str()).unwrap_or(name.as_str()).trim_end_matches('.');
    Reason {
        detail: Some(format!("{name}.{domain}")),
        ..reason(
            "typed_twice",
            format!("The domain was added twice. In this panel type only {short}"),
            format!("Le domaine a été ajouté deux fois. Dans ce panneau, tapez seulement {short}"),
        )
    }
}

fn last_dot(target: &Domain) -> Reason {
    reason(
        "last_dot",
        format!("Your domain was added behind the target. End the target with a dot: {target}."),
        format!("Votre domaine a été ajouté après la cible. Terminez la cible par un point : {target}."),
    )
}

fn elsewhere(alias: &Domain, target: &Domain) -> Reason {
    Reason {
        detail: Some(format!("CNAME {alias}")),
        ..reason(
            "elsewhere",
            format!("It points to {alias}. It must point to {target}"),
            format!("Il mène à {alias}. Il doit mener à {target}"),
        )
    }
}

fn proxied() -> Reason {
    reason(
        "proxied",
        "The name has addresses in place of the alias. If your panel has a proxy switch, set it to “DNS only”; otherwise replace the A record by a CNAME.",
        "Le nom a des adresses à la place de l’alias. Si votre panneau offre un mandataire, réglez-le à « DNS seulement »; sinon, remplacez l’enregistrement A par un CNAME.",
    )
}

fn wrong_type() -> Reason {
    reason(
        "wrong_type",
        "There is a record of another type at this name. Take it away and make a CNAME.",
        "Il y a un enregistrement d’un autre type à ce nom. Retirez-le et créez un CNAME.",
    )
}

fn old_key() -> Reason {
    reason(
        "old_key",
        "There is an old key at this name. Take the TXT record away and make a CNAME.",
        "Il y a une ancienne clé à ce nom. Retirez l’enregistrement TXT et créez un CNAME.",
    )
}

fn copied() -> Reason {
    reason(
        "copied",
        "The key was copied here as a text. It works until we change the key; make a CNAME, and it always will.",
        "La clé a été copiée ici comme texte. Cela fonctionne jusqu’à ce que nous changions la clé; avec un CNAME, cela durera.",
    )
}

fn not_at_our_end(target: &Domain) -> Reason {
    reason(
        "not_at_our_end",
        format!(
            "Your record is right. The key is missing at our end, at {target}: the operator of this service has to publish it."
        ),
        format!(
            "Votre enregistrement est bon. La clé manque chez nous, à {target} : l’exploitant de ce service doit la publier."
        ),
    )
}

fn not_listed() -> Reason {
    reason(
        "not_listed",
        "Our servers are not in your SPF record. Edit the record you have; do not add a second one.",
        "Nos serveurs ne sont pas dans votre enregistrement SPF. Modifiez celui que vous avez; n’en ajoutez pas un second.",
    )
}

fn spf_full(before: u32, after: u32) -> Reason {
    Reason {
        detail: Some(format!("{before} + {} > 10", after.saturating_sub(before))),
        ..reason(
            "spf_full",
            format!(
                "Leave your SPF record as it is: it needs {before} of the 10 look-ups that are allowed, and there is no room for ours. The other records do without it."
            ),
            format!(
                "Laissez votre enregistrement SPF tel quel : il exige déjà {before} des 10 consultations permises, et il n’y a pas de place pour la nôtre. Les autres enregistrements s’en passent."
            ),
        )
    }
}

fn spf_over(before: u32) -> Reason {
    reason(
        "spf_over",
        format!(
            "Your SPF record needs {before} look-ups and only 10 are allowed, so receivers ignore it today, for your own mail too. Take out services that no longer send for you."
        ),
        format!(
            "Votre enregistrement SPF exige {before} consultations alors que 10 sont permises : les destinataires l’ignorent aujourd’hui, aussi pour votre propre courriel. Retirez-en les services qui n’envoient plus pour vous."
        ),
    )
}

fn several_lists(count: usize) -> Reason {
    reason(
        "several_spf",
        format!(
            "There are {count} SPF records, and there may be only one: all of them are ignored. Publish the joined one in their place."
        ),
        format!(
            "Il y a {count} enregistrements SPF alors qu’un seul est permis : ils sont tous ignorés. Publiez à leur place l’enregistrement réuni."
        ),
    )
}
