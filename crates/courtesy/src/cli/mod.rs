//! The command line: one task a command, examples first, `--json` everywhere.
//!
//! Answers go to standard output, talk to standard error. Commands that look at the world (`check`, `explain`, `spf`,
//! `dns`) need no server; the others speak its API. Exit codes are [`Exit`].

mod audit;
mod check;
mod client;
mod demo;
mod dkim;
mod dns;
mod doctor;
mod erasures;
mod event;
pub mod explain;
mod inbound;
mod init;
mod keys;
mod letters;
mod library;
mod log;
mod looking;
mod messages;
mod moving;
mod notice;
mod patron;
mod push;
mod queue;
mod relays;
mod reports;
mod sender;
mod serve;
mod shell;
mod sign_in;
mod sign_on;
pub mod spf;
mod stops;
mod story;
mod table;
#[cfg(test)]
mod tests;
mod topics;
mod unreached;
mod webhooks;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, Overlay};
use crate::notice::Language;
use client::{Reach, Trouble};

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
    /// Only warnings, where `--strict` was asked for.
    Warnings = 4,
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

/// What one comes for, before everything else.
const EXAMPLES: &str = "\
Examples:
  courtesy check ill@library.example          would Gmail, Outlook … accept it, and why
  courtesy dns kit library.example            the exact records for your DNS
  courtesy explain \"550-5.7.26 …\"            what a refusal means and who can fix it
  courtesy event event.json                   tell of something that happened to a request
  courtesy messages list --state failed       what did not get through
  courtesy messages show msg_…                the whole story of one message";

const MORE: &str = "More: courtesy COMMAND --help    courtesy help exit-codes|causes    courtesy completions bash|zsh|fish    courtesy man";

/// Library notices that arrive.
#[derive(Parser)]
#[command(name = "courtesy", version, about = "Library notices that arrive", max_term_width = 100)]
#[command(before_help = EXAMPLES, after_help = MORE, disable_help_subcommand = true)]
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
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "COURTESY_CONFIG",
        hide_env_values = true,
        hide_short_help = true
    )]
    config: Option<PathBuf>,
    /// Set one option over file and environment
    #[arg(long, global = true, value_name = "OPTION=VALUE", hide_short_help = true)]
    set: Vec<String>,
    /// The language of what the server says: en or fr
    #[arg(
        long,
        global = true,
        value_name = "LANGUAGE", value_parser = language,
        env = "COURTESY_LANG",
        hide_env_values = true,
        hide_short_help = true
    )]
    lang: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Subcommand)]
enum Command {
    /// Make the data folder, a commented settings file and the operator's first API key
    Init(init::InitArgs),
    /// Run the service
    Serve(serve::Args),
    /// Print a link that signs somebody in to the Staff Dashboard once (on the server)
    SignIn(sign_in::SignInArgs),
    /// What Gmail, Outlook and the others would say now to mail as this address, and why
    Check(check::CheckArgs),
    /// The DNS records that a library publishes: the kit, and whether they are there
    #[command(subcommand)]
    Dns(dns::DnsCommand),
    /// Show what it does: nine libraries, their notices as today and by Courtesy
    Demo(demo::DemoArgs),
    /// A copy of everything, while the server works
    Backup(moving::File),
    /// A backup into an empty database
    Restore(moving::File),
    /// From SQLite to PostgreSQL, with everything
    Migrate(moving::Migrate),
    /// Whether everything is set up and working
    Doctor(doctor::Args),
    /// What a refusal means, whose job it is, and what to do (needs no server)
    Explain(explain::Args),
    /// Check SPF live, step by step (needs no server)
    Spf(spf::SpfArgs),
    /// Tell of an event, or of many from a file
    Event(event::Args),
    /// Messages: list, show, resend, cancel
    #[command(subcommand, before_help = messages::EXAMPLES)]
    Messages(messages::Messages),
    /// The patrons we could not reach, and what to do for each
    #[command(subcommand, before_help = unreached::EXAMPLES)]
    Unreached(unreached::Unreached),
    /// Letters to print and post: list, one PDF a day, posted
    #[command(before_help = letters::EXAMPLES)]
    Letters(letters::Args),
    /// Addresses a library no longer writes to: why, and how to use them again
    #[command(subcommand, before_help = stops::EXAMPLES)]
    DoNotSend(stops::DoNotSend),
    /// Hand in mail that came back to somewhere else: bounces, replies, whole mailboxes
    #[command(before_help = inbound::EXAMPLES)]
    Inbound(inbound::Args),
    /// Patrons: show, correct, import, export, erase
    #[command(subcommand, before_help = patron::EXAMPLES)]
    Patron(patron::Patrons),
    /// What waits: list, flush, pause, resume
    #[command(subcommand, before_help = queue::EXAMPLES)]
    Queue(queue::Queue),
    /// Participant Records: list, show, put, import; where patrons sign in
    #[command(subcommand, before_help = library::EXAMPLES)]
    Library(library::Library),
    /// Notices: on, off, and their words as files
    #[command(subcommand, before_help = notice::EXAMPLES)]
    Notice(notice::Notices),
    /// In whose name a library's notices leave, and why
    #[command(subcommand, before_help = sender::EXAMPLES)]
    Sender(sender::Sender),
    /// Your mail relays: list, drain, resume
    #[command(subcommand, before_help = relays::EXAMPLES)]
    Relays(relays::Relays),
    /// What receivers report about your domains; and reading such reports from files
    #[command(subcommand, before_help = reports::EXAMPLES)]
    Reports(reports::Reports),
    /// DKIM keys: list, import, rotate; the operator's zone
    #[command(subcommand, before_help = dkim::EXAMPLES)]
    Dkim(dkim::Dkim),
    /// Notifications: links with which patrons turn them on
    #[command(subcommand, before_help = push::EXAMPLES)]
    Push(push::Push),
    /// Have a library's systems told of events: list, add, test, replay, rotate
    #[command(subcommand, before_help = webhooks::EXAMPLES)]
    Webhooks(webhooks::Webhooks),
    /// API keys: list, make, revoke
    #[command(subcommand, before_help = keys::EXAMPLES)]
    Keys(keys::Keys),
    /// Who changed what, when and why
    #[command(subcommand, before_help = audit::EXAMPLES)]
    Audit(audit::Audit),
    /// Completions for a shell, on standard output
    #[command(hide = true)]
    Completions(shell::Completions),
    /// Write manual pages into a folder
    #[command(hide = true)]
    Man(shell::Man),
    /// Help on a command, or on exit-codes or causes
    Help(topics::Help),
}

