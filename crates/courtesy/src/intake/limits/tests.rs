use super::*;
use crate::intake::{Side, Told};
use crate::library::LibraryCode;
use crate::notice::status::Status;
use crate::patron::Patron;

fn event() -> Event {
    Event {
        library: LibraryCode::parse("MRPL").unwrap(),
        request: "BC-1".to_owned(),
        status: Status::Overdue,
        side: Side::Borrowing,
        occurrence: String::new(),
        told: Told {
            patron: Patron { id: Some("21234".to_owned()), full_name: Some("Amira".to_owned()), ..Patron::default() },
            fields: [("title".to_owned(), "The Overstory".to_owned())].into(),
            ..Told::default()
        },
        source: "iso18626",
    }
}

#[test]
fn what_is_as_long_as_people_write_stays_as_it_is() {
    let mut fine = event();
    fine.told.patron.full_name = Some("é".repeat(NAME_LETTERS_MAX));
    fine.told.fields.insert("title".to_owned(), "x".repeat(VALUE_BYTES_MAX));
    let before = fine.clone();
    assert_eq!((too_long(&fine), cut(&mut fine)), (Vec::new(), Vec::new()));
    assert_eq!(fine, before);
}

#[test]
fn what_is_too_long_is_named_by_its_place_and_cut_with_a_mark() {
    let mut long = event();
    long.told.patron.full_name = Some("é".repeat(NAME_LETTERS_MAX + 1));
    long.told.patron.surname = Some("two\nlines".to_owned());
    long.told.fields.insert("title".to_owned(), "é".repeat(VALUE_BYTES_MAX));
    long.told.fields.insert("first_name".to_owned(), "y".repeat(5000));
    let pointers: Vec<String> = too_long(&long).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/patron/surname", "/patron/full_name", "/fields/first_name", "/fields/title"]);
    assert_eq!(cut(&mut long), ["surname", "full_name", "first_name", "title"]);
    let patron = &long.told.patron;
    let name = patron.full_name.as_deref().unwrap();
    assert_eq!((name.chars().count(), name.ends_with('…')), (NAME_LETTERS_MAX, true));
    assert_eq!(patron.surname.as_deref(), Some("two lines"));
    let title = &long.told.fields["title"];
    assert!(title.len() <= VALUE_BYTES_MAX && title.ends_with("é…"), "{}", title.len());
    assert!(too_long(&long).is_empty(), "once is enough");
}

#[test]
fn numbers_that_begin_alike_stay_apart_and_no_number_is_half_of_another() {
    let of = |end: &str| {
        let mut long = event();
        long.request = format!("{}{end}", "9".repeat(300));
        long.told.patron.id = Some("1".repeat(NUMBER_LETTERS_MAX + 1));
        assert_eq!(cut(&mut long), ["request", "ref"]);
        (long.request, long.told.patron.id)
    };
    let (one, patron) = of("a");
    assert!(one.len() <= KEY_OCTETS_MAX && one.starts_with("999"));
    assert_eq!((one.clone(), patron), (of("a").0, None));
    assert_ne!(one, of("b").0);
}
