//! Every reason has words in both languages, and none has words of the trade.

use super::super::verdict::{headline, observation};
use super::super::{Family, Observed, SenderKind, SpfSays, SpfTrouble, Verdict, Why, is_public_mailbox};
use super::name;

fn every_reason() -> Vec<Why> {
    let domain = || name("library.example");
    let other = || name("other.example");
    let selector = || "na1".to_owned();
    let why = || "SERVFAIL".to_owned();
    let trouble = |trouble| Why::SpfBroken { domain: domain(), trouble };
    vec![
        Why::ChosenDkimReturn(domain()),
        Why::ChosenDkim(domain()),
        Why::ChosenReturn(domain()),
        Why::ChosenSpf(domain()),
        Why::SharedHolds,
        Why::SharedNotProven,
        Why::SharedUsed,
        Why::NotWished,
        Why::NeverLooked(domain()),
        Why::TooOld(domain()),
        Why::RefusedBefore,
        Why::SharedPreferred,
        Why::Outvoted { family: Family::Other, refused: 3, sent: 4 },
        Why::NoRelayAddress,
        Why::OurDomain(domain()),
        Why::PublicMailbox(domain()),
        Why::NullMx(domain()),
        Why::NoMailServer(domain()),
        Why::NoSuchDomain(domain()),
        Why::DomainUnknown(domain()),
        Why::AsksReject { domain: domain(), at: other() },
        Why::AsksQuarantine { domain: domain(), at: other() },
        Why::AsksNothing { domain: domain(), at: other() },
        Why::NoPolicy(domain()),
        Why::PolicyUseless(domain()),
        Why::PolicyUnknown { domain: domain(), why: why() },
        Why::ReceiversDiffer(domain()),
        Why::NotTheSameName { domain: domain(), other: other() },
        Why::SpfLists(domain()),
        Why::SpfMissesOne { domain: domain(), relay: "192.0.2.1".parse().unwrap() },
        Why::SpfMisses { domain: domain(), says: SpfSays::Fail, record: Some("v=spf1 -all".to_owned()) },
        Why::SpfAbsent(domain()),
        trouble(SpfTrouble::Several(2)),
        trouble(SpfTrouble::TooManyLookups),
        trouble(SpfTrouble::TooManyVoids),
        trouble(SpfTrouble::Syntax(why())),
        trouble(SpfTrouble::NothingThere("gone.example".to_owned())),
        trouble(SpfTrouble::Other(why())),
        Why::SpfUnknown(domain()),
        Why::KeyFound { domain: domain(), selector: selector() },
        Why::KeyAbsent { domain: domain(), selector: selector() },
        Why::KeyOther { domain: domain(), selector: selector(), bits: Some(1024) },
        Why::KeyRevoked { domain: domain(), selector: selector() },
        Why::KeyUnreadable { domain: domain(), selector: selector(), why: why() },
        Why::KeyUnknown { domain: domain(), selector: selector() },
        Why::NoKeyMade(domain()),
        Why::ReturnOurs(domain()),
        Why::ReturnElsewhere { name: domain(), target: other() },
        Why::ReturnNoAlias(domain()),
        Why::ReturnAbsent(domain()),
        Why::ReturnUnknown(domain()),
    ]
}

#[test]
fn every_reason_is_said_in_both_languages_without_words_of_the_trade() {
    for why in every_reason() {
        let reason = why.reason();
        for sentence in [&reason.en, &reason.fr] {
            assert!(sentence.ends_with(['.', '!']) && sentence.len() > 20, "{sentence}");
            let lower = sentence.to_lowercase();
            for word in
                ["bounce", "dsn", "dmarc", "dkim", "spf", "cname", " mx", "permerror", "align", "whitelist", "tenant"]
            {
                assert!(!lower.contains(word), "“{word}” in “{sentence}”");
            }
        }
        assert_ne!(reason.en, reason.fr);
    }
}

#[test]
fn the_reasons_read_well() {
    let lines: Vec<String> = every_reason()
        .iter()
        .map(|why| {
            let reason = why.reason();
            format!("{}\n  {}\n  {}\n  {}", reason.code, reason.en, reason.fr, reason.detail.unwrap_or_default())
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_verdicts_read_well() {
    use Verdict::{Arrives, Likely, Rejected, SpamRisk, Unknown};
    let mut lines = Vec::new();
    for family in Family::ALL {
        for verdict in [Arrives, Likely, SpamRisk, Rejected, Unknown] {
            let reason = headline(family, verdict);
            lines.push(format!("{} / {}", reason.en, reason.fr));
        }
    }
    let seen = Observed { family: Family::Gmail, sender: SenderKind::Own, accepted: 212, refused: 2 };
    let reason = observation(&seen);
    lines.push(format!("{} / {}", reason.en, reason.fr));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_list_of_mailbox_providers_is_found_by_halving() {
    for domain in ["gmail.com", "aol.com", "ymail.com", "yahoo.ca", "telus.net", "shaw.ca"] {
        assert!(is_public_mailbox(&name(domain)), "{domain}");
    }
    assert!(!is_public_mailbox(&name("library.example")) && !is_public_mailbox(&name("mail.gmail.com")));
}

#[test]
fn providers_are_known_by_the_names_logs_give_them() {
    for (text, family) in [
        ("Gmail", Family::Gmail),
        ("Microsoft365", Family::Microsoft),
        ("outlook", Family::Microsoft),
        ("AOL", Family::Yahoo),
        ("Apple", Family::Icloud),
        ("Mimecast", Family::Other),
    ] {
        assert_eq!(Family::from_name(text), family, "{text}");
    }
}

#[test]
fn refusals_outvote_when_they_are_three_and_most() {
    let seen = |accepted, refused| Observed { family: Family::Gmail, sender: SenderKind::Own, accepted, refused };
    assert!(seen(0, 3).outvotes_the_rule() && seen(2, 3).outvotes_the_rule());
    assert!(!seen(0, 2).outvotes_the_rule() && !seen(3, 3).outvotes_the_rule());
}
