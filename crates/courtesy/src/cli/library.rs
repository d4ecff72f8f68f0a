//! `courtesy library`: Participant Records.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::client::{Body, Client, Trouble, segment};
use super::table::{Table, answer, answer_json, answer_lines, clean, count, list, say, text};
use super::{Common, Exit, sign_on};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy library list
  courtesy library import libraries.csv --dry-run     check a file, change nothing
  courtesy library show MRPL --json > MRPL.json       edit it, then
  courtesy library put MRPL.json
  courtesy library sign-on MRPL --issuer https://login.library.example --client-id courtesy \\
    --secret secret.txt --number-claim card --name \"My Library Account\"   where its patrons sign in";

/// What to do with Participant Records.
#[derive(Subcommand)]
pub(super) enum Library {
    /// Every library
    List,
    /// One library's Participant Record
    Show {
        /// Its code
        code: String,
    },
    /// Make or change a library from its whole record (JSON, as show --json gives it)
    Put {
        /// The record, or - for standard input
        file: PathBuf,
        /// Check it and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Where its patrons sign in to see their own page: show it, set it, turn it off
    SignOn(sign_on::SignOn),
    /// Import libraries from a CSV file: all rows or none
    Import {
        /// The file, or - for standard input; it needs the columns code and name_en
        file: PathBuf,
        /// Check it and change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) async fn run(what: Library, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Library::List => all(&client, common).await,
        Library::Show { code } => {
            let record = client.get(&format!("/v1/libraries/{}", segment(&code))).await?;
            if common.json {
                answer_json(&record)?
            } else {
                answer(&record_lines(&record))?
            }
            Ok(Exit::Good)
        }
        Library::Put { file, dry_run } => put(&client, common, &file, dry_run).await,
        Library::SignOn(what) => sign_on::run(what, &client, common).await,
        Library::Import { file, dry_run } => import(&client, common, &file, dry_run).await,
    }
}

async fn all(client: &Client, common: &Common) -> Result<Exit> {
    let libraries = client.get("/v1/libraries").await?;
    let libraries = list(&libraries, "data");
    if common.json {
        answer_lines(libraries)?;
        return Ok(Exit::Good);
    }
    if libraries.is_empty() {
        say("There are no libraries yet. Make them: courtesy library import FILE.csv");
        return Ok(Exit::Good);
    }
    let mut table = Table::new(&["CODE", "NAME", "REGION", "LANGUAGES", "WISHES TO SEND AS"]);
    for library in libraries {
        let from = text(library, "from");
        let from = if from.is_empty() { "the shared address".to_owned() } else { from };
        let name = library.pointer("/name/en").and_then(Value::as_str).unwrap_or_default();
        let languages = strings(list(library, "languages"), ", ");
        table.row([text(library, "code"), name.to_owned(), text(library, "region"), languages, from]);
    }
    answer(&table.to_string())?;
    Ok(Exit::Good)
}

fn strings(values: &[Value], between: &str) -> String {
    values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(between)
}

/// A record as label and value, one a line: what is set, in the record's own order of meaning.
fn record_lines(record: &Value) -> String {
    const FIRST: [&str; 8] = ["code", "name", "from", "display_name", "reply_to", "cc", "languages", "time_zone"];
    let Some(fields) = record.as_object() else { return String::new() };
    let rest = fields.keys().map(String::as_str).filter(|name| !FIRST.contains(name));
    let mut rows = Vec::new();
    for name in FIRST.into_iter().chain(rest) {
        let label = name.replace('_', " ");
        match fields.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(values)) if values.iter().all(Value::is_string) => {
                rows.push(vec![label, strings(values, "; ")])
            }
            Some(Value::Array(values)) => rows.extend(values.iter().map(|value| vec![label.clone(), in_short(value)])),
            Some(value) => rows.push(vec![label, in_short(value)]),
        }
    }
    if !fields.contains_key("from") {
        rows.insert(2.min(rows.len()), vec!["from".to_owned(), "the shared address".to_owned()]);
    }
    for row in &mut rows {
        row[1] = clean(&row[1]);
    }
    super::table::columns(&rows)
}

fn in_short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("en", Value::String(text)) => text.clone(),
                (name, Value::String(text)) => format!("{name}: {text}"),
                (name, Value::Bool(on)) => format!("{name}: {}", if *on { "on" } else { "off" }),
                (name, other) => format!("{name}: {}", in_short(other)),
            })
            .collect::<Vec<_>>()
            .join("; "),
        other => other.to_string(),
    }
}

