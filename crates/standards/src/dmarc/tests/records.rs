//! RFC 9989 §4.7 and §4.8: what a record says.

use super::super::record::Place;
use super::super::{Mode, Note, Policy, Psd, Record, Tag};

fn record(text: &str) -> Record {
    Record::parse(text.as_bytes()).unwrap()
}

#[test]
fn only_a_text_that_begins_with_the_version_is_a_record() {
    for text in [
        "",
        "v=dmarc1; p=none",
        "v=DMARC1x; p=none",
        "p=none; v=DMARC1",
        "v=DMARC2; p=none",
        " v=DMARC1; p=none",
        "v=spf1 -all",
    ] {
        assert_eq!(Record::parse(text.as_bytes()), None, "{text:?}");
    }
    for text in ["v=DMARC1", "v=DMARC1;p=none", "v = DMARC1 ; p=none", "V=DMARC1; p=none", "v\t=\tDMARC1;"] {
        assert!(Record::parse(text.as_bytes()).is_some(), "{text:?}");
    }
}

#[test]
fn every_tag_is_read() {
    let read = record(
        "v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=s; t=y; psd=n; fo=1:d; \
         rua=mailto:a@x.example, mailto:b@y.example!10m; ruf=https://x.example/r",
    );
    assert_eq!((read.p, read.sp, read.np), (Some(Policy::Reject), Some(Policy::Quarantine), Some(Policy::None)));
    assert_eq!((read.adkim, read.aspf, read.testing, read.psd), (Mode::Strict, Mode::Strict, true, Psd::No));
    assert_eq!(read.rua, ["mailto:a@x.example", "mailto:b@y.example"], "the size limit is obsolete and cut off");
    assert_eq!((read.ruf.len(), read.fo, read.notes.len()), (1, vec!['1', 'd'], 0));
}

#[test]
fn what_is_not_said_has_its_default() {
    let read = record("v=DMARC1; p=none");
    assert_eq!((read.adkim, read.aspf, read.testing, read.psd), (Mode::Relaxed, Mode::Relaxed, false, Psd::Unsaid));
    assert_eq!(read.fo, ['0']);
}

#[test]
fn values_are_read_in_any_case_and_with_white_space() {
    let read = record("v=DMARC1;P = Reject\t; ADKIM=S;psd=Y;t=Y;");
    assert_eq!((read.p, read.adkim, read.psd, read.testing), (Some(Policy::Reject), Mode::Strict, Psd::Yes, true));
}

#[test]
fn removed_and_unknown_tags_are_ignored_and_named() {
    let read = record("v=DMARC1; p=reject; pct=0; rf=afrf; ri=86400; colour=red; nonsense");
    assert_eq!(read.policy_for(Place::Here), Some((Policy::Reject, Tag::P)), "pct is gone (RFC 9989 §A.6)");
    let removed = ["pct", "rf", "ri"].map(|tag| Note::Removed(tag.to_owned()));
    assert_eq!(read.notes[..3], removed);
    assert_eq!(read.notes[3..], [Note::Unknown("colour".to_owned()), Note::NoTag("nonsense".to_owned())]);
}

#[test]
fn the_first_of_two_tags_counts() {
    let read = record("v=DMARC1; p=reject; p=none");
    assert_eq!(read.p, Some(Policy::Reject));
    assert_eq!(read.notes, [Note::Twice("p".to_owned())]);
}

#[test]
fn a_wrong_value_falls_back_to_the_default() {
    let read = record("v=DMARC1; p=reject; adkim=strict; t=yes; psd=maybe; fo=0:1; rua=nobody");
    assert_eq!(
        (read.adkim, read.testing, read.psd, read.fo.as_slice()),
        (Mode::Relaxed, false, Psd::Unsaid, &['0'][..])
    );
    assert_eq!(read.notes.len(), 5);
    assert!(!read.policy_invalid);
}

#[test]
fn failure_options_stand_once_each() {
    for (fo, sound) in [
        ("0", true),
        ("1", true),
        ("d:s", true),
        ("0:d:s", true),
        ("d:1", true),
        ("0:1", false),
        ("d:d", false),
        ("x", false),
    ] {
        assert_eq!(record(&format!("v=DMARC1; p=none; fo={fo}")).notes.is_empty(), sound, "fo={fo}");
    }
}

#[test]
fn without_a_valid_p_reports_decide() {
    // RFC 9989 §4.10.1.
    for (text, expected) in [
        ("v=DMARC1; rua=mailto:a@x.example", Some((Policy::None, Tag::Assumed))),
        ("v=DMARC1; p=block; rua=mailto:a@x.example", Some((Policy::None, Tag::Assumed))),
        ("v=DMARC1; p=reject; sp=bounce; rua=mailto:a@x.example", Some((Policy::None, Tag::Assumed))),
        ("v=DMARC1; p=reject; np=; rua=mailto:a@x.example", Some((Policy::None, Tag::Assumed))),
        ("v=DMARC1", None),
        ("v=DMARC1; adkim=s", None),
        ("v=DMARC1; p=reject; sp=bounce", None),
        ("v=DMARC1; p=reject; sp=bounce; rua=dmarc@x.example", None),
        ("v=DMARC1; rua=mailto:", None),
    ] {
        assert_eq!(record(text).policy_for(Place::Here), expected, "{text}");
    }
}

#[test]
fn policies_of_subdomains_fall_back_one_by_one() {
    // RFC 9989 §4.7 np, sp.
    for (text, here, below, missing) in [
        ("v=DMARC1; p=reject", Policy::Reject, Policy::Reject, Policy::Reject),
        ("v=DMARC1; p=reject; sp=none", Policy::Reject, Policy::None, Policy::None),
        ("v=DMARC1; p=none; np=reject", Policy::None, Policy::None, Policy::Reject),
        ("v=DMARC1; p=none; sp=quarantine; np=reject", Policy::None, Policy::Quarantine, Policy::Reject),
    ] {
        let read = record(text);
        let policy = |place| read.policy_for(place).unwrap().0;
        assert_eq!(
            (policy(Place::Here), policy(Place::Below), policy(Place::BelowAndMissing)),
            (here, below, missing),
            "{text}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn no_octets_are_too_strange_to_read(octets: Vec<u8>, tags in "[;=a-z0-9 :,!@]{0,80}") {
        let _ = Record::parse(&octets);
        if let Some(record) = Record::parse(format!("v=DMARC1;{tags}").as_bytes()) {
            proptest::prop_assert!(record.policy_invalid || record.p.is_some());
        }
    }
}
