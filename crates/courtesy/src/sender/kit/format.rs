//! A [`Kit`] as text: for people, for name servers, for PowerShell, for Terraform, and as a letter.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use standards::domain::Domain;

use super::{Kit, State, Wanted};
use crate::notice::Language;

/// The TTL to publish with, in seconds: mistakes are mended within the hour.
const TTL_S: u32 = 3_600;

/// How a kit is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Columns for a terminal.
    Table,
    /// A piece of a zone file (RFC 1035 §5).
    Zone,
    /// Commands for the DNS server of Windows.
    Powershell,
    /// Resources of the provider `hashicorp/dns`.
    Terraform,
    /// The text of a ticket or letter to the IT department.
    Letter,
}

impl Format {
    /// Every format, in the order in which pages offer them.
    pub const ALL: [Self; 5] = [Self::Table, Self::Zone, Self::Powershell, Self::Terraform, Self::Letter];

    /// The word on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Zone => "zone",
            Self::Powershell => "powershell",
            Self::Terraform => "terraform",
            Self::Letter => "letter",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.code() == code)
    }

    /// How a file of it is called, behind the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Zone => "zone",
            Self::Powershell => "ps1",
            Self::Terraform => "tf",
            Self::Letter => "txt",
        }
    }

    /// The format of a file so called.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }
}

pub(super) fn render(kit: &Kit, format: Format, language: Language) -> String {
    match format {
        Format::Table => table(kit, language),
        Format::Zone => zone(kit),
        Format::Powershell => powershell(kit),
        Format::Terraform => terraform(kit),
        Format::Letter => letter(kit, language),
    }
}

/// The name as panels want it: without the zone.
pub(super) fn short<'a>(name: &'a Domain, zone: &Domain) -> &'a str {
    name.as_str().strip_suffix(zone.as_str()).and_then(|front| front.strip_suffix('.')).unwrap_or(name.as_str())
}

fn words(state: &State, language: Language) -> &str {
    match (state, language) {
        (State::Found, Language::En) => "✔ Found",
        (State::Found, Language::Fr) => "✔ Trouvé",
        (State::Absent, Language::En) => "✖ Not there yet",
        (State::Absent, Language::Fr) => "✖ Pas encore là",
        (State::Wrong(_), Language::En) => "▲ Wrong",
        (State::Wrong(_), Language::Fr) => "▲ Incorrect",
        (State::Unknown, Language::En) => "? No answer from the name servers",
        (State::Unknown, Language::Fr) => "? Pas de réponse des serveurs de noms",
    }
}

/// How the SPF record stands: it is liked by some filters, and not among the records that are needed.
fn spf_words(state: &State, language: Language) -> &str {
    match (state, language) {
        (State::Absent | State::Wrong(_), Language::En) => "Optional, not needed beside the records above",
        (State::Absent | State::Wrong(_), Language::Fr) => "Facultatif, les enregistrements ci-dessus suffisent",
        _ => words(state, language),
    }
}

