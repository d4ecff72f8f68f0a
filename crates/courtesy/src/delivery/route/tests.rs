//! Rules of routing, over a table of DNS records.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use standards::dns::{Asking, Dns, Found, Mx, NoAnswer};
use standards::domain::Domain;

use super::{Route, Routes, Routing, route};
use crate::outcome::NoRoute;

/// Records by name; a name without any does not exist, unless it is listed as silent.
#[derive(Default)]
struct Table {
    mx: HashMap<Domain, Vec<Mx>>,
    ips: HashMap<Domain, Vec<IpAddr>>,
    silent: HashSet<Domain>,
    ttl_s: u32,
    asked: AtomicUsize,
}

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

impl Table {
    /// From lines such as `plain.example MX 10 mx.plain.example`, `x A 192.0.2.1`, `x SILENT`.
    fn of(lines: &str) -> Self {
        let mut table = Self { ttl_s: 600, ..Self::default() };
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split(' ').collect();
            let name = domain(words[0]);
            match words[1] {
                "MX" => table.mx.entry(name).or_default().push(Mx {
                    preference: words[2].parse().unwrap(),
                    host: (words[3] != ".").then(|| domain(words[3])),
                }),
                "A" => table.ips.entry(name).or_default().push(words[2].parse().unwrap()),
                "SILENT" => drop(table.silent.insert(name)),
                other => panic!("{other}?"),
            }
        }
        table
    }

    fn answer<T: Send + 'static>(&self, name: &Domain, kind: &'static str, records: Vec<T>) -> Asking<'_, T> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = if self.silent.contains(name) {
            Err(NoAnswer { name: name.to_string(), kind, why: "silence".to_owned() })
        } else {
            let name_exists = self.mx.contains_key(name) || self.ips.contains_key(name);
            Ok(Found { records, name_exists, ttl_s: self.ttl_s })
        };
        Box::pin(async move { answer })
    }

    fn ips<T>(&self, name: &Domain, pick: impl Fn(&IpAddr) -> Option<T>) -> Vec<T> {
        self.ips.get(name).into_iter().flatten().filter_map(pick).collect()
    }
}

impl Dns for Table {
    fn txt<'a>(&'a self, name: &'a Domain) -> Asking<'a, Vec<u8>> {
        self.answer(name, "TXT", Vec::new())
    }
    fn a<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv4Addr> {
        let pick = |ip: &IpAddr| if let IpAddr::V4(v4) = ip { Some(*v4) } else { None };
        self.answer(name, "A", self.ips(name, pick))
    }
    fn aaaa<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv6Addr> {
        let pick = |ip: &IpAddr| if let IpAddr::V6(v6) = ip { Some(*v6) } else { None };
        self.answer(name, "AAAA", self.ips(name, pick))
    }
    fn mx<'a>(&'a self, name: &'a Domain) -> Asking<'a, Mx> {
        self.answer(name, "MX", self.mx.get(name).cloned().unwrap_or_default())
    }
    fn ptr(&self, _ip: IpAddr) -> Asking<'_, Domain> {
        self.answer(&domain("ptr.example"), "PTR", Vec::new())
    }
    fn cname<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        self.answer(name, "CNAME", Vec::new())
    }
    fn ns<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        self.answer(name, "NS", Vec::new())
    }
}

/// The route of plain.example, as `host=address,address` in the order by preference.
async fn check(records: &str, expected: Result<&[&str], NoRoute>) {
    check_with(&Routing::default(), records, expected).await;
}

async fn check_with(routing: &Routing, records: &str, expected: Result<&[&str], NoRoute>) {
    let found = route(&Table::of(records), &domain("plain.example"), routing).await;
    let found = found.map(|route| route.hosts.iter().map(shown).collect::<Vec<_>>());
    assert_eq!(found, expected.map(|hosts| hosts.iter().map(ToString::to_string).collect()));
}

fn shown(host: &super::Host) -> String {
    let addresses: Vec<String> = host.addresses.iter().map(|address| address.ip().to_string()).collect();
    format!("{}={}", host.name, addresses.join(","))
}

