//! `courtesy serve`: runs until it is told to stop, and tells systemd how it goes.

use std::time::Duration;

use anyhow::Result;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::init::{KEY_FILE, make_operator_key};
use super::log::{self, Level};
use super::{Common, Exit};
use crate::service::Service;

/// How long what is under way may take to finish where a part of us is gone: as long as the longest conversation.
const STOP_WHEN_BROKEN: Duration = Duration::from_secs(10 * 60);

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
    let level = log::start(&config.log)?;
    let data = config.data.clone();
    let mut service = Service::start(config).await?;
    let (store, file) = (&service.app.store, data.join(KEY_FILE));
    // `courtesy serve` alone is a beginning; and where the database is this machine's own, so is whoever may read its data folder.
    let wants_key = if store.is_shared() { store.keys().await?.is_empty() } else { !file.exists() };
    if wants_key {
        make_operator_key(store, &data).await?;
        tracing::info!(file = %file.display(), "an operator's API key was made: there was none in the data folder");
    }
    tracing::info!(http = %service.http, "courtesy serves");
    tell(&[NotifyState::Ready]);
    let watched = tokio::spawn(keep_watched());
    let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let broken = loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break None,
            _ = terminate.recv() => break None,
            part = service.broken() => break Some(part),
            _ = hang_up.recv() => {
                if let Ok(now) = NotifyState::monotonic_usec_now() {
                    tell(&[NotifyState::Reloading, now]);
                }
                reload(&service, &common, &level).await;
                tell(&[NotifyState::Ready]);
            }
        }
    };
    tracing::info!("stopping: what is under way is finished first");
    tell(&[NotifyState::Stopping]);
    if let Some(part) = broken {
        // What is broken may keep the rest from ending.
        if tokio::time::timeout(STOP_WHEN_BROKEN, service.stop()).await.is_err() {
            tracing::error!("what was under way could not be finished; it is taken up by the next start");
        }
        watched.abort();
        anyhow::bail!("{part} ended by itself, without which nothing works as it should: start again");
    }
    service.stop().await;
    watched.abort();
    Ok(Exit::Good)
}

/// Reads the settings again. Settings that cannot stand change nothing.
async fn reload(service: &Service, common: &Common, level: &Level) {
    let new = match common.settings() {
        Ok(new) => new,
        Err(error) => return tracing::error!("the settings are not taken up: {error:#}"),
    };
    let filter = EnvFilter::try_new(&new.log.level).map_err(|error| error.to_string());
    if let Err(error) = filter.and_then(|filter| level.reload(filter).map_err(|error| error.to_string())) {
        tracing::error!(error, "log.level is not taken up");
    }
    let want_a_start = service.reload(&new).await;
    tracing::info!("settings and certificates were read again");
    if !want_a_start.is_empty() {
        tracing::warn!(settings = want_a_start.join(", "), "these changed and want a restart");
    }
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
