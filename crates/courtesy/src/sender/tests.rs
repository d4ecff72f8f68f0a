//! The sender room judged on situations: one file each in `testdata/sender`, with the zone, the library's wish and what
//! must come of it. The facts come from a DNS in memory, through the same code that asks the real one.

mod kits;
mod ladder;
mod receiver;
mod relay;
mod staff;
mod words;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use standards::address::Address;
use standards::dns::Table;
use standards::domain::Domain;

use super::{OurKey, Ours, PROOF_AGE_MAX, Proof, Situation, Subject};
use crate::library::Library;
use crate::net::facts::gather;
use crate::notice::Language;

/// A public half from `00-keys`.
fn public(wanted: &str) -> String {
    let text = std::fs::read_to_string(folder().join("00-keys")).unwrap();
    let mut keys = text.lines().filter_map(|line| line.split_once(' '));
    keys.find(|(name, _)| *name == wanted).unwrap().1.to_owned()
}

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn ours() -> Ours {
    Ours {
        shared: name("notices.example"),
        bounces: name("bounces.notices.example"),
        include: name("_spf.notices.example"),
        selectors: ["c1".to_owned(), "c2".to_owned()],
        library_selectors: ["na1".to_owned(), "na2".to_owned()],
        return_path_label: "notices-bounce".to_owned(),
        helo: name("mta1.notices.example"),
        relays: vec!["192.0.2.10".parse().unwrap(), "2001:db8::10".parse().unwrap()],
    }
}

/// A message to no receiver in particular, of which nothing was observed or refused.
fn situation<'a>(library: &'a Library, proofs: &'a [Proof], ours: &'a Ours) -> Situation<'a> {
    let language = Language::En;
    Situation { library, language, proofs, ours, family: None, observed: &[], relay: None, exclude: &[] }
}

fn keys(selectors: &[String; 2]) -> Vec<OurKey> {
    let key =
        |selector: &String| OurKey { selector: selector.clone(), algorithm: "rsa".to_owned(), public: public("key") };
    selectors.iter().map(key).collect()
}

fn library(from: Option<&str>) -> Library {
    let mut library: Library = serde_json::from_value(serde_json::json!({
        "code": "MRPL",
        "name": { "en": "Maple Ridge Public Library", "fr": "Bibliothèque publique de Maple Ridge" },
        "time_zone": "America/Vancouver",
        "languages": ["en", "fr"],
        "region": "ca-west",
    }))
    .unwrap();
    library.from = from.map(|from| Address::parse(from).unwrap());
    library
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/sender"))
}

/// A DNS with our own records and `zone`.
fn dns(zone: &str) -> Table {
    let base = std::fs::read_to_string(folder().join("00-ours.zone")).unwrap();
    let text = format!("{base}\n{zone}")
        .replace("{key}", &public("key"))
        .replace("{oldkey}", &public("oldkey"))
        .replace("{key1024}", &public("key1024"))
        .replace("{cutkey}", &public("key")[..255]);
    Table::parse(&text).unwrap()
}

async fn prove(dns: &Table, ours: &Ours, subject: &Subject, age: SignedDuration) -> Proof {
    let facts = gather(dns, ours, subject, now() - age).await;
    Proof::of(facts, PROOF_AGE_MAX)
}
