//! `/v1/doctor`: whether everything is set up and working, a finding each, with what to do.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::problem::{Refusal, accepted_language};
use crate::clock;
use crate::config::{Database, Role};
use crate::delivery::relay_health;
use crate::delivery::seats::Whose;
use crate::delivery::standing::is_off;
use crate::library::Library;
use crate::net::source::addresses_not_here;
use crate::notice::Language;
use crate::published::{self, changes};
use crate::secret::SECRET_FILE;
use crate::sender::SenderKind;
use crate::store;

/// How long a due message may wait.
const OVERDUE_S: i64 = 300;

/// Erasures that cannot go on that are named: they have one cause as a rule.
const ERASURES_MAX: u32 = 5;

/// Libraries of a region that are named in one finding; the others are counted.
const LIBRARIES_NAMED: usize = 10;

/// Those who permit addresses need so long to permit a new one.
const ANNOUNCED_DAYS: i32 = 30;

/// One thing the doctor looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct Finding {
    /// `pass`, `warn` or `fail`.
    status: &'static str,
    /// What was looked at.
    check: String,
    /// What was found, and what to do.
    detail: String,
}

/// What the doctor found.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoctorAnswer {
    /// The worst of the findings.
    status: &'static str,
    findings: Vec<Finding>,
}

/// What has been found so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, status: &'static str, check: &str, detail: impl Into<String>) {
        self.0.push(Finding { status, check: check.to_owned(), detail: detail.into() });
    }
}

/// Whether everything is set up and working.
#[utoipa::path(get, path = "/v1/doctor", tag = "queue", responses((status = 200, body = DoctorAnswer)), security(("key" = [])))]
pub async fn doctor(State(app): State<Arc<App>>, caller: Caller, headers: HeaderMap) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let (mut findings, now) = (Findings::default(), clock::now());
    if let Err(error) = database(&app, &mut findings, now).await {
        findings.add("fail", "database", error.to_string());
    } else {
        queue(&app, &mut findings, now).await?;
        relays(&app, &mut findings, now).await?;
        erasures(&app, &mut findings).await?;
    }
    data_folder(&app, &mut findings);
    certificate(&app, &mut findings, now).await;
    shared_domain(&app, &mut findings, accepted_language(&headers)).await;
    libraries(&app, &mut findings, now);
    let Findings(findings) = findings;
    let worst = ["fail", "warn"].into_iter().find(|bad| findings.iter().any(|finding| finding.status == *bad));
    Ok(no_store(Json(DoctorAnswer { status: worst.unwrap_or("pass"), findings })))
}

/// What is to be erased and could not be: somebody has asked for it, or a time was promised.
async fn erasures(app: &App, findings: &mut Findings) -> store::Result<()> {
    for stuck in app.store.erasures_failing(ERASURES_MAX).await? {
        let (id, library, failed) = (stuck.id, &stuck.library, stuck.failed);
        let again = stuck.due_at.map(|at| format!(" at {at}")).unwrap_or_default();
        let detail = format!(
            "{id} of {library} could not go on {failed} times in a row, and is tried again{again}; the log says why"
        );
        findings.add("fail", "erasures", detail);
    }
    Ok(())
}

/// The database: what it is, how quickly it answers, who shares it.
async fn database(app: &App, findings: &mut Findings, now: Timestamp) -> store::Result<()> {
    let began = std::time::Instant::now();
    let product = app.store.product().await?;
    let took_ms = began.elapsed().as_millis();
    let connections = app.store.connections();
    findings.add(
        "pass",
        "database",
        format!(
            "{product} answers in {took_ms} ms, and its schema is up to date; {} connections open",
            connections.open
        ),
    );
    if !app.store.is_shared() {
        return Ok(());
    }
    let processes = app.store.processes().await?;
    let alive: Vec<&str> = processes.iter().filter(|(_, until)| *until >= now).map(|(name, _)| name.as_str()).collect();
    findings.add("pass", "processes", format!("{} live on this database: {}", alive.len(), alive.join(", ")));
    let ahead = app.store.clock_ahead();
    if is_off(ahead) {
        let (seconds, how) = (ahead.as_secs().unsigned_abs(), if ahead.is_negative() { "ahead of" } else { "behind" });
        let detail = format!("this machine's clock is {seconds} s {how} the database's: set both by NTP");
        findings.add("warn", "clock", detail);
    }
    if app.config.plays(Role::Deliver) && !app.readiness.standing.holds() {
        let detail = "this process may not send: the database has not heard it for too long (compare the clocks)";
        findings.add("fail", "processes", detail);
    }
    Ok(())
}

