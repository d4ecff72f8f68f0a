//! `courtesy sender`: in whose name a library's notices leave, why, and what its IT department has to publish.

use anyhow::Result;
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::client::{Body, Client, segment, with_query};
use super::table::{Marks, answer, answer_json, clean, columns, list, moment, say, text};
use super::{Common, Exit, dns};
use crate::notice::Language;
use crate::sender::Format;

pub(super) const EXAMPLES: &str = "\
  courtesy sender show MRPL            in whose name, and why
  courtesy sender show MRPL --fresh    after looking at the DNS now
  courtesy sender kit MRPL             the records for its IT department, compared with the server's keys
  courtesy sender kit MRPL --link      the same as a page that its IT department opens without an account";

/// What to know of a library's sender.
#[derive(Subcommand)]
pub(super) enum Sender {
    /// In whose name its notices leave now, and why
    Show {
        /// The library's code
        library: String,
        /// Look at the DNS now, past every memory
        #[arg(long)]
        fresh: bool,
    },
    /// The records that its IT department publishes, compared with the DNS and with the keys that sign
    Kit {
        /// The library's code
        library: String,
        /// table, zone, powershell, terraform or letter
        #[arg(long, default_value = "table", value_parser = dns::format)]
        format: Format,
        /// Print a link to the kit instead, which opens for 90 days without an account
        #[arg(long, conflicts_with = "format")]
        link: bool,
    },
}

/// Prints a new link to the kit of `library`.
pub(super) async fn kit_link(library: &str, common: &Common) -> Result<Exit> {
    let path = format!("/v1/libraries/{}/kit-link", segment(library));
    let link = Client::of(common)?.json(Method::POST, &path, Body::None).await?;
    if common.json {
        answer_json(&link)?;
    } else {
        answer(&format!("{}\n", clean(&text(&link, "url"))))?;
        say(&format!("It opens until {}, without an account.", moment(&text(&link, "expires_at"))));
    }
    Ok(Exit::Good)
}

pub(super) async fn run(what: Sender, common: &Common) -> Result<Exit> {
    if let Sender::Kit { library, link: true, .. } = &what {
        return kit_link(library, common).await;
    }
    let client = Client::of(common)?;
    match what {
        Sender::Show { library, fresh } => {
            let path = format!("/v1/libraries/{}/sender", segment(&library));
            let sender = client.get(&with_query(&path, &[("fresh", fresh.then(|| "true".to_owned()))])).await?;
            if common.json { answer_json(&sender)? } else { answer(&words(&sender, common.language()))? }
        }
        Sender::Kit { library, format, .. } => {
            let path = format!("/v1/libraries/{}/kit", segment(&library));
            let format = (!common.json).then(|| format.code().to_owned());
            let kit = client.send(Method::GET, &with_query(&path, &[("format", format)]), Body::None).await?;
            answer(&String::from_utf8_lossy(&kit))?;
        }
    }
    Ok(Exit::Good)
}

fn words(sender: &Value, language: Language) -> String {
    let said = |value: &Value| clean(value[language.tag()].as_str().unwrap_or_default());
    let (plan, marks) = (&sender["plan"], Marks::here());
    let mut out =
        format!("{} <{}>   ({})\n", clean(&text(plan, "display_name")), clean(&text(plan, "from")), text(plan, "rung"));
    out.push_str(&format!("{}\n", said(&plan["reason"])));
    let reply_to = text(plan, "reply_to");
    if !reply_to.is_empty() {
        out.push_str(&format!("Reply-To {}\n", clean(&reply_to)));
    }
    out.push('\n');
    let mut rows = Vec::new();
    for way in list(plan, "considered") {
        let mark = match text(way, "standing").as_str() {
            "holds" => marks.good,
            "fails" => marks.bad,
            _ => "?",
        };
        let first = list(way, "why").first().map(said).unwrap_or_default();
        rows.push(vec![format!("  {mark} {}", text(way, "rung")), first]);
    }
    out.push_str(&columns(&rows));
    let verdicts = list(sender, "verdicts");
    if !verdicts.is_empty() {
        out.push('\n');
    }
    for verdict in verdicts {
        let mark = match text(verdict, "verdict").as_str() {
            "arrives" | "likely" => marks.good,
            "spam_risk" => marks.warn,
            "rejected" => marks.bad,
            _ => "?",
        };
        let observed = verdict.get("observed").map(|seen| format!("  {}", said(seen))).unwrap_or_default();
        out.push_str(&format!("  {mark} {}{observed}\n", said(&verdict["headline"])));
    }
    let checked_at = text(sender, "checked_at");
    if !checked_at.is_empty() {
        out.push_str(&format!("\nDNS {}\n", moment(&checked_at)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_in_whose_name_and_why() {
        let sender = serde_json::json!({
            "plan": { "display_name": "Maple Ridge", "from": "mrpl@notices.example", "rung": "shared", "reply_to": "ill@mapleridge.example",
                "reason": { "en": "Sent from the shared address.", "fr": "Envoyé de l’adresse commune." },
                "considered": [
                    { "rung": "own_dkim", "standing": "fails", "why": [{ "en": "No key.", "fr": "Pas de clé." }] },
                    { "rung": "shared", "standing": "holds", "why": [{ "en": "In order.", "fr": "En ordre." }] }] },
            "verdicts": [{ "verdict": "rejected", "headline": { "en": "Gmail would refuse this today.", "fr": "Gmail le refuserait." } }],
            "checked_at": null });
        let said = words(&sender, Language::En);
        assert!(
            said.starts_with("Maple Ridge <mrpl@notices.example>   (shared)\nSent from the shared address.\n"),
            "{said}"
        );
        assert!(said.contains("own_dkim  No key.\n") && said.contains("Gmail would refuse this today.\n"), "{said}");
        assert!(words(&sender, Language::Fr).contains("Pas de clé."));
    }
}
