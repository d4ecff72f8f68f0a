//! `check_host()`: Appendix A of RFC 7208, the limits, and names that are none.

use std::sync::atomic::Ordering;

use super::super::{Answered, Event, Problem, SpfResult, TermOutcome};
use super::table::Table;
use super::{checked, result};
use SpfResult::{Fail, Neutral, None as Nothing, Pass, PermError, SoftFail, TempError};

/// The zones of RFC 7208 Appendix A, with library.example for its first domain and college.example for its second.
const APPENDIX_A: &str = "
    library.example MX 10 mail-a.library.example
    library.example MX 20 mail-b.library.example
    library.example A 192.0.2.10
    library.example A 192.0.2.11
    amy.library.example A 192.0.2.65
    bob.library.example A 192.0.2.66
    mail-a.library.example A 192.0.2.129
    mail-b.library.example A 192.0.2.130
    college.example MX 10 mail-c.college.example
    mail-c.college.example A 192.0.2.140
    192.0.2.10 PTR library.example
    192.0.2.11 PTR library.example
    192.0.2.65 PTR amy.library.example
    192.0.2.66 PTR bob.library.example
    192.0.2.129 PTR mail-a.library.example
    192.0.2.130 PTR mail-b.library.example
    192.0.2.140 PTR mail-c.college.example
    10.0.0.4 PTR bob.library.example";

fn appendix_a(record: &str) -> Table {
    let mut table = Table::new(APPENDIX_A);
    table.put("library.example", "TXT", record.as_bytes());
    table
}

#[test]
fn simple_examples_of_appendix_a1_pass_and_fail_as_it_says() {
    let cases: [(&str, &[&str], &[&str]); 9] = [
        ("v=spf1 +all", &["192.0.2.10", "203.0.113.1"], &[]),
        ("v=spf1 a -all", &["192.0.2.10", "192.0.2.11"], &["192.0.2.65"]),
        ("v=spf1 a:college.example -all", &[], &["192.0.2.10", "192.0.2.140"]),
        ("v=spf1 mx -all", &["192.0.2.129", "192.0.2.130"], &["192.0.2.10", "192.0.2.140"]),
        ("v=spf1 mx:college.example -all", &["192.0.2.140"], &["192.0.2.129"]),
        ("v=spf1 mx mx:college.example -all", &["192.0.2.129", "192.0.2.130", "192.0.2.140"], &["192.0.2.10"]),
        (
            "v=spf1 mx/30 mx:college.example/30 -all",
            &["192.0.2.128", "192.0.2.131", "192.0.2.143"],
            &["192.0.2.127", "192.0.2.132", "192.0.2.144"],
        ),
        ("v=spf1 ptr -all", &["192.0.2.65", "192.0.2.66"], &["192.0.2.140", "10.0.0.4"]),
        ("v=spf1 ip4:192.0.2.128/28 -all", &["192.0.2.129"], &["192.0.2.65"]),
    ];
    for (record, pass, fail) in cases {
        let table = appendix_a(record);
        for ip in pass {
            assert_eq!(result(&table, ip, "desk@library.example"), Pass, "{record} from {ip}");
        }
        for ip in fail {
            assert_eq!(result(&table, ip, "desk@library.example"), Fail, "{record} from {ip}");
        }
    }
}

#[test]
fn several_domains_of_appendix_a2_share_a_record() {
    let mut table = appendix_a("v=spf1 mx -all");
    table.put("college.example", "TXT", b"v=spf1 include:library.example include:museum.example -all");
    table.put("museum.example", "TXT", b"v=spf1 ip4:198.51.100.1 -all");
    table.put("la.college.example", "TXT", b"v=spf1 redirect=college.example");
    for ip in ["192.0.2.129", "198.51.100.1"] {
        assert_eq!(result(&table, ip, "a@college.example"), Pass);
        assert_eq!(result(&table, ip, "a@la.college.example"), Pass);
    }
    assert_eq!(result(&table, "203.0.113.1", "a@la.college.example"), Fail);
}

