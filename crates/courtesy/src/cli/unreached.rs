//! `courtesy unreached`: the patrons we could not reach, each with what to do next.

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Body, Client, segment, with_query};
use super::table::{Table, answer, answer_json, answer_lines, clean, count, in_zone, list, moment, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy unreached list --library MRPL
  courtesy unreached resolve msg_… --by phone
  courtesy messages resend msg_… --to amira@patron.example";

/// The most rows the server gives at one time.
const PAGE_MAX: usize = 500;

/// What to do with the list.
#[derive(Subcommand)]
pub(super) enum Unreached {
    /// Patrons we could not reach, and what to do for each
    List {
        /// Of one library
        #[arg(long, value_name = "CODE")]
        library: Option<String>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Note that a patron was told another way, or need not be
    Resolve {
        /// The message's id
        id: String,
        /// How
        #[arg(long, value_enum)]
        by: How,
        /// In your words
        #[arg(long, default_value = "")]
        note: String,
    },
}

/// How a patron was told.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum How {
    Phone,
    Text,
    Letter,
    InPerson,
    Other,
}

impl How {
    fn code(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Text => "text",
            Self::Letter => "letter",
            Self::InPerson => "in_person",
            Self::Other => "other",
        }
    }
}

pub(super) async fn run(what: Unreached, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Unreached::List { library, limit } => {
            show(&client, common, library, usize::try_from(limit).unwrap_or(usize::MAX)).await?;
        }
        Unreached::Resolve { id, by, note } => {
            let body = json!({ "by": by.code(), "note": note });
            let path = format!("/v1/unreached/{}/resolve", segment(&id));
            let done = client.json(Method::POST, &path, Body::Json(body)).await?;
            if common.json {
                answer_json(&done)?;
            } else {
                let changed = done.get("changed").and_then(Value::as_bool).unwrap_or(true);
                say(if changed { "Noted: it is off the list." } else { "Somebody has seen to it before." });
            }
        }
    }
    Ok(Exit::Good)
}

async fn show(client: &Client, common: &Common, library: Option<String>, limit: usize) -> Result<()> {
    let mut table = Table::new(&["PATRON", "REQUEST", "NOTICE", &in_zone("SINCE"), "WHY", "NEXT", "MESSAGE"]);
    let (mut shown, mut after, mut more) = (0, None, true);
    while more && shown < limit {
        let parts = [
            ("library", library.clone()),
            ("limit", Some((limit - shown).min(PAGE_MAX).to_string())),
            ("after", after.take()),
        ];
        let page = client.get(&with_query("/v1/unreached", &parts)).await?;
        let patrons = list(&page, "data");
        shown += patrons.len();
        if common.json {
            answer_lines(patrons)?;
        } else {
            patrons.iter().for_each(|patron| table.row(row(patron)));
        }
        after = page.get("next").and_then(Value::as_str).map(str::to_owned);
        more = after.is_some();
    }
    if common.json {
        return Ok(());
    }
    if table.is_empty() {
        say("Every patron was reached, or is being told.");
    } else {
        answer(&table.to_string())?;
        say(&format!("{}. When it is done: courtesy unreached resolve MESSAGE --by phone", count(shown, "patron")));
    }
    Ok(())
}

fn row(patron: &Value) -> [String; 7] {
    let of = |name| clean(&text(patron, name));
    let who = [of("patron"), of("to")].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    [who, of("request"), of("notice"), moment(&of("since")), of("words"), of("next_words"), of("message")]
}
