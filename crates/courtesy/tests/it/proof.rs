//! Facts about From domains through real DNS sockets: the practice DNS serves every situation of `testdata/sender`, our
//! resolver asks it, and what is proven is the same as from a DNS in memory.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use courtesy::net::dns::{ANSWERS_KEPT, Limits, Resolver, TTL_MAX};
use courtesy::net::facts::gather;
use courtesy::sender::{
    Alias, Facts, KeyFinding, OurKey, Ours, PROOF_AGE_MAX, Proof, Receives, Standing, State, Subject,
};
use practice::dns::{Data, Failure, Server, Zones};
use standards::dmarc::Finding;
use standards::dns::Table;
use standards::dns::table::Record;
use standards::domain::Domain;

const LIMITS: Limits = Limits { timeout: Duration::from_secs(3), ttl_max: TTL_MAX, answers_kept: ANSWERS_KEPT };

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn ours() -> Ours {
    let relays: [IpAddr; 2] = ["192.0.2.10".parse().unwrap(), "2001:db8::10".parse().unwrap()];
    Ours {
        shared: name("notices.example"),
        bounces: name("bounces.notices.example"),
        include: name("_spf.notices.example"),
        selectors: ["c1".to_owned(), "c2".to_owned()],
        library_selectors: ["na1".to_owned(), "na2".to_owned()],
        return_path_label: "notices-bounce".to_owned(),
        helo: name("mta1.notices.example"),
        relays: relays.to_vec(),
    }
}

/// The names below a silent one that are asked for here: a server refuses by name, and a table by branch.
const BELOW: [&str; 6] = ["_dmarc", "na1", "na2", "na1._domainkey", "na2._domainkey", "notices-bounce"];

fn serve(table: &Table) -> Zones {
    let zones = Zones::new();
    put(&zones, table);
    zones
}

/// Publishes all of a table.
pub fn put(zones: &Zones, table: &Table) {
    for (name, record, _) in table.records() {
        let data = match record {
            Record::Txt(text) => Data::txt(&String::from_utf8_lossy(text)),
            Record::A(ip) => Data::A(*ip),
            Record::Aaaa(ip) => Data::Aaaa(*ip),
            Record::Mx(mx) => Data::Mx(mx.preference, mx.host.clone()),
            Record::Cname(target) => Data::Cname(target.clone()),
            Record::Ns(host) => Data::Ns(host.clone()),
        };
        zones.put(name, data);
    }
    for silent in table.silences() {
        zones.fail(silent, None, Failure::ServFail);
        let below = ["_spf", "_dmarc.notices-bounce"].iter().chain(&BELOW);
        for name in below.filter_map(|label| silent.below(label).ok()) {
            zones.fail(&name, None, Failure::ServFail);
        }
    }
}

/// What the facts come to, without times and without how trouble was worded.
fn gist(facts: &Facts) -> String {
    let keys: Vec<KeyFinding> = facts
        .dkim
        .iter()
        .map(|key| match &key.value.finding {
            KeyFinding::Unknown(_) => KeyFinding::Unknown(String::new()),
            known => known.clone(),
        })
        .collect();
    let alias = match &facts.alias.value {
        Alias::Unknown(_) => Alias::Unknown(String::new()),
        known => known.clone(),
    };
    let receives = match &facts.receives.value {
        Receives::Unknown(_) => Receives::Unknown(String::new()),
        known => known.clone(),
    };
    let finding = |finding: &Finding| match finding {
        Finding::Applies(applied) => format!("{} {:?}", applied.at, applied.policy),
        Finding::Unknown(_) => "unknown".to_owned(),
        other => format!("{other:?}"),
    };
    let spf: Vec<_> = facts.spf.iter().map(|fact| (&fact.value.mail_from, fact.value.relay, fact.value.says)).collect();
    let dmarc = &facts.dmarc.value;
    let policies = (finding(&dmarc.by_walk.finding), finding(&dmarc.by_list.finding));
    let ways: Vec<_> =
        Proof::of(facts.clone(), PROOF_AGE_MAX).ways.iter().map(|way| (way.rung, way.standing)).collect();
    format!("{keys:?} {alias:?} {receives:?} {policies:?} {spf:?} {ways:?}")
}

#[tokio::test]
async fn what_is_proven_over_a_socket_is_what_is_proven_in_memory() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sender");
    let keys = std::fs::read_to_string(folder.join("00-keys")).unwrap();
    let key = |wanted: &str| keys.lines().find_map(|line| line.strip_prefix(&format!("{wanted} "))).unwrap();
    let base = std::fs::read_to_string(folder.join("00-ours.zone")).unwrap();
    let (ours, now) = (ours(), jiff::Timestamp::now());
    let mut situations = 0;
    for file in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let case: toml::Table = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let Some((_, domain)) = case["from"].as_str().unwrap().split_once('@') else { continue };
        let zone = format!("{base}\n{}", case["zone"].as_str().unwrap())
            .replace("{key}", key("key"))
            .replace("{oldkey}", key("oldkey"))
            .replace("{key1024}", key("key1024"))
            .replace("{cutkey}", &key("key")[..255]);
        let table = Table::parse(&zone).unwrap();
        let ours_for = |selector: &String| OurKey {
            selector: selector.clone(),
            algorithm: "rsa".to_owned(),
            public: key("key").to_owned(),
        };
        let subject = Subject::library(name(domain), ours.library_selectors.iter().map(ours_for).collect(), &ours);
        let server = Server::start(serve(&table)).await.unwrap();
        let resolver = Resolver::at(server.address(), LIMITS).unwrap();
        let live = gather(&resolver, &ours, &subject, now).await;
        let known = gather(&table, &ours, &subject, now).await;
        assert_eq!(gist(&live), gist(&known), "{}", file.display());
        situations += 1;
    }
    println!("{situations} situations over a socket");
    assert!(situations >= 60);
}

#[tokio::test]
async fn name_servers_that_never_answer_cost_one_question_and_not_one_for_each() {
    // Bound and never read: questions go unanswered, as at a name server behind a wall.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let question = Duration::from_secs(1);
    let resolver = Resolver::at(silent.local_addr().unwrap(), Limits { timeout: question, ..LIMITS }).unwrap();
    let ours_at = |selector: &String| OurKey {
        selector: selector.clone(),
        algorithm: "rsa".to_owned(),
        public: "MIIB".to_owned(),
    };
    let ours = ours();
    let subject =
        Subject::library(name("library.example"), ours.library_selectors.iter().map(ours_at).collect(), &ours);
    let began = std::time::Instant::now();
    let facts = gather(&resolver, &ours, &subject, jiff::Timestamp::now()).await;
    let took = began.elapsed();
    assert!(took < question * 3, "{took:?}: the questions waited for each other");
    assert!(Proof::of(facts.clone(), PROOF_AGE_MAX).ways.iter().all(|way| way.standing == Standing::Unknown));
    assert_eq!((facts.spf.len(), facts.dkim.len()), (6, 2), "each is a fact, though an unknown one");

    // The whole look has an end of its own, whatever each question may take.
    let bound = resolver.until(tokio::time::Instant::now() + question / 4);
    let began = std::time::Instant::now();
    let code = courtesy::library::LibraryCode::parse("MRPL").unwrap();
    let kit = courtesy::net::facts::kit(&bound, &ours, &subject, &code, jiff::Timestamp::now()).await;
    assert!(began.elapsed() < question, "{:?}", began.elapsed());
    assert!(kit.records.iter().all(|wanted| wanted.state == State::Unknown));
}
