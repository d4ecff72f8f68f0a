//! `courtesy event`: tells the server what happened to requests, one event or a file of them.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::client::{Body, Client, FieldError, Trouble};
use super::library::read;
use super::table::{Marks, answer, answer_json, clean, count, list, say, text};
use super::{Common, Exit};

/// Events sent at one time: a fifth of what the server takes unless told otherwise.
const BATCH_EVENTS: usize = 1000;

/// Octets sent at one time: half of what the server takes unless told otherwise.
const BATCH_OCTETS: usize = 4 << 20;

/// Options of `event`.
#[derive(clap::Args)]
#[command(before_help = "Examples:\n  courtesy event event.json\n  courtesy event events.ndjson --dry-run\n  \
    echo '{\"library\":\"MRPL\",\"request\":\"BC-1\",\"status\":\"ready_for_pickup\",\"patron\":{\"email\":\"amira@patron.example\"},\n        \
    \"fields\":{\"title\":\"The Overstory\",\"pickup_by\":\"2026-11-30\"}}' | courtesy event -")]
pub(super) struct Args {
    /// One event (JSON), or one a line (NDJSON); - for standard input
    file: PathBuf,
    /// Check and plan, and send nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: &Args, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    let octets = read(&args.file)?;
    let query = if args.dry_run { "?dry_run=true" } else { "" };
    if let Ok(event) = serde_json::from_slice::<Value>(&octets) {
        let told = client.json(Method::POST, &format!("/v1/events{query}"), Body::Json(event)).await?;
        if common.json {
            answer_json(&told)?
        } else {
            answer(&receipt(&told, args.dry_run, Marks::here()))?
        }
        return Ok(Exit::Good);
    }
    batch(&client, common, args, &octets, query).await
}

/// What became of one event, for people.
fn receipt(told: &Value, dry_run: bool, marks: Marks) -> String {
    let mut lines = String::new();
    let messages = list(told, "messages");
    if told.get("known_already").and_then(Value::as_bool) == Some(true) {
        lines.push_str("Already known: this event was told before, and nothing new is sent. Its messages:\n");
    }
    for message in messages {
        let cause = text(message, "cause");
        let state = text(message, "state");
        let mark = if state == "queued" { marks.good } else { marks.warn };
        let why = if cause.is_empty() { String::new() } else { format!("  {cause}") };
        let (notice, to) = (text(message, "notice"), text(message, "to"));
        let to = if to.is_empty() { "no address".to_owned() } else { to };
        lines.push_str(&clean(&format!("{mark} {state}{why}  {notice} ({}) to {to}", text(message, "language"))));
        lines.push('\n');
        for step in list(message, "plan") {
            lines.push_str(&clean(&format!(
                "    as {} ({}): {}",
                text(step, "from"),
                text(step, "sender"),
                text(step, "why")
            )));
            lines.push('\n');
        }
        if !dry_run {
            lines.push_str(&clean(&format!("    courtesy messages show {}", text(message, "id"))));
            lines.push('\n');
        }
    }
    if messages.is_empty() {
        lines.push_str("Nobody is told of this: its notices are off, or it has none (courtesy notice list).\n");
    }
    if dry_run {
        lines.push_str("Nothing was sent. Without --dry-run it will be.\n");
    }
    lines
}

/// Lines of the file with their numbers, those without anything left out, cut into batches.
fn batches(octets: &[u8]) -> Vec<Vec<(usize, &[u8])>> {
    let mut all: Vec<Vec<(usize, &[u8])>> = Vec::new();
    let mut size = 0;
    let lines = octets.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let is_full = all.last().is_none_or(|last| last.len() >= BATCH_EVENTS) || size + line.len() > BATCH_OCTETS;
        if is_full {
            all.push(Vec::new());
            size = 0;
        }
        size += line.len() + 1;
        if let Some(last) = all.last_mut() {
            last.push((index + 1, line));
        }
    }
    all
}

