use jiff::tz::TimeZone;

use super::{Fields, VALUE_BYTES_MAX, clean, url_is_sound};
use crate::notice::Language::{self, En, Fr};
use crate::notice::builtin::tests::library;
use crate::notice::field::{Field, Given, Scope};
use crate::notice::words::Filter;

fn written(field: Field, text: &str, filter: Option<Filter>, language: Language) -> Option<String> {
    let mut fields = Fields::new();
    fields.set(field, text).ok()?;
    let zone = TimeZone::get("America/Vancouver").unwrap();
    fields.write(field, filter, language, &zone).map(|text| text.replace('\u{a0}', " "))
}

#[test]
fn every_sample_fits_its_field() {
    for language in Language::ALL {
        let samples = Fields::samples(language);
        for field in Field::ALL {
            assert!(samples.has(*field), "{field:?}");
        }
    }
}

#[test]
fn a_day_is_the_librarys_day() {
    let day = |text| written(Field::DueDate, text, None, En);
    assert_eq!(day("2026-12-15").as_deref(), Some("15 December 2026"));
    assert_eq!(day("2026-12-15Z").as_deref(), Some("15 December 2026"));
    assert_eq!(day("2026-12-15-08:00").as_deref(), Some("15 December 2026"));
    // A mere day, as many systems write it: not the 14th in Vancouver.
    assert_eq!(day("2026-12-15T00:00:00Z").as_deref(), Some("15 December 2026"));
    assert_eq!(day("2026-12-15T00:00:00.000Z").as_deref(), Some("15 December 2026"));
    // A real moment: five in the afternoon of the 14th.
    assert_eq!(day("2026-12-15T01:00:00Z").as_deref(), Some("14 December 2026"));
    assert_eq!(day("2026-12-15T23:59:59-08:00").as_deref(), Some("15 December 2026"));
    assert_eq!(day("2026-12-15T18:05:00").as_deref(), Some("15 December 2026"));
    for wrong in ["15/12/2026", "2026-13-01", "soon", "2026-12-15 soon", "2026-12-1é"] {
        assert_eq!(day(wrong), None, "{wrong}");
    }
}

#[test]
fn a_moment_is_told_in_the_librarys_zone() {
    let text = "2026-12-07T02:05:00Z";
    assert_eq!(written(Field::UrlExpires, text, None, En).as_deref(), Some("6 December 2026, 6:05 p.m."));
    assert_eq!(written(Field::UrlExpires, text, None, Fr).as_deref(), Some("6 décembre 2026 à 18 h 05"));
    assert_eq!(written(Field::UrlExpires, text, Some(Filter::Time), Fr).as_deref(), Some("18 h 05"));
    assert_eq!(written(Field::UrlExpires, text, Some(Filter::Date), En).as_deref(), Some("6 December 2026"));
}

#[test]
fn amounts_have_the_comma_of_their_language() {
    assert_eq!(written(Field::Cost, "25.00", None, En).as_deref(), Some("25.00"));
    assert_eq!(written(Field::Cost, "25.00", None, Fr).as_deref(), Some("25,00"));
    assert_eq!(written(Field::Cost, "free", None, En), None);
    assert_eq!(written(Field::RenewalsLeft, "2", None, En).as_deref(), Some("2"));
    assert_eq!(written(Field::RenewalsLeft, "two", None, En), None);
}

#[test]
fn only_web_addresses_are_links() {
    for sound in ["https://a.example", "http://127.0.0.1:8080/x?y=1#z", "HTTPS://A.example/%C3%A9"] {
        assert!(url_is_sound(sound), "{sound}");
    }
    for wrong in [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///x",
        "https://user@bank.example/",
        "https://a.example/\"onclick=x",
        "https://a.example/<x>",
        "https://a.example/a b",
        "//a.example",
        "https://a.example/\\x",
        "https://é.example/",
        &format!("https://a.example/{}", "x".repeat(3000)),
    ] {
        assert!(!url_is_sound(wrong), "{wrong}");
    }
}

#[test]
fn a_value_is_one_line_of_what_shows() {
    assert_eq!(clean(" a\r\nb\tc\u{2028}d\u{85}e\u{0}f "), "a b c d ef");
    assert_eq!(clean("a\u{202e}b\u{2066}c\u{200b}d\u{feff}"), "abcd");
    assert_eq!(clean("e\u{301} 👩🏽‍💻 عربي"), "e\u{301} 👩🏽‍💻 عربي");
    let long = clean(&"é".repeat(10_000));
    assert!(long.len() <= VALUE_BYTES_MAX && long.ends_with('…'));
}

#[test]
fn words_from_elsewhere_carry_no_link() {
    let said = written(Field::Note, "see https://evil.example or www.evil.example", None, En).unwrap();
    assert!(!said.contains("://") && !said.contains("www."));
}

#[test]
fn an_unfit_value_counts_as_missing() {
    let mut fields = Fields::new();
    fields.set(Field::DueDate, "2026-12-15").unwrap();
    assert_eq!(fields.set(Field::DueDate, "soon").unwrap_err().to_string(), "due_date is not a day such as 2026-11-30");
    assert!(!fields.has(Field::DueDate));
    fields.set(Field::Note, " \r\n\u{200b} ").unwrap();
    assert!(!fields.has(Field::Note));
}

#[test]
fn pairs_come_under_any_name() {
    let pairs = [("patron.first_name", "Amira"), ("item.title", "T"), ("loan_due_date", "soon"), ("zodiac", "x")];
    let (fields, unknown, unfit) = Fields::from_pairs(pairs);
    assert!(fields.has(Field::FirstName) && fields.has(Field::Title));
    assert_eq!(unknown, ["zodiac"]);
    assert_eq!(unfit[0].field, Field::DueDate);
}

#[test]
fn the_librarys_record_fills_what_every_notice_carries() {
    let given = library().fields(Fr);
    let (fields, unknown, unfit) =
        Fields::from_pairs(given.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    assert!(unknown.is_empty() && unfit.is_empty());
    for field in Field::ALL.iter().filter(|f| f.row().scope == Scope::All && f.row().given == Given::Always) {
        assert!(fields.has(*field), "{field:?}");
    }
    let name = fields.write(Field::LibraryName, None, Fr, &TimeZone::UTC);
    assert_eq!(name.as_deref(), Some("Bibliothèque publique de Maple Ridge"));
    assert!(fields.url(Field::LibraryUrl).is_some() && !fields.has(Field::LibraryAddress));
}
