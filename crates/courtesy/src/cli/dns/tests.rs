//! What `courtesy dns` says and exits with.

use standards::dns::Table;

use super::*;
use crate::config::Config;

const ZONE: &str = "library.example MX 10 mx.library.example\n\
     library.example TXT \"v=spf1 include:_spf.office.example -all\"\n\
     _spf.office.example TXT \"v=spf1 ip4:198.51.100.0/24 -all\"\n\
     _spf.notices.example TXT \"v=spf1 ip4:192.0.2.10 -all\"\n\
     bounces.notices.example MX 10 mx.notices.example\n\
     na1.mrpl.dkim.notices.example TXT \"v=DKIM1; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\"\n\
     na1._domainkey.library.example CNAME na1.mrpl.dkim.notices.example\n";

const REST: &str = "na2.mrpl.dkim.notices.example TXT \"v=DKIM1; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\"\n\
     na2._domainkey.library.example CNAME na2.mrpl.dkim.notices.example\n\
     notices-bounce.library.example CNAME bounces.notices.example\n";

fn ours() -> Ours {
    let mut config = Config::default();
    config.shared.domain = Domain::parse("notices.example").unwrap();
    Ours::new(&config, config.public_host.clone(), vec!["192.0.2.10".parse().unwrap()])
}

async fn kit(zone: &str) -> Option<Kit> {
    let (dns, ours, domain) = (Table::parse(zone).unwrap(), ours(), Domain::parse("library.example").unwrap());
    let code = facts::delegated_to(&dns, &ours, &domain).await?;
    let subject = facts::subject_by_delegation(&dns, &ours, &domain, Some(&code)).await;
    let now = "2026-11-02T10:00:00Z".parse().unwrap();
    Some(facts::kit(&dns, &ours, &subject, &code, now).await)
}

#[tokio::test]
async fn the_library_is_known_by_where_its_records_lead() {
    let kit = kit(ZONE).await.unwrap();
    assert_eq!(kit.records[1].target.as_str(), "na2.mrpl.dkim.notices.example");
    assert!(self::kit("library.example MX 10 mx.library.example\n").await.is_none());
}

#[tokio::test]
async fn it_exits_3_until_all_records_are_there() {
    assert_eq!(exit(&kit(ZONE).await.unwrap()), Exit::WouldNotArrive);
    let done = kit(&format!("{ZONE}{REST}")).await.unwrap();
    assert_eq!(exit(&done), Exit::Good);
    assert_eq!(summary(&done, Language::En), "3 of 3 records found at library.example.\n");
}

#[tokio::test]
async fn a_key_that_is_missing_at_our_end_is_not_the_librarys_fault() {
    let zone = format!("{ZONE}{REST}").replace("na2.mrpl.dkim.notices.example TXT", "other.example TXT");
    let kit = kit(&zone).await.unwrap();
    let State::Wrong(why) = &kit.records[1].state else { panic!("{:?}", kit.records[1].state) };
    assert_eq!(why.code, "not_at_our_end");
}

#[tokio::test]
async fn dns_that_is_silent_is_temporary() {
    let zone = format!("{ZONE}{REST}").replace(
        "notices-bounce.library.example CNAME bounces.notices.example",
        "notices-bounce.library.example SERVFAIL",
    );
    let kit = kit(&zone).await.unwrap();
    assert_eq!(kit.records[2].state, State::Unknown);
    assert_eq!(exit(&kit), Exit::Temporary);
}

#[tokio::test]
async fn the_change_of_the_spf_record_is_marked() {
    let kit = kit(ZONE).await.unwrap();
    let spf = kit.spf.as_ref().unwrap();
    insta::assert_snapshot!(format!("{}\n{}", change(spf, Language::En), change(spf, Language::Fr)));
}

#[tokio::test]
async fn a_record_that_lists_us_is_left_alone() {
    let zone = ZONE.replace("include:_spf.office.example -all", "include:_spf.notices.example -all");
    let kit = kit(&zone).await.unwrap();
    assert!(change(kit.spf.as_ref().unwrap(), Language::En).contains("Leave it as it is"));
}
