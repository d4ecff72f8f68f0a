//! Around the commands: completions, manual pages, and the commands that are libraries of their own.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use super::table::{answer, count, say};
use super::{Common, Exit, Line, explain, spf};

/// Options of `completions`.
#[derive(clap::Args)]
pub(super) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Options of `man`.
#[derive(clap::Args)]
pub(super) struct Man {
    /// Where the pages go; it is made where it is not there
    folder: PathBuf,
}

pub(super) fn completions(args: &Completions) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Line::command(), "courtesy", &mut script);
    answer(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Good)
}

/// The command with what short help leaves out: manual pages take their words from there.
pub(super) fn with_all_words(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| argument.hide_short_help(false)).mut_subcommands(with_all_words)
}

pub(super) fn man(args: &Man) -> Result<Exit> {
    let folder = &args.folder;
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    clap_mangen::generate_to(with_all_words(Line::command()), folder)
        .with_context(|| format!("manual pages cannot be written into {}", folder.display()))?;
    let pages = std::fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "1"));
    say(&format!(
        "{} in {}; read one: man {}/courtesy.1",
        count(pages.count(), "page"),
        folder.display(),
        folder.display()
    ));
    Ok(Exit::Good)
}

pub(super) async fn explain(args: explain::Args, common: &Common) -> Result<Exit> {
    let args = explain::Args { json: args.json || common.json, ..args };
    Ok(if explain::run(args).await? == 0 { Exit::Good } else { Exit::Failed })
}

pub(super) async fn spf(args: spf::SpfArgs, common: &Common) -> Result<Exit> {
    let resolver = match args.resolver {
        Some(resolver) => Some(resolver),
        // The settings' resolver, where there are settings; this needs none.
        None => common.settings().ok().and_then(|settings| settings.dns.resolver),
    };
    spf::run(spf::SpfArgs { json: args.json || common.json, resolver, ..args }).await?;
    Ok(Exit::Good)
}
