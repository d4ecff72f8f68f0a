use std::collections::BTreeMap;

use super::{Field, Kind};
use crate::notice::catalogue::{NOTICES, Notice};
use crate::notice::suggest::plain;

fn notice(code: &str) -> Notice {
    Notice::from_code(code).unwrap()
}

#[test]
fn no_name_means_two_fields() {
    let mut seen = BTreeMap::new();
    for field in Field::ALL {
        let names = std::iter::once(field.name()).chain(field.row().aliases.iter().copied());
        for name in names.map(plain) {
            let before = seen.insert(name.clone(), *field);
            assert!(before.is_none_or(|other| other == *field), "{name}: {before:?} and {field:?}");
        }
    }
}

#[test]
fn a_dotted_name_is_the_flat_one() {
    assert_eq!(Field::from_any_name("patron.first_name"), Some(Field::FirstName));
    assert_eq!(Field::from_any_name("item.title"), Some(Field::Title));
    assert_eq!(Field::from_any_name("partner.library_name"), Some(Field::PartnerName));
    assert_eq!(Field::from_any_name("library.name"), Some(Field::LibraryName));
    assert_eq!(Field::from_any_name("request.number"), Some(Field::RequestNumber));
    assert_eq!(Field::from_any_name("loan.colour"), None);
}

#[test]
fn a_mistyped_name_has_a_neighbour() {
    assert_eq!(Field::nearest("due_dat"), Some(Field::DueDate));
    assert_eq!(Field::nearest("given_name"), Some(Field::FirstName));
    assert_eq!(Field::nearest("horoscope"), None);
}

#[test]
fn a_lender_never_learns_who_reads() {
    for entry in NOTICES.iter().filter(|entry| entry.notice.code().ends_with(".lending")) {
        for field in [Field::FirstName, Field::Surname, Field::FullName, Field::PatronId] {
            assert!(!field.comes_with(entry.notice), "{field:?} in {}", entry.notice);
        }
    }
    assert!(Field::FirstName.comes_with(notice("overdue.borrowing")));
}

#[test]
fn what_somebody_reads_is_sensitive() {
    for name in ["title", "author", "component_title", "isbn", "call_number", "pages"] {
        assert!(Field::from_name(name).unwrap().is_sensitive(), "{name}");
    }
    assert!(!Field::DueDate.is_sensitive());
}

#[test]
fn a_field_comes_where_it_makes_sense() {
    assert!(Field::DaysOverdue.comes_with(notice("overdue")));
    assert!(!Field::DaysOverdue.comes_with(notice("ready_for_pickup")));
    assert!(Field::DueDate.always_comes_with(notice("due_soon")));
    assert!(!Field::DueDate.always_comes_with(notice("overdue")));
    assert!(!Field::Title.comes_with(notice("ops_queue_stuck")));
    assert_eq!(Field::Url.kind(), Kind::Url);
}

#[test]
fn a_picker_shows_what_a_notice_carries() {
    let names: Vec<&str> = notice("ops_queue_stuck").fields().map(Field::name).collect();
    assert!(names.contains(&"count") && names.contains(&"library_name"), "{names:?}");
    assert!(!names.contains(&"title") && !names.contains(&"first_name"), "{names:?}");
}
