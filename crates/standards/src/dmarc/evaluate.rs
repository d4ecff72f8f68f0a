//! Whether a message with these authenticated identifiers passes (RFC 9989 §4.4, §4.10.2), by each way of discovery.

use super::discover::{Discovery, Finding, View};
use super::record::{Mode, Policy};
use crate::domain::Domain;

/// What authenticated: the domains SPF and DKIM vouch for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authenticated {
    /// The MAIL FROM domain, when SPF gave `pass` for it.
    pub spf: Option<Domain>,
    /// The `d=` domain of each signature that verified.
    pub dkim: Vec<Domain>,
}

/// Which check vouches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// SPF, for the MAIL FROM domain.
    Spf,
    /// A DKIM signature, for its `d=` domain.
    Dkim,
}

/// An identifier that is aligned with the author domain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Aligned {
    /// Which check vouches for it.
    pub method: Method,
    /// The identifier.
    pub domain: Domain,
}

/// A DMARC result, in the words of RFC 8601 §2.7.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// At least one identifier is aligned.
    Pass,
    /// None is, and this is what the owner asks for.
    Fail(Policy),
    /// No policy applies.
    None,
    /// The DNS gave no answer to something that matters; this is what went wrong.
    TempError(String),
}

/// The verdict of both kinds of receivers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Evaluation {
    /// As receivers that follow RFC 9989 judge.
    pub by_walk: Verdict,
    /// As receivers that follow RFC 7489 judge.
    pub by_list: Verdict,
    /// What is aligned by the tree walk, whether or not there is a policy.
    pub aligned_by_walk: Vec<Aligned>,
    /// What is aligned by the public suffix list, whether or not there is a policy.
    pub aligned_by_list: Vec<Aligned>,
}

impl Evaluation {
    /// Whether both kinds of receivers come to the same verdict.
    #[must_use]
    pub fn both_agree(&self) -> bool {
        self.by_walk == self.by_list
    }

    /// Whether the message passes with both.
    #[must_use]
    pub fn both_pass(&self) -> bool {
        self.by_walk == Verdict::Pass && self.by_list == Verdict::Pass
    }
}

/// Judges a message of `discovery.author` with these identifiers. Identifiers that discovery was not asked about count
/// as unknown where only their organizational domain could align them.
#[must_use]
pub fn evaluate(discovery: &Discovery, authenticated: &Authenticated) -> Evaluation {
    let (by_walk, aligned_by_walk) = judge(&discovery.author, &discovery.by_walk, authenticated);
    let (by_list, aligned_by_list) = judge(&discovery.author, &discovery.by_list, authenticated);
    Evaluation { by_walk, by_list, aligned_by_walk, aligned_by_list }
}

fn judge(author: &Domain, view: &View, authenticated: &Authenticated) -> (Verdict, Vec<Aligned>) {
    let (adkim, aspf) = match &view.finding {
        Finding::Applies(applied) => (applied.record.adkim, applied.record.aspf),
        _ => (Mode::Relaxed, Mode::Relaxed),
    };
    let spf = authenticated.spf.iter().map(|domain| (Method::Spf, domain, aspf));
    let dkim = authenticated.dkim.iter().map(|domain| (Method::Dkim, domain, adkim));
    let (mut aligned, mut unknown) = (Vec::new(), None);
    for (method, domain, mode) in spf.chain(dkim) {
        match is_aligned(author, domain, mode, view) {
            Some(true) => aligned.push(Aligned { method, domain: domain.clone() }),
            Some(false) => {}
            None => unknown = Some(format!("the organizational domain of {domain} is not known")),
        }
    }
    let verdict = match (&view.finding, unknown) {
        (Finding::Unknown(why), _) => Verdict::TempError(why.clone()),
        (Finding::Absent | Finding::Unusable(_), _) => Verdict::None,
        (Finding::Applies(_), _) if !aligned.is_empty() => Verdict::Pass,
        (Finding::Applies(_), Some(why)) => Verdict::TempError(why),
        (Finding::Applies(applied), None) => Verdict::Fail(applied.policy),
    };
    (verdict, aligned)
}

/// None: that cannot be known without an answer the DNS did not give.
fn is_aligned(author: &Domain, domain: &Domain, mode: Mode, view: &View) -> Option<bool> {
    if author == domain {
        return Some(true);
    }
    if mode == Mode::Strict {
        return Some(false);
    }
    // Names with different last labels share no organization, whatever the DNS says.
    if author.labels().next_back() != domain.labels().next_back() {
        return Some(false);
    }
    let ours = view.organization.as_ref()?;
    if !domain.is_within(ours) {
        return Some(false);
    }
    let theirs = view.identifiers.get(domain)?.as_ref()?;
    Some(ours == theirs)
}
