use std::path::Path;

use jiff::civil::date;

use super::line::Fonts;
use super::sheet::Sheet;
use super::{Addressed, Batch, Item, Sides, is_printable, pdf, set};
use crate::library::Envelope;
use crate::notice::Language;
use crate::notice::builtin::tests::{frame, library};
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::field::Field;
use crate::notice::letter::Part;
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
        from: vec!["22470 Example Trunk Road".to_owned(), "Maple Ridge BC  V2X 0A0".to_owned()],
        day: date(2026, 12, 4),
        language,
        letter: render_letter(words, &fields, &frame(Audience::Patron, language)).unwrap(),
    }
}

fn english() -> Addressed {
    letter(Language::En, &["Amira Kowalczyk", "12 Maple Lane", "Maple Ridge BC  V2X 0A1"], "The Overstory")
}

fn french() -> Addressed {
    let title = "L’été où tout a fondu\u{a0}: « récits » d’œuvres, d’îles et de forêts";
    let to = ["Éloïse Lacroix-Bélanger", "1450, rue de l’Exemple Est, app. 2B", "Montréal QC  H2L 0A0"];
    letter(Language::Fr, &to, title)
}

fn long_names() -> Addressed {
    let to = [
        "Marie-Thérèse Charbonneau-Lévesque de la Grande-Rivière-aux-Érables-et-du-Bas-Saint-Laurent",
        "c/o Centre communautaire intergénérationnel de Notre-Dame-du-Sacré-Cœur-d’Issoudun",
        "Résidence Les Trois-Pistoles-de-la-Rive, bâtiment B",
        "1450, chemin de l’Exemple-de-la-Montagne Est, appartement 2B",
        "Saint-Louis-du-Ha! Ha! QC  G0L 0A0",
        "Canada",
    ];
    let title = "Étude sur les aqueducs et les fontaines de la Nouvelle-France, avec leurs plans ".repeat(12);
    letter(Language::Fr, &to, &title)
}

fn right_to_left() -> Addressed {
    let to = ["אמירה בת־אל כהן־לוי", "12 Maple Lane", "Maple Ridge BC  V2X 0A1"];
    let title = "ألف ليلة وليلة (طبعة 2026, vol. 3): القصص الكاملة لشهرزاد كما رواها القدماء في بغداد والقاهرة ودمشق";
    letter(Language::En, &to, title)
}

fn batch(letters: &[Addressed]) -> Batch {
    let item = |letter: &Addressed| Item {
        name: letter.to.first().cloned().unwrap_or_default(),
        notice: "Ready for pickup".to_owned(),
        request: "BC-2026-000123".to_owned(),
    };
    Batch {
        library: "Maple Ridge Public Library".to_owned(),
        day: date(2026, 12, 4),
        language: Language::En,
        items: letters.iter().map(item).collect(),
    }
}

/// The PDF, kept under `name`, and how many pages it has.
fn made(name: &str, letters: &[Addressed], list: Option<&Batch>, envelope: Envelope, sides: Sides) -> (Vec<u8>, usize) {
    let octets = pdf(letters, list, envelope, sides).unwrap();
    assert!(octets.starts_with(b"%PDF-"));
    if let Some(folder) = std::env::var_os("LETTERS_TO") {
        std::fs::write(Path::new(&folder).join(name), &octets).unwrap();
    }
    (octets, set(letters, list, Sheet::of(envelope), sides, &Fonts::open().unwrap()).len())
}

#[test]
fn a_days_letters_are_one_file_with_a_list_on_top() {
    let mut letters = vec![english(), french(), long_names(), right_to_left()];
    for n in 0..26 {
        letters.push(letter(Language::En, &[&format!("Patron {n}"), "1 Example Street", "Maple Ridge BC"], "Dune"));
    }
    let list = batch(&letters);
    let (octets, pages) = made("day.pdf", &letters, Some(&list), Envelope::No10, Sides::One);
    assert_eq!(pages, 1 + 30 + 1, "a list, thirty letters, one of them on two pages");
    assert!(octets.len() < 500 * 1024, "fonts are cut to what is used: {} octets", octets.len());
    let (_, both) = made("both.pdf", &letters, Some(&list), Envelope::No10, Sides::Two);
    assert_eq!(both, 2 * 31, "no letter begins on the back of another");
}

#[test]
fn every_kind_of_envelope_has_its_paper() {
    for envelope in Envelope::ALL {
        let (_, pages) = made(&format!("{}.pdf", envelope.code()), &[french()], None, envelope, Sides::One);
        assert_eq!(pages, 1);
    }
}

#[test]
fn a_long_letter_goes_on_over_many_pages() {
    let mut long = english();
    let story = "What the staff wrote about this request goes on for a while. ".repeat(12);
    long.letter.parts.extend((0..40).map(|_| Part::Paragraph(vec![story.clone()])));
    let (_, pages) = made("long.pdf", &[long], None, Envelope::Din5008B, Sides::One);
    assert!(pages > 5, "{pages}");
}

#[test]
fn a_word_without_an_end_is_broken_and_a_letter_without_an_address_is_made() {
    let endless = letter(Language::En, &[], &"w".repeat(3000));
    assert!(pdf(&[endless], None, Envelope::No10, Sides::One).is_ok());
}

#[test]
fn what_no_post_office_could_read_is_found_before_it_is_printed() {
    assert!(is_printable(&["Éloïse Œuvré", "ул. Примерная 1", "אמירה", "أميرة"]));
    assert!(!is_printable(&["王小明"]));
}

#[test]
fn a_name_without_an_end_is_cut_short() {
    let name = "Amira Kowalczyk ".repeat(12_500);
    let list = Batch {
        items: vec![Item { name, notice: "Ready".to_owned(), request: "w".repeat(200_000) }],
        ..batch(&[english()])
    };
    let file = pdf(&[english()], Some(&list), Envelope::No10, Sides::One).unwrap();
    let usual = pdf(&[english()], Some(&batch(&[english()])), Envelope::No10, Sides::One).unwrap();
    assert!(file.len() < usual.len() * 2, "{} and {}", file.len(), usual.len());
}
