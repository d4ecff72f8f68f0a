//! Letters on paper: pages that fit a window envelope, as one PDF.
//!
//! In: notices, the patrons' postal addresses, the library's own, a day, the kind of envelope. Out: the octets of a PDF, each letter
//! beginning on a page of its own, after a list of them. Pure. Not here: which letters wait (`store`), and who posts them.

mod cover;
mod line;
mod setter;
mod sheet;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use krilla::Document;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Stroke;
use krilla::surface::Surface;

use crate::library::Envelope;
use crate::notice::Language;
use crate::notice::letter::Letter;
use line::Fonts;
use setter::Page;
use sheet::Sheet;

/// A letter with its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Name and address, a line each.
    pub to: Vec<String>,
    /// The library's name.
    pub from_name: String,
    /// Its postal address, a line each.
    pub from: Vec<String>,
    /// The day that stands on it.
    pub day: Date,
    /// Its language.
    pub language: Language,
    /// What it says.
    pub letter: Letter,
}

/// A letter in the list of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// To whom.
    pub name: String,
    /// The notice's name, as staff know it.
    pub notice: String,
    /// The request's number.
    pub request: String,
}

/// The list on top of a day's letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The library's name.
    pub library: String,
    /// The day.
    pub day: Date,
    /// The language of its staff.
    pub language: Language,
    /// Its letters, in their order.
    pub items: Vec<Item>,
}

/// No PDF could be made.
#[derive(Debug, thiserror::Error)]
#[error("no PDF could be made: {0}")]
pub struct NoPdf(String);

/// How letters are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// On one side of the paper.
    #[default]
    One,
    /// On both: a letter never begins on the back of another.
    Two,
}

/// One PDF with all of `letters`, in their order, after the list of them where there is one.
///
/// # Errors
/// [`NoPdf`], when our fonts cannot be used: a fault of ours.
pub fn pdf(letters: &[Addressed], list: Option<&Batch>, envelope: Envelope, sides: Sides) -> Result<Vec<u8>, NoPdf> {
    let fonts = Fonts::open().ok_or_else(|| NoPdf("the fonts are not fonts".to_owned()))?;
    let sheet = Sheet::of(envelope);
    let settings =
        PageSettings::from_wh(sheet.width, sheet.height).ok_or_else(|| NoPdf("the page has no size".to_owned()))?;
    let pages = set(letters, list, sheet, sides, &fonts);
    let mut document = Document::new();
    let language = list.map_or(Language::En, |list| list.language);
    let title = list.map(|list| list.library.clone()).or_else(|| letters.first().map(|one| one.from_name.clone()));
    document.set_metadata(Metadata::new().title(title.unwrap_or_default()).language(language.tag().to_owned()));
    for page in &pages {
        let mut paper = document.start_page_with(settings.clone());
        let mut surface = paper.surface();
        draw(page, &mut surface, &fonts);
        surface.finish();
        paper.finish();
    }
    document.finish().map_err(|error| NoPdf(format!("{error:?}")))
}

/// All pages, in their order.
fn set(letters: &[Addressed], list: Option<&Batch>, sheet: Sheet, sides: Sides, fonts: &Fonts) -> Vec<Page> {
    let letters: Vec<Vec<Page>> = letters.iter().map(|letter| setter::set(letter, fonts, sheet)).collect();
    let counts: Vec<usize> = letters.iter().map(Vec::len).collect();
    let cover = list.map(|list| cover::set(list, &counts, fonts, sheet));
    let mut all = Vec::new();
    for pages in cover.into_iter().chain(letters) {
        let is_odd = pages.len() % 2 == 1;
        all.extend(pages);
        all.extend((sides == Sides::Two && is_odd).then(Page::default));
    }
    all
}

/// Whether every letter of `texts` can be printed: our fonts have Latin, Greek, Cyrillic, Hebrew and Arabic.
#[must_use]
pub fn is_printable(texts: &[&str]) -> bool {
    Fonts::open().is_some_and(|fonts| texts.iter().all(|text| fonts.have(text)))
}

fn draw(page: &Page, surface: &mut Surface<'_>, fonts: &Fonts) {
    for (x, y, line) in &page.lines {
        line.each(*x, fonts, |x, font, glyphs, text, size| {
            surface.draw_glyphs(Point::from_xy(x, *y), glyphs, font, text, size, false);
        });
    }
    for (from, to, y) in &page.rules {
        let mut path = PathBuilder::new();
        path.move_to(*from, *y);
        path.line_to(*to, *y);
        if let Some(path) = path.finish() {
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke { width: 0.5, ..Stroke::default() }));
            surface.draw_path(&path);
            surface.set_stroke(None);
        }
    }
}
