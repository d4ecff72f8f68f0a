//! What each family of mailbox providers would say now: computed by the standards and by the rules they have published, and
//! beside it what they really answered.
//!
//! In: the DMARC verdicts of both kinds of receivers, and what authenticates at all. Out: one [`Verdict`] a family, and
//! how sure it is.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use standards::dmarc::{Aligned, Policy, Verdict as Dmarc};

use super::SenderKind;
use super::facts::Receives;
use super::words::Reason;

/// Families of mailbox providers whose rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Gmail and Google Workspace.
    Gmail,
    /// Outlook.com, Hotmail, Microsoft 365.
    Microsoft,
    /// Yahoo and AOL, and those who moved there.
    Yahoo,
    /// iCloud, me.com, mac.com.
    Icloud,
    /// All others.
    Other,
}

impl Family {
    /// In the order in which pages show them.
    pub const ALL: [Self; 5] = [Self::Gmail, Self::Microsoft, Self::Yahoo, Self::Icloud, Self::Other];

    /// The family of a provider's name as logs and the store spell it: `gmail`, `Microsoft365`, `AOL`, `Apple`.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let families: [(Self, &[&str]); 4] = [
            (Self::Gmail, &["gmail", "google"]),
            (Self::Microsoft, &["microsoft", "outlook", "hotmail", "office365", "live.com", "msn"]),
            (Self::Yahoo, &["yahoo", "aol"]),
            (Self::Icloud, &["icloud", "apple"]),
        ];
        let found = families.iter().find(|(_, words)| words.iter().any(|word| name.contains(word)));
        found.map_or(Self::Other, |(family, _)| *family)
    }

    /// The name in an English sentence.
    #[must_use]
    pub fn name_en(self) -> &'static str {
        match self {
            Self::Gmail => "Gmail",
            Self::Microsoft => "Outlook and Microsoft 365",
            Self::Yahoo => "Yahoo and AOL",
            Self::Icloud => "iCloud",
            Self::Other => "The others",
        }
    }

    /// The name in a French sentence.
    #[must_use]
    pub fn name_fr(self) -> &'static str {
        match self {
            Self::Gmail => "Gmail",
            Self::Microsoft => "Outlook et Microsoft 365",
            Self::Yahoo => "Yahoo et AOL",
            Self::Icloud => "iCloud",
            Self::Other => "Les autres",
        }
    }

    /// The English name in the middle of a sentence.
    pub(super) fn within_en(self) -> &'static str {
        if self == Self::Other { "the others" } else { self.name_en() }
    }

    /// The French name in the middle of a sentence.
    pub(super) fn within_fr(self) -> &'static str {
        if self == Self::Other { "les autres" } else { self.name_fr() }
    }

    /// Whether it refuses mail for which neither SPF nor DKIM vouches at all. Gmail: 550 5.7.26 "requires all senders to
    /// authenticate with either SPF or DKIM"; Yahoo the same; iCloud: 550 5.7.1 "failing both". Others file it as spam.
    fn wants_authentication(self) -> bool {
        matches!(self, Self::Gmail | Self::Yahoo | Self::Icloud)
    }

    /// Where it has published what it asks of senders: the document's title. The others have no one document.
    fn rules(self) -> Option<&'static str> {
        match self {
            Self::Gmail => Some("Google: Email sender guidelines"),
            Self::Microsoft => Some("Microsoft: Outlook’s requirements for high-volume senders"),
            Self::Yahoo => Some("Yahoo: Sender requirements and recommendations"),
            Self::Icloud => Some("Apple: Postmaster information for iCloud Mail"),
            Self::Other => None,
        }
    }

    /// Whether its name is a single one in a sentence.
    fn is_one(self) -> bool {
        matches!(self, Self::Gmail | Self::Icloud)
    }
}

/// What a family would do with a message, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It accepts this.
    Arrives,
    /// It will probably accept this.
    Likely,
    /// It may file this as spam.
    SpamRisk,
    /// We cannot tell: the DNS gave no answer.
    Unknown,
    /// It would refuse this today.
    Rejected,
}

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Computed by the standards from live DNS and our relays' addresses.
    Rule,
    /// By what the provider has published for senders, where that asks for more than the standards do.
    Published,
    /// What really happened in the last days says otherwise.
    Observed,
}