/// A tag of a language that we write, such as `fr` or `fr-CA`.
fn language(tag: &str) -> Result<String, String> {
    Language::from_tag(tag).map(|language| language.tag().to_owned()).ok_or_else(|| "use en or fr".to_owned())
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
        Err(error) => failed(&error).into(),
    }
}

/// Says why, and gives the exit code. A reader that went away is no error: `courtesy messages list | head`.
fn failed(error: &anyhow::Error) -> Exit {
    let is_broken_pipe = |io: &std::io::Error| io.kind() == std::io::ErrorKind::BrokenPipe;
    if error.downcast_ref::<std::io::Error>().is_some_and(is_broken_pipe) {
        return Exit::Good;
    }
    table::say(&format!("error: {error:#}"));
    if let Some(fix) = fix_of(error) {
        table::say(&format!("  {fix}"));
    }
    error.downcast_ref::<Trouble>().map_or(Exit::Failed, |trouble| trouble.exit)
}

/// What to do about a door that cannot be opened; the error names the option.
fn fix_of(error: &anyhow::Error) -> Option<&'static str> {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    let is_door = error.chain().any(|cause| cause.to_string().contains("cannot be listened on"));
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind)?;
    match kind {
        AddrInUse => {
            Some("another program listens there, perhaps courtesy itself: stop it, or set that option to another port")
        }
        AddrNotAvailable if is_door => {
            Some("this machine does not have that address: set that option to one that it has")
        }
        PermissionDenied if is_door => Some(
            "ports below 1024 are for who may: give the service CAP_NET_BIND_SERVICE, or set that option to a higher port",
        ),
        _ => None,
    }
}

async fn execute(line: Line) -> anyhow::Result<Exit> {
    let Line { command, common } = line;
    match command {
        Command::Init(args) => init::run(&args, &common).await,
        Command::Serve(args) => serve::run(&args, &common).await,
        Command::SignIn(args) => sign_in::run(&args, &common).await,
        Command::Check(args) => check::run(&args, &common).await,
        Command::Dns(command) => dns::run(&command, &common).await,
        Command::Demo(args) => demo::run(&args, &common).await,
        Command::Backup(args) => moving::backup(&args, &common).await,
        Command::Restore(args) => moving::restore(&args, &common).await,
        Command::Migrate(args) => moving::migrate(&args, &common).await,
        Command::Doctor(args) => doctor::run(&args, &common).await,
        Command::Explain(args) => shell::explain(args, &common).await,
        Command::Spf(args) => shell::spf(args, &common).await,
        Command::Event(args) => event::run(&args, &common).await,
        Command::Messages(what) => messages::run(what, &common).await,
        Command::Unreached(what) => unreached::run(what, &common).await,
        Command::Letters(args) => letters::run(&args, &common).await,
        Command::DoNotSend(what) => stops::run(what, &common).await,
        Command::Inbound(args) => inbound::run(&args, &common).await,
        Command::Patron(what) => patron::run(what, &common).await,
        Command::Queue(what) => queue::run(what, &common).await,
        Command::Library(what) => library::run(what, &common).await,
        Command::Notice(what) => notice::run(what, &common).await,
        Command::Sender(what) => sender::run(what, &common).await,
        Command::Relays(what) => relays::run(what, &common).await,
        Command::Reports(what) => reports::run(what, &common).await,
        Command::Dkim(what) => dkim::run(what, &common).await,
        Command::Push(what) => push::run(what, &common).await,
        Command::Webhooks(what) => webhooks::run(what, &common).await,
        Command::Keys(what) => keys::run(what, &common).await,
        Command::Audit(what) => audit::run(what, &common).await,
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
        Command::Help(args) => topics::run(&args, &common),
    }
}

impl Common {
    /// The language to answer in.
    pub(crate) fn language(&self) -> Language {
        self.lang.as_deref().and_then(Language::from_tag).unwrap_or(Language::En)
    }

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
