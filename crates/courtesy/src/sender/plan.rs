//! The plan of one attempt: in whose name, with which return path and key, and why. Pure.

use jiff::Timestamp;
use serde::Serialize;
use standards::address::Address;
use standards::domain::Domain;

use super::facts::is_public_mailbox;
use super::proof::{Proof, Standing, Way};
use super::relay::{RelayProof, relay_standing};
use super::verdict::{Family, Observed};
use super::words::{Reason, Why};
use super::{Ours, Rung, SenderKind};
use crate::library::Library;
use crate::notice::Language;

/// Everything a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Whose message it is.
    pub library: &'a Library,
    /// The language of the message, for the From name.
    pub language: Language,
    /// What was proven about domains, the library's and ours among them.
    pub proofs: &'a [Proof],
    /// What is ours.
    pub ours: &'a Ours,
    /// Who takes the patron's mail; none where the plan is for no one message.
    pub family: Option<Family>,
    /// What was answered to this library's messages in the last seven days.
    pub observed: &'a [Observed],
    /// What is known of the library's own relay.
    pub relay: Option<&'a RelayProof>,
    /// The senders this message was already refused under.
    pub exclude: &'a [SenderKind],
}

/// One way that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// Which.
    pub rung: Rung,
    /// Whether it could be used.
    pub standing: Standing,
    /// Why, what stands against it first.
    pub why: Vec<Reason>,
}

/// In whose name one attempt is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// In whose name.
    pub sender: SenderKind,
    /// By which way.
    pub rung: Rung,
    /// The From address.
    pub from: Address,
    /// The From name.
    pub display_name: String,
    /// Reply-To, where it differs from the From address.
    pub reply_to: Option<Address>,
    /// The domain of the return path.
    pub return_path_domain: Domain,
    /// The whole return path, where the domain's mail does not come to us: only this mailbox exists there.
    pub return_path_mailbox: Option<Address>,
    /// The domain and selectors to sign with, the preferred selector first.
    pub dkim: Vec<(Domain, String)>,
    /// Why this sender.
    pub reason: Reason,
    /// Every way, in order.
    pub considered: Vec<Considered>,
}

impl Plan {
    /// Whether this sender is one the message was not refused under. When every sender was, the plan is the shared one
    /// again: there is nothing else to try.
    #[must_use]
    pub fn is_another(&self, refused: &[SenderKind]) -> bool {
        !refused.contains(&self.sender)
    }
}

/// Chooses the sender: the first way in the library's own name that is proven at `now`, or else the shared address.
#[must_use]
pub fn plan(situation: &Situation<'_>, now: Timestamp) -> Plan {
    let mut considered = Vec::with_capacity(Rung::OWN.len() + 1);
    let mut chosen = None;
    let wished = situation.library.from.as_ref();
    let bar = bar(situation, wished, now);
    let proof = wished.and_then(|from| proof_of(situation.proofs, from.domain()));
    for rung in Rung::OWN {
        let looked_at = consider(situation, proof, rung, bar.as_ref());
        if chosen.is_none() && looked_at.standing == Standing::Holds {
            chosen = Some(rung);
        }
        considered.push(looked_at);
    }
    let relay = consider_relay(situation, now);
    let by_relay = chosen.is_none() && relay.as_ref().is_some_and(|way| way.standing == Standing::Holds);
    considered.extend(relay.clone());
    considered.push(consider_shared(situation, now));
    let way = chosen.and_then(|rung| proof?.ways.iter().find(|way| way.rung == rung));
    match (wished, way) {
        (Some(from), Some(way)) => own(situation, from, way, considered),
        (Some(from), None) if by_relay => {
            let reason = relay.and_then(|way| way.why.into_iter().next()).unwrap_or_else(|| Why::SharedUsed.reason());
            through_relay(situation, from, reason, considered)
        }
        _ => shared(situation, considered),
    }
}

fn proof_of<'a>(proofs: &'a [Proof], domain: &Domain) -> Option<&'a Proof> {
    proofs.iter().filter(|proof| proof.facts.from == *domain).max_by_key(|proof| proof.facts.checked_at())
}

