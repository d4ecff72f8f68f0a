//! Rules of what the operator publishes.

use std::sync::Arc;

use super::*;
use crate::config::Config;
use crate::keyring::Keyring;
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::sender::{Ours, wanted};
use crate::store::{RelayChange, RelayChanged, Store};

fn config(relays: &str) -> Config {
    let mut config = Config::default();
    config.shared.domain = Domain::parse("notices.example").unwrap();
    config.public_host = Domain::parse("mx.notices.example").unwrap();
    let table: toml::Table = toml::from_str(relays).unwrap();
    config.relay =
        table.get("relay").map(|relays| relays.clone().try_into::<Vec<Relay>>().unwrap()).unwrap_or_default().into();
    config
}

const NOW: &str =
    "[[relay]]\nhost = \"mta1.example\"\nregion = \"ca-west\"\nsources = [\"192.0.2.10\", \"2001:db8::10\"]\n";
const PLANNED: &str =
    "[[relay]]\nhost = \"mta2.example\"\nregion = \"ca-west\"\nsources = [\"192.0.2.11\"]\nplanned = \"2026-12-15\"\n";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The changes from one setting to the next, each at its time.
fn history(settings: &[(&str, &str)]) -> Vec<RelayChange> {
    let mut so_far = Vec::new();
    for (when, relays) in settings {
        let new = changes::to_tell(&so_far, &config(relays), at(when));
        so_far.extend(new);
    }
    so_far
}

fn kinds(changes: &[RelayChange]) -> Vec<(String, RelayChanged)> {
    changes.iter().map(|c| (c.address.map(|ip| ip.to_string()).unwrap_or_default(), c.changed)).collect()
}

#[test]
fn a_change_is_told_once() {
    let told = history(&[("2026-11-01T00:00:00Z", NOW), ("2026-11-02T00:00:00Z", NOW), ("2026-11-03T00:00:00Z", "")]);
    let [four, six] = ["192.0.2.10", "2001:db8::10"].map(str::to_owned);
    let expected = [
        (four.clone(), RelayChanged::Added),
        (six.clone(), RelayChanged::Added),
        (four, RelayChanged::Removed),
        (six, RelayChanged::Removed),
    ];
    assert_eq!(kinds(&told), expected);
}

#[test]
fn a_planned_relay_is_announced_and_added_when_its_day_comes() {
    let told = history(&[
        ("2026-11-12T00:00:00Z", PLANNED),
        ("2026-12-14T23:59:00Z", PLANNED),
        ("2026-12-15T00:00:00Z", PLANNED),
    ]);
    let day = "2026-12-15".parse().unwrap();
    let address = "192.0.2.11".to_owned();
    assert_eq!(kinds(&told), [(address.clone(), RelayChanged::Planned(day)), (address, RelayChanged::Added)]);
    let ip = "192.0.2.11".parse().ok();
    assert_eq!(changes::announced(&told[..1], "mta2.example", ip), Some(at("2026-11-12T00:00:00Z")));
    assert_eq!(changes::announced(&told, "mta2.example", ip), None, "it is there");
}

#[test]
fn a_planned_relay_is_published_beside_those_that_send() {
    let config = config(&format!("{NOW}{PLANNED}"));
    let told = changes::to_tell(&[], &config, at("2026-11-12T00:00:00Z"));
    let before = relays(&config, &told, at("2026-11-20T00:00:00Z"));
    assert_eq!(before[0].hosts.len(), 1);
    assert_eq!(
        serde_json::to_value(&before[0].planned).unwrap(),
        serde_json::json!([
            { "on": "2026-12-15", "host": "mta2.example", "add": ["192.0.2.11"], "announced": "2026-11-12" }
        ])
    );
    let after = relays(&config, &told, at("2026-12-15T00:00:00Z"));
    assert_eq!((after[0].hosts.len(), after[0].planned.len()), (2, 0));
    assert!(
        zone(&config, &[], at("2026-11-20T00:00:00Z")).contains("ip4:192.0.2.11"),
        "receivers must know it before it sends"
    );
}

const ENDING: &str = "[[relay]]\nhost = \"mta1.example\"\nregion = \"ca-west\"\nsources = [\"192.0.2.10\", \"2001:db8::10\"]\nuntil = \"2026-12-15\"\n";

