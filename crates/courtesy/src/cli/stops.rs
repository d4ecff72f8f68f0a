//! `courtesy do-not-send`: addresses a library no longer writes to, why, and how to use them again.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Body, Client, Trouble, segment, with_query};
use super::table::{Table, answer, answer_json, answer_lines, count, in_zone, list, moment, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy do-not-send list MRPL                                   every address, and why
  courtesy do-not-send list MRPL --address t.nguyen@patron.example   why does this patron get no mail?
  courtesy do-not-send release MRPL t.nguyen@patron.example --reason \"works again\"
  courtesy do-not-send release MRPL --cause addr.unknown --reason \"new mail server\"
  courtesy do-not-send import MRPL dead.csv --dry-run              what is wrong with the file?
  courtesy do-not-send export MRPL > stops.csv";

/// The most rows the server gives at one time.
const PAGE_MAX: usize = 1000;

/// What to do with the list.
#[derive(Subcommand)]
pub(super) enum DoNotSend {
    /// Addresses on the list, and why
    List {
        /// The library's code
        library: String,
        /// This address only
        #[arg(long)]
        address: Option<String>,
        /// A cause, or the first part of one
        #[arg(long)]
        cause: Option<String>,
    },
    /// Stop writing to addresses
    Add {
        /// The library's code
        library: String,
        /// The addresses
        #[arg(required = true)]
        addresses: Vec<String>,
        /// Why; it is kept
        #[arg(long)]
        reason: String,
    },
    /// Use addresses again
    Release(Release),
    /// Stop writing to the addresses of a CSV file: all rows or none
    Import {
        /// The library's code
        library: String,
        /// The file: the columns address and reason, or addresses alone
        file: PathBuf,
        /// Only say what would be done, and what is wrong with the file
        #[arg(long)]
        dry_run: bool,
    },
    /// The whole list as CSV, on standard output
    Export {
        /// The library's code
        library: String,
    },
}

/// Which addresses to use again.
#[derive(Args)]
pub(super) struct Release {
    /// The library's code
    library: String,
    /// The addresses
    addresses: Vec<String>,
    /// All with this cause, or one below it
    #[arg(long)]
    cause: Option<String>,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Why; it is kept
    #[arg(long)]
    reason: String,
}

fn path(library: &str) -> String {
    format!("/v1/libraries/{}/do-not-send", segment(library))
}

pub(super) async fn run(what: DoNotSend, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        DoNotSend::List { library, address, cause } => show(&client, common, &library, address, cause).await?,
        DoNotSend::Add { library, addresses, reason } => {
            let body = json!({ "addresses": addresses, "reason": reason });
            let done = client.json(Method::POST, &path(&library), Body::Json(body)).await?;
            changed(common, &done, "is on the list now", "are on the list now")?;
        }
        DoNotSend::Release(which) => {
            if which.addresses.is_empty() && which.cause.is_none() && !which.all {
                return Trouble::err(Exit::Usage, "name addresses, or --cause, or --all");
            }
            let body =
                json!({ "addresses": which.addresses, "cause": which.cause, "all": which.all, "reason": which.reason });
            let done = client.json(Method::DELETE, &path(&which.library), Body::Json(body)).await?;
            changed(common, &done, "is used again", "are used again")?;
        }
        DoNotSend::Import { library, file, dry_run } => {
            let octets = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            let place = with_query(&path(&library), &[("dry_run", dry_run.then(|| "true".to_owned()))]);
            let done = client.json(Method::POST, &place, Body::Text("text/csv", octets)).await?;
            let (one, many) = match dry_run {
                true => ("would be on the list then", "would be on the list then"),
                false => ("is on the list now", "are on the list now"),
            };
            changed(common, &done, one, many)?;
        }
        DoNotSend::Export { library } => export(&client, &library).await?,
    }
    Ok(Exit::Good)
}

fn changed(common: &Common, done: &Value, one: &str, many: &str) -> Result<()> {
    if common.json {
        return answer_json(done);
    }
    let n = done.get("changed").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let addresses = if n == 1 { "1 address".to_owned() } else { format!("{n} addresses") };
    say(&format!("{addresses} {}.", if n == 1 { one } else { many }));
    Ok(())
}

/// Every row that fits, page by page.
async fn rows(client: &Client, library: &str, address: Option<String>, cause: Option<String>) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let parts = [
            ("address", address.clone()),
            ("cause", cause.clone()),
            ("limit", Some(PAGE_MAX.to_string())),
            ("after", after.take()),
        ];
        let page = client.get(&with_query(&path(library), &parts)).await?;
        all.extend(list(&page, "data").iter().cloned());
        after = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            return Ok(all);
        }
    }
}

async fn show(
    client: &Client,
    common: &Common,
    library: &str,
    address: Option<String>,
    cause: Option<String>,
) -> Result<()> {
    let asked = address.clone();
    let stops = rows(client, library, address, cause).await?;
    if common.json {
        return answer_lines(&stops);
    }
    if stops.is_empty() {
        say(&asked.map_or_else(
            || format!("{library} writes to every address."),
            |address| format!("{library} writes to {address}: it is not on the list."),
        ));
        return Ok(());
    }
    let mut table = Table::new(&["ADDRESS", &in_zone("SINCE"), "BY", "WHY", "EVIDENCE"]);
    for stop in &stops {
        let of = |name| text(stop, name);
        table.row([of("address"), moment(&of("since")), of("by"), of("words"), of("evidence")]);
    }
    answer(&table.to_string())?;
    say(&format!(
        "{}. Use one again: courtesy do-not-send release {library} ADDRESS --reason WHY",
        count(stops.len(), "stop")
    ));
    Ok(())
}

async fn export(client: &Client, library: &str) -> Result<()> {
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(["address", "reason", "cause", "by", "since", "tried_again_at"])?;
    for stop in rows(client, library, None, None).await? {
        let of = |name| text(&stop, name);
        let reason = if of("evidence").is_empty() { of("words") } else { of("evidence") };
        file.write_record([of("address"), reason, of("cause"), of("by"), of("since"), of("tried_again_at")])?;
    }
    answer(&String::from_utf8(file.into_inner()?)?)
}