/// What closes all ways in the library's own name at once.
fn bar(situation: &Situation<'_>, wished: Option<&Address>, now: Timestamp) -> Option<(Standing, Why)> {
    let Some(from) = wished else { return Some((Standing::Fails, Why::NotWished)) };
    let domain = from.domain();
    // Our own records prove our domain for every library: without this one could write as another.
    if [&situation.ours.shared, &situation.ours.bounces].iter().any(|ours| domain.is_within(ours)) {
        return Some((Standing::Fails, Why::OurDomain(domain.clone())));
    }
    if is_public_mailbox(domain) {
        return Some((Standing::Fails, Why::PublicMailbox(domain.clone())));
    }
    if situation.exclude.contains(&SenderKind::Own) {
        return Some((Standing::Fails, Why::RefusedBefore));
    }
    if let Some(why) = outvoted(situation) {
        return Some((Standing::Fails, why));
    }
    match proof_of(situation.proofs, domain) {
        None => Some((Standing::Unknown, Why::NeverLooked(domain.clone()))),
        Some(proof) if !proof.is_fresh(now) => Some((Standing::Unknown, Why::TooOld(domain.clone()))),
        Some(_) => None,
    }
}

/// What the patron's provider really answered, where it says otherwise than the records.
fn outvoted(situation: &Situation<'_>) -> Option<Why> {
    let concerns = |seen: &&Observed| {
        seen.sender == SenderKind::Own && situation.family.is_none_or(|family| family == seen.family)
    };
    let seen = situation.observed.iter().filter(concerns).find(|seen| seen.outvotes_the_rule())?;
    Some(Why::Outvoted { family: seen.family, refused: seen.refused, sent: seen.sent() })
}

fn consider(situation: &Situation<'_>, proof: Option<&Proof>, rung: Rung, bar: Option<&(Standing, Why)>) -> Considered {
    if let Some((standing, why)) = bar {
        return Considered { rung, standing: *standing, why: vec![why.reason()] };
    }
    let Some(way) = proof.and_then(|proof| proof.ways.iter().find(|way| way.rung == rung)) else {
        return Considered { rung, standing: Standing::Unknown, why: Vec::new() };
    };
    if rung == Rung::OwnSpf && way.standing == Standing::Holds && situation.library.prefer_shared_over_own_bounces {
        return Considered { rung, standing: Standing::Fails, why: vec![Why::SharedPreferred.reason()] };
    }
    Considered { rung, standing: way.standing, why: way.why.clone() }
}

/// The library's own relay, where it has one. No DNS record proves it, and none is needed: a test message did.
fn consider_relay(situation: &Situation<'_>, now: Timestamp) -> Option<Considered> {
    let library = situation.library;
    let (relay, from) = (library.relay.as_ref()?, library.from.as_ref()?);
    let barred =
        |why: Why| Some(Considered { rung: Rung::OwnRelay, standing: Standing::Fails, why: vec![why.reason()] });
    if [&situation.ours.shared, &situation.ours.bounces].iter().any(|ours| from.domain().is_within(ours)) {
        return barred(Why::OurDomain(from.domain().clone()));
    }
    if situation.exclude.contains(&SenderKind::Relay) {
        return barred(Why::RefusedBefore);
    }
    let (standing, reason) = relay_standing(situation.relay, relay, from, now);
    if standing == Standing::Holds && library.prefer_shared_over_own_bounces {
        return barred(Why::SharedPreferred);
    }
    Some(Considered { rung: Rung::OwnRelay, standing, why: vec![reason] })
}

fn through_relay(situation: &Situation<'_>, from: &Address, reason: Reason, considered: Vec<Considered>) -> Plan {
    Plan {
        sender: SenderKind::Relay,
        rung: Rung::OwnRelay,
        from: from.clone(),
        display_name: situation.library.from_name(situation.language).to_owned(),
        reply_to: situation.library.reply_to.clone().filter(|reply_to| reply_to != from),
        return_path_domain: from.domain().clone(),
        // As the test message had it: relays that check senders take no other.
        return_path_mailbox: Some(from.clone()),
        // The relay signs, or its SPF record vouches. A signature of ours would vouch for nobody.
        dkim: Vec::new(),
        reason,
        considered,
    }
}

