//! RFC 9989 §4.10: which names are asked, what is the organization, which record applies.

use super::super::{Finding, Policy, Tag, organization_by_list};
use super::{found, name};

fn asked(discovery: &super::Discovery) -> Vec<&str> {
    discovery.asked.iter().filter(|asked| asked.kind == "TXT").map(|asked| asked.name.as_str()).collect()
}

#[tokio::test]
async fn a_walk_asks_each_name_up_to_the_top() {
    let discovery = found("", "a.mail.library.example", "").await;
    assert_eq!(
        asked(&discovery),
        ["_dmarc.a.mail.library.example", "_dmarc.mail.library.example", "_dmarc.library.example", "_dmarc.example"]
    );
}

#[tokio::test]
async fn a_long_name_is_asked_eight_times_only() {
    // RFC 9989 §4.10, the illustration after step 7, and Appendix B.4.2.
    let discovery = found("", "a.b.c.d.e.f.g.h.i.j.mail.library.example", "").await;
    let expected = [
        "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.library.example",
        "_dmarc.g.h.i.j.mail.library.example",
        "_dmarc.h.i.j.mail.library.example",
        "_dmarc.i.j.mail.library.example",
        "_dmarc.j.mail.library.example",
        "_dmarc.mail.library.example",
        "_dmarc.library.example",
        "_dmarc.example",
    ];
    assert_eq!(asked(&discovery), expected);
}

#[tokio::test]
async fn eight_labels_lose_one_and_nine_lose_two() {
    // RFC 9989 §4.10 step 4.
    for (author, second) in [
        ("a.b.c.d.e.f.library.example", "_dmarc.b.c.d.e.f.library.example"),
        ("x.a.b.c.d.e.f.library.example", "_dmarc.b.c.d.e.f.library.example"),
        ("b.c.d.e.f.library.example", "_dmarc.c.d.e.f.library.example"),
    ] {
        let discovery = found("", author, "").await;
        assert_eq!(asked(&discovery)[1], second, "{author}");
        assert!(asked(&discovery).len() <= 8);
    }
}

#[tokio::test]
async fn a_name_is_asked_once_whoever_needs_it() {
    // RFC 9989 Appendix B.4.1.
    let lines = "library.example: v=DMARC1; p=reject\n signing.library.example: v=DMARC1; p=reject";
    let discovery = found(lines, "library.example", "library.example signing.library.example").await;
    assert_eq!(asked(&discovery), ["_dmarc.library.example", "_dmarc.example", "_dmarc.signing.library.example"]);
}

#[tokio::test]
async fn names_outside_the_organization_are_not_asked_about() {
    let lines = "library.example: v=DMARC1; p=reject";
    let discovery = found(lines, "library.example", "bounces.service.example other.test").await;
    assert_eq!(asked(&discovery), ["_dmarc.library.example", "_dmarc.example"]);
}

#[tokio::test]
async fn a_flood_of_signatures_is_not_walked() {
    let signers: Vec<String> = (0..20).map(|number| format!("s{number}.library.example")).collect();
    let discovery = found("library.example: v=DMARC1; p=reject", "library.example", &signers.join(" ")).await;
    assert_eq!(asked(&discovery).len(), 2 + 10);
    assert_eq!(discovery.by_walk.identifiers[&name("s10.library.example")], Some(name("s10.library.example")));
}

#[tokio::test]
async fn psd_ends_a_walk() {
    for psd in ["y", "n"] {
        let discovery = found(&format!("library.example: v=DMARC1; p=none; psd={psd}"), "a.library.example", "").await;
        assert_eq!(asked(&discovery), ["_dmarc.a.library.example", "_dmarc.library.example"], "psd={psd}");
    }
    let discovery = found("library.example: v=DMARC1; p=none; psd=u", "library.example", "").await;
    assert_eq!(asked(&discovery).len(), 2, "psd=u is no end");
}

/// The organization by the walk, and where the record that applies stands.
async fn outcome(lines: &str, author: &str) -> (String, String, Option<Policy>) {
    let view = found(lines, author, "").await.by_walk;
    let organization = view.organization.map_or_else(|| "?".to_owned(), |name| name.to_string());
    let (at, policy) = match view.finding {
        Finding::Applies(applied) => (applied.at.to_string(), Some(applied.policy)),
        Finding::Absent => ("absent".to_owned(), None),
        Finding::Unusable(_) => ("unusable".to_owned(), None),
        Finding::Unknown(_) => ("unknown".to_owned(), None),
    };
    (organization, at, policy)
}

use Policy::{None as Nothing, Quarantine, Reject};

/// Section, zone, author, its organization, where the record that applies stands, its policy.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str, Option<Policy>);

