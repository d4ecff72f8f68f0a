//! `courtesy serve`: runs until it is told to stop.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::init::make_operator_key;
use super::{Common, Exit};
use crate::config::{Log, LogFormat};
use crate::service::Service;

pub(super) async fn run(common: &Common) -> Result<Exit> {
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
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: what is under way is finished first");
    service.stop().await;
    Ok(Exit::Good)
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
