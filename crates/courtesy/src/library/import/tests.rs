use proptest::prelude::{any, proptest};

use standards::domain::Domain;

use super::{COLUMNS, RowError};
use crate::library::{Claims, Library};
use crate::notice::Language;

/// Reads a file where nobody has claimed anything yet.
fn read_csv(file: &[u8]) -> Result<Vec<Library>, Vec<RowError>> {
    let ours = ["notices.example", "bounces.notices.example"].map(|name| Domain::parse(name).unwrap());
    super::read_csv(file, &Claims::new(ours, &[], &[]))
}

fn errors(file: &str) -> Vec<(u64, String)> {
    let errors: Vec<RowError> = read_csv(file.as_bytes()).unwrap_err();
    assert!(errors.iter().all(|error| !error.detail.is_empty()));
    errors.into_iter().map(|error| (error.line, error.column)).collect()
}

fn wrong(line: u64, column: &str) -> (u64, String) {
    (line, column.to_owned())
}

#[test]
fn a_row_becomes_a_library_with_everything_it_says() {
    let file = "\u{feff}Code, name_en ,name_fr,time_zone,languages,region,from,cc,hide_titles,phone\r\n\
        mrpl,\"Maple Ridge, Public\",Bibliothèque,America/Vancouver,fr;en,ca-west,ill@maple.example,\
        a@maple.example;b@maple.example,oui,604-555-0101\r\n";
    let libraries = read_csv(file.as_bytes()).unwrap();
    assert_eq!(libraries.len(), 1);
    let one = &libraries[0];
    assert_eq!((one.code.as_str(), one.name.en.as_str()), ("MRPL", "Maple Ridge, Public"));
    assert_eq!((one.name.fr.as_deref(), one.time_zone.as_str()), (Some("Bibliothèque"), "America/Vancouver"));
    assert_eq!(one.languages, [Language::Fr, Language::En]);
    assert_eq!((one.region.as_str(), one.cc.len(), one.hide_titles), ("ca-west", 2, true));
    assert_eq!(one.from.as_ref().unwrap().to_string(), "ill@maple.example");
}

#[test]
fn a_digest_is_switched_by_a_word_and_left_as_it_is_without_one() {
    let file = b"code,name_en,digest\nA1,A,yes\nB1,B,non\nC1,C,\n";
    let said: Vec<_> = read_csv(file).unwrap().into_iter().map(|one| one.switches).collect();
    assert_eq!(
        said.iter().map(|one| one.get("patron_digest").copied()).collect::<Vec<_>>(),
        [Some(true), Some(false), None]
    );
    assert_eq!(errors("code,name_en,digest\nA1,A,perhaps\n"), [wrong(2, "digest")]);
}

#[test]
fn what_is_left_out_has_its_default() {
    let one = &read_csv(b"code,name_en\nMRPL,Maple Ridge\n").unwrap()[0];
    assert_eq!((one.time_zone.as_str(), one.region.as_str()), ("UTC", "default"));
    assert_eq!((one.languages.as_slice(), &one.from, one.hide_titles), ([Language::En].as_slice(), &None, false));
}

#[test]
fn every_error_of_every_row_is_told_at_once() {
    let file = "code,name_en,time_zone,from,languages,hide_titles\n\
        GOOD,Good,UTC,,en,\n\
        ,Nameless,UTC,,en,\n\
        BAD1,,Mars/Olympus,no address,tlh,perhaps\n\
        GOOD,Again,UTC,,en,\n";
    assert_eq!(
        errors(file),
        [
            wrong(3, "code"),
            wrong(4, "name_en"),
            wrong(4, "languages"),
            wrong(4, "from"),
            wrong(4, "hide_titles"),
            wrong(4, "time_zone"),
            wrong(4, "languages"),
            wrong(5, "code"),
        ]
    );
}

#[test]
fn a_heading_that_cannot_be_read_is_told_before_any_row() {
    assert_eq!(errors("code,nom,name_en\nA,B,C\n"), [wrong(1, "nom")]);
    assert_eq!(errors("name_en\nA\n"), [wrong(1, "code")]);
    assert_eq!(errors(""), [wrong(1, "code"), wrong(1, "name_en")]);
}

#[test]
fn two_addresses_where_one_belongs_are_an_error() {
    let file = "code,name_en,reply_to\nMRPL,Maple,a@maple.example;b@maple.example\n";
    assert_eq!(errors(file), [wrong(2, "reply_to")]);
}

#[test]
fn letters_that_are_not_utf_8_are_an_error_of_their_row() {
    let errors = read_csv(b"code,name_en\nMRPL,Biblioth\xe8que\n").unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].line, 2);
}

#[test]
fn a_line_break_in_a_name_cannot_become_a_header_field() {
    assert_eq!(errors("code,name_en\nMRPL,\"Maple\r\nBcc: everyone@maple.example\"\n"), [wrong(2, "name_en")]);
}

proptest! {
    #[test]
    fn no_file_however_odd_panics(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_csv(&octets);
        let _ = read_csv(&[COLUMNS.join(",").as_bytes(), b"\n", &octets].concat());
    }
}
