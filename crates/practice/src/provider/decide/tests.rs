//! Rules of deciding.

use standards::domain::Domain;

use super::{Decision, Reason, decide};
use crate::provider::Family;
use crate::provider::findings::{Findings, Mark, Signature, Wish};
use crate::provider::headers::HeaderFault;

const ALL: [Family; 6] =
    [Family::Gmail, Family::Microsoft365, Family::Outlook, Family::Yahoo, Family::Apple, Family::Stock];

/// A message that nobody objects to.
fn sound() -> Findings {
    Findings {
        client: [127, 77, 2, 21].into(),
        spf_domain: "alder.example".into(),
        spf: Mark::Pass,
        dkim: vec![signature(Mark::Pass)],
        dmarc: Mark::Pass,
        from_domain: Domain::parse("alder.example").ok(),
        message_id: "1@alder.example".into(),
        wish: Wish::Reject,
        ptr: Mark::Pass,
        header_fault: None,
    }
}

fn signature(mark: Mark) -> Signature {
    Signature { domain: "alder.example".into(), selector: "s1".into(), mark }
}

/// Unsigned, from a server that SPF does not know.
fn spoofed(spf: Mark, dmarc: Mark, wish: Wish) -> Findings {
    Findings { spf, dkim: Vec::new(), dmarc, wish, ..sound() }
}

fn word(family: Family, found: &Findings) -> String {
    match decide(family, found, false).0 {
        Decision::Accepted => "accepted".into(),
        Decision::Junked => "junked".into(),
        Decision::Refused { reply } => format!("{} {}", reply.code, reply.status.unwrap()),
        Decision::Deferred { reply } => format!("{} {}", reply.code, reply.status.unwrap()),
    }
}

fn words(found: &Findings) -> Vec<String> {
    ALL.into_iter().map(|family| word(family, found)).collect()
}

#[test]
fn sound_mail_is_accepted_everywhere() {
    assert!(words(&sound()).iter().all(|word| word == "accepted"));
}

#[test]
fn each_family_refuses_a_dmarc_failure_with_its_own_code() {
    let found = spoofed(Mark::Fail, Mark::Fail, Wish::Reject);
    assert_eq!(words(&found), ["550 5.7.26", "550 5.7.509", "550 5.7.515", "554 5.7.9", "550 5.7.1", "550 5.7.26"]);
}

#[test]
fn mail_that_nothing_vouches_for_is_refused_junked_or_judged_further() {
    let found = spoofed(Mark::None, Mark::None, Wish::Nothing);
    assert_eq!(words(&found), ["550 5.7.26", "junked", "junked", "550 5.7.9", "550 5.7.1", "accepted"]);
}

#[test]
fn quarantine_means_junk_where_something_authenticates() {
    let aligned_with_nobody = Findings { dmarc: Mark::Fail, wish: Wish::Quarantine, ..sound() };
    assert!(words(&aligned_with_nobody).iter().all(|word| word == "junked"));
}

#[test]
fn spf_fail_is_junk_unless_dmarc_passes() {
    let signed_by_another = Findings { spf: Mark::SoftFail, dmarc: Mark::None, wish: Wish::Nothing, ..sound() };
    assert!(words(&signed_by_another).iter().all(|word| word == "junked"));
    let signed = Findings { spf: Mark::Fail, ..sound() };
    assert!(words(&signed).iter().all(|word| word == "accepted"));
}

#[test]
fn unknown_is_temporary() {
    let no_policy_found = spoofed(Mark::Fail, Mark::TempError, Wish::Nothing);
    assert_eq!(words(&no_policy_found)[0], "451 4.7.26");
    assert!(words(&no_policy_found).iter().all(|word| word.starts_with("451 ")));
    let spf_unknown = spoofed(Mark::TempError, Mark::None, Wish::Nothing);
    assert_eq!(word(Family::Yahoo, &spf_unknown), "451 4.4.3");
    assert_eq!(word(Family::Stock, &spf_unknown), "accepted");
}

#[test]
fn gmail_alone_demands_a_name_and_a_sound_header() {
    let nameless = Findings { ptr: Mark::None, ..sound() };
    assert_eq!(word(Family::Gmail, &nameless), "550 5.7.25");
    assert_eq!(word(Family::Yahoo, &nameless), "accepted");
    let broken = Findings { header_fault: Some(HeaderFault::Duplicate("Date")), ..sound() };
    assert_eq!(word(Family::Gmail, &broken), "550 5.7.1");
    assert_eq!(word(Family::Apple, &broken), "accepted");
}

#[test]
fn gmail_names_the_hard_fail_policy() {
    let found = spoofed(Mark::Fail, Mark::None, Wish::Nothing);
    let (Decision::Refused { reply }, Reason::Unauthenticated) = decide(Family::Gmail, &found, false) else {
        panic!("refused")
    };
    assert!(reply.text.contains("[alder.example] has an SPF record with a hard fail\npolicy (-all)"), "{reply}");
}

#[test]
fn a_misjudging_provider_refuses_what_passes_for_authentication() {
    for family in ALL {
        let (decision, reason) = decide(family, &sound(), true);
        assert!(matches!(decision, Decision::Refused { .. }), "{family}");
        assert_eq!(reason, Reason::Misjudged);
    }
}

#[test]
fn the_best_signature_counts() {
    let found = Findings { dkim: vec![signature(Mark::Fail), signature(Mark::Pass)], ..sound() };
    assert_eq!(found.best_dkim(), Mark::Pass);
    assert_eq!(Findings { dkim: Vec::new(), ..sound() }.best_dkim(), Mark::None);
}
