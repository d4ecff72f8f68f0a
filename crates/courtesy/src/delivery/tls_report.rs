//! Tells receivers' domains how TLS went with their hosts, a day at a time (RFC 8460).
//!
//! In: each session of an attempt, with what its domain asked for. Out: numbers in the store; and once a day is over, for each domain
//! that wants it, a report by mail, signed, or by HTTPS. Not here: the report's text (`standards::tls_rpt`), and reports about our own domains
//! (`inbound::reports`).

mod letter;

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use standards::address::Address;
use standards::domain::Domain;
use standards::tls_rpt::{Failure, Found, Place, Policy, Written, wanted};

use super::Parts;
use super::conversation::Envelope;
use super::dial::RelayAddr;
use super::pool::Asker;
use super::transcript::Session;
use crate::clock;
use crate::config::Relay;
use crate::library::LibraryCode;
use crate::net::https::{HeaderMap, HeaderValue, Method, Request};
use crate::net::tls::Security;
use crate::notice::catalogue::Urgency;
use crate::outcome::{Outcome, Provider, judge};
use crate::store::{TlsSessions, TlsTelling};

/// How often what was counted is written down: a crash costs a minute of numbers.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// How often it is looked whom to tell.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Kinds of sessions counted in memory at one time; more in one minute are not counted.
const KINDS_MAX: usize = 50_000;

/// Domains told in one round.
const ROUND_MAX: u32 = 100;

/// How long after a failed try the next one comes.
const AGAIN: SignedDuration = SignedDuration::from_hours(4);

/// §5.5: reports may be retried for a day.
const TRIES_MAX: i64 = 6;

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// The local part that reports come from; what is said back is kept for the operator.
const MAILBOX: &str = "tls";

/// Whose turn a report takes in a line of libraries.
const NOBODY: &str = "_";

/// What is counted, by everything but the number.
type Counts = HashMap<TlsSessions, u64>;

/// Counts sessions.
#[derive(Debug, Default)]
pub struct TlsCounts(Mutex<Counts>);

impl TlsCounts {
    /// Counts the sessions of one attempt at `domain`, which asked for `found`.
    pub(super) fn add(&self, domain: &Domain, found: &Found, sessions: &[Session], now: Timestamp) {
        if sessions.is_empty() {
            return;
        }
        let policy = serde_json::json!([found.kind, found.strings, found.hosts]).to_string();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for session in sessions {
            let (result, host, source) = match session.failed {
                None => ("", String::new(), String::new()),
                Some(kind) => {
                    (kind, session.host.to_string(), session.source.map_or(String::new(), |ip| ip.to_string()))
                }
            };
            let (domain, policy, result) = (domain.to_string(), policy.clone(), result.to_owned());
            let kind = TlsSessions { domain, day: day_of(now), policy, result, host, source, sessions: 0 };
            if counts.len() < KINDS_MAX || counts.contains_key(&kind) {
                *counts.entry(kind).or_default() += 1;
            }
        }
    }

    fn take(&self) -> Vec<TlsSessions> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        counts.into_iter().map(|(kind, sessions)| TlsSessions { sessions, ..kind }).collect()
    }
}

fn day_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(DAY_S)
}

/// Writes down what was counted since the last time. What the store does not take is not counted.
pub(super) async fn keep(parts: &Parts) {
    let counted = parts.tls_counts.take();
    if counted.is_empty() || !parts.config.smtp.tls_reports {
        return;
    }
    if let Err(error) = parts.store.add_tls_sessions(counted).await {
        tracing::warn!(%error, "how TLS went could not be written down");
    }
}

/// Writes down and tells, until it is dropped.
pub(super) async fn run(parts: &Parts) {
    let mut since_look = LOOK_EVERY;
    loop {
        tokio::time::sleep(KEEP_EVERY).await;
        keep(parts).await;
        since_look += KEEP_EVERY;
        if since_look >= LOOK_EVERY && parts.config.smtp.tls_reports && parts.pool.may_send() {
            since_look = Duration::ZERO;
            tell(parts, clock::now()).await;
        }
    }
}

/// Tells every domain of the days before the one of `now` that it was not told of. Gives how many reports left.
pub(super) async fn tell(parts: &Parts, now: Timestamp) -> usize {
    let again_at = now.checked_add(AGAIN).unwrap_or(Timestamp::MAX);
    let due = match parts.store.claim_tls_tellings(day_of(now), now, again_at, ROUND_MAX).await {
        Ok(due) => due,
        Err(error) => {
            tracing::error!(%error, "whom to tell how TLS went could not be read");
            return 0;
        }
    };
    let mut told = 0;
    for telling in due {
        match one(parts, &telling, now).await {
            Ok(reports) => told += reports,
            Err(error) => tracing::error!(domain = telling.domain, %error, "a TLS report could not be made"),
        }
    }
    told
}

