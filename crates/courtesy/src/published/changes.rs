//! What changed about the relays: the settings compared with what was last made known.
//!
//! In: every change so far, the settings, the time. Out: the changes to make known now, and the feed (RFC 4287). Pure:
//! `service` keeps them, when it starts and while it runs (a planned day comes by itself).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::config::Config;
use crate::notice::Language;
use crate::store::{RelayChange, RelayChanged};

/// Entries in the feed at most: years of changes.
const ENTRIES_MAX: usize = 200;

type Place = (String, String, Option<IpAddr>);

/// What is to be made known: `so_far` in its order, compared with the settings at `now`.
#[must_use]
pub fn to_tell(so_far: &[RelayChange], config: &Config, now: Timestamp) -> Vec<RelayChange> {
    let known: BTreeMap<Place, RelayChanged> = so_far.iter().map(|change| (place(change), change.changed)).collect();
    let mut wanted: BTreeMap<Place, RelayChanged> = BTreeMap::new();
    for relay in config.relay.now().iter().filter(|relay| !relay.is_over(now)) {
        let changed = match (relay.is_still_planned(now), relay.is_still_ending(now)) {
            (Some(day), _) => RelayChanged::Planned(day),
            (None, Some(day)) => RelayChanged::Ending(day),
            (None, None) => RelayChanged::Added,
        };
        let addresses: Vec<Option<IpAddr>> = match relay.sources.is_empty() {
            true => vec![None],
            false => relay.sources.iter().copied().map(Some).collect(),
        };
        for address in addresses {
            wanted.insert((relay.region.clone(), relay.host.to_string(), address), changed);
        }
    }
    let new = wanted.iter().filter(|(place, changed)| known.get(*place) != Some(*changed));
    let gone = known
        .iter()
        .filter(|(place, changed)| **changed != RelayChanged::Removed && !wanted.contains_key(*place))
        .map(|(place, _)| (place, &RelayChanged::Removed));
    let told = |((region, host, address), changed): (&Place, &RelayChanged)| RelayChange {
        at: now,
        region: region.clone(),
        host: host.clone(),
        address: *address,
        changed: *changed,
    };
    new.chain(gone).map(told).collect()
}

/// Of these, what comes by itself as days go by. Everything else is told by the process whose settings have changed: another one may not have
/// read them yet.
#[must_use]
pub fn by_themselves(
    to_tell: Vec<RelayChange>,
    so_far: &[RelayChange],
    config: &Config,
    now: Timestamp,
) -> Vec<RelayChange> {
    let relays = config.relay.now();
    let came = |change: &RelayChange| {
        let last = so_far.iter().rfind(|one| place(one) == place(change));
        match (change.changed, last.map(|one| one.changed)) {
            (RelayChanged::Added | RelayChanged::Ending(_), Some(RelayChanged::Planned(_))) => true,
            (RelayChanged::Removed, _) => relays.iter().any(|one| one.host.as_str() == change.host && one.is_over(now)),
            _ => false,
        }
    };
    to_tell.into_iter().filter(came).collect()
}

fn place(change: &RelayChange) -> Place {
    (change.region.clone(), change.host.clone(), change.address)
}

/// When a planned change was first announced for this very day, if it was.
#[must_use]
pub fn announced(so_far: &[RelayChange], host: &str, address: Option<IpAddr>) -> Option<Timestamp> {
    let of_it = so_far.iter().filter(|change| change.host == host && change.address == address);
    of_it
        .max_by_key(|change| change.at)
        .filter(|change| matches!(change.changed, RelayChanged::Planned(_) | RelayChanged::Ending(_)))
        .map(|c| c.at)
}

/// The feed, the newest change first. Its ids never change, and neither does what an entry says.
#[must_use]
pub fn feed(so_far: &[RelayChange], config: &Config, since: Timestamp, language: Language) -> String {
    let host = &config.public_host;
    let updated = so_far.last().map_or(since, |change| change.at);
    let title = match language {
        Language::En => "Mail relays of",
        Language::Fr => "Relais de courriel de",
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\"><title>{title} {host}</title>\
         <id>urn:courtesy:relays:{host}</id><updated>{updated}</updated><author><name>{host}</name></author>\n",
        language.tag()
    );
    for change in so_far.iter().rev().take(ENTRIES_MAX) {
        let sentence = escaped(&sentence(change, language));
        let address = change.address.map(|address| address.to_string()).unwrap_or_default();
        let id =
            escaped(&format!("urn:courtesy:relays:{host}:{}:{}:{}:{address}", change.at, change.region, change.host));
        let id = id.replace(' ', "%20");
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "<entry><title>{sentence}</title><id>{id}</id><updated>{}</updated><content type=\"text\">{sentence}</content></entry>",
            change.at
        );
    }
    text.push_str("</feed>\n");
    text
}

fn sentence(change: &RelayChange, language: Language) -> String {
    let (region, host) = (&change.region, &change.host);
    let what = change.address.map_or_else(|| host.clone(), |address| format!("{address} ({host})"));
    match (change.changed, language) {
        (RelayChanged::Planned(day), Language::En) => format!("{region}: {what} will send from {day} on"),
        (RelayChanged::Planned(day), Language::Fr) => format!("{region} : {what} enverra à partir du {day}"),
        (RelayChanged::Ending(day), Language::En) => format!("{region}: {what} will no longer send from {day} on"),
        (RelayChanged::Ending(day), Language::Fr) => format!("{region} : {what} n’enverra plus à partir du {day}"),
        (RelayChanged::Added, Language::En) => format!("{region}: {what} sends"),
        (RelayChanged::Added, Language::Fr) => format!("{region} : {what} envoie"),
        (RelayChanged::Removed, Language::En) => format!("{region}: {what} no longer sends"),
        (RelayChanged::Removed, Language::Fr) => format!("{region} : {what} n’envoie plus"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
