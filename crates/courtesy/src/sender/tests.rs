//! The sender room judged on situations: one file each in `testdata/sender`, with the zone, the library's wish and what
//! must come of it. The facts come from a DNS in memory, through the same code that asks the real one.

mod kits;
mod ladder;
mod receiver;
mod words;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use standards::address::Address;
use standards::dns::Table;
use standards::domain::Domain;

use super::{OurKey, Ours, PROOF_AGE_MAX, Proof, Subject};
use crate::library::Library;
use crate::net::facts::gather;

/// Our key, 2048 bits; no private half of it is kept.
const KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAiZRwOGh8+OsszK3GUgd+2quU2KyaALOUaztHE8OfAdnsGJdXl7Sb2F8rnX/hbEbGatIFQKxWwYRK1QIF8RD9kTrqJMIsECEHDompZ0tRPot6IQst2CfL1y25rdYNV7ltcqbDs2fVhrq8GAPoce4KDvU5Z3cd2Ghqcko8JrGh2qLcM8wXKGhskjnO3yUOlnb8LX6QrcgQLy1rVz6kXJOncsscDl2qvvJwiolAfzBJxYPjjEKGayIFFA4hWSyIPNWrvhunUs7tD78aNTRAT29t6o3PrZR1uMnhbyMelmwV36ycRMvfbSmuv7YS0iPCfoFUAcm6miG7xxJvM57sMa/YUQIDAQAB";
/// A key we had before.
const OLD_KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAskYoPnPkSTcRP0BA/sZPm+PmnfaapKIqCiZYhHXH1LA8Xw3orf1b2Hal9grheDWjwZHtdGHu269BVJle1bBHK1oG5xwSS+WH6sprk8l4HsNaiq8nMPWdYTufqrENXn/pHs2uJsIT84lipjbdLD2fwfnBSvYKeeeMowR3yZrwQQZfd3e4/NKjeKul1CAjFhV162nIoHI6p4d8G6QfOZ3x9gfHghkF4PGZVJvbS4L6AGyNVl14LhbLNroi7foTqpGUXR0VSSu7n7q1vpTRtEj10/ub9Y8Iz7A98eIunegj2f2C0u6bWZ1oUGg5eyiNWlvhF0YDVj7u4jmkEEPdUSRLzQIDAQAB";
/// Somebody else's key.
const KEY_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDjXXWM0A7QAuGmqC9YWiQMT0556XKGL36EBMjx2VZn3NbV4hPAnlh42BLCzwhaPgY28ajvZvnj+Wgx3VlGI32kgRVx61bWyJZosNszQyARo7d57EISjbbT6Wzw8n4PqI5Zz8RROOG4nhEUNGCc7ZzCJqh/wwYMYGTKbA7cTApC1QIDAQAB";

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

fn keys(selectors: &[String; 2]) -> Vec<OurKey> {
    let key =
        |selector: &String| OurKey { selector: selector.clone(), algorithm: "rsa".to_owned(), public: KEY.to_owned() };
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
        .replace("{key}", KEY)
        .replace("{oldkey}", OLD_KEY)
        .replace("{key1024}", KEY_1024)
        .replace("{cutkey}", &KEY[..255]);
    Table::parse(&text).unwrap()
}

async fn prove(dns: &Table, ours: &Ours, subject: &Subject, age: SignedDuration) -> Proof {
    let facts = gather(dns, ours, subject, now() - age).await;
    Proof::of(facts, PROOF_AGE_MAX)
}
