use jiff::civil::date;

use super::{Addressed, pdf};
use crate::notice::Language;
use crate::notice::builtin::tests::{frame, library};
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::field::Field;
use crate::notice::render::render_letter;
use crate::notice::value::Fields;

fn letter(language: Language, to: &[&str], title: &str) -> Addressed {
    let notice = Notice::from_code("ready_for_pickup").unwrap();
    let words = crate::notice::builtin::words(notice, language).unwrap();
    let mut fields = Fields::samples(language);
    fields.set(Field::from_name("title").unwrap(), title).unwrap();
    Addressed {
        to: to.iter().map(|line| (*line).to_owned()).collect(),
        from_name: library().name.get(language).to_owned(),
        from: vec!["22470 Dewdney Trunk Road".to_owned(), "Maple Ridge BC  V2X 5Z6".to_owned()],
        day: date(2026, 12, 4),
        language,
        letter: render_letter(words, &fields, &frame(Audience::Patron, language)).unwrap(),
    }
}

#[test]
fn each_letter_has_pages_of_its_own() {
    let english =
        letter(Language::En, &["Amira Kowalczyk", "12 Maple Lane", "Maple Ridge BC  V2X 0A1"], "The Overstory");
    let long = "Étude sur les aqueducs et les fontaines de la Nouvelle-France ".repeat(8);
    let french = letter(
        Language::Fr,
        &[
            "Marie-Thérèse Charbonneau-Lévesque de la Grande-Rivière-aux-Érables",
            "1450, rue Notre-Dame Est, appartement 2B",
            "Montréal QC  H2L 2R4",
        ],
        &long,
    );
    let other = letter(Language::En, &["אמירה כהן", "1 Example Street"], "مرحبا بالعالم: كتاب 2026 (Hello)");
    let octets = pdf(&[english, french, other], "Maple Ridge Public Library").unwrap();
    assert!(octets.starts_with(b"%PDF-"));
    if let Some(folder) = std::env::var_os("LETTERS_TO") {
        std::fs::write(std::path::Path::new(&folder).join("letters.pdf"), &octets).unwrap();
    }
    assert!(octets.len() < 400 * 1024, "fonts are cut to what is used: {} octets", octets.len());
}

#[test]
fn a_word_without_an_end_is_broken_and_a_letter_without_an_address_is_made() {
    let endless = letter(Language::En, &[], &"w".repeat(3000));
    assert!(pdf(&[endless], "x").is_ok());
}
