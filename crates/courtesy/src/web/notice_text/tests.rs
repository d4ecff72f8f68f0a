use super::{Parts, Spot};
use crate::notice::Language;
use crate::notice::builtin;
use crate::notice::catalogue::NOTICES;
use crate::notice::words::Words;

#[test]
fn every_notice_we_ship_says_the_same_after_it_was_taken_apart_and_put_together() {
    for entry in NOTICES {
        for language in Language::ALL {
            let source = builtin::source(entry.notice, language).unwrap();
            let parts = Parts::of(&source);
            let again = parts.source(entry.notice);
            assert_eq!(Parts::of(&again), parts);
            let typed = Parts::typed([&parts.subject, &parts.push, &parts.sms], &parts.body, parts.rest.clone());
            assert_eq!(typed, parts, "{}", entry.notice);
            assert_eq!(Words::parse(&again, language), Words::parse(&source, language), "{}", entry.notice);
        }
    }
}

#[test]
fn a_line_of_the_source_is_found_in_its_field() {
    let notice = NOTICES[0].notice;
    let parts = Parts { subject: "S".into(), push: "P".into(), sms: "T".into(), body: "one\ntwo".into(), rest: vec![] };
    let lines: Vec<String> = parts.source(notice).lines().map(str::to_owned).collect();
    let at = |text: &str| u32::try_from(lines.iter().position(|line| line == text).unwrap() + 1).unwrap();
    assert_eq!(parts.spot(notice, at("subject: S")), Spot::Subject);
    assert_eq!(parts.spot(notice, at("push: P")), Spot::Push);
    assert_eq!(parts.spot(notice, at("sms: T")), Spot::Sms);
    assert_eq!(parts.spot(notice, at("one")), Spot::Body(1));
    assert_eq!(parts.spot(notice, at("two")), Spot::Body(2));
    assert_eq!(parts.spot(notice, 1), Spot::Subject);
}

#[test]
fn what_browsers_add_to_lines_is_taken_off() {
    let typed = Parts::typed([" a\r\nb ", "", ""], "one\r\n\r\ntwo  \r\n", Vec::new());
    assert_eq!((typed.subject.as_str(), typed.body.as_str()), ("a b", "one\n\ntwo"));
}
