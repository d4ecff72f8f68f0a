//! Today's notices, spoofed by a hosted server: what each provider makes of each library's situation.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use practice::provider::{Decision, Reason, Spec};
use practice::spoof;
use practice::table::{Cell, by_library_and_provider, totals};
use practice::world::{CannotStart, LIBRARIES, Options};

use crate::client::world;

const PROVIDERS: [&str; 5] = ["gmail.example", "outlook.example", "yahoo.example", "icloud.example", "plain.example"];

#[tokio::test]
async fn each_situation_fares_at_each_provider_as_on_the_internet() {
    let running = world().await;
    let begun = Instant::now();
    let sent = spoof::notices(&running, Timestamp::now()).await.unwrap();
    println!("{} spoofed notices, one after the other, in {:?}", sent.len(), begun.elapsed());
    let table = by_library_and_provider(&running.mailboxes().kept());
    let letter = |library: &str, provider: &str| {
        let counts = &table[&Cell { from_domain: library.into(), provider: provider.into() }];
        assert_eq!(counts.total(), 1);
        match (counts.accepted, counts.junked, counts.refused) {
            (1, 0, 0) => 'a',
            (0, 1, 0) => 'j',
            (0, 0, 1) => 'r',
            _ => '?',
        }
    };
    let rows: Vec<String> = LIBRARIES
        .iter()
        .map(|library| {
            let fates: String = PROVIDERS.iter().map(|provider| letter(library.domain, provider)).collect();
            format!("{} {fates}", library.situation.letter())
        })
        .collect();
    // gmail, outlook, yahoo, icloud, plain: accepted, junked or refused.
    let expected = ["A rrrrr", "B rrrrr", "C rrrrr", "D rjrra", "E rjrra", "F rjrra", "G rjrrj", "H aaaaa", "I rjrrj"];
    assert_eq!(rows, expected);

    let all = totals(&running.mailboxes().kept());
    assert_eq!((all.accepted, all.junked, all.refused, all.deferred), (8, 7, 30, 0));
    assert_eq!(all.reasons[&Reason::DmarcReject], 15);
    assert_eq!(all.reasons[&Reason::Unauthenticated], 20);
    assert_eq!(all.reasons[&Reason::Fine], 8);

    assert_eq!(sent.len(), 45);
    let refused = sent.iter().filter(|notice| notice.reply.is_permanent()).count();
    assert_eq!(refused, 30, "the sender hears of refusals and not of junk");
}

#[tokio::test]
async fn the_senders_hear_the_providers_own_words() {
    let running = world().await;
    let sent = spoof::notices(&running, Timestamp::now()).await.unwrap();
    let heard = |library: &str, provider: &str| {
        let found = sent.iter().find(|n| n.library.domain == library && n.provider.as_str() == provider).unwrap();
        found.reply.to_string()
    };
    assert!(heard("alder.example", "gmail.example").starts_with(
        "550 5.7.26 Unauthenticated email from alder.example is not accepted due to domain's DMARC policy."
    ));
    let unauthenticated = heard("dogwood.example", "gmail.example");
    assert!(unauthenticated.starts_with(
        "550 5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to \
         authenticate with either SPF or DKIM."
    ));
    assert!(unauthenticated.contains("SPF [dogwood.example] with ip: [127.77.2.10] = did not pass"));
    assert!(heard("alder.example", "outlook.example").starts_with(
        "550 5.7.515 Access denied, sending domain alder.example does not meet the required authentication level."
    ));
    assert!(heard("alder.example", "yahoo.example").starts_with("554 5.7.9 Message not accepted for policy reasons."));
    assert!(heard("alder.example", "icloud.example").contains("rejected due to alder.example's DMARC policy"));
    assert!(heard("ivy.example", "icloud.example").contains("failing both SPF and DKIM autentication checks"));
    assert_eq!(heard("alder.example", "plain.example"), "550 5.7.26 rejected by DMARC policy for alder.example");
}