#[rustfmt::skip] // One case a line.
const CASES: &[Case] = &[
    // Without any record the name itself is the organization.
    ("4.10.2", "", "library.example", "library.example", "absent", None),
    ("4.10.2 rule 3", "library.example: v=DMARC1; p=reject", "library.example", "library.example", "library.example", Some(Reject)),
    // The examples at the end of §4.10.2.
    ("4.10.2 example 1", "mail.library.example: v=DMARC1; p=none\n library.example: v=DMARC1; p=reject", "a.mail.library.example", "library.example", "library.example", Some(Reject)),
    ("4.10.2 example 2", "mail.library.example: v=DMARC1; p=none; psd=n\n library.example: v=DMARC1; p=reject", "a.mail.library.example", "mail.library.example", "mail.library.example", Some(Nothing)),
    ("4.10.2 example 3", "example: v=DMARC1; p=reject; psd=y", "a.mail.library.example", "library.example", "example", Some(Reject)),
    // The author's own record applies, whoever the organization is.
    ("4.10.1", "a.library.example: v=DMARC1; p=quarantine\n library.example: v=DMARC1; p=reject", "a.library.example", "library.example", "a.library.example", Some(Quarantine)),
    ("4.10.2 rule 1", "a.library.example: v=DMARC1; p=quarantine; psd=n\n library.example: v=DMARC1; p=reject", "a.library.example", "a.library.example", "a.library.example", Some(Quarantine)),
    ("4.10.2 rule 3", "a.library.example: v=DMARC1; p=quarantine", "a.library.example", "a.library.example", "a.library.example", Some(Quarantine)),
    // Several records at one name are all discarded, there and above, psd= included.
    ("4.10 step 2", "library.example: v=DMARC1; p=reject\n library.example: v=DMARC1; p=none", "library.example", "library.example", "absent", None),
    ("4.10 step 2", "a.library.example: v=DMARC1; p=reject\n a.library.example: v=DMARC1; p=none\n library.example: v=DMARC1; p=none; sp=quarantine", "a.library.example", "library.example", "library.example", Some(Quarantine)),
    ("4.10 step 6", "b.library.example: v=DMARC1; p=reject; psd=n\n b.library.example: v=DMARC1; p=none\n library.example: v=DMARC1; p=quarantine", "a.b.library.example", "library.example", "library.example", Some(Quarantine)),
    // Other texts at the name do not disturb.
    ("4.10 step 2", "_dmarc.library.example TXT \"something else\"\n library.example: v=DMARC1; p=reject", "library.example", "library.example", "library.example", Some(Reject)),
    ("4.7 v", "library.example: v=dmarc1; p=reject", "library.example", "library.example", "absent", None),
    // Public suffix domains.
    ("B.4.3", "bank.example: v=DMARC1; p=reject; psd=y\n giant.bank.example: v=DMARC1; p=quarantine", "giant.bank.example", "giant.bank.example", "giant.bank.example", Some(Quarantine)),
    ("B.4.3", "bank.example: v=DMARC1; p=reject; psd=y\n giant.bank.example: v=DMARC1; p=quarantine", "mail.giant.bank.example", "giant.bank.example", "giant.bank.example", Some(Quarantine)),
    ("B.4.3", "bank.example: v=DMARC1; p=reject; psd=y\n giant.bank.example: v=DMARC1; p=quarantine", "mail.mega.bank.example", "mega.bank.example", "bank.example", Some(Reject)),
    ("4.10.1", "bank.example: v=DMARC1; p=reject; sp=quarantine; psd=y", "mail.giant.bank.example", "giant.bank.example", "bank.example", Some(Quarantine)),
    ("4.10.1 note", "bank.example: v=DMARC1; p=reject; psd=y\n giant.bank.example: v=DMARC1; p=none", "a.giant.bank.example", "giant.bank.example", "giant.bank.example", Some(Nothing)),
    ("4.10.2 rule 2", "bank.example: v=DMARC1; p=reject; sp=none; psd=y", "bank.example", "bank.example", "bank.example", Some(Reject)),
    // A record without a policy ends the search (§4.10.1), and one with reports only is p=none.
    ("4.10.1", "a.library.example: v=DMARC1; adkim=s\n library.example: v=DMARC1; p=reject", "a.library.example", "library.example", "unusable", None),
    ("4.10.1", "library.example: v=DMARC1; rua=mailto:d@library.example", "library.example", "library.example", "library.example", Some(Nothing)),
    // Test mode takes one step off.
    ("4.7 t", "library.example: v=DMARC1; p=reject; t=y", "library.example", "library.example", "library.example", Some(Quarantine)),
    ("4.7 t", "library.example: v=DMARC1; p=quarantine; t=y", "library.example", "library.example", "library.example", Some(Nothing)),
    ("4.7 t", "library.example: v=DMARC1; p=none; t=y", "library.example", "library.example", "library.example", Some(Nothing)),
    ("B.2.5", "test.library.example: v=DMARC1; p=quarantine; rua=mailto:d@library.example; t=y", "test.library.example", "test.library.example", "test.library.example", Some(Nothing)),
    // Names that do not exist.
    ("4.7 np", "library.example: v=DMARC1; p=reject; sp=none; np=quarantine", "made-up.library.example", "library.example", "library.example", Some(Quarantine)),
    ("4.7 np", "library.example: v=DMARC1; p=reject; sp=none; np=quarantine\n real.library.example A 192.0.2.1", "real.library.example", "library.example", "library.example", Some(Nothing)),
    ("3.2.13", "library.example: v=DMARC1; p=reject; sp=none; np=quarantine\n real.library.example MX 0 .", "real.library.example", "library.example", "library.example", Some(Nothing)),
    ("3.2.13, RFC 8020", "library.example: v=DMARC1; p=none; np=reject\n x.real.library.example A 192.0.2.1", "real.library.example", "library.example", "library.example", Some(Nothing)),
    ("4.7 np", "library.example: v=DMARC1; p=reject; np=none", "library.example", "library.example", "library.example", Some(Reject)),
    ("4.7 np", "gov.example: v=DMARC1; p=reject; sp=none; np=reject; psd=y", "fake.gov.example", "fake.gov.example", "gov.example", Some(Reject)),
    // No answer is never "no record".
    ("4.10.1", "_dmarc.library.example SERVFAIL", "library.example", "?", "unknown", None),
    ("4.10.1", "_dmarc.library.example SERVFAIL", "a.library.example", "?", "unknown", None),
    ("4.10.1", "library.example: v=DMARC1; p=reject\n _dmarc.example SERVFAIL", "library.example", "?", "library.example", Some(Reject)),
    ("4.10.1", "library.example: v=DMARC1; p=none; np=reject\n a.library.example SERVFAIL", "a.library.example", "?", "unknown", None),
];

