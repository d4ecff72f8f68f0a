//! What a library's own mail system would do, and what providers have published: rules and words.

use jiff::SignedDuration;
use standards::spf::count::{Dead, WayOut};

use super::super::kit::way_out;
use super::super::verdict::{Asks, published};
use super::super::{
    Certainty, Family, Proof, ProviderVerdict, Reason, SenderKind, StaffVerdict, Subject, Verdict, staff_verdict,
};
use super::{dns, keys, name, ours, prove};

const READY: &str = "_dmarc.library.example TXT \"v=DMARC1; p=reject\"\n\
    na1._domainkey.library.example CNAME na1.mrpl.dkim.notices.example";

async fn proof(zone: &str) -> Proof {
    let ours = ours();
    let subject = Subject::library(name("library.example"), keys(&ours.library_selectors), &ours);
    prove(&dns(zone), &ours, &subject, SignedDuration::ZERO).await
}

/// The verdict on mail from our relays in the name of a library with this mail server.
async fn at(host: &str, zone: &str, sender: SenderKind) -> Option<StaffVerdict> {
    staff_verdict(&proof(&format!("library.example MX 10 {host}\n{zone}")).await, sender)
}

#[tokio::test]
async fn filters_that_guard_the_own_domain_refuse_it_from_outside_whatever_dns_proves() {
    let own = |host: &'static str| at(host, READY, SenderKind::Own);
    let mimecast = own("eu-smtp-inbound-1.mimecast.com").await.unwrap();
    assert_eq!((mimecast.system, mimecast.verdict), (Some("Mimecast"), Verdict::Rejected));
    assert_eq!(mimecast.certainty, Certainty::Published);
    assert!(mimecast.fix.is_some() && mimecast.headline.en.contains("(Mimecast) would refuse this"));
    let proofpoint = own("mx0a-00000001.pphosted.com").await.unwrap();
    assert_eq!((proofpoint.verdict, proofpoint.fix.is_some()), (Verdict::SpamRisk, true));
    // These go by what is proven.
    for host in ["library-example.mail.protection.outlook.com", "aspmx.l.google.com", "mx.library.example"] {
        let plain = own(host).await.unwrap();
        assert_eq!((plain.verdict, plain.fix), (Verdict::Arrives, None), "{host}");
    }
}

#[tokio::test]
async fn what_is_unproven_is_the_records_fault_and_not_the_filters() {
    let zone = "_dmarc.library.example TXT \"v=DMARC1; p=reject\"";
    let refused = at("mx.library.example", zone, SenderKind::Own).await.unwrap();
    assert_eq!((refused.system, refused.verdict, refused.fix), (None, Verdict::Rejected, None));
    assert_eq!(refused.why.code, "staff_unproven");
}

#[tokio::test]
async fn our_own_address_and_the_librarys_own_relay_look_forged_to_nobody() {
    let at_mimecast = |sender| at("eu-smtp-inbound-1.mimecast.com", "", sender);
    assert_eq!(at_mimecast(SenderKind::Shared).await.unwrap().verdict, Verdict::Likely);
    assert_eq!(at_mimecast(SenderKind::Relay).await.unwrap().verdict, Verdict::Arrives);
    assert_eq!(staff_verdict(&proof("library.example TXT \"x\"").await, SenderKind::Own), None, "no mailboxes there");
}

#[tokio::test]
async fn a_verdict_that_the_standards_do_not_give_names_the_published_rule() {
    let verdicts = |zone: &'static str| async move {
        proof(&format!("library.example MX 10 mx.library.example\n{zone}")).await.verdicts(&[])
    };
    let of = |verdicts: &[ProviderVerdict], family| verdicts.iter().find(|one| one.family == family).cloned().unwrap();
    // Nothing vouches, and nothing forbids: only what Gmail has published does.
    let bare = verdicts("").await;
    let gmail = of(&bare, Family::Gmail);
    assert_eq!((gmail.verdict, gmail.certainty), (Verdict::Rejected, Certainty::Published));
    assert_eq!(gmail.published.unwrap().code, "asks_authentication");
    let others = of(&bare, Family::Other);
    assert_eq!((others.certainty, others.published), (Certainty::Rule, None), "they have published nothing together");
    // A policy of the domain's own is a rule for everyone.
    let strict = verdicts("_dmarc.library.example TXT \"v=DMARC1; p=reject\"").await;
    assert!(strict.iter().all(|one| one.certainty == Certainty::Rule && one.published.is_none()));
}

fn every_word() -> Vec<Reason> {
    let merge = standards::spf::edit::merge(&[], &["ip4:192.0.2.10"]).unwrap();
    let term = || "include:gone.example".to_owned();
    let dead = |why| WayOut::DropDead { term: term(), why, saves: 2 };
    let at = || name("gone.example");
    let ways = [
        dead(Dead::NoName),
        dead(Dead::NoRecord(at())),
        dead(Dead::Several(at())),
        dead(Dead::Faulty { at: at(), fault: "x".to_owned() }),
        dead(Dead::Circle),
        WayOut::DropPtr { term: "ptr".to_owned(), saves: 1 },
        WayOut::UseAddresses { merge, lookups: 9 },
        WayOut::UseReturnPath,
        WayOut::Review { term: term(), saves: 4 },
    ];
    let asks = [Asks::Policy, Asks::Alignment, Asks::Authentication, Asks::Domain];
    let published =
        asks.into_iter().flat_map(|asks| [Family::Gmail, Family::Yahoo].map(|family| published(family, asks)));
    ways.iter().map(way_out).chain(published).collect()
}

#[test]
fn ways_out_and_published_rules_are_said_in_both_languages() {
    for reason in every_word() {
        assert!(reason.en.ends_with(['.', '?']) && reason.fr.ends_with(['.', '?']), "{} {}", reason.en, reason.fr);
        assert_ne!(reason.en, reason.fr);
        assert!(!reason.fr.contains(" the ") && !reason.fr.contains("publishes"), "{}", reason.fr);
    }
}
