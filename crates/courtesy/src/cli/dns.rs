//! `courtesy dns`: the records that a library's IT department publishes, and whether they are there.
//!
//! In: a domain, live DNS, and what settings or flags say is ours. Out: the kit in the format of the tool at hand, the
//! comparison with what is published, the change of the SPF record. No server, no account. A record is right when it
//! leads to our name and a key stands there, which we alone can publish; whether it is the very key that signs is
//! for the server to say (`courtesy sender kit`, which has the keys).

use std::io::Write as _;
use std::time::Duration;

use clap::{Args, Subcommand};
use standards::domain::Domain;
use tokio::time::Instant;

use super::looking::Looking;
use super::{Common, Exit};
use crate::clock;
use crate::config::usual_file;
use crate::library::LibraryCode;
use crate::net::dns::Resolver;
use crate::net::facts;
use crate::notice::Language;
use crate::sender::{Format, Kit, Ours, SpfAdvice, State};

/// How long one look may take, with all its questions: somebody waits. What has no answer by then is unknown, and said so.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// Tasks of `dns`.
#[derive(Subcommand)]
pub(super) enum DnsCommand {
    /// The records to publish, for the tool at hand
    #[command(after_help = "Examples:
  courtesy dns kit library.example --code MRPL
  courtesy dns kit library.example --code MRPL --format zone
  courtesy dns kit library.example --code MRPL --link
  courtesy dns kit library.example --code MRPL --shared notices.example --relay 192.0.2.10 --format letter --lang fr
What is ours comes from the settings file here, or from --shared and --relay.")]
    Kit(KitArgs),
    /// Compare the records with the DNS now (exit code 3: not all are there)
    Check(OfDomain),
    /// The SPF record as it is and as it should be, with its look-ups
    Diff(OfDomain),
    /// Check again and again until all records are there
    Watch(WatchArgs),
}

/// Which domain of which library.
#[derive(Args)]
pub(super) struct OfDomain {
    /// The domain of the library's From address
    domain: Domain,
    /// The library's code; without it, the one that the domain's records name
    #[arg(long, value_name = "LIBRARY", value_parser = |text: &str| LibraryCode::parse(text))]
    code: Option<LibraryCode>,
    #[command(flatten)]
    looking: Looking,
}

/// Options of `dns kit`.
#[derive(Args)]
pub(super) struct KitArgs {
    #[command(flatten)]
    of: OfDomain,
    /// table, zone, powershell, terraform or letter
    #[arg(long, default_value = "table", value_parser = format)]
    format: Format,
    /// Print a link to the kit instead, which opens for 90 days without an account (asks the server)
    #[arg(long, conflicts_with = "format", requires = "code")]
    link: bool,
}

/// Options of `dns watch`.
#[derive(Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    of: OfDomain,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
    /// Look once only
    #[arg(long)]
    once: bool,
}

pub(super) fn format(text: &str) -> Result<Format, String> {
    let all = || Format::ALL.map(Format::code).join(", ");
    Format::from_code(text).ok_or_else(|| format!("use {}", all()))
}

pub(super) async fn run(command: &DnsCommand, common: &Common) -> anyhow::Result<Exit> {
    match command {
        DnsCommand::Kit(args) if args.link => {
            let code = args.of.code.as_ref().map(LibraryCode::as_str).unwrap_or_default();
            super::sender::kit_link(code, common).await
        }
        DnsCommand::Kit(args) => {
            let looked = match Look::at(&args.of, common)?.now().await? {
                Ok(kit) => kit,
                Err(exit) => return Ok(exit),
            };
            say(common, &looked, &looked.render(args.format, common.language()))?;
            Ok(Exit::Good)
        }
        DnsCommand::Check(of) => {
            let kit = match Look::at(of, common)?.now().await? {
                Ok(kit) => kit,
                Err(exit) => return Ok(exit),
            };
            say(
                common,
                &kit,
                &(kit.render(Format::Table, common.language()) + "\n" + &summary(&kit, common.language())),
            )?;
            Ok(exit(&kit))
        }
        DnsCommand::Diff(of) => diff(of, common).await,
        DnsCommand::Watch(args) => watch(args, common).await,
    }
}

/// A look at a domain, to be taken as often as wished.
struct Look<'a> {
    of: &'a OfDomain,
    resolver: Resolver,
    ours: Ours,
}

impl<'a> Look<'a> {
    fn at(of: &'a OfDomain, common: &Common) -> anyhow::Result<Self> {
        let config = of.looking.settings(common)?;
        let known = of.looking.known(&config);
        if let (false, Some(file)) = (known.service, common.config.clone().or_else(usual_file)) {
            anyhow::bail!(
                "shared.domain in {} is still {}: set it to your own domain there, or give --shared DOMAIN",
                file.display(),
                config.shared.domain
            );
        }
        if !known.service {
            anyhow::bail!(
                "no settings here say which notice service it is: give --shared DOMAIN (and --relay IP), or run this \
                 beside its courtesy.toml"
            );
        }
        Ok(Self { of, resolver: of.looking.resolver(&config)?, ours: known.ours })
    }

