//! A strict receiver, written without the proof's code: no plan in a library's name may fail there, and no library that
//! it would believe may be sent from the shared address.

use std::net::IpAddr;

use jiff::SignedDuration;
use standards::dkim::KeyRecord;
use standards::dmarc::{Authenticated, Evaluation, Verdict, discover_for, evaluate};
use standards::dns::{Dns, Table};
use standards::domain::Domain;
use standards::spf::{self, SpfResult};

use super::super::{Plan, SenderKind, Subject, Verdict as Predicted, plan};
use super::{dns, keys, library, name, now, ours, prove, public, situation};

/// What the receiver finds in a message from one relay; none when its DNS gave no answer to something.
async fn receive(
    dns: &Table,
    from: &Domain,
    return_path: &Domain,
    dkim: &[(Domain, String)],
    relay: IpAddr,
) -> Option<Evaluation> {
    let mail_from = format!("b@{return_path}");
    let query =
        spf::Query { ip: relay, mail_from: &mail_from, helo: "mta1.notices.example", receiver: None, now: now() };
    let checked = spf::check(dns, &query).await.result;
    let mut verified = Vec::new();
    for (domain, selector) in dkim {
        let at = domain.below(&format!("{selector}._domainkey")).unwrap();
        let texts = dns.txt(&at).await.ok()?.records;
        if let [text] = &texts[..]
            && KeyRecord::parse(text).is_ok_and(|key| key.is("rsa", &public("key")))
        {
            verified.push(domain.clone());
        }
    }
    let spf = (checked == SpfResult::Pass).then(|| return_path.clone());
    let identifiers: Vec<Domain> = spf.iter().chain(&verified).cloned().collect();
    let discovery = discover_for(dns, from, &identifiers).await;
    let evaluation = evaluate(&discovery, &Authenticated { spf, dkim: verified });
    (checked != SpfResult::TempError || !evaluation.aligned_by_walk.is_empty()).then_some(evaluation)
}

/// Both kinds of receivers pass it, or know no policy and have something of the From domain to hold on to.
fn believes(evaluation: &Evaluation) -> bool {
    let held = !evaluation.aligned_by_walk.is_empty() || !evaluation.aligned_by_list.is_empty();
    [&evaluation.by_walk, &evaluation.by_list]
        .iter()
        .all(|verdict| **verdict == Verdict::Pass || **verdict == Verdict::None && held)
}

async fn is_believed(dns: &Table, from: &Domain, return_path: &Domain, dkim: &[(Domain, String)]) -> bool {
    for relay in ours().relays {
        if !receive(dns, from, return_path, dkim, relay).await.is_some_and(|evaluation| believes(&evaluation)) {
            return false;
        }
    }
    true
}

const MX: &str = "library.example MX 10 mx.library.example";

