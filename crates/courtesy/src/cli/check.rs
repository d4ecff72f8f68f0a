//! `courtesy check`: what each mailbox provider would say now to mail as this address, and why.
//!
//! In: an address or a domain, live DNS, and what settings or flags say is ours. Out: a verdict for each family of
//! providers, the reasons with their technical proof, and the fix. No server, no account. Our keys are told by where
//! the domain's selectors lead: under our own domain stands what we publish (`net::facts::subject_by_delegation`).

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use standards::address::Address;
use standards::dns::Dns;
use standards::domain::Domain;
use tokio::time::Instant;

use super::looking::{Known, Looking};
use super::{Common, Exit};
use crate::clock;
use crate::net::facts;
use crate::notice::Language;
use crate::sender::{
    Certainty, Considered, ProviderVerdict, Reason, Receives, Rung, SenderKind, StaffVerdict, Standing, Verdict,
    is_public_mailbox, staff_verdict, wanted,
};

/// How long one check may take, with all its questions: somebody waits. What has no answer by then is unknown, and said so.
const CHECK_MAX: Duration = Duration::from_secs(10);

/// Options of `check`.
#[derive(Args)]
#[command(after_help = "Examples:
  courtesy check ill@library.example
  courtesy check library.example --relay 192.0.2.10
Exit code: 0 it arrives, 3 a provider would refuse it, 7 the DNS did not answer")]
pub(super) struct CheckArgs {
    /// The From address, or its domain
    #[arg(value_name = "ADDRESS|DOMAIN", value_parser = subject)]
    what: What,
    #[command(flatten)]
    looking: Looking,
}

/// What is checked.
#[derive(Clone, Debug)]
struct What {
    text: String,
    domain: Domain,
}

fn subject(text: &str) -> Result<What, String> {
    let domain = match text.contains('@') {
        true => Address::parse(text).map_err(|error| error.to_string())?.domain().clone(),
        false => Domain::parse(text).map_err(|error| error.to_string())?,
    };
    Ok(What { text: text.to_owned(), domain })
}

