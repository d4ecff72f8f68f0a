//! `/relays`: from where mail leaves, for whoever permits it. The same for programs is in `http`.
//!
//! In: the settings and changes so far; perhaps a domain or a library's code. Out: the regions with their relays, what is
//! to come, and how one's own mail system is told.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;
use standards::domain::Domain;

use super::guides::{self, Guide};
use super::shell::Shell;
use super::visit::Visit;
use super::{Answer, Web};
use crate::library::{Library, LibraryCode};
use crate::notice::dates;
use crate::outcome::Provider;
use crate::published::{self, Region};

/// Letters of what is looked for: a domain's most (RFC 1035 §2.3.4).
const FIND_LETTERS_MAX: usize = 255;

/// Whose region is asked for.
#[derive(Default, Deserialize)]
pub(super) struct Find {
    #[serde(default)]
    find: String,
}

#[derive(Template)]
#[template(path = "relays.html")]
struct Page {
    shell: Shell,
    regions: Vec<Region>,
    /// Lines on what is to come.
    planned: Vec<String>,
    updated: Option<jiff::Timestamp>,
    find: String,
    /// The region that was asked for.
    found: Option<String>,
    not_found: bool,
    guides: Vec<Guide>,
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(Find { find }): Query<Find>) -> Answer {
    let shell = visit.shell("relays-title");
    let changes = web.store.relay_changes().await?;
    let regions = published::relays(&web.config, &changes, visit.now);
    let find: String = find.trim().chars().take(FIND_LETTERS_MAX).collect();
    let library = find_library(&web, &find);
    let region = library.as_ref().map(|library| library.region.clone());
    let found = region.filter(|region| regions.iter().any(|one| one.id == *region)).or_else(|| only(&regions));
    let domain = library
        .as_ref()
        .and_then(|library| library.from.as_ref().map(|from| from.domain().clone()))
        .or_else(|| Domain::parse(&find).ok().filter(|domain| domain.parent().is_some()));
    let guides = match &domain {
        Some(domain) => guides_for(&shell, domain, &regions, found.as_deref()),
        None => Vec::new(),
    };
    let planned = regions.iter().flat_map(|region| {
        let line = |one: &published::Planned| {
            let addresses: Vec<String> = one.add.iter().chain(&one.remove).map(IpAddr::to_string).collect();
            let day = dates::day(one.on, visit.language);
            let words = if one.remove.is_empty() { "relays-planned" } else { "relays-ending" };
            shell.with2(words, ("what", format!("{} ({})", addresses.join(", "), one.host)), ("day", day))
        };
        region.planned.iter().map(line).collect::<Vec<_>>()
    });
    visit.page(&Page {
        planned: planned.collect(),
        updated: changes.last().map(|change| change.at),
        not_found: !find.is_empty() && library.is_none() && domain.is_none(),
        found: found.filter(|_| !find.is_empty()),
        find,
        guides,
        regions,
        shell,
    })
}

/// By its code, or by the domain it writes from.
fn find_library(web: &Web, find: &str) -> Option<Arc<Library>> {
    if find.is_empty() {
        return None;
    }
    let by_code = LibraryCode::parse(find).ok().and_then(|code| web.book.library(&code));
    by_code.or_else(|| {
        let domain = Domain::parse(find).ok()?;
        let writes_from = |library: &Arc<Library>| library.from.as_ref().is_some_and(|from| *from.domain() == domain);
        web.book.libraries().into_iter().find(writes_from)
    })
}

/// Where there is one region, it is everybody's.
fn only(regions: &[Region]) -> Option<String> {
    match regions {
        [one] => Some(one.id.clone()),
        _ => None,
    }
}

fn guides_for(shell: &Shell, domain: &Domain, regions: &[Region], found: Option<&str>) -> Vec<Guide> {
    let wanted = regions.iter().filter(|region| found.is_none_or(|found| region.id == found));
    let hosts: Vec<_> = wanted.flat_map(|region| &region.hosts).collect();
    let names: Vec<Domain> = hosts.iter().filter_map(|host| Domain::parse(&host.name).ok()).collect();
    let relays: Vec<IpAddr> = hosts.iter().flat_map(|host| host.ipv4.iter().chain(&host.ipv6).copied()).collect();
    guides::all(shell, domain, &names, &relays, Provider::Other)
}
