//! The erasures on the page of retention: what is being erased and was, who asked for it, how far it has come.
//!
//! In: a library, or none for all of the consortium. Out: lines for the page, the newest first. No line says which patron it is about.

use jiff::Timestamp;

use super::Web;
use super::oops::Oops;
use super::shell::Shell;
use crate::library::LibraryCode;
use crate::store::{Erasure, ErasureState, LEFT_COUNTED_MAX};

/// Erasures shown: some weeks of a library that has one a day.
const SHOWN: u32 = 30;

/// One erasure, as the page shows it.
pub(super) struct ErasureLine {
    pub(super) asked_at: Timestamp,
    /// What is erased.
    pub(super) what: String,
    /// Who asked for it, where somebody did.
    pub(super) by: Option<String>,
    /// Of which library, on the page of the consortium.
    pub(super) library: Option<String>,
    pub(super) mood: &'static str,
    pub(super) stands: String,
    /// What follows from how it stands.
    pub(super) hint: Option<String>,
    /// How much is erased, each kind for itself.
    pub(super) counts: Vec<String>,
    /// How much is left.
    pub(super) left: Option<String>,
    pub(super) is_over: bool,
}

/// The newest erasures of `library` (none: of all).
///
/// # Errors
/// When the store is broken.
pub(super) async fn lines(
    web: &Web,
    shell: &Shell,
    library: Option<&LibraryCode>,
    now: Timestamp,
) -> Result<Vec<ErasureLine>, Oops> {
    let mut lines = Vec::new();
    for erasure in web.store.erasures(library, None, SHOWN).await? {
        let left = web.eraser.left(&erasure, now).await?;
        lines.push(line(shell, &erasure, left, library.is_none()));
    }
    Ok(lines)
}

fn line(shell: &Shell, erasure: &Erasure, left: i64, of_all: bool) -> ErasureLine {
    let state = erasure.state();
    let (mood, hint) = match state {
        ErasureState::Waiting | ErasureState::UnderWay => ("wait", None),
        ErasureState::Failing => {
            let again = erasure.due_at.map(|at| shell.with("erasure-failing-hint", "time", shell.moment(&at)));
            ("bad", again)
        }
        ErasureState::Done => ("good", None),
    };
    let done = erasure.done;
    let counts = [
        ("erasure-events", done.events),
        ("erasure-messages", done.messages),
        ("erasure-talks", done.talks),
        ("erasure-cancelled", done.cancelled),
        ("erasure-beside", done.beside),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let many = if left >= LEFT_COUNTED_MAX { "home-more-than" } else { "number" };
    ErasureLine {
        asked_at: erasure.asked_at,
        what: shell.say(&format!("erasure-of-{}", erasure.erases.code())),
        by: Some(erasure.by.clone()).filter(|by| !by.is_empty()),
        library: of_all.then(|| erasure.library.to_string()),
        mood,
        stands: shell.say(&format!("erasure-{}", state.code())),
        hint,
        counts: counts.map(|(name, count)| shell.with(name, "count", count)).collect(),
        left: (left > 0).then(|| shell.with("erasure-left", "count", shell.with(many, "count", left))),
        is_over: state == ErasureState::Done,
    }
}