/// One family's verdict, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderVerdict {
    /// Who.
    pub family: Family,
    /// What it would do.
    pub verdict: Verdict,
    /// How sure that is.
    pub certainty: Certainty,
    /// The verdict as a sentence.
    pub headline: Reason,
    /// What its published rules ask for, where they decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Reason>,
    /// What was observed, where there was anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Reason>,
}

/// What one family answered to one library's messages under one sender in the last seven days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Who answered.
    pub family: Family,
    /// In whose name they were sent.
    pub sender: SenderKind,
    /// Accepted.
    pub accepted: u32,
    /// Refused for authentication.
    pub refused: u32,
}

/// Refusals that outvote the rule, when they are also more than half. One or two may be a slip of theirs; three in a
/// week are a fact.
pub const OBSERVED_REFUSALS_MIN: u32 = 3;

impl Observed {
    /// Whether so much was refused that records do not matter any more.
    #[must_use]
    pub fn outvotes_the_rule(&self) -> bool {
        self.refused >= OBSERVED_REFUSALS_MIN && self.refused > self.accepted
    }

    /// Accepted and refused.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.accepted.saturating_add(self.refused)
    }
}

/// What is known of a message before it is sent.
pub(super) struct Outlook<'a> {
    /// The DMARC verdicts by the tree walk and by the list.
    pub verdicts: [&'a Dmarc; 2],
    /// What is aligned in either way.
    pub aligned: [&'a [Aligned]; 2],
    /// Whether SPF or DKIM passes for any name.
    pub authenticates: bool,
    /// Whether a signature of the From domain is among it: it survives forwarding, SPF does not.
    pub signed: bool,
    /// Whether the From domain takes mail.
    pub receives: &'a Receives,
}

/// What a family's published rules ask for beyond the standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asks {
    /// That the domain says what is to become of mail in its name.
    Policy,
    /// That SPF or DKIM passes for the From domain itself.
    Alignment,
    /// That SPF or DKIM passes at all.
    Authentication,
    /// That the domain can be found.
    Domain,
}

impl Outlook<'_> {
    /// The verdict of a family, and what in its published rules decided it. Receivers of both kinds are in each, so the
    /// worse of both counts; where the standards alone come to as much, they are reason enough.
    pub fn verdict(&self, family: Family) -> (Verdict, Option<Asks>) {
        let [one, other] = self.verdicts.map(|verdict| self.by(verdict, family));
        let judged = [one, other, self.by_domain(family)];
        let worst = judged.into_iter().max_by_key(|(verdict, asks)| (*verdict, Reverse(*asks)));
        let (verdict, asks) = worst.unwrap_or((Verdict::Unknown, None));
        if verdict == Verdict::Arrives && !self.signed {
            return (Verdict::Likely, None);
        }
        (verdict, asks.filter(|_| family.rules().is_some()))
    }

    fn by(&self, verdict: &Dmarc, family: Family) -> (Verdict, Option<Asks>) {
        let is_aligned = self.aligned.iter().any(|aligned| !aligned.is_empty());
        match verdict {
            Dmarc::Pass => (Verdict::Arrives, None),
            Dmarc::TempError(_) => (Verdict::Unknown, None),
            Dmarc::Fail(Policy::Reject) => (Verdict::Rejected, None),
            Dmarc::Fail(Policy::Quarantine) => (Verdict::SpamRisk, None),
            // Without a record nothing forbids it. Bulk senders must have one at Gmail, Yahoo and Outlook.com.
            Dmarc::None if is_aligned => (Verdict::Likely, Some(Asks::Policy)),
            Dmarc::None | Dmarc::Fail(Policy::None) if self.authenticates => (Verdict::SpamRisk, Some(Asks::Alignment)),
            Dmarc::None | Dmarc::Fail(Policy::None) if family.wants_authentication() => {
                (Verdict::Rejected, Some(Asks::Authentication))
            }
            Dmarc::None | Dmarc::Fail(Policy::None) => (Verdict::SpamRisk, Some(Asks::Authentication)),
        }
    }

    /// RFC 7505 §4.2: mail from a domain that takes none may be refused; Yahoo and others also look for a domain at all.
    fn by_domain(&self, family: Family) -> (Verdict, Option<Asks>) {
        match (self.receives, family) {
            (Receives::Yes, _) => (Verdict::Arrives, None),
            (Receives::Unknown(_), _) => (Verdict::Unknown, None),
            (Receives::NullMx, _) => (Verdict::Rejected, None),
            (Receives::NoSuchDomain, Family::Yahoo) => (Verdict::Rejected, Some(Asks::Domain)),
            (Receives::NoSuchDomain, _) => (Verdict::Rejected, None),
            (Receives::NoHost, Family::Yahoo) => (Verdict::Rejected, Some(Asks::Domain)),
            (Receives::NoHost, _) => (Verdict::SpamRisk, None),
        }
    }
}

