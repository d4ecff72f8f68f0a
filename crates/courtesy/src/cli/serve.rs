//! `courtesy serve`: runs until it is told to stop, and tells systemd how it goes.

use anyhow::Result;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::init::make_operator_key;
use super::{Common, Exit};
use crate::config::{Log, LogFormat};
use crate::service::Service;

/// What this process does, over the settings.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Do only this part of the work: web, intake, inbound, deliver (many with commas)
    #[arg(long, value_name = "ROLES")]
    roles: Option<String>,
    /// Send only for libraries of this region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

impl Args {
    /// `common` with what was given here, as if it had been said with `--set`.
    fn over(&self, common: &Common) -> Common {
        let mut common = common.clone();
        common.set.extend(self.roles.iter().map(|roles| format!("roles={roles}")));
        common.set.extend(self.region.iter().map(|region| format!("region={region}")));
        common
    }
}

pub(super) async fn run(args: &Args, common: &Common) -> Result<Exit> {
    let common = args.over(common);
    let config = common.settings()?;
    start_log(&config.log)?;
    let data = config.data.clone();
    let service = Service::start(config).await?;
    if service.app.store.keys().await?.is_empty() {
        // `courtesy serve` alone is a beginning.
        make_operator_key(&service.app.store, &data).await?;
        tracing::info!(folder = %data.display(), "the operator's first API key was made");
    }
    tracing::info!(http = %service.http, "courtesy serves");
    tell(&[NotifyState::Ready]);
    let watched = tokio::spawn(keep_watched());
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: what is under way is finished first");
    tell(&[NotifyState::Stopping]);
    service.stop().await;
    watched.abort();
    Ok(Exit::Good)
}

/// Tells systemd, where it started us.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be told how it goes");
    }
}

/// Says that we live, as often as systemd asks for it. It hears nothing when the runtime that all work shares stands still.
async fn keep_watched() {
    let Some(within) = sd_notify::watchdog_enabled() else { return };
    loop {
        tell(&[NotifyState::Watchdog]);
        tokio::time::sleep(within / 2).await;
    }
}

/// Sends the log to standard error.
fn start_log(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.level)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Colours are for people; a file or a journal gets plain lines.
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match log.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
