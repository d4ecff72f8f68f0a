//! Rules of Participant Records.

use std::sync::Arc;

use standards::domain::Domain;

use super::*;

fn library(code: &str, from: Option<&str>) -> Library {
    let from = from.map(|from| format!("\"from\": \"{from}\",")).unwrap_or_default();
    serde_json::from_str(&format!(
        "{{\"code\": \"{code}\", {from} \"name\": {{\"en\": \"A library\"}}, \"time_zone\": \"America/Vancouver\", \
         \"languages\": [\"en\"], \"region\": \"default\"}}"
    ))
    .unwrap()
}

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// What is said to `given`, with one library at `city.example` and a domain that `GONE` has delegated.
fn said(given: &Library, by: By) -> Option<String> {
    let libraries = [Arc::new(library("CITY", Some("ill@city.example"))), Arc::new(library("SHARED", None))];
    let delegated = [(name("delegated.example"), LibraryCode::parse("GONE").unwrap())];
    let ours = [name("notices.example"), name("bounces.example")];
    Claims::new(ours, &libraries, &delegated).problems(given, by).into_iter().next().map(|problem| problem.detail)
}

#[test]
fn a_library_cannot_write_as_another() {
    let detail = said(&library("EVIL", Some("ill@city.example")), By::Library).unwrap();
    assert!(detail.contains("another library") && !detail.contains("CITY"), "{detail}");
    assert!(said(&library("EVIL", Some("ILL@City.Example")), By::Library).is_some());
}

#[test]
fn a_domain_that_was_delegated_for_a_library_stays_its_own() {
    assert!(said(&library("EVIL", Some("ill@delegated.example")), By::Library).is_some());
    assert_eq!(said(&library("GONE", Some("ill@delegated.example")), By::Library), None);
}

#[test]
fn the_consortium_may_say_that_two_libraries_are_one_organisation() {
    assert_eq!(said(&library("BRANCH", Some("branch@city.example")), By::Consortium), None);
}

#[test]
fn what_a_library_has_already_it_may_keep() {
    assert_eq!(said(&library("CITY", Some("loans@city.example")), By::Library), None);
    assert_eq!(said(&library("NEW", Some("ill@new.example")), By::Library), None);
    assert_eq!(said(&library("NEW", None), By::Library), None);
}

#[test]
fn nobody_writes_from_the_domains_of_the_service() {
    for from in ["other@notices.example", "x@deep.notices.example", "x@bounces.example"] {
        assert!(said(&library("CITY", Some(from)), By::Consortium).unwrap().contains("domain of this service"));
    }
}

#[test]
fn a_file_is_refused_at_the_row_that_claims_too_much() {
    let claims = Claims::new([name("notices.example"), name("bounces.example")], &[], &[]);
    let file = b"code,name_en,from\nA,Alpha,ill@a.example\nB,Beta,ill@notices.example\nC,Gamma,ill@a.example\n";
    let errors = read_csv(file, &claims).unwrap_err();
    let places: Vec<(u64, &str)> = errors.iter().map(|error| (error.line, error.column.as_str())).collect();
    assert_eq!(places, [(3, "from")]);
}

#[test]
fn a_name_leads_to_one_library_only() {
    let with = |code: &str, symbols: &[&str]| {
        let symbols = symbols.iter().map(|symbol| LibraryCode::parse(symbol).unwrap()).collect();
        Library { symbols, ..library(code, None) }
    };
    let kept = [Arc::new(with("MRPL", &["CA-MRPL"])), Arc::new(with("EVIL", &["CA-EVIL"]))];
    let claims = Claims::new([name("notices.example"), name("bounces.example")], &kept, &[]);
    let fields = |given: &Library, by: By| -> Vec<_> {
        claims.problems(given, by).into_iter().map(|problem| problem.field).collect()
    };
    for by in [By::Consortium, By::Library] {
        assert!(fields(&with("EVIL", &["CA-EVIL", "CA-MRPL"]), by).contains(&"symbols"));
        assert!(fields(&with("EVIL", &["CA-EVIL", "MRPL"]), by).contains(&"symbols"));
        assert_eq!(fields(&with("MRPL", &["CA-MRPL"]), by), [""; 0]);
    }
    assert_eq!(fields(&with("CA-MRPL", &[]), By::Consortium), ["code"]);
    assert_eq!(fields(&with("EVIL", &["CA-EVIL", "FREE"]), By::Consortium), [""; 0]);
}

