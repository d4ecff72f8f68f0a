//! The IT kit: for a person without an account, by a link that we signed; live while it is open.
//!
//! In: a link's token, perhaps with the ending of a file. Out: the records to publish, each compared with the DNS now;
//! what the department's own mail system is told; the same as files. Not here: what a kit says (`sender::Kit`), making
//! links (`kit_link`).

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use standards::domain::Domain;
use tokio::time::Instant;

use super::guides::{self, Guide};
use super::looks::Seen;
use super::oops::Oops;
use super::shell::Shell;
use super::visit::Visit;
use super::{Answer, Web};
use crate::clock;
use crate::library::Library;
use crate::notice::Language;
use crate::outcome::Provider;
use crate::sender::{DnsHost, Format, Kit, KitLink, SpfAdvice, State as Stands, is_public_mailbox};

/// A kit as it was seen.
pub(super) struct KitSeen {
    kit: Kit,
    host: Option<&'static DnsHost>,
    mail: Provider,
    at: Timestamp,
}

/// How names are shown: as the panel wants them, or whole.
#[derive(Default, Deserialize)]
pub(super) struct Names {
    #[serde(default)]
    names: String,
}

/// The page, a part of it for its own polling, or a file.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(path): Path<String>,
    Query(names): Query<Names>,
    headers: HeaderMap,
) -> Answer {
    let (token, ending) = path.split_once('.').map_or((path.as_str(), None), |(token, ending)| (token, Some(ending)));
    let (library, until) = match KitLink::read(&web.secret, token, visit.now) {
        KitLink::Opens(code, until) => (web.book.library(&code), until),
        KitLink::Over(_) => return Ok(quiet(over(&visit, StatusCode::GONE)?)),
        KitLink::NotOurs => (None, visit.now),
    };
    let Some(library) = library else { return Ok(quiet(over(&visit, StatusCode::NOT_FOUND)?)) };
    let domain = library.from.as_ref().map(|from| from.domain().clone()).filter(|domain| !is_public_mailbox(domain));
    let seen = match &domain {
        Some(domain) => look(&web, &library, domain).await,
        None => Seen::UnderWay,
    };
    let opened = Opened { token, until, library, domain };
    let answer = match ending {
        Some(ending) => file(&seen, ending, visit.language),
        None if headers.contains_key("hx-request") => part(&visit, &opened, &names, &seen),
        None => whole(&web, &visit, &opened, &names, &seen),
    };
    Ok(quiet(answer?))
}

async fn look(web: &Arc<Web>, library: &Arc<Library>, domain: &Domain) -> Seen<Option<KitSeen>> {
    let name = format!("{} {domain}", library.code);
    let (web, library, domain) = (Arc::clone(web), Arc::clone(library), domain.clone());
    let senders = Arc::clone(&web.senders);
    let look = move || async move {
        let kit = senders.kit(&library, &domain).await?;
        let around = senders.surroundings(&kit).await;
        Some(KitSeen {
            host: DnsHost::of(&around.name_servers),
            mail: Provider::from_mx(around.mail_hosts.iter().map(Domain::as_str)),
            at: clock::now(),
            kit,
        })
    };
    web.kits.at(&name, Instant::now(), look).await
}

/// What somebody has opened by a link.
struct Opened<'a> {
    token: &'a str,
    until: Timestamp,
    library: Arc<Library>,
    domain: Option<Domain>,
}

/// The link is in the address: it goes to no other host and into no search engine.
fn quiet(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(Template)]
#[template(path = "it_over.html")]
struct Over {
    shell: Shell,
}

fn over(visit: &Visit, status: StatusCode) -> Answer {
    Ok((status, Html(Over { shell: visit.shell("it-over-title") }.render()?)).into_response())
}

