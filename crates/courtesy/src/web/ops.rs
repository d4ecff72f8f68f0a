//! Operating: whether the queue moves, what is paused, who asked us to stay away, what is wrong, through which relays we send.
//!
//! In: nothing. Out: one page for whoever runs the installation. The queue is paused, let go and hurried from here. Every
//! figure is bounded or kept as a count, so the page costs the same with any number of messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;

use super::arrival::Ends;
use super::messages::label;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::config::Role;
use crate::delivery::relay_health::Finding;
use crate::library::LibraryCode;
use crate::notice::dates;
use crate::outcome::{Cause, Facts};
use crate::queue::State as Standing;
use crate::store::{COUNTED_MAX, Deed, RelayDrain, week};

/// How long a due message may wait before that is trouble.
const OVERDUE_S: i64 = 300;

/// Incidents and providers shown.
const INCIDENTS: u32 = 50;
const PROVIDERS: usize = 12;

/// Messages in one state.
struct Count {
    words: String,
    count: String,
}

/// A queue that is paused.
struct Paused {
    library: String,
    words: String,
}

/// A receiver that asked us to stay away.
struct Hold {
    who: String,
    words: String,
    reply: String,
    until: Timestamp,
}

/// One thing gone wrong.
struct Wrong {
    library: String,
    words: String,
    detail: String,
    since: Timestamp,
    times: i64,
}

/// One relay.
struct Relay {
    host: String,
    region: String,
    sources: String,
    planned: Option<String>,
    /// Since when it is out of use, and who took it out.
    drained: Option<String>,
    /// The day from which it sends no more.
    ending: Option<String>,
    /// No process that lives has it.
    is_nowhere: bool,
    /// Somebody has to look at it: it is meant to send now, and cannot, or not well.
    needs_attention: bool,
    /// What is not well with it: in words, and what exactly was found.
    findings: Vec<(String, String)>,
}

/// Notices that wait for a person's word because so many came at once.
struct Many {
    library: String,
    code: String,
    notice: String,
    held: String,
    since: Timestamp,
}

/// What a provider took.
struct Provider {
    name: String,
    words: String,
    mood: &'static str,
    failed: i64,
}

#[derive(Template)]
#[template(path = "ops.html")]
struct Ops {
    shell: Shell,
    mood: &'static str,
    verdict: String,
    version: String,
    started_at: Timestamp,
    counts: Vec<Count>,
    paused: Vec<Paused>,
    is_paused: bool,
    holds: Vec<Hold>,
    wrongs: Vec<Wrong>,
    /// How many relays need attention, where any does.
    relays_wrong: Option<String>,
    relays: Vec<Relay>,
    many: Vec<Many>,
    providers: Vec<Provider>,
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let shell = visit.shell("ops-title").at(Place::Ops);
    let (store, now) = (&web.store, visit.now);
    let waited = store.next_due().await?.map_or(0, |due| now.duration_since(due).as_secs().max(0));
    let mut counts = Vec::new();
    for (state, count) in store.unfinished().await? {
        let words = shell.say(&format!("filter-{}", state.code()));
        let is_cut = count >= COUNTED_MAX;
        counts
            .push(Count { words, count: shell.with(if is_cut { "home-more-than" } else { "number" }, "count", count) });
    }
    let pauses = store.pauses().await?;
    let is_paused = pauses.iter().any(|pause| pause.library.is_none());
    let paused = pauses.into_iter().map(|pause| Paused {
        words: shell.with2("home-paused", ("by", shell.who_did(&pause.by)), ("when", shell.moment(&pause.since))),
        library: pause.library.map(String::from).unwrap_or_default(),
    });
    let holds = store.receiver_holds(now).await?.into_iter().map(|hold| Hold {
        words: Cause::of(&hold.cause)
            .headline(visit.language, &Facts { provider: Some(&hold.provider), ..Facts::default() }),
        who: format!("{} – {}", hold.provider, hold.relay),
        reply: hold.reply,
        until: hold.until,
    });
    let relays = relays(&web, &visit, &shell).await?;
    let ailing = relays.iter().filter(|relay| relay.needs_attention).count();
    let relays_wrong =
        (ailing > 0).then(|| shell.with("ops-verdict-relays", "count", i64::try_from(ailing).unwrap_or(i64::MAX)));
    let (mood, verdict) = match (is_paused, waited > OVERDUE_S, &relays_wrong) {
        (true, ..) => ("warn", shell.say("ops-verdict-paused")),
        (false, true, _) => ("bad", shell.with("ops-verdict-stuck", "count", waited / 60)),
        (false, false, Some(words)) => ("warn", words.clone()),
        (false, false, None) => ("good", shell.say("ops-verdict-good")),
    };
    visit.page(&Ops {
        mood,
        verdict,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: web.started_at,
        counts,
        paused: paused.collect(),
        is_paused,
        holds: holds.collect(),
        wrongs: wrongs(&web, &visit).await?,
        relays_wrong,
        relays,
        many: many(&web, &shell).await?,
        providers: providers(&web, &visit, &shell).await?,
        shell,
    })
}

