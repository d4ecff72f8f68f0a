//! Whether a From domain's records let us send in its name: [`Facts`] in, one [`Way`] for each rung out.
//!
//! A way holds when both kinds of DMARC receivers would pass it; where no policy applies, when SPF or DKIM vouches
//! for a name of the From domain, so that receivers which want authentication have it. Unknown never holds.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use standards::dmarc::{Aligned, Authenticated, Evaluation, Finding, Policy, Verdict as Dmarc, evaluate};
use standards::domain::Domain;

use super::facts::{Facts, KeyFact, KeyFinding, Listed, Receives, SpfFact, SpfSays, SpfTrouble, is_public_mailbox};
use super::verdict::{
    Certainty, Family, Observed, Outlook, ProviderVerdict, Verdict, headline, observation, published,
};
use super::words::{Reason, Why};
use super::{Alias, Rung, SenderKind};

/// How old the facts may be on which a message leaves in a library's own name, where the operator sets nothing else.
/// An hour is the usual TTL of such records: within it receivers, too, may still see the old ones.
pub const PROOF_AGE_MAX: Duration = Duration::from_secs(3_600);

/// Whether a way of sending is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Receivers will believe it.
    Holds,
    /// They will not.
    Fails,
    /// That cannot be told before the DNS answers.
    Unknown,
}

/// One way of sending from the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Which.
    pub rung: Rung,
    /// Whether it is open.
    pub standing: Standing,
    /// The domain of the return path.
    pub return_path: Domain,
    /// Selectors of the From domain to sign with, the preferred one first.
    pub selectors: Vec<String>,
    /// What receivers would find.
    pub evaluation: Evaluation,
    /// What speaks for it, or against it.
    pub why: Vec<Reason>,
}

/// Dated facts about a From domain, and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// What DNS said.
    pub facts: Facts,
    /// Every way in the domain's own name, best first.
    pub ways: Vec<Way>,
    /// How old the facts may be.
    #[serde(skip)]
    pub age_max: Duration,
}

impl Proof {
    /// What follows from `facts`, which hold for `age_max`.
    #[must_use]
    pub fn of(facts: Facts, age_max: Duration) -> Self {
        let ways = Rung::OWN.into_iter().map(|rung| way(&facts, rung)).collect();
        Self { facts, ways, age_max }
    }