/// Every combination of what is usual and what goes wrong: SPF, DMARC, keys, return path.
fn situations() -> Vec<String> {
    let spf = [
        "",
        "library.example TXT \"v=spf1 -all\"",
        "library.example TXT \"v=spf1 mx ~all\"",
        "library.example TXT \"v=spf1 include:_spf.notices.example -all\"",
        "library.example TXT \"v=spf1 ip4:192.0.2.10 -all\"",
        "library.example TXT \"v=spf1 ?include:_spf.notices.example -all\"",
        "library.example TXT \"v=spf1 -all\"\nlibrary.example TXT \"v=spf1 include:_spf.notices.example -all\"",
        "library.example TXT \"v=spf1 include:_spf.broken.example include:_spf.notices.example -all\"\nbroken.example SERVFAIL",
    ];
    let dmarc = [
        "",
        "_dmarc.library.example TXT \"v=DMARC1; p=reject\"",
        "_dmarc.library.example TXT \"v=DMARC1; p=quarantine; t=y\"",
        "_dmarc.library.example TXT \"v=DMARC1; p=none; rua=mailto:d@library.example\"",
        "_dmarc.library.example TXT \"v=DMARC1; p=reject; adkim=s; aspf=s\"",
        "_dmarc.library.example TXT \"v=DMARC1; p=reject; psd=y\"",
        "_dmarc.library.example TXT \"v=DMARC1; adkim=s\"",
        "_dmarc.library.example TXT \"v=DMARC1; p=reject\"\n_dmarc.notices-bounce.library.example TXT \"v=DMARC1; p=none; psd=n\"",
        "_dmarc.example TXT \"v=DMARC1; p=reject; psd=y\"",
        "_dmarc.library.example SERVFAIL",
        "_dmarc.library.example TXT \"v=DMARC1; p=reject\"\n_dmarc.example SERVFAIL",
    ];
    let keys = [
        "",
        "na1._domainkey.library.example CNAME na1.mrpl.dkim.notices.example",
        "na2._domainkey.library.example TXT \"v=DKIM1; p={key}\"",
        "na1._domainkey.library.example TXT \"v=DKIM1; p=\"",
        "na1._domainkey.library.example TXT \"v=DKIM1; p={oldkey}\"",
        "_domainkey.library.example SERVFAIL",
    ];
    let return_path = [
        "",
        "notices-bounce.library.example CNAME bounces.notices.example",
        "notices-bounce.library.example A 203.0.113.7",
        "notices-bounce.library.example SERVFAIL",
    ];
    let mut all = Vec::new();
    for spf in spf {
        for dmarc in dmarc {
            for keys in keys {
                all.extend(return_path.map(|return_path| [MX, spf, dmarc, keys, return_path].join("\n")));
            }
        }
    }
    all
}

async fn planned(zone: &Table) -> (Plan, Vec<Predicted>) {
    let (ours, library) = (ours(), library(Some("ill@library.example")));
    let own = Subject::library(name("library.example"), keys(&ours.library_selectors), &ours);
    let proofs = [
        prove(zone, &ours, &own, SignedDuration::ZERO).await,
        prove(zone, &ours, &Subject::shared(keys(&ours.selectors), &ours), SignedDuration::ZERO).await,
    ];
    let predicted = proofs[0].verdicts(&[]).iter().map(|said| said.verdict).collect();
    (plan(&situation(&library, &proofs, &ours), now()), predicted)
}

/// Whether some way in the library's own name would be believed, tried one by one.
async fn could_be_own(zone: &Table) -> bool {
    let from = name("library.example");
    let bounce = name("notices-bounce.library.example");
    let alias = zone.cname(&bounce).await.is_ok_and(|found| found.records == [name("bounces.notices.example")]);
    for selector in ["na1", "na2"] {
        if is_believed(zone, &from, &name("bounces.notices.example"), &[(from.clone(), selector.to_owned())]).await {
            return true;
        }
    }
    is_believed(zone, &from, &from, &[]).await || alias && is_believed(zone, &from, &bounce, &[]).await
}

#[tokio::test]
async fn a_strict_receiver_believes_every_own_plan_and_no_believable_library_is_left_out() {
    let (mut own, mut shared, mut unproven, all) = (0, 0, 0, situations());
    for text in &all {
        let zone = dns(text);
        let (plan, predicted) = planned(&zone).await;
        let from = plan.from.domain();
        // The shared plan is ours to keep right, and believed in every situation.
        assert!(
            is_believed(&zone, from, &plan.return_path_domain, &plan.dkim).await,
            "{} is not believed in\n{text}",
            plan.rung.code()
        );
        let possible = could_be_own(&zone).await;
        assert_eq!(plan.sender == SenderKind::Own, possible, "{} in\n{text}", plan.rung.code());
        // What is predicted of the own address agrees with what is chosen.
        let worst = predicted.into_iter().max().unwrap();
        assert_eq!(possible, worst <= Predicted::Likely, "predicted {worst:?}, chosen {} in\n{text}", plan.rung.code());
        // What a server does that simply writes the library's address over its own return path.
        let library = name("library.example");
        unproven += usize::from(is_believed(&zone, &library, &name("bounces.notices.example"), &[]).await);
        own += usize::from(possible);
        shared += usize::from(!possible);
    }
    println!("{} situations: {own} own, {shared} shared, all believed; without proof {unproven} would be", all.len());
    assert!(own > 300 && shared > 300);
}
