//! Rules of the configuration.

use std::io::Write;
use std::time::Duration;

use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn refused(text: &str) -> String {
    let file = file(text);
    let said = load(Some(file.path()), &[]).unwrap_err().to_string();
    said.replace(&file.path().display().to_string(), "FILE")
}

#[test]
fn the_template_is_the_default() {
    let config = load(None, &[]).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.retry.schedule[0], Duration::from_secs(60));
    assert_eq!(config.deadline.at_most, Duration::from_secs(72 * 3600));
}

#[test]
fn a_flag_beats_the_environment_beats_the_file() {
    let file = file("[smtp]\nport = 2500\n");
    let environment = Overlay::from_environment([("COURTESY_SMTP_PORT".to_owned(), "2600".to_owned())]).unwrap();
    assert_eq!(load(Some(file.path()), &[]).unwrap().smtp.port, 2500);
    assert_eq!(load(Some(file.path()), &environment).unwrap().smtp.port, 2600);
    let flag = Overlay::from_flag("smtp.port=2700").unwrap();
    assert_eq!(load(Some(file.path()), &[environment[0].clone(), flag]).unwrap().smtp.port, 2700);
}

#[test]
fn the_addresses_of_all_relays_are_named_or_of_none() {
    let relay = |host: &str, sources: &str| format!("[[relay]]\nhost = \"{host}\"\nregion = \"default\"\n{sources}\n");
    let named = relay("r1.notices.example", "sources = [\"192.0.2.10\"]");
    let said = refused(&(named.clone() + &relay("r2.notices.example", "")));
    assert!(said.contains("relay.sources of r2.notices.example"), "{said}");
    let other = relay("r2.notices.example", "sources = [\"192.0.2.11\"]");
    load(Some(file(&(named + &other)).path()), &[]).unwrap();
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let said = refused("# one\n[smtp]\nprot = 25\n");
    assert!(said.starts_with("FILE:3: unknown field `prot`"), "{said}");
    assert!(said.contains("`port`"), "{said}");
}

#[test]
fn a_bad_value_is_refused_with_its_line_and_what_is_allowed() {
    let said = refused("[retry]\nlease = \"soon\"\n");
    assert!(said.starts_with("FILE:2: "), "{said}");
    assert!(said.contains("write a number and a unit"), "{said}");
    assert!(refused("public_host = \"not a host\"\n").starts_with("FILE:1: "));
    assert!(refused("[listen]\nhttp = 5\n").starts_with("FILE:2: "));
    assert!(refused("[listen\n").starts_with("FILE:1: "));
}

#[test]
fn a_mistyped_variable_is_refused_with_the_nearest_option() {
    let said = Overlay::from_environment([("COURTESY_SMTP_PROT".to_owned(), "1".to_owned())]).unwrap_err().to_string();
    assert_eq!(said, "COURTESY_SMTP_PROT: there is no such option; did you mean smtp.port?");
    assert!(Overlay::from_environment([("COURTESY_KEY".to_owned(), "x".to_owned())]).unwrap().is_empty());
    assert!(Overlay::from_flag("smtp.prot=1").is_err());
}

#[test]
fn what_a_running_process_cannot_take_up_is_named() {
    let old = Config::default();
    let mut new = old.clone();
    new.brake.notices = 7;
    new.log.level = "debug".to_owned();
    assert_eq!(old.wants_a_start(&new), [""; 0], "these it can");
    new.listen.http = "127.0.0.1:1".parse().unwrap();
    new.smtp.port = 2525;
    assert_eq!(old.wants_a_start(&new), ["listen", "smtp"]);
}

#[test]
fn a_lease_shorter_than_a_conversation_is_refused() {
    assert!(refused("[retry]\nlease = \"1m\"\n").contains("retry.lease"));
}

#[test]
fn a_relay_is_a_table_of_its_own() {
    let file = file("[[relay]]\nhost = \"mta1.example\"\nregion = \"ca-west\"\nsources = [\"192.0.2.10\"]\n");
    let config = load(Some(file.path()), &[]).unwrap();
    let now = jiff::Timestamp::UNIX_EPOCH;
    assert_eq!(config.relays_of("ca-west", now)[0].host.as_str(), "mta1.example");
    assert_eq!(config.relays_of("elsewhere", now).len(), 1, "where there is one region, it serves all");
}

#[test]
fn where_there_are_several_regions_nothing_crosses() {
    let file = file(
        "[[relay]]\nhost = \"mta1.example\"\nregion = \"ca-west\"\n[[relay]]\nhost = \"mta2.example\"\nregion = \"ca-east\"\n",
    );
    let config = load(Some(file.path()), &[]).unwrap();
    let now = jiff::Timestamp::UNIX_EPOCH;
    assert_eq!(config.relays_of("ca-east", now)[0].host.as_str(), "mta2.example");
    assert_eq!(config.relays_of("elsewhere", now), []);
}

#[test]
fn a_planned_relay_sends_from_its_day_on() {
    let file = file("[[relay]]\nhost = \"mta1.example\"\nregion = \"ca-west\"\nplanned = \"2026-12-15\"\n");
    let config = load(Some(file.path()), &[]).unwrap();
    let [before, day] = ["2026-12-14T23:59:59Z", "2026-12-15T00:00:00Z"].map(|text| text.parse().unwrap());
    assert_eq!(config.relays_at(before).len(), 0);
    assert_eq!(config.relays_of("ca-west", before)[0].host, config.public_host, "nobody sends from it yet");
    assert_eq!(config.relays_of("ca-west", day)[0].host.as_str(), "mta1.example");
}