#[test]
fn what_leads_to_a_library_and_who_sends_for_it_is_the_consortiums_to_say() {
    let kept = [Arc::new(library("CITY", None))];
    let claims = Claims::new([name("notices.example"), name("bounces.example")], &kept, &[]);
    let symbols = vec![LibraryCode::parse("FREE").unwrap()];
    let given = Library { symbols, region: "other".to_owned(), other_regions: true, ..library("CITY", None) };
    let fields: Vec<_> = claims.problems(&given, By::Library).into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["symbols", "region", "other_regions"]);
    assert!(claims.problems(&given, By::Consortium).is_empty());
}

fn quiet(reach: serde_json::Value) -> super::Library {
    serde_json::from_value(serde_json::json!({
        "code": "MRPL", "name": { "en": "Maple Ridge" }, "time_zone": "America/Vancouver", "languages": ["en"],
        "region": "default", "reach": reach, "closures": [{ "from": "2026-12-24", "to": "2026-12-26" }]
    }))
    .unwrap()
}

#[test]
fn text_messages_wait_for_the_morning_of_the_library() {
    let usual = quiet(serde_json::json!({}));
    let when = |library: &super::Library, at: &str| library.not_before(at.parse().unwrap()).to_string();
    // 13:00 in Vancouver.
    assert_eq!(when(&usual, "2026-11-22T21:00:00Z"), "2026-11-22T21:00:00Z");
    // 22:30 on the 21st there, and 03:00 on the 22nd: both wait until nine.
    assert_eq!(when(&usual, "2026-11-22T06:30:00Z"), "2026-11-22T17:00:00Z");
    assert_eq!(when(&usual, "2026-11-22T11:00:00Z"), "2026-11-22T17:00:00Z");
    // The night in which clocks go forward: nine is an hour earlier by UTC.
    assert_eq!(when(&usual, "2026-03-08T07:00:00Z"), "2026-03-08T16:00:00Z");
    let never = quiet(serde_json::json!({ "quiet_from": "00:00", "quiet_to": "00:00" }));
    assert_eq!(when(&never, "2026-11-22T11:00:00Z"), "2026-11-22T11:00:00Z");
}

#[test]
fn closed_days_count_where_the_library_says_so() {
    let closed = quiet(serde_json::json!({ "quiet_when_closed": true }));
    let at: jiff::Timestamp = "2026-12-24T20:00:00Z".parse().unwrap();
    assert_eq!(closed.not_before(at).to_string(), "2026-12-27T17:00:00Z");
    assert_eq!(quiet(serde_json::json!({})).not_before(at), at);
}

#[test]
fn a_record_that_says_nothing_of_ways_is_written_without_them() {
    let usual = quiet(serde_json::json!({}));
    assert!(!serde_json::to_string(&usual).unwrap().contains("reach"));
    let wrong = quiet(serde_json::json!({ "ladder": [], "ladders": { "nonsense": ["mail"] }, "next_after_hours": 99 }));
    let fields: Vec<&str> = wrong.problems().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["reach.ladder", "reach.ladders", "reach.next_after_hours"]);
}

#[test]
fn what_may_wait_goes_out_after_the_hour_of_an_open_day() {
    let library: super::Library = serde_json::from_value(serde_json::json!({
        "code": "MRPL", "name": { "en": "Maple Ridge" }, "time_zone": "America/Vancouver", "languages": ["en"],
        "region": "default", "closures": [{ "from": "2026-12-24", "to": "2026-12-26" }],
        "timing": { "hour": 8 }
    }))
    .unwrap();
    let when = |is_reminder, at: &str| library.gather_at(is_reminder, at.parse().unwrap()).to_string();
    // 07:00 and 08:05 in Vancouver: the same morning; 08:10: the next.
    assert_eq!(when(false, "2026-11-22T15:00:00Z"), "2026-11-22T16:10:00Z");
    assert_eq!(when(false, "2026-11-22T16:05:00Z"), "2026-11-22T16:10:00Z");
    assert_eq!(when(false, "2026-11-22T16:10:00Z"), "2026-11-23T16:10:00Z");
    // On the evening before closed days: when the desk is open again.
    assert_eq!(when(false, "2026-12-23T20:00:00Z"), "2026-12-27T16:10:00Z");
    // Reminders of the hour join what waits for it; late ones wait for each other alone, closed or not.
    assert_eq!(when(true, "2026-11-22T16:00:03Z"), "2026-11-22T16:10:00Z");
    assert_eq!(when(true, "2026-11-22T19:00:00Z"), "2026-11-22T19:10:00Z");
    assert_eq!(when(true, "2026-12-25T19:00:00Z"), "2026-12-25T19:10:00Z");
    // The night in which clocks go forward.
    assert_eq!(when(false, "2026-03-08T07:00:00Z"), "2026-03-08T15:10:00Z");
}
