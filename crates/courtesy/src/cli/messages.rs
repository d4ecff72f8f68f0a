//! `courtesy messages`: what became of them; resend and cancel.

use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::client::{Body, Client, segment, with_query};
use super::story::story;
use super::table::{Marks, Table, answer, answer_json, answer_lines, clean, in_zone, list, moment, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy messages list --state failed
  courtesy messages list --cause auth --library MRPL
  courtesy messages list --request BC-104233
  courtesy messages show msg_… --transcript
  courtesy messages resend msg_… --to amira@patron.example
  courtesy messages resend msg_… --channel text --to \"604 555 0123\"
  courtesy messages resend --cause auth --library MRPL --dry-run    how many that would be";

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
    /// Send a message again, as a new one with a story of its own; or many that did not arrive, each once
    Resend(Again),
    /// Take back a message that has not left
    Cancel {
        /// Its id
        id: String,
    },
}

/// Which messages to send again, and how.
#[derive(Args)]
pub(super) struct Again {
    /// Its id; without it, all that fit
    #[arg(required_unless_present_any = ["cause", "notice", "library"])]
    id: Option<String>,
    /// To another address or telephone number, this once
    #[arg(long, value_name = "ADDRESS", requires = "id")]
    to: Option<String>,
    /// By another way than it went: mail, text or push
    #[arg(long, value_name = "CHANNEL", requires = "id")]
    channel: Option<String>,
    /// From the shared address, whatever is proven
    #[arg(long)]
    shared: bool,
    /// All of one library
    #[arg(long, value_name = "CODE", conflicts_with = "id")]
    library: Option<String>,
    /// All with a cause, or the first part of one
    #[arg(long, conflicts_with = "id")]
    cause: Option<String>,
    /// All of one notice
    #[arg(long, conflicts_with = "id")]
    notice: Option<String>,
    /// Those that were not sent, because their address was on the do-not-send list
    #[arg(long, conflicts_with = "id")]
    suppressed: bool,
    /// Only count them
    #[arg(long, conflicts_with = "id")]
    dry_run: bool,
}

/// Which messages.
#[derive(Args)]
pub(super) struct Which {
    /// Of one library
    #[arg(long, value_name = "CODE")]
    library: Option<String>,
    /// queued, sending, delayed, accepted, failed, held, suppressed, cancelled or gathered
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
        Messages::Resend(again) => resend(&client, common, again).await?,
        Messages::Cancel { id } => {
            let message =
                client.json(Method::POST, &format!("/v1/messages/{}/cancel", segment(&id)), Body::None).await?;
            if common.json { answer_json(&message)? } else { say("It is taken back and will not be sent.") }
        }
    }
    Ok(Exit::Good)
}

async fn resend(client: &Client, common: &Common, what: Again) -> Result<()> {
    let from = if what.shared { "shared" } else { "auto" };
    let Some(id) = what.id else {
        let state = if what.suppressed { "suppressed" } else { "failed" };
        let body = serde_json::json!({ "library": what.library, "cause": what.cause, "notice": what.notice,
            "state": state, "from": from, "dry_run": what.dry_run });
        let done = client.json(Method::POST, "/v1/messages:resend", Body::Json(body)).await?;
        if common.json {
            return answer_json(&done);
        }
        let number = if what.dry_run { text(&done, "count") } else { list(&done, "messages").len().to_string() };
        let verb = if what.dry_run { "would be sent again" } else { "sent again" };
        say(&format!("{number} {verb}."));
        if let Some(stopped) = done.get("stopped").and_then(Value::as_u64).filter(|stopped| *stopped > 0) {
            say(&format!("{stopped} not sent: their addresses are stopped (courtesy do-not-send list)."));
        }
        if done.get("has_more").and_then(Value::as_bool).unwrap_or(false) {
            say("There are more: run it again.");
        }
        return Ok(());
    };
    let body = Body::Json(serde_json::json!({ "to": what.to, "channel": what.channel, "from": from }));
    let again = client.json(Method::POST, &format!("/v1/messages/{}/resend", segment(&id)), body).await?;
    if common.json {
        return answer_json(&again);
    }
    let new = clean(&text(&again, "id"));
    let before = again.get("before").and_then(Value::as_bool).unwrap_or(false);
    let done = match (before, new == id) {
        (true, _) => "It was sent again before, and that one waits or was accepted.",
        (false, true) => "It is back in the queue.",
        (false, false) => "It is sent again, as a new message.",
    };
    say(&format!("{done} Next: courtesy messages show {new}"));
    Ok(())
}

async fn all(client: &Client, common: &Common, which: &Which) -> Result<()> {
    let limit = usize::try_from(which.limit).unwrap_or(usize::MAX);
    let (mut shown, mut after) = (0, None);
    let mut table = Table::new(&["ID", "STATE", "LIBRARY", "REQUEST", "NOTICE", "TO", &in_zone("CHANGED"), "WHY"]);
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
