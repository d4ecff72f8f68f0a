use standards::domain::Domain;

use super::check;
use crate::notice::Language;
use crate::notice::problem::Severity;
use crate::notice::words::Words;

fn remarks(front: &str, body: &str) -> Vec<String> {
    let words = Words::parse(&format!("---\n{front}\n---\n{body}"), Language::En).unwrap();
    let home = [Domain::parse("mapleridge.example").unwrap()];
    let say = |problem: &crate::notice::problem::Problem| {
        let mark = if problem.trouble.severity() == Severity::Error { "error" } else { "warning" };
        format!("{mark} {problem}")
    };
    check(&words, &home).iter().map(say).collect()
}

const PICKUP: &str = "status: ready_for_pickup\nsubject: x";

#[test]
fn a_field_that_never_comes_is_an_error() {
    assert_eq!(
        remarks(PICKUP, "((days_overdue??x))"),
        ["error 5:1: ((days_overdue)) never comes with ready_for_pickup"]
    );
    let lending = "status: returned\naudience: lending\nsubject: x";
    assert_eq!(remarks(lending, "((full_name??x))"), ["error 6:1: ((full_name)) never comes with returned.lending"]);
}

#[test]
fn a_field_that_may_be_missing_wants_a_condition() {
    let found = remarks(PICKUP, "Until ((pickup_by)).");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("warning 5:7: ((pickup_by)) may be missing"), "{found:?}");
    assert_eq!(remarks(PICKUP, "((pickup_by??Until **((pickup_by|date))**.)) ((title))"), Vec::<String>::new());
    assert_eq!(remarks("status: pickup_reminder\nsubject: x", "Until ((pickup_by))."), Vec::<String>::new());
}

#[test]
fn a_filter_must_fit() {
    assert_eq!(remarks(PICKUP, "((title|date))"), ["error 5:1: |date does not go with ((title))"]);
    assert_eq!(
        remarks(PICKUP, "((pickup_by??((pickup_by|time))))"),
        ["error 5:14: |time does not go with ((pickup_by))"]
    );
    assert_eq!(remarks(PICKUP, "((title|upper)) ((url_expires??((url_expires|time))))"), Vec::<String>::new());
}

#[test]
fn links_stay_at_home() {
    assert_eq!(remarks(PICKUP, "[x](https://www.mapleridge.example/a)"), Vec::<String>::new());
    assert_eq!(
        remarks(PICKUP, "[x](https://mapleridge.example.evil.example/)"),
        ["warning 5:5: this link leaves your pages and ours, to mapleridge.example.evil.example"]
    );
    assert_eq!(remarks(PICKUP, "[x](((title)))"), ["error 5:5: ((title)) does not hold a link"]);
    assert!(remarks(PICKUP, "((url??((url))))")[0].contains("so that readers hear words"));
}

#[test]
fn titles_stay_off_lock_screens() {
    let found = remarks("status: ready_for_pickup\nsubject: x\npush: ((title)) is here", "y");
    assert_eq!(
        found,
        ["error 4:7: ((title)) would show on a lock screen; push: and sms: must not say what somebody reads"]
    );
}

#[test]
fn a_subject_is_short() {
    let long = format!("status: ready_for_pickup\nsubject: {}", "word ".repeat(20));
    assert!(remarks(&long, "y")[0].contains("3:10: the subject has 99 letters"));
}
