//! Mail that is what it says: signed, from the relay, in the name of a domain that has agreed.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::{RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use practice::dns::Failure;
use practice::provider::{Decision, Discovery, Mark};
use practice::world::{NAMELESS, Options, RELAYS, Running};
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize};
use rustls::pki_types::PrivateKeyDer;
use standards::domain::Domain;

use crate::client::{Client, message, world};

const PROVIDERS: [&str; 5] = ["gmail.example", "outlook.example", "yahoo.example", "icloud.example", "plain.example"];

static KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap());

fn public_key() -> String {
    format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(KEY.subject_public_key_info()))
}

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// A practice internet in which the service and cedar (by delegation) have the key.
async fn with_keys() -> Running {
    practice::world::start(Options {
        dkim: vec![
            (name("s1._domainkey.notices.example"), public_key()),
            (name("cdre.dkim.notices.example"), public_key()),
        ],
        delegated: vec![(name("s1._domainkey.cedar.example"), name("cdre.dkim.notices.example"))],
        ..Options::default()
    })
    .await
    .unwrap()
}

fn signed(message: &str, domain: &str) -> String {
    let key = PrivateKeyDer::try_from(KEY.serialize_der()).unwrap();
    let key = RsaKey::<Sha256>::from_key_der(key).unwrap();
    let signature = DkimSigner::from_key(key)
        .domain(domain)
        .selector("s1")
        .headers(["From", "To", "Subject", "Date", "Message-ID"])
        .sign(message.as_bytes())
        .unwrap();
    format!("{}{message}", signature.to_header())
}

#[tokio::test]
async fn mail_of_the_service_passes_everywhere() {
    let running = with_keys().await;
    for provider in PROVIDERS {
        let to = format!("patron-7@{provider}");
        let mail = signed(&message("aldr@notices.example", &to), "notices.example");
        let reply = Client::greeted(&running, provider).await.offer("b+1@bounces.notices.example", &to, &mail).await;
        assert_eq!(reply.code, 250, "{provider}: {reply}");
    }
    for kept in running.mailboxes().kept() {
        assert_eq!(kept.decision, Decision::Accepted, "{}", kept.provider);
        assert_eq!((kept.spf, kept.dmarc), (Mark::Pass, Mark::Pass));
        assert_eq!(kept.dkim[0].mark, Mark::Pass);
        assert_eq!(kept.message_id, "1.aldr@notices.example");
    }
}

#[tokio::test]
async fn a_delegated_key_speaks_for_the_library() {
    let running = with_keys().await;
    for provider in PROVIDERS {
        let to = format!("patron@{provider}");
        let mail = signed(&message("ill@cedar.example", &to), "cedar.example");
        let reply =
            Client::greeted(&running, provider).await.offer("b+1@notices-bounce.cedar.example", &to, &mail).await;
        assert_eq!(reply.code, 250, "{provider}: {reply}");
    }
    for kept in running.mailboxes().kept() {
        assert_eq!((kept.spf, kept.dmarc), (Mark::Pass, Mark::Pass), "{}", kept.provider);
    }
}

#[tokio::test]
async fn an_include_speaks_for_the_library_through_the_relays_alone() {
    let running = world().await;
    for provider in PROVIDERS {
        let to = format!("patron@{provider}");
        let mail = message("ill@birch.example", &to);
        let reply = Client::greeted(&running, provider).await.offer("ill@birch.example", &to, &mail).await;
        assert_eq!(reply.code, 250, "{provider}: {reply}");
    }
    assert!(running.mailboxes().kept().iter().all(|kept| kept.dmarc == Mark::Pass));
}

#[tokio::test]
async fn a_signature_of_another_domain_is_no_proof_for_the_library() {
    let running = with_keys().await;
    let to = "patron@gmail.example";
    let mail = signed(&message("ill@alder.example", to), "notices.example");
    let reply = Client::greeted(&running, "gmail.example").await.offer("b@bounces.notices.example", to, &mail).await;
    assert_eq!(reply.code, 550, "{reply}");
    let kept = &running.mailboxes().kept()[0];
    assert_eq!((kept.spf, kept.dkim[0].mark, kept.dmarc), (Mark::Pass, Mark::Pass, Mark::Fail));
}