    /// Whether the facts are young enough to send on. Facts of the future are a wrong clock, and prove nothing.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.facts.checked_at());
        !age.is_negative() && age.unsigned_abs() <= self.age_max
    }

    /// Whether a message may leave in the domain's name now.
    #[must_use]
    pub fn is_proven(&self, now: Timestamp) -> bool {
        self.is_fresh(now) && self.best().is_some()
    }

    /// The best way that holds.
    #[must_use]
    pub fn best(&self) -> Option<&Way> {
        self.ways.iter().find(|way| way.standing == Standing::Holds)
    }

    /// What each family would say now to a message from this domain: sent the best way that holds, or else as a server
    /// would that simply writes this From address. `observed` counts for [`SenderKind::Own`] stand beside the rule.
    #[must_use]
    pub fn verdicts(&self, observed: &[Observed]) -> Vec<ProviderVerdict> {
        let as_is = self.as_it_is();
        let evaluation =
            self.best().map_or_else(|| evaluate(&self.facts.dmarc.value, &as_is), |way| way.evaluation.clone());
        let outlook = Outlook {
            verdicts: [&evaluation.by_walk, &evaluation.by_list],
            aligned: [&evaluation.aligned_by_walk, &evaluation.aligned_by_list],
            authenticates: self.best().is_some() || as_is.spf.is_some() || !as_is.dkim.is_empty(),
            signed: !self.facts.selectors().is_empty(),
            receives: &self.facts.receives.value,
        };
        let of_family = |family| {
            let (rule, asks) =
                if self.is_unknown(&outlook) { (Verdict::Unknown, None) } else { outlook.verdict(family) };
            let seen = observed.iter().find(|seen| seen.family == family && seen.sender == SenderKind::Own);
            let outvoted = seen.is_some_and(Observed::outvotes_the_rule);
            let verdict = if outvoted { Verdict::Rejected } else { rule };
            let certainty = match asks {
                _ if outvoted && rule != Verdict::Rejected => Certainty::Observed,
                Some(_) => Certainty::Published,
                None => Certainty::Rule,
            };
            let published = asks.map(|asks| published(family, asks));
            let observed = seen.filter(|seen| seen.sent() > 0).map(observation);
            ProviderVerdict { family, verdict, certainty, headline: headline(family, verdict), published, observed }
        };
        Family::ALL.into_iter().map(of_family).collect()
    }

    /// Why the verdicts are as they are: what the domain asks of receivers, then what they would find.
    #[must_use]
    pub fn because(&self) -> Vec<Reason> {
        let facts = &self.facts;
        let mut why: Vec<Why> = domain_trouble(facts).map(|(_, why)| why).into_iter().collect();
        why.push(policy(facts));
        why.push(listing(facts, &facts.from));
        if facts.listed(&facts.return_path) == Listed::All {
            why.push(Why::SpfLists(facts.return_path.clone()));
        }
        why.push(signing(facts));
        why.push(returning(facts));
        if self.ways.iter().any(|way| !way.evaluation.both_agree()) {
            why.push(Why::ReceiversDiffer(facts.from.clone()));
        }
        why.iter().map(Why::reason).collect()
    }

    /// What authenticates when a server of ours writes this From address and a return path in the same domain.
    fn as_it_is(&self) -> Authenticated {
        let facts = &self.facts;
        let spf = [&facts.from, &facts.return_path].into_iter().find(|name| facts.listed(name) == Listed::All).cloned();
        let dkim = if facts.selectors().is_empty() { Vec::new() } else { vec![facts.from.clone()] };
        Authenticated { spf, dkim }
    }

    /// Whether a missing answer could turn the verdict: nothing holds, and something that matters is not known.
    fn is_unknown(&self, outlook: &Outlook<'_>) -> bool {
        let refused_anyway = !matches!(self.facts.receives.value, Receives::Yes | Receives::Unknown(_));
        let could_pass = self.ways.iter().any(|way| way.standing == Standing::Unknown);
        self.best().is_none() && could_pass && !refused_anyway && !outlook.verdicts.contains(&&Dmarc::Pass)
    }
}

/// Judges one rung.
fn way(facts: &Facts, rung: Rung) -> Way {
    let return_path = match rung {
        Rung::OwnDkimReturn | Rung::OwnReturn => &facts.return_path,
        Rung::OwnDkim | Rung::Shared => &facts.bounces,
        Rung::OwnSpf | Rung::OwnRelay => &facts.from,
    };
    let needs_alias = matches!(rung, Rung::OwnDkimReturn | Rung::OwnReturn);
    let needs_listing = rung != Rung::OwnDkim && rung != Rung::Shared;
    let listed = facts.listed(return_path);
    let signed = if rung.is_signed() { signing_standing(facts) } else { Standing::Fails };
    let judge = |spf: bool, dkim: bool| {
        let spf = spf.then(|| return_path.clone());
        let dkim = if dkim { vec![facts.from.clone()] } else { Vec::new() };
        evaluate(&facts.dmarc.value, &Authenticated { spf, dkim })
    };
    let evaluation = judge(listed == Listed::All, signed == Standing::Holds);
    // What is not known yet may still turn out well: the policy fails a way only when even that would not help.
    let hoped_for = judge(listing_standing(&listed) != Standing::Fails, signed != Standing::Fails);

    let mut parts: Vec<(Standing, Why)> = domain_trouble(facts).into_iter().collect();
    if rung.is_signed() {
        parts.push((signed, signing(facts)));
    }
    if needs_alias {
        parts.push((alias_standing(facts), returning(facts)));
    }
    if needs_listing {
        parts.push((listing_standing(&listed), listing(facts, return_path)));
    }
    parts.extend(dmarc_standing(facts, &hoped_for, return_path));
    let standing = overall(parts.iter().map(|(standing, _)| *standing));
    // Reasons against it come before reasons for it: the first is what is shown in one line.
    parts.sort_by_key(|(standing, _)| *standing == Standing::Holds);
    Way {
        rung,
        standing,
        return_path: return_path.clone(),
        selectors: if rung.is_signed() {
            facts.selectors().into_iter().map(str::to_owned).collect()
        } else {
            Vec::new()
        },
        evaluation,
        why: parts.iter().map(|(_, why)| why.reason()).collect(),
    }
}