#[tokio::test]
async fn hosts_come_by_preference() {
    check(
        "plain.example MX 20 b.example
         plain.example MX 10 a.example
         a.example A 192.0.2.1
         b.example A 192.0.2.2",
        Ok(&["a.example=192.0.2.1", "b.example=192.0.2.2"]),
    )
    .await;
}

#[tokio::test]
async fn ipv4_comes_first_unless_told() {
    let records = "plain.example MX 10 a.example
                   a.example A 2001:db8::1
                   a.example A 192.0.2.1";
    check(records, Ok(&["a.example=192.0.2.1,2001:db8::1"])).await;
    let routing = Routing { ipv6_first: true, ..Routing::default() };
    check_with(&routing, records, Ok(&["a.example=2001:db8::1,192.0.2.1"])).await;
}

#[tokio::test]
async fn without_mx_the_domain_is_its_own_host() {
    check("plain.example A 192.0.2.9", Ok(&["plain.example=192.0.2.9"])).await;
}

#[tokio::test]
async fn a_null_mx_takes_no_mail_though_there_is_an_address() {
    check("plain.example MX 0 .\nplain.example A 192.0.2.9", Err(NoRoute::NullMx)).await;
}

#[tokio::test]
async fn a_null_mx_beside_a_real_one_is_a_mistake_and_ignored() {
    check("plain.example MX 0 .\nplain.example MX 10 a.example\na.example A 192.0.2.1", Ok(&["a.example=192.0.2.1"]))
        .await;
}

#[tokio::test]
async fn a_domain_that_does_not_exist_has_no_route() {
    check("", Err(NoRoute::NoSuchDomain)).await;
}

#[tokio::test]
async fn mx_without_any_address_is_no_host() {
    check("plain.example MX 10 a.example", Err(NoRoute::NoHost)).await;
}

#[tokio::test]
async fn a_host_without_address_is_skipped() {
    check(
        "plain.example MX 10 gone.example
         plain.example MX 20 a.example
         a.example A 192.0.2.1",
        Ok(&["a.example=192.0.2.1"]),
    )
    .await;
}

#[tokio::test]
async fn trouble_counts_only_when_nothing_else_is_left() {
    check("plain.example SILENT", Err(NoRoute::DnsTrouble)).await;
    check("plain.example MX 10 a.example\na.example SILENT", Err(NoRoute::DnsTrouble)).await;
    check(
        "plain.example MX 10 a.example
         plain.example MX 20 b.example
         a.example SILENT
         b.example A 192.0.2.2",
        Ok(&["b.example=192.0.2.2"]),
    )
    .await;
}