/// One domain and day: how many reports left.
async fn one(parts: &Parts, telling: &TlsTelling, now: Timestamp) -> anyhow::Result<usize> {
    let done = || parts.store.forget_tls_sessions(telling.domain.clone(), telling.day);
    let Ok(domain) = Domain::parse(&telling.domain) else {
        done().await?;
        return Ok(0);
    };
    let record = parts.policies.dns().txt(&domain.below("_smtp._tls")?).await;
    // An answer that did not come is asked for again; that nobody wants a report is an answer.
    let Ok(record) = record else { return Ok(0) };
    let places = wanted(record.records.iter().map(Vec::as_slice));
    if places.is_empty() {
        done().await?;
        return Ok(0);
    }
    let report = written(parts, &domain, telling).await?;
    let file = report.file_name(parts.config.shared.domain.as_str()) + ".gz";
    let octets = packed(&report.json())?;
    let mut left = 0;
    for place in &places {
        let went = match place {
            Place::Mail(to) => mailed(parts, to, &report, &file, &octets, now).await,
            Place::Https(url) => posted(parts, url, octets.clone()).await,
        };
        left += usize::from(went);
    }
    tracing::info!(%domain, left, "told how TLS went");
    // §5.5: one of the places is enough.
    if left > 0 || telling.attempt >= TRIES_MAX {
        done().await?;
    }
    Ok(left)
}

async fn written(parts: &Parts, domain: &Domain, telling: &TlsTelling) -> anyhow::Result<Written> {
    let host = &parts.config.shared.domain;
    let begin = Timestamp::from_second(telling.day * DAY_S)?;
    let mut policies: Vec<(String, Policy)> = Vec::new();
    for counted in parts.store.tls_sessions(domain.as_str(), telling.day).await? {
        if policies.last().is_none_or(|(known, _)| *known != counted.policy) {
            let (kind, strings, hosts) = serde_json::from_str(&counted.policy)?;
            let found = Found { kind, strings, hosts };
            policies.push((counted.policy.clone(), Policy { found, successes: 0, failures: Vec::new() }));
        }
        let Some((_, policy)) = policies.last_mut() else { continue };
        if counted.result.is_empty() {
            policy.successes += counted.sessions;
        } else {
            let TlsSessions { result: kind, host, source, sessions, .. } = counted;
            policy.failures.push(Failure { kind, host, source, sessions });
        }
    }
    Ok(Written {
        organization: host.to_string(),
        contact: format!("{MAILBOX}@{host}"),
        id: format!("{}.{domain}@{host}", begin.strftime("%F")),
        domain: domain.to_string(),
        begin,
        end: Timestamp::from_second(telling.day * DAY_S + DAY_S - 1)?,
        policies: policies.into_iter().map(|(_, policy)| policy).collect(),
    })
}

fn packed(json: &str) -> std::io::Result<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(json.as_bytes())?;
    packer.finish()
}

/// By mail from the shared domain, signed by it (§3). TLS that fails does not keep a report of that from arriving (§5.3).
async fn mailed(parts: &Parts, to: &Address, report: &Written, file: &str, octets: &[u8], now: Timestamp) -> bool {
    let shared = &parts.config.shared.domain;
    let Ok(from) = Address::parse(&format!("{MAILBOX}@{shared}")) else { return false };
    let keys = parts.keyring.all();
    let Some(key) = keys.iter().find(|key| key.active && key.domain == shared.as_str()) else { return false };
    let Some(mail) = key.sign(&letter::letter(&from, to, report, file, octets, now)) else { return false };
    let Ok(route) = parts.routes.to(to.domain(), now).await else { return false };
    let config = &parts.config;
    let here: Vec<Relay> = config.relays_at(now).into_iter().filter(|relay| config.is_here(relay)).collect();
    let mut here = parts.relays.in_use(here, tokio::time::Instant::now());
    if config.has_never_sent(now) {
        here = config.relays_of(&config.region, now);
    }
    let mut speakers = here.into_iter().map(|relay| RelayAddr { name: relay.host, sources: relay.sources });
    let Some(speaker) = speakers.find(|speaker| speaker.reaches(&route)) else { return false };
    let smtputf8 = to.needs_smtputf8();
    let Ok(nobody) = LibraryCode::parse(NOBODY) else { return false };
    let envelope = || Envelope { mail_from: Some(from.clone()), rcpt_to: to.clone(), smtputf8, data: mail.into() };
    let right = parts.pool.right(None);
    let asker = Asker { library: &nobody, urgency: Urgency::Routine, right: &right };
    match parts.pool.deliver(envelope, &route, &speaker, &Security::Opportunistic, asker).await {
        Ok(attempted) => matches!(judge(&attempted.said, Provider::Other), Outcome::Accepted { .. }),
        Err(_) => false,
    }
}

/// By HTTPS (§5.4): 2xx is taken.
async fn posted(parts: &Parts, url: &str, body: Vec<u8>) -> bool {
    let Some(https) = parts.policies.https() else { return false };
    let Ok(url) = https.url(url) else { return false };
    let kind = HeaderValue::from_static("application/tlsrpt+gzip");
    let headers = HeaderMap::from_iter([(reqwest::header::CONTENT_TYPE, kind)]);
    let answer = https.send(Request { method: Method::POST, url, headers, body }).await;
    answer.is_ok_and(|answer| (200..300).contains(&answer.status))
}
