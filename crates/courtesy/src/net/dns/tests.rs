//! Our resolver against a real server on loopback.

use practice::dns::{Data, Failure, RecordType as Kind, Server, Zones};

use super::*;

const QUICK: Limits =
    Limits { timeout: Duration::from_millis(400), ttl_max: Duration::from_secs(100), answers_kept: 1_000 };

fn domain(name: &str) -> Domain {
    Domain::from_dns(name).unwrap()
}

async fn started() -> (Zones, Server, Resolver) {
    let zones = Zones::new();
    zones.zone(&domain("library.example"));
    let server = Server::start(zones.clone()).await.unwrap();
    let resolver = Resolver::at(server.address(), QUICK).unwrap();
    (zones, server, resolver)
}

#[tokio::test]
async fn strings_of_a_txt_record_are_joined_as_octets() {
    let (zones, _server, resolver) = started().await;
    let name = domain("library.example");
    zones.put(&name, Data::Txt(vec![b"v=spf1 ip4:".to_vec(), b"192.0.2.1 \xff".to_vec()]));
    zones.put(&name, Data::txt(&"x".repeat(3_000)));
    let found = resolver.txt(&name).await.unwrap();
    assert_eq!(found.records, [b"v=spf1 ip4:192.0.2.1 \xff".to_vec(), "x".repeat(3_000).into_bytes()]);
}

#[tokio::test]
async fn no_such_record_and_no_such_name_are_answers() {
    let (zones, _server, resolver) = started().await;
    zones.put(&domain("library.example"), Data::txt("there"));
    let none = resolver.a(&domain("library.example")).await.unwrap();
    assert_eq!(none, Found { records: vec![], name_exists: true, ttl_s: 60 });
    let nowhere = resolver.a(&domain("nowhere.library.example")).await.unwrap();
    assert_eq!(nowhere, Found { records: vec![], name_exists: false, ttl_s: 60 });
}

