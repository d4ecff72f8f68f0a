//! `courtesy messages`: what became of them; resend and cancel.

use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::client::{Body, Client, segment, with_query};
use super::story::story;
use super::table::{Marks, Table, answer, answer_json, answer_lines, clean, list, moment, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy messages list --state failed
  courtesy messages list --cause auth --library MRPL
  courtesy messages list --request BC-104233
  courtesy messages show msg_… --transcript
  courtesy messages resend msg_… --to amira@patron.example";

/// The most rows the server gives at one time.
const PAGE_MAX: usize = 500;

/// What to do with messages.
#[derive(Subcommand)]
pub(super) enum Messages {
    /// List messages, the newest first
    List(Which),
    /// One message and its whole story
    Show {
        /// Its id
        id: String,
        /// With each attempt's conversation
        #[arg(long)]
        transcript: bool,
    },
    /// Send a message again, as a new one with a story of its own
    Resend {
        /// Its id
        id: String,
        /// To another address, this once
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
    },
    /// Take back a message that has not left
    Cancel {
        /// Its id
        id: String,
    },
}

/// Which messages.
#[derive(Args)]
pub(super) struct Which {
    /// Of one library
    #[arg(long, value_name = "CODE")]
    library: Option<String>,
    /// queued, sending, delayed, accepted, failed, held, suppressed or cancelled
    #[arg(long)]
    state: Option<String>,
    /// A cause, or the first part of one: auth finds auth.dmarc
    #[arg(long)]
    cause: Option<String>,
    /// Of one request
    #[arg(long, value_name = "NUMBER")]
    request: Option<String>,
    /// Of one notice
    #[arg(long, value_name = "NOTICE")]
    notice: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

pub(super) async fn run(what: Messages, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Messages::List(which) => all(&client, common, &which).await?,
        Messages::Show { id, transcript } => {
            let told = client.get(&format!("/v1/messages/{}/timeline", segment(&id))).await?;
            if common.json { answer_json(&told)? } else { answer(&story(&told, transcript, Marks::here()))? }
        }
        Messages::Resend { id, to } => {
            let body = to.map_or(Body::None, |to| Body::Json(serde_json::json!({ "to": to })));
            let again = client.json(Method::POST, &format!("/v1/messages/{}/resend", segment(&id)), body).await?;
            if common.json {
                answer_json(&again)?;
            } else {
                let new = clean(&text(&again, "id"));
                let done = if new == id { "It is back in the queue." } else { "It is sent again, as a new message." };
                say(&format!("{done} Next: courtesy messages show {new}"));
            }
        }
        Messages::Cancel { id } => {
            let message =
                client.json(Method::POST, &format!("/v1/messages/{}/cancel", segment(&id)), Body::None).await?;
            if common.json { answer_json(&message)? } else { say("It is taken back and will not be sent.") }
        }
    }
    Ok(Exit::Good)
}

async fn all(client: &Client, common: &Common, which: &Which) -> Result<()> {
    let limit = usize::try_from(which.limit).unwrap_or(usize::MAX);
    let (mut shown, mut after) = (0, None);
    let mut table = Table::new(&["ID", "STATE", "LIBRARY", "REQUEST", "NOTICE", "TO", "CHANGED", "WHY"]);
    let mut more = true;
    while more && shown < limit {
        let page = client.get(&with_query("/v1/messages", &query(which, limit - shown, after.take()))).await?;
        let messages = list(&page, "data");
        shown += messages.len();
        if common.json {
            answer_lines(messages)?;
        } else {
            messages.iter().for_each(|message| table.row(row(message)));
        }
        after = page.get("next").and_then(Value::as_str).map(str::to_owned);
        more = after.is_some() && !messages.is_empty();
    }
    if !common.json {
        if table.is_empty() {
            say("No messages fit. Leave out a filter, or see: courtesy queue list");
        } else {
            answer(&table.to_string())?;
        }
        if more {
            say(&format!("There are more. Ask for them with --limit {}", limit.saturating_mul(10)));
        }
    }
    Ok(())
}

fn query(which: &Which, rows: usize, after: Option<String>) -> [(&'static str, Option<String>); 7] {
    [
        ("library", which.library.clone()),
        ("state", which.state.clone()),
        ("cause", which.cause.clone()),
        ("request", which.request.clone()),
        ("notice", which.notice.clone()),
        ("limit", Some(rows.min(PAGE_MAX).to_string())),
        ("after", after),
    ]
}

fn row(message: &Value) -> [String; 8] {
    let why = message.pointer("/cause/words").and_then(Value::as_str).unwrap_or_default().to_owned();
    let of = |name| text(message, name);
    [of("id"), of("state"), of("library"), of("request"), of("notice"), of("to"), moment(&of("changed_at")), why]
}