/// The kit as a file of this ending.
fn file(seen: &Seen<Option<KitSeen>>, ending: &str, language: Language) -> Answer {
    let format = Format::from_extension(ending);
    if format.is_none() && ending != "json" {
        return Err(Oops::NotFound);
    }
    let Seen::Now(seen) = seen else { return Ok(not_yet()) };
    let Some(seen) = &**seen else { return Ok(not_yet()) };
    let Some(format) = format else { return Ok(Json(&seen.kit).into_response()) };
    let name = format!("attachment; filename=\"courtesy-{}.{ending}\"", seen.kit.domain);
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned())];
    let text = seen.kit.render(format, language);
    Ok(match format {
        Format::Letter | Format::Table => (kind, text).into_response(),
        _ => (kind, [(header::CONTENT_DISPOSITION, name)], text).into_response(),
    })
}

/// The DNS has not answered yet; programs ask again.
fn not_yet() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "3")], "The DNS has not answered yet. Ask again.\n")
        .into_response()
}

/// A record, as the page shows it.
struct Row {
    number: usize,
    name: String,
    target: String,
    purpose: String,
    mood: &'static str,
    words: String,
    why: Option<String>,
    detail: Option<String>,
}

/// The SPF record, as the page shows it.
struct Spf {
    mood: &'static str,
    words: String,
    why: Option<String>,
    now: Vec<String>,
    /// Its terms, and whether each is new; none where there is nothing to publish.
    new: Option<Vec<(String, bool)>>,
    before: u32,
    after: u32,
    ways: Vec<(String, Option<String>)>,
}

/// What was seen, as the page shows it.
struct Records {
    is_done: bool,
    headline: String,
    rows: Vec<Row>,
    spf: Option<Spf>,
    host: Option<&'static DnsHost>,
    /// What to do about its proxy switch, where it has one.
    proxy: Option<String>,
    zone: String,
    whole_names: bool,
    at: Timestamp,
}

#[derive(Template)]
#[template(path = "it_records.html")]
struct Part {
    shell: Shell,
    token: String,
    records: Records,
}

#[derive(Template)]
#[template(path = "it.html")]
struct Page {
    shell: Shell,
    token: String,
    library: String,
    domain: Option<String>,
    /// Where to ask back: a telephone number, an address, where there are any.
    phone: Option<String>,
    address: Option<String>,
    until: Timestamp,
    part: Option<String>,
    is_busy: bool,
    relays: Vec<String>,
    mail: Option<String>,
    guides: Vec<Guide>,
}

/// The records alone. 204 where there is nothing newer: what is shown stays.
fn part(visit: &Visit, opened: &Opened<'_>, names: &Names, seen: &Seen<Option<KitSeen>>) -> Answer {
    let Seen::Now(seen) = seen else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let Some(seen) = &**seen else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    visit.page(&records_part(visit, opened.token, names, seen))
}

fn records_part(visit: &Visit, token: &str, names: &Names, seen: &KitSeen) -> Part {
    // The time is UTC, as the page says: whoever looks after DNS need not be where the library is.
    let shell = visit.shell("it-title");
    Part { records: records(&shell, seen, names.names == "whole"), shell, token: token.to_owned() }
}

fn whole(web: &Web, visit: &Visit, opened: &Opened<'_>, names: &Names, seen: &Seen<Option<KitSeen>>) -> Answer {
    let library = &opened.library;
    let shell = visit.shell("it-title").in_zone_of(library);
    let seen_now = match seen {
        Seen::Now(seen) => seen.as_ref().as_ref(),
        _ => None,
    };
    let part = seen_now.map(|seen| records_part(visit, opened.token, names, seen).render()).transpose()?;
    let relays = web.config.relays_of(&library.region, visit.now);
    let sources: Vec<_> = relays.iter().flat_map(|relay| relay.sources.clone()).collect();
    let mail = seen_now.map_or(Provider::Other, |seen| seen.mail);
    let hosts: Vec<Domain> = relays.iter().map(|relay| relay.host.clone()).collect();
    let guides = match &opened.domain {
        Some(domain) => guides::all(&shell, domain, &hosts, &sources, mail),
        None => Vec::new(),
    };
    visit.page(&Page {
        token: opened.token.to_owned(),
        library: library.name.get(visit.language).to_owned(),
        domain: opened.domain.as_ref().map(ToString::to_string),
        phone: library.phone.clone(),
        address: library.reply_to.as_ref().or(library.from.as_ref()).map(ToString::to_string),
        until: opened.until,
        part,
        is_busy: matches!(seen, Seen::Busy),
        relays: sources.iter().map(ToString::to_string).collect(),
        mail: mail.name().map(str::to_owned),
        guides,
        shell,
    })
}