#[tokio::test]
async fn what_is_kept_says_what_was_checked() {
    let running = world().await;
    spoof::notices(&running, Timestamp::now()).await.unwrap();
    let kept = running.mailboxes().kept();
    let ginkgo = kept
        .iter()
        .find(|k| {
            k.provider.as_str() == "outlook.example"
                && k.mail_from.as_ref().unwrap().domain().as_str() == "ginkgo.example"
        })
        .unwrap();
    assert_eq!(ginkgo.decision, Decision::Junked);
    assert_eq!(ginkgo.client_ip.to_string(), "127.77.2.10");
    let raw = String::from_utf8(ginkgo.raw.clone()).unwrap();
    assert!(raw.starts_with(
        "Return-Path: <ill@ginkgo.example>\r\nAuthentication-Results: mx1.outlook.example;\r\n dkim=none;\r\n \
         spf=softfail (client-ip=127.77.2.10) smtp.mailfrom=ginkgo.example;\r\n iprev=pass policy.iprev=127.77.2.10;\r\n \
         dmarc=fail (p=quarantine) header.from=ginkgo.example\r\nFrom: "
    ), "{raw}");
    let fir = kept.iter().find(|k| k.from_domain.as_ref().unwrap().as_str() == "fir.example").unwrap();
    assert_eq!(fir.spf.to_string(), "permerror");
    let elm = kept.iter().find(|k| k.from_domain.as_ref().unwrap().as_str() == "elm.example").unwrap();
    assert_eq!(elm.spf.to_string(), "permerror");
}

#[tokio::test]
async fn what_it_publishes_today_counts_at_the_next_message() {
    let running = world().await;
    let ivy = "ivy.example".parse().unwrap();
    running.publish_txt(&ivy, &["v=spf1 include:_spf.hosted-old.example -all"]);
    spoof::notices(&running, Timestamp::now()).await.unwrap();
    let kept = running.mailboxes().kept();
    let accepted = kept.iter().filter(|k| k.from_domain.as_ref() == Some(&ivy) && k.decision == Decision::Accepted);
    assert_eq!(accepted.count(), 5);
}

#[tokio::test]
async fn an_office_beside_the_five_refuses_in_its_own_words() {
    let more_providers = vec![practice::world::office()];
    let running = practice::world::start(Options { more_providers, ..Options::default() }).await.unwrap();
    let sent = spoof::notices(&running, Timestamp::now()).await.unwrap();
    let office = sent.iter().find(|n| n.library.domain == "alder.example" && n.provider.as_str() == "office.example");
    assert_eq!(
        office.unwrap().reply.to_string(),
        "550 5.7.509 Access denied, sending domain alder.example does not pass DMARC verification and has a DMARC \
         policy of reject."
    );
}

#[tokio::test]
async fn it_starts_at_once_and_many_run_side_by_side() {
    let first = world().await;
    let begun = Instant::now();
    let second = world().await;
    let took = begun.elapsed();
    println!("practice internet started in {took:?}");
    assert_ne!(first.smtp_port(), second.smtp_port());
    assert_ne!(first.resolver_addr(), second.resolver_addr());
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn a_machine_without_these_addresses_says_what_to_do() {
    let elsewhere = Spec { ip: [192, 0, 2, 1].into(), ..practice::world::office() };
    let started = practice::world::start(Options { more_providers: vec![elsewhere], ..Options::default() }).await;
    let Err(error @ CannotStart::Loopback { .. }) = started else { panic!("192.0.2.1 cannot be bound") };
    assert!(error.to_string().contains("sudo ifconfig lo0 alias 192.0.2.1 up"), "{error}");
}

#[tokio::test]
async fn whoever_waits_for_mail_hears_of_it() {
    let running = world().await;
    let mailboxes = running.mailboxes().clone();
    let waiting = tokio::spawn(async move { mailboxes.wait_for(45, Duration::from_secs(30)).await });
    spoof::notices(&running, Timestamp::now()).await.unwrap();
    assert!(waiting.await.unwrap());
    assert!(!running.mailboxes().wait_for(46, Duration::ZERO).await);
    let patron = "patron@gmail.example".parse().unwrap();
    assert_eq!(running.mailboxes().of(&patron).len(), 9);
    running.mailboxes().clear();
    assert_eq!(running.mailboxes().count(), 0);
}
