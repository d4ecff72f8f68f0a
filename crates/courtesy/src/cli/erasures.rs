//! `courtesy erasures`: patrons who are being erased, and what has served its time: how far it has come.

use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use serde_json::Value;

use super::client::{Client, segment, with_query};
use super::table::{Table, answer, answer_json, answer_lines, count, list, moment, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy erasures list --library MRPL
  courtesy erasures watch ers_…                                    until it is done";

/// How often is looked how far an erasure has come.
const LOOK: Duration = Duration::from_millis(500);

/// What to do with erasures.
#[derive(Subcommand)]
pub(super) enum Erasures {
    /// Patrons who are being erased, and what was kept long enough, the newest first
    List {
        /// Of one library
        #[arg(long, value_name = "CODE")]
        library: Option<String>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// How far one has come
    Show {
        /// The erasure, ers_…
        id: String,
    },
    /// How far one has come, until it is done
    Watch {
        /// The erasure, ers_…
        id: String,
    },
}

pub(super) async fn run(what: Erasures, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Erasures::List { library, limit } => show(&client, common, library, limit).await?,
        Erasures::Show { id } => {
            let erasure = client.get(&path(&id)).await?;
            if common.json { answer_json(&erasure)? } else { answer(&line(&erasure))? }
        }
        Erasures::Watch { id } => {
            let erasure = client.get(&path(&id)).await?;
            watch(&client, common, erasure).await?;
        }
    }
    Ok(Exit::Good)
}

fn path(id: &str) -> String {
    format!("/v1/erasures/{}", segment(id))
}

async fn show(client: &Client, common: &Common, library: Option<String>, limit: u32) -> Result<()> {
    let parts = [("library", library), ("limit", Some(limit.to_string()))];
    let page = client.get(&with_query("/v1/erasures", &parts)).await?;
    let erasures = list(&page, "data");
    if common.json {
        return answer_lines(erasures);
    }
    let mut table = Table::new(&["ASKED", "LIBRARY", "WHAT", "BY", "STATE", "EVENTS", "MESSAGES", "LEFT", "ID"]);
    for one in erasures {
        let of = |name| text(one, name);
        let by = Some(of("by")).filter(|by| !by.is_empty()).unwrap_or_else(|| "its time had come".to_owned());
        let messages = number(one, "messages").max(number(one, "talks")).to_string();
        let row = [moment(&of("asked_at")), of("library"), of("erases"), by, of("state"), of("events"), messages];
        table.row(row.into_iter().chain([of("left"), of("id")]));
    }
    if table.is_empty() {
        say("Nothing has been erased so far.");
        return Ok(());
    }
    answer(&table.to_string())?;
    let more = page.get("has_more").and_then(Value::as_bool).unwrap_or(false);
    say(&format!(
        "{}{}",
        count(erasures.len(), "erasure"),
        if more { ", and there are older ones: --limit" } else { "" }
    ));
    Ok(())
}

/// Says how far `erasure` has come whenever that is further, until it is done.
///
/// # Errors
/// When the server cannot be asked.
pub(super) async fn watch(client: &Client, common: &Common, mut erasure: Value) -> Result<()> {
    let id = text(&erasure, "id");
    let mut said = String::new();
    while text(&erasure, "state") != "done" {
        let now = line(&erasure);
        if now != said {
            say(&now);
            said = now;
        }
        tokio::time::sleep(LOOK).await;
        erasure = client.get(&path(&id)).await?;
    }
    if common.json { answer_json(&erasure) } else { answer(&line(&erasure)) }
}

fn number(erasure: &Value, name: &str) -> i64 {
    erasure.get(name).and_then(Value::as_i64).unwrap_or(0)
}

/// How far `erasure` has come, in one line.
fn line(erasure: &Value) -> String {
    let many = |name| usize::try_from(number(erasure, name)).ok().filter(|n| *n > 0);
    let counted = [("events", "event"), ("messages", "message"), ("talks", "conversation")];
    let counted = counted.into_iter().filter_map(|(name, one)| Some(count(many(name)?, one)));
    let others = [("cancelled", "taken back"), ("beside", "contact details, choices and devices")];
    let done = counted.chain(others.into_iter().filter_map(|(name, words)| Some(format!("{} {words}", many(name)?))));
    let done = done.collect::<Vec<_>>().join(", ");
    let done = if done.is_empty() { "nothing yet".to_owned() } else { done };
    match text(erasure, "state").as_str() {
        "done" => format!("Done: {done}."),
        "failing" => format!(
            "It could not go on and is tried again at {}. So far: {done}; {} to go.",
            moment(&text(erasure, "again_at")),
            number(erasure, "left")
        ),
        _ => format!("So far: {done}; {} to go.", number(erasure, "left")),
    }
}
