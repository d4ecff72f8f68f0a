//! The doors by which mail comes in: what comes back, and what libraries' systems hand in; each where it is wished for.

use std::sync::Arc;

use anyhow::{Context as _, Result};

use crate::config::Role;
use crate::delivery::Parts;
use crate::inbound::spool::Spool;
use crate::inbound::{self, Inbound};
use crate::intake::Intake;
use crate::library::LibraryCode;
use crate::net::dns::Resolver;
use crate::net::serving::Certificate;
use crate::smtp::{Desk, Door, Limits, Listening};

/// The folder of mail that came back, in the data folder.
pub const SPOOL_FOLDER: &str = "spool";

/// The doors for mail that comes back, those that are wished for, and the engine that works it off.
pub(super) async fn taking_back(
    parts: &Parts,
    dns: Resolver,
    intake: &Arc<Intake>,
    certificate: &Arc<Certificate>,
) -> Result<(Vec<Listening>, Arc<Inbound>)> {
    let Parts { config, store, book, senders, secret, wake, metrics, .. } = parts;
    let folder = config.data.join(SPOOL_FOLDER);
    let spool = Spool::open(&folder).with_context(|| format!("the spool {} cannot be used", folder.display()))?;
    let spool = Arc::new(spool);
    let host = config.public_host.as_str();
    let door = Door::new(host, Arc::clone(certificate), Arc::clone(secret), Arc::clone(&spool));
    let door = Arc::new(door.with_libraries(Arc::clone(book), config.shared.domain.clone()));
    let mut doors = Vec::new();
    let plays = config.plays(Role::Inbound);
    if let Some(address) = config.listen.smtp.filter(|_| plays) {
        doors.push(door.listen(address, Limits::default()).await?);
    }
    if let Some(at) = config.listen.lmtp.as_ref().filter(|_| plays) {
        doors.push(door.listen_for_lmtp(at).await?);
    }
    let inbound = inbound::Parts {
        config: Arc::clone(config),
        store: store.clone(),
        book: Arc::clone(book),
        senders: Arc::clone(senders),
        secret: Arc::clone(secret),
        dns,
        intake: Arc::clone(intake),
        wake: Arc::clone(wake),
        spool,
        metrics: Arc::clone(metrics),
    };
    Ok((doors, Arc::new(Inbound::new(inbound))))
}

/// The doors for mail that libraries' systems hand in, where they are wished for.
pub(super) async fn submission_doors(
    parts: &Parts,
    intake: &Arc<Intake>,
    certificate: Arc<Certificate>,
) -> Result<Vec<Listening>> {
    let config = &parts.config;
    let mut sources = Vec::new();
    for one in &config.submit_from {
        let library = LibraryCode::parse(&one.library).context("submit_from.library")?;
        sources.extend(one.sources.iter().map(|network| (*network, library.clone())));
    }
    let (shared, octets_max) = (config.shared.domain.clone(), config.limits.submission_bytes);
    let (store, book) = (parts.store.clone(), Arc::clone(&parts.book));
    let desk = Arc::new(Desk::new(store, book, Arc::clone(intake), shared, sources, octets_max));
    let mut doors = Vec::new();
    for (address, begins_in_tls) in [(config.listen.submission, false), (config.listen.submissions, true)] {
        let Some(address) = address.filter(|_| config.plays(Role::Intake)) else { continue };
        let host = config.public_host.as_str();
        let door = Door::submitting(host, Arc::clone(&certificate), Arc::clone(&desk), begins_in_tls);
        doors.push(Arc::new(door).listen(address, Limits::submission()).await?);
    }
    Ok(doors)
}