#[test]
fn a_relay_that_ends_is_announced_and_gone_when_its_day_comes() {
    let day = "2026-12-15".parse().unwrap();
    let mut told = history(&[("2026-11-01T00:00:00Z", NOW), ("2026-11-12T00:00:00Z", ENDING)]);
    assert_eq!(kinds(&told[2..]).iter().map(|one| one.1).collect::<Vec<_>>(), [RelayChanged::Ending(day); 2]);
    let config = config(ENDING);
    let [before, after] = ["2026-12-14T23:59:00Z", "2026-12-15T00:00:00Z"].map(at);
    assert_eq!(
        serde_json::to_value(&relays(&config, &told, before)[0].planned).unwrap(),
        serde_json::json!([
            { "on": "2026-12-15", "host": "mta1.example", "remove": ["192.0.2.10", "2001:db8::10"], "announced": "2026-11-12" }
        ])
    );
    assert_eq!(config.relays_of("ca-west", before).len(), 1);
    assert_eq!(config.relays_of("ca-west", after), [], "it is out of use by itself, and nothing takes its place");
    assert!(zone(&config, &[], before).contains("192.0.2.10"));
    assert!(!zone(&config, &[], after).contains("192.0.2.10"), "somebody else may have the address next");
    let new = changes::to_tell(&told, &config, after);
    assert_eq!(kinds(&new).iter().map(|one| one.1).collect::<Vec<_>>(), [RelayChanged::Removed; 2]);
    assert_eq!(changes::by_themselves(new.clone(), &told, &config, after), new, "nobody has to touch the settings");
    told.extend(new);
    assert_eq!(changes::to_tell(&told, &config, after), [], "once");
}

#[test]
fn a_process_with_older_settings_takes_nothing_back() {
    let told = history(&[("2026-11-01T00:00:00Z", NOW), ("2026-11-12T00:00:00Z", &format!("{NOW}{PLANNED}"))]);
    let (old, now) = (config(NOW), at("2026-11-13T00:00:00Z"));
    let new = changes::to_tell(&told, &old, now);
    assert_eq!(new.len(), 1, "as if the new relay had been taken out");
    assert_eq!(changes::by_themselves(new, &told, &old, now), []);
}

#[test]
fn the_feed_says_every_change_the_newest_first() {
    let told = history(&[("2026-11-01T00:00:00Z", NOW), ("2026-11-12T00:00:00Z", &format!("{NOW}{PLANNED}"))]);
    let config = config(NOW);
    let since = at("2026-11-01T00:00:00Z");
    insta::assert_snapshot!(format!(
        "{}{}",
        changes::feed(&told, &config, since, Language::En),
        changes::feed(&told, &config, since, Language::Fr)
    ));
}

#[tokio::test]
async fn the_zone_has_every_name_that_a_kit_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("test.db")).await.unwrap();
    let secret = Arc::new(crate::secret::Secret::open(&folder.path().join("secret.key")).unwrap());
    let keyring = Keyring::open(store, secret).await.unwrap();
    let config = config(NOW);
    let [domain, code] = [Domain::parse("library.example").unwrap(), config.shared.domain.clone()];
    for selector in &config.shared.library_selectors {
        keyring.make(&domain, selector, Some("MRPL"), true).await.unwrap();
    }
    keyring.make(&code, "c1", None, true).await.unwrap();
    let text = zone(&config, &keyring.all(), at("2026-11-20T00:00:00Z"));
    let ours = Ours::new(&config, config.public_host.clone(), Vec::new());
    for (_, target) in wanted(&domain, &LibraryCode::parse("MRPL").unwrap(), &ours) {
        assert!(text.contains(&format!("\n{target}. IN TXT ")), "{target} is not in\n{text}");
    }
    for name in [
        format!("{}. IN TXT \"v=spf1 ip4:192.0.2.10", ours.include),
        "c1._domainkey.notices.example. IN TXT".to_owned(),
    ] {
        assert!(text.contains(&format!("\n{name}")), "{name} is not in\n{text}");
    }
    assert!(!text.contains("library.example"), "what stands in a library's own zone is not ours to publish\n{text}");
}
