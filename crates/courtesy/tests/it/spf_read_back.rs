//! Merged SPF records read by somebody else's software: pyspf, the library inside Debian's policy service, asks the same
//! DNS over a socket and comes to the same results, before the merge and after it.

#[path = "../../../standards/src/spf/tests/generated.rs"]
mod generated;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use courtesy::net::dns::{ANSWERS_KEPT, Limits, Resolver, TTL_MAX};
use practice::dns::{Data, Server, Zones};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::json;
use standards::domain::Domain;
use standards::spf::edit::{self, Merge};
use standards::spf::{self, Query, SpfResult};

const OURS: &str = "include:_spf.notices.example";
const HELO: &str = "mail.notices.example";
const CASES: usize = 300;
const LIMITS: Limits =
    Limits { timeout: std::time::Duration::from_secs(5), ttl_max: TTL_MAX, answers_kept: ANSWERS_KEPT };

/// A domain's records as they are, and what becomes of them.
struct Case {
    published: Vec<String>,
    merge: Merge,
    senders: BTreeSet<String>,
}

/// One check: which case, whether after the merge, and from where.
struct Asked {
    case: usize,
    after: bool,
    ip: String,
    mail_from: String,
}

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn cases() -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    let records = proptest::collection::vec(generated::record(), 0..3);
    let case = |published: Vec<String>| {
        let txt: Vec<Vec<u8>> = published.iter().map(|record| record.clone().into_bytes()).collect();
        let merge = edit::merge(&txt, &[OURS]).unwrap();
        let senders = senders(&published);
        Case { published, merge, senders }
    };
    (0..CASES).map(|_| case(records.new_tree(&mut runner).unwrap().current())).collect()
}

/// Addresses that the records speak of, one that they do not, and our relay.
fn senders(records: &[String]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = [
        generated::RELAY,
        "198.51.100.200",
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.17",
        "203.0.113.0",
        "2001:db8:ffff::99",
    ]
    .map(str::to_owned)
    .into();
    for term in records.iter().flat_map(|record| record.split_whitespace()) {
        let term = term.trim_start_matches(['+', '-', '~', '?']);
        if let Some((ip, _)) = term.strip_prefix("ip4:").and_then(|network| network.split_once('/')) {
            all.insert(ip.to_owned());
        }
        if let Some(network) = term.strip_prefix("ip6:").and_then(|network| network.strip_suffix("::/48")) {
            all.insert(format!("{network}:1::25"));
        }
    }
    all
}

/// A domain with its hosts, which the terms without a name lead to.
fn put(zones: &Zones, domain: &Domain, texts: impl IntoIterator<Item = Vec<Vec<u8>>>) {
    zones.put(domain, Data::A("192.0.2.1".parse().unwrap()));
    zones.put(domain, Data::Aaaa("2001:db8:ffff::1".parse().unwrap()));
    zones.put(domain, Data::Mx(10, Some(name("mail.library.example"))));
    for text in texts {
        zones.put(domain, Data::Txt(text));
    }
}

fn zones(cases: &[Case]) -> Zones {
    let zones = Zones::new();
    for line in generated::WORLD.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let data = match words[1] {
            "TXT" => Data::txt(words[2]),
            "A" => Data::A(words[2].parse().unwrap()),
            "MX" => Data::Mx(10, Some(name(words[2].split_once(' ').unwrap().1))),
            "PTR" => Data::Ptr(name(words[2])),
            other => panic!("{other}"),
        };
        let reverse = || {
            let octets: Vec<&str> = words[0].rsplit('.').collect();
            format!("{}.in-addr.arpa", octets.join("."))
        };
        let owner = if words[1] == "PTR" { reverse() } else { words[0].to_owned() };
        zones.put(&name(&owner), data);
    }
    for host in ["library.example", "mail.library.example"] {
        zones.put(&name(host), Data::Aaaa("2001:db8:ffff::2".parse().unwrap()));
    }
    // pyspf counts it as a void look-up when the name behind a PTR record has no address; RFC 7208 §4.6.4 leaves that open.
    zones.put(&name("relay.notices.example"), Data::A(generated::RELAY.parse().unwrap()));
    for (number, case) in cases.iter().enumerate() {
        let published = case.published.iter().map(|record| edit::strings(record)).map(octets);
        put(&zones, &domain(number, false), published);
        put(&zones, &domain(number, true), [octets(case.merge.strings.clone())]);
    }
    zones
}

