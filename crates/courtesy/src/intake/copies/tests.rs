use super::*;

fn library(change: serde_json::Value) -> Library {
    let mut record = serde_json::json!({
        "code": "MRPL", "name": { "en": "Maple Ridge Public Library" }, "time_zone": "America/Vancouver",
        "languages": ["en"], "region": "default", "cc": ["head@library.example"], "copies": "daily"
    });
    record.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(record).unwrap()
}

fn notice(code: &str, at: &str) -> Uncopied {
    let fields = r#"{"fields":{"title":"The Overstory"}}"#.to_owned();
    Uncopied { at: at.parse().unwrap(), notice: code.to_owned(), request: "BC-104233".to_owned(), fields }
}

fn lines(library: &Library, found: &[Uncopied]) -> Option<Vec<String>> {
    let zone = TimeZone::get(&library.time_zone).unwrap();
    let event = list_of(library, jiff::civil::date(2026, 11, 21), &zone, found)?;
    Some(event.told.fields["notices"].lines().map(str::to_owned).collect())
}

#[test]
fn a_line_says_when_by_the_librarys_clock_what_and_for_which_request() {
    let found = [notice("overdue", "2026-11-21T17:12:00Z"), notice("overdue.borrowing", "2026-11-21T17:13:00Z")];
    let said = lines(&library(serde_json::json!({})), &found).unwrap();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("9:12"), "{said:?}");
    assert!(said[0].ends_with(" · Overdue · BC-104233 · The Overstory"), "{said:?}");
    let french = lines(&library(serde_json::json!({ "languages": ["fr"] })), &found).unwrap();
    assert!(french[0].contains(" · En retard · "), "{french:?}");
}

#[test]
fn hidden_titles_are_in_no_list() {
    let found = [notice("overdue", "2026-11-21T17:12:00Z")];
    let said = lines(&library(serde_json::json!({ "hide_titles": true })), &found).unwrap();
    assert!(said[0].ends_with(" · BC-104233"), "{said:?}");
}

#[test]
fn a_day_without_notices_to_patrons_has_no_list() {
    let record = library(serde_json::json!({}));
    assert_eq!(lines(&record, &[]), None);
    assert_eq!(lines(&record, &[notice("overdue.borrowing", "2026-11-21T17:13:00Z")]), None);
}

#[test]
fn a_long_day_says_how_many_more_there_were() {
    let found = vec![notice("overdue", "2026-11-21T17:12:00Z"); LINES_MAX + 10];
    let said = lines(&library(serde_json::json!({})), &found).unwrap();
    assert_eq!((said.len(), said[LINES_MAX - 1].as_str()), (LINES_MAX, "and 11 more"));
}
