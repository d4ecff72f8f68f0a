//! `courtesy patron`: patrons as a library knows them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value};

use super::client::{Body, Client, Trouble, segment};
use super::erasures::watch;
use super::library::{read, with_rows};
use super::table::{answer, answer_json, clean, list, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy patron import MRPL patrons.csv --dry-run      check a file, change nothing
  courtesy patron show MRPL 21187000123456
  courtesy patron put MRPL 21187000123456 --email t.nguyen@patron.example
  courtesy patron export MRPL 21187000123456 > patron.json
  courtesy patron erase MRPL 21187000123456 --sure";

/// What to do with patrons.
#[derive(Subcommand)]
pub(super) enum Patrons {
    /// One patron, as the library knows them
    Show(One),
    /// Correct or add one patron; what is not named stays as it is
    Put(Put),
    /// Import patrons from a CSV file: all rows or none
    Import {
        /// The library's code
        library: String,
        /// The file, or - for standard input; it needs the column ref
        file: PathBuf,
        /// Check it and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// All that is kept of a patron, as JSON on standard output
    Export(One),
    /// Erase all that is kept of a patron
    Erase {
        #[command(flatten)]
        one: One,
        /// Yes, for good
        #[arg(long)]
        sure: bool,
        /// Do not wait until the last trace is gone
        #[arg(long)]
        no_wait: bool,
    },
}

/// One patron.
#[derive(Args)]
pub(super) struct One {
    /// The library's code
    library: String,
    /// The library's number for the patron
    number: String,
}

/// What is corrected.
#[derive(Args)]
pub(super) struct Put {
    #[command(flatten)]
    one: One,
    /// Where mail goes
    #[arg(long)]
    email: Option<String>,
    /// Where text messages go
    #[arg(long)]
    phone: Option<String>,
    /// Whether they agreed to text messages: true or false
    #[arg(long)]
    texts: Option<bool>,
    /// The language of their notices: en or fr
    #[arg(long)]
    language: Option<String>,
    /// Whether titles stay out of what they are sent: true or false
    #[arg(long)]
    hide_titles: Option<bool>,
}

fn path(one: &One, end: &str) -> String {
    format!("/v1/patrons/{}/{}{end}", segment(&one.library), segment(&one.number))
}

pub(super) async fn run(what: Patrons, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Patrons::Show(one) => shown(common, &client.get(&path(&one, "")).await?)?,
        Patrons::Put(put) => {
            let mut body = Map::new();
            let texts = [("email", put.email), ("phone", put.phone), ("language", put.language)];
            body.extend(texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
            let flags = [("texts", put.texts), ("hide_titles", put.hide_titles)];
            body.extend(flags.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
            if body.is_empty() {
                return Trouble::err(Exit::Usage, "say what is to change, such as --email");
            }
            let kept = client.json(Method::PUT, &path(&put.one, ""), Body::Json(Value::Object(body))).await?;
            shown(common, &kept)?;
        }
        Patrons::Import { library, file, dry_run } => import(&client, common, &library, &file, dry_run).await?,
        Patrons::Export(one) => answer_json(&client.get(&path(&one, "/everything")).await?)?,
        Patrons::Erase { one, sure, no_wait } => {
            if !sure {
                return Trouble::err(Exit::Usage, "this cannot be undone: say --sure");
            }
            let erasure = client.json(Method::DELETE, &path(&one, ""), Body::None).await?;
            say(&format!("Nothing of patron {} is shown or sent any more.", clean(&one.number)));
            if !no_wait {
                watch(&client, common, erasure).await?;
            } else if common.json {
                answer_json(&erasure)?;
            } else {
                say(&format!("How far it has come: courtesy erasures watch {}", text(&erasure, "id")));
            }
        }
    }
    Ok(Exit::Good)
}

fn shown(common: &Common, patron: &Value) -> Result<()> {
    if common.json {
        return answer_json(patron);
    }
    let mut lines = String::new();
    let Some(fields) = patron.as_object() else { return Ok(()) };
    for (name, value) in fields {
        let value = match value {
            Value::String(text) => clean(text),
            Value::Array(all) if all.is_empty() => continue,
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
            Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            other => other.to_string(),
        };
        lines.push_str(&format!("{:15} {value}\n", name.replace('_', " ")));
    }
    answer(&lines)
}

async fn import(client: &Client, common: &Common, library: &str, file: &Path, dry_run: bool) -> Result<()> {
    let octets = read(file)?;
    let path = format!("/v1/patrons/{}{}", segment(library), if dry_run { "?dry_run=true" } else { "" });
    let imported = match client.json(Method::POST, &path, Body::Text("text/csv", octets)).await {
        Ok(imported) => imported,
        Err(error) => return Err(with_rows(error, file)),
    };
    if common.json {
        return answer_json(&imported);
    }
    let number = |name: &str| imported.get(name).and_then(Value::as_u64).unwrap_or(0);
    let lines = [("new", "added"), ("changed", "changed"), ("as before", "unchanged")];
    let table: String = lines.iter().map(|(word, name)| format!("{word:10} {:6}\n", number(name))).collect();
    answer(&table)?;
    let suspects = list(&imported, "suspects");
    for suspect in suspects {
        let line = suspect.get("line").and_then(Value::as_u64).unwrap_or(0);
        say(&format!(
            "{}:{line}: {} – did you mean {}?",
            file.display(),
            clean(&text(suspect, "email")),
            clean(&text(suspect, "probably_meant"))
        ));
    }
    if !suspects.is_empty() {
        say("Addresses that look like slips are kept as they are.");
    }
    if dry_run {
        say("Nothing was changed. Without --dry-run it will be.");
    }
    Ok(())
}