    /// What the DNS says now, past every memory. The exit code where there is nothing to say.
    async fn now(&self) -> anyhow::Result<Result<Kit, Exit>> {
        let dns = self.resolver.fresh()?.until(Instant::now() + LOOK_MAX);
        let domain = &self.of.domain;
        if domain.is_within(&self.ours.shared) {
            anyhow::bail!("{domain} is the service's own domain: its records are in courtesy dkim zone");
        }
        let looking = async {
            let code = match &self.of.code {
                Some(code) => Some(code.clone()),
                None => facts::delegated_to(&dns, &self.ours, domain).await,
            };
            let code = code?;
            let subject = facts::subject_by_delegation(&dns, &self.ours, domain, Some(&code)).await;
            Some(facts::kit(&dns, &self.ours, &subject, &code, clock::now()).await)
        };
        let Some(kit) = looking.await else {
            eprintln!("error: the records of {domain} name no library yet: give its code with --code LIBRARY");
            return Ok(Err(Exit::Usage));
        };
        Ok(Ok(kit))
    }
}

fn say(common: &Common, kit: &Kit, text: &str) -> anyhow::Result<()> {
    let text = if common.json { serde_json::to_string(kit)? + "\n" } else { text.to_owned() };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// 3 where something is missing or wrong, 7 where that cannot be told, 0 when all is there.
fn exit(kit: &Kit) -> Exit {
    let missing = |state: &State| matches!(state, State::Absent | State::Wrong(_));
    if kit.is_done() {
        Exit::Good
    } else if kit.records.iter().any(|wanted| missing(&wanted.state)) {
        Exit::WouldNotArrive
    } else {
        Exit::Temporary
    }
}

fn summary(kit: &Kit, language: Language) -> String {
    let all = kit.records.len();
    let found = kit.records.iter().filter(|wanted| wanted.state == State::Found).count();
    match language {
        Language::En => format!("{found} of {all} records found at {}.\n", kit.domain),
        Language::Fr => format!("{found} enregistrements trouvés sur {all} à {}.\n", kit.domain),
    }
}

async fn diff(of: &OfDomain, common: &Common) -> anyhow::Result<Exit> {
    // The SPF record does not depend on the library.
    let any = OfDomain {
        domain: of.domain.clone(),
        code: of.code.clone().or_else(|| LibraryCode::parse("X").ok()),
        looking: of.looking.clone(),
    };
    let kit = match Look::at(&any, common)?.now().await? {
        Ok(kit) => kit,
        Err(exit) => return Ok(exit),
    };
    let Some(spf) = &kit.spf else {
        eprintln!("error: the DNS did not answer about the SPF record of {}; try again", of.domain);
        return Ok(Exit::Temporary);
    };
    let text = if common.json { serde_json::to_string(spf)? + "\n" } else { change(spf, common.language()) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Good)
}

/// The change of the record, with what is added marked below it.
fn change(spf: &SpfAdvice, language: Language) -> String {
    let merge = &spf.proposal.merge;
    let [now, new, lookups, none, unchanged] = match language {
        Language::En => {
            ["now", "new", "of 10 look-ups", "no record", "Leave it as it is: it lists our servers already."]
        }
        Language::Fr => [
            "avant",
            "après",
            "consultations sur 10",
            "aucun enregistrement",
            "Laissez-le tel quel : nos serveurs y sont déjà.",
        ],
    };
    let width = now.chars().count().max(new.chars().count()) + 2;
    let pad = |label: &str| format!("{label}{}", " ".repeat(width - label.chars().count()));
    if merge.unchanged {
        return format!("{}{}   {} {lookups}\n{unchanged}\n", pad(now), merge.record, spf.proposal.before.lookups);
    }
    let mut text = String::new();
    let published: Vec<&str> = merge.replaces.iter().map(String::as_str).collect();
    for record in if published.is_empty() { vec![none] } else { published } {
        text.push_str(&format!("{}{record}   {} {lookups}\n", pad(now), spf.proposal.before.lookups));
    }
    text.push_str(&format!("{}{}   {} {lookups}\n", pad(new), merge.record, spf.proposal.after.lookups));
    text.push_str(&format!("{}{}\n", pad(""), marks(&merge.record, &merge.replaces)));
    if let State::Wrong(why) = &spf.state {
        text.push_str(&format!("{}\n", why.get(language)));
    }
    for way in &spf.ways_out {
        text.push_str(&format!("  - {}\n", way.get(language)));
    }
    text
}

/// Marks below the terms of `record` that none of `before` has.
fn marks(record: &str, before: &[String]) -> String {
    let known: Vec<&str> = before.iter().flat_map(|record| record.split(' ')).collect();
    let mark = |term: &str| if known.contains(&term) || term == "v=spf1" { ' ' } else { '^' };
    let marked: Vec<String> = record.split(' ').map(|term| mark(term).to_string().repeat(term.len())).collect();
    marked.join(" ").trim_end().to_owned()
}

async fn watch(args: &WatchArgs, common: &Common) -> anyhow::Result<Exit> {
    let look = Look::at(&args.of, common)?;
    let language = common.language();
    // Ctrl-C is left to the system, which ends us at once.
    loop {
        let kit = match look.now().await? {
            Ok(kit) => Some(kit),
            Err(Exit::Temporary) if !args.once => None,
            Err(exit) => return Ok(exit),
        };
        if let Some(kit) = &kit {
            say(common, kit, &(kit.render(Format::Table, language) + &summary(kit, language)))?;
            if kit.is_done() || args.once {
                return Ok(exit(kit));
            }
        }
        match language {
            Language::En => eprintln!("Checking again in {} s. Ctrl-C to stop.\n", args.every),
            Language::Fr => eprintln!("Nouvelle vérification dans {} s. Ctrl-C pour arrêter.\n", args.every),
        }
        tokio::time::sleep(Duration::from_secs(args.every)).await;
    }
}

#[cfg(test)]
mod tests;
