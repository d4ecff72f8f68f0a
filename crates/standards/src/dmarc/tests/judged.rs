//! Pass or fail, by the tree walk (RFC 9989) and by the list (RFC 7489), side by side.

use super::{judged, said};

const REJECT: &str = "library.example: v=DMARC1; p=reject";
const STRICT: &str = "library.example: v=DMARC1; p=reject; adkim=s; aspf=s";
const BANK: &str = "bank.example: v=DMARC1; p=reject; psd=y\n giant.bank.example: v=DMARC1; p=quarantine";

#[rustfmt::skip] // One case a line.
/// Section, zone, author, SPF identifier, DKIM identifiers, verdict by the walk, verdict by the list.
const CASES: &[(&str, &str, &str, &str, &str, &str, &str)] = &[
    ("B.1.1 example 1", REJECT, "library.example", "library.example", "", "pass", "pass"),
    ("B.1.1 example 2", REJECT, "library.example", "child.library.example", "", "pass", "pass"),
    ("B.1.1 example 3", REJECT, "child.library.example", "other.example", "", "fail reject", "fail reject"),
    ("B.1.2 example 1", REJECT, "library.example", "", "library.example", "pass", "pass"),
    ("B.1.2 example 2", REJECT, "child.library.example", "", "library.example", "pass", "pass"),
    ("B.1.2 example 3", REJECT, "child.library.example", "", "other.example", "fail reject", "fail reject"),
    ("B.3.1", REJECT, "library.example", "mail.library.example", "library.example", "pass", "pass"),
    ("B.4.1", "library.example: v=DMARC1; p=reject\n signing.library.example: v=DMARC1; p=reject", "library.example", "library.example", "signing.library.example", "pass", "pass"),
    ("B.4.2", "library.example: v=DMARC1; p=reject\n signing.library.example: v=DMARC1; p=reject", "a.b.c.d.e.f.g.h.i.j.k.library.example", "library.example", "signing.library.example", "pass", "pass"),
    // The list knows no bank.example as a suffix: there all of bank.example is one organization.
    ("B.4.3", BANK, "giant.bank.example", "mail.giant.bank.example", "mail.mega.bank.example", "pass", "pass"),
    ("B.4.3 DKIM alone", BANK, "giant.bank.example", "", "mail.mega.bank.example", "fail quarantine", "pass"),
    ("B.4.3 the suffix itself", BANK, "giant.bank.example", "bank.example", "", "fail quarantine", "pass"),
    ("4.4 nothing authenticated", REJECT, "library.example", "", "", "fail reject", "fail reject"),
    ("4.4.1 strict", STRICT, "library.example", "", "mail.library.example", "fail reject", "fail reject"),
    ("4.4.2 strict", STRICT, "library.example", "mail.library.example", "", "fail reject", "fail reject"),
    ("4.4 strict, the same name", STRICT, "library.example", "library.example", "", "pass", "pass"),
    ("4.4.1 strict for DKIM alone", "library.example: v=DMARC1; p=reject; adkim=s", "library.example", "ill.library.example", "ill.library.example", "pass", "pass"),
    ("4.10.1 no record", "", "library.example", "library.example", "library.example", "none", "none"),
    ("4.10.1 no policy", "library.example: v=DMARC1; adkim=s", "library.example", "library.example", "", "none", "none"),
    ("4.10.1 several records", "library.example: v=DMARC1; p=reject\n library.example: v=DMARC1; p=none", "library.example", "", "", "none", "none"),
    // RFC 7489 §6.6.3 step 5 ends the search; RFC 9989 goes on.
    ("4.10 several records below", "a.library.example: v=DMARC1; p=none\n a.library.example: v=DMARC1; p=none\n library.example: v=DMARC1; p=reject", "a.library.example", "", "", "fail reject", "none"),
    // Where the two disagree.
    ("4.10.2 psd=n cuts a subtree off", "ill.library.example: v=DMARC1; p=reject; psd=n\n library.example: v=DMARC1; p=reject", "ill.library.example", "", "library.example", "fail reject", "pass"),
    ("4.10.2 rule 3 no record above", "ill.library.example: v=DMARC1; p=reject", "ill.library.example", "", "library.example", "fail reject", "pass"),
    ("4.10.2 a record on a listed suffix", "github.io: v=DMARC1; p=reject", "a.nosuch.github.io", "", "other.github.io", "pass", "none"),
    ("4.10.1 a middle record", "b.library.example: v=DMARC1; p=none\n library.example: v=DMARC1; p=reject", "a.b.library.example", "", "", "fail reject", "fail reject"),
    ("4.10.1 psd=n in the middle", "b.library.example: v=DMARC1; p=none; psd=n\n library.example: v=DMARC1; p=reject", "a.b.library.example", "", "", "fail none", "fail reject"),
    ("4.10.1 a suffix with a policy", "bc.ca: v=DMARC1; p=reject; psd=y", "nosuchlibrary.bc.ca", "", "", "fail reject", "none"),
    ("4.10.1 aligned below a suffix", "bc.ca: v=DMARC1; p=reject; psd=y", "nosuchlibrary.bc.ca", "ill.nosuchlibrary.bc.ca", "", "pass", "none"),
    ("4.10.2 two registrants", "bc.ca: v=DMARC1; p=reject; psd=y", "nosuchlibrary.bc.ca", "", "another.bc.ca", "fail reject", "none"),
    // RFC 7489 knows neither t nor np.
    ("4.7 t", "library.example: v=DMARC1; p=reject; t=y", "library.example", "", "", "fail quarantine", "fail reject"),
    ("4.7 np", "library.example: v=DMARC1; p=none; np=reject", "made-up.library.example", "", "", "fail reject", "fail none"),
    ("4.7 sp", "library.example: v=DMARC1; p=reject; sp=none", "a.library.example", "", "", "fail none", "fail none"),
    ("A.6 pct", "library.example: v=DMARC1; p=reject; pct=0", "library.example", "", "", "fail reject", "fail reject"),
    // Several signatures: one that is aligned is enough.
    ("4.4.1 several signatures", REJECT, "library.example", "bounce.service.example", "service.example library.example", "pass", "pass"),
    // No answer.
    ("4.10.1 no answer at all", "library.example SERVFAIL", "library.example", "library.example", "", "temperror", "temperror"),
    ("4.10.1 no answer above, same name", "library.example: v=DMARC1; p=reject\n _dmarc.example SERVFAIL", "library.example", "", "library.example", "pass", "pass"),
    ("4.10.1 no answer above, other name", "library.example: v=DMARC1; p=reject\n _dmarc.example SERVFAIL", "library.example", "", "mail.library.example", "temperror", "pass"),
    ("4.10.1 no answer for an identifier", "library.example: v=DMARC1; p=reject\n _dmarc.mail.library.example SERVFAIL", "library.example", "", "mail.library.example", "temperror", "pass"),
    ("4.10.1 another identifier passes", "library.example: v=DMARC1; p=reject\n _dmarc.mail.library.example SERVFAIL", "library.example", "b.library.example", "mail.library.example", "pass", "pass"),
    ("4.10.1 strict needs no walk", "library.example: v=DMARC1; p=reject; adkim=s\n _dmarc.mail.library.example SERVFAIL", "library.example", "", "mail.library.example", "fail reject", "fail reject"),
    ("4.10.1 no answer, unrelated name", "library.example: v=DMARC1; p=reject\n other.test SERVFAIL", "library.example", "", "other.test", "fail reject", "fail reject"),
];