fn overall(parts: impl Iterator<Item = Standing> + Clone) -> Standing {
    if parts.clone().any(|part| part == Standing::Fails) {
        return Standing::Fails;
    }
    if parts.clone().any(|part| part == Standing::Unknown) { Standing::Unknown } else { Standing::Holds }
}

/// What is wrong with the From domain as such.
fn domain_trouble(facts: &Facts) -> Option<(Standing, Why)> {
    let domain = facts.from.clone();
    if is_public_mailbox(&domain) {
        return Some((Standing::Fails, Why::PublicMailbox(domain)));
    }
    if facts.spf.is_empty() {
        return Some((Standing::Fails, Why::NoRelayAddress));
    }
    Some(match &facts.receives.value {
        Receives::Yes => return None,
        Receives::NullMx => (Standing::Fails, Why::NullMx(domain)),
        Receives::NoHost => (Standing::Fails, Why::NoMailServer(domain)),
        Receives::NoSuchDomain => (Standing::Fails, Why::NoSuchDomain(domain)),
        Receives::Unknown(_) => (Standing::Unknown, Why::DomainUnknown(domain)),
    })
}

/// The policy, and whether both kinds of receivers are content with `evaluation`.
fn dmarc_standing(facts: &Facts, evaluation: &Evaluation, return_path: &Domain) -> Vec<(Standing, Why)> {
    let views = [&evaluation.by_walk, &evaluation.by_list];
    let aligned: [&[Aligned]; 2] = [&evaluation.aligned_by_walk, &evaluation.aligned_by_list];
    let is_aligned = aligned.iter().any(|aligned| !aligned.is_empty());
    let standings = views.map(|view| match view {
        Dmarc::Pass => Standing::Holds,
        Dmarc::None if is_aligned => Standing::Holds,
        Dmarc::None | Dmarc::Fail(_) => Standing::Fails,
        Dmarc::TempError(_) => Standing::Unknown,
    });
    let standing = overall(standings.into_iter());
    let mut parts = vec![(standing, policy(facts))];
    if standing == Standing::Fails && standings.contains(&Standing::Holds) {
        parts.push((Standing::Fails, Why::ReceiversDiffer(facts.from.clone())));
    }
    // SPF vouches for a name, and yet that name does not count for the From domain.
    let vouched = facts.listed(return_path) == Listed::All && return_path.is_within(&facts.from);
    if standing == Standing::Fails && vouched {
        parts.push((Standing::Fails, Why::NotTheSameName { domain: facts.from.clone(), other: return_path.clone() }));
    }
    parts
}

fn policy(facts: &Facts) -> Why {
    let discovery = &facts.dmarc.value;
    let domain = facts.from.clone();
    // The stricter of what the two kinds of receivers read; where one reads nothing, the other's.
    let applied = |finding: &Finding| match finding {
        Finding::Applies(applied) => Some((applied.policy, applied.at.clone())),
        _ => None,
    };
    let strictest = [&discovery.by_walk.finding, &discovery.by_list.finding].into_iter().filter_map(applied).max();
    match (strictest, &discovery.by_walk.finding) {
        (Some((Policy::Reject, at)), _) => Why::AsksReject { domain, at },
        (Some((Policy::Quarantine, at)), _) => Why::AsksQuarantine { domain, at },
        (Some((Policy::None, at)), _) => Why::AsksNothing { domain, at },
        (None, Finding::Unknown(why)) => Why::PolicyUnknown { domain, why: why.clone() },
        (None, Finding::Unusable(at)) => Why::PolicyUseless(at.clone()),
        (None, _) => match &discovery.by_list.finding {
            Finding::Unknown(why) => Why::PolicyUnknown { domain, why: why.clone() },
            _ => Why::NoPolicy(domain),
        },
    }
}