async fn put(client: &Client, common: &Common, file: &Path, dry_run: bool) -> Result<Exit> {
    let octets = read(file)?;
    let record: Value = serde_json::from_slice(&octets).map_err(|error| {
        Trouble::new(
            Exit::Failed,
            [
                format!("{} is not JSON: {error}", file.display()),
                "courtesy library show CODE --json writes one to begin with".to_owned(),
            ],
        )
    })?;
    let Some(code) = record.get("code").and_then(Value::as_str) else {
        return Trouble::err(Exit::Failed, format!("{} has no \"code\": a record says whose it is", file.display()));
    };
    let path = format!("/v1/libraries/{}{}", segment(code), if dry_run { "?dry_run=true" } else { "" });
    let kept = client.json(Method::PUT, &path, Body::Json(record.clone())).await?;
    if common.json {
        answer_json(&kept)?;
    } else {
        let done = if dry_run { "is right; nothing was changed" } else { "is kept" };
        say(&format!("The record of {} {done}.", clean(code)));
        // A library's own key may not see the relays, and need not.
        if let Ok(relays) = client.get("/v1/relays").await
            && let Some(words) = without_relay(&text(&kept, "region"), list(&relays, "data"))
        {
            say(&words);
        }
    }
    Ok(Exit::Good)
}

/// That nothing sends for `region`, where there are relays of several others; where all are of one, they serve every region.
fn without_relay(region: &str, relays: &[Value]) -> Option<String> {
    let mut regions: Vec<String> = relays.iter().map(|relay| text(relay, "region")).collect();
    regions.sort_unstable();
    regions.dedup();
    let is_served = regions.len() < 2 || regions.iter().any(|one| one == region);
    let regions = regions.join(", ");
    let words = format!("No relay is of the region {region}, so its messages will wait; there are {regions}.");
    (!is_served).then(|| clean(&words))
}

async fn import(client: &Client, common: &Common, file: &Path, dry_run: bool) -> Result<Exit> {
    let octets = read(file)?;
    let path = format!("/v1/libraries:import{}", if dry_run { "?dry_run=true" } else { "" });
    let imported = match client.json(Method::POST, &path, Body::Text("text/csv", octets)).await {
        Ok(imported) => imported,
        Err(error) => return Err(with_rows(error, file)),
    };
    if common.json {
        answer_json(&imported)?;
        return Ok(Exit::Good);
    }
    let mut table = String::new();
    for (name, word) in [("added", "new"), ("changed", "changed")] {
        let codes = list(&imported, name);
        if !codes.is_empty() {
            table.push_str(&format!("{word:8} {:4}  {}\n", codes.len(), clean(&strings(codes, " "))));
        }
    }
    let unchanged = imported.get("unchanged").and_then(Value::as_u64).unwrap_or(0);
    if unchanged > 0 || table.is_empty() {
        table.push_str(&format!("as before {unchanged:3}\n"));
    }
    answer(&table)?;
    say(if dry_run { "Nothing was changed. Without --dry-run it will be." } else { "Next: courtesy doctor" });
    Ok(Exit::Good)
}

/// The same error, its rows as places in `file`.
pub(super) fn with_rows(error: anyhow::Error, file: &Path) -> anyhow::Error {
    match error.downcast::<Trouble>() {
        Ok(mut trouble) => {
            if let Some(problem) = trouble.problem.as_ref().filter(|problem| !problem.rows.is_empty()) {
                let name = file.display().to_string();
                let rows = problem.rows.len();
                let file_with_rows = problem.lines(Some(&name));
                trouble.lines = file_with_rows;
                trouble.lines[0] = format!("{}: {}", problem.title, count(rows, "error"));
            }
            trouble.into()
        }
        Err(other) => other,
    }
}

/// The largest file read: far above what the server takes, so that the server says what is too large.
const FILE_OCTETS_MAX: u64 = 256 << 20;

/// A file, or standard input for `-`.
pub(super) fn read(file: &Path) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let mut octets = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(FILE_OCTETS_MAX)
            .read_to_end(&mut octets)
            .context("standard input cannot be read")?;
        return Ok(octets);
    }
    let opened = std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    opened
        .take(FILE_OCTETS_MAX)
        .read_to_end(&mut octets)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_that_no_relay_serves_is_told() {
        let relays = |regions: &[&str]| -> Vec<Value> {
            regions.iter().map(|region| serde_json::json!({ "region": region })).collect()
        };
        assert!(
            without_relay("ca-north", &relays(&["ca-west", "ca-east"]))
                .is_some_and(|it| it.contains("ca-east, ca-west"))
        );
        assert_eq!(without_relay("ca-west", &relays(&["ca-west", "ca-east"])), None);
        assert_eq!(without_relay("ca-north", &relays(&["ca-west", "ca-west"])), None, "one region serves all");
        assert_eq!(without_relay("ca-north", &[]), None);
    }

    #[test]
    fn a_record_reads_as_label_and_value() {
        let record = serde_json::json!({"code":"MRPL","name":{"en":"Maple Ridge","fr":"Érable"},"cc":["a@b.example","c@d.example"],
            "languages":["en"],"hide_titles":false,"switches":{"overdue":false}});
        insta::assert_snapshot!(record_lines(&record), @r"
        code         MRPL
        name         Maple Ridge; fr: Érable
        from         the shared address
        cc           a@b.example; c@d.example
        languages    en
        hide titles  no
        switches     overdue: off
        ");
    }
}
