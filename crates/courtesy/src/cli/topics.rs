//! `courtesy help`: on a command, or on a topic.

use anyhow::Result;
use clap::CommandFactory as _;
use serde_json::json;

use super::client::Trouble;
use super::table::{Table, answer, answer_lines};
use super::{Common, Exit, Line};
use crate::notice::Language;
use crate::outcome::{Cause, Facts};

/// What to be helped with.
#[derive(clap::Args)]
pub(super) struct Help {
    /// A command (queue pause), or exit-codes, or causes
    #[arg(value_name = "COMMAND|TOPIC")]
    what: Vec<String>,
}

/// Every exit code and what it says.
const EXIT_CODES: [(Exit, &str); 9] = [
    (Exit::Good, "all is well"),
    (Exit::Failed, "it failed, or what was given is not right"),
    (Exit::Usage, "the command was not written correctly"),
    (Exit::WouldNotArrive, "checked: it would not arrive"),
    (Exit::Warnings, "warnings only, where --strict was asked for"),
    (Exit::Forbidden, "no API key, or one that may not do that"),
    (Exit::NotFound, "there is no such thing"),
    (Exit::Temporary, "DNS, the network or the server did not answer: try again"),
    (Exit::Conflict, "it is not in a state in which that can be done"),
];

pub(super) fn run(args: &Help, common: &Common) -> Result<Exit> {
    match args.what.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["exit-codes"] => exit_codes(common)?,
        ["causes"] => causes(common)?,
        path => answer(&of_command(path)?)?,
    }
    Ok(Exit::Good)
}

fn exit_codes(common: &Common) -> Result<()> {
    if common.json {
        return answer_lines(&EXIT_CODES.map(|(exit, says)| json!({ "code": exit as u8, "says": says })));
    }
    let mut table = Table::new(&["CODE", "SAYS"]);
    for (exit, says) in EXIT_CODES {
        table.row([(exit as u8).to_string(), says.to_owned()]);
    }
    answer(&table.to_string())
}

fn causes(common: &Common) -> Result<()> {
    let language = common.lang.as_deref().and_then(Language::from_tag).unwrap_or(Language::En);
    let facts = Facts::default();
    let told =
        Cause::all().map(|cause| (cause.code(), cause.headline(language, &facts), cause.whose_job(language, &facts)));
    if common.json {
        let lines: Vec<_> =
            told.map(|(code, words, fixer)| json!({ "code": code, "words": words, "fixer": fixer })).collect();
        return answer_lines(&lines);
    }
    let mut table = Table::new(&["CAUSE", "WHOSE JOB", "WHAT HAPPENED"]);
    for (code, words, fixer) in told {
        table.row([code.to_owned(), fixer, words]);
    }
    answer(&table.to_string())
}

/// The long help of the command at `path`.
fn of_command(path: &[&str]) -> Result<String> {
    let mut command = Line::command();
    command.build();
    for name in path {
        let Some(found) = command.find_subcommand(name) else {
            let line = format!(
                "there is no help on “{}”; topics are exit-codes and causes, commands are in: courtesy --help",
                super::table::clean(name)
            );
            return Trouble::err(Exit::Usage, line);
        };
        command = found.clone();
    }
    Ok(command.render_long_help().to_string())
}