#[tokio::test]
async fn both_kinds_of_receivers_judge() {
    for &(section, lines, author, spf, dkim, by_walk, by_list) in CASES {
        let (_, evaluation) = judged(lines, author, spf, dkim).await;
        let verdicts = (said(&evaluation.by_walk), said(&evaluation.by_list));
        assert_eq!(verdicts, (by_walk.to_owned(), by_list.to_owned()), "RFC 9989 §{section}: {author} in\n{lines}");
        assert_eq!(evaluation.both_agree(), evaluation.by_walk == evaluation.by_list);
        assert_eq!(evaluation.both_pass(), by_walk == "pass" && by_list == "pass");
    }
}

#[tokio::test]
async fn what_is_aligned_is_named_even_where_no_policy_applies() {
    let (_, evaluation) = judged("", "library.example", "ill.library.example", "library.example").await;
    assert_eq!(evaluation.aligned_by_walk.len(), 1, "without records the walk knows each name alone");
    assert_eq!(evaluation.aligned_by_list.len(), 2);
}

#[tokio::test]
async fn an_identifier_nobody_asked_about_is_unknown_and_not_refused() {
    let discovery = super::found(REJECT, "library.example", "").await;
    let authenticated = super::Authenticated { spf: Some(super::name("ill.library.example")), dkim: Vec::new() };
    assert_eq!(said(&super::evaluate(&discovery, &authenticated).by_walk), "temperror");
}