fn table(kit: &Kit, language: Language) -> String {
    let names = kit.records.iter().map(|wanted| short(&wanted.name, &kit.zone).len()).max().unwrap_or(0);
    let targets = kit.records.iter().map(|wanted| wanted.target.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    for wanted in &kit.records {
        let (name, target) = (short(&wanted.name, &kit.zone), wanted.target.as_str());
        line(&mut text, format_args!("{name:names$}  CNAME  {target:targets$}  {}", words(&wanted.state, language)));
        if let State::Wrong(why) = &wanted.state {
            line(&mut text, format_args!("{:names$}  {}", "", why.get(language)));
        }
    }
    if let Some(spf) = &kit.spf {
        line(&mut text, format_args!("SPF  {}", spf_words(&spf.state, language)));
        if let State::Wrong(why) = &spf.state {
            line(&mut text, format_args!("     {}", why.get(language)));
        }
        if let Some(record) = spf.record() {
            let (before, after) = (spf.proposal.before.lookups, spf.proposal.after.lookups);
            line(&mut text, format_args!("     {record}"));
            let cost = match language {
                Language::En => format!("look-ups: {before} of 10 now, {after} of 10 then"),
                Language::Fr => format!("consultations : {before} sur 10 maintenant, {after} sur 10 ensuite"),
            };
            line(&mut text, format_args!("     {cost}"));
        }
    }
    text
}

fn zone(kit: &Kit) -> String {
    let mut text = format!("; add to {}\n", kit.zone);
    for wanted in missing(kit) {
        say_what_is_wrong(&mut text, ';', wanted);
        line(&mut text, format_args!("{} {TTL_S} IN CNAME {}.", short(&wanted.name, &kit.zone), wanted.target));
    }
    if let Some(spf) = kit.spf.as_ref().filter(|spf| spf.record().is_some()) {
        let strings: Vec<String> = spf.proposal.merge.strings.iter().map(|string| format!("\"{string}\"")).collect();
        line(
            &mut text,
            format_args!("; SPF, not needed but liked by some filters: in place of the one you have, never beside it"),
        );
        line(&mut text, format_args!("; {}. {TTL_S} IN TXT {}", kit.domain, strings.join(" ")));
    }
    text
}

fn powershell(kit: &Kit) -> String {
    let mut text = String::new();
    for wanted in missing(kit) {
        say_what_is_wrong(&mut text, '#', wanted);
        line(
            &mut text,
            format_args!(
                "Add-DnsServerResourceRecordCName -ZoneName \"{}\" -Name \"{}\" -HostNameAlias \"{}.\" -TimeToLive 01:00:00",
                kit.zone,
                short(&wanted.name, &kit.zone),
                wanted.target
            ),
        );
    }
    text
}

fn terraform(kit: &Kit) -> String {
    let mut text = String::new();
    // All of them: Terraform keeps what its files say, also what is there already.
    for wanted in &kit.records {
        let label = wanted.name.labels().next().unwrap_or_default().replace('-', "_");
        line(
            &mut text,
            format_args!(
                "resource \"dns_cname_record\" \"notices_{label}\" {{\n  zone  = \"{}.\"\n  name  = \"{}\"\n  cname = \"{}.\"\n  ttl   = {TTL_S}\n}}\n",
                kit.zone,
                short(&wanted.name, &kit.zone),
                wanted.target
            ),
        );
    }
    text
}

/// Records that are there and right need no command; one that is wrong is made anew.
fn missing(kit: &Kit) -> impl Iterator<Item = &Wanted> {
    kit.records.iter().filter(|wanted| wanted.state != State::Found)
}

/// A comment in the tool's own language for whoever runs it: what stands in the way.
fn say_what_is_wrong(text: &mut String, comment: char, wanted: &Wanted) {
    if let State::Wrong(why) = &wanted.state {
        line(text, format_args!("{comment} {}: {}", wanted.name, why.en));
    }
}

fn letter(kit: &Kit, language: Language) -> String {
    let domain = &kit.domain;
    let (greeting, closing) = match language {
        Language::En => (
            format!(
                "Please publish these DNS records for {domain}. They let the library’s loan notices be sent in its own name, \
                 so that Gmail, Outlook and others accept them. They change nothing about your own mail, and you can take \
                 them away at any time.\n"
            ),
            "Type the short name where your panel adds the domain by itself. Each record is an alias (CNAME); keep any proxy \
             switched off. We check them live, and notices change over by themselves when all are found.\n",
        ),
        Language::Fr => (
            format!(
                "Veuillez publier ces enregistrements DNS pour {domain}. Ils permettent d’envoyer les avis de prêt de la \
                 bibliothèque en son propre nom, pour que Gmail, Outlook et les autres les acceptent. Ils ne changent rien à \
                 votre courriel, et vous pouvez les retirer en tout temps.\n"
            ),
            "Tapez le nom court si votre panneau ajoute le domaine de lui-même. Chaque enregistrement est un alias (CNAME); \
             laissez tout mandataire désactivé. Nous les vérifions en direct, et les avis changent d’eux-mêmes quand tous \
             sont trouvés.\n",
        ),
    };
    let mut text = greeting;
    for (index, wanted) in kit.records.iter().enumerate() {
        line(&mut text, format_args!("\n{}. {}  CNAME  {}", index + 1, short(&wanted.name, &kit.zone), wanted.target));
        line(&mut text, format_args!("   {}", wanted.purpose.get(language)));
        line(&mut text, format_args!("   {}", words(&wanted.state, language)));
        if let State::Wrong(why) = &wanted.state {
            line(&mut text, format_args!("   {}", why.get(language)));
        }
    }
    text.push('\n');
    text.push_str(closing);
    text
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{words}");
}
