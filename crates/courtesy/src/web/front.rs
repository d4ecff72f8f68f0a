//! `/`: what this is, the way in, and how it stands; `/status`: the same at more length.
//!
//! In: the store's queue, pauses, receivers that asked for patience, the proof of the shared domain. Out: pages without a
//! word about any one library. For monitors there is `/health`.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};

use super::shell::Shell;
use super::visit::{Visit, lead_to};
use super::{Answer, Web};
use crate::store::StoreError;

/// How long something due may wait before we say that sending is slow: what `/health` goes by.
const OVERDUE: SignedDuration = SignedDuration::from_mins(5);

/// A part of the service, and how it does.
struct Part {
    name: String,
    mood: &'static str,
    words: String,
    about: String,
}

/// The whole of it.
struct Standing {
    mood: &'static str,
    headline: &'static str,
    parts: Vec<Part>,
}

#[derive(Template)]
#[template(path = "front.html")]
struct Front {
    shell: Shell,
    mood: &'static str,
    headline: String,
}

/// The front page; who is signed in is at work already.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    if visit.staff.is_some() {
        return Ok(lead_to("/staff"));
    }
    let shell = visit.shell("front-title");
    let standing = standing(&web, &shell, visit.now).await;
    visit.page(&Front { mood: standing.mood, headline: shell.say(standing.headline), shell })
}

#[derive(Template)]
#[template(path = "status.html")]
struct Status {
    shell: Shell,
    mood: &'static str,
    headline: String,
    parts: Vec<Part>,
    since: Timestamp,
}

/// How it stands.
pub(super) async fn status(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let shell = visit.shell("status-title");
    let standing = standing(&web, &shell, visit.now).await;
    let headline = shell.say(standing.headline);
    visit.page(&Status { mood: standing.mood, headline, parts: standing.parts, since: web.started_at, shell })
}

async fn standing(web: &Web, shell: &Shell, now: Timestamp) -> Standing {
    let taking = match web.store.next_due().await {
        Ok(due) => Ok(due.map_or(SignedDuration::ZERO, |due| now.duration_since(due))),
        Err(error) => Err(error),
    };
    let parts = vec![
        taking_in(shell, taking.as_ref()),
        sending(web, shell, taking.as_ref()).await,
        receivers(web, shell, now).await,
        shared(web, shell, now),
    ];
    let worst = |mood| parts.iter().any(|part| part.mood == mood);
    let (mood, headline) = match (worst("bad"), worst("wait")) {
        (true, _) => ("bad", "status-bad"),
        (false, true) => ("warn", "status-slow"),
        (false, false) => ("good", "status-good"),
    };
    Standing { mood, headline, parts }
}

fn part(shell: &Shell, name: &str, mood: &'static str, about: String) -> Part {
    let words = match mood {
        "good" => "status-works",
        "wait" => "status-waits",
        "bad" => "status-broken",
        _ => "status-unknown",
    };
    Part { name: shell.say(name), mood, words: shell.say(words), about }
}

fn taking_in(shell: &Shell, oldest: Result<&SignedDuration, &StoreError>) -> Part {
    match oldest {
        Ok(_) => part(shell, "status-in", "good", shell.say("status-in-good")),
        Err(error) => {
            tracing::error!(%error, "the status page finds the store broken");
            part(shell, "status-in", "bad", shell.say("status-in-bad"))
        }
    }
}

async fn sending(web: &Web, shell: &Shell, oldest: Result<&SignedDuration, &StoreError>) -> Part {
    const NAME: &str = "status-out";
    let everybody = web.store.pauses().await.unwrap_or_default().into_iter().find(|pause| pause.library.is_none());
    if let Some(pause) = everybody {
        return part(shell, NAME, "wait", shell.with("status-out-paused", "when", shell.moment(&pause.since)));
    }
    match oldest {
        Ok(oldest) if *oldest < OVERDUE => part(shell, NAME, "good", shell.say("status-out-good")),
        Ok(oldest) => part(shell, NAME, "wait", shell.with("status-out-late", "count", oldest.as_mins())),
        Err(_) => part(shell, NAME, "quiet", shell.say("status-out-unknown")),
    }
}

async fn receivers(web: &Web, shell: &Shell, now: Timestamp) -> Part {
    const NAME: &str = "status-receivers";
    let holds = web.store.receiver_holds(now).await.unwrap_or_default();
    // Of receivers that nobody knows by name the domain may tell whose mailbox it is.
    let known = holds.iter().filter(|hold| !hold.provider.contains('.'));
    let names: BTreeSet<&str> = known.map(|hold| hold.provider.as_str()).collect();
    if names.is_empty() {
        return part(shell, NAME, "good", shell.say("status-receivers-good"));
    }
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    part(shell, NAME, "wait", shell.with("status-receivers-wait", "names", names))
}

fn shared(web: &Web, shell: &Shell, now: Timestamp) -> Part {
    const NAME: &str = "status-shared";
    let regions = crate::published::regions(&web.config);
    let proofs: Vec<_> = regions.iter().map(|region| web.senders.proof(&web.config.shared.domain, region)).collect();
    if proofs.iter().flatten().any(|proof| !proof.is_proven(now) && proof.is_fresh(now)) {
        return part(shell, NAME, "bad", shell.say("status-shared-bad"));
    }
    if proofs.iter().all(|proof| proof.as_ref().is_some_and(|proof| proof.is_proven(now))) {
        return part(shell, NAME, "good", shell.say("status-shared-good"));
    }
    part(shell, NAME, "quiet", shell.say("status-shared-unknown"))
}
