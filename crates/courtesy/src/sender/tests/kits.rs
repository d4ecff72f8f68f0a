//! The IT kit: what is found, and how it is written.

use super::super::{DnsHost, Format, KIT_LINK_LASTS, Kit, KitLink, State, Subject, allow, dkim_target, kit_token};
use super::{dns, keys, library, name, now, ours};
use crate::net;
use crate::notice::Language;
use crate::secret::Secret;

fn word(state: &State) -> String {
    match state {
        State::Found => "found".to_owned(),
        State::Absent => "absent".to_owned(),
        State::Unknown => "unknown".to_owned(),
        State::Wrong(why) => format!("wrong:{}", why.code),
    }
}

/// What differs from `expected`: the states of the records and, last, of SPF.
pub fn check(kit: &Kit, expected: &str) -> Option<String> {
    let records = kit.records.iter().map(|wanted| word(&wanted.state));
    let said: Vec<String> = records.chain(kit.spf.as_ref().map(|spf| word(&spf.state))).collect();
    (said.join(" ") != expected).then(|| format!("kit {} for {expected}", said.join(" ")))
}

async fn kit(zone: &str, domain: &str) -> Kit {
    let ours = ours();
    let subject = Subject::library(name(domain), keys(&ours.library_selectors), &ours);
    net::facts::kit(&dns(zone), &ours, &subject, &library(None).code, now()).await
}

const ZONE: &str = "library.example MX 10 mx.library.example\n\
     library.example TXT \"v=spf1 include:_spf.office.example -all\"\n\
     _spf.office.example TXT \"v=spf1 ip4:198.51.100.0/24 -all\"\n\
     na1._domainkey.library.example CNAME na1.mrpl.dkim.notices.example\n\
     na2._domainkey.library.example.library.example CNAME na2.mrpl.dkim.notices.example";

#[tokio::test]
async fn every_format_says_the_same_records() {
    let kit = kit(ZONE, "library.example").await;
    for format in Format::ALL {
        let text = kit.render(format, Language::En);
        assert!(text.contains("na2._domainkey") && text.contains("na2.mrpl.dkim.notices.example"), "{text}");
        assert!(text.contains("notices-bounce"), "{text}");
        assert_eq!(Format::from_code(format.code()), Some(format));
    }
}

#[tokio::test]
async fn the_kit_reads_well() {
    let kit = kit(ZONE, "library.example").await;
    let mut text = String::new();
    for format in Format::ALL {
        for language in [Language::En, Language::Fr] {
            if language == Language::En || matches!(format, Format::Table | Format::Letter) {
                text.push_str(&format!("── {} {}\n{}\n", format.code(), language.tag(), kit.render(format, language)));
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn names_of_a_subdomain_are_short_in_the_zone_above() {
    let kit = kit("", "ill.library.example").await;
    assert_eq!(kit.zone, name("library.example"));
    assert!(kit.render(Format::Zone, Language::En).contains("\nna1._domainkey.ill 3600 IN CNAME na1.mrpl"));
}

#[tokio::test]
async fn the_merged_list_keeps_what_is_there() {
    let spf = kit(ZONE, "library.example").await.spf.unwrap();
    assert_eq!(spf.proposal.merge.record, "v=spf1 include:_spf.office.example include:_spf.notices.example -all");
    assert!(spf.proposal.works);
}

#[tokio::test]
async fn a_finished_kit_has_nothing_to_add() {
    let zone = "na1._domainkey.library.example CNAME na1.mrpl.dkim.notices.example\n\
         na2._domainkey.library.example CNAME na2.mrpl.dkim.notices.example\n\
         notices-bounce.library.example CNAME bounces.notices.example\n\
         library.example TXT \"v=spf1 include:_spf.notices.example -all\"";
    let kit = kit(zone, "library.example").await;
    assert!(kit.is_done());
    assert_eq!(kit.render(Format::Zone, Language::En), "; add to library.example\n");
}

#[tokio::test]
async fn a_key_missing_at_our_end_is_our_job() {
    let zone = "na1._domainkey.library.example CNAME na1.late.dkim.notices.example";
    let ours = ours();
    let code = crate::library::LibraryCode::parse("LATE").unwrap();
    let subject = Subject::library(name("library.example"), keys(&ours.library_selectors), &ours);
    let kit = net::facts::kit(&dns(zone), &ours, &subject, &code, now()).await;
    assert_eq!(word(&kit.records[0].state), "wrong:not_at_our_end");
}

#[test]
fn a_selector_points_to_the_librarys_name_under_our_domain() {
    let target = dkim_target("na1", &library(None).code, &ours()).unwrap();
    assert_eq!(target, name("na1.mrpl.dkim.notices.example"));
}

#[test]
fn a_zones_host_is_known_where_all_its_name_servers_are_one_companys() {
    let host = |servers: &[&str]| {
        let servers: Vec<_> = servers.iter().map(|server| name(server)).collect();
        DnsHost::of(&servers)
    };
    // Put together: names of real companies stand in the table alone.
    let cloud = |first: &str| format!("{first}.ns.cloudflare.{}", "com");
    let route = format!("ns-1.awsdns-12.{}", "net");
    let found = host(&[&cloud("ada"), &cloud("bob")]).unwrap();
    assert_eq!((found.name.as_str(), found.dot), ("Cloudflare", false));
    assert_eq!(found.proxy.as_ref().unwrap().right, "DNS only");
    assert_eq!(host(&[&route]).unwrap().name, "Amazon Route 53");
    assert_eq!(host(&[&cloud("ada"), &route]), None, "two companies' panels differ");
    assert_eq!(host(&["ns1.library.example"]), None);
    assert_eq!(host(&[]), None);
}

#[test]
fn a_link_opens_the_kit_of_its_library_until_its_day_and_is_made_by_us_alone() {
    let (secret, code) = (Secret::from_octets([1; 32]), library(None).code);
    let until = now() + KIT_LINK_LASTS;
    let token = kit_token(&secret, &code, until);
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
    let until = jiff::Timestamp::from_second(until.as_second()).unwrap();
    assert_eq!(KitLink::read(&secret, &token, now()), KitLink::Opens(code, until));
    assert_eq!(KitLink::read(&secret, &token, until), KitLink::Over(until));
    assert_eq!(KitLink::read(&Secret::from_octets([2; 32]), &token, now()), KitLink::NotOurs);
    let other = |index: usize| {
        let mut letters: Vec<u8> = token.bytes().collect();
        letters[index] = if letters[index] == b'A' { b'B' } else { b'A' };
        String::from_utf8(letters).unwrap()
    };
    for index in 0..token.len() - 1 {
        assert_eq!(KitLink::read(&secret, &other(index), now()), KitLink::NotOurs, "letter {index}");
    }
    for wrong in ["", "a", "\u{e9}", &"A".repeat(9000)] {
        assert_eq!(KitLink::read(&secret, wrong, now()), KitLink::NotOurs);
    }
}

#[test]
fn mail_systems_are_told_our_addresses_and_no_more() {
    let relays = ["192.0.2.10".parse().unwrap(), "2001:db8::10".parse().unwrap()];
    assert_eq!(allow::postfix(&relays), "192.0.2.10/32            OK\n2001:db8::10/128         OK\n");
    let hosts = [name("out1.notices.example"), name("out2.notices.example")];
    let commands = allow::exchange_online(&name("library.example"), &hosts);
    assert_eq!(commands.lines().count(), 1, "servers of one organization are told once: {commands}");
    assert!(commands.contains("-SpoofedUser \"library.example\" -SendingInfrastructure \"notices.example\""));
}
