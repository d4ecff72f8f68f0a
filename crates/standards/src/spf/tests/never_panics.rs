//! Whatever is published or claimed, there is an answer.

use proptest::prelude::*;

use super::super::macros::{Facts, Letters, MacroString};
use super::super::{DNS_LOOKUPS_MAX, Record, TRACE_STEPS_MAX, edit};
use super::checked;
use super::table::Table;

/// Pieces of records, sound and not, so that generated text reaches deep into the grammar.
fn recordish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            " ",
            "a",
            "mx",
            "ptr",
            "include",
            "exists",
            "redirect",
            "exp",
            "ip4",
            "ip6",
            "all",
            ":",
            "=",
            "/",
            "//",
            "+",
            "-",
            "~",
            "?",
            "%{",
            "}",
            "%%",
            "%_",
            "%-",
            "d",
            "ir",
            "l1r+",
            "p",
            "S",
            "v",
            ".",
            "library.example",
            "192.0.2.1",
            "2001:db8::1",
            "24",
            "0",
            "99999999999",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| [b"v=spf1 ".to_vec(), pieces.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_octets_are_a_record_or_a_fault(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Record::parse(&octets);
        let _ = Record::parse(&[b"v=spf1 ".as_slice(), &octets].concat());
    }

    #[test]
    fn any_text_is_a_macro_string_or_none(text in "\\PC{0,80}", local in "\\PC{0,80}", helo in "\\PC{0,80}", ip: std::net::IpAddr) {
        let facts = Facts {
            local: &local, sender_domain: &helo, domain: &text, ip, validated: "unknown", helo: &helo, receiver: &text, now_s: i64::MIN,
        };
        for letters in [Letters::Domain, Letters::All] {
            if let Ok(parsed) = MacroString::parse(&text, letters) {
                parsed.expand(&facts);
            }
        }
    }

    #[test]
    fn any_record_gives_a_verdict_within_the_limits(
        record in recordish(), included in recordish(), words in recordish(), ip: std::net::IpAddr, local in "\\PC{0,20}",
    ) {
        let mut table = Table::default();
        table.put("library.example", "TXT", &record);
        table.put("library.example", "A", b"192.0.2.1");
        table.put("d.library.example", "TXT", &included);
        table.put("alibrary.example", "TXT", &words);
        let verdict = checked(&table, &ip.to_string(), &format!("{local}@library.example"));
        prop_assert!(verdict.lookups <= DNS_LOOKUPS_MAX);
        prop_assert!(verdict.void_lookups <= 3);
        prop_assert!(verdict.explanation.iter().all(|words| words.bytes().all(|b| (b' '..=b'~').contains(&b))));
        prop_assert!(verdict.trace.len() <= TRACE_STEPS_MAX);
    }

    #[test]
    fn any_sender_gives_a_verdict(sender in "\\PC{0,300}", record in recordish()) {
        let mut table = Table::default();
        table.put("library.example", "TXT", &record);
        checked(&table, "2001:db8::1", &sender);
    }

    #[test]
    fn any_published_records_can_be_merged(one in recordish(), two in recordish()) {
        let merge = edit::merge(&[one, two], &["include:_spf.notices.example"]).unwrap();
        prop_assert!(Record::parse(merge.record.as_bytes()).is_ok(), "{}", merge.record);
        let again = edit::merge(&[merge.record.clone().into_bytes()], &["include:_spf.notices.example"]).unwrap();
        prop_assert!(again.unchanged);
        prop_assert_eq!(again.record, merge.record);
    }
}