#[tokio::test]
async fn a_changed_message_does_not_verify() {
    let running = with_keys().await;
    let to = "patron@gmail.example";
    let mail = signed(&message("ill@cedar.example", to), "cedar.example").replace("it is here", "it is gone");
    let reply = Client::greeted(&running, "gmail.example").await.offer("x@cedar.example", to, &mail).await;
    assert!(reply.to_string().starts_with("550 5.7.26"), "{reply}");
    assert_eq!(running.mailboxes().kept()[0].dkim[0].mark, Mark::Fail);
}

#[tokio::test]
async fn white_space_lines_added_at_the_end_on_the_way_do_no_harm() {
    let running = with_keys().await;
    let to = "patron@gmail.example";
    let mail = signed(&message("ill@cedar.example", to), "cedar.example") + " \r\n\t\r\n\r\n";
    let reply =
        Client::greeted(&running, "gmail.example").await.offer("x@notices-bounce.cedar.example", to, &mail).await;
    assert_eq!(reply.code, 250, "{reply}");
    assert_eq!(running.mailboxes().kept()[0].dkim[0].mark, Mark::Pass);
}

#[tokio::test]
async fn a_key_taken_away_ends_the_proof() {
    let running = with_keys().await;
    running.put_dkim(&name("cdre.dkim.notices.example"), "v=DKIM1; k=rsa; p=");
    let to = "patron@gmail.example";
    let mail = signed(&message("ill@cedar.example", to), "cedar.example");
    let reply = Client::greeted(&running, "gmail.example").await.offer("x@alder.example", to, &mail).await;
    assert_eq!(reply.code, 550, "{reply}");
}

#[tokio::test]
async fn gmail_refuses_an_address_without_a_name() {
    let running = with_keys().await;
    let mail = |to: &str| signed(&message("ill@cedar.example", to), "cedar.example");
    for (provider, code) in [("gmail.example", "550 5.7.25"), ("yahoo.example", "250 2.0.0")] {
        let to = format!("patron@{provider}");
        let mut client = Client::connect(&running, provider, NAMELESS).await;
        client.say("EHLO nameless.notices.example").await;
        let reply = client.offer("x@notices-bounce.cedar.example", &to, &mail(&to)).await;
        assert!(reply.to_string().starts_with(code), "{reply}");
    }
}

#[tokio::test]
async fn a_bounce_is_judged_by_its_helo() {
    let running = with_keys().await;
    let to = "patron@yahoo.example";
    let mut client = Client::connect(&running, "yahoo.example", RELAYS[0]).await;
    client.say("EHLO notices.example").await;
    let reply = client.offer("", to, &message("postmaster@notices.example", to)).await;
    assert_eq!(reply.code, 250, "{reply}");
    let kept = &running.mailboxes().kept()[0];
    assert_eq!((kept.spf, kept.dmarc, &kept.mail_from), (Mark::Pass, Mark::Pass, &None));
    assert!(String::from_utf8_lossy(&kept.raw).contains("smtp.helo=notices.example"));
}

#[tokio::test]
async fn a_domain_that_is_testing_is_spared_by_tree_walkers_alone() {
    let running = with_keys().await;
    // RFC 9989 §4.7: `t=y` asks for one step less; receivers that follow RFC 7489 do not know it.
    running.publish_txt(&name("_dmarc.alder.example"), &["v=DMARC1; p=reject; t=y"]);
    for provider in PROVIDERS {
        let to = format!("patron@{provider}");
        let mail = signed(&message("ill@alder.example", &to), "notices.example");
        Client::greeted(&running, provider).await.offer("b@bounces.notices.example", &to, &mail).await;
    }
    for kept in running.mailboxes().kept() {
        let expected = running.provider(kept.provider.as_str()).unwrap().discovery();
        match expected {
            Discovery::TreeWalk => assert_eq!(kept.decision, Decision::Junked, "{}", kept.provider),
            Discovery::SuffixList => {
                assert!(matches!(kept.decision, Decision::Refused { .. }), "{}", kept.provider);
            }
        }
    }
    assert_eq!(running.mailboxes().count(), 5);
}

#[tokio::test]
async fn a_dns_that_does_not_answer_is_no_reason_to_refuse() {
    let running = with_keys().await;
    running.zones().fail(&name("_dmarc.alder.example"), None, Failure::ServFail);
    for provider in PROVIDERS {
        let to = format!("patron@{provider}");
        let mail = message("ill@alder.example", &to);
        let reply = Client::greeted(&running, provider).await.offer("ill@alder.example", &to, &mail).await;
        assert_eq!(reply.code, 451, "{provider}: {reply}");
    }
}