fn records(shell: &Shell, seen: &KitSeen, whole_names: bool) -> Records {
    let (kit, language) = (&seen.kit, shell.language());
    let dot = if seen.host.is_some_and(|host| host.dot) && !whole_names { "." } else { "" };
    let row = |(index, wanted): (usize, &crate::sender::Wanted)| {
        let (mood, words) = stands(shell, &wanted.state);
        let (why, detail) = why(&wanted.state, language);
        let name = if whole_names { wanted.name.as_str() } else { kit.short(&wanted.name) };
        Row {
            number: index + 1,
            name: name.to_owned(),
            target: format!("{}{dot}", wanted.target),
            purpose: wanted.purpose.get(language).to_owned(),
            mood,
            words,
            why,
            detail,
        }
    };
    let headline = match kit.is_done() {
        true => shell.say("it-done"),
        false => shell.with2("it-progress", ("count", kit.found()), ("all", kit.records.len())),
    };
    let proxy = seen
        .host
        .and_then(|host| host.proxy.as_ref())
        .map(|proxy| shell.with2("it-host-proxy", ("right", proxy.right.as_str()), ("wrong", proxy.wrong.as_str())));
    Records {
        is_done: kit.is_done(),
        headline,
        proxy,
        rows: kit.records.iter().enumerate().map(row).collect(),
        spf: kit.spf.as_ref().map(|advice| spf(shell, advice)),
        host: seen.host,
        zone: kit.zone.to_string(),
        whole_names,
        at: seen.at,
    }
}

fn stands(shell: &Shell, state: &Stands) -> (&'static str, String) {
    let (mood, words) = match state {
        Stands::Found => ("good", "it-found"),
        Stands::Absent => ("wait", "it-absent"),
        Stands::Wrong(_) => ("bad", "it-wrong"),
        Stands::Unknown => ("quiet", "it-unknown"),
    };
    (mood, shell.say(words))
}

fn why(state: &Stands, language: Language) -> (Option<String>, Option<String>) {
    match state {
        Stands::Wrong(reason) => (Some(reason.get(language).to_owned()), reason.detail.clone()),
        _ => (None, None),
    }
}

fn spf(shell: &Shell, advice: &SpfAdvice) -> Spf {
    let language = shell.language();
    let merge = &advice.proposal.merge;
    let known: Vec<&str> = merge.replaces.iter().flat_map(|record| record.split(' ')).collect();
    let is_new = |term: &str| !known.contains(&term) && term != "v=spf1";
    let (mood, words) = match &advice.state {
        // It is not needed, so nothing is missing.
        Stands::Absent | Stands::Wrong(_) => ("quiet", shell.say("it-spf-optional")),
        other => stands(shell, other),
    };
    Spf {
        mood,
        words,
        why: why(&advice.state, language).0,
        now: if merge.unchanged { vec![merge.record.clone()] } else { merge.replaces.clone() },
        new: advice.record().map(|record| record.split(' ').map(|term| (term.to_owned(), is_new(term))).collect()),
        before: advice.proposal.before.lookups,
        after: advice.proposal.after.lookups,
        ways: advice.ways_out.iter().map(|way| (way.get(language).to_owned(), way.detail.clone())).collect(),
    }
}