#[tokio::test]
async fn mail_is_not_taken_in_a_circle() {
    let routing = Routing { ours: vec![domain("relay.notices.example")], ..Routing::default() };
    let records = "plain.example MX 10 a.example
                   plain.example MX 20 relay.notices.example
                   plain.example MX 30 b.example
                   a.example A 192.0.2.1
                   b.example A 192.0.2.2
                   relay.notices.example A 192.0.2.3";
    check_with(&routing, records, Ok(&["a.example=192.0.2.1"])).await;
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_not_hosts() {
    let records = "plain.example MX 10 a.example
                   a.example A 127.0.0.1
                   a.example A 0.0.0.0
                   a.example A 224.0.0.1
                   a.example A ::1
                   a.example A ::ffff:127.0.0.1
                   a.example A fe80::1";
    check(records, Err(NoRoute::NoHost)).await;
    let routing = Routing { loopback: true, ..Routing::default() };
    check_with(&routing, records, Ok(&["a.example=127.0.0.1,::1,::ffff:127.0.0.1"])).await;
}

#[tokio::test]
async fn a_librarys_own_relay_is_not_asked_in_the_operators_network() {
    let table = Arc::new(Table::of(
        "inside.example A 10.0.0.7
         inside.example A 100.64.0.7
         inside.example A fd00::2
         inside.example A 64:ff9b::a00:7
         inside.example A 127.0.0.1
         both.example A 192.168.0.7
         both.example A 9.9.9.9",
    ));
    let to = async |host: &str, private: bool| {
        let routes = Routes::new(Arc::clone(&table) as Arc<dyn Dns>, Routing { private, ..Routing::default() });
        let found = routes.to_relay(&domain(host), 587, false).await;
        found.map(|route| route.hosts[0].addresses.len())
    };
    assert_eq!(to("inside.example", false).await, Err(NoRoute::NoHost));
    assert_eq!(to("both.example", false).await, Ok(1));
    assert_eq!(to("inside.example", true).await, Ok(4));
}

#[tokio::test]
async fn hosts_and_addresses_are_bounded() {
    let mut records = String::new();
    for host in 0..40 {
        records += &format!("plain.example MX {host} mx{host}.example\n");
        for ip in 0..20 {
            records += &format!("mx{host}.example A 192.0.2.{ip}\nmx{host}.example A 2001:db8::{ip}\n");
        }
    }
    let table = Table::of(&records);
    let route = route(&table, &domain("plain.example"), &Routing::default()).await.unwrap();
    assert_eq!(route.hosts.len(), super::HOSTS_MAX);
    for host in &route.hosts {
        assert_eq!(host.addresses.len(), super::ADDRESSES_MAX);
        assert!(host.addresses.iter().any(std::net::SocketAddr::is_ipv6), "both families have a place");
    }
}

#[tokio::test]
async fn domains_with_the_same_hosts_are_one_site() {
    let table = Table::of(
        "one.example MX 10 a.example
         one.example MX 20 b.example
         two.example MX 5 b.example
         two.example MX 5 a.example
         a.example A 192.0.2.1
         b.example A 192.0.2.2",
    );
    let one = route(&table, &domain("one.example"), &Routing::default()).await.unwrap();
    let two = route(&table, &domain("two.example"), &Routing::default()).await.unwrap();
    assert_eq!(one.site, two.site);
    assert_eq!(one.site.as_str(), "a.example,b.example");
}

#[test]
fn equals_take_turns_and_preference_holds() {
    let mut hosts: Vec<_> = ["a.example", "b.example", "c.example"]
        .map(|name| super::Host { name: domain(name), preference: 10, addresses: Vec::new() })
        .into();
    hosts.push(super::Host { name: domain("last.example"), preference: 20, addresses: Vec::new() });
    let route = Route { site: super::Site::of([]), hosts, ttl_s: 60 };
    let mut first = HashMap::<String, u32>::new();
    for chance in 0..300_u64 {
        let order = route.order(chance.wrapping_mul(0x1234_5678_9abc_def1));
        *first.entry(order[0].name.to_string()).or_default() += 1;
        assert_eq!(order[3].name.as_str(), "last.example");
    }
    assert!(first.len() == 3 && first.values().all(|&count| count > 50), "{first:?}");
}

#[tokio::test]
async fn a_route_is_remembered_for_its_ttl() {
    let table = Arc::new(Table::of("plain.example MX 10 a.example\na.example A 192.0.2.1"));
    let routes = Routes::new(table.clone(), Routing::default());
    let now = jiff::Timestamp::UNIX_EPOCH;
    let seconds = |s: i64| now + jiff::SignedDuration::from_secs(s);
    let asked = || table.asked.load(Ordering::Relaxed);
    routes.to(&domain("plain.example"), now).await.unwrap();
    let once = asked();
    routes.to(&domain("plain.example"), seconds(599)).await.unwrap();
    assert_eq!(asked(), once);
    routes.to(&domain("plain.example"), seconds(600)).await.unwrap();
    assert_eq!(asked(), 2 * once);
}

#[tokio::test]
async fn trouble_is_not_remembered_and_denial_is() {
    let table = Arc::new(Table::of("silent.example SILENT"));
    let routes = Routes::new(table.clone(), Routing::default());
    let now = jiff::Timestamp::UNIX_EPOCH;
    for (name, no_route, questions) in
        [("silent.example", NoRoute::DnsTrouble, 2), ("gone.example", NoRoute::NoSuchDomain, 1)]
    {
        let before = table.asked.load(Ordering::Relaxed);
        for _ in 0..2 {
            assert_eq!(routes.to(&domain(name), now).await.err(), Some(no_route));
        }
        assert_eq!(table.asked.load(Ordering::Relaxed) - before, questions, "{name}");
    }
}