async fn batch(client: &Client, common: &Common, args: &Args, octets: &[u8], query: &str) -> Result<Exit> {
    let batches = batches(octets);
    let events: usize = batches.iter().map(Vec::len).sum();
    if events == 0 {
        return Trouble::err(
            Exit::Failed,
            format!("{} has no events; write one JSON object, or one a line", args.file.display()),
        );
    }
    let (mut told, mut known, mut messages, mut refused) = (0, 0, 0, 0);
    for lines in &batches {
        let body: Vec<u8> = lines.iter().map(|(_, line)| *line).collect::<Vec<_>>().join(&b'\n');
        let path = format!("/v1/events:batch{query}");
        let sent = client.send(Method::POST, &path, Body::Text("application/x-ndjson", body)).await;
        let answers = sent.inspect_err(|_| {
            // The same file again is safe: an event that was told is not told twice.
            if told > 0 {
                say(&format!(
                    "{} were taken before this; run the same command again for the rest.",
                    count(told, "event")
                ));
            }
        })?;
        for (answered, (number, _)) in answers.split(|byte| *byte == b'\n').zip(lines) {
            let mut one: Value = serde_json::from_slice(answered)?;
            one["line"] = Value::from(*number);
            if one["status"] == 202 {
                told += 1;
                if one["known_already"] == true {
                    known += 1;
                } else {
                    messages += list(&one, "messages").len();
                }
            } else {
                refused += 1;
                if !common.json {
                    answer(&refusal(&args.file.display().to_string(), *number, &one))?;
                }
            }
            if common.json {
                answer_json(&one)?;
            }
        }
        if batches.len() > 1 && std::io::stderr().is_terminal() {
            say(&format!("{} of {events}", told + refused));
        }
    }
    let verb = if args.dry_run { "would be written; nothing was sent" } else { "written" };
    let known = if known > 0 { format!(" ({known} already known)") } else { String::new() };
    say(&format!("{} taken{known}, {} {verb}; {refused} refused.", count(told, "event"), count(messages, "message")));
    Ok(if refused == 0 { Exit::Good } else { Exit::Failed })
}

/// One refused line, as editors jump to it.
fn refusal(file: &str, number: usize, one: &Value) -> String {
    let errors: Vec<FieldError> = serde_json::from_value(one["errors"].clone()).unwrap_or_default();
    let words = if errors.is_empty() {
        text(one, "detail")
    } else {
        errors.iter().map(|error| format!("{} {}", error.pointer, error.detail)).collect::<Vec<_>>().join("; ")
    };
    clean(&format!("{file}:{number}  {}  {words}", text(one, "code")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_the_numbers_of_the_lines() {
        let numbers: Vec<usize> = batches(b"{}\n\n  \n{}\n").concat().iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 4]);
    }

    #[test]
    fn a_long_file_goes_in_several_batches() {
        let file = b"{}\n".repeat(BATCH_EVENTS * 2 + 1);
        assert_eq!(batches(&file).iter().map(Vec::len).collect::<Vec<_>>(), [BATCH_EVENTS, BATCH_EVENTS, 1]);
        let fat = [b"{".repeat(BATCH_OCTETS - 10), b"{".repeat(100)].join(&b'\n');
        assert_eq!(batches(&fat).len(), 2);
    }

    #[test]
    fn a_receipt_says_in_whose_name_and_why() {
        let told = serde_json::json!({"id":"evt_1","known_already":false,"messages":[{"id":"msg_1","notice":"overdue","language":"en",
            "to":"a•••a@patron.example","state":"queued","plan":[{"from":"mrpl@notices.example","sender":"shared","why":"Because."}]}]});
        insta::assert_snapshot!(receipt(&told, false, Marks::here()), @r"
        ✔ queued  overdue (en) to a•••a@patron.example
            as mrpl@notices.example (shared): Because.
            courtesy messages show msg_1
        ");
    }
}