fn listing_standing(listed: &Listed<'_>) -> Standing {
    match listed {
        Listed::All => Standing::Holds,
        Listed::Some(_) | Listed::No(_) | Listed::NoRelay => Standing::Fails,
        Listed::Unknown(_) => Standing::Unknown,
    }
}

fn listing(facts: &Facts, mail_from: &Domain) -> Why {
    let domain = mail_from.clone();
    match facts.listed(mail_from) {
        Listed::All => Why::SpfLists(domain),
        Listed::NoRelay => Why::NoRelayAddress,
        Listed::Unknown(_) => Why::SpfUnknown(domain),
        Listed::Some(fact) => Why::SpfMissesOne { domain, relay: fact.relay },
        Listed::No(SpfFact { says: SpfSays::None, .. }) => Why::SpfAbsent(domain),
        Listed::No(SpfFact { says: SpfSays::PermError, trouble, .. }) => {
            let trouble = trouble.clone().unwrap_or_else(|| SpfTrouble::Other("permerror".to_owned()));
            Why::SpfBroken { domain, trouble }
        }
        Listed::No(fact) => Why::SpfMisses { domain, says: fact.says, record: fact.record.clone() },
    }
}

fn signing_standing(facts: &Facts) -> Standing {
    let any = |wanted: fn(&KeyFinding) -> bool| facts.dkim.iter().any(|key| wanted(&key.value.finding));
    if any(|finding| *finding == KeyFinding::Ours) {
        return Standing::Holds;
    }
    if any(|finding| matches!(finding, KeyFinding::Unknown(_))) { Standing::Unknown } else { Standing::Fails }
}

/// What there is to say of the keys: the one that is found, or else the one that was tried and went wrong.
fn signing(facts: &Facts) -> Why {
    let domain = facts.from.clone();
    let rank = |key: &KeyFact| match key.finding {
        KeyFinding::Ours => 0,
        KeyFinding::Unknown(_) => 1,
        KeyFinding::Other(_) | KeyFinding::Revoked | KeyFinding::Unreadable(_) => 2,
        KeyFinding::Absent => 3,
    };
    let Some(key) = facts.dkim.iter().map(|key| &key.value).min_by_key(|key| rank(key)) else {
        return Why::NoKeyMade(domain);
    };
    let selector = key.selector.clone();
    match &key.finding {
        KeyFinding::Ours => Why::KeyFound { domain, selector },
        KeyFinding::Absent => Why::KeyAbsent { domain, selector },
        KeyFinding::Other(bits) => Why::KeyOther { domain, selector, bits: *bits },
        KeyFinding::Revoked => Why::KeyRevoked { domain, selector },
        KeyFinding::Unreadable(why) => Why::KeyUnreadable { domain, selector, why: why.clone() },
        KeyFinding::Unknown(_) => Why::KeyUnknown { domain, selector },
    }
}

fn alias_standing(facts: &Facts) -> Standing {
    match facts.alias.value {
        Alias::Ours => Standing::Holds,
        Alias::Unknown(_) => Standing::Unknown,
        Alias::Elsewhere(_) | Alias::NoAlias | Alias::Absent => Standing::Fails,
    }
}

fn returning(facts: &Facts) -> Why {
    let name = facts.return_path.clone();
    match &facts.alias.value {
        Alias::Ours => Why::ReturnOurs(name),
        Alias::Elsewhere(target) => Why::ReturnElsewhere { name, target: target.clone() },
        Alias::NoAlias => Why::ReturnNoAlias(name),
        Alias::Absent => Why::ReturnAbsent(name),
        Alias::Unknown(_) => Why::ReturnUnknown(name),
    }
}