#[test]
fn a_list_in_the_dns_as_in_appendix_a3_lets_single_addresses_pass() {
    let mut table = appendix_a("v=spf1 exists:%{l}.%{i}._allow.%{d} -all");
    table.put("mary.192.0.2.7._allow.library.example", "A", b"127.0.0.2");
    assert_eq!(result(&table, "192.0.2.7", "mary@library.example"), Pass);
    assert_eq!(result(&table, "192.0.2.7", "fred@library.example"), Fail);
}

#[test]
fn several_requirements_as_in_appendix_a4_must_all_hold() {
    let mut table = appendix_a("v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all");
    table.put("ip4._spf.library.example", "TXT", b"v=spf1 -ip4:192.0.2.0/24 +all");
    table.put("ptr._spf.library.example", "TXT", b"v=spf1 -ptr:library.example +all");
    assert_eq!(result(&table, "192.0.2.65", "a@library.example"), Pass);
    assert_eq!(result(&table, "192.0.2.140", "a@library.example"), Fail);
    assert_eq!(result(&table, "10.0.0.4", "a@library.example"), Fail);
}

#[test]
fn names_that_are_none_are_answered_before_the_dns_is_asked() {
    let table = Table::new("library.example TXT v=spf1 +all");
    let long = format!("a@{}.example", "a".repeat(64));
    for sender in
        ["a@localhost", "a@[192.0.2.1]", "a@192.0.2.1", "a@a..example", "a@", "@", "a@.", &long, "a@x y.example"]
    {
        let verdict = checked(&table, "192.0.2.1", sender);
        assert_eq!(verdict.result, Nothing, "{sender}");
        assert!(matches!(verdict.problem, Some(Problem::NotADomain { .. })), "{sender}");
    }
    assert_eq!(table.asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_name_in_another_script_is_asked_in_its_ascii_form() {
    let table = Table::new(
        "xn--bcher-kva.example TXT v=spf1 exists:%{o}.seen.example -all
        xn--bcher-kva.example.seen.example A 127.0.0.2",
    );
    assert_eq!(result(&table, "192.0.2.1", "a@bücher.example"), Pass);
}

#[test]
fn a_bounce_is_checked_as_postmaster_at_the_helo_name() {
    let table = Table::new(
        "mail.notices.example TXT v=spf1 exists:%{l}.%{o}.seen.example -all
        postmaster.mail.notices.example.seen.example A 127.0.0.2",
    );
    assert_eq!(result(&table, "192.0.2.1", ""), Pass);
}

#[test]
fn an_eleventh_term_that_asks_is_a_permanent_error_and_is_named() {
    let ten = "v=spf1 a a a a a a a a a a";
    let table = |record: &str| Table::new(&format!("library.example A 192.0.2.9\nlibrary.example TXT {record}"));
    let verdict = checked(&table(&format!("{ten} ~all")), "192.0.2.1", "a@library.example");
    assert_eq!((verdict.result, verdict.lookups), (SoftFail, 10));
    let verdict = checked(&table(&format!("{ten} mx ~all")), "192.0.2.1", "a@library.example");
    assert_eq!((verdict.result, verdict.lookups), (PermError, 10));
    let too_many = Problem::TooManyLookups { term: "mx".into(), domain: "library.example".into() };
    assert_eq!(verdict.problem, Some(too_many));
}

#[test]
fn a_void_lookup_counts_and_the_third_ends_the_check() {
    let two = "library.example TXT v=spf1 a:x.library.example exists:y.library.example ?all";
    let verdict = checked(&Table::new(two), "192.0.2.1", "a@library.example");
    assert_eq!((verdict.result, verdict.void_lookups), (Neutral, 2));
    let three = "library.example TXT v=spf1 a:x.library.example exists:y.library.example mx ?all";
    let verdict = checked(&Table::new(three), "192.0.2.1", "a@library.example");
    assert_eq!((verdict.result, verdict.void_lookups), (PermError, 3));
    assert!(matches!(verdict.problem, Some(Problem::TooManyVoids { .. })));
}

#[test]
fn names_of_the_client_do_not_count_as_void() {
    let mut table = Table::new("library.example TXT v=spf1 ptr -all");
    for host in ["a", "b", "c", "d"] {
        table.put("192.0.2.1", "PTR", format!("{host}.library.example").as_bytes());
    }
    let verdict = checked(&table, "192.0.2.1", "a@library.example");
    assert_eq!((verdict.result, verdict.void_lookups), (Fail, 0));
}

#[test]
fn silence_of_the_dns_is_temporary_except_for_ptr() {
    for term in
        ["a:dead.example", "mx:dead.example", "exists:dead.example", "include:dead.example", "redirect=dead.example"]
    {
        let table = Table::new(&format!("dead.example FAIL\nlibrary.example TXT v=spf1 {term}"));
        assert_eq!(result(&table, "192.0.2.1", "a@library.example"), TempError, "{term}");
    }
    let table = Table::new("library.example TXT v=spf1 ptr -all\n192.0.2.1 FAIL");
    assert_eq!(result(&table, "192.0.2.1", "a@library.example"), Fail);
}

#[test]
fn an_ipv4_mapped_address_is_ipv4() {
    let table = Table::new("library.example TXT v=spf1 ip6:::ffff:192.0.2.0/120 -ip4:192.0.2.1 +all");
    assert_eq!(result(&table, "::ffff:192.0.2.1", "a@library.example"), Fail);
    assert_eq!(result(&table, "2001:db8::1", "a@library.example"), Pass);
}

#[test]
fn every_prefix_length_divides_where_it_should() {
    for bits in 0..=32_u32 {
        let table = Table::new(&format!("library.example TXT v=spf1 ip4:192.0.2.129/{bits} -all"));
        let address = u32::from_be_bytes([192, 0, 2, 129]);
        let host_bits = u32::MAX.checked_shr(bits).unwrap_or(0);
        let inside = std::net::Ipv4Addr::from(address ^ host_bits);
        assert_eq!(result(&table, &inside.to_string(), "a@library.example"), Pass, "/{bits}");
        if bits > 0 {
            let outside = std::net::Ipv4Addr::from(address ^ (1 << (32 - bits)));
            assert_eq!(result(&table, &outside.to_string(), "a@library.example"), Fail, "/{bits}");
        }
    }
}

#[test]
fn the_domains_words_cannot_break_a_line() {
    let table = Table::new(
        "library.example TXT v=spf1 -all exp=why.library.example
        why.library.example TXT %{l} may not, see http://library.example/?%{S}",
    );
    let verdict = checked(&table, "192.0.2.1", "e\u{1b}\n\u{e9}@library.example");
    assert_eq!(
        verdict.explanation.as_deref(),
        Some("e??? may not, see http://library.example/?e%1B%0A%C3%A9%40library.example")
    );
}

#[test]
fn words_are_for_a_fail_of_the_record_that_gave_it() {
    let words = "why.library.example TXT ours\nwhy.other.example TXT theirs\n";
    let explanation = |records: &str| {
        checked(&Table::new(&format!("{words}{records}")), "192.0.2.1", "a@library.example").explanation
    };
    let other = "other.example TXT v=spf1 -all exp=why.other.example";
    assert_eq!(explanation("library.example TXT v=spf1 ~all exp=why.library.example"), None);
    let redirected = format!("library.example TXT v=spf1 exp=why.library.example redirect=other.example\n{other}");
    assert_eq!(explanation(&redirected).as_deref(), Some("theirs"));
    let included = format!("library.example TXT v=spf1 include:other.example -all exp=why.library.example\n{other}");
    assert_eq!(explanation(&included).as_deref(), Some("ours"));
    let two = "library.example TXT v=spf1 -all exp=why.library.example\nwhy.library.example TXT more";
    assert_eq!(explanation(two), None);
}

#[test]
fn the_trace_tells_every_step_with_depth_and_counts() {
    let table = Table::new(
        "library.example TXT v=spf1 a include:_spf.notices.example -all
        library.example A 192.0.2.9
        _spf.notices.example TXT v=spf1 ip4:192.0.2.1 -all",
    );
    let verdict = checked(&table, "192.0.2.1", "a@library.example");
    let told: Vec<(u8, u8, String)> = verdict
        .trace
        .iter()
        .map(|step| {
            let what = match &step.event {
                Event::Records { records } => format!("{} record", records.len()),
                Event::Term { term, outcome: TermOutcome::Match, .. } => format!("{term} yes"),
                Event::Term { term, .. } => format!("{term} no"),
                Event::Lookup { name, kind, answer: Answered::Found, .. } => format!("{kind} {name}"),
                Event::End { result, .. } => format!("{} {result}", step.domain),
                other => format!("{other:?}"),
            };
            (step.depth, step.lookups, what)
        })
        .collect();
    let told: Vec<(u8, u8, &str)> =
        told.iter().map(|(depth, lookups, what)| (*depth, *lookups, what.as_str())).collect();
    assert_eq!(
        told,
        [
            (0, 0, "TXT library.example"),
            (0, 0, "1 record"),
            (0, 1, "a no"),
            (0, 1, "A library.example"),
            (0, 2, "include:_spf.notices.example yes"),
            (1, 2, "TXT _spf.notices.example"),
            (1, 2, "1 record"),
            (1, 2, "ip4:192.0.2.1 yes"),
            (1, 2, "_spf.notices.example pass"),
            (0, 2, "library.example pass"),
        ]
    );
}

#[test]
fn the_verdict_lives_as_long_as_the_shortest_answer() {
    let table = Table::new(
        "library.example TXT v=spf1 include:_spf.notices.example -all
        _spf.notices.example TXT v=spf1 ip4:192.0.2.1 -all",
    );
    let table = table.ttl("library.example", 3_600).ttl("_spf.notices.example", 120);
    assert_eq!(checked(&table, "192.0.2.1", "a@library.example").ttl_s, Some(120));
}

#[test]
fn what_is_wrong_is_said_with_the_term_and_the_reason() {
    let cases = [
        ("v=spf1 ipv4:192.0.2.1 -all", "“ipv4:192.0.2.1” is no mechanism or modifier of SPF"),
        ("v=spf1 a:192.0.2.1 -all", "“a:192.0.2.1” has an IP address where a name must stand: use ip4: or ip6:"),
        ("v=spf1 ip4:192.0.2.1/33 -all", "“ip4:192.0.2.1/33” has a prefix length that is not allowed there"),
        ("v=spf1 redirect:library.example", "“redirect:library.example” is a modifier and needs “=” in place of “:”"),
        ("v=spf1 -all.", "“-all.” is no mechanism or modifier of SPF"),
        ("v=spf1 a:%{x}.example", "“a:%{x}.example” has a “%” without a valid macro behind it"),
    ];
    for (record, why) in cases {
        let table = Table::new(&format!("library.example TXT {record}"));
        let problem = checked(&table, "192.0.2.1", "a@library.example").problem.unwrap().to_string();
        assert_eq!(problem, format!("the SPF record of library.example is not valid: {why}"));
    }
}

#[test]
fn two_records_are_a_permanent_error_that_says_how_many() {
    let table =
        Table::new("library.example TXT v=spf1 -all\nlibrary.example TXT V=SPF1 +all\nlibrary.example TXT v=spf10");
    let verdict = checked(&table, "192.0.2.1", "a@library.example");
    assert_eq!(verdict.problem, Some(Problem::SeveralRecords { domain: "library.example".into(), count: 2 }));
}
