//! The examples of RFC 7208 §7.4, with library.example for its domain.

use super::super::macros::{Facts, Letters, MacroString};

const FACTS: Facts<'_> = Facts {
    local: "strong-bad",
    sender_domain: "email.library.example",
    domain: "email.library.example",
    ip: std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 3)),
    validated: "unknown",
    helo: "mx.library.example",
    receiver: "in.provider.example",
    now_s: 1_000,
};

fn expanded(text: &str, facts: &Facts<'_>) -> String {
    MacroString::parse(text, Letters::All).unwrap().expand(facts)
}

#[test]
fn the_examples_of_section_7_4_expand_as_it_says() {
    for (text, expected) in [
        ("%{s}", "strong-bad@email.library.example"),
        ("%{o}", "email.library.example"),
        ("%{d}", "email.library.example"),
        ("%{d4}", "email.library.example"),
        ("%{d3}", "email.library.example"),
        ("%{d2}", "library.example"),
        ("%{d1}", "example"),
        ("%{dr}", "example.library.email"),
        ("%{d2r}", "library.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.library.example"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.library.example"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.library.example"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.library.example"),
        ("%{d2}.trusted-domains.college.example", "library.example.trusted-domains.college.example"),
    ] {
        assert_eq!(expanded(text, &FACTS), expected, "{text}");
    }
}

#[test]
fn an_ipv6_address_is_dotted_nibble_by_nibble() {
    let facts = Facts { ip: "2001:db8::cb01".parse().unwrap(), ..FACTS };
    let nibbles = "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2";
    assert_eq!(expanded("%{ir}.%{v}._spf.%{d2}", &facts), format!("{nibbles}.ip6._spf.library.example"));
    assert_eq!(expanded("%{c}", &facts), "2001:db8::cb01");
}

#[test]
fn letters_of_explanations_are_only_for_explanations() {
    assert_eq!(
        expanded("%{c} %{r} %{t} %{h} %{p}", &FACTS),
        "192.0.2.3 in.provider.example 1000 mx.library.example unknown"
    );
    for letter in ["c", "r", "t", "x"] {
        assert!(MacroString::parse(&format!("%{{{letter}}}"), Letters::Domain).is_err());
    }
}

#[test]
fn an_upper_case_letter_escapes_for_urls() {
    let facts = Facts { local: "~jack&jill=up-a_b3.c é", ..FACTS };
    assert_eq!(expanded("%{L}", &facts), "~jack%26jill%3Dup-a_b3.c%20%C3%A9");
}

#[test]
fn escapes_stand_for_themselves() {
    assert_eq!(expanded("100%%%_sure%-thing", &FACTS), "100% sure%20thing");
}

#[test]
fn broken_macros_are_refused() {
    for text in ["%", "%a", "%{", "%{}", "%{d", "%{d0}", "%{dx}", "%{d.r}", "%(d)", "%{dr3}", "%{d;}"] {
        assert!(MacroString::parse(text, Letters::All).is_err(), "{text}");
    }
}

#[test]
fn counts_past_any_number_of_parts_keep_them_all() {
    assert_eq!(expanded("%{d128}", &FACTS), "email.library.example");
    assert_eq!(expanded("%{d99999999999999999999999}", &FACTS), "email.library.example");
}
