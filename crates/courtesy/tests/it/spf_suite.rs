//! The public SPF suite, through real DNS sockets: the practice DNS serves each scenario, our resolver asks it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use courtesy::net::dns::{ANSWERS_KEPT, Limits, Resolver, TTL_MAX};
use practice::dns::{Data, Failure, RecordType, Server, Zones};
use serde::Deserialize;
use serde_yaml_ng::Value;
use standards::domain::Domain;
use standards::spf::{self, Query, Verdict};
use tokio::task::JoinSet;

/// Where the corpora are, unless `COURTESY_CORPORA` names another folder.
const CORPORA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora");
const CASES: usize = 203;
const EXPLANATIONS: usize = 22;
/// Long enough that a busy machine is not taken for a silent server.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(3), ttl_max: TTL_MAX, answers_kept: ANSWERS_KEPT };
/// How the suite writes "no words of the domain's own".
const DEFAULT_EXPLANATION: &str = "DEFAULT";

#[derive(Deserialize)]
struct Scenario {
    description: String,
    tests: BTreeMap<String, Case>,
    zonedata: BTreeMap<String, Vec<Value>>,
}

#[derive(Deserialize)]
struct Case {
    helo: String,
    host: String,
    mailfrom: String,
    result: Value,
    explanation: Option<String>,
}

#[tokio::test]
async fn the_public_suite_gives_its_preferred_results_and_explanations() {
    let corpora = std::env::var("COURTESY_CORPORA").unwrap_or_else(|_| CORPORA.into());
    let suite = Path::new(&corpora).join("spf/rfc7208-tests.yml");
    if !suite.exists() {
        println!("skipped: the public SPF suite is not at {}", suite.display());
        return;
    }
    let text = std::fs::read_to_string(suite).unwrap();
    let (mut results, mut explanations, mut wrong) = (0, 0, Vec::new());
    let (mut servers, mut checks) = (Vec::new(), JoinSet::new());
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        let scenario = Scenario::deserialize(document).unwrap();
        let zones = Zones::new();
        for (name, entries) in &scenario.zonedata {
            put(&zones, &Domain::from_dns(name).unwrap(), entries);
        }
        let server = Server::start(zones).await.unwrap();
        let resolver = Resolver::at(server.address(), LIMITS).unwrap();
        servers.push(server);
        for (name, case) in scenario.tests {
            let (name, resolver) = (format!("{}/{name}", scenario.description), resolver.clone());
            // All at once: the silences that some cases wait for pass together.
            checks.spawn(async move { (name, check(&resolver, &case).await, case) });
        }
    }
    for (name, verdict, case) in checks.join_all().await {
        let preferred = preferred(&case.result);
        if verdict.result.as_str() == preferred {
            results += 1;
        } else {
            wrong.push(format!("{name}: {} for {preferred}: {:#?}", verdict.result, verdict.trace));
        }
        if let Some(expected) = &case.explanation {
            let given = verdict.explanation.as_deref().unwrap_or(DEFAULT_EXPLANATION);
            if given == expected {
                explanations += 1;
            } else {
                wrong.push(format!("{name}: says “{given}” for “{expected}”"));
            }
        }
    }
    println!("results {results}/{CASES}, explanations {explanations}/{EXPLANATIONS}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((results, explanations), (CASES, EXPLANATIONS));
}

async fn check(resolver: &Resolver, case: &Case) -> Verdict {
    let query = Query {
        ip: case.host.parse().unwrap(),
        mail_from: &case.mailfrom,
        helo: &case.helo,
        receiver: None,
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    spf::check(resolver, &query).await
}

/// The first of the results a case allows is the one the suite prefers.
fn preferred(result: &Value) -> &str {
    match result {
        Value::Sequence(allowed) => allowed[0].as_str().unwrap(),
        one => one.as_str().unwrap(),
    }
}

/// One name of a scenario. `SPF` records stand for TXT where the name has no entry of type TXT; `TXT: NONE` says
/// that there is none; `TIMEOUT` is the silence of all types that have no records.
fn put(zones: &Zones, name: &Domain, entries: &[Value]) {
    let typed = |kind: &str| entries.iter().filter_map(|entry| entry.get(kind)).collect::<Vec<_>>();
    let txt = typed("TXT");
    for value in if txt.is_empty() { typed("SPF") } else { txt } {
        if value.as_str() != Some("NONE") {
            zones.put(name, Data::Txt(strings(value)));
        }
    }
    let domain = |value: &Value| Domain::from_dns(value.as_str().unwrap()).unwrap();
    for value in typed("A") {
        zones.put(name, Data::A(value.as_str().unwrap().parse().unwrap()));
    }
    for value in typed("AAAA") {
        zones.put(name, Data::Aaaa(value.as_str().unwrap().parse().unwrap()));
    }
    for value in typed("MX") {
        let preference = value[0].as_u64().unwrap().try_into().unwrap();
        zones.put(name, Data::Mx(preference, Some(&value[1]).filter(|host| host.as_str() != Some("")).map(domain)));
    }
    for value in typed("PTR") {
        zones.put(name, Data::Ptr(domain(value)));
    }
    for value in typed("CNAME") {
        zones.put(name, Data::Cname(domain(value)));
    }
    if entries.iter().any(|entry| entry.as_str() == Some("TIMEOUT")) {
        let kinds = [RecordType::TXT, RecordType::A, RecordType::AAAA, RecordType::MX, RecordType::PTR];
        for kind in kinds {
            if !zones.has(name, kind) {
                zones.fail(name, Some(kind), Failure::Silence);
            }
        }
    }
}

/// A record's strings as octets: the suite writes octets as the characters of the same number.
fn strings(value: &Value) -> Vec<Vec<u8>> {
    let octets = |value: &Value| value.as_str().unwrap().chars().map(|c| u8::try_from(c).unwrap()).collect();
    match value {
        Value::Sequence(strings) => strings.iter().map(octets).collect(),
        one => vec![octets(one)],
    }
}
