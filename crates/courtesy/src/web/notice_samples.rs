//! Requests that are not real, for previews and tests: the usual one, and those that break a letter's lines.
//!
//! In: a sample's name and a language. Out: its values. The usual ones are the examples of the field table.

use crate::notice::Language;
use crate::notice::catalogue::Notice;
use crate::notice::field::Field;

/// The samples, with the words each is offered with.
pub(super) const SAMPLES: [(&str, &str); 5] = [
    ("usual", "sample-usual"),
    ("long", "sample-long"),
    ("accents", "sample-accents"),
    ("bare", "sample-bare"),
    ("rtl", "sample-rtl"),
];

/// A title as catalogues have them, with its statement of responsibility.
const LONG_TITLE: &str = "The complete account of the voyages, surveys and settlements along the northern inlets, with \
    an appendix on tides, weather and the names of places, compiled from the journals of those who were there, and now \
    first published in full / edited for the Coast Historical Society by a committee of its members";

/// What the sample named `name` says otherwise than the usual one.
fn others(name: &str) -> &'static [(Field, &'static str)] {
    match name {
        "long" => &[
            (Field::Title, LONG_TITLE),
            (Field::Author, "Coast Historical Society. Committee on the Publication of Journals and Correspondence"),
            (Field::FirstName, "Maximiliana-Alexandrina"),
            (Field::PickupLocation, "Interlibrary loan desk, second floor, Haney branch, behind the reading room"),
        ],
        "accents" => &[
            (Field::Title, "Où naît l’été : contes d’Õhtu, de Łódź et de Þingvellir"),
            (Field::Author, "Françoise Çelik-Nuñez et Šárka Dvořáková"),
            (Field::FirstName, "Zoë"),
            (Field::Surname, "Müller-Ångström"),
            (Field::FullName, "Zoë Müller-Ångström"),
        ],
        "rtl" => &[
            (Field::Title, "كتاب البحر: حكايات من الساحل"),
            (Field::Author, "מרים בן־דוד"),
            (Field::FirstName, "ليلى"),
            (Field::Surname, "حدّاد"),
            (Field::FullName, "ليلى حدّاد"),
        ],
        _ => &[],
    }
}

/// The values of the sample `name` for `notice`, by field. A bare one has nothing but what always comes. What the
/// library's own record says is not among them.
pub(super) fn values(name: &str, notice: Notice, language: Language) -> Vec<(Field, String)> {
    let others = others(name);
    let comes = |field: &&Field| {
        let is_of_library = field.name().starts_with("library_");
        !is_of_library && field.comes_with(notice) && (name != "bare" || field.always_comes_with(notice))
    };
    let value = |field: &Field| {
        let other = others.iter().find(|(of, _)| of == field).map(|(_, text)| *text);
        (*field, other.unwrap_or_else(|| field.sample(language)).to_owned())
    };
    Field::ALL.iter().filter(comes).map(value).collect()
}
