//! Mail that came back and that we could not see: it went to the library's own mailbox.
//!
//! In: how a library's notices leave now, and how they left lately. Out: the mailbox to look in, where there is one. A
//! page that says "every patron was reached" must not say it then. Not here: mail that came back to us (`inbound`).

use jiff::Timestamp;

use super::Web;
use super::oops::Oops;
use crate::library::Library;
use crate::queue::State;
use crate::sender::{Plan, SenderKind};
use crate::store::Filter;
use crate::timeline::{Entry, What};

/// Accepted messages looked through for one that left in the library's own name.
const LOOKED_AT: u32 = 20;

/// The mailbox that undeliverable notices of this library go to, or went to since `since`, without our seeing them.
pub(super) async fn unseen(
    web: &Web,
    library: &Library,
    plan: &Plan,
    since: Timestamp,
) -> Result<Option<String>, Oops> {
    if plan.rung.returns_to_library() {
        return Ok(Some(plan.return_path_mailbox.as_ref().unwrap_or(&plan.from).to_string()));
    }
    if library.from.is_none() {
        return Ok(None);
    }
    let accepted = Filter {
        library: Some(library.code.clone()),
        state: Some(State::Accepted),
        since: Some(since),
        ..Filter::default()
    };
    let rows = web.store.messages(&accepted, LOOKED_AT).await?;
    let own = rows.iter().find(|row| {
        let sender = row.sender.as_deref().and_then(SenderKind::from_code);
        sender.is_some_and(|sender| sender != SenderKind::Shared)
    });
    let Some(row) = own else { return Ok(None) };
    Ok(of_timeline(&web.store.timeline(row.id).await?).map(str::to_owned))
}

/// The library's mailbox, where what comes back of the attempt that was accepted goes there: its From address.
pub(super) fn of_timeline(entries: &[Entry]) -> Option<&str> {
    let accepted = entries.iter().rev().find_map(|entry| match &entry.what {
        What::Attempted(attempt) if attempt.outcome == "accepted" => Some(attempt),
        _ => None,
    })?;
    // A return path of ours, or in a name of the library's that leads to us, has another domain.
    let (_, from) = accepted.from.rsplit_once('@')?;
    let is_own = SenderKind::from_code(&accepted.sender).is_some_and(|sender| sender != SenderKind::Shared);
    (is_own && from.eq_ignore_ascii_case(&accepted.return_path)).then_some(accepted.from.as_str())
}
