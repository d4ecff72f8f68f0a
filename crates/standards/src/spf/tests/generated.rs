//! SPF records as domains publish them, generated: for the rules of merging here, and for the test that has other
//! people's software read the result.

use proptest::prelude::*;

/// Hosts and included records that the generated records lead to, as lines of `name TYPE data`.
pub const WORLD: &str = "
    library.example A 192.0.2.1
    library.example MX 10 mail.library.example
    mail.library.example A 192.0.2.2
    198.51.100.7 PTR relay.notices.example
    _spf.notices.example TXT v=spf1 ip4:198.51.100.0/28 -all
    one.example TXT v=spf1 ip4:192.0.2.16/28 -all
    two.example TXT v=spf1 a:mail.library.example mx:library.example include:one.example ?all
    three.example TXT v=spf1 include:two.example redirect=one.example";
/// The relay we want to pass.
pub const RELAY: &str = "198.51.100.7";

fn term() -> impl Strategy<Value = String> {
    let mechanism = prop_oneof![
        (0..=255_u8, 24..=32_u8).prop_map(|(host, bits)| format!("ip4:203.0.113.{host}/{bits}")),
        (0..=0xffff_u16).prop_map(|group| format!("ip6:2001:db8:{group:x}::/48")),
        proptest::sample::select(vec![
            // The network our relay is in: what the old record says of it must not decide first.
            "ip4:198.51.100.0/24",
            "a",
            "mx",
            "ptr",
            "A:mail.library.example",
            "mx:library.example/28//64",
            "include:one.example",
            "include:two.example",
            "include:three.example",
            "exists:%{i}.none.example",
        ])
        .prop_map(str::to_owned),
    ];
    (proptest::sample::select(vec!["", "", "", "", "+", "-", "~", "?"]), mechanism).prop_map(|(sign, mechanism)| {
        // Twice not found is within the limit of void look-ups, whatever the sign.
        let sign = if mechanism.starts_with("exists") { "" } else { sign };
        format!("{sign}{mechanism}")
    })
}

/// A whole record: terms, then how it ends.
pub fn record() -> impl Strategy<Value = String> {
    let end = proptest::sample::select(vec![
        "-all",
        "~all",
        "?all",
        "ALL",
        "",
        "redirect=one.example",
        "exp=why.example -all",
    ]);
    (proptest::collection::vec(term(), 0..14), end, proptest::sample::select(vec![" ", "  "])).prop_map(
        |(terms, end, space)| {
            let terms = terms.join(space);
            format!("v=spf1{space}{terms}{space}{end}")
        },
    )
}