#[tokio::test]
async fn failures_are_no_answers_and_say_why() {
    let (zones, _server, resolver) = started().await;
    let name = domain("library.example");
    zones.put(&name, Data::txt("there"));
    for (failure, why) in
        [(Failure::ServFail, "SERVFAIL"), (Failure::Refused, "REFUSED"), (Failure::Silence, "in time")]
    {
        zones.fail(&name, None, failure);
        let no_answer = resolver.txt(&name).await.unwrap_err();
        assert!(no_answer.why.contains(why), "{}", no_answer.why);
        assert_eq!((no_answer.name.as_str(), no_answer.kind), ("library.example", "TXT"));
    }
    zones.heal(&name);
    assert_eq!(resolver.txt(&name).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn no_server_is_no_answer_within_the_time() {
    let (_zones, server, resolver) = started().await;
    drop(server);
    let before = Instant::now();
    assert!(resolver.txt(&domain("library.example")).await.is_err());
    assert!(before.elapsed() < QUICK.timeout * 2);
}

#[tokio::test]
async fn cnames_are_followed_with_the_shortest_ttl_and_can_be_asked_for() {
    let (zones, _server, resolver) = started().await;
    zones.replace(
        &domain("s1._domainkey.library.example"),
        Kind::CNAME,
        20,
        vec![Data::Cname(domain("s1.notices.example"))],
    );
    zones.put(&domain("s1.notices.example"), Data::txt("v=DKIM1"));
    let name = domain("s1._domainkey.library.example");
    let found = resolver.txt(&name).await.unwrap();
    assert_eq!((found.records.len(), found.ttl_s), (1, 20));
    assert_eq!(resolver.cname(&name).await.unwrap().records, [domain("s1.notices.example")]);
    assert!(resolver.cname(&domain("s1.notices.example")).await.unwrap().records.is_empty());
}

#[tokio::test]
async fn a_circle_of_cnames_is_no_answer() {
    let (zones, _server, resolver) = started().await;
    zones.put(&domain("a.library.example"), Data::Cname(domain("b.library.example")));
    zones.put(&domain("b.library.example"), Data::Cname(domain("a.library.example")));
    assert!(resolver.a(&domain("a.library.example")).await.is_err());
}

#[tokio::test]
async fn the_null_mx_has_no_host_and_hosts_keep_their_preference() {
    let (zones, _server, resolver) = started().await;
    zones.put(&domain("library.example"), Data::Mx(0, None));
    zones.put(&domain("college.example"), Data::Mx(20, Some(domain("b.college.example"))));
    zones.put(&domain("college.example"), Data::Mx(10, Some(domain("a.college.example"))));
    assert_eq!(resolver.mx(&domain("library.example")).await.unwrap().records, [Mx { preference: 0, host: None }]);
    let mut hosts = resolver.mx(&domain("college.example")).await.unwrap().records;
    hosts.sort();
    assert_eq!(hosts[0], Mx { preference: 10, host: Some(domain("a.college.example")) });
}

#[tokio::test]
async fn addresses_names_and_servers_are_read() {
    let (zones, _server, resolver) = started().await;
    let name = domain("library.example");
    zones.put(&name, Data::A("192.0.2.1".parse().unwrap()));
    zones.put(&name, Data::Aaaa("2001:db8::1".parse().unwrap()));
    zones.put(&name, Data::Ns(domain("ns.library.example")));
    zones.put(&domain("1.2.0.192.in-addr.arpa"), Data::Ptr(name.clone()));
    zones.put(
        &domain("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
        Data::Ptr(name.clone()),
    );
    assert_eq!(resolver.a(&name).await.unwrap().records, ["192.0.2.1".parse::<Ipv4Addr>().unwrap()]);
    assert_eq!(resolver.aaaa(&name).await.unwrap().records, ["2001:db8::1".parse::<Ipv6Addr>().unwrap()]);
    assert_eq!(resolver.ns(&name).await.unwrap().records, [domain("ns.library.example")]);
    for ip in ["192.0.2.1", "2001:db8::1"] {
        assert_eq!(resolver.ptr(ip.parse().unwrap()).await.unwrap().records, std::slice::from_ref(&name));
    }
}

#[tokio::test]
async fn answers_are_remembered_no_longer_than_the_limit_and_forgotten_on_demand() {
    let (zones, _server, resolver) = started().await;
    let name = domain("library.example");
    zones.replace(&name, Kind::TXT, 86_400, vec![Data::txt("old")]);
    assert_eq!(resolver.txt(&name).await.unwrap().ttl_s, 100);
    zones.replace(&name, Kind::TXT, 86_400, vec![Data::txt("new")]);
    let asked = zones.questions();
    assert_eq!(resolver.txt(&name).await.unwrap().records, [b"old"]);
    assert_eq!(zones.questions(), asked, "a remembered answer asks nobody");
    let fresh = resolver.fresh().unwrap();
    assert_eq!(fresh.txt(&name).await.unwrap().records, [b"new"]);
    assert_eq!(resolver.txt(&name).await.unwrap().records, [b"old"]);
    resolver.forget();
    assert_eq!(resolver.clone().txt(&name).await.unwrap().records, [b"new"]);
}

#[tokio::test]
async fn past_the_deadline_there_are_no_answers() {
    let (zones, _server, resolver) = started().await;
    let name = domain("library.example");
    zones.put(&name, Data::txt("there"));
    let resolver = resolver.until(Instant::now());
    let no_answer = resolver.txt(&name).await.unwrap_err();
    assert!(no_answer.why.contains("the whole check"));
    assert_eq!(zones.questions(), 0);
}

#[tokio::test]
async fn names_are_asked_as_they_are() {
    let (zones, _server, resolver) = started().await;
    let odd = domain("jack+jill=x y%20:/z.library.example");
    zones.put(&odd, Data::A("192.0.2.1".parse().unwrap()));
    assert_eq!(resolver.a(&odd).await.unwrap().records.len(), 1);
    // No search list: a single label is a name of its own.
    assert!(!resolver.a(&domain("library")).await.unwrap().name_exists);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_questions_at_once_are_all_answered() {
    let (zones, server, _) = started().await;
    // Time enough for a busy machine: the rule is about losing questions, not about speed.
    let resolver = Resolver::at(server.address(), Limits { timeout: QUESTION_TIMEOUT, ..QUICK }).unwrap();
    zones.put(&domain("*.library.example"), Data::txt(&"x".repeat(1_500)));
    zones.put(&domain("*.college.example"), Data::txt("x"));
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..1_000 {
        let zone = if number % 4 == 0 { "library" } else { "college" };
        let (resolver, name) = (resolver.clone(), domain(&format!("n{number}.{zone}.example")));
        asking.spawn(async move { resolver.txt(&name).await.map(|found| found.records.len()) });
    }
    let answers = asking.join_all().await;
    let lost: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!(lost.is_empty(), "{} lost, the first: {:?}", lost.len(), lost.first());
}