fn consider_shared(situation: &Situation<'_>, now: Timestamp) -> Considered {
    let proven = proof_of(situation.proofs, &situation.ours.shared).is_some_and(|proof| proof.is_proven(now));
    let (standing, why) = match (situation.exclude.contains(&SenderKind::Shared), proven) {
        (true, _) => (Standing::Fails, Why::RefusedBefore),
        (false, true) => (Standing::Holds, Why::SharedHolds),
        (false, false) => (Standing::Unknown, Why::SharedNotProven),
    };
    Considered { rung: Rung::Shared, standing, why: vec![why.reason()] }
}

fn own(situation: &Situation<'_>, from: &Address, way: &Way, considered: Vec<Considered>) -> Plan {
    let domain = from.domain();
    let (why, dkim) = match way.rung {
        Rung::OwnDkimReturn => (Why::ChosenDkimReturn(domain.clone()), signers(domain, &way.selectors)),
        Rung::OwnDkim => (Why::ChosenDkim(domain.clone()), signers(domain, &way.selectors)),
        // Our own signature does not speak for the library, but Outlook.com wants one beside SPF.
        Rung::OwnReturn => (Why::ChosenReturn(domain.clone()), ours_sign(situation)),
        Rung::OwnSpf | Rung::OwnRelay | Rung::Shared => (Why::ChosenSpf(domain.clone()), ours_sign(situation)),
    };
    Plan {
        sender: SenderKind::Own,
        rung: way.rung,
        from: from.clone(),
        display_name: situation.library.from_name(situation.language).to_owned(),
        reply_to: situation.library.reply_to.clone().filter(|reply_to| reply_to != from),
        return_path_domain: way.return_path.clone(),
        return_path_mailbox: (way.rung == Rung::OwnSpf).then(|| from.clone()),
        dkim,
        reason: why.reason(),
        considered,
    }
}

fn shared(situation: &Situation<'_>, considered: Vec<Considered>) -> Plan {
    let library = situation.library;
    let local = library.code.as_str().to_ascii_lowercase();
    let from = Address::parse(&format!("{local}@{}", situation.ours.shared))
        .expect("a library's code is a local part, and the domain is one");
    Plan {
        sender: SenderKind::Shared,
        rung: Rung::Shared,
        display_name: library.from_name(situation.language).to_owned(),
        reply_to: library.reply_to.clone().or_else(|| library.from.clone()),
        return_path_domain: situation.ours.bounces.clone(),
        return_path_mailbox: None,
        dkim: ours_sign(situation),
        reason: reason_for_shared(&considered),
        from,
        considered,
    }
}

/// Why shared: what stands against the best way in the library's own name.
fn reason_for_shared(considered: &[Considered]) -> Reason {
    let shared = Why::SharedUsed.reason();
    let against = considered.iter().find(|way| way.rung != Rung::Shared).and_then(|way| way.why.first());
    match against {
        None => shared,
        Some(against) => Reason {
            code: against.code,
            en: format!("{} {}", shared.en, against.en),
            fr: format!("{} {}", shared.fr, against.fr),
            detail: against.detail.clone(),
        },
    }
}

fn signers(domain: &Domain, selectors: &[String]) -> Vec<(Domain, String)> {
    selectors.iter().map(|selector| (domain.clone(), selector.clone())).collect()
}

fn ours_sign(situation: &Situation<'_>) -> Vec<(Domain, String)> {
    let proof = proof_of(situation.proofs, &situation.ours.shared);
    let found: Vec<String> =
        proof.map(|proof| proof.facts.selectors().into_iter().map(str::to_owned).collect()).unwrap_or_default();
    // Where nothing is known about our own keys, the preferred one signs: it is ours to publish.
    let selectors = if found.is_empty() { &situation.ours.selectors[..1] } else { &found[..] };
    signers(&situation.ours.shared, selectors)
}