#[tokio::test]
async fn organizations_and_policies_by_the_walk() {
    for &(section, lines, author, organization, at, policy) in CASES {
        let expected = (organization.to_owned(), at.to_owned(), policy);
        assert_eq!(outcome(lines, author).await, expected, "RFC 9989 §{section}: {author} in\n{lines}");
    }
}

#[tokio::test]
async fn existence_is_asked_only_where_np_could_matter() {
    let with = found("library.example: v=DMARC1; p=none; np=reject", "a.library.example", "").await;
    assert_eq!(with.asked.iter().filter(|asked| asked.kind == "A").count(), 1);
    for (lines, author) in [("p=none; sp=reject", "a.library.example"), ("p=none; np=reject", "library.example")] {
        let without = found(&format!("library.example: v=DMARC1; {lines}"), author, "").await;
        assert!(without.asked.iter().all(|asked| asked.kind == "TXT"), "{lines}");
    }
}

#[tokio::test]
async fn the_tag_that_decided_is_named_with_what_was_published() {
    let view = found("library.example: v=DMARC1; p=none; sp=reject; t=y", "a.library.example", "").await.by_walk;
    let Finding::Applies(applied) = view.finding else { panic!("{view:?}") };
    assert_eq!((applied.tag, applied.published, applied.policy), (Tag::Sp, Policy::Reject, Policy::Quarantine));
}

#[tokio::test]
async fn the_shortest_ttl_is_that_of_the_whole_and_trouble_has_none() {
    let lines = "_dmarc.library.example 300 TXT \"v=DMARC1; p=none\"";
    assert_eq!(found(lines, "library.example", "").await.ttl_s, 300);
    assert_eq!(found("_dmarc.library.example SERVFAIL", "library.example", "").await.ttl_s, 0);
}

#[tokio::test]
async fn a_name_too_long_for_a_label_before_it_has_no_record() {
    let long =
        format!("{}.library.example", ["a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(50)].join("."));
    let discovery = found("library.example: v=DMARC1; p=reject", &long, "").await;
    assert!(matches!(discovery.by_walk.finding, Finding::Applies(_)));
}

#[test]
fn the_list_gives_one_label_below_the_longest_suffix() {
    // Real suffixes: only they are on the list. RFC 7489 §3.2.
    for (domain, organization) in [
        ("library.example", "library.example"),
        ("ill.library.example", "library.example"),
        ("ill.nosuchlibrary.bc.ca", "nosuchlibrary.bc.ca"),
        ("ill.nosuchlibrary.co.uk", "nosuchlibrary.co.uk"),
        ("nosuchlibrary.github.io", "nosuchlibrary.github.io"),
        ("a.nosuchlibrary.github.io", "nosuchlibrary.github.io"),
        ("bc.ca", "bc.ca"),
        ("example", "example"),
    ] {
        assert_eq!(organization_by_list(&name(domain)), name(organization), "{domain}");
    }
}

proptest::proptest! {
    #[test]
    fn no_name_is_asked_more_than_eight_times_up(labels in proptest::collection::vec("[a-z0-9]{1,8}", 1..27)) {
        let author = name(&labels.join("."));
        let table = super::zone("");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let discovery = runtime.block_on(super::super::discover(&table, &author));
        // The list may ask for one name that the walk jumps over.
        proptest::prop_assert!(discovery.asked.len() <= super::super::QUERIES_MAX + 1);
        proptest::prop_assert_eq!(discovery.by_walk.organization, Some(author));
    }
}