pub(super) async fn run(args: &CheckArgs, common: &Common) -> anyhow::Result<Exit> {
    let config = args.looking.settings(common)?;
    let resolver = args.looking.resolver(&config)?.until(Instant::now() + CHECK_MAX);
    let known = args.looking.known(&config);
    let checked = check(&resolver, &known, &args.what, clock::now()).await;
    let text = if common.json { serde_json::to_string(&checked)? + "\n" } else { checked.words(common.language()) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(checked.exit())
}

/// What was found. `--json` prints it as it is.
#[derive(Serialize)]
struct Checked {
    /// As it was asked.
    checked: String,
    domain: Domain,
    /// The addresses it would come from.
    relays: Vec<IpAddr>,
    /// Whether these are the service's; otherwise they stand for a server that nobody lists.
    relays_known: bool,
    /// The shared domain of the service, where it is known.
    service: Option<Domain>,
    checked_at: Timestamp,
    /// What would be done with it, the worst of all families.
    worst: Verdict,
    verdicts: Vec<ProviderVerdict>,
    because: Vec<Reason>,
    /// What the domain's own mail system would do with it, for staff there.
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<StaffVerdict>,
    /// Every way of sending as this domain, best first.
    ways: Vec<Considered>,
    /// The records to publish, where the domain's owner could.
    records_wanted: usize,
    /// Whether the shared address would arrive, where the service is known.
    shared_arrives: Option<bool>,
}

async fn check(dns: &dyn Dns, known: &Known, what: &What, now: Timestamp) -> Checked {
    let (ours, domain) = (&known.ours, &what.domain);
    let is_ours = domain.is_within(&ours.shared) || domain.is_within(&ours.bounces);
    let look_at_shared = known.service && known.relays && !is_ours;
    let shared = async {
        if !look_at_shared {
            return None;
        }
        let proof = facts::prove(dns, ours, &ours.shared, now).await;
        let unknown = proof.ways.iter().any(|way| way.standing == Standing::Unknown);
        // What cannot be told is not said.
        Some(proof.is_proven(now)).filter(|proven| *proven || !unknown)
    };
    let (proof, shared_arrives) = tokio::join!(facts::prove(dns, ours, domain, now), shared);
    let verdicts = proof.verdicts(&[]);
    let mut because = proof.because();
    if !known.service {
        // Nothing of that service can be found here: its keys and its return path are no reasons.
        because.retain(|reason| !reason.code.starts_with("return_") && !reason.code.starts_with("key_"));
    }
    let exists = proof.facts.receives.value != Receives::NoSuchDomain;
    let fixable = exists && !is_ours && !is_public_mailbox(domain);
    // Any code makes the same number of records.
    let code = crate::library::LibraryCode::parse("X").expect("one letter is a code");
    Checked {
        checked: what.text.clone(),
        domain: domain.clone(),
        relays: ours.relays.clone(),
        relays_known: known.relays,
        service: known.service.then(|| ours.shared.clone()),
        checked_at: now,
        worst: verdicts.iter().map(|one| one.verdict).max().unwrap_or(Verdict::Unknown),
        verdicts,
        because,
        staff: staff_verdict(&proof, SenderKind::Own).filter(|_| !is_ours),
        ways: proof
            .ways
            .iter()
            .map(|way| Considered { rung: way.rung, standing: way.standing, why: way.why.clone() })
            .collect(),
        records_wanted: if fixable { wanted(domain, &code, ours).len() } else { 0 },
        shared_arrives,
    }
}

impl Checked {
    /// Certainly refused by one is 3, also where another cannot be told; spam is a risk, not a refusal.
    fn exit(&self) -> Exit {
        let any = |wanted| self.verdicts.iter().any(|one| one.verdict == wanted);
        if any(Verdict::Rejected) {
            Exit::WouldNotArrive
        } else if any(Verdict::Unknown) {
            Exit::Temporary
        } else {
            Exit::Good
        }
    }

    fn words(&self, language: Language) -> String {
        let mut text = String::new();
        let words = Words::of(language);
        let relays = self.relays.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
        let through = if self.relays_known { format!("{} {relays}", words.through) } else { words.unlisted.to_owned() };
        line(&mut text, format_args!("{}  {through}\n", self.checked));
        let name = |one: &ProviderVerdict| match language {
            Language::En => one.family.name_en(),
            Language::Fr => one.family.name_fr(),
        };
        let mut rows: Vec<(String, Verdict, Certainty)> =
            self.verdicts.iter().map(|one| (name(one).to_owned(), one.verdict, one.certainty)).collect();
        if let Some(staff) = &self.staff {
            let system = staff.system.map(|system| format!(" ({system})")).unwrap_or_default();
            rows.push((format!("{}{system}", words.staff), staff.verdict, staff.certainty));
        }
        let width = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0) + 2;
        for (name, verdict, certainty) in &rows {
            let (mark, says) = words.verdict(*verdict);
            let pad = " ".repeat(width.saturating_sub(name.chars().count()));
            line(&mut text, format_args!("  {mark} {name}{pad}{says}   ({})", words.certainty(*certainty)));
        }
        line(&mut text, format_args!("\n  {}", words.because));
        for reason in &self.because {
            let label = label(reason);
            line(&mut text, format_args!("    {label:7}{}", reason.get(language)));
            if let Some(detail) = &reason.detail {
                // The label says already which standard it is.
                let bare =
                    detail.strip_prefix(label).map_or(detail.as_str(), |rest| rest.trim_start_matches([':', ' ']));
                line(&mut text, format_args!("           {bare}"));
            }
        }
        for reason in self.verdicts.iter().filter_map(|one| one.published.as_ref()) {
            line(&mut text, format_args!("    {:7}{}", "", reason.get(language)));
            line(&mut text, format_args!("           {}", reason.detail.as_deref().unwrap_or_default()));
        }
        if let Some(StaffVerdict { why, fix: Some(fix), .. }) = &self.staff {
            line(&mut text, format_args!("\n  {}", words.staff));
            line(&mut text, format_args!("    {:7}{}", "", why.get(language)));
            line(&mut text, format_args!("    {:7}{}", "", fix.get(language)));
        }
        self.advise(&mut text, &words);
        text
    }

    fn advise(&self, text: &mut String, words: &Words) {
        let own = self.ways.iter().find(|way| way.standing == Standing::Holds);
        text.push('\n');
        match (own.map(|way| way.rung), self.worst) {
            (_, Verdict::Unknown) | (None, _) if self.verdicts.iter().any(|one| one.verdict == Verdict::Unknown) => {
                line(text, format_args!("  {}", words.temporary));
            }
            (Some(Rung::OwnDkimReturn), Verdict::Arrives) => line(text, format_args!("  {}", words.nothing)),
            _ if self.records_wanted > 0 => {
                let (fix, count, domain) = (words.fix, self.records_wanted, &self.domain);
                line(text, format_args!("  {fix} {count} {}      courtesy dns kit {domain}", words.records));
            }
            _ => {}
        }
        let arrives_anyway = self.worst <= Verdict::Likely;
        if let (Some(arrives), Some(shared)) = (self.shared_arrives.filter(|_| !arrives_anyway), &self.service) {
            let said = if arrives { words.shared_arrives } else { words.shared_does_not };
            let mark = if arrives { '✔' } else { '✖' };
            line(text, format_args!("  {said}   …@{shared} {mark}"));
        }
        if self.service.is_none() {
            line(text, format_args!("  {}", words.no_service));
        }
    }
}

