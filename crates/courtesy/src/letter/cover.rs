//! The first page of a day's letters: a list of all of them, for whoever folds them and takes them to the post.
//!
//! In: whose letters, of which day, to whom and about what; never a title. Out: its pages.

use super::line::{Fonts, Weight, apart};
use super::setter::{Page, Setter};
use super::sheet::{MM, Sheet};
use super::{Batch, Item};
use crate::notice::{Language, dates};

const SIZE: f32 = 9.0;
const LEADING: f32 = 5.2 * MM;

struct CoverWords {
    title: &'static str,
    fold: &'static str,
    columns: [&'static str; 5],
    one: &'static str,
    many: &'static str,
    sheet: &'static str,
    sheets: &'static str,
}

fn words(language: Language) -> CoverWords {
    match language {
        Language::En => CoverWords {
            title: "Letters",
            fold: "Fold each at its marks, the address outside, and mark the day as posted when they are in the post.",
            columns: ["", "To", "Notice", "Request", "Pages"],
            one: "letter",
            many: "letters",
            sheet: "page",
            sheets: "pages",
        },
        Language::Fr => CoverWords {
            title: "Lettres",
            fold: "Pliez chacune aux repères, l’adresse à l’extérieur, et marquez la journée comme postée une fois les lettres à la poste.",
            columns: ["", "Destinataire", "Avis", "Demande", "Pages"],
            one: "lettre",
            many: "lettres",
            sheet: "page",
            sheets: "pages",
        },
    }
}

/// The list; `pages` are those of each letter.
pub(super) fn set(batch: &Batch, pages: &[usize], fonts: &Fonts, sheet: Sheet) -> Vec<Page> {
    let words = words(batch.language);
    let mut setter = Setter::new(fonts, sheet);
    let (left, right) = (sheet.left, sheet.right);
    setter.text(&apart(&batch.library), left, right, 11.0, 6.5 * MM, Weight::Regular);
    let colon = if batch.language == Language::Fr { "\u{a0}:" } else { ":" };
    let title = format!("{}{colon} {}", words.title, dates::day(batch.day, batch.language));
    setter.text(&title, left, right, 16.0, 8.0 * MM, Weight::Bold);
    let (letters, all) = (pages.len(), pages.iter().sum::<usize>());
    let of = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let sums = [of(letters, words.one, words.many), of(all, words.sheet, words.sheets)].join(", ");
    setter.text(&format!("{sums}. {}", words.fold), left, right, SIZE, 4.6 * MM, Weight::Regular);
    setter.gap(3.0 * MM);
    // A number, a name, a notice, a request, pages: in parts of the width.
    let edges = [0.0, 0.06, 0.42, 0.70, 0.92, 1.0].map(|part: f32| left + part * (right - left));
    let row = |setter: &mut Setter<'_>, cells: [&str; 5], weight: Weight| {
        setter.room_for(LEADING);
        for (n, cell) in cells.into_iter().enumerate() {
            setter.cell(&apart(cell), edges[n], edges[n + 1] - 2.0 * MM, SIZE, weight);
        }
        setter.gap(LEADING * 0.35);
        setter.rule(setter.y);
        setter.gap(LEADING * 0.65);
    };
    row(&mut setter, words.columns, Weight::Bold);
    for (n, (Item { name, notice, request }, pages)) in batch.items.iter().zip(pages).enumerate() {
        row(&mut setter, [&(n + 1).to_string(), name, notice, request, &pages.to_string()], Weight::Regular);
    }
    setter.into_pages()
}