/// Whether what is kept on this machine is its owner's alone: the data folder, or else the files in it.
fn data_folder(app: &App, findings: &mut Findings) {
    let data = &app.config.data;
    let mut files = vec![data.join(SECRET_FILE)];
    if let Database::Sqlite(file) = app.config.database_at() {
        files.push(file);
    }
    for file in files.iter().filter(|file| is_open_to_all(file)) {
        let detail = format!(
            "everybody on this machine can read {}: chmod 700 {}; chmod 600 {0}",
            file.display(),
            file.parent().unwrap_or(data).display()
        );
        findings.add("warn", "data", detail);
    }
}

/// Whether any account of this machine can read `file`. An account of its own for the service may share it with a group.
#[cfg(unix)]
fn is_open_to_all(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.permissions().mode());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    mode(file) & 0o004 != 0 && mode(folder) & 0o001 != 0
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Path) -> bool {
    false
}

/// What waits, and what keeps it.
async fn queue(app: &App, findings: &mut Findings, now: Timestamp) -> store::Result<()> {
    let due = app.store.next_due().await?.filter(|due| *due <= now);
    let waited = due.map_or(0, |due| now.duration_since(due).as_secs());
    let status = if waited > OVERDUE_S { "fail" } else { "pass" };
    findings.add(status, "queue", format!("the oldest due message has waited {waited} s"));
    for hold in app.store.receiver_holds(now).await? {
        let (who, relay) = (&hold.provider, &hold.relay);
        let detail = format!("{who} asked {relay} to stay away until {}: {}", hold.until, hold.reply);
        findings.add("warn", "receivers", detail);
    }
    for pause in app.store.pauses().await? {
        let (whose, how) = match &pause.library {
            Some(code) => (format!("the queue of {code}"), format!(" --library {code}")),
            None => ("every queue".to_owned(), String::new()),
        };
        let (since, by) = (pause.since, pause.by);
        let detail = format!("{whose} is paused since {since} by {by} (courtesy queue resume{how})");
        findings.add("warn", "queue", detail);
    }
    for brake in app.store.brakes(None).await? {
        let (library, notice, held) = (&brake.library, &brake.notice, brake.held);
        let how = format!("courtesy queue let-go --library {library} --notice {notice}, or courtesy queue drop");
        let detail = format!("{held} messages {notice} of {library} are held: so many came at once ({how})");
        findings.add("warn", "queue", detail);
    }
    Ok(())
}

