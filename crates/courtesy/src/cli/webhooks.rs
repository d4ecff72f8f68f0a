//! `courtesy webhooks`: where a library's systems want to be told of events, and what they were told.

use anyhow::Result;
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Body, Client, segment, with_query};
use super::table::{Table, answer, answer_json, answer_lines, count, in_zone, list, moment, say, text};
use super::{Common, Exit};
use crate::clock;

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy webhooks add MRPL https://ils.library.example/hooks/courtesy
  courtesy webhooks add MRPL https://ils.library.example/hooks/courtesy --type message.failed --type patron.unreached
  courtesy webhooks list MRPL
  courtesy webhooks test MRPL whk_…               post a test now; what did it answer?
  courtesy webhooks log MRPL whk_…                what it was told
  courtesy webhooks replay MRPL whk_…             post again what it missed
  courtesy webhooks rotate MRPL whk_…             another secret; both sign for a day";

/// Events are kept for thirty days.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What to do with webhooks.
#[derive(Subcommand)]
pub(super) enum Webhooks {
    /// Every webhook of a library, and how it does
    List {
        /// The library's code
        library: String,
    },
    /// Have events posted to a URL; its secret is shown once
    Add {
        /// The library's code
        library: String,
        /// An https address that the public internet reaches
        url: String,
        /// A type of event; again for more; without it, all of them
        #[arg(long = "type", value_name = "TYPE")]
        types: Vec<String>,
        /// What people call it
        #[arg(long, default_value = "")]
        note: String,
    },
    /// End a webhook for good, with its log
    Remove(Which),
    /// Post a test event now, and say what came of it
    Test(Which),
    /// What a webhook was told in the last thirty days, the newest first
    Log {
        #[command(flatten)]
        which: Which,
        /// waiting, delivered or given_up
        #[arg(long)]
        state: Option<String>,
        /// Lines wanted
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Post events again, under their own ids: what was not delivered, or --all, or one
    Replay {
        #[command(flatten)]
        which: Which,
        /// This one event
        #[arg(long, value_name = "ID", conflicts_with_all = ["since", "all"])]
        event: Option<String>,
        /// What happened since then (2026-11-22T10:00:00Z); without it, all that is kept
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        /// Those that were delivered, too
        #[arg(long)]
        all: bool,
    },
    /// Another secret; the one before signs as well for a day
    Rotate(Which),
    /// Switch a webhook on: what waited for it is posted
    On(Which),
    /// Switch a webhook off
    Off(Which),
}

/// Which webhook.
#[derive(clap::Args)]
pub(super) struct Which {
    /// The library's code
    library: String,
    /// Its id, as list shows it
    id: String,
}

impl Which {
    fn path(&self, rest: &str) -> String {
        format!("{}/{}{rest}", path(&self.library), segment(&self.id))
    }
}

fn path(library: &str) -> String {
    format!("/v1/libraries/{}/webhooks", segment(library))
}

pub(super) async fn run(what: Webhooks, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Webhooks::List { library } => all(&client, common, &library).await,
        Webhooks::Add { library, url, types, note } => {
            let body = json!({ "url": url, "types": types, "note": note });
            let made = client.json(Method::POST, &path(&library), Body::Json(body)).await?;
            secret(common, &made)
        }
        Webhooks::Remove(which) => {
            client.json(Method::DELETE, &which.path(""), Body::None).await?;
            say("Nothing is posted there any more.");
            Ok(Exit::Good)
        }
        Webhooks::Test(which) => try_out(&client, common, &which).await,
        Webhooks::Log { which, state, limit } => {
            let query = [("state", state), ("limit", Some(limit.to_string()))];
            let page = client.get(&with_query(&which.path("/deliveries"), &query)).await?;
            log(common, list(&page, "data"))
        }
        Webhooks::Replay { which, event, since, all } => {
            let (at, body) = match event {
                Some(one) => (which.path(&format!("/deliveries/{}/replay", segment(&one))), Body::None),
                None => {
                    let oldest = || clock::now().checked_sub(KEPT_FOR).unwrap_or(Timestamp::MIN);
                    let since = since.unwrap_or_else(oldest);
                    (which.path("/replay"), Body::Json(json!({ "since": since, "all": all })))
                }
            };
            let done = client.json(Method::POST, &at, body).await?;
            if common.json {
                answer_json(&done)?;
            } else {
                let n = done.get("events").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
                say(&format!("Posted again: {}.", count(n.unwrap_or(0), "event")));
            }
            Ok(Exit::Good)
        }
        Webhooks::Rotate(which) => {
            let made = client.json(Method::POST, &which.path("/rotate"), Body::None).await?;
            secret(common, &made)
        }
        Webhooks::On(which) => switch(&client, common, &which, true).await,
        Webhooks::Off(which) => switch(&client, common, &which, false).await,
    }
}

