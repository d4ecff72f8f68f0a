//! `courtesy doctor`: whether everything is set up and working.

use anyhow::Result;
use serde_json::Value;

use super::client::Client;
use super::table::{Marks, answer, answer_json, clean, columns, count, list, text};
use super::{Common, Exit};

/// Options of `doctor`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Warnings are exit code 4
    #[arg(long)]
    strict: bool,
}

pub(super) async fn run(args: &Args, common: &Common) -> Result<Exit> {
    let found = Client::of(common)?.get("/v1/doctor").await?;
    if common.json {
        answer_json(&found)?
    } else {
        answer(&told(&found, Marks::here()))?
    }
    Ok(match text(&found, "status").as_str() {
        "pass" => Exit::Good,
        "warn" if args.strict => Exit::Warnings,
        "warn" => Exit::Good,
        _ => Exit::Failed,
    })
}

fn told(found: &Value, marks: Marks) -> String {
    let findings = list(found, "findings");
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|finding| {
            let mark = match text(finding, "status").as_str() {
                "pass" => marks.good,
                "warn" => marks.warn,
                _ => marks.bad,
            };
            vec![format!("  {mark}"), clean(&text(finding, "check")), clean(&text(finding, "detail"))]
        })
        .collect();
    let of = |status| findings.iter().filter(|finding| text(finding, "status") == status).count();
    let sum = match (of("fail"), of("warn")) {
        (0, 0) => "All is well.".to_owned(),
        (0, warnings) => format!("{}.", count(warnings, "warning")),
        (problems, 0) => format!("{}.", count(problems, "problem")),
        (problems, warnings) => format!("{}, {}.", count(problems, "problem"), count(warnings, "warning")),
    };
    format!("{}{sum}\n", columns(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_and_warnings_are_counted() {
        let found = serde_json::json!({"status":"fail","findings":[
            {"status":"pass","check":"database","detail":"it answers"},
            {"status":"warn","check":"relays","detail":"none"},
            {"status":"fail","check":"shared domain","detail":"not proven"}]});
        insta::assert_snapshot!(told(&found, Marks::here()), @r"
          ✔  database       it answers
          ▲  relays         none
          ✖  shared domain  not proven
        1 problem, 1 warning.
        ");
    }
}
