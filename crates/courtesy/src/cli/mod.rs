//! The command line: one task a command, examples first, `--json` everywhere.
//!
//! Answers go to standard output, talk to standard error. Commands that look at the world (`check`, `explain`, `spf`,
//! `dns`) need no server; the others speak its API. Exit codes are [`Exit`].

mod check;
mod demo;
mod dns;
pub mod explain;
mod init;
mod looking;
mod serve;
pub mod spf;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, Overlay};

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Good = 0,
    /// It failed.
    Failed = 1,
    /// It was not asked for correctly (clap's own code).
    Usage = 2,
    /// Checked: it would not arrive.
    WouldNotArrive = 3,
    /// Not signed in, or not allowed.
    Forbidden = 5,
    /// There is no such thing.
    NotFound = 6,
    /// DNS or the network did not answer: try again.
    Temporary = 7,
    /// It is not in a state in which that can be done.
    Conflict = 8,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Library notices that arrive.
#[derive(Parser)]
#[command(name = "courtesy", version, about = "Library notices that arrive", max_term_width = 100)]
struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// Options of every command.
#[derive(Args, Clone)]
pub(crate) struct Common {
    /// Answer in JSON (lists: one object a line), in a shape that stays
    #[arg(long, global = true)]
    json: bool,
    /// Settings file; without it courtesy.toml here, then /etc/courtesy/courtesy.toml
    #[arg(long, global = true, value_name = "FILE", env = "COURTESY_CONFIG")]
    config: Option<PathBuf>,
    /// Set one option over file and environment
    #[arg(long, global = true, value_name = "OPTION=VALUE")]
    set: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Make the data folder, a commented settings file and the operator's first API key
    Init(init::InitArgs),
    /// Run the service
    Serve,
    /// What Gmail, Outlook and the others would say now to mail as this address, and why
    Check(check::CheckArgs),
    /// The DNS records that a library publishes: the kit, and whether they are there
    #[command(subcommand)]
    Dns(dns::DnsCommand),
    /// Show what it does: a practice internet, nine libraries, the same notices as today and by Courtesy
    Demo(demo::DemoArgs),
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let line = Line::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(execute(line)),
        Err(error) => Err(anyhow::Error::new(error)),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Failed.into()
        }
    }
}

async fn execute(line: Line) -> anyhow::Result<Exit> {
    let Line { command, common } = line;
    match command {
        Command::Init(args) => init::run(&args, &common).await,
        Command::Serve => serve::run(&common).await,
        Command::Check(args) => check::run(&args, &common).await,
        Command::Dns(command) => dns::run(&command, &common).await,
        Command::Demo(args) => demo::run(&args, &common).await,
    }
}

impl Common {
    /// The settings: file, environment over it, `--set` over both.
    ///
    /// # Errors
    /// What is wrong with them, and where.
    pub(crate) fn settings(&self) -> anyhow::Result<Config> {
        let file = self.config.clone().or_else(config::usual_file);
        let mut overlays = Overlay::from_environment(std::env::vars())?;
        for flag in &self.set {
            overlays.push(Overlay::from_flag(flag)?);
        }
        Ok(config::load(file.as_deref(), &overlays)?)
    }
}