async fn wrongs(web: &Web, visit: &Visit) -> Result<Vec<Wrong>, Oops> {
    let open = web.store.incidents(None, INCIDENTS).await?;
    let open = open.into_iter().filter(|incident| incident.closed_at.is_none()).map(|incident| Wrong {
        words: Cause::of(&incident.cause).headline(visit.language, &Facts::default()),
        library: incident.library,
        detail: incident.detail,
        since: incident.opened_at,
        times: incident.times,
    });
    Ok(open.collect())
}

async fn relays(web: &Web, visit: &Visit, shell: &Shell) -> Result<Vec<Relay>, Oops> {
    let (drains, looks) = (web.store.relay_drains().await?, web.store.relay_looks().await?);
    let sends_here = |relay: &crate::config::Relay| web.config.plays(Role::Deliver) && web.config.is_here(relay);
    let relay = |relay: &crate::config::Relay| {
        let host = relay.host.to_string();
        let drained = drains.iter().find(|drain| drain.host == host);
        let look = looks.iter().find(|look| look.host == host);
        let found: Option<Vec<Finding>> = look.and_then(|look| serde_json::from_str(&look.findings).ok());
        let drained = drained.map(|drain| {
            shell.with2("ops-drained", ("by", shell.who_did(&drain.by)), ("when", shell.moment(&drain.since)))
        });
        let planned = relay.is_still_planned(visit.now);
        let is_nowhere = !sends_here(relay) && web.relays.machines(&relay.host).is_empty();
        // What is well needs nobody.
        let findings: Vec<_> = found
            .unwrap_or_default()
            .into_iter()
            .filter(|one| one.is_well == Some(false))
            .map(|one| (shell.say(&format!("ops-relay-{}", one.check.replace('_', "-"))), one.detail))
            .collect();
        Relay {
            needs_attention: needs_attention(is_nowhere, findings.len(), planned.is_some(), drained.is_some()),
            region: relay.region.clone(),
            sources: relay.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            planned: planned.map(|day| dates::day(day, visit.language)),
            ending: relay.is_still_ending(visit.now).map(|day| dates::day(day, visit.language)),
            is_nowhere,
            drained,
            findings,
            host,
        }
    };
    Ok(web.config.relay.now().iter().map(relay).collect())
}

/// Whether somebody has to look at a relay. One that was taken out of use waits for nobody, and one that is only planned
/// need not be anywhere yet.
fn needs_attention(is_nowhere: bool, findings: usize, is_planned: bool, is_drained: bool) -> bool {
    !is_drained && (findings > 0 || (is_nowhere && !is_planned))
}

async fn many(web: &Web, shell: &Shell) -> Result<Vec<Many>, Oops> {
    let many = web.store.brakes(None).await?.into_iter().map(|brake| Many {
        library: brake.library.to_string(),
        notice: label(shell, &brake.notice),
        code: brake.notice,
        held: shell.with("ops-held", "count", brake.held),
        since: brake.since,
    });
    Ok(many.collect())
}