fn octets(strings: Vec<String>) -> Vec<Vec<u8>> {
    strings.into_iter().map(String::into_bytes).collect()
}

fn domain(case: usize, after: bool) -> Domain {
    name(&format!("{}{case}.example", if after { "after" } else { "before" }))
}

/// pyspf counts a `redirect` as soon as it reads the record; it is a look-up only when it is followed (RFC 7208 §4.6.4,
/// §6.1). Whether that can have made the difference: how many there are in what was read, and what was counted without.
fn is_an_unused_redirect(theirs: &str, lookups: u8, records: &[String]) -> bool {
    let redirects: usize =
        records.iter().map(|text| text.matches("redirect=").count() + text.matches("three.example").count()).sum();
    theirs == "permerror" && usize::from(lookups) + redirects > usize::from(spf::DNS_LOOKUPS_MAX)
}

/// What pyspf says to each; none where it is not here.
fn by_pyspf(port: u16, asked: &[Asked]) -> Option<Vec<String>> {
    // Debian's own Python comes first: its packages are not those of another one on the path.
    let python = ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        let tried = Command::new(python).args(["-c", "import spf, dns.resolver"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    })?;
    let checks: Vec<_> = asked.iter().map(|one| json!([one.ip, one.mail_from, HELO])).collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/spf_read_back.py");
    let mut child = Command::new(python)
        .args(["-W", "ignore", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let wanted = json!({ "port": port, "checks": checks }).to_string();
    child.stdin.take().unwrap().write_all(wanted.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    Some(serde_json::from_slice(&done.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pyspf_reads_every_merged_record_as_we_do() {
    let cases = cases();
    let server = Server::start(zones(&cases)).await.unwrap();
    let resolver = Resolver::at(server.address(), LIMITS).unwrap();
    let mut asked = Vec::new();
    for (case, one) in cases.iter().enumerate() {
        for after in [false, true] {
            let mail_from = format!("notices@{}", domain(case, after));
            let ask = |ip: &String| Asked { case, after, ip: ip.clone(), mail_from: mail_from.clone() };
            asked.extend(one.senders.iter().map(ask));
        }
    }
    let port = server.address().port();
    let (asked, theirs) = tokio::task::spawn_blocking(move || {
        let theirs = by_pyspf(port, &asked);
        (asked, theirs)
    })
    .await
    .unwrap();
    let Some(theirs) = theirs else {
        println!("skipped: pyspf (Debian: python3-spf, python3-dnspython) is not here");
        return;
    };
    let (mut wrong, mut passes, mut excused) = (Vec::new(), 0, 0);
    let mut before = std::collections::HashMap::new();
    for (one, theirs) in asked.iter().zip(&theirs) {
        let query = Query {
            ip: one.ip.parse().unwrap(),
            mail_from: &one.mail_from,
            helo: HELO,
            receiver: None,
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        let verdict = spf::check(&resolver, &query).await;
        let (ours, case) = (verdict.result, &cases[one.case]);
        let read = if one.after { std::slice::from_ref(&case.merge.record) } else { &case.published };
        if ours.as_str() != theirs && is_an_unused_redirect(theirs, verdict.lookups, read) {
            excused += 1;
        } else if ours.as_str() != theirs {
            wrong.push(format!(
                "{} after {}: {ours}, pyspf {theirs}: {:?} -> {}",
                one.ip, one.after, case.published, case.merge.record
            ));
        }
        passes += usize::from(ours == SpfResult::Pass);
        if one.after {
            let was = before.remove(&(one.case, one.ip.as_str()));
            if was == Some(SpfResult::Pass) && !matches!(ours, SpfResult::Pass | SpfResult::PermError) {
                wrong.push(format!(
                    "{} passed before, now {ours}: {:?} -> {}",
                    one.ip, case.published, case.merge.record
                ));
            }
        } else {
            before.insert((one.case, one.ip.as_str()), ours);
        }
    }
    println!(
        "{CASES} merges, {} checks by both, {passes} pass, {} differ, {excused} by a redirect that nobody follows",
        asked.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(passes > CASES && excused <= 5);
}
