//! `courtesy relays`: the relays, how they are, and taking one out of use.

use anyhow::Result;
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::client::{Body, Client, segment};
use super::table::{Marks, answer, answer_lines, clean, list, moment, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy relays list                               which send, and how they are
  courtesy relays drain mta1.notices.example         send nothing from it; others of its region do
  courtesy relays resume mta1.notices.example";

/// What to do with relays.
#[derive(Subcommand)]
pub(super) enum Relays {
    /// Every relay: whether it sends, and what was found about it
    List,
    /// Take a relay out of use; what is under way is finished
    Drain {
        /// Its host name
        host: String,
    },
    /// Put a relay back into use
    Resume {
        /// Its host name
        host: String,
    },
}

pub(super) async fn run(what: Relays, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    let relays = match what {
        Relays::List => client.get("/v1/relays").await?,
        Relays::Drain { host } => {
            client.json(Method::POST, &format!("/v1/relays/{}/drain", segment(&host)), Body::None).await?
        }
        Relays::Resume { host } => {
            client.json(Method::POST, &format!("/v1/relays/{}/resume", segment(&host)), Body::None).await?
        }
    };
    let relays = list(&relays, "data");
    if common.json {
        answer_lines(relays)?;
    } else {
        answer(&told(relays, Marks::here()))?;
    }
    Ok(Exit::Good)
}

fn told(relays: &[Value], marks: Marks) -> String {
    if relays.is_empty() {
        return "There are no relays in the settings: mail leaves from whatever address the system chooses.\n"
            .to_owned();
    }
    let mut lines = String::new();
    for relay in relays {
        let state = match text(relay, "state").as_str() {
            "drained" => {
                let drained = &relay["drained"];
                format!("drained since {} by {}", moment(&text(drained, "since")), text(drained, "by"))
            }
            "warms_up" => {
                let share = relay["share"].as_f64().unwrap_or(0.0) * 100.0;
                format!("warms up: {share:.0} % of what a known relay gets")
            }
            "no_machine" => "no machine that lives has it: nothing leaves by it".to_owned(),
            "over" => "its last day is over: take it out of the settings".to_owned(),
            "reaches_nobody" => "reaches nobody at the moment".to_owned(),
            state => state.to_owned(),
        };
        let state = match text(relay, "until") {
            day if day.is_empty() || text(relay, "state") == "over" => state,
            day => format!("{state}, until {day}"),
        };
        let sources: Vec<String> = list(relay, "sources").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let line = format!("{}  {}  {}  {state}", text(relay, "host"), text(relay, "region"), sources.join(" "));
        lines.push_str(&format!("{}\n", clean(&line)));
        for finding in list(relay, "findings") {
            let mark = match text(finding, "status").as_str() {
                "pass" => marks.good,
                "fail" => marks.bad,
                _ => marks.warn,
            };
            lines.push_str(&format!(
                "  {mark} {}: {}\n",
                clean(&text(finding, "check")),
                clean(&text(finding, "detail"))
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_told_with_its_state_and_what_was_found() {
        let relays = serde_json::json!([{"host":"mta1.example","region":"west","sources":["192.0.2.1"],"state":"drained",
            "share":0,"drained":{"since":"x","by":"key “operator”"},
            "findings":[{"check":"ptr","status":"fail","detail":"192.0.2.1 has no PTR record"}]},
            {"host":"mta2.example","region":"west","sources":["192.0.2.2"],"state":"warms_up","share":0.05,"findings":[]}]);
        insta::assert_snapshot!(told(relays.as_array().unwrap(), Marks::here()), @r"
        mta1.example  west  192.0.2.1  drained since x by key “operator”
          ✖ ptr: 192.0.2.1 has no PTR record
        mta2.example  west  192.0.2.2  warms up: 5 % of what a known relay gets
        ");
    }
}