/// The relays: what was found when they were looked at, and whether every library has one.
async fn relays(app: &App, findings: &mut Findings, now: Timestamp) -> store::Result<()> {
    let config = &app.config;
    if config.relay.now().iter().all(|relay| relay.sources.is_empty()) {
        let fix = "no relay has source addresses: no library's own name can be proven; add [[relay]] to the settings";
        findings.add("warn", "relays", fix);
    }
    relays_looked_at(app, findings, now).await?;
    for drain in app.store.relay_drains().await? {
        let (host, since, by) = (drain.host, drain.since, drain.by);
        findings.add(
            "warn",
            "relays",
            format!("{host} is drained since {since} by {by} (courtesy relays resume {host})"),
        );
    }
    announcements(app, findings, now).await?;
    let libraries = app.book.libraries();
    let nobodys = |library: &&Arc<Library>| app.relays.whose(library, now) == Whose::Nobodys;
    let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for library in libraries.iter().filter(nobodys) {
        waiting.entry(library.region.as_str()).or_default().push(library.code.as_str());
    }
    for (region, codes) in waiting {
        let named = codes.iter().take(LIBRARIES_NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = match codes.len().saturating_sub(LIBRARIES_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let detail =
            format!("no machine can send for {named}{more} (region {region}): messages wait (courtesy relays list)");
        findings.add("fail", "relays", detail);
    }
    Ok(())
}

/// What was found when the relays were looked at; those that nobody has looked at yet; and addresses that this machine does not have.
async fn relays_looked_at(app: &App, findings: &mut Findings, now: Timestamp) -> store::Result<()> {
    let config = &app.config;
    if config.plays(Role::Deliver) {
        for (host, ip) in addresses_not_here(config, now) {
            let detail = format!(
                "this machine does not have {ip}, a source address of {host}: nothing can leave from it; give it to the machine, or \
                 correct `sources`, or name this machine's relays in relays.here"
            );
            findings.add("fail", "relays", detail);
        }
    }
    let looks = app.store.relay_looks().await?;
    let unseen = config.relays_at(now).into_iter().map(|relay| relay.host.to_string());
    let unseen: Vec<String> = unseen.filter(|host| looks.iter().all(|look| look.host != *host)).collect();
    if !unseen.is_empty() {
        let detail = format!("not looked at yet: {} (a minute after the start, then each hour)", unseen.join(", "));
        findings.add("warn", "relays", detail);
    }
    for look in looks {
        let known: Vec<relay_health::Finding> = serde_json::from_str(&look.findings).unwrap_or_default();
        let is_ours = config.relay.now().iter().any(|relay| relay.host.as_str() == look.host);
        for finding in known.into_iter().filter(|finding| is_ours && finding.is_well == Some(false)) {
            findings.add("warn", "relays", format!("{} ({}): {}", look.host, finding.check, finding.detail));
        }
    }
    Ok(())
}

/// Relays that come and go: whether those who permit addresses know in time.
async fn announcements(app: &App, findings: &mut Findings, now: Timestamp) -> store::Result<()> {
    let so_far = app.store.relay_changes().await?;
    for relay in app.config.relay.now().iter() {
        if relay.is_over(now) {
            let host = &relay.host;
            let detail = format!(
                "the last day of {host} is over: publish the zone again (courtesy dkim zone), then take it out of the settings"
            );
            findings.add("warn", "relays", detail);
        }
        let (day, what) = match (relay.is_still_planned(now), relay.is_still_ending(now)) {
            (Some(day), _) => (day, "sends from"),
            (None, Some(day)) => (day, "sends no more from"),
            (None, None) => continue,
        };
        let announced = changes::announced(&so_far, relay.host.as_str(), relay.sources.first().copied());
        let announced = announced.unwrap_or(now).to_zoned(jiff::tz::TimeZone::UTC).date();
        let days = (day - announced).get_days();
        if days < ANNOUNCED_DAYS {
            let detail = format!(
                "{} {what} {day} on, {days} days after it was announced: whoever permits addresses was promised {ANNOUNCED_DAYS}",
                relay.host
            );
            findings.add("warn", "relays", detail);
        }
    }
    Ok(())
}

/// The certificate of our doors, where it is ordered.
async fn certificate(app: &App, findings: &mut Findings, now: Timestamp) {
    let Some(acme) = &app.acme else { return };
    let Ok(standing) = acme.standing().await else { return };
    let names = &standing.names;
    match standing.ends_at {
        None => findings.add(
            "warn",
            "certificate",
            format!("there is none for {names} yet: the doors have one of our own making"),
        ),
        Some(end) if end <= now => {
            findings.add("fail", "certificate", format!("that of {names} ended on {}", end.strftime("%F")))
        }
        Some(end) => {
            findings.add("pass", "certificate", format!("that of {names} is good until {}", end.strftime("%F")))
        }
    }
    if let Some(trouble) = &standing.trouble {
        let detail = format!(
            "the last order was in vain, and is tried again by itself: {trouble} (the authority asks at port 80 of {names})"
        );
        findings.add("warn", "certificate", detail);
    }
}

async fn shared_domain(app: &App, findings: &mut Findings, language: Language) {
    let shared = &app.config.shared.domain;
    // Regions for which the same is to be said stand in one finding.
    let mut told: Vec<(&str, String, Vec<String>)> = Vec::new();
    for region in published::regions(&app.config) {
        let (status, why) = match app.senders.look_at_shared(&region).await {
            Some(proof) if proof.is_proven(clock::now()) => ("pass", String::new()),
            Some(proof) => {
                let because = proof.because();
                ("fail", because.iter().map(|reason| reason.get(language)).collect::<Vec<_>>().join(" "))
            }
            None => ("fail", format!("DNS did not answer about {shared}")),
        };
        match told.iter_mut().find(|one| (one.0, &one.1) == (status, &why)) {
            Some((_, _, regions)) => regions.push(region),
            None => told.push((status, why, vec![region])),
        }
    }
    for (status, why, regions) in told {
        let regions = regions.join(", ");
        let detail = match status {
            "pass" => format!("{shared} is proven for {regions}"),
            _ => format!("{shared} is not proven for {regions}: {why} (courtesy dkim zone)"),
        };
        findings.add(status, "shared domain", detail);
    }
}

fn libraries(app: &App, findings: &mut Findings, now: Timestamp) {
    let libraries = app.book.libraries();
    let on_own: Vec<&Arc<Library>> = libraries.iter().filter(|library| library.from.is_some()).collect();
    let is_own = |library: &&&Arc<Library>| app.senders.plan(library, &[], now).sender != SenderKind::Shared;
    let own = on_own.iter().filter(is_own).count();
    let detail = format!("{} libraries; {own} of {} own addresses are proven", libraries.len(), on_own.len());
    findings.add("pass", "libraries", detail);
}