fn secret(common: &Common, made: &Value) -> Result<Exit> {
    if common.json {
        answer_json(made)?;
    } else {
        answer(&text(made, "secret"))?;
        say(&format!("This is the secret of {}, shown this once: keep it now.", text(made, "id")));
    }
    Ok(Exit::Good)
}

async fn switch(client: &Client, common: &Common, which: &Which, on: bool) -> Result<Exit> {
    let there = client.get(&which.path("")).await?;
    let body = json!({ "url": there["url"], "types": there["types"], "note": there["note"], "active": on });
    let now = client.json(Method::PUT, &which.path(""), Body::Json(body)).await?;
    if common.json {
        answer_json(&now)?;
    } else {
        say(if on { "It is on: what waited for it is posted." } else { "It is off: nothing new is kept for it." });
    }
    Ok(Exit::Good)
}

async fn try_out(client: &Client, common: &Common, which: &Which) -> Result<Exit> {
    let done = client.json(Method::POST, &which.path("/test"), Body::None).await?;
    let delivered = done.get("delivered").and_then(Value::as_bool).unwrap_or(false);
    if common.json {
        answer_json(&done)?;
    } else if delivered {
        say(&format!("It took the test: {}.", text(&done, "answer")));
    } else {
        say(&format!("It did not take the test: {}.", text(&done, "why")));
    }
    Ok(if delivered { Exit::Good } else { Exit::Failed })
}

async fn all(client: &Client, common: &Common, library: &str) -> Result<Exit> {
    let answered = client.get(&path(library)).await?;
    let webhooks = list(&answered, "data");
    if common.json {
        answer_lines(webhooks)?;
        return Ok(Exit::Good);
    }
    let mut table = Table::new(&["ID", "IS", "SINCE", "TYPES", "NOTE", "URL"]);
    for one in webhooks {
        let (off, failing) = (text(one, "off_since"), text(one, "failing_since"));
        let (is, since) = match (off.is_empty(), failing.is_empty()) {
            (false, _) => (format!("off ({})", text(one, "off_why")), moment(&off)),
            (true, false) => ("failing".to_owned(), moment(&failing)),
            (true, true) => ("on".to_owned(), String::new()),
        };
        let types: Vec<&str> = list(one, "types").iter().filter_map(Value::as_str).collect();
        let types = if types.is_empty() { "all".to_owned() } else { types.join(" ") };
        table.row([text(one, "id"), is, since, types, text(one, "note"), text(one, "url")]);
    }
    answer(&table.to_string())?;
    Ok(Exit::Good)
}

fn log(common: &Common, events: &[Value]) -> Result<Exit> {
    if common.json {
        answer_lines(events)?;
        return Ok(Exit::Good);
    }
    let mut table = Table::new(&["ID", &in_zone("HAPPENED"), "TYPE", "STATE", "TRIES", "LAST ANSWER", "NEXT"]);
    for one in events {
        let said = match (text(one, "answer"), text(one, "why")) {
            (_, why) if !why.is_empty() => why,
            (answer, _) => answer,
        };
        let due = text(one, "due_at");
        let due = if due.is_empty() { due } else { moment(&due) };
        let (at, tries) = (moment(&text(one, "at")), text(one, "attempts"));
        table.row([text(one, "id"), at, text(one, "type"), text(one, "state"), tries, said, due]);
    }
    answer(&table.to_string())?;
    Ok(Exit::Good)
}
