//! Tells people, once, when a library's sender has changed by itself: the notice `ops_domain_broken` and the log.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::mpsc;

use super::{Event, Intake, Side, Told};
use crate::clock;
use crate::library::{Library, LibraryCode};
use crate::notice::Language;
use crate::notice::status::Status;
use crate::sender::{Reason, SenderKind};
use crate::watch::{Change, UNPROVEN_CAUSE};
use crate::webhook::Kind;
use standards::domain::Domain;

/// Hears of changes until `stop`.
pub async fn run(intake: Arc<Intake>, mut changes: mpsc::UnboundedReceiver<Change>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    loop {
        let change = tokio::select! {
            biased;
            () = &mut stop => return,
            change = changes.recv() => change,
        };
        let Some(change) = change else { return };
        if let Err(error) = tell(&intake, change).await {
            tracing::error!(%error, "a change of sender could not be told");
        }
    }
}

async fn tell(intake: &Intake, change: Change) -> crate::store::Result<()> {
    let now = clock::now();
    let library = change.library.to_string();
    tell_webhooks(intake, &change, now).await?;
    if change.now != SenderKind::Shared {
        intake.store.close_incident(library, UNPROVEN_CAUSE.to_owned(), now).await?;
        return Ok(());
    }
    // Opened once: while it is open nobody is told again.
    let detail = change.domain.to_string();
    if !intake.store.incident(library, UNPROVEN_CAUSE.to_owned(), detail, now).await? {
        return Ok(());
    }
    not_ready(intake, change.library, &change.domain, &change.why, now.to_string(), "watch").await
}

/// Tells the staff of `library` again that `domain` is not ready, and why: once a day at most.
///
/// # Errors
/// When the store is broken.
pub async fn remind(
    intake: &Intake,
    library: &Library,
    domain: &Domain,
    why: &Reason,
    now: Timestamp,
) -> crate::store::Result<()> {
    let day = now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    not_ready(intake, library.code.clone(), domain, why, day, "staff").await
}

async fn not_ready(
    intake: &Intake,
    code: LibraryCode,
    domain: &Domain,
    why: &Reason,
    occurrence: String,
    source: &'static str,
) -> crate::store::Result<()> {
    // Staff notices are in the library's first language, and so is what was found.
    let language = intake.book.library(&code).map_or(Language::En, |library| library.language_for(None));
    let mut told = Told::default();
    told.fields.insert("domain".to_owned(), domain.to_string());
    told.fields.insert("reason".to_owned(), why.get(language).to_owned());
    let (status, side) = (Status::OpsDomainBroken, Side::Borrowing);
    let event = Event { library: code, request: domain.to_string(), status, side, occurrence, told, source };
    intake.tell(event).await?;
    Ok(())
}

async fn tell_webhooks(intake: &Intake, change: &Change, now: Timestamp) -> crate::store::Result<()> {
    let data = json!({ "domain": change.domain.to_string(), "sender": change.now.code(),
        "reason": change.why.get(Language::En) });
    if change.now != SenderKind::Shared {
        intake.store.tell_webhooks(change.library.clone(), Kind::DomainReady, data.clone(), now).await?;
    }
    intake.store.tell_webhooks(change.library.clone(), Kind::SenderVerdictChanged, data, now).await
}
