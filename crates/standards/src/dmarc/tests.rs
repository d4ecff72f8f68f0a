//! Rules of RFC 9989 and RFC 7489, each on a zone small enough to read.

mod judged;
mod records;
mod walked;

use super::{Authenticated, Discovery, Evaluation, Verdict, discover_for, evaluate};
use crate::dns::Table;
use crate::domain::Domain;

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn names(text: &str) -> Vec<Domain> {
    text.split_whitespace().map(name).collect()
}

/// A zone in which `domain: record` publishes a DMARC record; any other line is a line of [`Table::parse`].
fn zone(lines: &str) -> Table {
    let mut text = String::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some((domain, record)) => {
                text.push_str(&format!("_dmarc.{domain} TXT {record}\n").replace("TXT v", "TXT \"v"))
            }
            None => text.push_str(line),
        }
        if line.contains(": v") {
            text.truncate(text.trim_end().len());
            text.push('"');
        }
        text.push('\n');
    }
    Table::parse(&text).unwrap()
}

async fn found(lines: &str, author: &str, identifiers: &str) -> Discovery {
    discover_for(&zone(lines), &name(author), &names(identifiers)).await
}

async fn judged(lines: &str, author: &str, spf: &str, dkim: &str) -> (Discovery, Evaluation) {
    let authenticated = Authenticated { spf: names(spf).pop(), dkim: names(dkim) };
    let discovery = found(lines, author, &format!("{spf} {dkim}")).await;
    let evaluation = evaluate(&discovery, &authenticated);
    (discovery, evaluation)
}

fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass => "pass".to_owned(),
        Verdict::Fail(policy) => format!("fail {policy:?}").to_lowercase(),
        Verdict::None => "none".to_owned(),
        Verdict::TempError(_) => "temperror".to_owned(),
    }
}