/// What `family` asks for in its published rules, as a sentence with the title of the document.
pub(super) fn published(family: Family, asks: Asks) -> Reason {
    let (en, fr) = (family.name_en(), family.name_fr());
    let (ask, take, demande, prend) = match family.is_one() {
        true => ("asks", "takes", "demande", "prend"),
        false => ("ask", "take", "demandent", "prennent"),
    };
    let (code, en, fr) = match asks {
        Asks::Policy => (
            "asks_policy",
            format!("{en} {ask} whoever sends much to publish what to do with mail in their name."),
            format!("{fr} {demande} à qui envoie beaucoup de publier quoi faire du courriel en son nom."),
        ),
        Asks::Alignment => (
            "asks_alignment",
            format!("{en} {ask} that something vouch for the From address itself, not only for the server."),
            format!("{fr} {demande} que l’adresse d’expéditeur elle-même soit garantie, et pas seulement le serveur."),
        ),
        Asks::Authentication => (
            "asks_authentication",
            format!("{en} {ask} that something vouch for every message, and nothing vouches for this one."),
            format!("{fr} {demande} que chaque message soit garanti, et rien ne garantit celui-ci."),
        ),
        Asks::Domain => (
            "asks_domain",
            format!("{en} {take} no mail from a domain whose mail server cannot be found."),
            format!("{fr} ne {prend} pas de courriel d’un domaine dont le serveur de courriel est introuvable."),
        ),
    };
    Reason { code, en, fr, detail: family.rules().map(str::to_owned) }
}

/// The verdict of `family` as a sentence.
pub(super) fn headline(family: Family, verdict: Verdict) -> Reason {
    let (en, fr) = (family.name_en(), family.name_fr());
    let one = family.is_one();
    let (code, en, fr) = match (verdict, one) {
        (Verdict::Arrives, true) => ("arrives", format!("{en} accepts this."), format!("{fr} l’accepte.")),
        (Verdict::Arrives, false) => ("arrives", format!("{en} accept this."), format!("{fr} l’acceptent.")),
        (Verdict::Likely, true) => {
            ("likely", format!("{en} will probably accept this."), format!("{fr} l’acceptera probablement."))
        }
        (Verdict::Likely, false) => {
            ("likely", format!("{en} will probably accept this."), format!("{fr} l’accepteront probablement."))
        }
        (Verdict::SpamRisk, true) => {
            ("spam_risk", format!("{en} may put this in spam."), format!("{fr} pourrait le classer comme indésirable."))
        }
        (Verdict::SpamRisk, false) => (
            "spam_risk",
            format!("{en} may put this in spam."),
            format!("{fr} pourraient le classer comme indésirable."),
        ),
        (Verdict::Rejected, true) => {
            ("rejected", format!("{en} would refuse this today."), format!("{fr} le refuserait aujourd’hui."))
        }
        (Verdict::Rejected, false) => {
            ("rejected", format!("{en} would refuse this today."), format!("{fr} le refuseraient aujourd’hui."))
        }
        (Verdict::Unknown, true) => (
            "unknown",
            format!("We cannot tell yet what {en} would do."),
            format!("Nous ignorons encore ce que ferait {fr}."),
        ),
        (Verdict::Unknown, false) => (
            "unknown",
            format!("We cannot tell yet what {} would do.", family.within_en()),
            format!("Nous ignorons encore ce que feraient {}.", family.within_fr()),
        ),
    };
    Reason { code, en, fr, detail: None }
}

/// What was observed, as a sentence.
pub(super) fn observation(observed: &Observed) -> Reason {
    let (accepted, refused, sent) = (observed.accepted, observed.refused, observed.sent());
    Reason {
        code: "observed",
        en: format!(
            "{sent} notice{} from this address in 7 days: {accepted} accepted, {refused} refused.",
            if sent == 1 { "" } else { "s" }
        ),
        // French has the plural from two on.
        fr: format!(
            "{sent} avis de cette adresse en 7 jours : {accepted} accepté{}, {refused} refusé{}.",
            if accepted < 2 { "" } else { "s" },
            if refused < 2 { "" } else { "s" }
        ),
        detail: None,
    }
}