/// The standard that a reason is about.
fn label(reason: &Reason) -> &'static str {
    match reason.code {
        code if code.starts_with("spf_") => "SPF",
        code if code.starts_with("key_") || code == "no_key_made" => "DKIM",
        code if code.starts_with("return_") => "CNAME",
        code if code.starts_with("asks_") || code.contains("policy") || code == "not_the_same_name" => "DMARC",
        "receivers_differ" => "DMARC",
        "null_mx" | "no_mail_server" | "no_such_domain" | "domain_unknown" => "MX",
        _ => "",
    }
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{words}");
}

/// The words around a verdict.
struct Words {
    language: Language,
    through: &'static str,
    unlisted: &'static str,
    certainties: [&'static str; 3],
    staff: &'static str,
    because: &'static str,
    fix: &'static str,
    records: &'static str,
    nothing: &'static str,
    temporary: &'static str,
    shared_arrives: &'static str,
    shared_does_not: &'static str,
    no_service: &'static str,
}

impl Words {
    fn of(language: Language) -> Self {
        match language {
            Language::En => Self {
                language,
                through: "sent through",
                unlisted: "sent through a server that it does not list",
                certainties: ["rule", "published", "observed"],
                staff: "Its own staff mailboxes",
                because: "Because",
                fix: "Fix:",
                records: "DNS records.",
                nothing: "Nothing to do.",
                temporary: "The DNS did not answer, so this cannot be told now. Try again in a few minutes.",
                shared_arrives: "Meanwhile the shared address arrives:",
                shared_does_not: "The shared address would not arrive either; its records are the operator's to mend:",
                no_service: "Checked without knowing your notice service: give --shared DOMAIN and --relay IP, or run this beside its settings.",
            },
            Language::Fr => Self {
                language,
                through: "envoyé par",
                unlisted: "envoyé par un serveur qui n’est pas sur sa liste",
                certainties: ["règle", "publié", "observé"],
                staff: "Ses propres boîtes du personnel",
                because: "Parce que",
                fix: "Remède :",
                records: "enregistrements DNS.",
                nothing: "Rien à faire.",
                temporary: "Le DNS n’a pas répondu; on ne peut donc rien dire maintenant. Réessayez dans quelques minutes.",
                shared_arrives: "En attendant, l’adresse commune arrive :",
                shared_does_not: "L’adresse commune n’arriverait pas non plus; l’exploitant doit en corriger les enregistrements :",
                no_service: "Vérifié sans connaître votre service d’avis : donnez --shared DOMAINE et --relay IP, ou lancez ceci à côté de ses réglages.",
            },
        }
    }

    fn certainty(&self, certainty: Certainty) -> &'static str {
        let [rule, published, observed] = self.certainties;
        match certainty {
            Certainty::Rule => rule,
            Certainty::Published => published,
            Certainty::Observed => observed,
        }
    }

    fn verdict(&self, verdict: Verdict) -> (char, &'static str) {
        let french = self.language == Language::Fr;
        let (mark, en, fr) = match verdict {
            Verdict::Arrives => ('✔', "would accept this", "accepté"),
            Verdict::Likely => ('✔', "will probably accept this", "probablement accepté"),
            Verdict::SpamRisk => ('▲', "may put this in spam", "peut-être classé comme indésirable"),
            Verdict::Unknown => ('?', "cannot be told yet", "on ne peut le dire encore"),
            Verdict::Rejected => ('✖', "would refuse this", "refusé"),
        };
        (mark, if french { fr } else { en })
    }
}

#[cfg(test)]
mod tests;
