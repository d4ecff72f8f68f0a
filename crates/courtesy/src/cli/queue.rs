//! `courtesy queue`: what waits, and stopping it for a while.

use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::client::{Body, Client};
use super::table::{Marks, Table, answer, answer_json, clean, count, length, list, moment, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy queue list                      what waits, and what became of the rest
  courtesy queue flush                     try now what waits for its next attempt
  courtesy queue pause --library MRPL      send nothing for one library until
  courtesy queue resume --library MRPL
  courtesy queue let-go --library MRPL --notice overdue     send what is held, because so many came at once
  courtesy queue drop --library MRPL --notice overdue       or never send it";

/// What to do with the queue.
#[derive(Subcommand)]
pub(super) enum Queue {
    /// How many messages stand where, and what is paused
    List,
    /// Try now what waits for its next attempt
    Flush,
    /// Stop sending until it is resumed; what is under way is finished
    Pause(Whose),
    /// Go on sending
    Resume(Whose),
    /// Send what is held because so many came at once
    LetGo(Held),
    /// Take back what is held because so many came at once: it is never sent
    Drop(Held),
}

/// Which notices that are held.
#[derive(Args)]
pub(super) struct Held {
    /// The library
    #[arg(long, value_name = "CODE")]
    library: String,
    /// The notice, as `queue list` names it
    #[arg(long, value_name = "NOTICE")]
    notice: String,
}

/// Whose queue.
#[derive(Args)]
pub(super) struct Whose {
    /// One library; without it everybody the key speaks for
    #[arg(long, value_name = "CODE")]
    library: Option<String>,
}

pub(super) async fn run(what: Queue, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Queue::List => {
            let queue = client.get("/v1/queue").await?;
            if common.json { answer_json(&queue)? } else { answer(&overview(&queue, Marks::here()))? }
        }
        Queue::Flush => {
            let flushed = client.json(Method::POST, "/v1/queue/flush", Body::None).await?;
            if common.json {
                answer_json(&flushed)?;
            } else {
                let messages = flushed.get("messages").and_then(Value::as_u64).unwrap_or(0);
                say(&format!("{} tried now.", are(usize::try_from(messages).unwrap_or(usize::MAX))));
            }
        }
        Queue::Pause(whose) => switch(&client, common, "pause", &whose).await?,
        Queue::Resume(whose) => switch(&client, common, "resume", &whose).await?,
        Queue::LetGo(held) => end(&client, common, "let-go", &held).await?,
        Queue::Drop(held) => end(&client, common, "drop", &held).await?,
    }
    Ok(Exit::Good)
}

fn are(messages: usize) -> String {
    format!("{} {}", count(messages, "message"), if messages == 1 { "is" } else { "are" })
}

fn overview(queue: &Value, marks: Marks) -> String {
    let mut table = Table::new(&["STATE", "MESSAGES"]);
    for one in list(queue, "states") {
        table.row([text(one, "state"), format!("{:>8}", text(one, "messages"))]);
    }
    let waited = queue.get("oldest_due_s").and_then(Value::as_i64).unwrap_or(0);
    let waits = match waited {
        ..=0 => "Nothing is overdue.".to_owned(),
        _ => format!("The oldest due message has waited {}.", length(waited)),
    };
    let mut lines = format!("{table}\n{waits}\n");
    for pause in list(queue, "paused") {
        lines.push_str(&format!("{} {}\n", marks.warn, paused(pause)));
    }
    for brake in list(queue, "brakes") {
        lines.push_str(&format!("{} {}\n", marks.warn, braked(brake)));
    }
    lines
}

/// One pause in a sentence, and how it ends.
fn paused(pause: &Value) -> String {
    let (whose, how) = match text(pause, "library") {
        code if code.is_empty() => ("Everything".to_owned(), String::new()),
        code => (code.clone(), format!(" --library {code}")),
    };
    let (since, by) = (moment(&text(pause, "since")), text(pause, "by"));
    clean(&format!("{whose} is paused since {since} by {by}. Go on: courtesy queue resume{how}"))
}

/// One kind of notice that is held, and how that ends.
fn braked(brake: &Value) -> String {
    let (library, notice) = (text(brake, "library"), text(brake, "notice"));
    let (held, since) = (text(brake, "held"), moment(&text(brake, "since")));
    clean(&format!(
        "{held} notices {notice} of {library} are held since {since}: so many came at once. \
         Send them: courtesy queue let-go --library {library} --notice {notice}. Or never: courtesy queue drop …"
    ))
}

async fn end(client: &Client, common: &Common, verb: &str, held: &Held) -> Result<()> {
    let body = Body::Json(serde_json::json!({ "library": held.library, "notice": held.notice }));
    let done = client.json(Method::POST, &format!("/v1/queue/{verb}"), body).await?;
    if common.json {
        return answer_json(&done);
    }
    let messages = done.get("messages").and_then(Value::as_u64).unwrap_or(0);
    let messages = are(usize::try_from(messages).unwrap_or(usize::MAX));
    say(&if verb == "drop" { format!("{messages} taken back.") } else { format!("{messages} on their way.") });
    Ok(())
}

async fn switch(client: &Client, common: &Common, verb: &str, whose: &Whose) -> Result<()> {
    let body = match &whose.library {
        Some(code) => Body::Json(serde_json::json!({ "library": code })),
        None => Body::None,
    };
    let after = client.json(Method::POST, &format!("/v1/queue/{verb}"), body).await?;
    if common.json {
        return answer_json(&after);
    }
    let changed = after.get("changed").and_then(Value::as_bool).unwrap_or(true);
    say(match (verb, changed) {
        ("pause", true) => "Paused: what is due waits; what is under way is finished. Deadlines still hold.",
        ("pause", false) => "It was paused already.",
        (_, true) => "It goes on.",
        (_, false) => "It was not paused.",
    });
    for pause in list(&after, "paused") {
        say(&paused(pause));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_shown_with_its_end() {
        let queue = serde_json::json!({"states":[{"state":"queued","messages":3}],"oldest_due_s":125,
            "paused":[{"library":"MRPL","since":"x","by":"key “operator”"}]});
        insta::assert_snapshot!(overview(&queue, Marks::here()), @r"
        STATE   MESSAGES
        queued         3

        The oldest due message has waited 2 min.
        ▲ MRPL is paused since x by key “operator”. Go on: courtesy queue resume --library MRPL
        ");
    }
}
