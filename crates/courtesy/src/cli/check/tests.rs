//! What `courtesy check` says, and what it exits with.

use std::net::IpAddr;

use standards::dns::Table;

use super::*;
use crate::config::Config;
use crate::sender::Ours;

const KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA";

fn zone() -> Table {
    Table::parse(&format!(
        "notices.example MX 10 mx.notices.example\n\
         notices.example TXT \"v=spf1 include:_spf.notices.example -all\"\n\
         bounces.notices.example MX 10 mx.notices.example\n\
         bounces.notices.example TXT \"v=spf1 include:_spf.notices.example -all\"\n\
         _spf.notices.example TXT \"v=spf1 ip4:192.0.2.10 -all\"\n\
         _dmarc.notices.example TXT \"v=DMARC1; p=reject\"\n\
         c1._domainkey.notices.example TXT \"v=DKIM1; k=rsa; p={KEY}\"\n\
         na1.mrpl.dkim.notices.example TXT \"v=DKIM1; k=rsa; p={KEY}\"\n\
         ready.example MX 10 mx.ready.example\n\
         _dmarc.ready.example TXT \"v=DMARC1; p=reject\"\n\
         na1._domainkey.ready.example CNAME na1.mrpl.dkim.notices.example\n\
         notices-bounce.ready.example CNAME bounces.notices.example\n\
         strict.example MX 10 mx.strict.example\n\
         strict.example TXT \"v=spf1 ip4:198.51.100.1 -all\"\n\
         _dmarc.strict.example TXT \"v=DMARC1; p=reject\"\n\
         silent.example SERVFAIL\n"
    ))
    .unwrap()
}

fn known(service: bool) -> Known {
    let mut config = Config::default();
    if service {
        config.shared.domain = Domain::parse("notices.example").unwrap();
    }
    let relays: Vec<IpAddr> = vec![if service { "192.0.2.10" } else { "203.0.113.254" }.parse().unwrap()];
    Known { ours: Ours::new(&config, config.public_host.clone(), relays), service, relays: service }
}

async fn checked(text: &str, service: bool) -> Checked {
    let what = subject(text).unwrap();
    check(&zone(), &known(service), &what, "2026-11-02T10:00:00Z".parse().unwrap()).await
}

#[tokio::test]
async fn a_strict_domain_without_us_is_refused_and_the_fix_is_named() {
    let checked = checked("ill@strict.example", true).await;
    assert_eq!(checked.exit(), Exit::WouldNotArrive);
    assert_eq!(checked.shared_arrives, Some(true));
    insta::assert_snapshot!(format!("{}\n{}", checked.words(Language::En), checked.words(Language::Fr)));
}

#[tokio::test]
async fn a_domain_that_delegates_arrives() {
    let checked = checked("ready.example", true).await;
    assert_eq!(checked.exit(), Exit::Good);
    insta::assert_snapshot!(checked.words(Language::En));
}

#[tokio::test]
async fn without_a_service_it_is_checked_as_from_a_server_that_nobody_lists() {
    let checked = checked("ill@ready.example", false).await;
    assert_eq!(checked.exit(), Exit::WouldNotArrive);
    assert!(checked.because.iter().all(|reason| label(reason) != "CNAME"), "nothing is known of a return path");
    insta::assert_snapshot!(checked.words(Language::En));
}

#[tokio::test]
async fn a_dns_that_is_silent_is_temporary_and_says_so() {
    let checked = checked("ill@silent.example", true).await;
    assert_eq!(checked.exit(), Exit::Temporary);
    assert!(checked.words(Language::En).contains("Try again in a few minutes"));
    assert!(checked.words(Language::Fr).contains("Réessayez"));
}

#[tokio::test]
async fn the_shared_address_can_be_checked_too() {
    let checked = checked("mrpl@notices.example", true).await;
    assert_eq!(checked.exit(), Exit::Good, "{}", checked.words(Language::En));
    assert_eq!(checked.records_wanted, 0);
}

#[tokio::test]
async fn a_public_mailbox_has_no_records_to_publish() {
    let mailbox = format!("library@{}", ["gmail", "com"].join("."));
    let checked = checked(&mailbox, true).await;
    assert_eq!(checked.records_wanted, 0);
    assert!(!checked.words(Language::En).contains("dns kit"));
}

#[test]
fn what_is_no_address_and_no_domain_is_refused() {
    assert!(subject("ill@").is_err());
    assert!(subject("no domain").is_err());
    assert_eq!(subject("ILL@Library.Example").unwrap().domain.as_str(), "library.example");
}
