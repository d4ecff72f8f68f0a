//! `courtesy audit`: who changed what, when and why; and whether the entries are as they were written.

use anyhow::Result;
use clap::Subcommand;
use serde_json::Value;

use super::client::{Client, with_query};
use super::table::{Table, answer, answer_json, answer_lines, clean, columns, count, in_zone, list, moment, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy audit list --library MRPL
  courtesy audit list --what key --limit 20                        keys made and ended, everywhere
  courtesy audit check                                             was anything changed behind our back?
  courtesy --json audit list --limit 100000 > audit.jsonl          for an archive";

/// The most rows the server gives at one time.
const PAGE_MAX: usize = 1000;

/// What to do with the audit.
#[derive(Subcommand)]
pub(super) enum Audit {
    /// Who changed what, the newest first
    List {
        /// At one library; - for the consortium alone
        #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
        library: Option<String>,
        /// A kind of change, or the first part of one, such as key or key.made
        #[arg(long)]
        what: Option<String>,
        /// A part of the name of who did it
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Whether all entries are as they were written
    Check {
        /// Of one library; unless given, of the consortium and of each library
        #[arg(long, value_name = "CODE")]
        library: Option<String>,
    },
}

pub(super) async fn run(what: Audit, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Audit::List { library, what, by, limit } => {
            let which = [("library", library), ("what", what), ("by", by)];
            show(&client, common, which, usize::try_from(limit).unwrap_or(usize::MAX)).await?;
            Ok(Exit::Good)
        }
        Audit::Check { library } => check(&client, common, library).await,
    }
}

async fn show(client: &Client, common: &Common, which: [(&str, Option<String>); 3], limit: usize) -> Result<()> {
    let mut table = Table::new(&[&in_zone("WHEN"), "WHERE", "WHO", "WHAT", "TO", "CHANGED", "WHY"]);
    let (mut shown, mut after, mut more) = (0, None, true);
    while more && shown < limit {
        let mut parts = which.to_vec();
        parts.push(("limit", Some((limit - shown).min(PAGE_MAX).to_string())));
        parts.push(("after", after.take()));
        let page = client.get(&with_query("/v1/audit", &parts)).await?;
        let entries = list(&page, "data");
        shown += entries.len();
        if common.json {
            answer_lines(entries)?;
        } else {
            entries.iter().for_each(|entry| table.row(row(entry)));
        }
        after = page.get("next").and_then(Value::as_str).map(str::to_owned);
        more = after.is_some();
    }
    if common.json {
        return Ok(());
    }
    if table.is_empty() {
        say("Nothing was changed.");
        return Ok(());
    }
    answer(&table.to_string())?;
    say(&format!("{}{}", count(shown, "entry"), if more { ", and there are older ones: --limit" } else { "" }));
    Ok(())
}

fn row(entry: &Value) -> [String; 7] {
    let of = |name| clean(&text(entry, name));
    let changes = list(entry, "changes").iter().map(|one| clean(&text(one, "field")));
    let changes = changes.collect::<Vec<_>>().join(", ");
    [moment(&of("at")), of("library"), of("by"), of("what"), of("subject"), changes, of("reason")]
}

/// Each library's entries are a chain of their own, and the consortium's are one.
async fn check(client: &Client, common: &Common, library: Option<String>) -> Result<Exit> {
    let chains = match library {
        Some(one) => vec![one],
        None => {
            let libraries = client.get("/v1/libraries").await?;
            let codes = list(&libraries, "data").iter().map(|library| text(library, "code"));
            std::iter::once(String::new()).chain(codes).collect()
        }
    };
    let (mut lines, mut exit) = (Vec::new(), Exit::Good);
    for code in chains {
        let library = Some(code.clone()).filter(|code| !code.is_empty());
        let held = client.get(&with_query("/v1/audit:check", &[("library", library)])).await?;
        let whose = text(&held, "library");
        // A library's key is asked about its own entries, whatever we ask for, and they come once more by its name.
        if code.is_empty() && !whose.is_empty() {
            continue;
        }
        if !held.get("is_whole").and_then(Value::as_bool).unwrap_or(false) {
            exit = Exit::Failed;
        }
        if common.json {
            answer_json(&held)?;
        } else {
            let whose = if whose.is_empty() { "the consortium".to_owned() } else { whose };
            lines.push(vec![clean(&whose), whether_whole(&held)]);
        }
    }
    if !common.json {
        answer(&columns(&lines))?;
    }
    Ok(exit)
}

/// Whether one chain of entries is as it was written, in words.
fn whether_whole(held: &Value) -> String {
    let entries = held.get("entries").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let entries = count(entries, "entry");
    match held.get("broken_at").and_then(Value::as_i64) {
        None => format!("{entries}, each as it was written"),
        Some(place) => {
            format!(
                "entry {place} is missing or is not what was written; {entries} before it fit: compare with a backup"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_chain_says_where() {
        let told = |held| whether_whole(&held);
        assert_eq!(told(serde_json::json!({"entries":1,"is_whole":true})), "1 entry, each as it was written");
        let broken = told(serde_json::json!({"entries":4,"is_whole":false,"broken_at":5}));
        assert!(broken.starts_with("entry 5 is missing") && broken.contains("4 entries before"), "{broken}");
    }
}