/// What the largest providers took since the Monday of last week.
async fn providers(web: &Web, visit: &Visit, shell: &Shell) -> Result<Vec<Provider>, Oops> {
    let this = week(visit.now);
    let mut sums: BTreeMap<String, Ends> = BTreeMap::new();
    for one in web.store.arrived(None, this - 1, this).await? {
        if !one.provider.is_empty() && one.outcome != Standing::Suppressed {
            let ends = sums.entry(one.provider).or_default();
            if one.outcome == Standing::Accepted { ends.accepted += one.messages } else { ends.failed += one.messages }
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, ends)| -ends.all());
    let provider = |(name, ends): (String, Ends)| Provider {
        name,
        words: ends.words(shell),
        mood: ends.mood(),
        failed: ends.failed,
    };
    Ok(sums.into_iter().take(PROVIDERS).map(provider).collect())
}

/// What is to be done with the queue: of one library, or of all.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    #[serde(rename = "do")]
    what: String,
    library: String,
    notice: String,
    relay: String,
}

/// Takes a relay out of use, or puts it back.
pub(super) async fn relay(State(web): State<Arc<Web>>, visit: Visit, Form(wanted): Form<Wanted>) -> Answer {
    let relays = web.config.relay.now();
    let known = relays.iter().find(|relay| relay.host.as_str() == wanted.relay);
    let host = known.ok_or(Oops::NotFound)?.host.to_string();
    if wanted.what == "drain" {
        let drain = RelayDrain { host: host.clone(), since: visit.now, by: visit.by() };
        web.store.noting(visit.deed("relay.drained", host)).drain_relay(drain).await?;
    } else {
        web.store.noting(visit.deed("relay.resumed", host.as_str())).resume_relay(host).await?;
        web.wake.notify_one();
    }
    web.relays.refresh().await?;
    visit.done("/ops", "saved")
}

/// Lets go, or takes back, notices of which so many came at once that a person is asked.
pub(super) async fn brake(State(web): State<Arc<Web>>, visit: Visit, Form(wanted): Form<Wanted>) -> Answer {
    let library = LibraryCode::parse(&wanted.library).map_err(|_| Oops::NotFound)?;
    let (store, by, notice) = (&web.store, visit.by(), wanted.notice.as_str());
    let lets_go = wanted.what == "let-go";
    let messages = if lets_go {
        store.let_go(&library, notice, &by, visit.now).await?
    } else {
        store.drop_held(&library, notice, &by, visit.now).await?
    };
    if messages.is_none() {
        return Err(Oops::NotFound);
    }
    let what = if lets_go { "queue.let_go" } else { "queue.dropped" };
    store.note(Deed::new(Some(&library), by, what, notice, visit.now)).await?;
    web.wake.notify_one();
    if lets_go { visit.done("/ops", "let-go") } else { visit.done("/ops", "dropped") }
}

/// Pauses the queue, lets it go on, or tries everything now.
pub(super) async fn queue(State(web): State<Arc<Web>>, visit: Visit, Form(wanted): Form<Wanted>) -> Answer {
    let library = LibraryCode::parse(&wanted.library).ok();
    if library.as_ref().is_some_and(|code| web.book.library(code).is_none()) {
        return Err(Oops::NotFound);
    }
    let deed = |what| Deed::new(library.as_ref(), visit.by(), what, "", visit.now);
    match wanted.what.as_str() {
        "pause" => {
            web.store.pause(library, visit.by(), visit.now).await?;
            visit.done("/ops", "paused")
        }
        "resume" => {
            web.store.noting(deed("queue.resumed")).resume(library).await?;
            web.wake.notify_one();
            visit.done("/ops", "resumed")
        }
        "flush" => {
            let deed = deed("queue.flushed");
            web.store.flush(library, visit.now).await?;
            web.store.note(deed).await?;
            web.wake.notify_one();
            visit.done("/ops", "flushed")
        }
        _ => Err(Oops::NotFound),
    }
}
